"""Numbers of small tensors, whichever field of the file holds them; and places of enlarged maps.

The bits of 16-bit floats are those of IEEE 754 (one half is 0x3800, minus two 0xC000) and of
bfloat16, the upper half of a 32-bit float (one half is 0x3F00, minus two 0xC000). Where ONNX's
Resize reads is worked out by hand from its formulas.
"""

import struct
from math import prod
from pathlib import Path

import pytest
from onnx_files import field, model, node, tensor, varint

from cnncalc import CnncalcError, forward, load
from cnncalc.exchange.onnx.model import read
from cnncalc.tensor import Tensor

FLOAT, INT32, INT64, FLOAT16, DOUBLE, BFLOAT16 = 1, 6, 7, 10, 11, 16
INT32_DATA, FLOAT_DATA, INT64_DATA, RAW, DOUBLE_DATA = 5, 4, 7, 9, 10


def packed(*values):
    return b"".join(map(varint, values))


@pytest.mark.parametrize(
    ("kind", "place", "data", "numbers"),
    [
        (FLOAT16, INT32_DATA, packed(0x3800, 0xC000), (0.5, -2.0)),
        (BFLOAT16, INT32_DATA, packed(0x3F00, 0xC000), (0.5, -2.0)),
        (FLOAT16, RAW, bytes.fromhex("003800c0"), (0.5, -2.0)),
        (BFLOAT16, RAW, bytes.fromhex("003f00c0"), (0.5, -2.0)),
        (FLOAT, FLOAT_DATA, struct.pack("<2f", 0.5, -2.0), (0.5, -2.0)),
        (DOUBLE, DOUBLE_DATA, struct.pack("<2d", 0.1, -2.0), (0.1, -2.0)),
        (INT32, INT32_DATA, packed(3, -4), (3, -4)),
        (INT64, INT64_DATA, packed(2**40, -4), (2**40, -4)),
    ],
)
def test_numbers_of_every_field(kind, place, data, numbers):
    stored = b"".join([field(1, 2), field(2, kind), field(8, "t"), field(place, data)])
    found = read(model([node("Relu", ["x"], ["y"])], [stored]))
    assert found.numbers(found.stored["t"]) == numbers


def resized(tmp_path, rule, rounding, factor):
    scales = tensor("s", (4,), (1.0, 1.0, factor, factor))
    operator = node(
        "Resize", ["x", "", "s"], ["y"], mode="nearest",
        coordinate_transformation_mode=rule, nearest_mode=rounding,
    )  # fmt: skip
    path = tmp_path / "m.onnx"
    Path(path).write_bytes(model([operator], [scales], inputs=(("x", (1, 1, 4, 4)),)))
    return load(path)


@pytest.mark.parametrize("rule", ["half_pixel", "pytorch_half_pixel"])
def test_twice_as_many_at_half_pixels(rule, tmp_path):
    """Output o lies at (o + 1/2)/2 - 1/2: at -1/4, 1/4, 3/4, 5/4, nearest to 0, 0, 1, 1."""
    (*_, row) = resized(tmp_path, rule, "round_prefer_floor", 2.0).nodes
    assert row.shape.spatial == (8, 8)
    assert row.layer.type == "upsample"


@pytest.mark.parametrize(
    ("rule", "rounding", "places"),
    [
        ("half_pixel", "round_prefer_floor", [0, 0, 1, 1, 2, 2, 3, 3]),
        ("pytorch_half_pixel", "ceil", [0, 1, 1, 2, 2, 3, 3, 3]),  # of -1/4, 1/4, 3/4, 5/4, ...
        ("asymmetric", "ceil", [0, 1, 1, 2, 2, 3, 3, 3]),  # of 0, 1/2, 1, 3/2, ...
    ],
)
def test_the_places_that_are_read(rule, rounding, places, tmp_path):
    network = resized(tmp_path, rule, rounding, 2.0)
    sample = Tensor(network.nodes[0].shape, [10.0 * y + x for y in range(4) for x in range(4)])
    values = forward(network, sample).outputs[0].output.values
    assert list(values) == [10.0 * y + x for y in places for x in places]


def test_a_rounding_that_onnx_does_not_know_is_refused(tmp_path):
    with pytest.raises(CnncalcError, match="'Resize' with nearest_mode=flor has no layer here"):
        resized(tmp_path, "half_pixel", "flor", 3.0)


def over(tmp_path, type_, axis, dims, opset=17):
    path = tmp_path / "m.onnx"
    operator = node(type_, ["x"], ["y"], axis=axis)
    path.write_bytes(model([operator], inputs=(("x", dims),), opset=opset))
    network = load(path)
    sample = Tensor(network.nodes[0].shape, [float(n % 5) for n in range(prod(dims))])
    return list(forward(network, sample).outputs[0].output.values)


@pytest.mark.parametrize(
    ("axis", "dims", "opset"),
    [
        (3, (1, 6, 3, 1), 17),
        (-1, (1, 6, 3, 1), 11),
        (2, (1, 6, 1, 4), 17),
        (2, (1, 6, 1, 1), 17),
        (2, (1, 6, 1), 17),
        (1, (1, 1, 3, 4), 17),
    ],
)
def test_a_softmax_along_an_axis_of_one_number_is_1(axis, dims, opset, tmp_path):
    """e^x over itself, as ONNX Runtime 1.32.0 computes it."""
    assert over(tmp_path, "Softmax", axis, dims, opset) == [1.0] * prod(dims)


@pytest.mark.parametrize(
    ("type_", "axis", "dims"),
    [("Softmax", 0, (1, 6, 3, 2)), ("LogSoftmax", 3, (1, 6, 3, 1)), ("LogSoftmax", 0, (1, 6))],
)
def test_a_softmax_that_no_layer_expresses_is_refused(type_, axis, dims, tmp_path):
    with pytest.raises(CnncalcError) as caught:
        over(tmp_path, type_, axis, dims)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "unknown-operator"
    assert diagnostic.message.startswith(f"'{type_}' over ")


def test_a_layer_norm_along_an_axis_of_one_number_leaves_the_shift(tmp_path):
    """Each number less itself is 0."""
    path = tmp_path / "m.onnx"
    stored = [tensor("w", (1,), (3.0,)), tensor("b", (1,), (0.5,))]
    operator = node("LayerNormalization", ["x", "w", "b"], ["y"], axis=-1)
    path.write_bytes(model([operator], stored, inputs=(("x", (1, 6, 3, 1)),)))
    network = load(path)
    sample = Tensor(network.nodes[0].shape, [float(n % 5) for n in range(18)])
    assert list(forward(network, sample).outputs[0].output.values) == [0.5] * 18
