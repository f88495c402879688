"""Groups divide channels and filters; a table has a column per filter, and excludes groups."""

from math import gcd

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    if draw(st.integers(0, 3)):
        both = gcd(shape.channels, fields["filters"])
        groups = draw(st.sampled_from([n for n in (1, 1, 2, 3) if both % n == 0]))
        return {**fields, "table": None, "groups": groups}
    maps = st.integers(0, shape.channels - 1)
    column = st.lists(maps, min_size=1, unique=True).map(tuple)
    table = tuple(draw(column) for _ in range(fields["filters"]))
    return {**fields, "table": table, "groups": 1}
