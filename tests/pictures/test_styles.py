"""What each style promises: the U of a U-Net, solids that do not hide each other, true windows."""

import itertools
from functools import cache

import pytest
from geometry import ends_of, overlaps

from cnncalc import analyze, load, zoo
from cnncalc.errors import CnncalcError
from cnncalc.pictures.boxes import PictureOptions, picture
from cnncalc.pictures.marks import Group, Polygon, Rect, Text
from cnncalc.pictures.styles import placed
from cnncalc.render.choice import Choice


@cache
def shown(name, depth=None):
    return picture(analyze(load(name)), Choice(depth=depth))


def rows_of(name, depth=None):
    """For each box of a picture in lanes, its lane: what the line above it says."""
    of = shown(name, depth)
    result = placed(of, "lanes")
    texts = [mark for mark in result.marks if isinstance(mark, Text)]
    words = sorted((text.y, text.text) for text in texts if text.text.startswith(("1/", "full")))
    lanes = {
        box.name: [text for y, text in words if y < frame.y + frame.height][-1]
        for box, frame in zip(of.boxes, result.frames, strict=True)
    }
    return lanes, {box.name: frame for box, frame in zip(of.boxes, result.frames, strict=True)}


@pytest.mark.parametrize("depth", [0, None])
def test_a_unet_is_a_u(depth):
    """Down by halves to a sixteenth and up again, as in the figure of Ronneberger et al. 2015."""
    lanes, frames = rows_of("unet", depth)
    in_order = list(dict.fromkeys(lanes.values()))
    assert in_order == ["full", "1/2", "1/4", "1/8", "1/16"]
    down = [lanes[f"maxpool{n}"] for n in range(1, 5)]
    assert down == ["1/2", "1/4", "1/8", "1/16"]
    up = [
        next(lane for box, lane in lanes.items() if box.startswith(f"dec{n}")) for n in (4, 3, 2, 1)
    ]
    assert up == ["1/8", "1/4", "1/2", "full"]
    firsts = [frames[f"maxpool{n}"] for n in range(1, 5)]
    assert [frame.x for frame in firsts] == sorted(frame.x for frame in firsts)
    assert [frame.y for frame in firsts] == sorted(frame.y for frame in firsts)
    assert frames["out"].x > max(frame.x for frame in firsts)
    assert frames["out"].y == min(frame.y for frame in frames.values())


def test_names_in_lanes_are_whole_where_there_is_room():
    """No part has an outline there, so that boxes have their whole names."""
    groups = [mark for mark in placed(shown("unet"), "lanes").marks if isinstance(mark, Group)]
    names = [next(m.text for m in group.marks if isinstance(m, Text)) for group in groups]
    assert names == [box.name for box in shown("unet").boxes]


def test_hrnet_has_four_lanes_of_resolutions_side_by_side():
    """Figure 2 of Wang et al. 2019: from a quarter to a thirty-second, all kept to the end."""
    lanes, _ = rows_of("hrnet")
    assert sorted(set(lanes.values())) == ["1/16", "1/32", "1/4", "1/8", "full"]
    assert [lanes[name] for name in ("a4", "b4", "c4", "d4")] == ["1/4", "1/8", "1/16", "1/32"]


def chains():
    """The bundled networks whose folded picture is a chain, one of each file."""
    for stem, path in zoo.files().items():
        name = next(iter([*zoo.variants(path)] or [stem]))
        if shown(name).is_chain:
            yield name


def test_solids_of_every_chain():
    number = 0
    for name in chains():
        result = placed(shown(name), "volume")
        number += 1
        assert overlaps(result.frames) == [], name
        assert [frame.x for frame in result.frames] == sorted(frame.x for frame in result.frames)
        labels = [mark for mark in result.marks if isinstance(mark, Text)]
        labels += [text for group in result.marks if isinstance(group, Group)
                   for text in group.marks if isinstance(text, Text)]  # fmt: skip
        assert all(ends_of(text)[0] >= 0 and ends_of(text)[1] <= result.width for text in labels)
        lines = {}
        for text in labels:
            lines.setdefault(text.y, []).append(ends_of(text))
        for pairs in lines.values():
            pairs.sort()
            assert all(one[1] <= other[0] for one, other in itertools.pairwise(pairs)), name
    assert number > 50


