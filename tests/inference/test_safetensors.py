"""Safetensors: every type, round trips, damaged files, and a large file that costs nothing."""

# ruff: noqa: E501 - messages stand whole, as users see them

import json
import struct
import tracemalloc
from array import array

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cnncalc.errors import CnncalcError
from cnncalc.inference import safetensors
from cnncalc.inference.safetensors import MAX_HEADER, read, write


def build(header, data=b""):
    """A file from a header and the bytes behind it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "w.safetensors"

    def at(content):
        path.write_bytes(content)
        return str(path)

    return at


@pytest.mark.parametrize(
    ("dtype", "data", "expected"),
    [
        # bit patterns of IEEE 754 (and of bfloat16, a float32 cut in half), little-endian
        ("F64", "000000000000f03f9a9999999999b9bf", [1.0, -0.1]),
        ("F32", "0000803f000020c0", [1.0, -2.5]),
        ("F16", "003cff7b010000c1", [1.0, 65504.0, 2.0**-24, -2.5]),
        ("BF16", "803f20c0807f", [1.0, -2.5, float("inf")]),
        ("I8", "01ff80", [1.0, -1.0, -128.0]),
        ("U8", "01ff", [1.0, 255.0]),
        ("I16", "0100ffff", [1.0, -1.0]),
        ("U16", "0100ffff", [1.0, 65535.0]),
        ("I32", "01000000ffffffff", [1.0, -1.0]),
        ("U32", "01000000ffffffff", [1.0, 4294967295.0]),
        ("I64", "0100000000000000ffffffffffffffff", [1.0, -1.0]),
        ("U64", "0000000000002000", [2.0**53]),
        ("BOOL", "0100", [1.0, 0.0]),
    ],
)
def test_every_type(file, dtype, data, expected):
    raw = bytes.fromhex(data)
    header = {"a": tensor(dtype, (len(expected),), (0, len(raw)))}
    stored = read(file(build(header, raw)))["a"]
    assert list(stored.read()) == expected
    assert stored.dims == (len(expected),)


def test_whole_numbers_that_no_float_holds_are_refused(file):
    raw = struct.pack("<q", 2**53 + 1)
    stored = read(file(build({"a": tensor("I64", (1,), (0, 8))}, raw)))["a"]
    message = r"^bad-safetensors: a whole number beyond 2\^53 is not exact as a float$"
    with pytest.raises(CnncalcError, match=message):
        stored.read()


def test_half_precision_is_decoded_in_pieces(file):
    count = 3 * 2**14 + 5
    raw = struct.pack(f"<{count}e", *(i % 100 for i in range(count)))
    values = read(file(build({"a": tensor("F16", (count,), (0, 2 * count))}, raw)))["a"].read()
    assert list(values) == [float(i % 100) for i in range(count)]


def test_metadata_empty_tensors_and_single_numbers(file):
    header = {
        "__metadata__": {"format": "pt"},
        "none": tensor(shape=(0, 3), offsets=(0, 0)),
        "one": tensor(shape=(), offsets=(0, 4)),
    }
    found = read(file(build(header, struct.pack("<f", 7.0))))
    assert {name: (t.dims, list(t.read())) for name, t in found.items()} == {
        "none": ((0, 3), []), "one": ((), [7.0]),
    }  # fmt: skip


GOOD = build({"a": tensor(), "b": tensor(offsets=(8, 16))}, bytes(16))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it has 0 bytes"),
        (b"\x00" * 7, "it has 7 bytes"),
        (struct.pack("<Q", 2**63) + b"{}", "its first 8 bytes are not the length of a header"),
        (struct.pack("<Q", MAX_HEADER + 1) + b"{}", "its first 8 bytes are not the length of a header"),
        (struct.pack("<Q", 0) + b"{}", "its first 8 bytes are not the length of a header"),
        (build(b"[]"), "its header is not an object"),
        (build(b"{,}"), "its header is not JSON (Expecting property name enclosed in double quotes)"),
        (build(b'{"\xff": 1}'), "its header is not UTF-8"),
        (build(b'{"a": {}, "a": {}}'), "its header is not JSON (a name appears twice)"),
        (build({"a": 1}), "'a' needs dtype, shape and data_offsets"),
        (build({"a": tensor("F8_E4M3")}, bytes(8)), "'a' has the type 'F8_E4M3', which is none of F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL"),
        (build({"a": tensor(shape=(-2,))}, bytes(8)), "the shape of 'a' is not a list of sizes"),
        (build({"a": tensor(shape=(True, 2))}, bytes(8)), "the shape of 'a' is not a list of sizes"),
        (build({"a": tensor(shape=(1,) * 17)}, bytes(8)), "the shape of 'a' is not a list of sizes"),
        (build({"a": tensor(offsets=(0, 8, 8))}, bytes(8)), "data_offsets of 'a' is not a pair of offsets"),
        (build({"a": tensor(offsets=(-8, 0))}, bytes(8)), "data_offsets of 'a' is not a pair of offsets"),
        (build({"a": tensor(shape=(3,))}, bytes(8)), "'a' has 8 bytes, which does not match its shape in F32"),
        (build({"a": tensor(offsets=(8, 0))}, bytes(8)), "'a' has -8 bytes, which does not match its shape in F32"),
        (build({"a": tensor()}, bytes(7)), "'a' extends beyond the end of the file"),
        (build({"a": tensor()}, bytes(9)), "1 bytes at its end belong to no tensor"),
        (build({"a": tensor(offsets=(4, 12))}, bytes(12)), "'a' comes after unused bytes"),
        (build({"a": tensor(), "b": tensor(offsets=(4, 12))}, bytes(12)), "'b' overlaps another tensor"),
        (build(b'{"a":' * 100_000), "its header is not JSON (maximum recursion depth exceeded while decoding a JSON object from a unicode string)"),
    ],
)  # fmt: skip
def test_files_that_break_the_rules(file, content, why):
    assert list(read(file(GOOD))) == ["a", "b"]
    with pytest.raises(CnncalcError) as caught:
        read(file(content))
    message = caught.value.diagnostics[0].message
    assert message.startswith(f"'{file(content)}' is not a safetensors file: ")
    if "recursion" not in why:
        assert message.endswith(f"file: {why}")


@settings(
    max_examples=300, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=6),
    st.integers(0, len(GOOD)),
    st.binary(max_size=4),
)
@example([], len(GOOD), b"")
def test_damaged_bytes_never_surprise(tmp_path, changes, length, tail):
    content = bytearray(GOOD)
    for at, byte in changes:
        content[at] = byte
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(bytes(content[:length]) + tail)
    try:
        for stored in read(str(path)).values():
            assert len(stored.read()) >= 0
    except CnncalcError as error:
        assert error.diagnostics[0].message  # noqa: PT017 - it may or may not fail


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 2**70) | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["dtype", "shape", "data_offsets", "a", "__metadata__"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(
    max_examples=300, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(JSON_VALUES)
def test_strange_headers_never_surprise(tmp_path, header):
    path = tmp_path / "strange.safetensors"
    path.write_bytes(build(header, bytes(8)))
    try:
        read(str(path))
    except CnncalcError as error:
        assert error.diagnostics[0].code == "bad-safetensors"  # noqa: PT017 - it may or may not fail


def test_round_trip_keeps_every_bit(file, tmp_path):
    path = str(tmp_path / "out.safetensors")
    tensors = [
        ("single", (2, 2), array("f", [0.1, -2.5, 1e-45, 3.4e38])),
        ("exact", (3,), [1.0, 0.5, -0.25]),
        ("double", (2,), [0.1, 1e300]),
    ]
    write(path, tensors)
    found = read(path)
    assert list(found) == ["single", "exact", "double"]
    for name, dims, values in tensors:
        assert found[name].dims == dims
        assert list(found[name].read()) == list(values)
    types = [found[name].read().format for name in found]
    assert types == ["f", "f", "d"]
    content = (tmp_path / "out.safetensors").read_bytes()
    assert struct.unpack("<Q", content[:8])[0] % 8 == 0


def test_a_file_may_be_overwritten_by_what_it_holds(tmp_path):
    path = str(tmp_path / "w.safetensors")
    write(path, [("a", (2,), [1.0, 2.0])])
    held = read(path)["a"].read()
    write(path, [("a", (2,), held)])
    assert list(read(path)["a"].read()) == [1.0, 2.0]
    assert [file.name for file in tmp_path.iterdir()] == ["w.safetensors"]


def test_writing_where_nobody_can(tmp_path):
    path = str(tmp_path / "no" / "w.safetensors")
    with pytest.raises(
        CnncalcError, match=r"^unwritable: cannot write '.*': no such file or direc"
    ):
        write(path, [("a", (1,), [1.0])])


def test_a_large_file_costs_no_memory(tmp_path):
    """Half a gigabyte of weights, sparse on disk: only the tensor that is read is touched."""
    size, small = 2**29, 64
    header = json.dumps(
        {"big": tensor(shape=(size // 4,), offsets=(0, size)),
         "small": tensor(shape=(small // 4,), offsets=(size, size + small))}
    ).encode()  # fmt: skip
    path = tmp_path / "large.safetensors"
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(header)) + header)
        stream.truncate(8 + len(header) + size + small)
    tracemalloc.start()
    try:
        found = read(str(path))
        big, few = found["big"].read(), found["small"].read()
        assert (len(big), big[size // 8], list(few)) == (size // 4, 0.0, [0.0] * 16)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20


def test_a_directory_and_a_missing_file(tmp_path):
    with pytest.raises(CnncalcError, match=r"^unreadable: '.*' is a directory, not a file$"):
        read(str(tmp_path))
    with pytest.raises(CnncalcError, match=r"^no-file: there is no file 'gone.safetensors'$"):
        safetensors.read("gone.safetensors")
