"""A crop is either to a size or by numbers."""

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    if draw(st.booleans()):
        size = tuple(draw(st.integers(1, axis)) for axis in shape.spatial) or (1,)
        return {"size": size, "begin": None, "end": None}
    begin = tuple(draw(st.integers(0, (axis - 1) // 2)) for axis in shape.spatial) or (0,)
    return {"size": None, "begin": begin, "end": fields["end"]}
