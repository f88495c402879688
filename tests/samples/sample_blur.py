"""A reflected border needs a map larger than it, so the padding is drawn small."""

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    if draw(st.booleans()):
        return {**fields, "padding": "valid"}
    return fields
