"""Samples of permute: each axis of the shape once, seldom one too few."""

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    """An order of all axes."""
    order = draw(st.permutations(range(shape.rank + 1)))
    return {"order": tuple(order[: -1 if draw(st.integers(0, 9)) == 0 else None])}
