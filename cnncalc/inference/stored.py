"""One tensor of a weights file: its sizes, and its numbers, decoded when they are asked for.

Each type of number is decoded as safetensors stores it (little-endian).
"""

from __future__ import annotations

import struct
import sys
from array import array
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class StoredTensor(NamedTuple):
    """`read` decodes the numbers, flat and in C order, each time it is called.

    >>> StoredTensor((2, 2), lambda: [1.0, 2.0, 3.0, 4.0]).sizes
    '2×2'
    """

    dims: tuple[int, ...]
    read: Callable[[], Sequence[float]]

    @property
    def sizes(self) -> str:
        """The sizes as people write them."""
        return sizes(self.dims)


def sizes(dims: tuple[int, ...]) -> str:
    """The sizes of a tensor as people write them.

    >>> sizes((6, 1, 5, 5)), sizes(())
    ('6×1×5×5', 'a single number')
    """
    return "×".join(map(str, dims)) or "a single number"


# Bytes per number of each type.
SIZES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1,
    "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip
# The typecode of `array` for each whole-number type.
INTEGERS = {"I64": "q", "I32": "i", "I16": "h", "I8": "b", "U64": "Q", "U32": "I", "U16": "H"}
CHUNK = 2**14  # numbers of half precision decoded at a time
EXACT = 2**53  # whole numbers up to here are floats


def decoder(dtype: str, data: memoryview) -> Callable[[], Sequence[float]]:
    """What decodes these bytes when it is called.

    >>> decoder("BF16", memoryview(bytes.fromhex("803f20c0")))()
    array('f', [1.0, -2.5])
    """
    return partial(decode, dtype, data)


def decode(dtype: str, data: memoryview) -> Sequence[float]:
    r"""The numbers; single and double precision are seen where they lie, without a copy.

    Raises CnncalcError for whole numbers beyond 2^53, which floats cannot hold.

    >>> decode("F16", memoryview(bytes.fromhex("003c00c1"))), decode("I8", memoryview(b"\xff"))
    (array('d', [1.0, -2.5]), array('d', [-1.0]))
    """
    if dtype in ("F32", "F64"):
        return _floats("f" if dtype == "F32" else "d", data)
    if dtype == "F16":
        return _halves(data)
    if dtype == "BF16":
        return _truncated(data)
    return _integers(INTEGERS.get(dtype, "B"), data)


def _floats(typecode: str, data: memoryview) -> Sequence[float]:
    if sys.byteorder == "little":
        return data.cast(typecode)  # type: ignore[call-overload,no-any-return]
    return _native(typecode, bytes(data))


def _native(typecode: str, data: bytes | bytearray) -> array[float]:
    """An array from little-endian bytes, whatever this machine's order."""
    numbers: array[float] = array(typecode)
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _halves(data: memoryview) -> array[float]:
    numbers = array("d")
    for start in range(0, len(data), 2 * CHUNK):
        part = data[start : start + 2 * CHUNK]
        numbers.extend(struct.unpack(f"<{len(part) // 2}e", part))
    return numbers


def _truncated(data: memoryview) -> array[float]:
    """A bfloat16 is the upper half of a float32."""
    wide = bytearray(2 * len(data))
    wide[2::4] = data[0::2]
    wide[3::4] = data[1::2]
    return _native("f", wide)


def _integers(typecode: str, data: memoryview) -> array[float]:
    whole = _native(typecode, bytes(data))
    if whole.itemsize > 4 and any(abs(number) > EXACT for number in whole):  # noqa: PLR2004 - bytes
        raise failure("bad-safetensors", "a whole number beyond 2^53 is not exact as a float")
    return array("d", whole)
