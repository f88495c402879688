"""Traces: the terms of every neuron of every layer type give what the forward pass gives."""

# ruff: noqa: E501 - messages stand whole, as users see them

import pytest
from golden import load, samples
from golden import parameters as weights_of
from hypothesis import HealthCheck, given, reject, settings
from nets import network_of, ramp, run_values, sample_for
from strategies import examples

from cnncalc.errors import CnncalcError, UnplacedError
from cnncalc.inference.neuron_trace import LayerTracer, find, needed, trace
from cnncalc.inference.parameters import gather
from cnncalc.inference.run import forward
from cnncalc.layers import layer_type, layer_types
from cnncalc.layers._base import Layer
from cnncalc.layers._neuron import NeuronReading, NeuronTerm
from cnncalc.network import Group, Network, chain
from cnncalc.neuron_origin import neuron_origin
from cnncalc.render import trace as render
from cnncalc.render.json import real_number
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor, positions

TOLD = {"conv", "dwconv", "localconv", "conv_transpose", "fc", "rbf", "linear", "subsample",
        "maxpool", "avgpool", "sumpool", "adaptivepool", "gap", "gmp"}  # fmt: skip
MOVED = {"flatten", "reshape", "shuffle", "slice", "chunk", "crop", "concat", "identity", "dropout",
         "space2depth", "depth2space"}  # fmt: skip


