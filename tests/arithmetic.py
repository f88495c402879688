"""The arithmetic of an explanation: the numbers of a step, evaluated exactly."""

import ast
from fractions import Fraction
from math import ceil, floor
from operator import add, mul, sub, truediv

OPERATIONS = {ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.Div: truediv, ast.USub: sub}
SIGNS = str.maketrans({"·": "*", "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")"})


def evaluate(numbers):
    """The value of a step's numbers, exactly; anything but plain arithmetic is a KeyError."""
    return _evaluate(ast.parse(numbers.translate(SIGNS), mode="eval").body)


def _evaluate(node):
    match node:
        case ast.Constant(value=int() | float() as value):
            return Fraction(str(value))
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATIONS[type(op)](_evaluate(left), _evaluate(right))
        case ast.UnaryOp(op=op, operand=operand):
            return OPERATIONS[type(op)](0, _evaluate(operand))
        case ast.Call(func=ast.Name(id=name), args=[inner]):
            return Fraction({"floor": floor, "ceil": ceil}[name](_evaluate(inner)))
    raise KeyError(ast.dump(node))
