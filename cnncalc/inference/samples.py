"""What enters a network: generated, or read from a file and brought to the input's shape."""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncalc.errors import counted, failure
from cnncalc.files import read_bytes, title
from cnncalc.inference import image_files, numerals
from cnncalc.inference.images import Picture, cover, cropped, shorter_side
from cnncalc.shapes import AXIS_WORDS, Shape
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.errors import CnncalcError
    from cnncalc.network import Node

GENERATED = ("zeros", "ones", "count", "ramp", "random")
MAX_BYTES = 64 * 2**20
PLANE = 2  # the spatial axes of a picture


class PixelScale(NamedTuple):
    """A factor as people write it: 0.5, or 1/255."""

    over: float = 1.0
    under: float = 1.0


class Preparation(NamedTuple):
    """What is done to a sample: (number x scale - mean)/std, per channel or the same for all.

    Without a scale, pictures are scaled to 0..1 and other numbers left alone. `resize` brings
    the shorter side of a picture to a length, or makes it just cover the input; what is then
    too much is cut away evenly. `crop` cuts without resizing. `seed` is that of random samples.

    >>> Preparation(scale=1 / 255, mean=(0.485, 0.456, 0.406), resize="cover").crop
    False
    """

    scale: PixelScale | float | None = None
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    resize: int | Literal["cover"] | None = None
    crop: bool = False
    seed: int = 0

    def factor(self, usual: PixelScale) -> PixelScale:
        """The scale, or the usual one where none is given."""
        if self.scale is None:
            return usual
        return self.scale if isinstance(self.scale, PixelScale) else PixelScale(self.scale)


AS_IS = Preparation()


def sample(source: str, node: Node, preparation: Preparation = AS_IS) -> Tensor:
    """The sample for an input: a word of GENERATED, typed numbers, a file's path, or "-".

    Raises CnncalcError that names the file and what was expected of it.

    >>> from cnncalc.network import Input, Node
    >>> shape = Shape(1, (1, 3))
    >>> sample("ramp", Node(0, "in", Input(shape=shape), (), shape)).values
    [0.0, 0.5, 1.0]
    """
    if source not in GENERATED:
        if is_typed(source):
            return from_typed(source, node, preparation)
        return from_file(source, node, preparation)
    shape = node.shape
    numbers = generated(source, shape.size, f"{preparation.seed}:{node.name}")
    return Tensor(shape, _prepared(numbers, shape, preparation, preparation.factor(PixelScale())))


def is_typed(source: str) -> bool:
    """Whether a sample is numbers as one types them, and no file has that name."""
    return numerals.is_typed(source) and not os.path.exists(source)  # noqa: PTH110 - raises nothing


def from_typed(text: str, node: Node, preparation: Preparation = AS_IS) -> Tensor:
    """Typed numbers, rows apart by semicolons, maps by upright bars: "1 2; 3 4 | 5 6; 7 8".

    >>> from cnncalc.network import Input, Node
    >>> shape = Shape(1, (2, 2))
    >>> from_typed("1 2; 3 4", Node(0, "in", Input(shape=shape), (), shape)).values
    [1.0, 2.0, 3.0, 4.0]
    """
    dims, values = numerals.typed(text, "the sample")
    channels, spatial = node.shape.channels, node.shape.spatial
    # Maps are never rows, unlike in a file; but one row may hold all the numbers.
    as_maps = (channels, *(1,) * (PLANE - len(spatial)), *spatial)
    if dims not in {as_maps, (1, 1, node.shape.size)}:
        maps, rows, columns = dims
        size = f"{rows}×{columns} numbers" if maps == 1 else f"{maps} maps of {rows}×{columns}"
        raise _unfit("the sample", size, node)
    return from_numbers(((len(values),), values), node, "the sample", preparation)


def from_file(path: str, node: Node, preparation: Preparation = AS_IS) -> Tensor:
    """A picture, or numbers in a file, at the size of an input; "-" is the standard input."""
    data = read_bytes(path, MAX_BYTES)
    if image_files.recognised(data):
        picture = image_files.read(data, path)
        scale = preparation.factor(PixelScale(under=float(picture.maximum)))
        numbers = _pixels(picture, node, path, preparation)
        return Tensor(node.shape, _prepared(numbers, node.shape, preparation, scale))
    return from_numbers(numerals.read(data, path), node, title(path), preparation)


def from_numbers(
    numbers: numerals.Numbers, node: Node, name: str, preparation: Preparation = AS_IS
) -> Tensor:
    """Numbers, brought to an input's order of axes; `name` is what messages call them.

    Raises CnncalcError where the sizes do not fit, or a picture was asked for.
    """
    if preparation.resize or preparation.crop:
        message = f"only pictures can be resized or cropped, and {name} is not a picture"
        raise failure("sample-format", message)
    values = arranged(numbers, node, name)
    scale = preparation.factor(PixelScale())
    return Tensor(node.shape, _prepared(values, node.shape, preparation, scale))


