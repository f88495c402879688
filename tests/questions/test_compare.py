"""`compare`: totals with differences, layers matched by name and then by order.

ResNet-18, -34 and -50 have torchvision's published 11,689,512, 21,797,672 and 25,557,032
parameters; the other networks are counted by hand.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc import analyze, compare, load
from cnncalc.questions.change_parts import main_change
from cnncalc.questions.compare import compare_reports


@pytest.fixture
def net(tmp_path):
    def write(name, *layers, size="8x8x1"):
        path = tmp_path / f"{name}.yaml"
        lines = "".join(f"  - {layer}\n" for layer in layers)
        path.write_text(f"input: {size}\nlayers:\n{lines}", encoding="utf-8")
        return str(path)

    return write


def figures(found):
    return {figure.key: figure for figure in found.figures}


def names(pairs):
    return [(p.before and p.before.name, p.after and p.after.name, p.status) for p in pairs]


def test_totals_of_three_networks_against_the_first():
    params = figures(compare("resnet18", "resnet34", "resnet50"))["params"]
    assert params.values == (11_689_512, 21_797_672, 25_557_032)
    assert [params.delta(index) for index in range(3)] == [0, 10_108_160, 13_867_520]


def test_variants_of_one_file_are_two_networks():
    params = figures(compare("resnet@resnet18", "resnet@resnet34"))["params"]
    assert params.delta(1) == 10_108_160


def test_figures_that_repeat_others_or_are_zero_are_left_out():
    found = figures(compare("lenet5", "lenet5"))
    assert not {"trainable", "inference_params", "fixed", "buffers"} & set(found)
    assert {"fixed", "buffers"} & set(figures(compare("lenet5", "lenet5-1998", "resnet18")))


def test_a_figure_that_one_network_lacks(net):
    field = figures(compare(net("a", "conv 1 3x3"), net("b", "fc 1", size="9")))["rf"]
    assert (field.values, field.delta(1)) == ((3, None), None)


def test_equal_networks_differ_nowhere():
    (pairs,) = compare("resnet50", "resnet50").layers
    assert {pair.status for pair in pairs} == {None}


def test_a_changed_setting_is_named_with_before_and_after(net):
    (pairs,) = compare(
        net("a", "C1: conv 4 3x3 p1 bn relu"), net("b", "C1: conv 4 5x5 p2 bn relu")
    ).layers
    assert names(pairs) == [("C1", "C1", "changed")]
    assert pairs[0].changes == {
        "kernel": ([3, 3], [5, 5]),
        "padding": ([[1, 1], [1, 1]], [[2, 2], [2, 2]]),
        "params": (4 * 9 + 8, 4 * 25 + 8),
        "macs": (64 * 4 * 9, 64 * 4 * 25),
    }


def test_an_attached_layer_belongs_to_its_own(net):
    (pairs,) = compare(net("a", "C1: conv 4 3x3 relu"), net("b", "C1: conv 4 3x3 tanh")).layers
    assert pairs[0].changes == {"type": ("conv + relu", "conv + tanh")}
    slopes = [
        net(s, f"conv: {{name: C1, filters: 4, kernel: 3, attached: [leaky: {{slope: 0.{s}}}]}}")
        for s in "12"
    ]
    (pairs,) = compare(*slopes).layers
    assert [key for key in pairs[0].changes if key.startswith("leaky.")] == ["leaky.slope"]


ALONE = (
    "conv1: conv 2 3x3 p1 nobias",
    "bn",
    "r: relu",
    "a: conv 2 1x1",
    "b: {add: [a, r]}",
    "relu",
)
ATTACHED = (
    "conv1: conv 2 3x3 p1 nobias bn relu",
    "a: conv 2 1x1",
    "b: {add: {from: [a, conv1], attached: relu}}",
)


@pytest.mark.parametrize("turned", [False, True])
def test_attached_or_alone_a_norm_and_an_activation_are_the_same(net, turned):
    pair = [net("alone", *ALONE), net("attached", *ATTACHED)]
    (pairs,) = compare(*(pair[::-1] if turned else pair)).layers
    assert names(pairs) == [("conv1", "conv1", None), ("a", "a", None), ("b", "b", None)]


def test_some_of_the_rows_may_be_attached(net):
    first = net("a", "conv 2 3x3 nobias bn", "relu", "fc 2")
    second = net("b", "conv 2 3x3 nobias bn relu", "fc 2")
    assert {pair.status for pair in compare(first, second).layers[0]} == {None}


@pytest.mark.parametrize(
    ("alone", "attached", "found"),
    [
        (("r: relu", "{add: [r, c]}"), ("relu", "{add: [c, c]}"), ["changed", "removed", None]),
        (("sigmoid",), ("relu",), ["changed", "removed"]),
        (("leaky 0.2",), ("leaky",), ["changed"]),
        (("dropout", "relu"), ("relu", "dropout"), ["changed", None, "removed"]),
    ],
)
def test_another_reader_setting_or_order_stays_a_difference(net, alone, attached, found):
    """The first network has rows behind `c`, the second has the first of its rows attached."""
    first = net("a", "c: conv 2 1x1", *alone)
    second = net("b", f"c: conv 2 1x1 {attached[0]}", *attached[1:])
    assert [pair.status for pair in compare(first, second).layers[0]] == found


def test_a_row_that_is_an_output_is_not_taken_as_one_with_the_next(net):
    """An output by the name of its part is the row that the part ends with."""
    rows = [{"part": [{"c": "conv 2 1x1"}]}, {"r": "relu"}]
    first = {"input": "4x4x2", "layers": rows, "outputs": ["part", "r"]}
    second = {"input": "4x4x2", "layers": [{"part": [{"c": "conv 2 1x1 relu"}]}]}
    (pairs,) = compare(first, second).layers
    assert [pair.status for pair in pairs] == ["changed", "removed"]


def test_a_layer_on_another_size_alone_is_resized(net):
    first, second = net("a", "S: maxpool 2x2"), net("b", "S: maxpool 2x2", size="16x16x1")
    (pairs,) = compare(first, second).layers
    assert names(pairs) == [("S", "S", "resized")]


def test_added_and_removed_layers_stand_in_their_place(net):
    first = net("a", "A: conv 1 1x1", "B: maxpool 1x1", "C: conv 1 1x1")
    second = net("b", "A: conv 1 1x1", "C: conv 1 1x1", "D: avgpool 1x1")
    (pairs,) = compare(first, second).layers
    assert names(pairs) == [
        ("A", "A", None), ("B", None, "removed"), ("C", "C", None), (None, "D", "added"),
    ]  # fmt: skip


def test_renamed_layers_are_matched_in_order_by_type(net):
    first = net("a", "C1: conv 2 1x1", "S1: maxpool 1x1", "C2: conv 3 1x1", "out: fc 4")
    second = net("b", "k1: conv 2 1x1", "k2: conv 3 1x1", "p1: maxpool 1x1", "head: fc 4")
    (pairs,) = compare(first, second).layers
    assert {(before, after) for before, after, _ in names(pairs)} == {
        ("C1", "k1"), ("C2", "k2"), ("S1", "p1"), ("out", "head"),
    }  # fmt: skip


def test_order_counts_within_the_parts_that_both_have(net):
    """The third convolution of the second network's part is new; `z` is not its counterpart."""
    first = net("a", "part: [{a: conv 2 1x1}, {b: conv 3 1x1}]", "z: conv 9 1x1")
    part = "part: [{k: conv 2 1x1}, {l: conv 3 1x1}, {m: conv 9 1x1}]"
    (pairs,) = compare(first, net("b", part, "y: conv 9 1x1")).layers
    assert [(before, after) for before, after, _ in names(pairs)] == [
        ("part.a", "part.k"), ("part.b", "part.l"), (None, "part.m"), ("z", "y"),
    ]  # fmt: skip


