"""Gated recurrent unit: a cell that mixes its old state with a new one, gate by gate.

Gates r, z from W·x + U·h + both biases; n = tanh(W·x + b + r·(U·h + b')), h = (1 - z)·n + z·h.
With `reset_before`, n = tanh(W·x + b + U·(r·h) + b').
Weights 3·H·(I + H) a direction, biases 2·3·H as in PyTorch and in Keras (`reset_after`); Keras has
one bias, 3·H, where it resets before (`biases=1`).
Source: Cho et al. 2014 (arXiv 1406.1078), who reset before the product; the usual form is cuDNN's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from cnncalc.layers._base import Words
from cnncalc.layers._fields import Count, OneOrTwo, Switch
from cnncalc.layers._math import sigmoid, tanh, times, weigh
from cnncalc.layers._recurrent import Cell, Recurrent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.tensor import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Gru(Recurrent):
    """`gru 256 bidirectional`: input (I, T), output (D·H, T), forward half first.

    `last` gives only each direction's last state, a vector; `reverse` reads the sequence from its
    end alone; `reset_before` resets the state before its weights work, as ONNX does with
    linear_before_reset=0, and Keras with one bias (`biases=1`).

    >>> from cnncalc.shapes import Shape
    >>> sum(parameter.size for parameter in Gru(units=256).parameters(Shape(512, (26,))))
    591360
    """

    units: Count
    layers: Count = 1
    bidirectional: Switch = False
    reverse: Switch = False
    bias: Switch = True
    last: Switch = False
    biases: OneOrTwo = 2
    reset_after: Switch = True

    words: ClassVar[Words] = {**Recurrent.words, "reset_before": ("reset_after", False)}
    gates: ClassVar[int] = 3
    keras_biases: ClassVar[str] = " (Keras as well, with reset_after)"

    def step(
        self, cell: Cell, x: Sequence[Scalar], state: tuple[list[Scalar], ...]
    ) -> tuple[list[Scalar], ...]:
        """Gates from input and state, then the new state, then the mixture."""
        (h,) = state
        n = self.units
        inner = weigh(x, cell.weight_ih, cell.bias_ih)
        gates = weigh(h, cell.weight_hh[: 2 * n * n], cell.bias_hh[: 2 * n])
        opened = [sigmoid(a + b) for a, b in zip(inner, gates, strict=False)]
        reset, update = opened[:n], opened[n:]
        own, bias = cell.weight_hh[2 * n * n :], cell.bias_hh[2 * n :]
        if self.reset_after:
            outer = [times(r, a) for r, a in zip(reset, weigh(h, own, bias), strict=True)]
        else:
            outer = weigh(list(map(times, reset, h)), own, bias)
        fresh = [tanh(a + b) for a, b in zip(inner[2 * n :], outer, strict=True)]
        rows = zip(update, fresh, h, strict=True)
        return ([times(1 - z, new) + times(z, old) for z, new, old in rows],)
