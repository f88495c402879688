"""Layers told as graphs of other layer types, with the shapes put in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.layers import layer_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.layers._base import Layer
    from cnncalc.shapes import Shape


class Step(NamedTuple):
    """A part as a layer: what it reads, the shape it puts out, and whose numbers it uses.

    `inputs` and `parameters` are those of `layers._base.Part`.
    """

    layer: Layer
    inputs: tuple[int, ...]
    shape: Shape
    parameters: Mapping[str, str]


def steps(layer: Layer, *inputs: Shape) -> tuple[Step, ...] | None:
    """A layer as other layers on inputs of these shapes; None where no others compute it.

    >>> from cnncalc.layers.hswish import Hswish
    >>> from cnncalc.shapes import Shape
    >>> [(step.layer.type, step.inputs) for step in steps(Hswish(), Shape(8))]
    [('hsigmoid', (0,)), ('mul', (0, 1))]
    """
    parts = layer.expressed(*inputs)
    if parts is None:
        return None
    shapes = list(inputs)
    found = []
    for part in parts:
        made = layer_type(part.type)(**part.fields)
        shapes.append(made.output_shape(*(shapes[at] for at in part.inputs)))
        found.append(Step(made, part.inputs, shapes[-1], part.parameters))
    return tuple(found)
