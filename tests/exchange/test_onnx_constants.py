"""A map and a constant of its size, or of its positions: anchors, strides, learned positions.

Expected numbers are by hand, or worked out by the rule of spreading that ONNX takes from NumPy.
"""

from itertools import product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_files import computed, node, read, tensor

from cnncalc import CnncalcError, analyze, export, load, parse
from cnncalc.shapes import Shape

ANCHORS = "/head/Constant_1_output_0"  # as PyTorch's exporter calls what it computed beforehand


def last(network):
    (index,) = network.outputs
    return network.nodes[index].layer


@pytest.mark.parametrize(
    ("operator", "inputs", "expected"),
    [
        ("Sub", [ANCHORS, "x"], [0.0, 2.0, 1.0, -1.0]),
        ("Sub", ["x", ANCHORS], [0.0, -2.0, -1.0, 1.0]),
        ("Add", ["x", ANCHORS], [2.0, 6.0, 7.0, 7.0]),
        ("Mul", [ANCHORS, "x"], [1.0, 8.0, 12.0, 12.0]),
        ("Div", ["x", ANCHORS], [1.0, 0.5, 0.75, 4.0 / 3]),
    ],
)
def test_one_number_for_each_number_of_the_map(tmp_path, operator, inputs, expected):
    """The anchors of a detector, which nobody trained."""
    nodes = [node(operator, inputs, ["y"])]
    network = read(tmp_path / "m.onnx", nodes, [tensor(ANCHORS, (1, 2, 2), [1, 4, 4, 3])],
                   (1, 2, 2))  # fmt: skip
    assert (last(network).type, last(network).per) == ("scale", "element")
    totals = analyze(network).totals
    assert (totals.params, totals.fixed) == (0, 4)
    assert computed(network, [1.0, 2.0, 3.0, 4.0]) == pytest.approx(expected)


def test_a_division_by_zero_is_infinite_as_in_onnx(tmp_path):
    nodes = [node("Div", ["x", ANCHORS], ["y"])]
    network = read(tmp_path / "m.onnx", nodes, [tensor(ANCHORS, (1, 1, 2), [0, 4])], (1, 1, 2))
    assert computed(network, [2.0, 2.0]) == [float("inf"), 0.5]


def test_strides_are_one_number_a_position(tmp_path):
    nodes = [node("Mul", ["x", "strides"], ["y"])]
    network = read(tmp_path / "m.onnx", nodes, [tensor("strides", (1, 3), [8, 16, 32])], (1, 2, 3))
    assert last(network).per == "position"
    assert computed(network, [1.0] * 6) == [8.0, 16.0, 32.0] * 2


@pytest.mark.parametrize(
    "name",
    [
        "pos_embed",
        "model.encoder.pos",
        "blocks.0.bias_table",
        "constants.pos",
        "val.embed_2",
        "query_3.weight",
    ],
)
def test_what_is_named_as_a_parameter_is_learned(tmp_path, name):
    nodes = [node("Add", ["x", name], ["y"])]
    network = read(tmp_path / "m.onnx", nodes, [tensor(name, (1, 3, 2))], (1, 3, 2))
    totals = analyze(network).totals
    assert (totals.params, totals.fixed, totals.biases) == (6, 0, 6)
    assert not network.diagnostics


@pytest.mark.parametrize(
    "name", ["onnx::Add_12", ANCHORS, "val_7", "unsqueeze_2", "const_fold_opt__15", "Constant_3",
             "p2o.helper.constant.3", "lifted_tensor_0"],
)  # fmt: skip
def test_what_an_exporter_named_is_fixed_and_a_note_says_so(tmp_path, name):
    nodes = [node("Add", ["x", name], ["y"], name="/head/Add")]
    network = read(tmp_path / "m.onnx", nodes, [tensor(name, (1, 3, 2))], (1, 3, 2))
    totals = analyze(network).totals
    assert (totals.params, totals.fixed) == (0, 6)
    (note,) = network.diagnostics
    assert (note.severity, note.code) == ("note", "unnamed-constants")
    assert note.message == (
        "1 layer multiplies by or adds constants that are not named as a module's parameters: "
        "6 numbers are counted as fixed, not as params"
    )
    assert note.notes == (f"first: head, 6 numbers named '{name}' in the file",)


def test_a_constant_of_two_layers_counts_once(tmp_path):
    nodes = [node("Add", ["x", ANCHORS], ["a"]), node("Mul", ["a", ANCHORS], ["y"])]
    network = read(tmp_path / "m.onnx", nodes, [tensor(ANCHORS, (1, 3, 2))], (1, 3, 2))
    assert analyze(network).totals.fixed == 6


