"""The sizes of a model file's input: as the file says them, or as the user does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import UnplacedError, failure
from cnncalc.shapes import AXES, LETTERS, Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.spec.sections.inputs import InputShape

OpenDims = tuple[int | str, ...]  # a text is an axis whose size the file leaves open


def input_of(
    path: str, name: str, dims: OpenDims, written: str | None, *, last: bool
) -> tuple[Shape, int]:
    """The shape and the batch of an input; `last` says that its channels are the last axis.

    Raises:
        CnncalcError: a size is open and was not given, or the given ones do not fit the file.
    """
    if not 1 < len(dims) <= 2 + max(AXES):
        raise failure(
            "input-shape",
            f"input '{name}' of {path} has {'the shape ' + text(dims) if dims else 'no shape'}",
            notes=("an input here has a batch, channels, and up to three axes more",),
        )
    if written is None:
        return _closed(path, name, dims, last)
    given = _given(written, dims, last, path, name)
    return given.shape, given.batch


def text(dims: Sequence[object]) -> str:
    """Sizes as messages write them, in the order of the file.

    >>> text((1, 3, "height", "width"))
    '1x3xheightxwidth'
    """
    return "x".join(map(str, dims))


def _closed(path: str, name: str, dims: OpenDims, last: bool) -> tuple[Shape, int]:
    """The shape and the batch that a file says. Raises CnncalcError where a size is open."""
    sizes = [size for size in dims[1:] if isinstance(size, int)]
    if len(sizes) < len(dims) - 1:
        letters = LETTERS["HWC" if last else "CHW"][len(dims) - 2] or "C"
        example = "x".join(str(s) if isinstance(s, int) else "224" for s in dims[1:])
        raise failure(
            "open-size",
            f"{path} leaves sizes of its input '{name}' open: {text(dims)}",
            help=f"give them, such as --input '{example} {letters}'",
        )
    batch = dims[0] if isinstance(dims[0], int) else 1
    *spatial, channels = sizes if last else [*sizes[1:], sizes[0]]
    return Shape(channels, tuple(spatial)), batch


def _given(written: str, dims: OpenDims, last: bool, path: str, name: str) -> InputShape:
    """The shape that the user gives; without letters it is taken in the order that fits the file.

    Raises:
        CnncalcError: it fits in no order, or is no shape.
    """
    from cnncalc.spec.sections.inputs import parse_input  # most files give all sizes

    problem: UnplacedError | None = None
    rank = len(dims) - 2
    channels = dims[-1] if last else dims[1]
    letters = (LETTERS["HWC"][rank], LETTERS["CHW"][rank], "N" + LETTERS["CHW"][rank])
    for attempt in (written, *(f"{written} {order}" for order in letters if order)):
        try:
            parsed = parse_input(attempt)
        except UnplacedError as error:
            if attempt == written:
                problem = error
            continue
        if parsed.shape.rank == rank and channels in {parsed.shape.channels, *_open(channels)}:
            return parsed
    if problem is not None:  # it is no shape, or its order is unclear
        raise failure(problem.code, problem.message, help=problem.help)
    raise failure(
        "input-shape",
        f"--input {written} does not fit the input '{name}' of {path}: {text(dims)}",
        help=f"its {channels} channels are fixed" if isinstance(channels, int) else None,
    )


def _open(size: int | str) -> set[int | str]:
    return set() if isinstance(size, int) else {size}
