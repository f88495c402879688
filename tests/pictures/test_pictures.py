"""Pictures of every bundled network: what is in them, and that nothing in them is in the way."""

import hashlib
from functools import cache

import pytest
from geometry import (
    contrast,
    crossings,
    loose_ends,
    overlaps,
    shared_pieces,
    slanted,
    sticking_out,
    strokes,
)

from cnncalc import analyze, load, zoo
from cnncalc.network import Opaque, chain
from cnncalc.pictures.boxes import PictureOptions, picture
from cnncalc.pictures.marks import Group, Line, Rect, Text
from cnncalc.pictures.picture import Edge
from cnncalc.pictures.styles import placed, usual
from cnncalc.render import svg
from cnncalc.render.choice import Choice
from cnncalc.render.colours import DARK, LIGHT
from cnncalc.render.fold import lines
from cnncalc.shapes import Shape

OPEN = 99  # deeper than any network is nested
NETWORKS = [name for stem, path in zoo.files().items() for name in [*zoo.variants(path)] or [stem]]


@cache
def report(name):
    return analyze(load(name))


def drawn(name, **choice):
    return picture(report(name), Choice(**choice))


def box_texts(name, **choice):
    return [box.text for box in drawn(name, **choice).boxes]


def expected_edges(of, boxes):
    """Which boxes read which, from the rows of the report alone."""
    home = {row.name: n for n, box in enumerate(boxes) for row in box.rows}
    home |= {box.name: n for n, box in enumerate(boxes) if not box.rows}
    pairs = {(home[name], home[row.name]) for row in of.rows for name in row.inputs}
    return {(source, target) for source, target in pairs if source != target}


def faults(shown, result):
    """What is wrong with a placed picture, by kind; empty where all is well."""
    found = {
        "overlaps": overlaps(result.frames),
        "crossings": crossings(result.frames, result.routes),
        "loose ends": loose_ends(result.frames, shown.edges, result.routes),
        "slanted": slanted(result.routes),
        "shared pieces": shared_pieces(shown.edges, result.routes),
        "sticking out": sticking_out(result),
        "strokes": strokes(result) if usual(shown) in ("column", "lanes") else [],
    }
    return {kind: what for kind, what in found.items() if what}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_picture_shows_the_report_and_nothing_is_in_the_way(name):
    """Folded as usual, and with every part open."""
    of = analyze(load(name))
    for depth in (None, OPEN):
        shown = picture(of, Choice(depth=depth))
        rows = [row.name for box in shown.boxes for row in box.rows]
        assert sorted(rows) == sorted(row.name for row in of.rows)
        assert len(set(shown.edges)) == len(shown.edges)
        assert set(map(tuple, shown.edges)) == expected_edges(of, shown.boxes)
        result = placed(shown)
        assert faults(shown, result) == {}, depth
        for x, y, wide, high in (frame[:4] for frame in result.frames):
            assert 0 <= x < x + wide <= result.width
            assert 0 <= y < y + high <= result.height


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "unet", "densenet121", "vgg16"])
def test_figures_of_boxes_are_those_of_the_report(name):
    of = report(name)
    for figure in ("params", "macs", "buffers"):
        total = sum(getattr(row, figure) for box in drawn(name).boxes for row in box.rows)
        assert total == getattr(of.totals, figure)


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "unet", "siamese"])
def test_texts_in_boxes_are_those_of_the_table(name):
    """Without stacks every box is a line of the table, or one with what follows it."""
    table = {line.name: line for line in lines(report(name))}
    for box in picture(report(name), Choice(), PictureOptions(stack=False)).boxes:
        line = table[box.name]
        assert box.text[0] == line.name
        assert box.text[1].split()[0] == line.type.split()[0]
        last = next(line for line in reversed(table.values()) if line.rows == () or
                    box.rows[-1:] == line.rows[-1:])  # fmt: skip
        assert box.text[2] == str(last.out if box.rows else line.out)


def test_resnet50_has_13_boxes_with_its_skips():
    shown = drawn("resnet50")
    assert len(shown.boxes) == 13
    assert shown.boxes[8].text == ("layer3.1 … 5", "bottleneck × 5", "14×14×1024")
    blocks = [box for box in shown.boxes if box.kind == "block"]
    assert [box.skip for box in blocks] == ["add"] * 8
    assert sum(box.times for box in blocks) == 16  # 3 + 4 + 6 + 3 bottlenecks (He et al. 2015)
    assert len(picture(report("resnet50"), Choice(), PictureOptions(stack=False)).boxes) == 21


