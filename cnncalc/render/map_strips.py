"""Feature maps as small PNG pictures inside a page, without Pillow."""

from __future__ import annotations

import struct
from base64 import b64encode
from typing import TYPE_CHECKING, NamedTuple
from zlib import compress, crc32

from cnncalc.render.maps import MAX_MAPS, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.tensor import Tensor

# How many maps of a row are shown at most, and with how many pixels along each axis at most.
SIZES = ((MAX_MAPS, 64), (8, 64), (4, 64), (2, 64), (1, 64), (1, 32), (1, 16), (1, 8))
BUDGET = 200_000  # characters of all pictures of a page
PLANE = 2
ENLARGED = 48  # pixels that small maps take on the page
GAP = 3  # clear pixels between two maps
GREY, DEEP, WITH_ALPHA = 255, 8, 4  # white, bits a sample, PNG's number for grey with alpha


class Strip(NamedTuple):
    """The first maps of a row side by side: `shown` of `maps`, every `every`-th pixel of them.

    `width` and `height` are those of the picture, in which a number takes one pixel or more.
    """

    name: str
    shown: int
    maps: int
    every: int
    width: int
    height: int
    uri: str


def strips(tensors: Sequence[tuple[str, Tensor]]) -> list[Strip]:
    """A strip for each tensor that is maps, as large as keeps all within the budget."""
    planes = [(name, tensor) for name, tensor in tensors if tensor.shape.rank == PLANE]
    made: list[Strip] = []
    for most, side in SIZES:
        made = [_strip(name, tensor, most, side) for name, tensor in planes]
        if sum(len(strip.uri) for strip in made) <= BUDGET:
            break
    return made


def _strip(name: str, tensor: Tensor, most: int, side: int) -> Strip:
    """All maps of a strip share one range of values: its least is black, its largest white."""
    shape = tensor.shape
    high, wide = shape.spatial
    every = -(-max(high, wide) // side)
    shown = min(most, shape.channels)
    planes = [tensor.plane(channel) for channel in range(shown)]
    values = span([float(value) for plane in planes for value in plane])
    times = max(1, ENLARGED // -(-high // every))
    rows = [
        bytes(2 * GAP).join(
            b"".join(bytes((round(GREY * values.share(float(plane[row * wide + x]))), GREY)) * times
                     for x in range(0, wide, every))
            for plane in planes
        )
        for row in range(0, high, every)
    ]  # fmt: skip
    lines = [row for row in rows for _ in range(times)]
    data = b64encode(_png(lines)).decode()
    uri = f"data:image/png;base64,{data}"
    return Strip(name, shown, shape.channels, every, len(lines[0]) // 2, len(lines), uri)


def _png(rows: Sequence[bytes]) -> bytes:
    """Rows of pixels, each a grey and an alpha, as a PNG file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", crc32(checked))

    head = struct.pack(">IIBBBBB", len(rows[0]) // 2, len(rows), DEEP, WITH_ALPHA, 0, 0, 0)
    body = compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