def test_positions_may_be_a_part_of_a_stored_tensor(tmp_path):
    """`x + pos_embed[:, 1:3]`, where the tensor has a position more."""
    stored = [
        tensor("pos_embed", (1, 3, 2), [1, 2, 3, 4, 5, 6]),
        *(tensor(n, (1,), [v], kind=7) for n, v in (("from", 1), ("to", 3), ("axis", 1))),
    ]
    nodes = [
        node("Slice", ["pos_embed", "from", "to", "axis"], ["part"]),
        node("Add", ["x", "part"], ["y"]),
    ]
    network = read(tmp_path / "m.onnx", nodes, stored, (1, 2, 2))
    assert analyze(network).totals.params == 4
    assert computed(network, [0.0] * 4) == [3.0, 4.0, 5.0, 6.0]


def test_anchors_that_the_graph_computes(tmp_path):
    """Half past every whole number up to 5000: more than are worked out for the figures."""
    stored = [*(tensor(n, (), [v]) for n, v in (("0", 0), ("1", 1), ("5000", 5000), ("half", 0.5)))]
    nodes = [
        node("Range", ["0", "5000", "1"], ["r"]),
        node("Add", ["r", "half"], ["centres"]),
        node("Sub", ["centres", "x"], ["y"]),
    ]
    network = read(tmp_path / "m.onnx", nodes, stored, (1, 1, 5000))
    assert (analyze(network).totals.params, analyze(network).totals.fixed) == (0, 5000)
    assert not network.diagnostics
    assert computed(network, [1.0] * 5000) == [k - 0.5 for k in range(5000)]


def test_sines_put_into_zeros_row_by_row(tmp_path):
    """Positions of a transformer as sines: ScatterND puts rows where they belong."""
    stored = [
        tensor("rows", (1, 1), [1], kind=7),
    ]
    nodes = [
        node("ConstantOfShape", ["sizes_"], ["zeros"]),
        node("Sin", ["/angles"], ["sines"]),
        node("ScatterND", ["zeros", "rows", "sines"], ["table"]),
        node("Add", ["x", "table"], ["y"]),
    ]
    inline = [
        node("Constant", [], ["/angles"], value=tensor("", (1, 2), [0, 1])),
        node("Constant", [], ["sizes_"], value=tensor("", (2,), [2, 2], kind=7)),
    ]
    network = read(tmp_path / "m.onnx", [*inline, *nodes], stored[:1], (1, 2, 2))
    assert computed(network, [0.0] * 4) == pytest.approx([0, 0, 0, 0.8414709848])


@pytest.mark.parametrize(
    ("operator", "inputs", "layer", "expected"),
    [
        ("Max", ["x", "one"], ("clip", 1.0, None), [1.0, 1.5, 4.0]),
        ("Max", ["one", "x"], ("clip", 1.0, None), [1.0, 1.5, 4.0]),
        ("Min", ["x", "one"], ("clip", None, 1.0), [-3.0, 1.0, 1.0]),
        ("Max", ["x", "zero"], ("relu", None, None), [0.0, 1.5, 4.0]),
        ("Clip", ["x", "one"], ("clip", 1.0, None), [1.0, 1.5, 4.0]),
        ("Clip", ["x", "", "one"], ("clip", None, 1.0), [-3.0, 1.0, 1.0]),
        ("Clip", ["x", "zero", "one"], ("hardtanh", 0.0, 1.0), [0.0, 1.0, 1.0]),
    ],
)
def test_a_bound_above_or_below(tmp_path, operator, inputs, layer, expected):
    stored = [tensor("one", (), [1]), tensor("zero", (), [0])]
    network = read(tmp_path / "m.onnx", [node(operator, inputs, ["y"])], stored, (1, 3))
    found = last(network)
    bounds = (getattr(found, "low", None), getattr(found, "high", None))
    assert (found.type, *bounds) == layer
    assert computed(network, [-3.0, 1.5, 4.0]) == expected


def refusal(tmp_path, nodes, stored, dims):
    with pytest.raises(CnncalcError) as caught:
        read(tmp_path / "m.onnx", nodes, stored, dims)
    (problem,) = caught.value.diagnostics
    return problem.code, problem.message, problem.origin.rpartition(": ")[2]


def test_numbers_computed_from_learned_ones_are_refused(tmp_path):
    """Neither their count nor their values are what was trained."""
    nodes = [node("Sin", ["model.angles"], ["sines"]), node("Add", ["x", "sines"], ["y"])]
    assert refusal(tmp_path, nodes, [tensor("model.angles", (1, 3, 2), range(6))], (1, 3, 2)) == (
        "unknown-operator",
        "'Add' whose weights are computed from others has no layer here",
        "node 2 of 2 'y' (Add, opset 17)",
    )


def test_a_bound_for_each_number_is_refused(tmp_path):
    nodes = [node("Max", ["x", "c"], ["y"])]
    assert refusal(tmp_path, nodes, [tensor("c", (1, 3), [1, 2, 3])], (1, 3)) == (
        "unknown-operator",
        "'Max' of a map and a constant of 3 numbers has no layer here",
        "node 1 of 1 'y' (Max, opset 17)",
    )


