"""PGM and PPM: the simplest picture files. Read in text and in binary form, written in binary.

A magic word (P2, P5 grey; P3, P6 colour), width, height, the largest number, then the numbers,
one byte each, or two with the larger first where the largest number is above 255.
Source: the netpbm manual, pages pgm(5) and ppm(5).
"""

from __future__ import annotations

import re
import sys
from array import array
from itertools import islice
from typing import TYPE_CHECKING

from cnncalc.errors import failure
from cnncalc.files import title
from cnncalc.inference.images import Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.errors import CnncalcError

CHANNELS = {b"P2": 1, b"P5": 1, b"P3": 3, b"P6": 3}
TEXT = (b"P2", b"P3")
LARGEST = 65535
ONE_BYTE = 255
# White space and comments, then a number, then the single white space behind it.
NUMBER = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*([0-9]{1,9})(?=[\s#])")


def recognised(data: bytes) -> bool:
    """Whether these bytes begin as PGM or PPM do.

    >>> recognised(b"P5 8 8 255 "), recognised(b"P4 8 8 ")
    (True, False)
    """
    return data[:2] in CHANNELS and data[2:3] in (b" ", b"\t", b"\r", b"\n", b"#")


def read(data: bytes, path: str) -> Picture:
    """The picture in a file's bytes; `path` is what errors name.

    Raises CnncalcError for anything but one whole picture.

    >>> read(b"P2 3 1 15  0 7 15", "tiny.pgm")
    Picture(height=1, width=3, maximum=15, planes=(array('H', [0, 7, 15]),))
    """
    magic, at = data[:2], 2
    header = []
    for _ in range(3):
        found = NUMBER.match(data, at)
        if found is None:
            raise bad_picture(path, "its header does not give width, height and largest number")
        header.append(int(found[1]))
        at = found.end()
    width, height, maximum = header
    if not width or not height or not 0 < maximum <= LARGEST:
        raise bad_picture(path, f"its header says {width}×{height} pixels up to {maximum}")
    channels = CHANNELS[magic]
    count = width * height * channels
    if magic in TEXT:
        numbers: Sequence[int] = _written(data[at:], count, path)
    else:
        numbers = _packed(data[at + 1 :], count, maximum, path)
    if max(numbers) > maximum:
        raise bad_picture(path, f"it holds {max(numbers)}, above its largest number {maximum}")
    planes = tuple(numbers[channel::channels] for channel in range(channels))
    return Picture(height, width, maximum, planes)


def bad_picture(path: str, why: str) -> CnncalcError:
    """The complaint about a file that begins as a picture and is none."""
    return failure("bad-picture", f"{title(path)} is not a whole picture: {why}")


def _packed(data: bytes, count: int, maximum: int, path: str) -> bytes | array[int]:
    """The numbers of the binary form."""
    size = count if maximum <= ONE_BYTE else 2 * count
    if len(data) < size:
        raise bad_picture(path, f"it needs {size:,} bytes of pixels and has {len(data):,}")
    if maximum <= ONE_BYTE:
        return data[:size]
    numbers = array("H", data[:size])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _written(data: bytes, count: int, path: str) -> array[int]:
    """The numbers of the text form."""
    words = re.sub(rb"#[^\r\n]*", b"", data).split()
    if len(words) < count:
        raise bad_picture(path, f"it needs {count:,} numbers and has {len(words):,}")
    try:
        return array("H", map(_small, islice(words, count)))
    except ValueError as error:
        raise bad_picture(path, str(error)) from None


def _small(word: bytes) -> int:
    if not word.isdigit() or len(word) > 9 or int(word) > LARGEST:  # noqa: PLR2004 - 32 bits
        raise ValueError(f"'{word[:20].decode('ascii', 'replace')}' is not a number up to 65535")
    return int(word)


def pgm(height: int, width: int, pixels: bytes, comment: str = "") -> bytes:
    r"""A grey picture in binary form; one byte per pixel, 0 is black, rows one after the other.

    >>> pgm(1, 2, bytes([0, 255]))
    b'P5\n2 1\n255\n\x00\xff'
    """
    said = "".join(f"# {line}\n" for line in comment.splitlines())
    return f"P5\n{said}{width} {height}\n{ONE_BYTE}\n".encode("ascii", "replace") + pixels
