"""Tables with rules, drawn by rich; only a terminal or a text in colours needs them."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from rich.box import Box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from cnncalc.render.format import to_ascii
from cnncalc.render.page import GAP, style_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from cnncalc.render.page import Page, Style

# In rich's notation for boxes: a rule under the titles and one above the totals, no others.
RULES = "    \n    \n ── \n    \n    \n ── \n    \n    \n"
STYLES: dict[Style, str] = {
    "heading": "bold", "faint": "dim", "good": "green", "bad": "bold red", "notable": "yellow",
}  # fmt: skip


class Ruled(NamedTuple):
    """One column, as wide as was decided; titles or totals that are all empty are not drawn."""

    title: str
    total: str
    width: int
    right: bool


def ruled(
    columns: Sequence[Ruled],
    rows: Iterable[Sequence[str]],
    subtotal: Sequence[str],
    page: Page,
) -> RichTable:
    """The table as rich draws it; a last text that is longer than its column is wrapped."""
    drawn = RichTable(
        box=Box(to_ascii(RULES), ascii=True) if page.ascii else Box(RULES),
        show_edge=False,
        padding=0,  # which versions of rich count differently; the gap is a part of the column
        show_header=any(column.title for column in columns),
        show_footer=any(column.total for column in columns),
        header_style="",
        footer_style="",
    )
    for index, column in enumerate(columns):
        drawn.add_column(
            _cell(column.title, index, column, "heading"),
            _cell(column.total, index, column, "heading"),
            justify="right" if column.right else "left",
            width=column.width + (len(GAP) - 1 if index else 0),
            no_wrap=column is not columns[-1],
            overflow="fold",
        )
    places = list(enumerate(columns))
    for cells in rows:
        drawn.add_row(*(_cell(text, *place) for text, place in zip(cells, places, strict=True)))
    if subtotal:
        texts = zip(subtotal, places, strict=True)
        drawn.add_row(*(_cell(text, *place, "heading") for text, place in texts))
    return drawn


def _cell(cell: str, index: int, column: Ruled, style: Style | None = None) -> RenderableType:
    """A cell behind the gap; the rule of the box is one column of it."""
    text = _styled(cell, style)
    return text if column.right or not index else Padding(text, (0, 0, 0, len(GAP) - 1))


def _styled(cell: str, style: Style | None = None) -> Text:
    """A cell in the colour of its meaning; the spaces that align it have none."""
    style = style_of(cell) or style
    return Text.assemble((cell, STYLES[style]) if style else cell)


def printed(table: RichTable, width: int, *, color: bool) -> list[str]:
    """The lines that rich prints, without spaces at their ends."""
    out = StringIO()
    console = Console(
        file=out,
        width=width,
        height=25,  # else rich takes the size of a "dumb" terminal
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    console.print(table, crop=False)
    return [line.rstrip(" ") for line in out.getvalue().split("\n")[:-1]]
