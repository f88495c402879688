"""Axes that are channels to the file, and places of a map to a row: padding, joining, spreading."""

import pytest
from onnx_files import computed, node, read, tensor

from cnncalc import CnncalcError, analyze


def types(network):
    return [each.layer.type for each in network.nodes[1:]]


def whole(*sizes):
    return tensor("sizes", (len(sizes),), sizes, kind=7)


def refusal(tmp_path, nodes, stored, dims):
    with pytest.raises(CnncalcError) as caught:
        read(tmp_path / "m.onnx", nodes, stored, dims)
    (problem,) = caught.value.diagnostics
    return problem.code, problem.message, problem.origin.rpartition(": ")[2]


# -- padding

SIGNAL = [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("reflect", [2.0, 1.0, *SIGNAL, 2.0]),
        ("edge", [0.0, 0.0, *SIGNAL, 3.0]),
        ("wrap", [2.0, 3.0, *SIGNAL, 0.0]),
    ],
)
@pytest.mark.parametrize("dims", [(1, 4), (1, 4, 1), (1, 1, 4)])
def test_an_audio_signal_is_padded_along_its_length(tmp_path, mode, expected, dims):
    """NumPy's `pad` of these modes, two numbers before and one behind."""
    axis, rank = dims.index(4), len(dims)
    pads = [0] * (2 * rank)
    pads[axis], pads[rank + axis] = 2, 1
    nodes = [node("Pad", ["x", "sizes"], ["y"], mode=mode)]
    network = read(tmp_path / "m.onnx", nodes, [whole(*pads)], dims)
    (out,) = (network.nodes[index].shape for index in network.outputs)
    assert (out.channels, *out.spatial) == tuple(7 if size == 4 else size for size in dims[1:])
    assert "pad" in types(network)
    assert computed(network, SIGNAL) == expected


def test_channels_that_are_places_of_a_row_need_no_other_row(tmp_path):
    """(n, c, l) transposed to (n, l, c), whose second axis is the length."""
    nodes = [
        node("Relu", ["x"], ["r"]),
        node("Transpose", ["r"], ["t"], perm=[0, 2, 1]),
        node("Pad", ["t", "sizes"], ["p"], mode="reflect"),
        node("Transpose", ["p"], ["y"], perm=[0, 2, 1]),
    ]
    network = read(tmp_path / "m.onnx", nodes, [whole(0, 1, 0, 0, 0, 0)], (1, 2, 3))
    assert types(network) == ["relu", "pad"]
    assert computed(network, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) == [2, 1, 2, 3, 5, 4, 5, 6]


def test_channels_are_padded_with_a_number(tmp_path):
    nodes = [node("Pad", ["x", "sizes", "five"], ["y"])]
    stored = [whole(0, 1, 0, 0, 0, 0), tensor("five", (), [5])]
    network = read(tmp_path / "m.onnx", nodes, stored, (1, 2, 2))
    assert computed(network, [1.0, 2.0, 3.0, 4.0]) == [5, 5, 1, 2, 3, 4]


def test_zeros_before_channels_are_empty_maps_as_before(tmp_path):
    nodes = [node("Pad", ["x", "sizes"], ["y"])]
    network = read(tmp_path / "m.onnx", nodes, [whole(0, 1, 0, 0, 0, 1)], (1, 2, 2))
    assert types(network) == ["padmaps", "pad"]


def test_a_volume_has_no_axis_left_for_its_channels(tmp_path):
    nodes = [node("Pad", ["x", "sizes"], ["y"], mode="edge")]
    pads = [whole(0, 1, 0, 0, 0, 0, 0, 0, 0, 0)]
    assert refusal(tmp_path, nodes, pads, (1, 2, 2, 2, 2)) == (
        "unknown-operator",
        "'Pad' of the channels by other numbers than zeros has no layer here",
        "node 1 of 1 'y' (Pad, opset 17)",
    )


def test_a_reflection_longer_than_the_signal_is_refused(tmp_path):
    nodes = [node("Pad", ["x", "sizes"], ["y"], mode="reflect")]
    code, message, _ = refusal(tmp_path, nodes, [whole(0, 4, 0, 0)], (1, 4))
    assert code == "padding-too-big"
    assert message == "reflect padding (4) needs an input of at least 5, not 4"


# -- joining twice


