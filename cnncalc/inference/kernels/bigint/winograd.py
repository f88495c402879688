"""How a window slides along one axis with fewer multiplications: Toom-Cook, as by Winograd.

A tiling makes `tile` outputs at once from linear combinations of the inputs they see (B), the
same of the filter's taps (G), products of the two, and combinations of the products (A):

    scale · outputs = A((G w) * (B d)),  all matrices integer.

With a tile of one the tiling is the plain sum over the taps. A stride splits inputs and taps
into phases, each a window of stride 1 of its own. Matrices are stored as stages of sparse
rows, so that the pairs a + b and a - b which opposite points make are computed once.
Sources: Toom 1963; Winograd 1980; Lavin & Gray 2015 (arXiv 1509.09308) for convolutions.
"""

from __future__ import annotations

from functools import cache
from itertools import repeat
from math import lcm, prod
from operator import add, mul, sub
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


Matrix = list[list[int]]
Stage = tuple[tuple[tuple[int, int], ...], ...]  # per row, (index, coefficient) of its terms
POINTS = (0, 1, -1, 2, -2, 3, -3)


class WinogradTiling(NamedTuple):
    """One axis: `products` of each tile of outputs, instead of tile·kernel of them."""

    tile: int  # outputs made at once
    step: int  # inputs from one tile to the next
    offsets: tuple[int, ...]  # the inputs a tile reads, from its first
    taps: tuple[tuple[int, ...], ...]  # per output of the tile, the offsets its window reads
    inputs: tuple[Stage, ...]  # B
    weights: tuple[Stage, ...]  # G
    outputs: tuple[Stage, ...]  # A; without it, all products are added up
    scale: int
    products: int


@cache
def winograd_tiling(kernel: int, stride: int, dilation: int, tile: int) -> WinogradTiling:
    """The tiling for a window, `tile` outputs at a time; more than one needs dilation 1.

    >>> [winograd_tiling(3, 1, 1, tile).products for tile in (1, 2, 4)]  # instead of 3, 6, 12
    [3, 4, 6]
    """
    taps = tuple(
        tuple(out * stride + tap * dilation for tap in range(kernel)) for out in range(tile)
    )
    offsets = tuple(sorted({offset for window in taps for offset in window}))
    if tile == 1:
        return WinogradTiling(1, stride, offsets, taps, (), (), (), 1, kernel)
    b, g, a, scale = _phases(kernel, stride, tile, offsets)
    outputs = tuple(reversed([_sparse(_transposed(stage)) for stage in _stages(_transposed(a))]))
    inputs = tuple(map(_sparse, _stages(b)))
    weights = tuple(map(_sparse, _stages(g)))
    return WinogradTiling(
        tile, tile * stride, offsets, taps, inputs, weights, outputs, scale, len(b)
    )


