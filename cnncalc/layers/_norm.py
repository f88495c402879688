"""What the normalising layer types share: standardising numbers, and how it is explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import Step, product
from cnncalc.layers._math import sqrt
from cnncalc.layers._steps import neurons
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.layers._base import Parameter
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar


def standardize(values: Sequence[Scalar], eps: float) -> list[Scalar]:
    """(x - mean)/sqrt(variance + eps); the variance divides by the count, as in training.

    >>> standardize([1.0, 3.0], 0.0)
    [-1.0, 1.0]
    """
    mean = sum(values) / len(values)
    centred = [x - mean for x in values]
    spread = sqrt(sum(x * x for x in centred) / len(values) + eps)
    return [x / spread for x in centred]


def standardize_groups(x: Tensor, groups: int, eps: float) -> Tensor:
    """The channels parted into groups of equal size, each standardised as a whole.

    >>> from cnncalc.shapes import Shape
    >>> standardize_groups(Tensor(Shape(2, (2,)), [1.0, 3.0, 5.0, 9.0]), 2, 0.0).values
    [-1.0, 1.0, -1.0, 1.0]
    """
    size = x.shape.size // groups
    parts = (x.values[start : start + size] for start in range(0, x.shape.size, size))
    return Tensor(x.shape, [value for part in parts for value in standardize(part, eps)])


def norm_steps(out: Shape, learned: Sequence[Parameter], letters: str = "D") -> list[Step]:
    """Neurons, and the weights and biases where any are learned, whose sizes `layer_options` name.

    >>> from cnncalc.layers._weights import scale_and_shift
    >>> from cnncalc.shapes import Shape
    >>> norm_steps(Shape(64, (56, 56)), scale_and_shift(64))[-1].numbers
    '64 + 64'
    """
    if not learned:
        return [neurons(out)]
    count, numbers = learned[0].size, product(*learned[0].dims)
    return [
        neurons(out),
        Step("weights", "weights", letters, numbers, count),
        Step("biases", "biases", letters, numbers, count),
        Step("params", "params", "weights + biases", f"{count} + {count}", 2 * count),
    ]


def require_several(count: int) -> None:
    """Raise UnplacedError where a mean would be taken of one number: nothing of it would be left.

    >>> require_several(2)
    >>> require_several(1)
    Traceback (most recent call last):
        ...
    cnncalc.errors.UnplacedError: normalising a single number leaves nothing of it
    """
    if count == 1:
        raise UnplacedError(
            "one-value",
            "normalising a single number leaves nothing of it",
            help="normalise over more positions or channels, e.g. with bn or ln",
        )
