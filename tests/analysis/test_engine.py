"""Rows and totals: figures of papers, sharing, freezing, training-only rows, names."""

import tracemalloc
from time import process_time

import pytest
from graphs import Graph, conv, layer, lenet5, pool, resnet50

from cnncalc.analysis.engine import analyze
from cnncalc.errors import CnncalcError, Diagnostic, Span
from cnncalc.layers.conv import Conv
from cnncalc.network import Group, chain
from cnncalc.shapes import Shape


def rows(report):
    return {row.name: row for row in report.rows}


def lenet5_1998():
    """LeCun et al. 1998: C3 connected by Table I, trainable subsampling, RBF units."""
    table = "X...XXX..XXXX.XX XX...XXX..XXXX.X XXX...XXX..X.XXX"
    table += " .XXX..XXXX..X.XX ..XXX..XXXX.XX.X ...XXX..XXXX.XXX"
    links = tuple(
        tuple(i for i, mark in enumerate(column) if mark == "X")
        for column in zip(*table.split(), strict=True)
    )
    graph = Graph(Shape(1, (32, 32)))
    graph.add("C1", conv(6, 5))
    graph.add("S2", pool(2, kind="subsample"))
    graph.attach("sigmoid")
    graph.add("C3", conv(16, 5, table=links))
    graph.add("S4", pool(2, kind="subsample"))
    graph.attach("sigmoid")
    graph.add("C5", conv(120, 5))
    graph.attach("tanh")
    graph.add("F6", layer("fc", units=84))
    graph.attach("tanh")
    graph.add("out", layer("rbf", units=10))
    return graph


def test_lenet5_totals():
    """The sample report of the design, figure by figure."""
    totals = analyze(lenet5().network()).totals
    assert totals._replace(memory=None) == (
        12, 61470, 236, 61706, 61706, 0, 0, 61706, 422824, 429342, 416520, 833040, None, 0,
    )  # fmt: skip


def test_lenet5_rows():
    c1 = rows(analyze(lenet5().network()))["C1"]
    assert (c1.index, c1.type, c1.depth, c1.inputs) == (1, "conv", 0, ("in",))
    assert (c1.in_shapes, c1.out, c1.neurons) == ((Shape(1, (32, 32)),), Shape(6, (28, 28)), 4704)
    assert (c1.weights, c1.biases, c1.params, c1.trainable) == (150, 6, 156, 156)
    assert (c1.connections, c1.connections_with_bias) == (117600, 122304)
    assert (c1.macs, c1.flops, c1.unused) == (117600, 235200, (0, 0))
    assert c1.settings["kernel"] == [5, 5]
    assert c1.settings["padding"] == [[0, 0], [0, 0]]


# Parameters and connections (with biases) per layer as printed in LeCun et al. 1998, II.B.
PAPER = {
    "C1": (156, 122304), "S2": (12, 5880), "C3": (1516, 151600), "S4": (32, 2000),
    "C5": (48120, 48120), "F6": (10164, 10164), "out": (0, 840),
}  # fmt: skip


@pytest.mark.parametrize("name", PAPER)
def test_lenet5_1998_layers(name):
    row = rows(analyze(lenet5_1998().network()))[name]
    assert (row.params, row.connections_with_bias) == PAPER[name]


def test_lenet5_1998_totals():
    totals = analyze(lenet5_1998().network()).totals
    assert (totals.params, totals.fixed, totals.connections_with_bias) == (60000, 840, 340908)


def test_resnet50_totals():
    """torchvision: 25,557,032 parameters, 53,120 running statistics, 4,089,184,256 MACs."""
    totals = analyze(resnet50().network()).totals
    assert (totals.rows, totals.params, totals.buffers) == (174, 25557032, 53120)
    assert (totals.macs, totals.flops) == (4089184256, 8178368512)


# Params and MACs per stage, as the folded table of the design prints them.
STAGES = {
    "stem": (9536, 118013952), "layer1": (215808, 667942912), "layer2": (1219584, 1027604480),
    "layer3": (7098368, 1464336384), "layer4": (14964736, 809238528),
}  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
def test_resnet50_stages(stage):
    inside = [r for r in analyze(resnet50().network()).rows if r.name.startswith(stage + ".")]
    assert (sum(r.params for r in inside), sum(r.macs for r in inside)) == STAGES[stage]