def test_what_was_joined_along_a_new_axis_is_joined_again(tmp_path):
    """Real and imaginary parts beside each other, then octave behind octave."""
    nodes = [
        node("Relu", ["x"], ["r"]),
        node("Neg", ["x"], ["m"]),
        node("Unsqueeze", ["r", "three"], ["a"]),
        node("Unsqueeze", ["m", "three"], ["b"]),
        node("Concat", ["a", "b"], ["ab"], axis=3),
        node("Concat", ["b", "a"], ["ba"], axis=3),
        node("Concat", ["ab", "ba"], ["y"], axis=2),
    ]
    stored = [tensor("three", (1,), [3], kind=7)]
    network = read(tmp_path / "m.onnx", nodes, stored, (1, 1, 2))
    assert computed(network, [1.0, 2.0]) == [1, -1, 2, -2, -1, 1, -2, 2]


# -- spreading

EXPANDED = {  # of the map, to what it is expanded, the row's numbers by hand
    "one place": ((1, 2, 1, 1), (1, 2, 2, 3), [1.0] * 6 + [2.0] * 6),
    "one row": ((1, 1, 1, 2), (1, 1, 2, 2), [1.0, 2.0, 1.0, 2.0]),
    "one column": ((1, 1, 2, 1), (1, 1, 2, 2), [1.0, 1.0, 2.0, 2.0]),
    "one channel": ((1, 1, 2), (1, 3, 2), [1.0, 2.0] * 3),
    "fewer sizes than axes": ((1, 2, 1), (3,), [1.0] * 3 + [2.0] * 3),
}


@pytest.mark.parametrize("case", EXPANDED)
def test_a_map_is_repeated_along_axes_of_one(tmp_path, case):
    """By the rule of NumPy's broadcast_to."""
    dims, sizes, expected = EXPANDED[case]
    network = read(tmp_path / "m.onnx", [node("Expand", ["x", "sizes"], ["y"])], [whole(*sizes)],
                   dims)  # fmt: skip
    assert "upsample" in types(network)
    assert computed(network, [1.0, 2.0]) == expected


def test_an_expanded_gate_is_a_gate(tmp_path):
    """As a squeeze-and-excitation block is exported: pooled, expanded, multiplied."""
    nodes = [
        node("Relu", ["x"], ["r"]),
        node("GlobalAveragePool", ["r"], ["p"]),
        node("Expand", ["p", "sizes"], ["e"]),
        node("Mul", ["r", "e"], ["y"]),
    ]
    network = read(tmp_path / "m.onnx", nodes, [whole(1, 2, 1, 2)], (1, 2, 1, 2))
    assert types(network) == ["relu", "gap", "mul"]
    assert computed(network, [1.0, 3.0, 2.0, 0.0]) == [2.0, 6.0, 2.0, 0.0]


def test_an_expanded_map_is_added(tmp_path):
    nodes = [
        node("GlobalAveragePool", ["x"], ["p"]),
        node("Expand", ["p", "sizes"], ["e"]),
        node("Add", ["x", "e"], ["y"]),
    ]
    network = read(tmp_path / "m.onnx", nodes, [whole(1, 2, 1, 2)], (1, 2, 1, 2))
    assert computed(network, [1.0, 3.0, 2.0, 0.0]) == [3.0, 5.0, 3.0, 1.0]


def test_a_batch_is_not_repeated(tmp_path):
    nodes = [node("Expand", ["x", "sizes"], ["y"])]
    assert refusal(tmp_path, nodes, [whole(4, 2, 3)], (1, 2, 1)) == (
        "unknown-operator",
        "'Expand' to 4x2x3 repeats the batch, which no layer here does",
        "node 1 of 1 'y' (Expand, opset 17)",
    )


# -- outputs and what is named first


@pytest.mark.parametrize("axes", [[1], [0, 1], None])
def test_a_score_is_an_output_without_channels(tmp_path, axes):
    """One number a sample, squeezed out of (n, 1), or out of all axes."""
    stored = [tensor("w", (3, 1), [1, 2, 3])]
    if axes is not None:
        stored.append(tensor("axes", (len(axes),), axes, kind=7))
    names = ["m", "axes"] if axes is not None else ["m"]
    nodes = [node("MatMul", ["x", "w"], ["m"]), node("Squeeze", names, ["y"])]
    network = read(tmp_path / "m.onnx", nodes, stored, (1, 3))
    (index,) = network.outputs
    assert network.nodes[index].shape.view("CHW") == (1,)
    assert computed(network, [1.0, 1.0, 1.0]) == [6.0]


