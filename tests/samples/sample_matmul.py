"""Of two tensors of one shape, one is transposed, or their product does not exist."""

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    if not draw(st.integers(0, 3)):
        return fields
    first = draw(st.booleans())
    by_channel = shape.rank == 2 and draw(st.booleans())
    return {"transpose_a": first, "transpose_b": not first, "by_channel": by_channel}
