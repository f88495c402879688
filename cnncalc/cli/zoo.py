"""`cnncalc zoo`: the bundled networks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.options import (
    OUT,
    ROWS,
    FormatOption,
    MaxMacs,
    MaxParams,
    OutputFile,
    after_comma,
    complete_file,
    words,
)
from cnncalc.errors import Diagnostic
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.questions.catalogue import CatalogueEntry, CatalogueFilter
    from cnncalc.render.page import Page

PICKED = "Which networks"


def complete_family(incomplete: str) -> Iterator[str]:
    """Complete families, which are the bundled files."""
    from cnncalc import zoo as box

    return (name for name in box.files() if name.startswith(incomplete))


def complete_column(incomplete: str) -> Iterator[str]:
    """Complete columns of the list, also after a comma."""
    from cnncalc.render.catalogue import COLUMNS

    return after_comma(COLUMNS, incomplete)


# fmt: off
Name = Annotated[
    str | None,
    typer.Argument(metavar="[NAME]", help="Bundled network whose spec to print.",
                   autocompletion=complete_file, show_default=False),
]
Copy = Annotated[Path | None, typer.Option(metavar="PATH", help="Write the spec to a new file.")]
Family = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Only networks of this family.",
                 autocompletion=complete_family, rich_help_panel=PICKED),
]
Match = Annotated[
    str | None,
    typer.Option(metavar="PATTERN", help="Only names that match, such as 'resnet*'.",
                 rich_help_panel=PICKED),
]
Years = Annotated[
    str | None,
    typer.Option("--year", metavar="YEARS", help="Only these years: 2015, 2015..2019, 2020.. .",
                 rich_help_panel=PICKED),
]
Sort = Annotated[
    Literal["name", "year", "params", "macs", "rf"] | None,
    typer.Option(help="Sort by name, or by a figure, largest first.", rich_help_panel=ROWS),
]
Reverse = Annotated[
    bool, typer.Option("--reverse", help="Reverse the order.", rich_help_panel=ROWS)
]
Columns = Annotated[
    str | None,
    typer.Option(metavar="A,B,C", help="Columns to show; 'help' lists all.",
                 autocompletion=complete_column, rich_help_panel=OUT),
]
# fmt: on


def zoo(
    name: Name = None,
    copy: Copy = None,
    family: Family = None,
    match: Match = None,
    max_params: MaxParams = None,
    max_macs: MaxMacs = None,
    year: Years = None,
    sort: Sort = None,
    reverse: Reverse = False,
    columns: Columns = None,
    format_: FormatOption = "table",
    out: OutputFile = None,
) -> None:
    """List the bundled networks, or print the spec of one.

    Examples:
        cnncalc zoo --family resnet
        cnncalc zoo --max-params 5M --max-macs 600M --sort macs --reverse
        cnncalc zoo lenet5
        cnncalc zoo resnet --copy my_resnet.yaml
    """
    if name or copy:
        _spec(name, copy, out)
        return
    from cnncalc.questions.catalogue import CatalogueFilter
    from cnncalc.render import catalogue as render

    if columns == "help":
        output.emit([render.help_text()])
        return
    limits = tuple(limit for limit in (max_params, max_macs) if limit is not None)
    wish = CatalogueFilter(_known_family(family), match, limits, _span(year))
    shown = render.chosen(words(columns))
    entries = _entries(wish, sort, reverse=reverse)
    text = _text(entries, shown, format_, output.page(out), asked=bool(columns))
    output.emit([text], out)


def _spec(name: str | None, copy: Path | None, out: str | None) -> None:
    from cnncalc import zoo as box
    from cnncalc.files import create_all

    if name is None:
        raise typer.BadParameter("name the network to copy", param_hint="NAME")
    path = box.bundled(name)
    if copy:
        target = copy / path.name if copy.is_dir() else copy
        beside = {target.with_name(file.name): file.read_bytes() for file in _beside(path)}
        create_all({target: path.read_bytes(), **beside})
    else:
        output.emit([path.read_text(encoding="utf-8")], out, whole=True)


def _beside(path: Path) -> Iterator[Path]:
    """The files beside a bundled spec: the weights of its `init`, and its samples."""
    from cnncalc.spec.document import read_document
    from cnncalc.spec.sections.init import read_init

    init = read_init(read_document(path.read_text(encoding="utf-8"), path.name).tree.at("init"))
    if init.weights is not None:
        yield path.with_name(init.weights)
    yield from sorted(path.parent.glob(f"{path.stem}_[0-9]*.pgm"))


def _known_family(family: str | None) -> str | None:
    """The name of a bundled file. Raises ChoiceError for any other word."""
    from cnncalc import zoo as box
    from cnncalc.render.choice import ChoiceError

    if family is not None and family not in box.files():
        raise ChoiceError("family", family, box.files())
    return family


def _span(years: str | None) -> tuple[int, int] | None:
    from cnncalc.errors import UnplacedError
    from cnncalc.questions.catalogue import parse_years

    try:
        return None if years is None else parse_years(years)
    except UnplacedError as problem:
        message = f"{problem.message}; {problem.help}"
        raise typer.BadParameter(message, param_hint="--year") from None


def _entries(wish: CatalogueFilter, sort: str | None, *, reverse: bool) -> list[CatalogueEntry]:
    """The networks to list, in order; a note if there are none."""
    from cnncalc.questions import catalogue

    entries = [entry for entry in catalogue.entries() if wish.matches(entry)]
    if not entries:
        output.tell([Diagnostic("note", "empty", "no bundled network matches")])
    if sort:
        return catalogue.ordered(entries, sort, reverse=reverse)
    return entries[::-1] if reverse else entries


def _text(
    entries: Sequence[CatalogueEntry],
    columns: Sequence[str],
    format_: str,
    page: Page,
    *,
    asked: bool,
) -> str:
    from cnncalc.render import catalogue as render
    from cnncalc.render.json import dumps, json_lines
    from cnncalc.render.table import STYLES

    if format_ in {"json", "jsonl"}:
        document = render.document(entries, version=VERSION)
        return f"{dumps(document)}\n" if format_ == "json" else json_lines(document["networks"])
    if format_ in STYLES:
        return render.written(entries, columns, format_)
    return render.text(entries, columns, page, asked=asked)
