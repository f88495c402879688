"""The picture of what one unit sees: its numbers are those of `rf --at`, its squares are them."""

from xml.etree import ElementTree as ET

import pytest
from geometry import ends_of

from cnncalc import load
from cnncalc.pictures.cone import place
from cnncalc.pictures.marks import Group, Rect, Text
from cnncalc.questions.rf import seen_by

SVG = "{http://www.w3.org/2000/svg}"


def test_the_cone_of_lenet(cnncalc, tmp_path):
    """By hand: C3:4,4 reads 4..8 of S2 (5x5), that 8..17 of C1 (2x2 s2), that 8..21 of in."""
    path = tmp_path / "cone.svg"
    assert cnncalc("rf", "lenet5", "--at", "C3:4,4", "-o", path).status == 0
    root = ET.fromstring(path.read_text(encoding="utf-8"))
    assert root.find(f"{SVG}title").text == "What C3:4,4 sees"
    assert root.find(f"{SVG}desc").text == (
        "C3: column 4, 1 of 10; S2: columns 4 to 8, 5 of 14; C1: columns 8 to 17, 10 of 28; "
        "in: columns 8 to 21, 14 of 32."
    )
    squares = {
        group.get("data-name"): [
            [box.get("class") for box in group.iter(f"{SVG}rect")].count(kind)
            for kind in ("seen", "grey")
        ]
        for group in root.iter(f"{SVG}g")
    }
    assert squares == {"C3": [1, 9], "S2": [5, 9], "C1": [10, 18], "in": [14, 18]}
    note = root.findall(f"{SVG}text")[-1].text
    assert note == "C3:4,4 reads nothing outside the cone, which is a section along the width"


def test_the_cone_of_a_sequence_is_along_its_length(cnncalc, tmp_path):
    path = tmp_path / "cone.svg"
    assert cnncalc("rf", "40x1; conv 2 f3; conv 2 f2", "--at", "conv2:5", "-o", path).status == 0
    note = ET.parse(path).getroot().findall(f"{SVG}text")[-1].text
    assert note == "conv2:5 reads nothing outside the cone, which is a section along the length"


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("resnet18", "layer2.1"),
        ("unet", "out"),
        ("wavenet", "out.conv1"),
        ("googlenet", "inception3a"),
    ],
)
def test_the_numbers_are_those_of_rf(cnncalc, name, at):
    unit = seen_by(load(name), at)
    told = cnncalc("rf", name, "--at", at, "--json").json
    placed = place(unit, "HWC")
    last = placed.marks[[isinstance(mark, Group) for mark in placed.marks].index(True) :]
    groups = [mark for mark in last if isinstance(mark, Group)]
    assert groups[0].name == unit.name
    low, high = [*told["inputs"][0]["box"].values()][-1]
    assert f"{low} to {high}, {high - low + 1} of" in groups[-1].tip
    texts = [mark for group in groups for mark in group.marks if isinstance(mark, Text)]
    assert all(ends_of(text)[0] >= 0 and ends_of(text)[1] <= placed.width for text in texts)
    boxes = [mark for group in groups for mark in group.marks if isinstance(mark, Rect)]
    names = [text for text in texts if text.x < 100]
    assert all(ends_of(text)[1] < min(box.x for box in boxes) for text in names)


def test_holes_are_said_and_shown(cnncalc):
    """A dilated convolution reads 3 taps, 2 apart."""
    network = "input: 16x16x1\nlayers:\n  - c: conv 1 3x3 d2\n"
    unit = seen_by(load_text(network), "c", (3, 3))
    placed = place(unit, "HWC")
    assert placed.description == "c: column 3, 1 of 12; in: columns 3 to 7, 5 of 16, with holes."
    seen = [mark for group in placed.marks if isinstance(group, Group) for mark in group.marks
            if isinstance(mark, Rect) and mark.kind == "seen"]  # fmt: skip
    assert [box.dashed for box in seen] == [False] + [True] * 5


def load_text(text):
    from cnncalc.spec.document import read_document
    from cnncalc.spec.load import build

    return build(read_document(text, "-"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("-o cone.svg", ("error[usage]: a picture shows what one unit sees, and none is named\n"
                        "  = help: add --at NAME:Y,X\n")),
        ("--format svg --at C3 --through",
         ("error[usage]: --through has no effect in a picture, which always shows the layers "
         "between\n  = help: leave --through out\n")),
    ],
)  # fmt: skip
def test_what_a_cone_cannot_show(cnncalc, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    answer = cnncalc("rf", "lenet5", *words.split())
    assert (answer.status, answer.out, answer.err) == (2, "", message)
    assert not list(tmp_path.iterdir())
