"""Variants in short: variables and figures side by side, or a table with a row for each variant.

Both are rewritten with their sections `vars` and `expect`, which is all that others know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import CnncalcError, Diagnostic, counted, did_you_mean, failure
from cnncalc.figures import used
from cnncalc.spec.model import VariantModel
from cnncalc.spec.yaml_source import ListValue, MappingValue, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.spec.yaml_source import Value

Entry = tuple[Scalar, "Value"]
FIGURES = frozenset({*used("expect"), "output"})
SECTIONS = frozenset(VariantModel.__dataclass_fields__)


class Columns(NamedTuple):
    """The words that a variant may have beside its sections."""

    variables: frozenset[str]

    def section(self, key: Scalar) -> str | None:
        """The section that a word belongs to; None where it is one, or where nobody knows it.

        Raises:
            CnncalcError: it is a variable and a figure.
        """
        name = key.text
        if name in SECTIONS:
            return None
        if name in self.variables and name in FIGURES:
            message = f"'{name}' is a variable of the spec and a figure"
            help_ = f"write vars: {{{name}: ...}} or expect: {{{name}: ...}}"
            raise failure("ambiguous-name", message, key.span, help=help_)
        if name in self.variables:
            return "vars"
        return "expect" if name in FIGURES else None


def settled(tree: MappingValue) -> tuple[MappingValue, list[Diagnostic]]:
    """The spec with every variant in its sections, and the mistakes on the way.

    >>> from cnncalc.spec.yaml_composer import compose
    >>> from cnncalc.spec.yaml_source import plain
    >>> tree = compose("{vars: {k: 1}, variants: {wide: {k: 4, params: 40}}}", "net.yaml")
    >>> plain(settled(tree)[0].at("variants", "wide"))
    {'vars': {'k': 4}, 'expect': {'params': 40}}
    """
    variants = tree.get("variants")
    if not isinstance(variants, MappingValue):
        return tree, []
    columns = Columns(frozenset(tree.section("vars").keys()))
    errors: list[Diagnostic] = []
    entries = [
        (key, _sorted(variant, columns, errors) if isinstance(variant, MappingValue) else variant)
        for key, variant in _rows(variants, columns, errors)
    ]
    whole = variants._replace(entries=tuple(entries))
    sections = ((k, whole if k.text == "variants" else value) for k, value in tree.entries)
    return tree._replace(entries=tuple(sections)), errors


def _sorted(variant: MappingValue, columns: Columns, errors: list[Diagnostic]) -> MappingValue:
    """A variant with its variables and figures in their sections; without them where they err."""
    try:
        return variant._replace(entries=tuple(_in_sections(variant, columns)))
    except CnncalcError as error:
        errors += error.diagnostics
        own = (entry for entry in variant.entries if entry[0].text in SECTIONS)
        return variant._replace(entries=tuple(own))


def _in_sections(variant: MappingValue, columns: Columns) -> list[Entry]:
    short: dict[str, list[Entry]] = {}
    kept: list[Entry] = []
    for key, value in variant.entries:
        section = columns.section(key)
        (kept if section is None else short.setdefault(section, [])).append((key, value))
    for section, entries in short.items():
        known = variant.get(section)
        if isinstance(known, MappingValue):
            _refuse_twice(known, entries)
            entries[:0] = known.entries
            kept = [entry for entry in kept if entry[0].text != section]
        first = entries[0][0]
        name = first._replace(text=section, value=section)
        kept.append((name, MappingValue(tuple(entries), first.span)))
    return kept


def _refuse_twice(section: MappingValue, entries: list[Entry]) -> None:
    lines = {key.text: key.span.line for key, _ in section.entries}
    for key, _ in entries:
        if key.text in lines:
            message, notes = _twice(key, lines[key.text])
            raise CnncalcError(Diagnostic("error", "duplicate-key", message, key.span, notes))


def _twice(key: Scalar, line: int) -> tuple[str, tuple[str, ...]]:
    return f"the key '{key.text}' is already used", (f"first used at line {line}",)


def _rows(
    variants: MappingValue, columns: Columns, errors: list[Diagnostic]
) -> Iterator[tuple[Scalar, Value]]:
    """The variants by name, those of a table among them."""
    names, table = variants.get("for"), variants.get("in")
    if not isinstance(names, ListValue):
        yield from variants.entries
        return
    heads: tuple[Scalar, ...] = ()
    try:
        heads = tuple(_heads(names, columns))
        if not isinstance(table, MappingValue):
            raise failure(
                "wrong-form",
                "a table of variants needs 'in' with a row for each variant",
                names.span if table is None else table.span,
                help="such as in: {small: [0.5, 1968680]}",
            )
    except CnncalcError as error:
        errors += error.diagnostics
    for key, value in variants.entries:
        if key.text == "in" and isinstance(table, MappingValue) and heads:
            own = {name.text: name.span.line for name, _ in variants.entries}
            yield from _table(heads, table, own, errors)
        elif key.text not in ("for", "in"):
            yield key, value


def _heads(names: ListValue, columns: Columns) -> Iterator[Scalar]:
    """The columns of a table, each of them a variable, a figure or a section."""
    seen: dict[str, int] = {}
    for name in names.items:
        if not isinstance(name, Scalar):
            raise failure("wrong-type", "expected the name of a column", name.span)
        if name.text in seen:
            message, notes = _twice(name, seen[name.text])
            raise CnncalcError(Diagnostic("error", "duplicate-key", message, name.span, notes))
        seen[name.text] = name.span.line
        if columns.section(name) is None and name.text not in SECTIONS:
            known = (*columns.variables, *FIGURES, *SECTIONS)
            raise failure(
                "unknown-key",
                f"'{name.text}' is no variable of the spec and no figure",
                name.span,
                help=did_you_mean(name.text, known),
            )
        yield name


def _table(
    heads: tuple[Scalar, ...],
    table: MappingValue,
    others: Mapping[str, int],
    errors: list[Diagnostic],
) -> Iterator[tuple[Scalar, Value]]:
    """The rows of a table as variants; a cell that is empty (`~`) is left out."""
    for key, row in table.entries:
        cells = row.items if isinstance(row, ListValue) else (row,)
        if key.text in others:
            message, notes = _twice(key, others[key.text])
            errors.append(Diagnostic("error", "duplicate-key", message, key.span, notes))
        elif len(cells) != len(heads):
            given = f"{counted(len(cells), 'cell')} for {counted(len(heads), 'name')}"
            names = f"the names are {', '.join(head.text for head in heads)}"
            message = f"this row has {given}"
            errors.append(Diagnostic("error", "row-length", message, row.span, help=names))
        else:
            filled = tuple(
                (head, cell)
                for head, cell in zip(heads, cells, strict=True)
                if not (isinstance(cell, Scalar) and cell.value is None)
            )
            yield key, MappingValue(filled, row.span)
