"""Safetensors files: read through a memory map, one tensor at a time, and written.

Eight bytes of length, a JSON header that gives each tensor's type, sizes and place, then the
numbers. Nothing in the header is believed before it is checked: places must lie inside the file,
follow each other without overlap or hole, and hold just the numbers that the sizes ask for.
Source: the format's description at github.com/huggingface/safetensors.
"""

from __future__ import annotations

import json
import mmap
import os
import sys
from array import array
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc import files
from cnncalc.errors import failure
from cnncalc.inference.stored import SIZES, StoredTensor, decoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cnncalc.errors import CnncalcError

MAX_HEADER = 32 * 2**20  # a network of 100,000 tensors needs a third of it
MAX_RANK = 16
MAX_SIZE = 2**48
PREFIX = 8
SHORTEST = 2  # an empty object
ALIGNMENT = 8
METADATA = "__metadata__"


class Entry(NamedTuple):
    """One tensor of the header: where its bytes begin and end behind the header."""

    name: str
    dtype: str
    dims: tuple[int, ...]
    begin: int
    end: int


def read(path: str) -> dict[str, StoredTensor]:
    """The tensors of a file by name, in the order of its header; numbers are read when asked for.

    Raises CnncalcError for a file that is not what it should be.

    >>> read("missing.safetensors")
    Traceback (most recent call last):
        ...
    cnncalc.errors.CnncalcError: no-file: there is no file 'missing.safetensors'
    """
    data = _mapped(path)
    length = int.from_bytes(data[:PREFIX], "little")
    if not SHORTEST <= length <= min(MAX_HEADER, len(data) - PREFIX):
        raise broken(path, "its first 8 bytes are not the length of a header")
    start = PREFIX + length
    entries = _entries(path, _header(path, bytes(data[PREFIX:start])))
    _check_places(path, entries, len(data) - start)
    return {
        entry.name: StoredTensor(
            entry.dims, decoder(entry.dtype, data[start + entry.begin : start + entry.end])
        )
        for entry in entries
    }


def broken(path: str, why: str) -> CnncalcError:
    """The complaint about a file that breaks the format's rules."""
    return failure("bad-safetensors", f"'{path}' is not a safetensors file: {why}")


def _mapped(path: str) -> memoryview:
    """The whole file, of which only the pages that are touched are read."""
    with files.opened(path) as stream:
        try:
            size = os.fstat(stream.fileno()).st_size
            if size < PREFIX:
                raise broken(path, f"it has {size} bytes")
            return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
        except (OSError, ValueError) as error:
            raise files.unreadable(f"cannot map '{path}' into memory: {error}") from None


def _header(path: str, text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=_unique)
    except UnicodeDecodeError:  # whose own text shows a byte of what may be any file
        raise broken(path, "its header is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise broken(path, f"its header is not JSON ({_first_words(error)})") from None
    if not isinstance(header, dict):
        raise broken(path, "its header is not an object")
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name appears twice")
    return found


def _first_words(error: Exception) -> str:
    return str(error).partition(":")[0][:80]


def _entries(path: str, header: Mapping[str, Any]) -> list[Entry]:
    return [_entry(path, name, told) for name, told in header.items() if name != METADATA]


def _entry(path: str, name: str, told: object) -> Entry:
    """One tensor of the header, its shape checked against its offsets."""
    if not isinstance(told, dict) or set(told) != {"dtype", "shape", "data_offsets"}:
        raise broken(path, f"{name!r} needs dtype, shape and data_offsets")
    dtype, dims, place = told["dtype"], told["shape"], told["data_offsets"]
    if not isinstance(dtype, str) or dtype not in SIZES:
        known = ", ".join(SIZES)
        raise broken(path, f"{name!r} has the type {dtype!r}, which is none of {known}")
    if not _whole(dims) or len(dims) > MAX_RANK:
        raise broken(path, f"the shape of {name!r} is not a list of sizes")
    if not _whole(place) or len(place) != 2:  # noqa: PLR2004 - a beginning and an end
        raise broken(path, f"data_offsets of {name!r} is not a pair of offsets")
    begin, end = place
    if end - begin != prod(dims) * SIZES[dtype]:
        size = f"{end - begin:,} bytes"
        raise broken(path, f"{name!r} has {size}, which does not match its shape in {dtype}")
    return Entry(name, dtype, tuple(dims), begin, end)


def _whole(numbers: object) -> bool:
    return isinstance(numbers, list) and all(
        type(number) is int and 0 <= number <= MAX_SIZE for number in numbers
    )


def _check_places(path: str, entries: Iterable[Entry], size: int) -> None:
    """Every byte behind the header belongs to exactly one tensor."""
    reached = 0
    for entry in sorted(entries, key=lambda entry: (entry.begin, entry.end)):
        if entry.end > size:
            raise broken(path, f"{entry.name!r} extends beyond the end of the file")
        if entry.begin != reached:
            kind = (
                "overlaps another tensor" if entry.begin < reached else "comes after unused bytes"
            )
            raise broken(path, f"{entry.name!r} {kind}")
        reached = entry.end
    if reached != size:
        raise broken(path, f"{size - reached:,} bytes at its end belong to no tensor")


def write(path: str, tensors: Iterable[tuple[str, tuple[int, ...], Sequence[float]]]) -> None:
    """Write named tensors: as F32 where that loses nothing of a tensor, else as F64.

    The numbers are packed before the file is touched. Raises CnncalcError where it cannot be
    written, as `files.write` does.
    """
    ready = [(name, dims, narrowest(values)) for name, dims, values in tensors]
    header = json.dumps(dict(_told(ready)), separators=(",", ":")).encode()
    header += b" " * (-len(header) % ALIGNMENT)
    prefix = len(header).to_bytes(PREFIX, "little")
    files.write(path, [prefix, header, *(little_endian(numbers) for _, _, numbers in ready)])


def _told(
    ready: Iterable[tuple[str, tuple[int, ...], array[float]]],
) -> Iterable[tuple[str, object]]:
    place = 0
    for name, dims, numbers in ready:
        end = place + len(numbers) * numbers.itemsize
        dtype = "F32" if numbers.typecode == "f" else "F64"
        yield name, {"dtype": dtype, "shape": list(dims), "data_offsets": [place, end]}
        place = end


def narrowest(values: Sequence[float]) -> array[float]:
    """The numbers as float32 where each of them is one, else as float64.

    >>> narrowest([0.5, 1.0]).typecode, narrowest([0.1]).typecode
    ('f', 'd')
    """
    if isinstance(values, array) and values.typecode == "f":
        return values
    if isinstance(values, memoryview) and values.format == "f":
        narrow: array[float] = array("f")
        narrow.frombytes(values.cast("B"))
        return narrow
    wide = array("d", values)
    try:
        narrow = array("f", wide)
    except OverflowError:
        return wide
    return narrow if array("d", narrow) == wide else wide


def little_endian(numbers: array[float]) -> array[float]:
    """The numbers in the byte order of the format.

    >>> little_endian(array("f", [1.0])).tobytes().hex()
    '0000803f'
    """
    if sys.byteorder == "little":
        return numbers
    turned = array(numbers.typecode, numbers)
    turned.byteswap()
    return turned
