"""Bytes: the published sample, by hand, and against a simulation that keeps every tensor."""

import pytest
from graphs import Graph, conv, layer, lenet5, pool, resnet50
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.analysis.engine import analyze
from cnncalc.errors import CnncalcError
from cnncalc.shapes import Shape


def memory(graph, outputs=None, **how):
    return analyze(graph.network(outputs), **how).totals.memory


def test_lenet5():
    """The sample of the design: 61,706 parameters, 9,118 activations, 4,704 + 1,176 at once."""
    found = memory(lenet5())
    assert (found.dtype, found.batch) == ("fp32", 1)
    assert found.param_bytes == 246824 == 61706 * 4
    assert found.activation_bytes == 36472
    assert found.peak_activation_bytes == 23520


def test_the_peak_out_of_place_only_where_it_is_asked_for():
    whole = memory(lenet5())
    assert memory(lenet5(), out_of_place=False) == whole._replace(peak_out_of_place=None) != whole


def test_batch_and_dtype():
    """Samples multiply activations, not parameters."""
    found = memory(lenet5(), batch=8, dtype="fp16")
    assert (found.dtype, found.batch) == ("fp16", 8)
    assert found.param_bytes == 61706 * 2
    assert found.activation_bytes == 36472 * 8 // 2
    assert found.peak_activation_bytes == 23520 * 8 // 2
    assert memory(lenet5(), dtype="3").param_bytes == 61706 * 3


def test_the_networks_own_batch_is_the_default():
    network = lenet5().network(batch=4)
    assert analyze(network).totals.memory.batch == 4
    assert analyze(network, batch=1).totals.memory.batch == 1


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"batch": 0}, "not-positive: batch must be at least 1, got 0"),
        (
            {"dtype": "fp23"},
            "unknown-dtype: 'fp23' is neither a known number type nor a number of bytes",
        ),
        ({"dtype": "0"}, "unknown-dtype: '0' is neither a known number type nor a number of bytes"),
    ],
)
def test_refusals(how, message):
    with pytest.raises(CnncalcError) as caught:
        memory(lenet5(), **how)
    assert str(caught.value) == message
    assert memory(lenet5(), batch=1, dtype="1").activation_bytes == 9118


def test_help_for_a_dtype():
    with pytest.raises(CnncalcError) as caught:
        memory(lenet5(), dtype="fp23")
    assert caught.value.diagnostics[0].help == "did you mean 'fp32'?"
    with pytest.raises(CnncalcError) as caught:
        memory(lenet5(), dtype="word")
    assert caught.value.diagnostics[0].help == "known types: fp64, fp32, fp16, bf16, int8"


def test_stored_numbers_include_running_statistics_and_fixed_weights():
    """ResNet-50 as torchvision stores it: 25,557,032 parameters and 53,120 statistics."""
    assert memory(resnet50()).param_bytes == (25557032 + 53120) * 4
    rbf = Graph(Shape(84))
    rbf.add("out", layer("rbf", units=10))
    assert memory(rbf).param_bytes == 840 * 4


def test_activations_work_in_place_attached_or_not():
    attached, alone = (Graph(Shape(1, (8, 8))) for _ in range(2))
    attached.add("conv", conv(2, 1))
    attached.attach("relu")
    alone.add("conv", conv(2, 1))
    alone.add("relu1", layer("relu"))
    for graph in (attached, alone):
        found = memory(graph, dtype="1")
        assert (found.activation_bytes, found.peak_activation_bytes) == (64 + 128, 64 + 128)


def test_an_activation_spares_what_others_read():
    graph = Graph(Shape(1, (8, 8)))
    graph.add("conv", conv(2, 1))
    graph.add("relu1", layer("relu"))
    graph.add("add1", layer("add"), "conv relu1")
    assert memory(graph, dtype="1").activation_bytes == 64 + 3 * 128
    assert memory(graph, dtype="1").peak_activation_bytes == 3 * 128


