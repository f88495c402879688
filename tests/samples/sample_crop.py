"""A crop is to a size, around the centre or from a place, or by numbers."""

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    if draw(st.booleans()):
        size = tuple(draw(st.integers(1, axis)) for axis in shape.spatial) or (1,)
        axes = zip(shape.spatial, size, strict=False)
        begin = tuple(draw(st.integers(0, axis - kept)) for axis, kept in axes) or (0,)
        return {"size": size, "begin": draw(st.sampled_from([None, begin])), "end": None}
    begin = tuple(draw(st.integers(0, (axis - 1) // 2)) for axis in shape.spatial) or (0,)
    return {"size": None, "begin": begin, "end": fields["end"]}
