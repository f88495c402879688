"""Slice: the maps from `start` up to, not including, `stop`; from the end where negative.

Source: Ma et al. 2018 (arXiv 1807.11164), whose units begin by splitting the channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, final

from cnncalc.errors import UnplacedError
from cnncalc.layers import _explain
from cnncalc.layers._base import Between, Step, neurons
from cnncalc.layers._fields import Whole
from cnncalc.layers._kinds import ChannelRange

if TYPE_CHECKING:
    from cnncalc.shapes import Shape


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(ChannelRange):
    """Some of the channels: `slice 0..58`, also written `slice 0 58`; `slice 58..`, `slice -2..`.

    They are counted from 0, and from the end where negative.
    Input (D, *spatial), output (stop - start, *spatial).

    >>> from cnncalc.shapes import Shape
    >>> Slice(start=0, stop=58).output_shape(Shape(116, (28, 28)))
    Shape(channels=58, spatial=(28, 28))
    >>> Slice(start=-2, stop="end").taken(Shape(116, (28, 28)))
    range(114, 116)
    """

    start: Whole
    stop: Whole | Literal["end"]

    example: ClassVar[str | None] = "slice 0..32"
    positional: ClassVar[tuple[str, ...]] = ("start", "stop")
    between: ClassVar[Between | None] = Between("..", ("start", "stop"), (0, "end"))

    def taken(self, shape: Shape) -> range:
        """The channels that are taken. Raises UnplacedError where there are none, or too few."""
        size = shape.channels
        stop = size if self.stop == "end" else _from_start(self.stop, size)
        start = _from_start(self.start, size)
        if start < 0 or stop < 0:
            field, written = ("start", self.start) if start < 0 else ("stop", self.stop)
            raise UnplacedError(
                "slice",
                f"channel {written} counts from the end, but the input has only {size}",
                field=field,
                help=f"use a number from -{size} to {size}",
            )
        if stop > size:
            raise UnplacedError(
                "slice",
                f"the slice ends at channel {stop}, but the input has {size}",
                field="stop",
                help=f"use a stop of at most {size}",
            )
        if start >= stop:
            raise UnplacedError(
                "slice",
                f"channels {start} to {stop} are none: stop must be above start",
                field="stop",
                help="slice 0 32 takes the first 32 channels",
            )
        return range(start, stop)

    def settings(self, *inputs: Shape) -> dict[str, object]:
        """Start and stop, counted from 0."""
        taken = self.taken(inputs[0])
        return {"start": taken.start, "stop": taken.stop}

    def explain(self, *inputs: Shape) -> list[Step]:
        """Channels and neurons."""
        taken = self.taken(inputs[0])
        return [
            _explain.channels("stop - start", f"{taken.stop} - {taken.start}", len(taken)),
            neurons(self.output_shape(*inputs), "D'"),
        ]


def _from_start(channel: int, size: int) -> int:
    return channel + size if channel < 0 else channel