def test_a_stack_holds_equal_parts_only():
    """WaveNet's layers differ in dilation, so that none of them may hide behind another."""
    for box in drawn("resnet50").boxes:
        size = len(box.rows) // box.times
        units = [box.rows[n : n + size] for n in range(0, len(box.rows), size or 1)]
        settings = [[(row.type, row.settings, row.out) for row in unit] for unit in units]
        assert all(unit == settings[0] for unit in settings)
    dilations = [row.settings["dilation"] for box in drawn("wavenet").boxes
                 for row in box.rows if box.times > 1 and row.type == "conv"]  # fmt: skip
    assert all(dilation in ((1,), [1]) for dilation in dilations)


def test_norms_and_activations_go_into_the_box_that_they_alone_read():
    assert len(drawn("resnet18", depth=OPEN).boxes) == 32
    assert ("conv1", "conv 7×7 s2 + bn + relu", "112×112×64") in box_texts("resnet18", depth=OPEN)
    assert len(drawn("resnet50", depth=OPEN).boxes) == 73
    expanded = drawn("resnet18", expand=True)
    assert len(expanded.boxes) == len(report("resnet18").rows) + 1


def test_branches_of_inception_stand_in_the_order_of_the_file():
    shown = drawn("googlenet", depth=OPEN)
    result = placed(shown, "column")
    firsts = ["inception3a.conv1", "inception3a.conv2", "inception3a.conv4", "inception3a.maxpool1"]
    frames = [result.frames[[box.name for box in shown.boxes].index(name)] for name in firsts]
    assert [frame.x for frame in frames] == sorted({frame.x for frame in frames})
    assert len({frame.y for frame in frames}) == 1


def test_a_picture_of_one_part_shows_what_it_reads_from_outside():
    shown = drawn("googlenet", at="inception3a")
    assert shown.boxes[0].text == ("maxpool2", "input", "28×28×192")
    assert shown.boxes[0].rows == ()
    assert {edge.target for edge in shown.edges if edge.source == 0} == {1, 2, 4, 6}
    assert faults(shown, placed(shown)) == {}


@pytest.mark.parametrize("name", ["resnet50", "resnet18", "hrnet", "vgg16"])
def test_no_arrow_is_hidden_behind_a_stack(name):
    """The cards behind the first one are drawn over the lines: arrows end above or beside them."""
    shown = drawn(name)
    result = placed(shown)
    boxes = [mark.marks for mark in result.marks if isinstance(mark, Group)]
    lines = [mark for mark in result.marks if isinstance(mark, Line) and mark.stroke == "edge"]
    cards = [[mark for mark in box if isinstance(mark, Rect)] for box in boxes]
    for x, y in (line.points[-1] for line in lines):
        for card in (card for stack in cards for card in stack):
            inside = card.x < x < card.x + card.width and card.y < y < card.y + card.height
            assert not inside
    assert len({line.points[-1] for line in lines}) == len(lines)
    stacked = any(len(stack) > 1 for stack in cards)
    assert stacked == (name in ("resnet50", "resnet18"))


def part_titles(name):
    """What stands at the outlines of parts, by line and from left to right; and their tips."""
    texts = [mark for mark in placed(drawn(name, depth=OPEN)).marks if isinstance(mark, Text)]
    beside = [mark for mark in texts if mark.tip]
    rows = {y: sorted(mark for mark in beside if mark.y == y) for y in {mark.y for mark in beside}}
    return [([mark.text for mark in row], {mark.tip for mark in row}) for row in rows.values()]


def test_a_name_of_a_part_goes_on_behind_the_line_that_leads_into_it():
    """SSD's first blocks: a line comes in between the two halves of each name."""
    titles = part_titles("ssd300")
    assert sorted("".join(words) for words, _ in titles) == [
        f"conv{n}.double1" for n in range(1, 6)
    ]
    assert [tips for _, tips in titles] == [{f"{''.join(words)}: double"} for words, _ in titles]


def test_what_is_too_much_of_a_name_is_left_out_of_its_middle():
    (*_, (words, tips)) = sorted(part_titles("densenet121"))
    (whole,) = tips
    assert whole.endswith(": denselayer")
    front, back = "".join(words).split("…")
    assert whole.startswith(front)
    assert whole.removesuffix(": denselayer").endswith(back)
    file = svg.text(placed(drawn("densenet121", depth=OPEN)))
    assert f"<title>{whole}</title>{words[0]}</text>" in file


@pytest.mark.parametrize("name", ["resnet50", "unet", "googlenet"])
def test_the_same_network_gives_the_same_bytes(name):
    texts = {svg.text(placed(picture(analyze(load(name)), Choice()))) for _ in range(2)}
    assert len({hashlib.sha256(text.encode()).hexdigest() for text in texts}) == 1


def test_third_lines():
    of = report("lenet5")
    for show, line in (("params", "156 params"), ("macs", "117,600 MACs"), ("rf", "field 5")):
        assert picture(of, Choice(), PictureOptions(show=show)).boxes[1].text[2] == line
    assert picture(of, Choice(layout="CHW")).boxes[1].text[2] == "6×28×28"


