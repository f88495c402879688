"""Which lines and columns of a report are shown, and how they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncalc.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable


Units = Literal["exact", "si"]  # whole numbers, or prefixes such as k, M and G


class Choice(NamedTuple):
    """The options of a table.

    `columns` None means the usual set, without those that would be empty. `depth` None means
    the deepest level of groups whose table stays readable. `only` keeps layer types, `at` keeps
    one layer or group; `sort` orders by a column, largest first, and `top` keeps that many
    lines. `bars` draws a figure. `units` None means whole numbers in the table, and prefixes for
    large numbers below it.

    >>> Choice(only=("conv",)).picks, Choice(depth=1).picks
    (True, False)
    """

    columns: tuple[str, ...] | None = None
    depth: int | None = None
    expand: bool = False
    only: tuple[str, ...] = ()
    at: str | None = None
    sort: str | None = None
    top: int | None = None
    layout: str | None = None
    units: Units | None = None
    ascii: bool = False
    bars: str | None = None

    @property
    def picks(self) -> bool:
        """Whether only some lines are shown, rather than the network as a whole."""
        return bool(self.only or self.at or self.sort or self.top is not None)


class ChoiceError(ValueError):
    """A command-line word that names no column, layer or figure; `help` suggests the closest.

    >>> error = ChoiceError("column", "param", ["params", "macs"])
    >>> str(error), error.help
    ("there is no column 'param'", "did you mean 'params'?")
    """

    def __init__(self, what: str, word: str, known: Iterable[str]) -> None:
        super().__init__(f"there is no {what} '{word}'")
        self.help = did_you_mean(word, known)
