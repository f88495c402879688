"""Worked steps: a formula, the same with numbers put in, its value."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from cnncalc.errors import counted
from cnncalc.render.format import decimal, labelled, printable, to_ascii

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Iterator
    from fractions import Fraction

    from cnncalc.analysis.report import Row

# The inside of a floor or a ceiling that holds no other.
ROUNDED = re.compile(r"([⌊⌈])([^⌊⌋⌈⌉]*)([⌋⌉])")
LONG_NUMBER = re.compile(r"(?<![\d.])\d{4,}")


def explanation(row: Row, *, layout: str = "HWC", ascii_only: bool = False) -> list[str]:
    """One layer in full: its place in the spec, inputs, output, and every formula."""
    facts = [
        ("input", sources(row, layout)),
        ("output", f"{row.out.text(layout)} = {counted(row.neurons, 'neuron')}"),
        *((step.label, equation(step.formula, step.numbers, step.value)) for step in row.steps),
        *([("shares", f"the weights of {row.shared_with}")] if row.shared_with else []),
        *([("tied", f"to the transposed weight of {row.tied_to}")] if row.tied_to else []),
        *([("note", printable(row.note))] if row.note else []),
    ]
    lines = [head(row), *labelled(facts, indent="  ")]
    return [to_ascii(text) for text in lines] if ascii_only else lines


def head(row: Row) -> str:
    """The layer, its type, and where it is written."""
    place = printable(f"{row.span.file}:{row.span.line}") if row.span else ""
    return "   ".join(filter(None, [row.name, row.type, place]))


def sources(row: Row, layout: str) -> str:
    """The shapes that go into a layer, each with the name of where it comes from."""
    inputs = zip(row.inputs, row.in_shapes, strict=True)
    return ", ".join(f"{shape.text(layout)} ({name})" for name, shape in inputs)


def sections(rows: Iterable[Row], *, layout: str, ascii_only: bool = False) -> Iterator[str]:
    """The explanation of each of these rows, preceded by a blank line."""
    for row in rows:
        lines = explanation(row, layout=layout, ascii_only=ascii_only)
        yield "\n".join(["", *lines, ""])


def formulas(row: Row) -> dict[str, str]:
    """The steps of the JSON report: the field explained -> its numbers and value, in ASCII."""
    return {step.field: _worked(step.numbers, step.value) for step in row.steps}


@lru_cache(maxsize=4096)  # equal layers have equal formulas
def _worked(numbers: str, value: int | Fraction) -> str:
    return f"{to_ascii(numbers).replace(' ', '')} = {_machine(value)}"


def equation(formula: str, numbers: str, value: int | Fraction) -> str:
    """Formula = numbers = quotient before rounding, if any = value; equal sides only once.

    >>> equation("⌊(W - F + 2P)/S⌋ + 1", "⌊(224 - 11 + 2·0)/4⌋ + 1", 54)
    '⌊(W - F + 2P)/S⌋ + 1 = ⌊(224 - 11 + 2·0)/4⌋ + 1 = ⌊53.25⌋ + 1 = 54'
    >>> equation("K", "96", 96)
    'K = 96'
    """
    sides = [formula, LONG_NUMBER.sub(_separated, numbers), quotient(numbers), decimal(value)]
    return " = ".join(dict.fromkeys(side for side in sides if side))


def quotient(numbers: str) -> str | None:
    """The numbers with the insides of floors and ceilings worked out; None if these are whole.

    >>> quotient("⌊(224 - 11)/4⌋ + 1"), quotient("⌊(227 - 11)/4⌋ + 1")
    ('⌊53.25⌋ + 1', None)
    """
    try:
        insides = [evaluate(match[2]) for match in ROUNDED.finditer(numbers)]
    except (SyntaxError, ValueError, ZeroDivisionError):
        return None
    if all(inside.denominator == 1 for inside in insides):
        return None
    remaining = iter(insides)
    return ROUNDED.sub(lambda match: f"{match[1]}{decimal(next(remaining))}{match[3]}", numbers)


def evaluate(text: str) -> Fraction:
    """The exact value of an expression of digits, + - · / and brackets.

    Raises:
        ValueError: for anything else.

    >>> evaluate("(224 - 11 + 2·0)/4")
    Fraction(213, 4)
    """
    import ast  # slow to import, and only formulas that round need it

    return _value(ast.parse(text.strip().replace("·", "*"), mode="eval").body)


def _value(node: ast.expr) -> Fraction:
    import ast
    from fractions import Fraction

    match node:
        case ast.Constant(value=int(number)):
            return Fraction(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _value(left) + _value(right)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _value(left) - _value(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _value(left) * _value(right)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _value(left) / _value(right)
    raise ValueError("only digits, + - · / and brackets")


def _separated(match: re.Match[str]) -> str:
    return f"{int(match[0]):,}"


def _machine(value: int | Fraction) -> str:
    """A value that programs can read: 28, 0.5, 1/3."""
    from fractions import Fraction

    exact = Fraction(value)
    as_float = float(exact)
    return f"{exact if exact.denominator == 1 or Fraction(as_float) != exact else as_float}"