def test_figures_that_are_not_known_are_not_0():
    """An operator of a model file without a layer: its box and its tip say `at least`."""
    odd = Opaque(operation="RoiAlign", out=Shape(3, (4, 4)))
    of = analyze(chain("odd", Shape(1, (8, 8)), [("r", odd)]))
    shown = picture(of, Choice(), PictureOptions(show="params")).boxes[1]
    assert shown.kind == "other"
    assert shown.text[2] == "at least 0 params"
    assert "at least 0 parameters, at least 0 MACs" in shown.tip


def test_what_the_checks_of_geometry_would_catch():
    """A box moved onto another, a line through a box, an edge that ends elsewhere."""
    shown = drawn("googlenet", at="inception3a")
    result = placed(shown, "column")
    frames, routes = list(result.frames), list(result.routes)
    moved = [frames[0]._replace(x=frames[1].x + 5, y=frames[1].y + 5), *frames[1:]]
    assert overlaps(moved)
    assert loose_ends(moved, shown.edges, routes)
    middle = [((f.x - 30, f.y + f.height / 2), (f.x + f.width + 30, f.y + f.height / 2))
              for f in frames[1:2]]  # fmt: skip
    assert (0, 1) in crossings(frames, middle)
    assert slanted([((0, 0), (5, 5))])
    narrow = [frame._replace(width=20) for frame in frames]
    assert sticking_out(result) == []
    assert "conv1" in " ".join(sticking_out(result._replace(frames=tuple(narrow))))
    along = (((0, 0), (0, 50)), ((0, 20), (0, 90)))
    assert shared_pieces([Edge(0, 1), Edge(2, 3)], along)
    assert not shared_pieces([Edge(0, 1), Edge(0, 3)], along)
    assert strokes(result) == []
    plain = [mark for mark in result.marks if not isinstance(mark, Line)]
    each = result._replace(marks=(*plain, *map(Line, routes)))
    assert {word for word, *_ in strokes(each)} == {"twice", "two arrows"}
    none = result._replace(marks=tuple(plain))
    assert {word for word, *_ in strokes(none)} == {"missing", "no arrow"}


def test_the_usual_style():
    styles = {name: usual(drawn(name)) for name in ("unet", "resnet50", "googlenet", "siamese")}
    assert styles == {"unet": "lanes", "resnet50": "column", "googlenet": "column",
                      "siamese": "column"}  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_and_outlines_stand_out(theme):
    """WCAG asks for 4.5:1 of texts and 3:1 of shapes; texts here have at least 7:1 (level AAA)."""
    colours = {"light": LIGHT, "dark": DARK}[theme]
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast(colours.line, colours.page) >= 4.5
    for kind, (fill, stroke) in colours.kinds.items():
        behind = colours.page if fill == "none" else fill
        if kind not in ("part", "view", "seen"):  # no text stands on these
            assert contrast(colours.text, behind) >= 7, kind
            assert contrast(colours.soft, behind) >= 4.5, kind
        if stroke != "none":
            assert contrast(stroke, colours.page) >= (2.5 if kind == "part" else 3), kind
    assert contrast(colours.soft, colours.page) >= 7


def legend_of(name, **choice):
    """The word of each colour in the legend, by its fill and its outline."""
    marks = placed(drawn(name, **choice)).marks
    swatches = [mark for mark in marks if isinstance(mark, Rect) and mark.width == 11]
    words = [mark.text for mark in marks if isinstance(mark, Text) and mark.x >= 32][
        -len(swatches) :
    ]
    return list(zip((LIGHT.named(mark.kind)[1:] for mark in swatches), words, strict=True))


@pytest.mark.parametrize("name", ["densenet121", "ssd300", "resnet50", "unet", "squeezenet1_0"])
def test_a_colour_stands_once_in_the_legend(name):
    for depth in (None, OPEN):
        entries = legend_of(name, depth=depth)
        assert len({colours for colours, _ in entries}) == len(entries)
    words = {word for _, word in legend_of("densenet121")}
    assert {"input", "closed part", "norm, activation"} <= words


def test_a_volume_explains_the_signs_that_it_has():
    def note(name, **choice):
        texts = [
            m.text for m in placed(drawn(name, **choice), "volume").marks if isinstance(m, Text)
        ]
        return texts[-1]

    lengths = "height and depth: the map, thickness: channels; not to scale"
    edge, bar = "a dark edge: activation", "a bar: a vector, longer with more numbers"
    assert note("vgg16") == f"{lengths}; {edge}; {bar}"
    assert note("vgg16", at="features") == f"{lengths}; {edge}"
