"""The sizes of a model file's input: as the file says them, or as the user does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import UnplacedError, failure
from cnncalc.shapes import AXES, LETTERS, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.errors import CnncalcError
    from cnncalc.spec.sections.inputs import InputShape

OpenDims = tuple[int | str, ...]  # a text is an axis whose size the file leaves open


class Declared(NamedTuple):
    """An input as the file says it; `last` says that its channels are the last axis."""

    dims: OpenDims
    last: bool = True

    @property
    def is_open(self) -> bool:
        """Whether a size other than the batch is left open."""
        return any(isinstance(size, str) for size in self.dims[1:])

    @property
    def example(self) -> str:
        """A shape that fits, with its letters."""
        letters = LETTERS["HWC" if self.last else "CHW"][len(self.dims) - 2] or "C"
        sizes = (str(size) if isinstance(size, int) else "224" for size in self.dims[1:])
        return f"{'x'.join(sizes)} {letters}"


def inputs_of(
    path: str, inputs: Mapping[str, Declared], written: str | None
) -> dict[str, tuple[Shape, int]]:
    """The shape and the batch of every input, with what `--input` gives.

    An open batch is that of the other inputs, or 1.

    Raises:
        CnncalcError: a size is open and was not given, or the given ones do not fit the file.
    """
    for name, (dims, _) in inputs.items():
        if not 1 < len(dims) <= 2 + max(AXES):
            raise failure(
                "input-shape",
                f"input '{name}' of {path} has {'the shape ' + text(dims) if dims else 'no shape'}",
                notes=("an input here has a batch, channels, and up to three axes more",),
            )
    asked: Mapping[str, str] = {}
    if written is not None:
        from cnncalc.spec.sections.inputs import asked_shapes  # most files give all sizes

        asked = asked_shapes(written, inputs)
    missing = {name: each for name, each in inputs.items() if each.is_open and name not in asked}
    if missing:
        raise _open_sizes(path, missing, several=len(inputs) > 1)
    shapes, batches = {}, {}
    for name, declared in inputs.items():
        own = declared.dims[0]
        if name in asked:
            given = _given(asked[name], declared, path, name)
            shapes[name], own = given.shape, given.batch if given.batch > 1 else own
        else:
            shapes[name] = _closed(declared)
        if isinstance(own, int):
            batches[name] = own
    batch = max(batches.values(), default=1)
    return {name: (shape, batches.get(name, batch)) for name, shape in shapes.items()}


def _open_sizes(path: str, missing: Mapping[str, Declared], *, several: bool) -> CnncalcError:
    """The complaint about open sizes, with what closes all of them."""
    listed = " and ".join(f"'{name}' open: {text(each.dims)}" for name, each in missing.items())
    shapes = [(f"{name}=" if several else "") + each.example for name, each in missing.items()]
    return failure(
        "open-size",
        f"{path} leaves sizes of its input {listed}",
        help="give them, such as " + " ".join(f"--input '{shape}'" for shape in shapes),
    )


def text(dims: Sequence[object]) -> str:
    """Sizes as messages write them, in the order of the file.

    >>> text((1, 3, "height", "width"))
    '1x3xheightxwidth'
    """
    return "x".join(map(str, dims))


def _closed(declared: Declared) -> Shape:
    """The shape that a file says, whose sizes are all there but the batch."""
    sizes = [size for size in declared.dims[1:] if isinstance(size, int)]
    *spatial, channels = sizes if declared.last else [*sizes[1:], sizes[0]]
    return Shape(channels, tuple(spatial))


def _given(written: str, declared: Declared, path: str, name: str) -> InputShape:
    """The shape that the user gives; without letters it is taken in the order that fits the file.

    Raises:
        CnncalcError: it fits in no order, or is no shape.
    """
    from cnncalc.spec.sections.inputs import parse_input  # most files give all sizes

    dims, last = declared
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
