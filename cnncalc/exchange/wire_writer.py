"""The wire format of protocol buffers, written: fields one behind the other.

A message within a message needs its length first, so that sizes are known before anything is
written. Weights are the exception that counts: their length follows from their number.
Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from cnncalc.exchange.wire import FOUR_BYTES, LENGTH, ONE_BYTE, VARINT

if TYPE_CHECKING:
    from collections.abc import Iterable


def varint(value: int) -> bytes:
    """A number of 7 bits a byte, lowest first; negative ones as 64-bit two's complement.

    >>> varint(150).hex(), len(varint(-1))
    ('9601', 10)
    """
    value &= 2**64 - 1
    out = bytearray()
    while value >= ONE_BYTE:
        out.append(value & 127 | ONE_BYTE)
        value >>= 7
    out.append(value)
    return bytes(out)


def whole(number: int, value: int) -> bytes:
    """A field that is a whole number.

    >>> whole(1, 150).hex()
    '089601'
    """
    return varint(number << 3 | VARINT) + varint(value)


def real(number: int, value: float) -> bytes:
    """A field that is a 32-bit float."""
    return varint(number << 3 | FOUR_BYTES) + struct.pack("<f", value)


def head(number: int, length: int) -> bytes:
    """What stands before `length` bytes that follow as a field: texts, messages, weights."""
    return varint(number << 3 | LENGTH) + varint(length)


def text(number: int, value: str) -> bytes:
    """A field that is a text."""
    return block(number, value.encode("utf-8", "replace"))


def block(number: int, *parts: bytes) -> bytes:
    """A field that is a message or plain bytes, given in parts.

    >>> block(2, b"A", b"B").hex()
    '12024142'
    """
    data = b"".join(parts)
    return head(number, len(data)) + data


def whole_numbers(number: int, values: Iterable[int]) -> bytes:
    """A field of whole numbers, packed."""
    return block(number, *map(varint, values))


def reals(number: int, values: Iterable[float]) -> bytes:
    """A field of 32-bit floats, packed."""
    each = list(values)
    return block(number, struct.pack(f"<{len(each)}f", *each))
