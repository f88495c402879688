"""Thin outlines around opened parts, where nothing else stands among their boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.pictures.picture import Picture
    from cnncalc.pictures.routing import Step, Way

SIDE, TOP, BOTTOM = 11, 15, 6  # from the boxes, with their bows, to their outline


class Outline(NamedTuple):
    """The outline of a part: its sides across, its first and its last step."""

    name: str
    title: str
    low: float
    high: float
    first: int
    last: int

    def frame(self, steps: Sequence[Step]) -> PartFrame:
        """The outline as a rectangle, once the steps have their places."""
        top, bottom = steps[self.first].begin - TOP, steps[self.last].end + BOTTOM
        return PartFrame(self.name, self.title, self.low, top, self.high - self.low, bottom - top)


class PartFrame(NamedTuple):
    """The rectangle around a part."""

    name: str
    title: str
    x: float
    y: float
    width: float
    height: float


def outlines(
    picture: Picture,
    across: Sequence[float],
    step: Sequence[int],
    half: float,
    ways: Sequence[Way],
) -> list[Outline]:
    """The outlines of the opened parts of at least two boxes that hold nothing else."""
    members: dict[str, list[int]] = {}
    for n, box in enumerate(picture.boxes):
        if box.part:
            members.setdefault(box.part, []).append(n)
    lanes: dict[str, list[float]] = {}
    for way in ways:
        part = picture.boxes[way.source].part
        if part and part == picture.boxes[way.target].part and way.corridor is not None:
            lanes.setdefault(part, []).append(way.corridor)
    rows: dict[int, list[int]] = {}
    for n, at in enumerate(step):
        rows.setdefault(at, []).append(n)
    result: list[Outline] = []
    taken: dict[int, list[Outline]] = {}
    for name, boxes in members.items():
        xs, steps = [across[n] for n in boxes], [step[n] for n in boxes]
        sides = [min(xs) - half, max(xs) + half, *lanes.get(name, ())]
        here = Outline(name, picture.parts[name], min(sides) - SIDE, max(sides) + SIDE,
                       min(steps), max(steps))  # fmt: skip
        passed = range(here.first, here.last + 1)
        alone = all(
            across[n] + half <= here.low or across[n] - half >= here.high
            for at in passed
            for n in rows[at]
            if picture.boxes[n].part != name
        )
        others = [other for at in passed for other in taken.get(at, ())]
        if alone and not any(o.low < here.high and here.low < o.high for o in others):
            result.append(here)
            for at in passed:
                taken.setdefault(at, []).append(here)
    return result
