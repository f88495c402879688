"""Plain recurrent layer: h = tanh(W·x + U·h + both biases), step by step.

Weights H·(I + H) a direction. PyTorch keeps two biases, 2·H; Keras (SimpleRNN) one, H (`biases=1`).
Source: Elman 1990.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._fields import Count, OneOrTwo, Switch
from cnncalc.layers._math import tanh, weigh
from cnncalc.layers._recurrent import Cell, Recurrent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rnn(Recurrent):
    """`rnn 256`: input (I, T), output (D·H, T), forward half first.

    `last` gives only each direction's last state, a vector; `reverse` reads the sequence from its
    end alone; `biases=1` has one bias a unit, as Keras does.

    >>> from cnncalc.shapes import Shape
    >>> sum(parameter.size for parameter in Rnn(units=256).parameters(Shape(512, (26,))))
    197120
    """

    units: Count
    layers: Count = 1
    bidirectional: Switch = False
    reverse: Switch = False
    bias: Switch = True
    last: Switch = False
    biases: OneOrTwo = 2

    gates: ClassVar[int] = 1
    keras_biases: ClassVar[str] = " (Keras has one bias: half as many)"

    def step(
        self, cell: Cell, x: Sequence[Scalar], state: tuple[list[Scalar], ...]
    ) -> tuple[list[Scalar], ...]:
        """The weighted input and state, squeezed."""
        inner = weigh(x, cell.weight_ih, cell.bias_ih)
        outer = weigh(state[0], cell.weight_hh, cell.bias_hh)
        return ([tanh(a + b) for a, b in zip(inner, outer, strict=True)],)