@pytest.mark.parametrize(
    ("dims", "map_"), [((4, 1), (1, 3, 4, 5)), ((3, 4, 1), (1, 3, 4, 5)), ((2, 3), (1, 1, 3))]
)
def test_what_lies_along_some_axes_only_is_refused(tmp_path, dims, map_):
    nodes = [node("Add", ["x", "pos"], ["y"])]
    told = ("x".join(map(str, map_)), "x".join(map(str, dims)))
    assert refusal(tmp_path, nodes, [tensor("pos", dims)], map_) == (
        "unknown-operator",
        f"'Add' of {told[0]} and a constant of {told[1]} has no layer here",
        "node 1 of 1 'y' (Add, opset 17)",
    )


# -- every order of the axes, against the rule of spreading

OPERATIONS = {
    "Add": lambda a, b: a + b, "Sub": lambda a, b: a - b, "Mul": lambda a, b: a * b,
    "Div": lambda a, b: a / b,
}  # fmt: skip


def spread(values, dims, onto):
    """A tensor's numbers at each place of larger sizes."""
    steps = [prod(dims[axis + 1 :]) if dims[axis] > 1 else 0 for axis in range(len(dims))]
    behind = len(onto) - len(dims)
    for place in product(*map(range, onto)):
        yield values[sum(p * s for p, s in zip(place[behind:], steps, strict=True))]


def transposed(values, dims, order):
    steps = [prod(dims[axis + 1 :]) for axis in range(len(dims))]
    places = product(*(range(dims[axis]) for axis in order))
    return [values[sum(p * steps[a] for p, a in zip(at, order, strict=True))] for at in places]


def lies_whole(sizes, order, along):
    """Whether a constant has numbers for channels, for all positions, or for both.

    The channels are the first axis of the map, as it is or as the operator sees it.
    """
    seen = [sizes[axis] for axis in order]
    for channels in (order.index(0), 0):
        others = [k for k in range(len(seen)) if k != channels and seen[k] > 1]
        if not any(along[k] for k in others) or all(along[k] for k in others):
            return True
    return False


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_every_way_that_a_constant_lies_on_a_map(tmp_path_factory, data):
    sizes = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    order = data.draw(st.permutations(range(len(sizes))))
    seen = [sizes[axis] for axis in order]  # the map as the operator sees it
    dims = [data.draw(st.sampled_from([1, size])) for size in seen][data.draw(st.integers(0, 1)) :]
    numbers = [float(k + 1) for k in range(prod(dims))]
    operator = data.draw(st.sampled_from(sorted(OPERATIONS)))
    inputs = data.draw(st.permutations(["a", "c"]))
    if operator == "Div":
        inputs = ["a", "c"]
    nodes = [
        node("Relu", ["x"], ["r"]),
        node("Transpose", ["r"], ["a"], perm=[0, *(axis + 1 for axis in order)]),
        node(operator, inputs, ["y"]),
    ]
    path = tmp_path_factory.mktemp("spread") / "m.onnx"
    whole = [tensor("c", dims, numbers)]
    if not dims or prod(sizes) == 1:
        return
    along = [size > 1 for size in dims]
    if any(along) and not lies_whole(sizes, order, [False] * (len(seen) - len(dims)) + along):
        with pytest.raises(CnncalcError, match="and a constant of"):
            read(path, nodes, whole, (1, *sizes))
        return
    network = read(path, nodes, whole, (1, *sizes))
    values = [float(k * k % 7 + 1) for k in range(prod(sizes))]
    moved = transposed(values, sizes, order)
    both = {"a": moved, "c": list(spread(numbers, dims, seen))}
    function = OPERATIONS[operator]
    expected = [function(p, q) for p, q in zip(both[inputs[0]], both[inputs[1]], strict=True)]
    assert computed(network, values) == pytest.approx(expected)


@pytest.mark.parametrize(
    "line",
    ["scale factor=none shift=learned per=element", "scale fixed per=position",
     "scale factor=fixed shift=fixed per=element", "scale factor=learned shift=fixed per=position",
     "scale fixed", "scale factor=none shift=fixed", "scale factor=fixed per=layer",
     "scale factor=fixed shift=learned per=layer", "scale factor=learned per=position",
     "scale -1 shift=fixed per=element", "scale 0.5 shift", "scale 2 shift=fixed per=position",
     "clip low=0", "clip high=2.5", "clip low=-1.5"],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["5x4x3 HWC", "7x2 LC", "4"])
def test_our_own_files_give_the_same_row_again(tmp_path, line, shape):
    network = parse(f"input: {shape}\nlayers:\n  - {line}\n")
    path = tmp_path / "own.onnx"
    export(network, "onnx").save(path)
    again = load(path)
    assert not again.diagnostics
    assert analyze(again).totals.params == analyze(network).totals.params
    assert analyze(again).totals.fixed == analyze(network).totals.fixed
    if Shape(4) != network.inputs[0].shape:  # of a vector, elements are channels
        assert [each.layer for each in again.nodes] == [each.layer for each in network.nodes]
