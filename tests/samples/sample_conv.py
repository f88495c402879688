"""A connection table has a column for every filter, and excludes groups."""

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    if draw(st.integers(0, 3)):
        return {**fields, "table": None}
    maps = st.integers(0, shape.channels - 1)
    column = st.lists(maps, min_size=1, unique=True).map(tuple)
    table = tuple(draw(column) for _ in range(fields["filters"]))
    return {**fields, "table": table, "groups": 1}
