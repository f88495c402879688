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
    from collections.abc import Iterator, Mapping
    from mmap import mmap

    Data = bytes | mmap
    Message = dict[str, Any]

# 3 and 4 are long out of use
WIRE_TYPES = VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
MEASURED = frozenset({VARINT, LENGTH})  # what follows the tag is a number
FIRST_TAG = 1 << 3  # a field's number and its wire type in the lowest three bits; there is no 0
PACKED = frozenset({"int", "float"})  # kinds of which a field may hold several numbers
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
        self._tags = {kind: _by_tag(fields) for kind, fields in schema.items()}
        self._lists = {
            kind: [field.name for field in fields.values() if field.repeated]
            for kind, fields in schema.items()
        }

    def message(self, kind: str, place: Place | None = None, depth: int = 0) -> Message:
        """The fields of a message by name; repeated ones are lists, absent ones are left out.

        Raises:
            UnplacedError: the bytes are no such message, or hold more than a model does.
        """
        if depth > DEEPEST:
            raise broken(f"messages lie {depth} deep in each other")
        data, tags = self.data, self._tags[kind]
        found: Message = {name: [] for name in self._lists[kind]}
        at, stop = place or (0, len(data))
        while at < stop:  # without a generator of fields, which took a fifth longer
            self.fields_left -= 1
            if self.fields_left < 0:
                raise broken(f"it has more than {MOST_FIELDS:,} fields")
            tag = data[at]
            at += 1
            if tag >= ONE_BYTE:
                tag, at = self._varint(at - 1, stop)
            wire = tag & 7
            if wire not in MEASURED or tag < FIRST_TAG:
                size = _width(tag, at)
            elif at < stop and data[at] < ONE_BYTE:  # nearly every one
                size = data[at]
                at += 1
            else:
                size, at = self._varint(at, stop)
            end = at if wire == VARINT else at + size
            if end > stop:
                raise broken(f"{size:,} bytes are announced at byte {at}, {stop - at} follow")
            field = tags.get(tag)
            if field is not None:
                self._take(found, field, wire, size, at, depth)
            elif tag >> 3 in self.schema[kind]:
                raise _of_another_type(self.schema[kind][tag >> 3])
            at = end
        return found

    def _take(
        self, found: Message, field: Field, wire: int, size: int, at: int, depth: int
    ) -> None:
        """Add what a field holds: `size` itself where that is a varint, else so many bytes."""
        name, kind, repeated = field
        if not repeated and name in found and kind in self.schema:
            raise broken(f"'{name}' stands twice in one message")
        value: Any
        if kind == "text":
            value = self.text(at, at + size)
        elif wire == VARINT:
            value = size if kind == "place" else signed(size)
        elif kind == "place":
            value = Place(at, at + size)
        elif kind in self.schema:
            value = self.message(kind, Place(at, at + size), depth + 1)
        elif wire == LENGTH:
            value = self._packed(field, Place(at, at + size))
        else:
            (value,) = struct.unpack("<f", self.data[at : at + size])
        if not repeated:
            found[name] = value
            return
        entries: list[object] = found[name]
        if wire == LENGTH and kind in PACKED:
            entries += value
        else:
            entries.append(value)
        if len(entries) > MOST_IN_LIST:
            raise broken(f"'{name}' has more than {MOST_IN_LIST:,} entries")

    def _packed(self, field: Field, place: Place) -> list[int | float]:
        """The entries of one occurrence of a repeated field of numbers, which may be packed."""
        most = (place.stop - place.start) // (4 if field.kind == "float" else 1)
        if most > MOST_IN_LIST * LONGEST_VARINT:
            raise broken(f"'{field.name}' has more than {MOST_IN_LIST:,} entries")
        return list(self.packed(field.kind, place))

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

    def _varint(self, at: int, stop: int) -> tuple[int, int]:
        """A number of 7 bits a byte, lowest first, and the place behind it."""
        data, value, shift, place = self.data, 0, 0, at
        end = min(stop, at + LONGEST_VARINT)
        while place < end:
            byte = data[place]
            place += 1
            if byte < ONE_BYTE:
                return (value | byte << shift) & 2**64 - 1, place
            value |= (byte & 127) << shift
            shift += 7
        if stop < at + LONGEST_VARINT:
            raise broken(f"it is cut off at byte {stop}")
        raise broken(f"the number at byte {at} has more than {LONGEST_VARINT} bytes")


def _by_tag(fields: Mapping[int, Field]) -> dict[int, Field]:
    """The fields by their tags: the number and a wire type that it may have, as they are written.

    A field of numbers that stands several times may have all of them in one.
    """
    wires = {"int": (VARINT,), "float": (FOUR_BYTES,), "place": tuple(WIRE_TYPES)}
    return {
        number << 3 | wire: field
        for number, field in fields.items()
        for wire in (
            *wires.get(field.kind, (LENGTH,)),
            *((LENGTH,) if field.repeated and field.kind in PACKED else ()),
        )
    }


def _width(tag: int, at: int) -> int:
    """How many bytes a field of a fixed size has. Raises UnplacedError for a tag that is none."""
    if tag < FIRST_TAG:
        raise broken(f"there is no field 0, as byte {at} says")
    width = {EIGHT_BYTES: 8, FOUR_BYTES: 4}.get(tag & 7)
    if width is None:
        raise broken(f"there is no wire type {tag & 7}, as byte {at} says")
    return width


def _of_another_type(field: Field) -> UnplacedError:
    """The complaint about a field that is written as its kind never is."""
    if field.kind == "int":
        return broken(f"'{field.name}' is no whole number")
    return broken(f"'{field.name}' has the wrong wire type")


def signed(value: int) -> int:
    """A 64-bit number as two's complement.

    >>> signed(2**64 - 1)
    -1
    """
    return value - (1 << 64) if value >> 63 else value


def broken(why: str) -> UnplacedError:
    """The complaint about bytes that are no model."""
    return UnplacedError("broken-model", why)
