"""The wire format of protocol buffers, read by a table of the fields that are needed.

A message is a row of fields, each a number and a value. Fields that the table does not name are
skipped by their length, so that the pages of a mapped file which hold weights are never touched.
Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.errors import UnplacedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

    Data = bytes | mmap
    Message = dict[str, Any]

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5  # wire types; 3 and 4 are long out of use
MOST_FIELDS = 5_000_000  # of one file: a model of a thousand layers has fifty thousand
MOST_IN_LIST = 200_000  # entries of one repeated field, such as the nodes of a graph
LONGEST_TEXT = 2**16  # bytes of one name
LONGEST_VARINT = 10  # bytes
ONE_BYTE = 128  # a byte from here on says that another one of the same number follows
DEEPEST = 32  # messages within messages


class Place(NamedTuple):
    """Where the bytes of a value lie: from `start` up to `stop`."""

    start: int
    stop: int


class Field(NamedTuple):
    """What one field number means: its name, its kind, and whether it may stand several times.

    The kind is `int`, `float`, `text`, `place` (bytes that are not read; a number that stands
    there itself), or a message's name.
    """

    name: str
    kind: str
    repeated: bool = False


Schema = dict[str, dict[int, Field]]  # by the message's name, then the field's number


class Reader:
    """Messages of one file, by a schema. Every length is held against the message around it.

    >>> schema = {"Pair": {1: Field("left", "int"), 2: Field("names", "text", repeated=True)}}
    >>> data = bytes([0x08, 0x96, 0x01, 0x12, 1, 65, 0x12, 1, 66])
    >>> Reader(data, schema).message("Pair")
    {'names': ['A', 'B'], 'left': 150}
    """

    def __init__(self, data: Data, schema: Schema) -> None:
        self.data = data
        self.schema = schema
        self.fields_left = MOST_FIELDS

    def message(self, kind: str, place: Place | None = None, depth: int = 0) -> Message:
        """The fields of a message by name; repeated ones are lists, absent ones are left out.

        Raises:
            UnplacedError: the bytes are no such message, or hold more than a model does.
        """
        if depth > DEEPEST:
            raise broken(f"messages lie {depth} deep in each other")
        fields = self.schema[kind]
        found: Message = {field.name: [] for field in fields.values() if field.repeated}
        for number, wire, start, stop in self._fields(place or Place(0, len(self.data))):
            field = fields.get(number)
            if field is None:
                continue
            name, kind, repeated = field
            if not repeated:
                if name in found and kind in self.schema:
                    raise broken(f"'{name}' stands twice in one message")
                found[name] = self._value(field, wire, start, stop, depth)
                continue
            entries: list[object] = found[name]
            if wire == LENGTH and kind in {"int", "float"}:
                entries += self._packed(field, Place(start, stop))
            else:
                entries.append(self._value(field, wire, start, stop, depth))
            if len(entries) > MOST_IN_LIST:
                raise broken(f"'{name}' has more than {MOST_IN_LIST:,} entries")
        return found

    def _packed(self, field: Field, place: Place) -> list[int | float]:
        """The entries of one occurrence of a repeated field of numbers, which may be packed."""
        most = (place.stop - place.start) // (4 if field.kind == "float" else 1)
        if most > MOST_IN_LIST * LONGEST_VARINT:
            raise broken(f"'{field.name}' has more than {MOST_IN_LIST:,} entries")
        return list(self.packed(field.kind, place))

    def _value(self, field: Field, wire: int, start: int, stop: int, depth: int) -> object:
        """What a field holds: the number `start` where it is a varint, else what lies there."""
        kind = field.kind
        if kind == "int":
            if wire != VARINT:
                raise broken(f"'{field.name}' is no whole number")
            return signed(start)
        if kind == "place":
            return start if wire == VARINT else Place(start, stop)
        if wire != (FOUR_BYTES if kind == "float" else LENGTH):
            raise broken(f"'{field.name}' has the wrong wire type")
        if kind == "text":
            return self.text(start, stop)
        if kind == "float":
            return struct.unpack("<f", self.data[start:stop])[0]
        return self.message(kind, Place(start, stop), depth + 1)

    def text(self, start: int, stop: int) -> str:
        """The text between two places. Raises UnplacedError where it is longer than any name."""
        if stop - start > LONGEST_TEXT:
            raise broken(f"a name has {stop - start:,} bytes")
        return self.data[start:stop].decode("utf-8", "replace")

    def packed(self, kind: str, place: Place) -> Iterator[int | float]:
        """The numbers that lie one behind the other: `int` (varints) or `float` (4 bytes each).

        Raises:
            UnplacedError: the last one is cut off.
        """
        start, stop = place
        if kind == "float":
            if (stop - start) % 4:
                raise broken(f"{stop - start} bytes are no row of 4-byte numbers")
            yield from struct.unpack(f"<{(stop - start) // 4}f", self.data[start:stop])
            return
        while start < stop:
            value, start = self._varint(start, stop)
            yield signed(value)

    def _fields(self, place: Place) -> Iterator[tuple[int, int, int, int]]:
        """The number and the wire type of every field of a message, and where its bytes lie.

        Of a varint, it is the number itself in place of the start.
        """
        (at, stop), data = place, self.data
        while at < stop:
            self.fields_left -= 1
            if self.fields_left < 0:
                raise broken(f"it has more than {MOST_FIELDS:,} fields")
            key = data[at]
            if key < ONE_BYTE:  # nearly every one
                at += 1
            else:
                key, at = self._varint(at, stop)
            number, wire = key >> 3, key & 7
            if number == 0:
                raise broken(f"there is no field 0, as byte {at} says")
            if wire in {LENGTH, VARINT}:
                length = data[at] if at < stop else ONE_BYTE
                if length < ONE_BYTE:
                    at += 1
                else:
                    length, at = self._varint(at, stop)
                if wire == VARINT:
                    yield number, wire, length, at  # which is no length, but the number
                    continue
            elif wire in {EIGHT_BYTES, FOUR_BYTES}:
                length = 8 if wire == EIGHT_BYTES else 4
            else:
                raise broken(f"there is no wire type {wire}, as byte {at} says")
            end = at + length
            if end > stop:
                raise broken(f"{length:,} bytes are announced at byte {at}, {stop - at} follow")
            yield number, wire, at, end
            at = end

    def _varint(self, at: int, stop: int) -> tuple[int, int]:
        """A number of 7 bits a byte, lowest first, and the place behind it."""
        data, value, shift = self.data, 0, 0
        for place in range(at, min(stop, at + LONGEST_VARINT)):
            byte = data[place]
            value |= (byte & 127) << shift
            if byte < ONE_BYTE:
                return value & 2**64 - 1, place + 1
            shift += 7
        if stop < at + LONGEST_VARINT:
            raise broken(f"it is cut off at byte {stop}")
        raise broken(f"the number at byte {at} has more than {LONGEST_VARINT} bytes")


def signed(value: int) -> int:
    """A 64-bit number as two's complement.

    >>> signed(2**64 - 1)
    -1
    """
    return value - (1 << 64) if value >> 63 else value


def broken(why: str) -> UnplacedError:
    """The complaint about bytes that are no model."""
    return UnplacedError("broken-model", why)
