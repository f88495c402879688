"""The reader of protobuf against the onnx package, and against bytes that are no model."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_files import field, model, node, tensor, varint

from cnncalc.errors import UnplacedError
from cnncalc.exchange.onnx.model import FLOATS, MOST_NUMBERS, StoredTensor, read
from cnncalc.exchange.onnx.schema import SCHEMA
from cnncalc.exchange.wire import Field, Reader

DATA = Path(__file__).parents[1] / "data" / "onnx"


def test_varints_texts_and_packed_numbers():
    """The examples of the encoding's own documentation: 150, "testing", [3, 270, 86942]."""
    schema = {"M": {1: Field("a", "int"), 2: Field("b", "text"), 6: Field("f", "int", True)}}
    data = bytes.fromhex("089601 120774657374696e67 3206038e029ea705")
    assert Reader(data, schema).message("M") == {"a": 150, "b": "testing", "f": [3, 270, 86942]}


def test_unknown_fields_are_skipped_by_their_length():
    schema = {"M": {1: Field("a", "int")}}
    others = field(9, b"abc") + varint(7 << 3 | 5) + b"1234" + varint(8 << 3 | 1) + b"12345678"
    assert Reader(others + field(1, 5), schema).message("M") == {"a": 5}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x08", "it is cut off at byte 1"),
        (b"\x08" + b"\xff" * 11, "the number at byte 1 has more than 10 bytes"),
        (b"\x12\x05ab", "5 bytes are announced at byte 2, 2 follow"),
        (b"\x00\x01", "there is no field 0, as byte 1 says"),
        (b"\x0b\x01", "there is no wire type 3, as byte 1 says"),
        (b"\x0a\x01a", "'a' is no whole number"),
        (b"\x0d1234", "'a' is no whole number"),
        (b"\x10\x01", "'b' has the wrong wire type"),
        (b"\x111234567", "8 bytes are announced at byte 1, 7 follow"),
        (b"\x1112345678", "'b' has the wrong wire type"),
        (b"\x1a\x021a", "'f' has the wrong wire type"),
        (b"\x22\x03\x00\x00\x00", "3 bytes are no row of 4-byte numbers"),
        (b"\x22\x00\x20\x01", "'g' has the wrong wire type"),
        (b"\x2a\x00\x2a\x00", "'m' stands twice in one message"),
        (b"\x28\x00", "'m' has the wrong wire type"),
    ],
)
def test_bytes_that_are_no_message(data, why):
    schema = {
        "M": {1: Field("a", "int"), 2: Field("b", "text"), 3: Field("f", "float"),
              4: Field("g", "float", repeated=True), 5: Field("m", "M")}
    }  # fmt: skip
    with pytest.raises(UnplacedError) as caught:
        Reader(data, schema).message("M")
    assert (caught.value.code, caught.value.message) == ("broken-model", why)


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=6),
    st.lists(st.floats(width=32, allow_nan=False), max_size=6),
    st.lists(st.text(max_size=4), max_size=3),
    st.randoms(use_true_random=False),
)
def test_lists_are_read_whole_packed_or_not(whole, real, texts, random):
    """Repeated numbers may stand one by one, all in one, or partly so; order is kept."""
    fields = {1: Field("w", "int", True), 700: Field("r", "float", True)}
    numbers = [varint(each % 2**64) for each in whole]
    cut, other = (random.randint(0, len(each)) for each in (whole, real))
    parts = [varint(1 << 3) + each for each in numbers[:cut]]
    parts.append(field(1, b"".join(numbers[cut:])))
    parts += [varint(700 << 3 | 5) + struct.pack("<f", each) for each in real[:other]]
    parts.append(field(700, struct.pack(f"<{len(real) - other}f", *real[other:])))
    parts += [field(3, each) for each in texts]
    found = Reader(b"".join(parts), {"M": {**fields, 3: Field("t", "text", True)}}).message("M")
    assert found == {"w": whole, "r": real, "t": texts}


def test_a_file_of_endless_fields_is_given_up():
    reader = Reader(b"\x48\x01" * 100, {"M": {}})
    reader.fields_left = 50
    with pytest.raises(UnplacedError, match="more than 5,000,000 fields"):
        reader.message("M")


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_a_model_or_refused(data):
    whole = model([node("Relu", ["x"], ["y"])])
    codes = [refusal(data), refusal(whole[: len(data)] + data)]
    assert set(codes) <= {None, "broken-model"}


