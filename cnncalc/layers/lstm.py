"""Long short-term memory: a cell that gates what it takes in, keeps and gives, step by step.

Gates i, f, o and the candidate g from W·x + U·h + both biases; c = f·c + i·g, h = o·tanh(c).
Weights 4·H·(I + H) a direction. PyTorch keeps two biases, 2·4·H; Keras one, 4·H (`biases=1`).
Source: Hochreiter & Schmidhuber 1997; with forget gate, Gers et al. 2000.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._fields import Count, OneOrTwo, Switch
from cnncalc.layers._math import sigmoid, tanh, times, weigh
from cnncalc.layers._recurrent import Cell, Recurrent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Lstm(Recurrent):
    """`lstm 256 bidirectional layers=2`: input (I, T), output (D·H, T), forward half first.

    `last` gives only each direction's last state, a vector; `reverse` reads the sequence from its
    end alone; `biases=1` has one bias a unit, as Keras does.

    >>> from cnncalc.shapes import Shape
    >>> head = Lstm(units=256)
    >>> sum(parameter.size for parameter in head.parameters(Shape(512, (26,))))
    788480
    """

    units: Count
    layers: Count = 1
    bidirectional: Switch = False
    reverse: Switch = False
    bias: Switch = True
    last: Switch = False
    biases: OneOrTwo = 2

    gates: ClassVar[int] = 4
    keras_biases: ClassVar[str] = " (Keras has one bias: half as many)"

    @property
    def states(self) -> int:
        """The output and the cell's memory."""
        return 2

    def step(
        self, cell: Cell, x: Sequence[Scalar], state: tuple[list[Scalar], ...]
    ) -> tuple[list[Scalar], ...]:
        """Gates from input and output, then the memory, then the output."""
        h, c = state
        inner = weigh(x, cell.weight_ih, cell.bias_ih)
        outer = weigh(h, cell.weight_hh, cell.bias_hh)
        sums = [a + b for a, b in zip(inner, outer, strict=True)]
        n = self.units
        taken, kept, given = (list(map(sigmoid, sums[at : at + n])) for at in (0, n, 3 * n))
        fresh = list(map(tanh, sums[2 * n : 3 * n]))
        rows = zip(kept, c, taken, fresh, strict=True)
        memory = [times(f, old) + times(i, new) for f, old, i, new in rows]
        return [times(o, tanh(m)) for o, m in zip(given, memory, strict=True)], memory