def test_every_layer_appears_exactly_once():
    for first, second in (
        ("resnet50", "efficientnet_b0"),
        ("vgg16", "alexnet"),
        ("unet", "resnet18"),
    ):
        found = compare(first, second)
        for side, report in (("before", 0), ("after", 1)):
            units = [getattr(pair, side) for pair in found.layers[0] if getattr(pair, side)]
            rows = sorted(row.index for unit in units for row in unit.rows)
            assert rows == [row.index for row in found.reports[report].rows]


def test_the_order_is_that_of_the_second_network():
    found = compare("resnet18", "resnet50")
    after = [pair.after.rows[0].index for pair in found.layers[0] if pair.after]
    assert after == sorted(after)


def test_a_comparison_needs_two():
    with pytest.raises(ValueError, match=r"^a comparison needs two networks or more$"):
        compare("lenet5")
    report = analyze(load("lenet5"))
    assert len(compare_reports([report, report], ["a", "b"]).layers) == 1


@pytest.mark.parametrize("other", ["resnet50", "vgg16", "mobilenet_v2", "yolov5s", "siamese"])
def test_the_changes_of_layers_add_up_to_that_of_the_network(other):
    found = compare("googlenet", other)
    assert {change.figure: change.delta for change in found.main_changes(1)} == {
        key: figures(found)[key].delta(1) for key in ("params", "macs")
    }


@given(st.dictionaries(st.from_regex(r"[ab](\.[ab]){0,3}", fullmatch=True), st.integers(-9, 9)))
def test_the_main_parts_hold_over_half_and_the_last_is_needed(deltas):
    change = main_change("params", deltas)
    if sum(deltas.values()) == 0:
        assert change is None
        return
    sizes = [part.delta for part in change.parts]
    assert 2 * abs(change.held) > abs(change.delta)
    assert change.held * change.delta > 0
    assert 2 * abs(sum(sizes[:-1])) <= abs(change.delta)
    assert sizes == sorted(sizes, key=abs, reverse=True)
    for part, delta in change.parts:
        inside = [n for n in deltas if n == part or n.startswith(f"{part}.")]
        assert delta == sum(deltas[name] for name in inside)
