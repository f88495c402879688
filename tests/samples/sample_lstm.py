"""A recurrent layer reads a sequence; now and then it is given something else."""

from hypothesis import strategies as st

from cnncalc.shapes import Shape


def adjust(draw, shape, fields):
    return {**fields, "layers": draw(st.sampled_from([1, 1, 2]))}


def suit(draw, shape):
    if not draw(st.integers(0, 4)):
        return shape
    return Shape(min(shape.channels, 3), (draw(st.integers(1, 4)),))
