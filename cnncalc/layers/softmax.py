"""Softmax: e^x over the sum of e^x, across the channels at each position, or over other sets.

The largest number of a set is subtracted first, which changes nothing but keeps e^x finite.
Sources: Bridle 1990; for the radix, Zhang et al. 2020 (ResNeSt, arXiv 2004.08955).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, final

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import Attachment, Layer, Names, Work, see_all
from cnncalc.layers._fields import Count, require_groups
from cnncalc.layers._math import softmax
from cnncalc.tensor import Tensor
from cnncalc.window import STILL, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.shapes import Shape
    from cnncalc.tensor import Scalar
    from cnncalc.window import Reach


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Softmax(Layer):
    """Shape in is shape out; each set of numbers that `over` names adds up to 1.

    `over` is `channels` (at each position, of each of `groups`), `groups` (the channel that has
    the same place in every group), `positions` (of each map), an axis (`w`: each row of each
    map), `all`, or `radix`: channels that come as (groups, radix, share) compete over the radix
    and leave as (radix, groups, share), as in split attention.

    >>> from cnncalc.shapes import Shape
    >>> Softmax().forward([Tensor(Shape(2), [1000.0, 1000.0])], {}).values
    [0.5, 0.5]
    >>> Softmax(over="positions").forward([Tensor(Shape(2, (1,)), [5.0, 7.0])], {}).values
    [1.0, 1.0]
    """

    over: Literal["channels", "groups", "positions", "all", "radix", "d", "h", "w", "l"] = (
        "channels"
    )
    groups: Count = 1
    radix: Count = 1

    letters: ClassVar[Names] = {"g": "groups"}
    rarely_set: ClassVar[tuple[str, ...]] = ("over", "groups", "radix")
    attaches: ClassVar[Attachment | None] = "activation"
    work: ClassVar[Work] = "uncounted"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that came in. Raises UnplacedError where the sets do not come out even."""
        (shape,) = inputs
        if self.over in {"d", "h", "w", "l"} and self.over not in shape.axes:
            axes = ", ".join(shape.axes)
            raise UnplacedError(
                "no-axis",
                f"the input {shape} has no axis '{self.over}'",
                field="over",
                help=f"its axes are {axes}" if axes else "a vector has channels only",
            )
        for field, value in (("groups", self.groups), ("radix", self.radix)):
            users = {"groups": {"channels", "groups", "radix"}, "radix": {"radix"}}[field]
            if value > 1 and self.over not in users:
                raise UnplacedError(
                    "no-groups",
                    f"{field}={value} has no meaning where softmax goes over {self.over}",
                    field=field,
                    help=f"leave {field} out, or write over={min(users)}",
                )
        require_groups(self.groups, shape.channels)
        if shape.channels // self.groups % self.radix:
            raise UnplacedError(
                "radix",
                f"radix={self.radix} does not divide the {shape.channels // self.groups} channels "
                "of a group",
                field="radix",
                help="the channels must be a multiple of groups x radix",
            )
        return shape

    def reach(self, *inputs: Shape) -> tuple[tuple[Reach, ...], ...]:
        """Its own position; the whole map, or a line of it, where positions compete."""
        (shape,) = inputs
        if self.over in {"positions", "all"}:
            return (see_all(shape),)
        axes = zip(shape.axes, shape.spatial, strict=True)
        return (tuple(whole(size) if axis == self.over else STILL for axis, size in axes),)

    def channels_read(self, channel: int, *inputs: Shape) -> tuple[Sequence[int], ...]:
        """Those it competes with."""
        channels = inputs[0].channels
        share = channels // self.groups
        if self.over == "channels":
            first = channel // share * share
            return (range(first, first + share),)
        if self.over == "groups":
            return (range(channel % share, channels, share),)
        if self.over == "radix":
            group, place = divmod(channel % (channels // self.radix), share // self.radix)
            first = group * share
            return (range(first + place, first + share, share // self.radix),)
        return (range(channels) if self.over == "all" else (channel,),)

    def forward(
        self, inputs: Sequence[Tensor], parameters: Mapping[str, Sequence[Scalar]]
    ) -> Tensor:
        """Every number's share of its set."""
        (x,) = inputs
        values: list[Scalar] = [0.0] * x.shape.size
        for read, written in self._sets(x.shape):
            shares = softmax([x.values[index] for index in read])
            for index, share in zip(written, shares, strict=True):
                values[index] = share
        return Tensor(x.shape, values)

    def _sets(self, shape: Shape) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        """The indices of the numbers that add up to 1, and where their shares are put."""
        size = shape.size // shape.channels
        if self.over == "all":
            yield range(shape.size), range(shape.size)
        elif self.over == "positions":
            yield from _twice(range(c, c + size) for c in range(0, shape.size, size))
        elif self.over in shape.axes:
            sizes = shape.view("CHW")
            along = 1 + shape.axes.index(self.over)
            step = 1
            for later in sizes[along + 1 :]:
                step *= later
            line = step * sizes[along]
            firsts = (at + i for at in range(0, shape.size, line) for i in range(step))
            yield from _twice(range(first, first + line, step) for first in firsts)
        else:
            yield from self._columns(shape.channels, size)

    def _columns(self, channels: int, size: int) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        """The sets of channels at every position, one of `size`."""
        share = channels // self.groups
        inner = share // self.radix
        if self.over == "channels":
            read = written = [range(g * share, (g + 1) * share) for g in range(self.groups)]
        elif self.over == "groups":
            read = written = [range(place, channels, share) for place in range(share)]
        else:
            firsts = [(g, i) for g in range(self.groups) for i in range(inner)]
            read = [range(g * share + i, (g + 1) * share, inner) for g, i in firsts]
            written = [range(g * inner + i, channels, self.groups * inner) for g, i in firsts]
        for place in range(size):
            for sources, targets in zip(read, written, strict=True):
                yield [c * size + place for c in sources], [c * size + place for c in targets]


def _twice(sets: Iterator[range]) -> Iterator[tuple[range, range]]:
    """Sets whose shares stay where the numbers were."""
    return ((numbers, numbers) for numbers in sets)