def _phases(
    kernel: int, stride: int, tile: int, offsets: tuple[int, ...]
) -> tuple[Matrix, Matrix, Matrix, int]:
    """B, G and A of a strided window: those of its phases below and beside each other."""
    phases = [(phase, *toom(tile, len(range(phase, kernel, stride)))) for phase in range(stride)]
    phases = [phase for phase in phases if phase[1]]
    scale = lcm(*(part[-1] for part in phases))
    b: Matrix = []
    g: Matrix = []
    a: Matrix = [[] for _ in range(tile)]
    for phase, b_part, g_part, a_part, part_scale in phases:
        for row in b_part:
            seen = {phase + stride * i: value for i, value in enumerate(row)}
            b.append([seen.get(offset, 0) for offset in offsets])
        for row in g_part:
            seen = {phase + stride * i: value for i, value in enumerate(row)}
            g.append([seen.get(tap, 0) for tap in range(kernel)])
        for whole, part in zip(a, a_part, strict=True):
            whole += [value * (scale // part_scale) for value in part]
    return b, g, a, scale


@cache
def toom(tile: int, taps: int) -> tuple[Matrix, Matrix, Matrix, int]:
    """B, G, A and scale of `tile` outputs of a window of `taps` at stride 1.

    Polynomials through tile + taps - 2 points and infinity: for a point p, a row of G holds
    the powers of p, a row of B the product of all (x - q) but its own, a column of A the
    powers of p over the product of all (p - q), times the scale that makes them whole.

    >>> toom(2, 3)[1]
    [[1, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 1]]
    """
    if taps <= 1:
        diagonal = [[int(i == j) for j in range(tile)] for i in range(tile * taps)]
        return diagonal, [[1]] * tile * taps, _transposed(diagonal), 1
    points = POINTS[: tile + taps - 2]
    gaps = [prod(p - q for q in points if q != p) for p in points]
    scale = lcm(*gaps)
    size = len(points) + 1
    b = [_polynomial([q for q in points if q != p], size) for p in points]
    b.append(_polynomial(list(points), size))
    last = [0] * (taps - 1) + [1]
    g = [[p**i for i in range(taps)] for p in points] + [last]
    a = [[p**i * (scale // gap) for p, gap in zip(points, gaps, strict=True)] for i in range(tile)]
    for i, row in enumerate(a):
        row.append(scale if i == tile - 1 else 0)
    return b, g, a, scale


def _polynomial(roots: list[int], size: int) -> list[int]:
    """The coefficients of the product of (x - root), lowest first."""
    coefficients = [1]
    for root in roots:
        lower = [-root * c for c in coefficients] + [0]
        coefficients = [x + y for x, y in zip(lower, [0, *coefficients], strict=True)]
    return coefficients + [0] * (size - len(coefficients))


def _transposed(matrix: Matrix) -> Matrix:
    return [list(column) for column in zip(*matrix, strict=True)]


def _sparse(matrix: Matrix) -> Stage:
    return tuple(tuple((i, c) for i, c in enumerate(row) if c) for row in matrix)


def _stages(matrix: Matrix) -> list[Matrix]:
    """The matrix as a product of sparser ones, the first to be applied first.

    Two rows that differ in signs alone are the sum and the difference of two sparser rows.
    """
    mixed = [list(row) for row in matrix]
    last = [[int(i == j) for j in range(len(matrix))] for i in range(len(matrix))]
    free = set(range(len(matrix)))
    for i in range(len(matrix)):
        for j in range(i + 1, len(matrix)):
            if {i, j} <= free and _worth_splitting(matrix[i], matrix[j]):
                mixed[i] = [(x + y) // 2 for x, y in zip(matrix[i], matrix[j], strict=True)]
                mixed[j] = [(x - y) // 2 for x, y in zip(matrix[i], matrix[j], strict=True)]
                last[i][j], last[j][i], last[j][j] = 1, 1, -1
                free -= {i, j}
    return [mixed] if len(free) == len(matrix) else [mixed, last]


def _worth_splitting(row: list[int], other: list[int]) -> bool:
    pairs = [(x, y) for x, y in zip(row, other, strict=True) if x or y]
    equal = sum(x == y for x, y in pairs)
    mirrored = all(abs(x) == abs(y) for x, y in pairs)
    return mirrored and 0 < equal < len(pairs) and len(pairs) > 2  # noqa: PLR2004 - no gain below


def applied(stages: tuple[Stage, ...], values: list[int], dims: list[int], axis: int) -> list[int]:
    """The stages applied along one axis of a flat array; `dims` is brought up to date.

    >>> dims = [3]
    >>> applied(winograd_tiling(3, 1, 1, 2).weights, [1, 10, 100], dims, 0), dims
    ([1, 111, 91, 100], [4])
    """
    for stage in stages:
        inner, size = prod(dims[axis + 1 :]), dims[axis]
        slabs = [values[at : at + inner] for at in range(0, len(values), inner)]
        dims[axis] = len(stage)
        values = []
        for first in range(0, len(slabs), size):
            for row in stage:
                values += _combined(row, slabs[first : first + size])
    return values


def _combined(row: tuple[tuple[int, int], ...], slabs: list[list[int]]) -> Iterable[int]:
    """The sum of some slabs times their coefficients, number by number."""
    (index, coefficient), *rest = row
    total: Iterable[int] = slabs[index]
    if coefficient != 1:
        total = map(mul, repeat(coefficient), total)
    for index, coefficient in rest:
        if coefficient in (1, -1):
            total = map(add if coefficient == 1 else sub, total, slabs[index])
        else:
            total = map(add, total, map(mul, repeat(coefficient), slabs[index]))
    return total
