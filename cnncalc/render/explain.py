"""Answers of `explain`: every formula, its numbers, its value, as text, Markdown, LaTeX or JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cnncalc.render.format import decimal, labelled, printable, to_ascii
from cnncalc.render.json import NAMED_SHAPES, answer_schema, envelope, exact_number, named_shapes
from cnncalc.render.latex import latex_text
from cnncalc.render.schema import MAYBE_TEXT, NUMBER, SIZE, TEXT, described, listed, record, ref
from cnncalc.render.steps import equation, head, quotient, sources
from cnncalc.render.table import Column, Table, escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cnncalc.analysis.report import Row
    from cnncalc.layers._base import Step
    from cnncalc.questions.explain import Explanation
    from cnncalc.render.schema import Schema

COLUMNS = (
    Column("Number", "name"), Column("Formula", "text"), Column("With its numbers", "text"),
    Column("Value"),
)  # fmt: skip
LEGEND = (
    "r, j, c: receptive field, jump and first centre of what goes in; "
    "n: positions that one neuron reads, a to b"
)

LATEX_SIGNS = {
    "·": r" \cdot ", "×": r" \times ", "⌊": r"\lfloor ", "⌋": r" \rfloor", "⌈": r"\lceil ",
    "⌉": r" \rceil", "₁": "_{1}", "₂": "_{2}", "…": r"\ldots ", "≥": r"\ge ",
}  # fmt: skip
# Words, letters with an index, long numbers, signs; single letters are kept.
LATEX_PIECES = re.compile(r"([A-Za-z]{2,}(?: [A-Za-z]{2,})*)|([A-Z])(\d+)|(\d{4,})|([·×⌊⌋⌈⌉₁₂…≥])")


def text(
    explanations: Sequence[Explanation],
    *,
    layout: str = "HWC",
    written: Mapping[int, str] | None = None,
    ascii_only: bool = False,
) -> Iterator[str]:
    """A section per layer with a line per formula; `written` maps line numbers to spec lines."""
    for place, explanation in enumerate(explanations):
        lines = [*([""] if place else []), *_section(explanation, layout, written or {}), ""]
        section = "\n".join(lines)
        yield to_ascii(section) if ascii_only else section
    yield f"\n{LEGEND}\n" if any(map(_needs_legend, explanations)) else ""


def _section(explanation: Explanation, layout: str, written: Mapping[int, str]) -> list[str]:
    return [head(explanation.row), *labelled(_pairs(explanation, layout, written), indent="  ")]


def _pairs(
    explanation: Explanation, layout: str, written: Mapping[int, str]
) -> Iterator[tuple[str, str]]:
    row = explanation.row
    line = written.get(row.span.line, "") if row.span else ""
    if line:
        yield "written", printable(line)
    if row.attached_to:
        yield "attached to", row.attached_to
    yield "input", sources(row, layout)
    yield "output", row.out.text(layout)
    for step in distinct_steps(explanation.steps):
        yield step.label, equation(step.formula, step.numbers, step.value)
    yield from (("remark", remark) for remark in explanation.remarks)
    if row.note:
        yield "note", printable(row.note)


def distinct_steps(steps: Iterable[Step]) -> list[Step]:
    """The steps without those that repeat another axis."""
    distinct: dict[tuple[str, ...], Step] = {}
    for step in steps:
        # "out.h" and "out.w" are equal where their numbers are; "out.c" is another formula.
        stem, _, axis = step.field.rpartition(".")
        alike = (stem, step.numbers) if len(axis) == 1 and axis != "c" else (step.field,)
        distinct.setdefault(alike, step)
    return list(distinct.values())


def _needs_legend(explanation: Explanation) -> bool:
    formulas = (s.formula for s in explanation.steps if s.field.startswith("receptive_field"))
    return any(letter in formula for formula in formulas for letter in ("r +", "c +", "j·S"))


def markdown(explanations: Sequence[Explanation], *, layout: str = "HWC") -> Iterator[str]:
    """A heading and a table per layer."""
    for place, explanation in enumerate(explanations):
        row = explanation.row
        yield "\n" if place else ""
        yield f"### {escaped(row.name)}: {row.type}\n\n"
        yield f"Input {escaped(sources(row, layout))}; output {row.out.text(layout)}.\n\n"
        steps = distinct_steps(explanation.steps)
        cells = [[s.label, s.formula, s.numbers, decimal(s.value)] for s in steps]
        yield Table(COLUMNS, cells).markdown()
        for remark in (*explanation.remarks, *filter(None, [row.note])):
            yield f"\n{escaped(remark)}\n"


def latex(explanations: Sequence[Explanation], *, layout: str = "HWC") -> Iterator[str]:
    """A paragraph and an align* environment per layer, for documents that load amsmath."""
    for explanation in explanations:
        row = explanation.row
        inputs = sources(row, layout)
        yield rf"\paragraph{{{latex_text(row.name)} ({latex_text(row.type)})}}" + "\n"
        yield latex_text(f"Input {inputs}; output {row.out.text(layout)}.") + "\n"
        yield "\\begin{align*}\n"
        yield " \\\\\n".join(map(_latex_line, distinct_steps(explanation.steps)))
        yield "\n\\end{align*}\n"
        yield from (
            f"{latex_text(remark)}\n" for remark in (*explanation.remarks, row.note or "") if remark
        )


def latex_formula(formula: str) -> str:
    r"""A formula, or one with numbers put in, for math mode.

    >>> print(latex_formula("⌊(W - F + 2P)/S⌋ + 1"))
    \lfloor (W - F + 2P)/S \rfloor + 1
    >>> print(latex_formula("weights·C1 + 12345"))
    \text{weights} \cdot C_{1} + 12{,}345
    """
    return LATEX_PIECES.sub(_latex_piece, formula)


def _latex_piece(match: re.Match[str]) -> str:
    words, letter, index, number, sign = match.groups()
    if words:
        return rf"\text{{{words}}}"
    if letter:
        return f"{letter}_{{{index}}}"
    if number:
        return f"{int(number):,}".replace(",", "{,}")
    return LATEX_SIGNS[sign]


def _latex_line(step: Step) -> str:
    value = decimal(step.value).replace(",", "{,}").replace("…", r"\ldots")
    sides = [
        latex_formula(step.formula),
        latex_formula(step.numbers),
        latex_formula(quotient(step.numbers) or ""),
        value,
    ]
    right = " = ".join(dict.fromkeys(side for side in sides if side))
    return rf"  \text{{{latex_text(step.label)}}} &= {right}"


RECORDS = ("layer", "field", "label", "formula", "numbers", "value")


def table(explanations: Sequence[Explanation]) -> Table:
    """A row per formula, for programs."""
    rows = [
        [
            each.row.name,
            step.field,
            step.label,
            step.formula,
            step.numbers,
            exact_number(step.value),
        ]
        for each in explanations
        for step in distinct_steps(each.steps)
    ]
    return Table([Column(key, "text", key) for key in RECORDS], rows)


def document(
    explanations: Sequence[Explanation], *, version: str, written: Mapping[int, str] | None = None
) -> dict[str, Any]:
    """The document `cnncalc.explanation/1`: one entry per layer, every step with its field."""
    layers = [_layer(explanation, written or {}) for explanation in explanations]
    return {**envelope("explanation", version), "layers": layers}


def _layer(explanation: Explanation, written: Mapping[int, str]) -> dict[str, Any]:
    row = explanation.row
    return {
        "name": row.name,
        "type": row.type,
        "attached_to": row.attached_to,
        **({"source": _source(row, written)} if row.span else {}),
        "inputs": named_shapes(zip(row.inputs, row.in_shapes, strict=True)),
        "out": row.out.by_letter,
        "steps": [_step(step) for step in explanation.steps],
        **({"remarks": list(explanation.remarks)} if explanation.remarks else {}),
        **({"note": row.note} if row.note else {}),
    }


def _source(row: Row, written: Mapping[int, str]) -> dict[str, Any]:
    if row.span is None:
        return {}
    text_ = written.get(row.span.line)
    place = {"file": row.span.file, "line": row.span.line, "column": row.span.column}
    return {**place, **({"text": text_} if text_ else {})}


def _step(step: Step) -> dict[str, Any]:
    return {**step._asdict(), "value": exact_number(step.value)}


def schema() -> Schema:
    """The schema of `cnncalc.explanation/1`."""
    step = record(
        {
            "field": described(TEXT, "the figure of the report that the value is"),
            "label": TEXT,
            "formula": TEXT,
            "numbers": described(TEXT, "the formula with this layer's numbers"),
            "value": NUMBER,
        }
    )
    place: dict[str, Schema] = {"file": TEXT, "line": SIZE, "column": SIZE}
    layer = record(
        {
            "name": TEXT,
            "type": TEXT,
            "attached_to": MAYBE_TEXT,
            "inputs": NAMED_SHAPES,
            "out": ref("shape"),
            "steps": listed(step),
        },
        {"source": record(place, {"text": TEXT}), "remarks": listed(TEXT), "note": TEXT},
    )
    return answer_schema("explanation", "every formula of every layer", {"layers": listed(layer)})
