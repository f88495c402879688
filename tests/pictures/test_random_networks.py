"""Random networks in a column and in lanes: whatever reads whatever, nothing is in the way."""

from geometry import crossings, loose_ends, overlaps, shared_pieces, slanted, sticking_out, strokes
from hypothesis import given
from hypothesis import strategies as st
from render.reports import row

from cnncalc.analysis.report import ReceptiveField
from cnncalc.pictures.picture import Box, Edge, Picture
from cnncalc.pictures.styles import placed
from cnncalc.shapes import Shape

SHAPE = Shape(8, (4, 4))


def box(number, jump, part):
    """A box whose output has this jump, in this part of the network."""
    field = ReceptiveField((1, 1), (jump, jump), (0, 0))
    rows = (row(number + 1, f"n{number}", "conv", "in", SHAPE, SHAPE, receptive_field=field),)
    return Box(f"n{number}", "conv", (f"n{number}", "conv 3×3", "4×4×8"), f"n{number}", "a tip",
               SHAPE, rows, part=part)  # fmt: skip


@st.composite
def pictures(draw):
    """Boxes that read up to three boxes before them, most of them near, some far."""
    number = draw(st.integers(1, 24))
    edges, boxes = [], []
    for n in range(number):
        near = st.integers(max(0, n - 3), n - 1) if n else st.nothing()
        far = st.integers(0, n - 1) if n else st.nothing()
        sources = draw(st.sets(near | far, max_size=3)) if n else set()
        edges += [Edge(source, n) for source in sorted(sources)]
        jump = draw(st.sampled_from((1, 1, 2, 4)))
        boxes.append(box(n, jump, draw(st.sampled_from((None, "a", "b")))))
    return Picture("random", tuple(boxes), tuple(edges), {"a": "a: 2 layers", "b": "b: unit"})


def check(picture, style):
    result = placed(picture, style)
    assert overlaps(result.frames) == []
    assert crossings(result.frames, result.routes) == []
    assert loose_ends(result.frames, picture.edges, result.routes) == []
    assert slanted(result.routes) == []
    assert sticking_out(result) == []
    assert shared_pieces(picture.edges, result.routes) == set()
    assert strokes(result) == []
    inside = [0 <= x <= result.width and 0 <= y <= result.height
              for route in result.routes for x, y in route]  # fmt: skip
    assert all(inside)


@given(pictures())
def test_a_column_of_any_network(picture):
    check(picture, "column")


@given(pictures())
def test_lanes_of_any_network(picture):
    check(picture, "lanes")