def test_params_of_the_rows_add_up_to_the_total():
    for graph in (lenet5(), lenet5_1998(), resnet50()):
        report = analyze(graph.network())
        assert sum(row.params for row in report.rows) == report.totals.params


def test_a_norm_has_no_connections_with_its_bias():
    row = rows(analyze(resnet50().network()))["stem.conv1.bn"]
    assert (row.biases, row.connections, row.connections_with_bias) == (64, 0, 0)


def test_depth_counts_the_groups_around_a_row():
    found = rows(analyze(resnet50().network()))
    names = ("head", "stem.conv1", "layer1.0.conv1", "layer1.0.conv1.relu")
    assert [found[name].depth for name in names] == [0, 1, 2, 2]
    assert rows(analyze(lenet5().network()))["C1.tanh"].depth == 0


def test_attached_rows_name_their_owner():
    found = rows(analyze(resnet50().network()))
    assert found["stem.conv1.relu"].attached_to == "stem.conv1"
    assert found["stem.conv1.relu"].inputs == ("stem.conv1.bn",)
    assert found["stem.conv1"].attached_to is None


# --- shared, frozen, train-only -----------------------------------------------------------------


def siamese():
    graph = Graph(Shape(1, (8, 8)), Shape(1, (8, 8)))
    graph.add("a", conv(4, 3), "in")
    graph.add("b", conv(4, 3), "in2", shared_with="a")
    graph.add("c", conv(4, 3), "in2", shared_with="b")
    return graph


def test_shared_weights_count_once_and_work_every_time():
    report = analyze(siamese().network("a b c"))
    a, b, _ = report.rows
    assert (a.params, a.trainable, a.shared_with) == (40, 40, None)
    assert (b.params, b.trainable, b.shared_with) == (0, 0, "a")
    assert (b.macs, b.connections_with_bias) == (a.macs, a.connections_with_bias) == (1296, 1440)
    assert (report.totals.params, report.totals.macs) == (40, 3 * 1296)


def test_shared_statistics_and_fixed_weights_count_once():
    graph = Graph(Shape(4, (8, 8)))
    graph.add("n1", layer("bn"))
    graph.add("n2", layer("bn"), shared_with="n1")
    graph.add("r1", layer("rbf", units=2))
    graph.add("r2", layer("rbf", units=2), "n2", shared_with="r1")
    totals = analyze(graph.network("r1 r2")).totals
    assert (totals.buffers, totals.fixed) == (8, 512)


def test_frozen_weights_are_counted_but_not_trained():
    graph = Graph(Shape(1, (8, 8)))
    graph.add("a", conv(4, 3), frozen=True)
    graph.add("b", conv(2, 1))
    totals = analyze(graph.network()).totals
    assert (totals.params, totals.trainable) == (50, 10)


def with_aux(**head):
    graph = Graph(Shape(1, (8,)))
    graph.add("body", conv(2, 1))
    graph.add("aux", layer("fc", units=10), "body", train_only=True)
    graph.add("head", layer("fc", units=10), "body", **head)
    return graph.network("head aux")


def test_rows_only_for_training_are_params_but_not_work():
    """GoogLeNet's two figures, in small: 4 + 170 + 170 parameters, 4 + 170 at inference."""
    report = analyze(with_aux())
    assert (report.totals.params, report.totals.inference_params) == (344, 174)
    assert (report.totals.macs, report.totals.flops) == (16 + 160, 352)
    assert (report.totals.connections, report.totals.connections_with_bias) == (176, 16 + 16 + 170)
    assert [port.train_only for port in report.outputs] == [False, True]
    assert rows(report)["aux"].train_only


def test_weights_borrowed_from_a_training_row_are_inference_params():
    assert analyze(with_aux(shared_with="aux")).totals.inference_params == 174