def refusal(data):
    try:
        read(data)
    except UnplacedError as problem:
        return problem.code
    return None


def test_weights_are_not_read():
    """A tensor of more than 4,096 numbers is a place, whatever its bytes."""
    file = read(model([node("Relu", ["x"], ["y"])], [tensor("w", (64, 64, 3, 3))]))
    assert file.numbers(file.stored["w"]) is None
    assert file.stored["w"].raw.stop - file.stored["w"].raw.start == 64 * 64 * 9 * 4


def test_small_tensors_of_every_type():
    small = tensor("n", (3,), [1, -2, 3], kind=7)
    file = read(model([node("Relu", ["x"], ["y"])], [small, tensor("f", (2,), [0.5, -1.0])]))
    assert file.numbers(file.stored["n"]) == (1, -2, 3)
    assert file.numbers(file.stored["f"]) == (0.5, -1.0)


def test_half_precision_is_read_from_both_of_its_places():
    halves = struct.pack("<2e", 0.5, -2.0)
    raw = field(1, 2) + field(2, 10) + field(8, "h") + field(9, halves)
    bits = b"".join(map(varint, struct.unpack("<2H", halves)))
    typed = field(1, 2) + field(2, 10) + field(8, "t") + field(5, bits)
    file = read(model([node("Relu", ["x"], ["y"])], [raw, typed]))
    assert file.numbers(file.stored["h"]) == file.numbers(file.stored["t"]) == (0.5, -2.0)


def onnx_files():
    """All files at hand: ours, and those that come with the onnx package."""
    onnx = pytest.importorskip("onnx", reason="compares with the onnx package")
    folder = Path(onnx.__file__).parent / "backend" / "test" / "data"
    return sorted([*DATA.glob("*.onnx"), *folder.glob("**/*.onnx")])


def plain(attribute):
    from onnx import TensorProto, helper

    if attribute.type in {5, 10, 11, 12, 13, 14}:
        return None  # subgraphs and types, which are not read
    found = helper.get_attribute_value(attribute)
    if isinstance(found, TensorProto):
        return "tensor", tuple(found.dims), found.data_type
    if isinstance(found, bytes):
        return found.decode("utf-8", "replace")
    if attribute.type == 8:
        return tuple(each.decode("utf-8", "replace") for each in found)
    return tuple(found) if attribute.type in {6, 7} else found


def ours(value):
    if isinstance(value, StoredTensor):
        return "tensor", value.dims, value.kind
    return value if not hasattr(value, "start") else None


@pytest.mark.onnx
def test_equal_to_the_onnx_package_on_every_file():
    """Every node, input, attribute, size and small tensor."""
    import_error = pytest.importorskip("onnx", reason="compares with the onnx package")
    from onnx import numpy_helper

    files = onnx_files()
    assert len(files) > 100
    for path in files:
        theirs = import_error.load(path, load_external_data=False)
        if not theirs.graph.node:
            continue
        file = read(path.read_bytes())
        assert len(file.operators) == len(theirs.graph.node)
        for mine, other in zip(file.operators, theirs.graph.node, strict=True):
            assert (mine.name, mine.type) == (other.name, other.op_type)
            assert (mine.inputs, mine.outputs) == (tuple(other.input), tuple(other.output))
            found = {name: ours(value) for name, value in mine.attributes.items()}
            assert found == {each.name: plain(each) for each in other.attribute}
        assert list(file.stored) == [each.name for each in theirs.graph.initializer]
        for other in theirs.graph.initializer:
            mine = file.stored[other.name]
            assert (mine.dims, mine.kind) == (tuple(other.dims), other.data_type)
            if mine.size <= MOST_NUMBERS and not mine.external and mine.kind in {*FLOATS, 6, 7, 9}:
                numbers = numpy_helper.to_array(other).ravel().tolist()
                assert file.numbers(mine) == tuple(numbers), (path, mine.name)
        assert set(SCHEMA) >= {"Model", "Graph", "Node"}
