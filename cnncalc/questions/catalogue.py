"""The bundled networks, one entry for each, with the figures that their specs expect.

Nothing is computed, which would take seconds for all of them: the figures are those of `expect`,
which `cnncalc check` verifies. A figure that a spec does not state is None.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import zoo
from cnncalc.errors import UnplacedError
from cnncalc.spec.sections.inputs import parse_input
from cnncalc.spec.sections.variants import settled
from cnncalc.spec.yaml_composer import compose
from cnncalc.spec.yaml_source import ListValue, MappingValue, Scalar, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnncalc.shapes import Shape
    from cnncalc.spec.sections.budgets import Budget
    from cnncalc.spec.yaml_source import Value

YEARS = re.compile(r"(\d{4})?(\.\.)?(\d{4})?\Z")


class CatalogueEntry(NamedTuple):
    """One bundled network: a variant, or a file without variants. `family` names the file.

    `inputs` are shapes by name, `input` is their text; `rf` has one size per axis.
    """

    name: str
    family: str
    title: str
    year: int | None
    inputs: tuple[tuple[str, Shape], ...]
    input: str
    params: int | None = None
    macs: int | None = None
    rf: tuple[int, ...] | None = None
    output: str | None = None
    source: str | None = None


class CatalogueFilter(NamedTuple):
    """Which networks to list; the defaults list all.

    `match` is a pattern of names such as `resnet*`, `years` the first and the last year. A network
    whose spec does not state the figure of a limit is left out.
    """

    family: str | None = None
    match: str | None = None
    limits: tuple[Budget, ...] = ()
    years: tuple[int, int] | None = None

    def matches(self, entry: CatalogueEntry) -> bool:
        """Whether a network is to be listed."""
        if self.family is not None and entry.family != self.family:
            return False
        if self.match is not None and not fnmatchcase(entry.name.lower(), self.match.lower()):
            return False
        if self.years and not self.years[0] <= (entry.year or 0) <= self.years[1]:
            return False
        return all(_keeps(entry, limit) for limit in self.limits)


def entries() -> Iterator[CatalogueEntry]:
    """Every bundled network, by family, in the order of the files.

    >>> by_name = {entry.name: entry for entry in entries()}
    >>> by_name["resnet50"].family, by_name["resnet50"].input, by_name["resnet50"].params
    ('resnet', '224x224x3', 25557032)
    """
    for family, path in zoo.files().items():
        tree = compose(path.read_text(encoding="utf-8"), path.name)
        if not isinstance(tree, MappingValue):
            continue
        tree, _ = settled(tree)
        variants = tree.get("variants")
        if not isinstance(variants, MappingValue):
            yield _entry(family, family, tree, tree)
            continue
        for key, variant in variants.entries:
            yield _entry(key.text, family, tree, variant)


def parse_years(text: str) -> tuple[int, int]:
    """The first and the last year of `2015`, `2015..2019`, `2015..` or `..2019`.

    Raises:
        UnplacedError: for any other text.

    >>> parse_years("2015..2019"), parse_years("2017"), parse_years("..1998")
    ((2015, 2019), (2017, 2017), (0, 1998))
    """
    match = YEARS.match(text.strip())
    first, dots, last = match.groups() if match else (None, None, None)
    if not (first or last) or not (dots or last is None):
        raise UnplacedError(
            "years", f"'{text}' is not a year or a range of years", help="write 2015 or 2015..2019"
        )
    # An open end is a year beyond every network; a single year is both ends.
    span = int(first or 0), int(last or (9999 if dots else first or 0))
    if span[0] > span[1]:
        raise UnplacedError(
            "years", f"'{text}' ends before it begins", help=f"write {last}..{first}"
        )
    return span


def ordered(
    entries: Iterable[CatalogueEntry], key: str, *, reverse: bool = False
) -> list[CatalogueEntry]:
    """Sort by name from A to Z, or by a figure from the largest; entries without it come last.

    Receptive fields are compared on the axis where they are smallest.

    >>> few = [entry for entry in entries() if entry.name in {"resnet18", "resnet50", "resnet34"}]
    >>> [entry.name for entry in ordered(few, "params")]
    ['resnet50', 'resnet34', 'resnet18']
    """
    every = list(entries)
    known = [entry for entry in every if getattr(entry, key) is not None]
    # Names ascend by default and figures descend, so that `reverse` means the opposite for each.
    known.sort(key=lambda entry: _rank(entry, key), reverse=reverse == (key == "name"))
    return known + [entry for entry in every if getattr(entry, key) is None]


def _rank(entry: CatalogueEntry, key: str) -> str | int:
    value: str | int | tuple[int, ...] = getattr(entry, key)
    return min(value) if isinstance(value, tuple) else value


def _keeps(entry: CatalogueEntry, limit: Budget) -> bool:
    actual: int | None = getattr(entry, limit.key)
    return actual is not None and limit.excess(actual) == 0


def _entry(name: str, family: str, tree: MappingValue, variant: Value) -> CatalogueEntry:
    """One network: the variant's own sections, and the file's where the variant has none."""
    sections = [section for section in (variant, tree) if isinstance(section, MappingValue)]
    expect = variant.get("expect") if isinstance(variant, MappingValue) else None
    inputs, text = _inputs(sections)
    return CatalogueEntry(
        name=name,
        family=family,
        title=str(_text(tree.get("name")) or family),
        year=_whole(tree.get("year")),
        inputs=inputs,
        input=text,
        params=_whole(_at(expect, "params")),
        macs=_whole(_at(expect, "macs")),
        rf=_field(_at(expect, "rf"), inputs[0][1].rank),
        output=_text(_at(expect, "output")),
        source=next(filter(None, (_citation(section.get("source")) for section in sections)), None),
    )


def _inputs(sections: Iterable[MappingValue]) -> tuple[tuple[tuple[str, Shape], ...], str]:
    """The shapes of the first section that has an input, and their text in its layout."""
    for section in sections:
        single, several = section.get("input"), section.get("inputs")
        if single is not None:
            named: list[tuple[str, Value]] = [("in", single)]
        elif isinstance(several, MappingValue):
            named = [(key.text, value) for key, value in several.entries]
        else:
            continue
        parsed = [(name, parse_input(plain(value))) for name, value in named]
        text = ", ".join(port.shape.text(port.layout, "x") for _, port in parsed)
        return tuple((name, port.shape) for name, port in parsed), text
    raise UnplacedError("missing-input", "there is no input")


def _field(value: Value | None, rank: int) -> tuple[int, ...] | None:
    """Sizes per axis; a single one stands for all axes."""
    text = _text(value)
    if text is None:
        return None
    sizes = tuple(map(int, re.split("[x×]", text)))
    return sizes * rank if len(sizes) == 1 else sizes


def _at(value: Value | None, key: str) -> Value | None:
    return value.get(key) if isinstance(value, MappingValue) else None


def _whole(value: Value | None) -> int | None:
    """A whole number; None for a rounded figure such as `714M`."""
    number = value.value if isinstance(value, Scalar) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _text(value: Value | None) -> str | None:
    return value.text if isinstance(value, Scalar) else None


def _citation(value: Value | None) -> str | None:
    """The first of the sources."""
    return _text(value.items[0] if isinstance(value, ListValue) and value.items else value)
