"""What one neuron reads: the numbers of its window, their weights, and how they are joined."""

from __future__ import annotations

from math import fsum
from typing import Literal, NamedTuple

# How the terms become the neuron: their weighted sum; the sum of their squared distances from
# the weights; their largest; their mean or sum; or the number found there, passed on or changed.
Rule = Literal["weighted", "squares", "max", "mean", "sum", "moved", "changed"]


class Term(NamedTuple):
    """A number read: of which input (from 0), channel and position; None in the padding."""

    source: int
    channel: int
    at: tuple[int, ...] | None
    value: float
    weight: float | None = None
    squared: bool = False

    @property
    def product(self) -> float:
        """What it adds to the sum."""
        if self.weight is None:
            return self.value
        return (self.value - self.weight) ** 2 if self.squared else self.value * self.weight


class Reading(NamedTuple):
    """The terms of one neuron, channel by channel, `window` being the sizes of one channel's.

    The result is bias + factor x (the terms joined by the rule), or None where the rule does
    not tell it (`changed`).
    """

    rule: Rule
    terms: tuple[Term, ...]
    window: tuple[int, ...] = ()
    bias: float | None = None
    factor: float | None = None
    divisor: int | None = None

    @property
    def sum(self) -> float:
        """The exact sum of what the terms add, rounded once."""
        return fsum(term.product for term in self.terms)

    @property
    def winner(self) -> Term | None:
        """The first of the largest terms; None where there is none, or the rule is another."""
        inside = [term for term in self.terms if term.at is not None]
        return max(inside, key=lambda term: term.value) if self.rule == "max" and inside else None

    @property
    def result(self) -> float | None:
        """What the terms give."""
        if self.rule == "changed":
            return None
        if self.rule == "max":
            return self.winner.value if self.winner else float("-inf")
        total = self.sum if self.divisor is None else self.sum / self.divisor
        return total * (1.0 if self.factor is None else self.factor) + (self.bias or 0.0)
