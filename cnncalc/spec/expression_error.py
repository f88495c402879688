"""The complaint about an expression, and how it gets its place: the node of the tree at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from cnncalc.errors import UnplacedError, did_you_mean
from cnncalc.spec.arithmetic import FUNCTIONS, REPEATS

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping
    from typing import Any


class ExpressionError(Exception):
    """What is wrong in an expression, and where: the characters from `start` to `end`.

    >>> error = ExpressionError("unknown-name", "there is no variable 'widht'", 2, 7)
    >>> "2*widht"[error.start:error.end]
    'widht'
    """

    def __init__(
        self,
        code: str,
        message: str,
        start: int,
        end: int,
        help: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.start = start
        self.end = end
        self.help = help


def place(node: ast.expr | ast.keyword) -> tuple[int, int]:
    """Where a node begins and ends in the text."""
    return node.col_offset, node.end_col_offset or node.col_offset


def fail(
    node: ast.expr | ast.keyword, code: str, message: str, advice: str | None = None
) -> NoReturn:
    """Raise ExpressionError at a node."""
    raise ExpressionError(code, message, *place(node), advice) from None


def placed(node: ast.expr, function: Callable[..., Any], *values: object) -> Any:
    """The function's value; its complaint gets the place of the node."""
    try:
        return function(*values)
    except UnplacedError as problem:
        fail(node, problem.code, problem.message)


def unknown(node: ast.Name, env: Mapping[str, object]) -> NoReturn:
    """Complain about a variable that there is not, and suggest one that there is."""
    name = node.id
    if name in FUNCTIONS or name in REPEATS:
        advice: str | None = f"'{name}' is a function: write {name}(...)"
    else:
        advice = did_you_mean(name, [*env, *FUNCTIONS, *REPEATS])
    fail(node, "unknown-name", f"there is no variable '{name}'", advice)
