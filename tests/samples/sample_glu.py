"""Half of the channels gate the other half; now and then their number is odd."""

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    return fields


def suit(draw, shape):
    if not draw(st.integers(0, 4)):
        return shape
    return shape._replace(channels=2 * max(shape.channels // 2, 1))
