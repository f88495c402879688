"""What the styles share that draw outputs one behind the other: networks that are a chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import failure

if TYPE_CHECKING:
    from cnncalc.pictures.picture import Picture
    from cnncalc.shapes import Shape

USAGE = 2  # the exit status of a command line that asks for what does not go


POWERS = {"linear": 1.0, "sqrt": 0.5}  # lengths grow with this power of the sizes


def maps_of(shape: Shape) -> tuple[int, int]:
    """The rows and columns of a map; a vector has one of each, a sequence one column.

    >>> from cnncalc.shapes import Shape
    >>> maps_of(Shape(6, (28, 30))), maps_of(Shape(6, (28,))), maps_of(Shape(10))
    ((28, 30), (28, 1), (1, 1))
    """
    rows, columns = (*shape.spatial[-2:], 1, 1)[:2]
    return rows, columns


def require_chain(picture: Picture, style: str) -> None:
    """Refuse a network in which a box reads anything but the box before it.

    Raises:
        CnncalcError: naming the first such box, and what to write instead.
    """
    if picture.is_chain:
        return
    sources = picture.sources
    n = next(n for n, read in enumerate(sources) if read != ([n - 1] if n else []))
    read = " and ".join(f"'{picture.boxes[source].text[0]}'" for source in sources[n])
    reads = f"reads {read}" if read else "reads nothing"
    message = f"{style} is for networks that are a chain, but '{picture.boxes[n].text[0]}' {reads}"
    help_ = "a smaller --depth closes parts, such as --depth 0; --style column draws any network"
    raise failure("usage", message, help=help_, exit_code=USAGE)
