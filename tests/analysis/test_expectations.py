"""Expectations: intervals, layers with what is attached, groups, mistakes."""

import pytest
from graphs import Graph, conv, layer, lenet5, pool, resnet50

from cnncalc.analysis.engine import analyze
from cnncalc.analysis.report import Check
from cnncalc.errors import CnncalcError, Span
from cnncalc.network import Expectation, Group
from cnncalc.shapes import Shape

PLACE = Span("net.yaml", 12, 18, 23)


def check(graph, key, low, high=None, **extra):
    """The one check of a network with the one expectation."""
    expectation = Expectation(key, "as written", low, low if high is None else high, PLACE)
    (found,) = analyze(graph.network(expect=(expectation,), **extra)).expect
    assert (found.key, found.expected, found.span) == (key, "as written", PLACE)
    return found


def actual(graph, key, **extra):
    return check(graph, key, 0, **extra).actual


def test_a_figure_that_is_met():
    assert check(lenet5(), "params", 61706) == Check(
        "params", "as written", 61706, ok=True, span=PLACE, delta=0
    )


def test_a_figure_that_is_missed():
    """The message of the design: expected 60,000, got 61,706 (+1,706)."""
    found = check(lenet5(), "params", 60000)
    assert (found.ok, found.actual, found.delta) == (False, 61706, 1706)


@pytest.mark.parametrize(
    ("low", "high", "delta"),
    [
        (416000, 416520, 0),
        (416520, 417000, 0),
        (416000, 416519, 1),
        (416521, 417000, -1),
    ],
)
def test_rounded_figures_are_intervals(low, high, delta):
    found = check(lenet5(), "macs", low, high)
    assert (found.delta, found.ok) == (delta, delta == 0)


def test_totals():
    keys = "params trainable buffers fixed inference_params macs connections connections_with_bias"
    found = [actual(lenet5(), key) for key in keys.split()]
    assert found == [61706, 61706, 0, 0, 61706, 416520, 422824, 429342]


@pytest.mark.parametrize(("layout", "text"), [("HWC", "10x12x16"), ("CHW", "16x10x12")])
def test_output_is_printed_in_the_layout_of_the_spec(layout, text):
    graph = Graph(Shape(1, (10, 12)))
    graph.add("C1", conv(16, 1))
    found = check(graph, "output", (16, 10, 12), layout=layout)
    assert (found.ok, found.actual, found.delta) == (True, text, None)
    assert not check(graph, "output", (16, 12, 10), layout=layout).ok


def test_a_vector_is_not_a_map_of_one_pixel():
    assert check(lenet5(), "output", (10,)).ok
    assert not check(lenet5(), "output", (10, 1, 1)).ok


def test_output_is_the_main_paths_and_computed_at_inference():
    graph = Graph(Shape(8))
    graph.add("aux", layer("fc", units=3), train_only=True)
    graph.add("head", layer("fc", units=5), "in")
    graph.add("tap", layer("fc", units=7))
    expectation = Expectation("output", "5", (5,), (5,))
    for outputs in ("head tap aux", "aux head tap"):
        assert analyze(graph.network(outputs, expect=(expectation,))).expect[0].ok


def test_a_layer_counts_what_is_attached_to_it():
    found = {
        key: actual(resnet50(), f"layers.layer1.0.conv1.{key}")
        for key in ("params", "weights", "biases", "buffers", "macs")
    }
    macs = 64 * 64 * 56 * 56
    assert found == {
        "params": 4096 + 128, "weights": 4096 + 64, "biases": 64, "buffers": 128, "macs": macs,
    }  # fmt: skip


def test_a_layer_is_not_its_namesakes():
    """conv1 does not count conv10."""
    graph = Graph(Shape(1, (8, 8)))
    graph.add("conv1", conv(1, 1))
    graph.add("conv10", conv(9, 1))
    assert actual(graph, "layers.conv1.params") == 2


def test_a_group_is_summed_and_its_output_is_what_comes_out_of_it():
    """The stage of the folded table; `last` decides where the group's order would mislead."""
    assert actual(resnet50(), "layers.layer2.params") == 1219584
    graph = Graph(Shape(1, (8, 8)))
    graph.add("g.out", conv(5, 1))
    graph.add("g.tap", conv(7, 1), "in")
    groups = {"g": Group("g", "2 layers", 1)}
    assert check(graph, "layers.g.output", (5, 8, 8), groups=groups).ok
    assert actual(graph, "layers.g.neurons", groups=groups) == 320
    assert actual(graph, "layers.g.params", groups=groups) == 10 + 14


def test_a_layers_output_is_that_of_the_last_thing_attached():
    graph = lenet5()
    assert check(graph, "layers.C3.output", (16, 10, 10)).ok
    assert actual(graph, "layers.C3.neurons") == 1600
    assert actual(graph, "layers.C3.connections_with_bias") == 241600


def refused(key):
    graph = lenet5()
    with pytest.raises(CnncalcError) as caught:
        check(graph, key, 1)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.span == PLACE
    return diagnostic.code, diagnostic.message, diagnostic.help


@pytest.mark.parametrize(
    ("key", "code", "message", "help_"),
    [
        ("layers.C33.params", "unknown-layer", "no layer named 'C33'", "did you mean 'C3'?"),
        (
            "layers.stem.macs",
            "unknown-layer",
            "no layer named 'stem'",
            "the network has C1, C1.tanh, S2, C3, C3.tanh, S4, C5, C5.tanh, F6, F6.tanh, ...",
        ),
        (
            "layers.C3.param",
            "unknown-key",
            "'param' is not a figure of the report",
            "did you mean 'params'?",
        ),
        ("mac", "unknown-key", "'mac' is not a figure of the report", "did you mean 'macs'?"),
    ],
)
def test_words_that_mean_nothing(key, code, message, help_):
    assert refused(key) == (code, message, help_)


def test_a_shape_expected_of_a_count_is_a_mistake_of_the_caller():
    with pytest.raises(TypeError, match=r"^the bounds of a count are numbers, got \(1, 2\)$"):
        check(lenet5(), "params", (1, 2))


def test_a_failed_expectation_speaks_for_itself():
    """`check` fails on it; the report of `analyze` is all right, and so is its exit status."""
    report = analyze(lenet5().network(expect=(Expectation("params", "60000", 60000, 60000),)))
    assert [check.ok for check in report.expect] == [False]
    assert report.ok


def test_a_pool_has_no_params():
    graph = Graph(Shape(1, (8, 8)))
    graph.add("P", pool(2))
    assert check(graph, "layers.P.params", 0).ok
