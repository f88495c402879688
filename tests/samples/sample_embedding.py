"""An embedding looks whole numbers up, those of its table, in a vector or in one channel."""

from hypothesis import strategies as st

from cnncalc.shapes import Shape


def adjust(draw, shape, fields):
    return fields


def suit(draw, shape):
    return shape if not draw(st.integers(0, 4)) else Shape(1, shape.spatial)


def number(random, layer):
    return float(random.randrange(layer.entries))
