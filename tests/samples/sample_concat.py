"""The axis is one that the input has."""

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    return {**fields, "axis": draw(st.sampled_from(["c", *shape.axes]))}
