"""Where the numbers of a plane go so that every tap of a sliding window is one shift.

A plane is dealt_phases out into phases: cell (i, j) of phase (p, q) is the padded plane's number at
(i·step + p, j·step + q), where a step is a tile of outputs. The cells of a phase are the lanes
of one packed vector, and what the windows see at any offset is that vector shifted down.
Lanes between the end of one row and the start of the next hold numbers that nobody asks for.
"""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.inference.kernels.im2col import SlidingWindow, picker, source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.inference.kernels.bigint.lanes import Lanes
    from cnncalc.inference.kernels.bigint.winograd import Stage, WinogradTiling
    from cnncalc.window import Window

    Stages = list[tuple[int, tuple[Stage, ...]]]  # an axis' size, and what is applied to it


class TileGrid(NamedTuple):
    """A slide cut into tiles.

    `pickers` take a plane followed by one number for the padding and return a phase's cells;
    an offset is (phase, lanes to shift by). `finder` puts the lanes of all the outputs of a
    tile, one vector after the other, into the order of the output plane.
    """

    lanes: int  # from the first tile to the last
    cells: int  # of a phase
    pickers: tuple[Callable[[Sequence[Any]], Sequence[Any]], ...]
    offsets: tuple[tuple[int, int], ...]
    windows: tuple[tuple[int, ...], ...]  # per output of a tile, its taps as offsets
    tiles: tuple[int, ...]  # the lanes that hold tiles
    finder: Callable[[Sequence[Any]], Sequence[Any]]


class _TiledAxis(NamedTuple):
    tiles: int
    cells: int
    phases: tuple[int, ...]
    sources: tuple[tuple[int | None, ...], ...]  # per phase, per cell


@lru_cache(maxsize=32)
def grid(slide: SlidingWindow, tilings: tuple[WinogradTiling, ...]) -> TileGrid:
    """The grid for a slide whose axes are worked by these tilings."""
    sized = zip(slide.windows, slide.spatial, tilings, strict=True)
    axes = [_axis(window, size, tiling, slide.mode) for window, size, tiling in sized]
    cells = [axis.cells for axis in axes]
    pitches = [prod(cells[i + 1 :]) for i in range(len(cells))]
    phases = list(product(*(range(len(axis.phases)) for axis in axes)))
    lanes = 1 + sum((axis.tiles - 1) * p for axis, p in zip(axes, pitches, strict=True))
    offsets = {
        place: (phases.index(phase), shift)
        for place, phase, shift in _offsets(axes, tilings, pitches)
    }
    order = {place: index for index, place in enumerate(offsets)}
    windows = tuple(
        tuple(order[place] for place in product(*taps))
        for taps in product(*(tiling.taps for tiling in tilings))
    )
    tiles = tuple(
        sum(map(int.__mul__, tile, pitches))
        for tile in product(*(range(axis.tiles) for axis in axes))
    )
    pickers = tuple(_cells(phase, axes, slide.spatial) for phase in phases)
    finder = picker(_found(slide.counts, tilings, pitches, lanes))
    return TileGrid(lanes, prod(cells), pickers, tuple(offsets.values()), windows, tiles, finder)


def _axis(window: Window, size: int, tiling: WinogradTiling, mode: str) -> _TiledAxis:
    tiles = -(-window.count(size) // tiling.tile)
    cells = tiles + tiling.offsets[-1] // tiling.step
    phases = tuple(sorted({offset % tiling.step for offset in tiling.offsets}))
    sources = tuple(
        tuple(source(cell * tiling.step + phase, size, window, mode) for cell in range(cells))
        for phase in phases
    )
    return _TiledAxis(tiles, cells, phases, sources)


def _offsets(
    axes: Sequence[_TiledAxis], tilings: Sequence[WinogradTiling], pitches: Sequence[int]
) -> list[tuple[tuple[int, ...], tuple[int, ...], int]]:
    """Every offset of the tile's inputs, its phase on each axis, and its shift in lanes."""
    found = []
    for place in product(*(tiling.offsets for tiling in tilings)):
        split = [divmod(at, tiling.step) for at, tiling in zip(place, tilings, strict=True)]
        phase = tuple(axis.phases.index(p) for axis, (_, p) in zip(axes, split, strict=True))
        shift = sum(cell * pitch for (cell, _), pitch in zip(split, pitches, strict=True))
        found.append((place, phase, shift))
    return found


def _cells(
    phase: tuple[int, ...], axes: Sequence[_TiledAxis], spatial: tuple[int, ...]
) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """The picker of one phase; the place after the plane's last is the padding's 0."""
    padding = prod(spatial)
    flat: list[int | None] = [0]
    for index, axis, size in zip(phase, axes, spatial, strict=True):
        places = axis.sources[index]
        flat = [
            None if above is None or place is None else above * size + place
            for above in flat
            for place in places
        ]
    return picker([padding if place is None else place for place in flat])


def _found(
    counts: Sequence[int], tilings: Sequence[WinogradTiling], pitches: Sequence[int], lanes: int
) -> list[int]:
    """For each output in order: vector (its place in the tile) times lanes, plus lane."""
    flat = [(0, 0)]
    for count, tiling, pitch in zip(counts, tilings, pitches, strict=True):
        split = [divmod(at, tiling.tile) for at in range(count)]
        flat = [
            (vector * tiling.tile + inside, lane + tile * pitch)
            for vector, lane in flat
            for tile, inside in split
        ]
    return [vector * lanes + lane for vector, lane in flat]


class PackedLayout(NamedTuple):
    """How to work a convolution: a tiling per axis, the lanes and what they stand for."""

    slide: SlidingWindow
    tilings: tuple[WinogradTiling, ...]
    lanes: Lanes
    by_filter: bool  # a lane per filter, or else per position
    block: int  # channels at once

    @property
    def scale(self) -> int:
        """What the tilings multiply every output by."""
        return prod(tiling.scale for tiling in self.tilings)

    @property
    def inputs(self) -> Stages:
        """Per axis, how many offsets there are, and what makes products of them."""
        return [(len(tiling.offsets), tiling.inputs) for tiling in self.tilings]

    @property
    def weights(self) -> Stages:
        """Per axis, how many taps there are, and what makes products of them."""
        windows = zip(self.slide.windows, self.tilings, strict=True)
        return [(window.kernel, tiling.weights) for window, tiling in windows]

    @property
    def outputs(self) -> Stages:
        """Per axis, how many sums of products there are, and what makes outputs of them."""
        return [(s.products if s.outputs else 1, s.outputs) for s in self.tilings]


@cache
def groups(tilings: tuple[WinogradTiling, ...]) -> list[list[int]]:
    """The products to be added up together: those of axes without tiles.

    >>> from cnncalc.inference.kernels.bigint.winograd import winograd_tiling
    >>> groups((winograd_tiling(3, 1, 1, 1), winograd_tiling(1, 1, 1, 1)))
    [[0, 1, 2]]
    >>> len(groups((winograd_tiling(3, 1, 1, 2),)))
    4
    """
    together: dict[tuple[int, ...], list[int]] = {}
    for index, place in enumerate(product(*(range(tiling.products) for tiling in tilings))):
        key = tuple(i for i, tiling in zip(place, tilings, strict=True) if tiling.outputs)
        together.setdefault(key, []).append(index)
    return list(together.values())
