"""Explanations in LaTeX: a paragraph and an align* environment (amsmath) per layer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.render.explain import distinct
from cnncalc.render.format import decimal, printable
from cnncalc.render.steps import quotient

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.layers._base import Step
    from cnncalc.questions.explain import Explanation

SIGNS = {
    "·": r" \cdot ", "×": r" \times ", "⌊": r"\lfloor ", "⌋": r" \rfloor", "⌈": r"\lceil ",
    "⌉": r" \rceil", "₁": "_{1}", "₂": "_{2}", "…": r"\ldots ", "≥": r"\ge ",
}  # fmt: skip
SPECIAL = str.maketrans(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
        "_": r"\_", "%": r"\%", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
        "×": r"$\times$",
    }
)  # fmt: skip
# Words, letters with a number, long numbers, signs; single letters stay.
PIECES = re.compile(r"([A-Za-z]{2,}(?: [A-Za-z]{2,})*)|([A-Z])(\d+)|(\d{4,})|([·×⌊⌋⌈⌉₁₂…≥])")


def text(told: Sequence[Explanation], *, layout: str = "HWC") -> Iterator[str]:
    """A fragment to be put into a document that loads amsmath."""
    for one in told:
        row = one.row
        sources = zip(row.inputs, row.in_shapes, strict=True)
        inputs = ", ".join(f"{shape.text(layout)} ({name})" for name, shape in sources)
        yield rf"\paragraph{{{plain(row.name)} ({plain(row.type)})}}" + "\n"
        yield plain(f"Input {inputs}; output {row.out.text(layout)}.") + "\n"
        yield "\\begin{align*}\n"
        yield " \\\\\n".join(map(_line, distinct(one.steps)))
        yield "\n\\end{align*}\n"
        yield from (f"{plain(remark)}\n" for remark in (*one.remarks, row.note or "") if remark)


def plain(text: str) -> str:
    r"""Text with LaTeX's special signs escaped.

    >>> print(plain("layer_1 & 50%"))
    layer\_1 \& 50\%
    """
    return printable(text).translate(SPECIAL)


def maths(formula: str) -> str:
    r"""A formula, or one with numbers put in, for math mode.

    >>> print(maths("⌊(W - F + 2P)/S⌋ + 1"))
    \lfloor (W - F + 2P)/S \rfloor + 1
    >>> print(maths("weights·C1 + 12345"))
    \text{weights} \cdot C_{1} + 12{,}345
    """
    return PIECES.sub(_piece, formula)


def _piece(match: re.Match[str]) -> str:
    words, letter, index, number, sign = match.groups()
    if words:
        return rf"\text{{{words}}}"
    if letter:
        return f"{letter}_{{{index}}}"
    if number:
        return f"{int(number):,}".replace(",", "{,}")
    return SIGNS[sign]


def _line(step: Step) -> str:
    value = decimal(step.value).replace(",", "{,}").replace("…", r"\ldots")
    sides = [maths(step.formula), maths(step.numbers), maths(quotient(step.numbers) or ""), value]
    right = " = ".join(dict.fromkeys(side for side in sides if side))
    return rf"  \text{{{plain(step.label)}}} &= {right}"