def generated(word: str, count: int, key: str) -> list[float]:
    """Numbers by rule: zeros, ones, 0, 1, 2 and so on, a ramp from 0 to 1, random from 0 up to 1.

    `key` fixes the random ones, the same on every platform.

    >>> generated("count", 3, "")
    [0.0, 1.0, 2.0]
    >>> generated("ramp", 5, ""), [round(x, 6) for x in generated("random", 2, "0:in")]
    ([0.0, 0.25, 0.5, 0.75, 1.0], [0.352331, 0.085011])
    """
    if word == "random":
        draw = Random(f"sample:{key}").random  # noqa: S311 - reproducible on purpose
        return [draw() for _ in range(count)]
    if word == "count":
        return [float(index) for index in range(count)]
    if word == "ramp":
        return [index / max(count - 1, 1) for index in range(count)]
    return [1.0 if word == "ones" else 0.0] * count


def _pixels(picture: Picture, node: Node, path: str, preparation: Preparation) -> list[float]:
    """The planes of a picture, at the size of the input."""
    shape = node.shape
    if shape.rank != PLANE:
        raise _unfit(title(path), f"a picture of {picture.size}", node)
    if len(picture.planes) != shape.channels:
        kind = "grey, 1 channel" if len(picture.planes) == 1 else "in colour, 3 channels"
        raise _unfit(title(path), kind, node, code="sample-channels")
    height, width = shape.spatial
    if preparation.resize == "cover":
        picture = cover(picture, height, width)
    elif preparation.resize:
        picture = shorter_side(picture, preparation.resize)
    if preparation.resize or preparation.crop:
        if picture.height < height or picture.width < width:
            raise _unfit(title(path), f"{picture.size}, too small to be cropped", node)
        picture = cropped(picture, height, width)
    if (picture.height, picture.width) != shape.spatial:
        advice = "--resize cover brings a picture to the input's size, --crop cuts out its middle"
        raise _unfit(title(path), picture.size, node, help=advice)
    return [number for plane in picture.planes for number in plane]


def arranged(numbers: numerals.Numbers, node: Node, name: str) -> list[float]:
    """Numbers in the order of a tensor, channels first, whatever order their sizes tell.

    Channels first is tried before channels last; axes of size 1 may be left out; a single list
    of all numbers is channels first, and so are rows of text, map below map.
    Raises CnncalcError where the sizes are not the input's.
    """
    dims, values = numbers
    first, last = node.shape.view("CHW"), node.shape.view("HWC")
    count = node.shape.size
    stacked = _full((count // first[-1], first[-1]))
    if _full(dims) in (_full(first), stacked, _full((count,))):
        return values
    if _full(dims) == _full(last):
        channels = node.shape.channels
        return [value for channel in range(channels) for value in values[channel::channels]]
    size = f"{'×'.join(map(str, dims))} numbers" if dims else "a single number"
    raise _unfit(name, size, node)


def _full(dims: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in dims if size != 1)


def _unfit(
    name: str, what: str, node: Node, *, code: str = "sample-size", help: str | None = None
) -> CnncalcError:
    """The complaint about a sample that is not what the input takes."""
    axes = [AXIS_WORDS[letter] for letter in node.shape.by_letter]
    wanted = f"{node.shape} ({' × '.join(axes)})"
    message = f"{name} is {what}, but the input '{node.name}' takes {wanted}"
    return failure(code, message, help=help)


def _prepared(
    numbers: Sequence[float], shape: Shape, preparation: Preparation, scale: PixelScale
) -> list[float]:
    """(number x scale - mean)/std, channel by channel."""
    means, stds = (
        _per_channel(name, values, shape.channels)
        for name, values in (("mean", preparation.mean), ("std", preparation.std))
    )
    if scale == (1.0, 1.0) and set(means) == {0.0} and set(stds) == {1.0}:
        return [float(number) for number in numbers]
    over, under = scale
    size = shape.size // shape.channels
    return [
        (number * over / under - mean) / std
        for channel, (mean, std) in enumerate(zip(means, stds, strict=True))
        for number in numbers[channel * size : (channel + 1) * size]
    ]


def _per_channel(name: str, values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    if len(values) == 1:
        return values * channels
    if len(values) != channels:
        there = counted(channels, "channel")
        message = f"--{name} has {len(values)} numbers, but the input has {there}"
        raise failure("sample-channels", message, help="give one number, or one per channel")
    return values
