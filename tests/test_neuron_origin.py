"""One way back from a neuron: `rf --at` and `forward --trace` say the same, on maps of any size."""

import sys
from pathlib import Path
from time import perf_counter

import pytest

sys.path.insert(0, str(Path(__file__).parent / "analysis"))
sys.path.insert(0, str(Path(__file__).parent / "inference"))

from graphs import Graph, conv, layer, pool
from nets import ramp

from cnncalc.errors import CnncalcError
from cnncalc.inference.neuron_trace import LayerTracer
from cnncalc.inference.parameters import gather
from cnncalc.inference.run import forward
from cnncalc.neuron_origin import neuron_origin
from cnncalc.questions.rf import seen_by
from cnncalc.render import rf, trace
from cnncalc.shapes import Shape
from cnncalc.tensor import positions


def circular():
    graph = Graph(Shape(1, (7, 9)))
    graph.add("C1", conv(1, 3, p=1, padding_mode="circular"))
    return graph


def sparse():
    """Behind a transposed convolution of stride 4 and filter 2 half of the units see nothing."""
    graph = Graph(Shape(1, (5, 6)))
    graph.add("up", layer("conv_transpose", filters=1, kernel=(2,), stride=(4,)))
    graph.add("C1", conv(1, 3, d=2))
    return graph


def gated():
    """Squeeze and excitation, then layers of all kinds behind the gate."""
    graph = Graph(Shape(2, (8, 8)))
    graph.add("a", conv(2, 3, p=1))
    graph.add("gap", layer("gap"))
    graph.add("gate", conv(2, 1))
    graph.add("mul", layer("mul"), "a gate")
    graph.add("b", conv(2, 3, 2, 1))
    graph.add("add", layer("concat"), "b b")
    graph.add("fc", layer("fc", units=3))
    return graph


@pytest.mark.parametrize("graph", [circular(), sparse(), gated()], ids=["wraps", "holes", "gate"])
def test_both_commands_see_the_same_for_every_neuron(graph):
    network = graph.network()
    parameters = gather(network)
    done = forward(network, {"in": ramp(network.nodes[0].shape)}, parameters, keep="all")
    for node in network.nodes[1:]:
        neurons = LayerTracer(done, parameters, node)
        for position in positions(node.shape.spatial):
            unit, traced = seen_by(network, node.name, position), neurons.at((0, *position))
            assert {one.name: one.box for one in unit.inputs} == traced.field
            assert unit.gated == traced.gated


def test_circular_padding_is_read_from_the_other_side():
    """The corner of a 7x9 map reads its last row and its last column."""
    unit = seen_by(circular().network(), "C1", (0, 0))
    assert unit.inputs[0].box == ((0, 6), (0, 8))
    assert not unit.inputs[0].solid


def test_a_gate_is_said_alike():
    network = gated().network()
    parameters = gather(network)
    done = forward(network, {"in": ramp(network.nodes[0].shape)}, parameters, keep="all")
    said = "a gate on the way scales by a global pool of the whole map"
    for name, position in (("a", (4, 4)), ("gate", (0, 0)), ("mul", (4, 4)), ("b", (2, 2))):
        of_unit = rf.unit_text(seen_by(network, name, position), "HWC")
        neuron = LayerTracer(done, parameters, network.row(name)).at((0, *position))
        of_neuron = "\n".join(trace.lines(neuron))
        assert (said in of_unit) == (said in of_neuron) == (name in {"mul", "b"})
    assert seen_by(network, "b", (2, 2)).inputs[0].box == ((2, 6), (2, 6))


@pytest.mark.parametrize("size", [10**4, 10**9])
def test_the_size_of_a_map_costs_no_time(size):
    """All of the map, every second place of it, and holes that a dilated filter looks through."""
    graph = Graph(Shape(1, (size, size)))
    graph.add("strided", conv(1, 1, 2))
    graph.add("wide", conv(1, 3, d=5))
    graph.add("pooled", pool(3, 2))
    graph.add("up", layer("conv_transpose", filters=1, kernel=(3,), stride=(7,)))
    graph.add("all", layer("gap"))
    started = perf_counter()
    unit = seen_by(graph.network(), "all", (0, 0))
    last = 2 * (graph.nodes[1].shape.spatial[0] - 1)
    (box,) = {one.box for one in unit.inputs}
    assert box[0][0] == 0
    assert last - 8 <= box[0][1] <= last  # the pool may leave a column or two
    assert not unit.inputs[0].solid  # the 1x1 filter skips every second place
    assert perf_counter() - started < 1


def test_every_place_between_two_progressions():
    """Even and odd places, each read by a branch of its own: together there is no gap."""
    graph = Graph(Shape(1, (10**9,)))
    graph.add("even", conv(1, 1, 2), "in")
    graph.add("cut", layer("crop", begin=(1,), end=(0,)), "in")
    graph.add("odd", conv(1, 1, 2), "cut")
    graph.add("both", layer("add"), "even odd")
    graph.add("all", layer("gap"))
    unit = seen_by(graph.network(), "all", (0,))
    assert unit.inputs[0].box == ((0, 10**9 - 1),)
    assert unit.inputs[0].solid


def test_places_with_too_many_gaps_are_refused():
    """Nearest of 10^6 + 3 places to 10^6 - 1 leaves gaps that follow no short pattern."""
    graph = Graph(Shape(1, (10**6 + 3,)))
    graph.add("up", layer("upsample", size=(6 * 10**5 + 1,)))
    graph.add("all", layer("gap"))
    with pytest.raises(CnncalcError, match="too many gaps"):
        neuron_origin(graph.network(), 2, (0,))
