"""How often something is repeated, and how long and how large a network can become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import CnncalcError, failure
from cnncalc.spec.validation import shown
from cnncalc.spec.values import evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.errors import Span
    from cnncalc.spec.syntax import Argument

# More than any network of the literature (Xiao et al. 2018, arXiv 1806.05393, train 10,000
# convolutions), and few enough for a report in seconds and 150 MB.
MAX_ROWS = 50_000
# As many numbers as the largest input can hold. Every figure then has fewer digits than a float
# or a printed number may have.
LARGEST_TENSOR = 10**60


def whole_count(argument: Argument, env: Mapping[str, object]) -> int:
    """A repeat count: a whole number, not negative. Raises CnncalcError.

    >>> from cnncalc.errors import Span
    >>> from cnncalc.spec.syntax import Argument
    >>> whole_count(Argument("x", 3, Span("net.yaml", 1, 1, 2)), {})
    3
    """
    value = evaluate(argument.value, env)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        message = f"a repeat count must be a whole number from 0, got {shown(value)}"
        raise failure("repeat", message, argument.span)
    return value


def too_many(span: Span | None, least: int = MAX_ROWS + 1) -> CnncalcError:
    """The complaint about a network with at least so many layers."""
    return failure(
        "too-many",
        f"the network would have at least {least:,} layers; {MAX_ROWS:,} are allowed",
        span,
        help="look for a repeat inside a repeat, or for blocks that call each other several times",
    )
