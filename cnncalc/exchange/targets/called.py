"""What a layer is called in each framework: read off what the framework's writer makes of it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from cnncalc.errors import UnplacedError
from cnncalc.exchange.targets import WRITERS, NoCounterpart
from cnncalc.shapes import Shape

if TYPE_CHECKING:
    from cnncalc.exchange.targets import Target
    from cnncalc.layers._base import Layer

# Inputs to try, until the layer takes them: a map, a square matrix, a vector, a volume.
SIZES = ((112, 112), (64,), (), (16, 16, 16))
INPUTS = (*(Shape(channels, sizes) for channels in (64, 1) for sizes in SIZES), Shape(7 * 7 * 128))


def called(layer: Layer) -> dict[Target, str]:
    """The names of a layer in each framework, on an input that it takes.

    What stands for it together is joined by commas, x and y are its inputs, and a class is one
    that the code brings along. Where there is none, or not with these settings, it says why.

    >>> from cnncalc.layers.conv import Conv
    >>> called(Conv(filters=8, kernel=(3,)))
    {'pytorch': 'nn.Conv2d', 'keras': 'Conv2D', 'onnx': 'Conv'}
    """
    shapes, out = _placed(layer)
    found: dict[Target, str] = {}
    for target, module in WRITERS.items():
        layers = import_module(f"{module.rpartition('.')[0]}._{target}_layers")
        try:
            found[target] = layers.called(layer, shapes, out)
        except NoCounterpart as problem:
            start = "none" if layer.type in layers.WITHOUT else "not with these settings"
            found[target] = f"{start}: {problem}"
    return found


def _placed(layer: Layer) -> tuple[tuple[Shape, ...], Shape]:
    """Inputs that a layer takes, and its output."""
    for shape in INPUTS:
        shapes = (shape,) * layer.arity[0]
        try:
            return shapes, layer.output_shape(*shapes)
        except UnplacedError:
            continue
    raise ValueError(f"no input for {layer}")  # then a new layer type needs another one above
