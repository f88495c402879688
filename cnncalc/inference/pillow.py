"""PNG, JPEG and what else Pillow reads; Pillow is the optional extra `image`."""

from __future__ import annotations

import sys
from array import array
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any

from cnncalc.errors import failure
from cnncalc.files import title
from cnncalc.inference.images import MAX_PIXELS, Picture
from cnncalc.inference.netpbm import bad_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF")
OPAQUE = 255
DEEP = {"I", "I;16", "I;16L", "I;16B"}  # grey of 16 bits


def recognised(data: bytes) -> bool:
    r"""Whether these bytes begin as a picture that Pillow may read.

    >>> recognised(b"\x89PNG\r\n\x1a\n"), recognised(b"P5 8 8 255 ")
    (True, False)
    """
    return data.startswith(SIGNATURES)


def library(wanted_for: str) -> Any:
    """Pillow's Image module. Raises CnncalcError, which says how to install it, without it."""
    try:
        return import_module("PIL.Image")
    except ImportError:
        advice = "pip install 'cnncalc[image]', or convert the picture to PGM or PPM"
        raise failure("no-pillow", f"{wanted_for} needs Pillow", help=advice) from None


def read(data: bytes, path: str) -> Picture:
    """The picture in a file's bytes, grey or in colour; palettes are looked up.

    Raises CnncalcError without Pillow, for what Pillow cannot read, and for transparency.
    """
    images = library(f"reading {title(path)}")
    try:
        image = images.open(BytesIO(data))
        if image.width * image.height > MAX_PIXELS:
            raise bad_picture(path, f"it has more than {MAX_PIXELS:,} pixels")
        image.load()
    except (OSError, ValueError, SyntaxError, images.DecompressionBombError) as error:
        raise bad_picture(path, str(error)) from None
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
            raise bad_picture(path, "parts of it are transparent; flatten it first")


def png(height: int, width: int, pixels: bytes) -> bytes:
    """A grey picture as PNG. Raises CnncalcError without Pillow."""
    out = BytesIO()
    library("writing PNG").frombytes("L", (width, height), pixels).save(out, format="PNG")
    return out.getvalue()
