"""Safe arithmetic: `div8(32*width)`, `s != 1 or cin != c`, `first(2)`.

The text is read by Python's own parser, and `evaluation` walks the tree over a whitelist:
each node that is allowed becomes one small function of the variables; nothing is executed
as Python. Limits: 300 characters, 120 nodes, numbers up to 2^53, powers up to 4096 ** 16.

Numbers, names, + - * / // % **, comparisons (chained), and or not, `a if c else b`, lists and
their indexing, true and false, and the functions of `arithmetic`, which also says what is
whole: 8/2 is 4, `round` takes a half to the even side. A quoted word may only be compared.
`first(a, b=1)` is a in the first pass of a repeat (i == 0) and b in the others; `last`
likewise (i == reps - 1). Both read `i` and `reps` among the variables.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.spec.evaluation import ExpressionCompiler
from cnncalc.spec.expression_error import ExpressionError

if TYPE_CHECKING:
    from cnncalc.spec.evaluation import Run

__all__ = ["Expression", "ExpressionError", "parse"]

MAX_CHARACTERS = 300

STRANGE = re.compile(r"[^A-Za-z0-9_ \n+\-*/%().,<>=!\[\]'\"]")
# A number with letters behind it, such as 4k, 3x3, 0x10 or 1if: 1e5 is a number.
GLUED = re.compile(r"(?<![\w.])[0-9][0-9_.]*+(?:[eE][-+]?[0-9]++)?+[A-Za-z_]\w*")
INSTEAD = {"×": "*", "·": "*", "÷": "/", "−": "-", "^": "**", "&": "and", "|": "or"}


class Expression(NamedTuple):
    """A read expression. `evaluate(variables)` computes it; `names` are the variables it reads.

    Evaluation raises ExpressionError with one of the codes expression, unknown-name,
    number-too-big, division-by-zero.

    >>> half = parse("c // 2")
    >>> half.evaluate({"c": 64}), sorted(half.names)
    (32, ['c'])
    """

    text: str
    names: frozenset[str]
    evaluate: Run


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Read an expression; the same text is read once.

    Raises ExpressionError for what is not in the language.

    >>> parse("first(2)").evaluate({"i": 0, "reps": 3})
    2
    """
    reader = ExpressionCompiler(text)
    evaluate = reader.read(_tree(text))
    return Expression(text, frozenset(reader.names), evaluate)


def _tree(text: str) -> ast.expr:
    _check_characters(text)
    lead = len(text) - len(text.lstrip())
    try:
        tree = ast.parse(text.strip().replace("\n", " "), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError):
        message = f"'{text.strip()}' is not an expression"
        raise ExpressionError("expression", message, lead, len(text)) from None
    for node in ast.walk(tree):
        if isinstance(node, (ast.expr, ast.keyword)):
            node.col_offset += lead
            node.end_col_offset = (node.end_col_offset or 0) + lead
    return tree


def _check_characters(text: str) -> None:
    if not text.strip():
        raise ExpressionError("expression", "the expression is empty", 0, len(text))
    if len(text) > MAX_CHARACTERS:
        message = f"the expression has {len(text)} characters; {MAX_CHARACTERS} are allowed"
        raise ExpressionError("expression", message, 0, len(text))
    if odd := STRANGE.search(text):
        mark = odd.group()
        advice = f"write {INSTEAD[mark]}" if mark in INSTEAD else None
        message = f"'{mark}' has no place in an expression"
        raise ExpressionError("expression", message, odd.start(), odd.end(), advice)
    if glued := GLUED.search(text):
        message = f"'{glued.group()}' is neither a number nor a name"
        advice = "write 4*k for a product, and a space before a word"
        raise ExpressionError("expression", message, glued.start(), glued.end(), advice)
