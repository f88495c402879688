"""Picture files: PGM and PPM in pure Python, others through Pillow, the optional extra `image`.

PGM and PPM are the simplest picture files: a magic word (P2, P5 grey; P3, P6 colour), width,
height, the largest number, then the numbers as text (P2, P3), or one byte each, or two with the
larger first where the largest number is above 255. Source: the netpbm manual, pages pgm(5) and
ppm(5).
"""

from __future__ import annotations

import re
import sys
from array import array
from importlib import import_module
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any

from cnncalc.errors import failure
from cnncalc.files import title
from cnncalc.inference.images import MAX_PIXELS, Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.errors import CnncalcError

CHANNELS = {b"P2": 1, b"P5": 1, b"P3": 3, b"P6": 3}
TEXT = (b"P2", b"P3")
LARGEST = 65535
ONE_BYTE = 255
# White space and comments, then a number, then the single white space behind it.
NUMBER = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*([0-9]{1,9})(?=[\s#])")
SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF")
OPAQUE = 255
DEEP = {"I", "I;16", "I;16L", "I;16B"}  # grey of 16 bits


def recognised(data: bytes) -> bool:
    r"""Whether these bytes begin as a picture does that can be read, perhaps with Pillow.

    >>> recognised(b"P5 8 8 255 "), recognised(b"\x89PNG\r\n\x1a\n"), recognised(b"1, 2, 3")
    (True, True, False)
    >>> recognised(b"P4 8 8 ")  # a bitmap, which is not read
    False
    """
    return _is_netpbm(data) or data.startswith(SIGNATURES)


def read(data: bytes, path: str) -> Picture:
    """The picture in a file's bytes; `path` is what errors name.

    Raises CnncalcError for anything but one whole picture, and where Pillow is needed but not
    installed.

    >>> read(b"P2 3 1 15  0 7 15", "tiny.pgm")
    Picture(height=1, width=3, maximum=15, planes=(array('H', [0, 7, 15]),))
    """
    return _read_netpbm(data, path) if _is_netpbm(data) else _read_with_pillow(data, path)


def _bad_picture(path: str, why: str) -> CnncalcError:
    """The complaint about a file that begins as a picture and is none."""
    return failure("bad-picture", f"{title(path)} is not a valid picture: {why}")


def _is_netpbm(data: bytes) -> bool:
    """Whether these bytes begin as PGM or PPM do."""
    return data[:2] in CHANNELS and data[2:3] in (b" ", b"\t", b"\r", b"\n", b"#")


def _read_netpbm(data: bytes, path: str) -> Picture:
    """The picture in the bytes of a PGM or PPM file."""
    magic, at = data[:2], 2
    header = []
    for _ in range(3):
        found = NUMBER.match(data, at)
        if found is None:
            raise _bad_picture(path, "its header lacks the width, the height or the maximum value")
        header.append(int(found[1]))
        at = found.end()
    width, height, maximum = header
    if not width or not height or not 0 < maximum <= LARGEST:
        size = f"{width}×{height} pixels and a maximum value of {maximum}"
        raise _bad_picture(path, f"its header gives {size}")
    channels = CHANNELS[magic]
    count = width * height * channels
    if magic in TEXT:
        numbers: Sequence[int] = _written(data[at:], count, path)
    else:
        numbers = _packed(data[at + 1 :], count, maximum, path)
    if max(numbers) > maximum:
        above = f"above the maximum value {maximum} of its header"
        raise _bad_picture(path, f"it has a pixel of {max(numbers)}, {above}")
    planes = tuple(numbers[channel::channels] for channel in range(channels))
    return Picture(height, width, maximum, planes)


def _packed(data: bytes, count: int, maximum: int, path: str) -> bytes | array[int]:
    """The numbers of the binary form."""
    size = count if maximum <= ONE_BYTE else 2 * count
    if len(data) < size:
        raise _bad_picture(path, f"it needs {size:,} bytes of pixels and has {len(data):,}")
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
        raise _bad_picture(path, f"it needs {count:,} numbers and has {len(words):,}")
    try:
        return array("H", map(_small, islice(words, count)))
    except ValueError as error:
        raise _bad_picture(path, str(error)) from None


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


def _pillow(wanted_for: str) -> Any:
    """Pillow's Image module. Raises CnncalcError, which says how to install it, without it."""
    try:
        return import_module("PIL.Image")
    except ImportError:
        advice = "pip install 'cnncalc[image]', or convert the picture to PGM or PPM"
        raise failure("no-pillow", f"{wanted_for} needs Pillow", help=advice) from None


def _read_with_pillow(data: bytes, path: str) -> Picture:
    """The picture in a file's bytes, grey or in colour; palettes are looked up.

    Transparent pixels are refused: which colour stands behind them is not known.
    """
    images = _pillow(f"reading {title(path)}")
    try:
        image = images.open(BytesIO(data))
        if image.width * image.height > MAX_PIXELS:
            raise _bad_picture(path, f"it has more than {MAX_PIXELS:,} pixels")
        image.load()
    except images.UnidentifiedImageError:  # whose own text shows an address in memory
        raise _bad_picture(path, "Pillow cannot read it") from None
    except (OSError, ValueError, SyntaxError, images.DecompressionBombError) as error:
        raise _bad_picture(path, str(error)) from None
    if image.mode in DEEP:
        return Picture(image.height, image.width, 65535, (_sixteen(image),))
    _refuse_transparency(image, path)
    plain = image.convert("L" if image.mode in ("1", "L", "LA") else "RGB")
    raw: bytes = plain.tobytes()
    channels = len(plain.getbands())
    planes = tuple(raw[channel::channels] for channel in range(channels))
    return Picture(plain.height, plain.width, 255, planes)


def _sixteen(image: Any) -> Sequence[int]:
    numbers = array("H", image.convert("I;16").tobytes())
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _refuse_transparency(image: Any, path: str) -> None:
    if "A" in image.getbands() or "transparency" in image.info:
        lowest, _ = image.convert("RGBA").getchannel("A").getextrema()
        if lowest < OPAQUE:
            raise _bad_picture(path, "parts of it are transparent; flatten it first")


def png(height: int, width: int, pixels: bytes) -> bytes:
    """A grey picture as PNG. Raises CnncalcError without Pillow."""
    out = BytesIO()
    _pillow("writing PNG").frombytes("L", (width, height), pixels).save(out, format="PNG")
    return out.getvalue()
