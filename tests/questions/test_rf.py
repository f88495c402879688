"""Receptive-field advice, and the places that one unit sees, against the remembering scalar."""

import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probe import Probe, Tally

sys.path.insert(0, str(Path(__file__).parents[1] / "analysis"))

from graphs import Graph, conv, layer, lenet5, pool

from cnncalc import analyze, load
from cnncalc.errors import CnncalcError, UnplacedError
from cnncalc.neuron_origin import neuron_origin
from cnncalc.questions.rf import coverage, growth, seen_by
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor, positions


def remembered(network):
    """Run the layer types on numbers that remember: per place, those of the first input."""
    random, tally = Random(7), Tally()
    tensors = []
    for node in network.nodes:
        if not node.inputs:
            bits = [
                1 << place if not tensors else 0
                for _ in range(node.shape.channels)
                for place in range(node.shape.size // node.shape.channels)
            ]
            values = [Probe(random.random(), bit, tally) for bit in bits]
            tensors.append(Tensor(node.shape, values))
            continue
        shapes = network.shapes_into(node)
        parameters = {
            p.name: [random.random() + 0.1 for _ in range(p.size)]
            for p in node.layer.parameters(*shapes)
        }
        tensors.append(node.layer.forward([tensors[i] for i in node.inputs], parameters))
    return [seen_by_place(tensor) for tensor in tensors]


def seen_by_place(tensor):
    """Per place, what its channels have seen together."""
    places = list(positions(tensor.shape.spatial))
    seen = dict.fromkeys(places, 0)
    for index, value in enumerate(tensor.values):
        place = places[index % len(places)]
        seen[place] |= value.seen if isinstance(value, Probe) else 0
    return seen


def places_of(origin, shape):
    """The flat places of an origin as bits."""
    found = 0
    for flat, place in enumerate(positions(shape.spatial)):
        for grid in origin.grids:
            if all(
                any(at in part for part in places) for places, at in zip(grid, place, strict=True)
            ):
                found |= 1 << flat
    return found


def check(graph):
    """The units of every row, above all at its ends, see just the places that are remembered."""
    network = graph.network()
    truth = remembered(network)
    checked = 0
    for node in network.nodes[1:]:
        units = list(positions(node.shape.spatial))
        for unit in units[:6] + units[6:-6:5] + units[6:][-6:]:
            origin = neuron_origin(network, node.index, unit).of.get(0)
            claimed = places_of(origin, network.nodes[0].shape) if origin else 0
            assert claimed == truth[node.index][unit], (node.name, unit)
            checked += 1
    return checked


def some(low, high):
    return st.integers(low, high)


LAYERS = st.one_of(
    st.builds(conv, st.just(1), some(1, 4), some(1, 3), some(0, 2), some(1, 3)),
    st.builds(
        lambda f, mode: conv(1, f, 1, f // 2, padding_mode=mode),
        some(2, 4),
        st.sampled_from(["reflect", "replicate", "circular"]),
    ),
    st.builds(pool, some(2, 3), some(1, 4)),
    st.builds(
        lambda by, mode: layer("upsample", scale=(by,), mode=mode),
        some(2, 3),
        st.sampled_from(["nearest", "bilinear"]),
    ),
    st.builds(lambda size: layer("upsample", size=(size,)), some(5, 20)),
    st.builds(lambda size: layer("adaptivepool", size=(size,)), some(2, 9)),
    st.builds(
        lambda f, s, p, d: layer(
            "conv_transpose",
            filters=1, kernel=(f,), stride=(s,), padding=((p, p),), dilation=(d,),
        ),
        some(1, 4), some(1, 3), some(0, 1), some(1, 2),
    ),
    st.builds(lambda a, b: layer("crop", begin=(a,), end=(b,)), some(0, 2), some(0, 2)),
    st.builds(
        lambda a, b, mode: layer("pad", begin=(a,), end=(b,), mode=mode),
        some(0, 2), some(0, 2), st.sampled_from(["zeros", "reflect", "replicate"]),
    ),
    st.just(layer("relu")),
)  # fmt: skip


@st.composite
def random_graphs(draw, shape):
    """A few layers, each reading any tensor so far, joined wherever sizes agree."""
    graph = Graph(shape)
    for index in range(draw(some(1, 6))):
        names = [node.name for node in graph.nodes]
        source = names[-1] if draw(some(0, 3)) else draw(st.sampled_from(names))
        try:
            graph.add(f"l{index}", draw(LAYERS), source)
        except UnplacedError:
            continue
        new = graph.nodes[-1]
        if max(new.shape.spatial) > 60:
            break
        partners = [n.name for n in graph.nodes[:-1] if n.shape == new.shape]
        if partners and draw(st.booleans()):
            graph.add(f"add{index}", layer("add"), f"{new.name} {draw(st.sampled_from(partners))}")
    return graph


@given(random_graphs(Shape(1, (19,))))
@settings(max_examples=60, deadline=None)
def test_random_graphs_on_one_axis(graph):
    check(graph)


@given(random_graphs(Shape(1, (6, 7))))
@settings(max_examples=30, deadline=None)
def test_random_graphs_on_two_axes(graph):
    check(graph)


def test_gaps_of_a_dilated_filter_and_of_a_transposed_one():
    graph = Graph(Shape(1, (15, 12)))
    graph.add("a", conv(1, 3, 2, 1, 3))
    graph.add("b", layer("conv_transpose", filters=1, kernel=(2,), stride=(3,), dilation=(2,)), "a")
    graph.add("c", conv(1, 2, 2), "b")
    assert check(graph) > 60


def test_axes_that_are_gone():
    """Behind a fully connected layer, global pooling or a reshape every unit sees everything."""
    graph = Graph(Shape(1, (5, 6)))
    graph.add("conv", conv(2, 3, 2))
    graph.add("gap", layer("gap"), "conv")
    graph.add("fc", layer("fc", units=12), "conv")
    graph.add("maps", layer("reshape", size=(2, 3, 2)), "fc")
    graph.add("after", conv(1, 2))
    graph.add("wide", layer("add"), "gap gap")
    assert check(graph) > 10
    assert seen_by(graph.network(), "fc").place == ()


def test_branches_of_a_unet():
    graph = Graph(Shape(1, (12, 12)))
    graph.add("enc", conv(1, 3, p=1))
    graph.add("down", pool(2))
    graph.add("mid", conv(1, 3, p=1))
    graph.add("up", layer("upsample", scale=(2,)))
    graph.add("cat", layer("concat"), "enc up")
    graph.add("dec", conv(1, 3, p=1))
    assert check(graph) > 150


def test_two_branches_that_see_a_cross():
    """One branch looks along the rows, the other along the columns: a box with holes."""
    graph = Graph(Shape(1, (9, 9)))
    graph.add("rows", layer("conv", filters=1, kernel=(1, 5), padding=((0, 0), (2, 2))), "in")
    graph.add("columns", layer("conv", filters=1, kernel=(5, 1), padding=((2, 2), (0, 0))), "in")
    graph.add("both", layer("add"), "rows columns")
    check(graph)
    unit = seen_by(graph.network(), "both", (4, 4))
    assert unit.inputs[0].box == ((2, 6), (2, 6))
    assert not unit.inputs[0].solid
    assert seen_by(graph.network(), "rows", (4, 4)).inputs[0].solid


def test_several_inputs():
    graph = Graph(Shape(1, (9, 9)), Shape(1, (4, 4)))
    graph.add("small", layer("upsample", size=(9, 9)), "in2")
    graph.add("both", layer("add"), "in small")
    unit = seen_by(graph.network(), "both", (8, 0))
    assert [(one.name, one.box) for one in unit.inputs] == [
        ("in", ((8, 8), (0, 0))),
        ("in2", ((3, 3), (0, 0))),
    ]


def test_a_unit_that_sees_nothing():
    """A transposed convolution with filter 1 and stride 3 leaves two of three units empty."""
    graph = Graph(Shape(1, (5,)))
    graph.add("up", layer("conv_transpose", filters=1, kernel=(1,), stride=(3,)))
    assert seen_by(graph.network(), "up", (1,)).inputs == ()
    assert seen_by(graph.network(), "up", (3,)).inputs[0].box == ((1, 1),)
    check(graph)


def test_a_gate_is_not_followed():
    graph = Graph(Shape(4, (16, 16)))
    graph.add("conv", conv(4, 3, p=1))
    graph.add("gap", layer("gap"))
    graph.add("mul", layer("mul"), "conv gap")
    assert seen_by(graph.network(), "mul", (5, 5)).inputs[0].box == ((4, 6), (4, 6))
    assert seen_by(graph.network(), "gap", (0, 0)).inputs[0].box == ((0, 15), (0, 15))


# --- coverage -----------------------------------------------------------------------------------


def test_lenet5_sees_its_whole_input_from_c5_on():
    advice = coverage(lenet5().network())
    assert advice.sees_all == "C5"
    assert advice.outgrown == ()
    shares = {cover.row.name: cover.share for cover in advice.covers}
    assert shares["C3"] * 1024 == 14 * 14
    assert shares["out"] == 1


def test_resnet50_outgrows_a_picture_of_224():
    """Its fields by stage are 35, 91, 267 and 427 pixels, of 224."""
    advice = coverage(load("resnet50"))
    assert advice.sees_all == "layer3.4.conv2"
    assert advice.outgrown[0].row.name == advice.sees_all
    assert all(cover.row.receptive_field.size[0] > 224 for cover in advice.outgrown)


def test_the_unpadded_unet_sees_little_of_its_tile():
    advice = coverage(load("unet"))
    assert advice.sees_all is None
    assert max(cover.share for cover in advice.covers) * 572**2 == 204**2


def test_padding_that_stands_in_for_pixels_does_not_see_all():
    """The field is as wide as the input, but cropping has taken its edge away."""
    graph = Graph(Shape(1, (7,)))
    graph.add("cut", layer("crop", begin=(1,), end=(1,)))
    graph.add("conv", conv(1, 7, p=3))
    network = graph.network()
    assert coverage(network).covers[-1].covered == (7,)
    assert coverage(network).sees_all is None
    whole = Graph(Shape(1, (7,)))
    whole.add("conv", conv(1, 7, p=3))
    assert coverage(whole.network()).sees_all == "conv"


def test_growth_leaves_out_what_hands_the_field_on():
    names = [cover.row.name for cover in growth(coverage(lenet5().network()))]
    assert names == ["C1", "S2", "C3", "S4", "C5", "F6"]
    assert growth(coverage(Graph(Shape(10)).network())) == ()


def test_growth_is_measured_against_what_goes_in():
    """A branch that grows to what the row before it already had grows all the same."""
    graph = Graph(Shape(3, (32, 32)))
    graph.add("a", conv(4, 3, p=1))
    graph.add("wide", conv(4, 7, p=3), "a")
    graph.add("slow", conv(4, 5, p=2), "a")
    graph.add("same", conv(4, 3, p=1), "slow")
    graph.add("sum", layer("add"), "wide same")
    names = [cover.row.name for cover in growth(coverage(graph.network()))]
    assert names == ["a", "wide", "slow", "same"]


def test_coverage_agrees_with_the_report():
    network = load("unet-padded")
    fields = {row.name: row.receptive_field for row in analyze(network).rows}
    for cover in coverage(network).covers:
        field = fields[cover.row.name]
        assert all(c <= size for c, size in zip(cover.covered, field.size, strict=True))
        assert cover.outgrows == any(s > w for s, w in zip(field.size, cover.source, strict=True))


# --- names and places ---------------------------------------------------------------------------


def test_a_part_stands_for_its_last_layer():
    unit = seen_by(load("resnet50"), "layer1", (3, 3))
    assert unit.name.startswith("layer1.2.")
    assert unit.inputs[0].box == ((0, 29), (0, 29))  # 12 + 35/2 pixels from the corner


@pytest.mark.parametrize(
    ("name", "place", "message", "help_"),
    [
        (
            "C3",
            (4, 10),
            "C3 has no unit at width 10: its width is 10",
            "positions count from 0 to 9",
        ),
        (
            "C3",
            (4,),
            "1 coordinate for C3, whose output 10×10×16 has 2 spatial axes",
            "write C3:H,W",
        ),
        ("F6", (0,), "1 coordinate for F6, whose output 84 has 0 spatial axes", "write just F6"),
        ("C33", None, "LeNet-5 has no layer named 'C33'", "did you mean 'C3'?"),
    ],
)  # fmt: skip
def test_what_is_not_there(name, place, message, help_):
    network = load("lenet5")
    assert seen_by(network, "C3", (4, 9)).place == (4, 9)
    with pytest.raises(CnncalcError) as caught:
        seen_by(network, name, place)
    (problem,) = caught.value.diagnostics
    assert (problem.message, problem.help) == (message, help_)
