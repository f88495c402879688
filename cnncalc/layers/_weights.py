"""What layer types with weights share: a weight and a bias, stored, found again and explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.layers._base import Parameter, Step
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cnncalc.tensor import Scalar


def weight_and_bias(
    weight: tuple[int, ...], bias: tuple[int, ...], has_bias: bool
) -> tuple[Parameter, ...]:
    """A weight of these dimensions and, where wanted, a bias of those.

    >>> [parameter.size for parameter in weight_and_bias((84, 120), (84,), has_bias=True)]
    [10080, 84]
    """
    stored = Parameter("weight", weight)
    return (stored, Parameter("bias", bias)) if has_bias else (stored,)


def bias_or_zeros(
    parameters: Mapping[str, Sequence[Scalar]], count: int, has_bias: bool
) -> Sequence[Scalar]:
    """The biases; as many zeros where the layer has none.

    >>> bias_or_zeros({"weight": [2.0, 3.0]}, 2, has_bias=False)
    [0.0, 0.0]
    """
    return parameters["bias"] if has_bias else [0.0] * count


def add_weighted(total: Scalar, values: Iterable[Scalar], weights: Iterable[Scalar]) -> Scalar:
    """The total and, one after the other, every value x weight.

    >>> add_weighted(0.5, [1.0, 2.0], [3.0, 4.0])
    11.5
    """
    for value, weight in zip(values, weights, strict=True):
        total = total + value * weight
    return total


def scale_and_shift(*dims: int) -> tuple[Parameter, Parameter]:
    """The learned weight and bias of these dimensions.

    >>> [parameter.size for parameter in scale_and_shift(64)]
    [64, 64]
    """
    return Parameter("weight", dims), Parameter("bias", dims)


def scaled_channels(x: Tensor, parameters: Mapping[str, Sequence[Scalar]]) -> Tensor:
    """Every channel times its weight plus its bias.

    >>> from cnncalc.shapes import Shape
    >>> pair = Tensor(Shape(2), [1.0, 2.0])
    >>> scaled_channels(pair, {"weight": [3.0, 4.0], "bias": [0.5, 0.5]}).values
    [3.5, 8.5]
    """
    pairs = zip(parameters["weight"], parameters["bias"], strict=True)
    planes = ([v * w + b for v in x.plane(c)] for c, (w, b) in enumerate(pairs))
    return Tensor(x.shape, [value for plane in planes for value in plane])


def weight_alone_steps(letters: str, count: int) -> list[Step]:
    """Weights and params of a layer that has no bias; `layer_options` name their count.

    >>> [step.field for step in weight_alone_steps("D", 96)]
    ['weights', 'params']
    """
    weights = Step("weights", "weights", letters, f"{count}", count)
    return [weights, weights._replace(field="params", label="params")]