def test_solids_are_as_large_as_their_maps():
    of = shown("vgg16")
    result = placed(of, "volume")
    sizes = {}
    for box, frame in zip(of.boxes, result.frames, strict=True):
        if box.out.spatial:
            sizes.setdefault(box.out.spatial, set()).add(round(frame.height, 3))
    assert all(len(heights) == 1 for heights in sizes.values())
    assert [max(sizes[n, n]) for n in (7, 14, 28, 56, 112, 224)] == sorted(
        max(heights) for heights in sizes.values()
    )
    pairs = zip(of.boxes, result.frames, strict=True)
    thick = {box.out.channels: frame.width for box, frame in pairs if box.out.spatial}
    assert [thick[n] for n in (3, 64, 128, 256, 512)] == sorted(thick.values())


def with_scale(name, scale):
    return picture(analyze(load(name)), Choice(), PictureOptions(scale=scale))


@pytest.mark.parametrize(("scale", "power"), [("linear", 1), ("sqrt", 2)])
@pytest.mark.parametrize("name", ["vgg16", "alexnet", "lenet5"])
def test_solids_are_true_to_the_scale_that_is_asked_for(name, scale, power):
    """Heights to rows, thickness to channels, bars to the numbers of a vector."""
    of = with_scale(name, scale)
    result = placed(of, "volume")
    maps, vectors, thick = set(), set(), set()
    for box, frame in zip(of.boxes, result.frames, strict=True):
        if box.out.spatial and set(box.out.spatial) != {1}:
            maps.add(round(frame.height**power / box.out.spatial[0], 6))
            thick.add(round(frame.width**power / box.out.channels, 6))
        else:
            vectors.add(round(frame.height**power / box.out.channels, 6))
    assert (len(maps), len(thick), len(vectors)) == (1, 1, 1)
    assert overlaps(result.frames) == []


@pytest.mark.parametrize(("scale", "power"), [("linear", 1), ("sqrt", 2)])
def test_sheets_are_true_to_the_scale_that_is_asked_for(scale, power):
    result = placed(with_scale("lenet5", scale), "sheets")
    fronts = [
        next(mark for mark in reversed(group.marks) if isinstance(mark, Rect))
        for group in result.marks
        if isinstance(group, Group)
    ]
    sides = [(front.width**power, front.height**power) for front in fronts[:6]]
    for (wide, high), size in zip(sides, (32, 28, 14, 10, 5, 1), strict=True):
        assert (wide * 32 / size, high * 32 / size) == pytest.approx(sides[0])
    assert overlaps(result.frames) == []


def test_windows_of_lenets_sheets():
    """The middle unit of C1 (28x28) is 14,14, and its 5x5 window reads rows 14 to 18 of 32."""
    of = shown("lenet5")
    result = placed(of, "sheets")
    clear = [mark for mark in result.marks if isinstance(mark, Polygon) and mark.clear]
    assert len(clear) == 5  # C1, S2, C3, S4, C5
    sheet = result.frames[0]
    (left, top), _, (right, bottom), _ = clear[0].points
    shares = [(left - sheet.x) / sheet.width, (right - sheet.x) / sheet.width,
              (top - sheet.y) / sheet.height, (bottom - sheet.y) / sheet.height]  # fmt: skip
    assert shares == pytest.approx([14 / 32, 19 / 32] * 2)
    counts = [len([mark for mark in group.marks if not isinstance(mark, Text)])
              for group in result.marks if isinstance(group, Group)]  # fmt: skip
    assert counts == [1, 6, 6, 16, 16, 16, 1, 1]  # no more than 16 sheets are drawn
    assert overlaps(result.frames) == []


def test_sheets_of_every_short_chain():
    number = 0
    for name in chains():
        try:
            result = placed(shown(name), "sheets")
        except CnncalcError as error:
            assert len(shown(name).boxes) > 12, error  # noqa: PT017  # the only reason there is
            continue
        number += 1
        assert overlaps(result.frames) == [], name
    assert number > 5
