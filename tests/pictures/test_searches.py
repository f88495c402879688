"""What pictures look up in order, against looking at everything."""

from decimal import Decimal
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from cnncalc.pictures.cards import LINE, _crossed_titles
from cnncalc.pictures.column import _components, _is_apart, _Lane, _Passing
from cnncalc.pictures.outlines import PartFrame
from cnncalc.render.fold import groups_around
from cnncalc.render.svg import _number

halves = st.integers(-8, 8).map(lambda n: n / 2)  # exact, and so near that they often meet


@given(halves, st.lists(halves, max_size=8), st.integers(1, 3))
def test_a_line_keeps_apart_from_all_others(x, others, least):
    assert _is_apart(x, sorted(others), least) == all(abs(x - other) >= least for other in others)


@st.composite
def lanes(draw):
    first = draw(st.integers(0, 8))
    return _Lane(draw(halves), first, draw(st.integers(first + 1, 10)), draw(st.integers(0, 3)))


@given(st.lists(lanes(), max_size=12), st.integers(0, 8), st.integers(1, 4))
def test_lines_that_pass_some_steps(those, first, number):
    steps = set(range(first, first + number))
    passing = {lane for lane in those if steps.intersection(range(lane.first, lane.last))}
    assert _Passing(those).between(first, first + number) == passing


@st.composite
def runs(draw):
    """For each of some boxes, which boxes before it it reads."""
    number = draw(st.integers(1, 14))
    return [
        sorted(draw(st.sets(st.integers(0, n - 1), max_size=3)) if n else ()) for n in range(number)
    ]


@given(runs(), st.integers(0, 4))
def test_branches_are_the_boxes_that_are_joined(sources, begin):
    """Branches against spreading from each box along all edges until nothing is added."""
    run = range(begin, len(sources))
    edges = [(source, box) for box in run for source in sources[box] if source >= begin]
    groups = []
    for box in run:
        reached = {box}
        for _ in run:
            reached |= {end for edge in edges if reached.intersection(edge) for end in edge}
        if sorted(reached) not in groups:
            groups.append(sorted(reached))
    begins = sum(all(source < begin for source in sources[box]) for box in run)
    assume(begins > 1)  # else there is nothing to divide, and nobody asks
    found = _components(run, sources, begins)
    assert found == (groups if len(groups) > 1 else [])


@st.composite
def ways(draw):
    """The corners of a line whose pieces are level or upright in turn."""
    heights = halves | halves.map(lambda y: y + LINE)
    corners = [(draw(halves), draw(heights))]
    for n in range(draw(st.integers(1, 4))):
        x, y = corners[-1]
        corners.append((draw(halves), y) if n % 2 else (x, draw(heights)))
    return corners


@given(
    st.lists(st.tuples(halves, halves, st.integers(1, 8), st.integers(1, 8)), max_size=6),
    st.lists(ways(), max_size=6),
)
def test_lines_that_cross_the_title_of_a_part(places, lines):
    parts = [PartFrame(str(n), "", *place) for n, place in enumerate(places)]
    crossed = [
        {
            x
            for line in lines
            for (x, start), (other, end) in pairwise(line)
            if x == other
            and part.x < x < part.x + part.width
            and min(start, end) < part.y + LINE
            and max(start, end) > part.y
        }
        for part in parts
    ]
    assert _crossed_titles(parts, lines) == crossed


@given(st.floats(-1e6, 1e6))
def test_a_coordinate_has_at_most_one_decimal(value):
    written = Decimal(_number(value))
    assert abs(written - Decimal(value)) <= Decimal("0.05")
    assert written == round(written, 1)
    assert str(written) == str(written.normalize()) or written % 10 == 0  # no zero at the end
    assert not written.is_signed() or written


@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=5), st.sets(st.text("abc.", min_size=1))
)
def test_the_groups_around_a_row_begin_its_name(words, groups):
    name = ".".join(words)
    around = groups_around(groups)(name)
    begin = {part for part in groups if part and name.startswith(f"{part}.")}
    assert around == sorted(begin, key=len)
