"""Answers of `rf`: how the receptive field grows over the layers, and what one neuron sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.render.format import GATED, decimal, joined, per_axis, printable
from cnncalc.render.json import answer_schema, envelope, exact_number
from cnncalc.render.page import PIPE
from cnncalc.render.schema import (
    COUNT,
    FLAG,
    GATED_FLAG,
    MAYBE_TEXT,
    NUMBER,
    PAIR,
    TEXT,
    described,
    listed,
    record,
    ref,
)
from cnncalc.render.table import DELIMITERS, Column, Table
from cnncalc.shapes import AXES, PLACE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from cnncalc.questions.rf import Coverage, CoverageReport, Neuron, SeenRegion
    from cnncalc.render.page import Page
    from cnncalc.render.schema import Schema

COLUMNS = (
    Column("Layer", "name", "layer"), Column("Type", "text", "type", worth=1),
    Column("Output", key="output"), Column("RF", key="rf"), Column("Jump", key="jump"),
    Column("First centre", key="first_centre", worth=0), Column("Covers", key="covers"),
)  # fmt: skip


def text(advice: CoverageReport, covers: Sequence[Coverage], layout: str, page: Page = PIPE) -> str:
    """A table of these layers; which one first sees all of the input, and which outgrow it."""
    rows = _table(covers, layout).lines(page=page)
    lines = [_title(advice, layout), "", *rows, "", *_advice(advice)]
    return joined(lines, ascii_only=page.ascii)


def markdown(advice: CoverageReport, covers: Sequence[Coverage], layout: str) -> str:
    """The same in Markdown."""
    advised = "".join(f"- {line}\n" for line in _advice(advice))
    return f"{_table(covers, layout).markdown()}\n{advised}"


def _title(advice: CoverageReport, layout: str) -> str:
    inputs = ", ".join(f"{port.name} {port.shape.text(layout)}" for port in advice.report.inputs)
    return f"{printable(advice.report.name)}: {inputs}"


def written(covers: Sequence[Coverage], layout: str, style: str) -> str:
    """The table in another format; for programs without marks such as ≥."""
    table = _table(covers, layout)
    if style in DELIMITERS:
        bare = [[str(cell).lstrip("≥") for cell in row] for row in table.rows]
        table = table._replace(rows=bare)
    return table.written(style)


def _table(covers: Sequence[Coverage], layout: str) -> Table:
    return Table(COLUMNS, [[*_cells(cover, layout)] for cover in covers])


def _cells(cover: Coverage, layout: str) -> Iterator[str]:
    yield from (cover.row.name, cover.row.type, cover.row.out.text(layout))
    field = cover.row.receptive_field
    if field is not None:
        yield ("≥" if field.gated else "") + per_axis(field.size)
        yield per_axis([decimal(jump) for jump in field.jump]) if field.aligned else "mixed"
        yield per_axis([decimal(start) for start in field.start])
    yield percent(cover.share)


def percent(share: Fraction) -> str:
    """A share in percent, rounded down, so that only all of it is 100%.

    >>> from fractions import Fraction
    >>> percent(Fraction(9999, 10000)), percent(Fraction(1))
    ('99.9%', '100%')
    """
    return "100%" if share == 1 else f"{int(share * 1000) / 10}%"


def _advice(advice: CoverageReport) -> Iterator[str]:
    if not advice.covers:
        yield "no layer has a receptive field on the input"
    elif advice.sees_all is not None:
        yield f"the first layer to see all of the input: {advice.sees_all}"
    else:
        best = max(advice.covers, key=lambda cover: cover.share)
        yield f"no layer sees all of the input: the most is {percent(best.share)}, {best.row.name}"
    outgrown = advice.outgrown
    if outgrown:
        first = outgrown[0]
        size = per_axis(first.row.receptive_field.size) if first.row.receptive_field else ""
        count = "1 layer outgrows" if len(outgrown) == 1 else f"{len(outgrown)} layers outgrow"
        source = "×".join(map(str, first.source))
        outgrowing = f"{count} the input, first {first.row.name} ({size} on {source})"
        yield f"{outgrowing}: the rest of the field lies on padding"


def unit_text(unit: Neuron, layout: str, page: Page = PIPE, *, through: bool = False) -> str:
    """What a neuron sees of the inputs and, with `through`, of every tensor on the way."""
    columns = [Column("Tensor", "name"), Column("Shape"), Column("Box", "text"), Column("Places")]
    seen = [*unit.inputs, *(unit.through[::-1] if through else ())]
    rows = [[t.name, t.shape.text(layout), _box(t), _count(t)] for t in seen]
    lines = [f"{unit_name(unit)} of {unit.shape.text(layout)} sees"]
    if unit.inputs:
        lines += Table(columns, rows).lines(page=page, indent=2)
    else:
        lines[0] += " nothing of the input"
    lines += [GATED] if unit.gated else []
    return joined(lines, ascii_only=page.ascii)


def unit_name(unit: Neuron) -> str:
    """The neuron as options name it: C3:4,4."""
    return f"{unit.name}:{','.join(map(str, unit.place))}" if unit.place else unit.name


def _box(seen: SeenRegion) -> str:
    """`rows 8 to 21, columns 8 to 21`."""
    return ", ".join(_stretch(*PLACE_WORDS[letter], *ends) for letter, ends in _axes(seen))


def _axes(seen: SeenRegion) -> Iterator[tuple[str, tuple[int, int]]]:
    return zip(AXES[len(seen.box)], seen.box, strict=True)


def _stretch(singular: str, plural: str, low: int, high: int) -> str:
    return f"{singular} {low}" if low == high else f"{plural} {low} to {high}"


def _count(seen: SeenRegion) -> str:
    """The size of the box, and whether some places in it are not seen."""
    sizes = "×".join(str(high - low + 1) for low, high in seen.box)
    return sizes if seen.solid else f"{sizes}, with holes"


def document(advice: CoverageReport, *, version: str) -> dict[str, Any]:
    """The document `cnncalc.rf/1`, with one entry per layer that has a field."""
    return {
        **envelope("rf", version),
        "name": advice.report.name,
        "first_to_see_all": advice.sees_all,
        "outgrown": [cover.row.name for cover in advice.outgrown],
        "layers": [_layer(cover) for cover in advice.covers],
    }


def _layer(cover: Coverage) -> dict[str, Any]:
    field = cover.row.receptive_field
    sizes = {} if field is None else {
        "size": list(field.size),
        "jump": [exact_number(jump) for jump in field.jump],
        "start": [exact_number(start) for start in field.start],
    }  # fmt: skip
    return {
        "name": cover.row.name, "type": cover.row.type, "out": cover.row.out.by_letter, **sizes,
        "covered": list(cover.covered), "share": float(cover.share), "outgrows": cover.outgrows,
    }  # fmt: skip


def unit_document(unit: Neuron, *, version: str) -> dict[str, Any]:
    """The document `cnncalc.rf/1` of one neuron: what it sees of the inputs and on the way."""
    return {
        **envelope("rf", version),
        "unit": {"name": unit.name, "place": list(unit.place), "out": unit.shape.by_letter},
        "inputs": [_seen(tensor) for tensor in unit.inputs],
        "through": [_seen(tensor) for tensor in unit.through],
        **({"gated": True} if unit.gated else {}),
    }


def _seen(tensor: SeenRegion) -> dict[str, Any]:
    box = {letter: list(ends) for letter, ends in _axes(tensor)}
    return {"name": tensor.name, "shape": tensor.shape.by_letter, "box": box, "solid": tensor.solid}


def schema() -> Schema:
    """The schema of `cnncalc.rf/1`: for the layers of a network or for one neuron."""
    numbers = dict.fromkeys(("size", "jump", "start"), listed(NUMBER))
    layer = record(
        {
            "name": TEXT, "type": TEXT, "out": ref("shape"), **numbers,
            "covered": described(listed(COUNT), "pixels of the input per axis"),
            "share": NUMBER, "outgrows": FLAG,
        }
    )  # fmt: skip
    box = described(record({}, dict.fromkeys("ldhw", PAIR)), "first and last place by axis letter")
    seen = record({"name": TEXT, "shape": ref("shape"), "box": box, "solid": FLAG})
    layers = {"first_to_see_all": MAYBE_TEXT, "outgrown": listed(TEXT), "layers": listed(layer)}
    unit = record({"name": TEXT, "place": listed(COUNT), "out": ref("shape")})
    network = answer_schema("rf", "what layers see of the input", {"name": TEXT, **layers})
    answer = {"unit": unit, "inputs": listed(seen), "through": listed(seen)}
    neuron = answer_schema("rf", "one unit", answer, {"gated": GATED_FLAG})
    return {**network, "oneOf": [neuron["oneOf"][0], *network["oneOf"]]}