@pytest.mark.parametrize("name", sorted({*layer_types()} - {"custom"}))
def test_the_terms_give_the_number(name):
    @settings(
        max_examples=6, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(examples(layer_type(name)))
    def agree(example):
        layer, shapes = example
        try:
            network = network_of(layer, shapes=shapes)
        except UnplacedError:
            reject()
        samples = {node.name: sample_for(layer, node.shape) for node in network.inputs}
        done, parameters = run_values(network, samples, readable=True)
        node = network.nodes[-1]
        neurons = LayerTracer(done, parameters, node)
        places = [
            (k, *at) for k in range(node.shape.channels) for at in positions(node.shape.spatial)
        ]
        for place in places[:: max(1, len(places) // 6)]:
            found = neurons.at(place)  # raises where they do not
            rule = found.reading.rule
            assert (rule not in ("moved", "changed")) == (name in TOLD)
            assert rule == "moved" or name not in MOVED
            assert list(render.lines(found))
            assert render.document(found)["output"] == real_number(found.output)

    agree()


@pytest.mark.parametrize("name", sorted(TOLD & {"conv", "dwconv", "localconv", "fc", "linear"}))
def test_the_terms_are_in_the_order_of_the_sum(name):
    """Added one by one after the bias, as the layer type does, they give the same float."""

    @settings(
        max_examples=6, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(examples(layer_type(name)))
    def agree(example):
        layer, shapes = example
        try:
            network = network_of(layer, shapes=shapes)
        except UnplacedError:
            reject()
        done, parameters = run_values(network, {"a": ramp(shapes[0])}, readable=True)
        node = network.nodes[-1]
        last = (node.shape.channels - 1, *(size - 1 for size in node.shape.spatial))
        found = LayerTracer(done, parameters, node).at(last)
        total = found.reading.bias or 0.0
        for term in found.reading.terms:
            total = total + term.product
        assert total == found.output

    agree()


def inner(plane):
    """A 5x5 plane without the zeros around it."""
    return [plane[7 * y + x] for y in range(1, 6) for x in range(1, 6)]


def test_a_convolution_like_the_demo_of_the_cs231n_notes():
    """A corner of it: 27 terms, of which five per map lie in the padding."""
    case = load("conv2d_cs231n_demo")
    layer = layer_type("conv")(filters=2, kernel=(3,), stride=(2,), padding=((1, 1),))
    ((padded,),) = samples(case)
    x = Tensor(Shape(3, (5, 5)), [v for c in range(3) for v in inner(padded.plane(c))])
    net = network_of(layer, shapes=[x.shape])
    start, row = net.nodes
    row = row._replace(values=weights_of(case))
    net = Network(name="demo", nodes=(start, row), outputs=(1,))
    parameters = gather(net)
    done = forward(net, {"a": x}, parameters, keep="all")
    found = trace(done, parameters, "row", (0, 0, 0))
    assert found.output == case["output"][0][0][0][0]
    assert len(found.reading.terms) == 27
    assert [term.at is None for term in found.reading.terms[:9]] == [
        True, True, True, True, False, False, True, False, False,
    ]  # fmt: skip
    assert found.field == {"a": ((0, 1), (0, 1))}


def test_attached_layers_follow():
    net = chain("net", Shape(1, (3,)), [("c", layer_type("conv")(filters=1, kernel=(1,), bias=False)),
                                        ("c.bn", layer_type("bn")()), ("c.relu", layer_type("relu")())])  # fmt: skip
    start, c, bn, relu = net.nodes
    nodes = (start, c._replace(values={"weight": [-2.0]}), bn._replace(attached_to=1),
             relu._replace(attached_to=1))  # fmt: skip
    net = Network(name="net", nodes=nodes, outputs=(3,))
    parameters = gather(net)
    sample = {"in": Tensor(Shape(1, (3,)), [1.0, 2.0, -4.0])}
    assert needed(net, "c") == {"in", "c", "c.bn", "c.relu"}
    done = forward(net, sample, parameters, keep=needed(net, "c"))
    found = trace(done, parameters, "c", (0, 1))
    assert [(row.type, round(row.value, 4)) for row in found.after] == [("bn", -4.0), ("relu", 0.0)]
    assert list(render.lines(found)) == [
        "c (conv), neuron map 0, x 1 = -4",
        "  map 0",
        "    input    weight    product",
        "    2        -2        -4",
        "  sum       -4",
        "  bn        -3.99998   (c.bn)",
        "  relu      0   (c.relu)",
        "  sees      in: length 1 to 1",
    ]


def test_pooling_tells_the_winner():
    net = chain(
        "net", Shape(1, (2, 2)), [("p", layer_type("maxpool")(kernel=(2,), padding=((1, 1),)))]
    )
    parameters = gather(net)
    sample = {"in": Tensor(Shape(1, (2, 2)), [5.0, -1.0, 2.0, -3.0])}
    done = forward(net, sample, parameters, keep="all")
    found = trace(done, parameters, "p", (0, 1, 1))
    assert found.reading.winner.at == (1, 1)
    assert list(render.lines(found)) == [
        "p (maxpool), neuron map 0, y 1, x 1 = -3",
        "  map 0",
        "    input",
        "    -3  .",
        "     .  .",
        "  largest   -3   (map 0, y 1, x 1)",
        "  sees      in: height 1 to 1, width 1 to 1",
    ]


def test_large_windows_are_abridged_and_the_sum_is_exact():
    size = 300
    net = chain("net", Shape(size), [("fc", layer_type("fc")(units=1, bias=False))])
    start, fc = net.nodes
    weights = [0.1] * (size - 1) + [7.0]
    fc = fc._replace(values={"weight": weights})
    net = Network(name="net", nodes=(start, fc), outputs=(1,))
    parameters = gather(net)
    done = forward(net, {"in": Tensor(Shape(size), [1.0] * size)}, parameters, keep="all")
    found = trace(done, parameters, "fc", (0,))
    lines = list(render.lines(found))
    assert lines[1] == "  the 10 largest of 300 contributions"
    assert lines[2].split() == ["input", "299", "1", "·", "7", "=", "7"]
    assert lines[12].split() == ["all", "others", "29"]
    assert found.reading.sum == pytest.approx(36.9, abs=1e-14)


def test_many_maps_are_abridged():
    net = chain("net", Shape(9, (3, 3)), [("c", layer_type("conv")(filters=1, kernel=(3,)))])
    parameters = gather(net)
    done = forward(net, {"in": ramp(Shape(9, (3, 3)))}, parameters, keep="all")
    lines = list(render.lines(trace(done, parameters, "c", (0, 0, 0))))
    assert sum(line.startswith("  map ") for line in lines) == 6
    assert any(line.startswith("  and 3 more maps, together ") for line in lines)


def test_documents_keep_the_largest_of_many_terms():
    terms = tuple(NeuronTerm(0, i, (), 1.0, float(i)) for i in range(5000))
    net = chain("net", Shape(2), [("relu", layer_type("relu")())])
    done = forward(net, {"in": ramp(Shape(2))}, gather(net), keep="all")
    found = trace(done, gather(net), "relu", (0,))._replace(
        reading=NeuronReading("weighted", terms)
    )
    told = render.document(found)
    assert (len(told["terms"]), told["terms_left_out"]) == (4096, 904)
    assert told["terms"][0]["product"] == 4999.0
    assert told["sum"] == 5000 * 4999 / 2


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ((4, 0, 0), "no-neuron: c has no neuron 4,0,0: K,Y,X run from 0 to 3,5,6"),
        ((0, 6, 0), "no-neuron: c has no neuron 0,6,0: K,Y,X run from 0 to 3,5,6"),
        ((0,), "no-neuron: c has no neuron 0: K,Y,X run from 0 to 3,5,6"),
    ],
)
def test_places_that_are_none(place, said):
    net = chain("net", Shape(1, (6, 7)), [("c", layer_type("conv")(filters=4, kernel=(1,)))])
    parameters = gather(net)
    done = forward(net, {"in": ramp(Shape(1, (6, 7)))}, parameters, keep="all")
    assert trace(done, parameters, "c", (3, 5, 6)).place == (3, 5, 6)
    with pytest.raises(CnncalcError) as caught:
        trace(done, parameters, "c", place)
    assert str(caught.value) == said


def test_layers_are_found_by_name_and_by_part():
    net = chain(
        "net", Shape(2), [("a.relu", layer_type("relu")()), ("a.tanh", layer_type("tanh")())]
    )
    net = Network(name="n", nodes=net.nodes, outputs=(2,), groups={"a": Group("a", "2 layers", 2)})
    assert find(net, "a").name == "a.tanh"
    with pytest.raises(
        CnncalcError, match=r"^unknown-layer: the network has no layer 'a.rel'$"
    ) as e:
        find(net, "a.rel")
    assert e.value.diagnostics[0].help == "did you mean 'a.relu'?"


def test_a_story_that_does_not_fit_the_number_is_an_error():
    net = chain("net", Shape(2), [("fc", layer_type("fc")(units=1))])
    parameters = gather(net)
    done = forward(net, {"in": ramp(Shape(2))}, parameters, keep="all")
    wrong = done.rows[1]._replace(output=Tensor(Shape(1), [99.0]))
    done = done._replace(rows=(done.rows[0], wrong))
    with pytest.raises(CnncalcError, match=r"^wrong-trace: fc \(0,\): its terms give .*, the forw"):
        trace(done, parameters, "fc", (0,))


def traced(layer, *values, place):
    """What the neuron at a place of a layer reads of inputs with these numbers: (input, value)."""
    names = "abc"[: len(values)]
    net = network_of(layer, shapes=[shape for shape, _ in values])
    samples = {name: Tensor(*given) for name, given in zip(names, values, strict=True)}
    done = forward(net, samples, gather(net), keep="all")
    found = LayerTracer(done, gather(net), net.nodes[-1]).at(place)
    assert found.reading.rule == "changed"
    return [(term.source, term.value) for term in found.reading.terms], found


def test_a_product_shows_the_map_and_its_gate():
    """One number of the map, the number of its channel; and one map that scales positions."""
    full = Shape(2, (2, 2)), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    per_channel, per_place = (
        (Shape(2, (1, 1)), [10.0, 20.0]),
        (Shape(1, (2, 2)), [1.0, 2.0, 3.0, 4.0]),
    )
    terms, found = traced(layer_type("mul")(), full, per_channel, per_place, place=(1, 1, 0))
    assert terms == [(0, 7.0), (1, 20.0), (2, 3.0)]
    assert found.output == 420.0
    assert found.gated


class Glu(Layer):
    """A gated linear unit (Dauphin et al. 2017): one half of the channels times the other."""

    work = "uncounted"

    def output_shape(self, *inputs):
        return Shape(inputs[0].channels // 2, inputs[0].spatial)

    def forward(self, inputs, parameters):
        (x,) = inputs
        half = len(x.values) // 2
        values = [a * b for a, b in zip(x.values[:half], x.values[half:], strict=True)]
        return Tensor(self.output_shape(x.shape), values)


class GluThatSaysMore(Glu):
    def channels_read(self, channel, *inputs):
        return ((channel, channel + inputs[0].channels // 2),)


def test_a_new_layer_type_shows_all_it_reads():
    """It says nothing of its channels, so all of its position may be read; or which they are."""
    x = Shape(4, (2,)), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    terms, found = traced(Glu(), x, place=(1, 0))
    assert terms == [(0, 1.0), (0, 3.0), (0, 5.0), (0, 7.0)]
    assert found.output == 21.0
    terms, _ = traced(GluThatSaysMore(), x, place=(1, 0))
    assert terms == [(0, 3.0), (0, 7.0)]


def test_many_numbers_read_are_abridged():
    """A softmax over 12 channels: the ten largest, then how many are left."""
    _, found = traced(
        layer_type("softmax")(), (Shape(12), [float(n) for n in range(12)]), place=(3,)
    )
    lines = list(render.lines(found))
    assert lines[1].split()[:2] == ["input", "11"]
    assert lines[11] == "  and 2 more, none of them larger in magnitude"


# --- the field of view -----------------------------------------------------------------------


def seen(network, node, position):
    """Per input of the network, the box of places that a position of a row depends on."""
    of = neuron_origin(network, node.index, position).of
    return {port.name: of[port.index].box for port in network.inputs if port.index in of}


def test_fields_grow_backward_and_are_cut_at_the_edge():
    """Two 3x3 convolutions and a pool of 2: 6 wide; at the corner, cut. Worked by hand."""
    net = chain("net", Shape(1, (9, 9)), [
        ("c1", layer_type("conv")(filters=1, kernel=(3,), padding=((1, 1),))),
        ("c2", layer_type("conv")(filters=1, kernel=(3,), padding=((1, 1),))),
        ("p", layer_type("maxpool")(kernel=(2,))),
    ])  # fmt: skip
    assert seen(net, net.nodes[3], (1, 2)) == {"in": ((0, 5), (2, 7))}
    assert seen(net, net.nodes[3], (0, 3)) == {"in": ((0, 3), (4, 8))}


def test_fully_connected_layers_see_everything():
    net = chain(
        "net",
        Shape(1, (4, 6)),
        [("flat", layer_type("flatten")()), ("fc", layer_type("fc")(units=2))],
    )
    assert seen(net, net.nodes[2], ()) == {"in": ((0, 3), (0, 5))}


def test_a_box_goes_around_every_path():
    net = network_of(layer_type("add")(), shapes=[Shape(1, (9,)), Shape(1, (9,))])
    a, _, add = net.nodes
    conv = layer_type("conv")(filters=1, kernel=(5,), padding=((2, 2),))
    nodes = (a, a._replace(index=1, name="c", layer=conv, inputs=(0,)), add._replace(inputs=(0, 1)))
    net = Network(name="n", nodes=nodes, outputs=(2,))
    assert seen(net, net.nodes[2], (4,)) == {"a": ((2, 6),)}


def test_whole_numbers_stay_whole_in_an_exercise(cnncalc, tmp_path):
    """A kernel would give 2.8e-14 in place of the 0 that the trace adds up to, and no zeros."""
    net = tmp_path / "net.yaml"
    net.write_text(
        "input: 4x4x2\nlayers:\n  - conv: 1 3x3\n    weights: [[[[1, 1, 1], [0, 0, 0], [-1, -1, -1]],"
        " [[0, 0, 0], [0, 1, 0], [0, 0, 0]]]]\n    bias_values: [-2]\n",
        encoding="utf-8",
    )
    command = ("forward", net, "--sample", "count", "--trace", "conv1:0,1,1")
    text = cnncalc(*command).out
    assert "conv1 (conv), neuron map 0, y 1, x 1 = 0\n" in text
    assert "result    2 - 2 (bias) = 0\n" in text
    document = cnncalc(*command, "--json").json
    assert document["layers"][1]["zeros"] == 1
    assert document["outputs"][0]["shape"] == {"h": 2, "w": 2, "c": 1}


def test_filters_of_several_maps_are_shown_map_by_map(cnncalc, tmp_path):
    net = tmp_path / "net.yaml"
    net.write_text(
        "input: 2x2x2\nlayers:\n  - conv: 1 2x2 nobias\n    weights: [[[[1, 2], [3, 4]], "
        "[[5, 6], [7, 8]]]]\n",
        encoding="utf-8",
    )
    out = cnncalc("forward", net, "--sample", "ones", "--steps").out
    assert (
        "  weight 0\n    map 0\n      1  2\n      3  4\n    map 1\n      5  6\n      7  8\n"
        "  map 0, y 0, x 0\n    map 0: 1·1 + 2·1 + 3·1 + 4·1 = 10\n"
    ) in out
    assert not [line for line in out.splitlines() if line != line.rstrip()]
