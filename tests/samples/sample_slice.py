"""A slice takes channels that exist, or sometimes one too many."""

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    start = draw(st.integers(0, shape.channels - 1))
    return {"start": start, "stop": draw(st.integers(start + 1, shape.channels + 1))}
