"""How wide text is, without a font at hand.

Helvetica, Arial and Liberation Sans have the same widths, DejaVu Sans is wider, and nobody knows
which of them a viewer has. The tables hold, for each character, the widest of them, rounded up.
"""

from __future__ import annotations

from functools import lru_cache
from unicodedata import combining

# Thousandths of the size -> the characters that take as much.
REGULAR = {
    280: "'ijl",
    300: "I",
    320: " ,.·",
    340: "/:;\\|",
    360: "f",
    380: "-",
    400: "()[]t",
    420: "!r",
    460: '"',
    500: "J*`",
    540: "sz",
    560: "_?cL",
    580: "k",
    600: "vxy",
    620: "FToae",
    640: "hnubdgpq$0123456789{}",
    680: "PYESK",
    700: "AVXZB",
    740: "RCU",
    760: "NH",
    780: "DG&",
    800: "OQ",
    820: "w",
    840: "#+<=>^~×≈",
    880: "M",
    960: "%",
    980: "m",
    1000: "W…",
    1020: "@",
}
BOLD = {
    320: "'",
    360: "ijl ",
    380: "/\\|I,.·",
    400: ":;",
    420: "-",
    440: "f",
    460: "!()[]",
    480: "t",
    500: "r`",
    540: '"*',
    560: "J_",
    600: "zcs",
    620: "?",
    640: "L",
    660: "xvy",
    680: "kae",
    700: "TEFo$0123456789",
    720: "hnu{}bdgpqS",
    740: "YZPC",
    780: "BRXAVK",
    820: "U",
    840: "GDHN#+<=>^~×≈",
    860: "OQ",
    880: "&",
    940: "w",
    1000: "M@…",
    1020: "%",
    1060: "m",
    1120: "W",
}
UNKNOWN = 1100  # more than a full square, which even Chinese characters keep within


class _Advances(dict[str, int]):
    """How much each character takes, in thousandths of the size."""

    def __missing__(self, char: str) -> int:
        return 0 if combining(char) else UNKNOWN


ADVANCES = {
    bold: _Advances((char, width) for width, chars in table.items() for char in chars)
    for bold, table in ((False, REGULAR), (True, BOLD))
}


@lru_cache(maxsize=4096)
def width(text: str, size: float, *, bold: bool = False) -> float:
    """The most that a text of this size takes, in the unit of the size.

    >>> round(width("conv1", 10), 1), round(width("conv1", 10, bold=True), 1)
    (30.6, 33.8)
    """
    return sum(map(ADVANCES[bold].__getitem__, text)) * size / 1000


@lru_cache(maxsize=4096)
def cut(text: str, size: float, limit: float, *, bold: bool = False, front: bool = False) -> str:
    """A text cut to a width: what is too much at its end, or its front, becomes an ellipsis.

    >>> cut("layer1.0.conv1", 10, 60), cut("layer1.0.conv1", 10, 60, front=True)
    ('layer1.0.…', '…1.0.conv1')
    """
    if width(text, size, bold=bold) <= limit:
        return text
    left = limit - width("…", size, bold=bold)
    kept = 0
    for char in reversed(text) if front else text:
        left -= ADVANCES[bold][char] * size / 1000
        if left < 0:
            break
        kept += 1
    return f"…{text[len(text) - kept :]}" if front else f"{text[:kept]}…"


def shortened(text: str, size: float, limit: float) -> str:
    """A text cut to a width: what is too much in its middle becomes an ellipsis.

    For names that stand one by one in a picture, which mostly differ at their front or their end.

    >>> shortened("layer1.0.conv1", 10, 60), shortened("layer1.0.conv2", 10, 60)
    ('laye…onv1', 'laye…onv2')
    """
    if width(text, size) <= limit:
        return text
    advances = ADVANCES[False]
    front, back = (len(text) + 1) // 2, len(text) // 2  # how much of both ends is kept
    needed = sum(map(advances.__getitem__, f"{text}…"))
    while front and needed * size / 1000 > limit:
        if back < front:
            front -= 1
            needed -= advances[text[front]]
        else:
            needed -= advances[text[-back]]
            back -= 1
    return f"{text[:front]}…{text[len(text) - back :]}"
