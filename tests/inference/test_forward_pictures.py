"""Feature maps as pictures: in colour, in shades, in ASCII, and as files."""

import pytest

from cnncalc.render.maps import Range, contact_sheet, drawn, pictures, span
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor


def test_shades_are_the_means_of_two_rows():
    tensor = Tensor(Shape(2, (2, 3)), [0.0, 2.0, 4.0, 0.0, 2.0, 4.0] + [4.0] * 6)
    assert list(drawn("c1", tensor)) == [
        "c1: 2×3×2",
        "map 0  map 1",
        " ▒█    ███",
        "0 [ ░▒▓█] 4",
    ]


def test_ascii():
    tensor = Tensor(Shape(1, (1, 3)), [-1.0, 0.0, 1.0])
    assert list(drawn("c1", tensor, ascii_only=True)) == [
        "c1: 1x3x1",
        "map 0",
        " +@",
        "-1 [ .:-=+*#%@] 1",
    ]


def test_colour_is_half_blocks():
    tensor = Tensor(Shape(1, (3, 1)), [0.0, 1.0, 0.5])
    _, _, upper, lower, legend = drawn("c1", tensor, color=True)
    assert upper.startswith("\x1b[38;5;232;48;5;255m▀\x1b[0m")
    assert lower.startswith("\x1b[38;5;244m▀\x1b[0m")
    assert legend.startswith("0 [\x1b[48;5;232m ")


def test_many_maps_wrap_and_are_cut():
    lines = list(drawn("c", Tensor(Shape(20, (2, 8)), [0.0] * 320), width=30))
    assert lines[0] == "c: 2×8×20, the first 16 of 20 pictures"
    assert lines[1] == "map 0     map 1     map 2"
    assert len(lines) == 2 + 2 * 6


def test_wide_maps_are_made_narrow():
    lines = list(drawn("c", Tensor(Shape(1, (64, 64)), [1.0] * 4095 + [0.0]), width=80))
    assert len(lines[2]) == 32
    assert len(lines) == 3 + 16


@pytest.mark.parametrize(
    ("shape", "titles", "rows"),
    [
        (Shape(4), ["units"], 1),
        (Shape(3, (5,)), ["channels"], 3),
        (Shape(2, (3, 4)), ["map 0", "map 1"], 3),
        (Shape(1, (2, 3, 4)), ["map 0, z 0", "map 0, z 1"], 3),
    ],
)
def test_every_rank_has_pictures(shape, titles, rows):
    found = pictures(Tensor(shape, [float(i) for i in range(shape.size)]))
    assert [picture.title for picture in found] == titles
    assert {len(picture.rows) for picture in found} == {rows}
    assert sum(len(row) for picture in found for row in picture.rows) == shape.size


def test_wild_numbers_have_their_place():
    assert span([float("nan"), float("inf"), 3.0, -1.0]) == Range(-1.0, 3.0)
    assert span([float("nan")]) == Range(0.0, 0.0)
    assert Range(0.0, 2.0).share(float("nan")) == 0.0
    assert Range(0.0, 2.0).share(float("inf")) == 1.0
    assert Range(1.0, 1.0).share(1.0) == 0.0


def test_a_contact_sheet():
    """Three maps of 1x2 in two rows of two, a black line between."""
    sheet = contact_sheet("c1", Tensor(Shape(3, (1, 2)), [0.0, 5.0, 5.0, 0.0, 1.0, 2.0]))
    assert (sheet.height, sheet.width) == (3, 5)
    assert list(sheet.data) == [0, 255, 0, 255, 0] + [0] * 5 + [51, 102, 0, 0, 0]
    assert sheet.comment == "c1: 3 pictures of 1x2, 2 in a row; black 0, white 5"
