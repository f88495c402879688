"""A slice takes channels that exist, counted from either end, or sometimes one too many."""

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    start = draw(st.integers(0, shape.channels - 1))
    stop = draw(st.integers(start + 1, shape.channels + 1))
    if stop <= shape.channels and draw(st.booleans()):
        return {"start": start - shape.channels, "stop": stop - shape.channels or "end"}
    return {"start": start, "stop": stop}
