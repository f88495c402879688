"""The styles of a picture by name, and the one that fits a network."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.pictures.marks import Placed
    from cnncalc.pictures.picture import Picture

STYLES = ("column", "lanes", "volume", "sheets")  # each is the module of its name


def usual(picture: Picture) -> str:
    """The style for a network of this form.

    What enlarges a map and merges it with another of its size is drawn by resolution, in lanes:
    U-Nets, feature pyramids, HRNet. All else is a column.
    """
    enlarges = "up" in {row.kind for box in picture.boxes for row in box.rows}
    merges = any(len(read) > 1 for read in picture.sources)
    return "lanes" if enlarges and merges else "column"


def placed(picture: Picture, style: str = "auto") -> Placed:
    """The picture in a style, `auto` being the usual one.

    Raises:
        CnncalcError: where the style cannot show this network.
    """
    name = usual(picture) if style == "auto" else style
    result: Placed = import_module(f"cnncalc.pictures.{name}").place(picture)
    return result
