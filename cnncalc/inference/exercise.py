"""One layer on typed numbers, as in an exercise: its forward pass and the trace of every neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.inference.neuron_trace import LayerTracer
from cnncalc.inference.parameters import gather
from cnncalc.inference.run import forward
from cnncalc.network import chain
from cnncalc.tensor import positions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.inference.neuron_trace import Trace
    from cnncalc.inference.parameters import Parameters
    from cnncalc.inference.run import Pass
    from cnncalc.layers._base import Layer
    from cnncalc.tensor import Tensor


class Exercise(NamedTuple):
    """A layer's pass, its parameters, and its neurons in order: map by map, row by row."""

    done: Pass
    parameters: Parameters
    traces: tuple[Trace, ...]

    @property
    def output(self) -> Tensor:
        """What the layer puts out."""
        return self.done.tensor(self.done.network.nodes[-1].name)


def work_out(name: str, layer: Layer, x: Tensor, values: Mapping[str, Sequence[float]]) -> Exercise:
    """Run a layer on an input with these parameters, flat by name.

    Raises CnncalcError, or UnplacedError from the layer, where they do not fit together.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> conv = Conv(filters=1, kernel=(2,), bias=False)
    >>> done = work_out("conv", conv, Tensor(Shape(1, (3,)), [1.0, 2.0, 4.0]), {"weight": [1.0, -1.0]})
    >>> done.output.values
    [-1.0, -2.0]
    """  # noqa: E501 - an example is one line
    network = chain(name, x.shape, [(name, layer)])
    row = network.nodes[-1]._replace(values=values or None)
    network = network._replace(nodes=(*network.nodes[:-1], row))
    parameters = gather(network)
    done = forward(network, {"in": x}, parameters, readable=True, keep="all")
    neurons = LayerTracer(done, parameters, row)
    places = (
        (channel, *position)
        for channel in range(row.shape.channels)
        for position in positions(row.shape.spatial)
    )
    return Exercise(done, parameters, tuple(map(neurons.at, places)))
