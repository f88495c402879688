"""How wide text is, without a font at hand.

The table has the advance widths of Helvetica. The viewer may have another font in its place, so
everything is taken wider: DejaVu Sans, the widest of those in the list of fonts, then fits.
"""

from __future__ import annotations

from functools import lru_cache
from unicodedata import combining

WIDER, BOLD_WIDER = 1.15, 1.22
# Advances in thousandths of the size -> the characters that have them.
ADVANCES = {
    191: "'",
    222: "ijl",
    260: "|",
    278: " !,./:;I[\\]ft",
    333: "()-`r",
    334: "{}",
    355: '"',
    389: "*",
    469: "^",
    500: "Jcksvxyz",
    556: "#$0123456789?L_abdeghnopqu",
    584: "+<=>~×",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1000: "…",
    1015: "@",
}
WIDTHS = {char: width for width, chars in ADVANCES.items() for char in chars}
UNKNOWN = 1000  # a full square, which even Chinese characters keep within


@lru_cache(maxsize=1024)
def _advance(char: str) -> int:
    return WIDTHS.get(char, 0 if combining(char) else UNKNOWN)


@lru_cache(maxsize=4096)
def width(text: str, size: float, *, bold: bool = False) -> float:
    """The most that a text of this size takes, in the unit of the size.

    >>> round(width("conv1", 10), 1), round(width("conv1", 10, bold=True), 1)
    (30.7, 32.5)
    """
    return sum(map(_advance, text)) * size * (BOLD_WIDER if bold else WIDER) / 1000


def cut(text: str, size: float, room: float, *, bold: bool = False, front: bool = False) -> str:
    """A text that fits the room; what is too much at its end, or its front, becomes an ellipsis.

    >>> cut("layer1.0.conv1", 10, 60), cut("layer1.0.conv1", 10, 60, front=True)
    ('layer1.0.…', '….0.conv1')
    """
    if width(text, size, bold=bold) <= room:
        return text
    each = size * (BOLD_WIDER if bold else WIDER) / 1000
    left = room - each * UNKNOWN  # the ellipsis
    kept = 0
    for char in reversed(text) if front else text:
        left -= each * _advance(char)
        if left < 0:
            break
        kept += 1
    return f"…{text[len(text) - kept :]}" if front else f"{text[:kept]}…"
