"""The colours of pictures, light and dark.

The hues are Okabe and Ito's, which the colour-blind tell apart: fills pale and outlines dark, or
the other way round. The kind of a box stands in words too.
"""

from __future__ import annotations

from typing import NamedTuple


class Colours(NamedTuple):
    """The colours of one theme; `kinds` are pairs of fill and outline."""

    page: str
    text: str
    soft: str
    line: str
    faint: str
    kinds: dict[str, tuple[str, str]]

    def named(self, kind: str) -> tuple[str, str, str]:
        """The name under which a kind has colours, its fill and its outline."""
        name = kind if kind in self.kinds else "grey"
        return (name, *self.kinds[name])


LIGHT = Colours("#ffffff", "#1a1a1a", "#444444", "#555555", "#b4b4b4", {
    "input": ("#e8e8e8", "#555555"), "conv": ("#cfe6f7", "#0072b2"), "pool": ("#fbdcc8", "#b84e00"),
    "dense": ("#cdeade", "#00785a"), "up": ("#f3dbe8", "#a03f74"), "merge": ("#fbf3c0", "#806400"),
    "block": ("#dfe3f0", "#3a4a7a"), "grey": ("#eeeeee", "#6e6e6e"), "part": ("none", "#9a9a9a"),
    "seen": ("#7ab8e0", "#0072b2"), "view": ("#b9ddf2", "none"),
})  # fmt: skip
DARK = Colours("#16181d", "#eeeeee", "#b9bec8", "#aab0bd", "#565b66", {
    "input": ("#333333", "#bbbbbb"), "conv": ("#123b57", "#7cc4f2"), "pool": ("#55290c", "#ff9e5e"),
    "dense": ("#0b4535", "#54d3aa"), "up": ("#4d2038", "#f09cc8"), "merge": ("#4b3f08", "#f0d95a"),
    "block": ("#2a3150", "#aab8e8"), "grey": ("#3a3a3a", "#aaaaaa"), "part": ("none", "#7d828e"),
    "seen": ("#2b6d99", "#7cc4f2"), "view": ("#1d4a68", "none"),
})  # fmt: skip