def test_inference_may_not_read_a_training_row():
    graph = Graph(Shape(8))
    graph.add("aux", layer("fc", units=3), train_only=True)
    graph.add("head", layer("fc", units=3), span=Span("net.yaml", 4, 5, 9))
    with pytest.raises(CnncalcError) as caught:
        analyze(graph.network())
    assert caught.value.diagnostics == (
        Diagnostic(
            "error",
            "train-only",
            "'head' reads 'aux', which exists only while training",
            Span("net.yaml", 4, 5, 9),
            help="make 'head' train_only too, or 'aux' not",
        ),
    )
    graph.add("more", layer("fc", units=3), "aux", train_only=True)
    nodes = [node for node in graph.nodes if node.name != "head"]
    moved = [node._replace(index=index) for index, node in enumerate(nodes)]
    assert analyze(graph.network()._replace(nodes=tuple(moved), outputs=(2,))).totals.macs == 0


# --- the report as a whole ----------------------------------------------------------------------


def test_formulas_only_on_request():
    network = lenet5().network()
    assert all(row.steps == () for row in analyze(network).rows)
    c1 = rows(analyze(network, formulas=True))["C1"]
    assert next(step.value for step in c1.steps if step.field == "weights") == 150


def test_what_the_network_says_of_itself_is_handed_on():
    warning = Diagnostic("warning", "input-layout", "read as H x W x C")
    network = lenet5().network(
        file="lenet.yaml", variant="big", vars={"k": 6}, layout="CHW", diagnostics=(warning,)
    )
    report = analyze(network)
    assert (report.name, report.file, report.variant) == ("net", "lenet.yaml", "big")
    assert (report.vars, report.overrides, report.layout) == ({"k": 6}, {}, "CHW")
    assert report.diagnostics == (warning,)
    assert report.ok
    assert [port.name for port in report.inputs] == ["in"]


def test_an_output_goes_by_the_name_its_writer_gave():
    """The row with the activation speaks for its layer; a group for the row that ends it."""
    assert [port.name for port in analyze(lenet5().network()).outputs] == ["out"]
    groups = {"layer4": Group("layer4", "unit x3", 171), "layer4.2": Group("layer4.2", "", 171)}
    network = resnet50().network("layer4.2.relu1 head", groups=groups)
    assert network.outputs == (171 + 1, 174)
    groups = {name: group._replace(last=172) for name, group in groups.items()}
    report = analyze(network._replace(groups=dict(reversed(groups.items()))))
    assert [port.name for port in report.outputs] == ["layer4", "head"]
    assert report.groups["layer4"] == ("layer4", "unit x3", 172)


def test_a_network_of_an_input_alone():
    report = analyze(Graph(Shape(3, (8, 8))).network())
    assert report.rows == ()
    assert (report.totals.rows, report.totals.params, report.totals.macs) == (0, 0, 0)
    assert report.totals.memory.activation_bytes == 192 * 4


def test_huge_products_stay_exact():
    """A count past 2**64: integers all the way."""
    layers = [("wide", Conv(filters=10**9, kernel=(1,)))]
    report = analyze(chain("huge", Shape(10**9, (10**6, 10**6)), layers))
    assert report.totals.macs == 10**30
    assert report.totals.memory.peak_activation_bytes == 8 * 10**21


def test_chain_gives_each_layer_the_one_before():
    network = chain("two", Shape(1, (32, 32)), [("C1", conv(6, 5)), ("S2", pool(2))])
    assert [node.inputs for node in network.nodes] == [(), (0,), (1,)]
    assert network.nodes[-1].shape == Shape(6, (14, 14))
    assert network.outputs == (2,)
    assert chain("none", Shape(5), []).outputs == (0,)


def test_repeated_layers_are_cheap():
    """Equal layers, each its own object, as a spec makes them: few microseconds and bytes a row."""
    graph = Graph(Shape(64, (56, 56)))
    for index in range(1500):
        graph.add(f"c{index}", conv(64, 3, p=1, bias=False))
        graph.attach("bn", "relu")
    network = graph.network()
    tracemalloc.start()
    count = len(analyze(network).rows)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    start = process_time()
    analyze(network)
    assert (process_time() - start) / count < 200e-6  # 20e-6 on a quiet machine
    assert held / count < 1024
