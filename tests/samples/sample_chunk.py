"""Samples for `chunk`: one of as many equal parts as the channels can be cut into."""

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    """A part that exists, of a number of parts that mostly divides the channels."""
    dividers = [parts for parts in range(1, shape.channels + 1) if shape.channels % parts == 0]
    parts = draw(st.sampled_from([*dividers, *dividers, fields["parts"]]))
    index = draw(st.sampled_from([*range(parts), fields["index"]]))
    return {**fields, "parts": parts, "index": index}