@pytest.mark.parametrize("outputs", ["conv relu1", "relu1"])
def test_an_activation_spares_an_output(outputs):
    graph = Graph(Shape(1, (8, 8)))
    graph.add("conv", conv(2, 1))
    graph.add("relu1", layer("relu"))
    kept = 2 if outputs.startswith("conv") else 1
    assert memory(graph, outputs, dtype="1").activation_bytes == 64 + kept * 128


def test_an_activation_spares_the_input():
    graph = Graph(Shape(1, (8, 8)))
    graph.add("relu1", layer("relu"))
    assert memory(graph, dtype="1").activation_bytes == 128


def test_a_residual_keeps_its_shortcut_alive():
    """256 in, two convolutions of 256, and the input still there when they are added."""
    graph = Graph(Shape(4, (8, 8)))
    graph.add("a", conv(4, 3, p=1))
    graph.add("b", conv(4, 3, p=1))
    graph.add("add1", layer("add"), "in b")
    assert memory(graph, dtype="1").peak_activation_bytes == 3 * 256
    plain = Graph(Shape(4, (8, 8)))
    for name in "abc":
        plain.add(name, conv(4, 3, p=1))
    assert memory(plain, dtype="1").peak_activation_bytes == 2 * 256


def test_outputs_stay():
    graph = Graph(Shape(1, (8,)))
    graph.add("tap", conv(3, 1))
    graph.add("down", pool(8))
    graph.add("fc", layer("fc", units=100))
    assert memory(graph, "fc", dtype="1").peak_activation_bytes == 100 + 3
    assert memory(graph, "tap fc", dtype="1").peak_activation_bytes == 24 + 100 + 3


def test_rows_only_for_training_take_no_activations():
    graph = Graph(Shape(1, (8,)))
    graph.add("body", conv(1, 1))
    graph.add("aux", layer("fc", units=1000), "body", train_only=True)
    graph.add("head", layer("fc", units=2), "body")
    found = memory(graph, "head aux", dtype="1")
    assert found.activation_bytes == 8 + 8 + 2
    assert found.peak_activation_bytes == 16
    assert found.param_bytes == 2 + 9000 + 18


@st.composite
def random_graphs(draw):
    """Vectors of many sizes: fully connected, activations, pairs that are concatenated."""
    graph = Graph(Shape(draw(st.integers(1, 9))), Shape(draw(st.integers(1, 9))))
    for index in range(draw(st.integers(1, 10))):
        inference = [node.name for node in graph.nodes if not node.train_only]
        training = draw(st.integers(0, 5)) == 0
        one, other = (draw(st.sampled_from(inference)) for _ in range(2))
        kind = draw(st.sampled_from(["fc", "relu", "relu", "concat"]))
        fields = {"units": draw(st.integers(1, 20))} if kind == "fc" else {}
        by = f"{one} {other}" if kind == "concat" else one
        graph.add(f"{kind}{index}", layer(kind, **fields), by, train_only=training)
    names = [node.name for node in graph.nodes]
    outputs = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    return graph, " ".join(outputs)


def simulate(network):
    """All tensors and the most at once, by looking at every moment from scratch."""
    nodes = [node for node in network.nodes if not node.train_only]
    readers = {n.index: [m.index for m in nodes if n.index in m.inputs] for n in nodes}
    fills = {}  # whose memory a node's output fills
    for node in nodes:
        fills[node.index] = node.index
        if node.layer.type == "relu":
            (source,) = node.inputs
            private = readers[source] == [node.index] and source not in network.outputs
            if private and network.nodes[source].layer.type != "input":
                fills[node.index] = fills[source]
    peak = 0
    for now in nodes:
        alive = set()
        for node in nodes:
            made = node.index <= now.index
            wanted = any(reader >= now.index for reader in readers[node.index])
            if made and (wanted or node.index in (now.index, *network.outputs)):
                alive.add(fills[node.index])
        peak = max(peak, sum(network.nodes[index].shape.size for index in alive))
    return sum(network.nodes[index].shape.size for index in set(fills.values())), peak


@given(random_graphs())
@settings(max_examples=300, deadline=None)
def test_against_a_simulation(drawn):
    network = drawn[0].network(drawn[1])
    found = analyze(network, dtype="1").totals.memory
    assert (found.activation_bytes, found.peak_activation_bytes) == simulate(network)