def test_the_first_operator_without_a_layer_is_named(tmp_path):
    """Not the one behind it, which cannot do anything with what comes out."""
    nodes = [
        node("Relu", ["x"], ["r"]),
        node("Equal", ["r", "classes"], ["e"], name="one_hot"),
        node("MatMul", ["e", "w"], ["y"]),
    ]
    stored = [tensor("classes", (1, 1, 3), [0, 1, 2]), tensor("w", (3, 4))]
    assert refusal(tmp_path, nodes, stored, (1, 2, 1)) == (
        "unknown-operator",
        "'Equal' has no layer here",
        "node 2 of 3 'one_hot' (Equal, opset 17)",
    )


def test_the_cause_is_named_where_a_later_operator_complains(tmp_path):
    nodes = [
        node("Round", ["x"], ["r"], name="rounded"),
        node("Max", ["r", "c"], ["y"], name="bounded"),
    ]
    stored = [tensor("c", (1, 3), [1, 2, 3])]
    assert refusal(tmp_path, nodes, stored, (1, 3)) == (
        "unknown-operator",
        "'Round' has no layer here",
        "node 1 of 2 'rounded' (Round, opset 17)",
    )


# -- powers


@pytest.mark.parametrize(
    ("exponent", "layers", "expected"),
    [(1, ["relu"], [0.0, 1.5]), (2, ["relu", "mul"], [0.0, 2.25]),
     (3, ["relu", "mul"], [0.0, 3.375])],
)  # fmt: skip
def test_a_power_is_a_product(tmp_path, exponent, layers, expected):
    nodes = [node("Relu", ["x"], ["r"]), node("Pow", ["r", "n"], ["y"])]
    network = read(tmp_path / "m.onnx", nodes, [tensor("n", (), [exponent])], (1, 2))
    assert types(network) == layers
    assert computed(network, [-1.0, 1.5]) == expected


@pytest.mark.parametrize("exponent", [0.5, 4.0, -1.0])
def test_another_power_has_no_layer(tmp_path, exponent):
    stored = [tensor("n", (), [exponent])]
    assert refusal(tmp_path, [node("Pow", ["x", "n"], ["y"])], stored, (1, 2)) == (
        "unknown-operator", "'Pow' has no layer here", "node 1 of 1 'y' (Pow, opset 17)",
    )  # fmt: skip


# -- a stored matrix in front

MATRIX = tensor("w", (2, 3), [1, 0, 0, 1, 1, 1])


def test_a_stored_matrix_times_columns(tmp_path):
    """(2x3)·(3x2): the first row takes the first channel, the second the sum of all."""
    network = read(tmp_path / "m.onnx", [node("MatMul", ["w", "x"], ["y"])], [MATRIX], (1, 3, 2))
    assert "linear" in types(network)
    assert analyze(network).totals.params == 6
    assert computed(network, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) == [1.0, 2.0, 9.0, 12.0]


def test_a_stored_matrix_times_the_rows_of_each_map(tmp_path):
    """Two channels of three rows: each channel's matrix is multiplied."""
    nodes = [node("MatMul", ["w", "x"], ["y"])]
    network = read(tmp_path / "m.onnx", nodes, [MATRIX], (1, 2, 3, 1))
    assert computed(network, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) == [1.0, 6.0, 4.0, 15.0]


@pytest.mark.parametrize(
    ("inputs", "dims", "code", "message"),
    [
        (["w", "v"], (1, 3, 2), "unknown-operator", "'MatMul' of two constants has no layer here"),
        (["w", "x"], (1, 3), "unknown-operator",
         "'MatMul' of 2x3, stored, by 1x3 has no layer here"),
        (["w", "x"], (1, 4, 2), "broken-model", "its weights take 3 numbers, its input has 4"),
    ],
)  # fmt: skip
def test_what_a_stored_matrix_cannot_multiply(tmp_path, inputs, dims, code, message):
    stored = [MATRIX, tensor("v", (3, 4))]
    found = refusal(tmp_path, [node("MatMul", inputs, ["y"])], stored, dims)
    assert found == (code, message, "node 1 of 1 'y' (MatMul, opset 17)")
