"""The sliding window: every picture of it tells the forward pass, and nothing sticks out."""

import io
import re
from itertools import product
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cnncalc import forward
from cnncalc.cli import output, slide
from cnncalc.cli.app import run
from cnncalc.render.slide import schema

SVG = "{http://www.w3.org/2000/svg}"
X, K = "0 1 2; 3 4 5; 6 7 8", "0 1; 2 3"

# Dive into Deep Learning (d2l.ai), sections 7.2, 7.3, 7.5 and 14.10: what the book prints.
PRINTED = {
    f'--x "{X}" --filter "{K}"': [[19, 25], [37, 43]],
    f'--x "{X} | 1 2 3; 4 5 6; 7 8 9" --filter "{K} | 1 2; 3 4"': [[56, 72], [104, 120]],
    f'--op maxpool --x "{X}" --f 2 --s 1': [[4, 5], [7, 8]],
    f'--op avgpool --x "{X}" --f 2 --s 1': [[2, 3], [5, 6]],
    f'--op conv-transpose --x "0 1; 2 3" --filter "{K}"': [[0, 0, 1], [0, 4, 6], [4, 12, 9]],
    f'--op conv-transpose --x "0 1; 2 3" --filter "{K}" --s 2': [
        [0, 0, 0, 1], [0, 0, 2, 3], [0, 2, 0, 3], [4, 6, 6, 9]
    ],
    f'--op conv-transpose --x "0 1; 2 3" --filter "{K}" --p 1': [[4]],
}  # fmt: skip


def words(line):
    return [part.strip('"') for part in re.findall(r'"[^"]*"|\S+', line)]


@pytest.mark.parametrize("line", PRINTED)
def test_the_output_is_what_the_book_prints(cnncalc, line):
    assert cnncalc("slide", *words(line), "--json").json["output"]["values"] == PRINTED[line]


def number_at(planes, cell):
    """The number that a drawn map has at a cell."""
    channel, row, column = cell
    (plane,) = [plane for plane in planes if plane["map"] == channel]
    top, left = plane["first"]
    return plane["values"][row - top][column - left]


def told(document, step, bias):
    """What a step's cells and taps give, by the rule of the layer."""
    read = [number_at(document["inputs"], cell) for cell in step["reads"]]
    if document["type"] == "maxpool":
        return max(value for value in read if value is not None)
    if document["type"] == "avgpool":
        return sum(read) / len(read)
    whole = [
        [plane["map"], *at]
        for plane in document["filters"]
        for at in product(*map(range, plane["size"]))
    ]
    taps = [number_at(document["filters"], tap) for tap in step["taps"] or whole]
    return bias + sum(a * b for a, b in zip(read, taps, strict=len(taps) == len(read)))


def answer(arguments):
    """The JSON document of `slide`, or None where the sizes do not work."""
    import contextlib
    import json

    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(io.StringIO()):
        status = run(["slide", *map(str, arguments), "--json"])
    return None if status else json.loads(text.getvalue())


class Case(NamedTuple):
    """A window in its letters."""

    op: str
    w: int
    h: int
    f: int
    g: int
    s: int
    p: int
    dilation: int
    d: int
    bias: int


SMALL = st.integers(1, 3)
CASES = st.builds(
    Case, st.sampled_from(["conv", "maxpool", "avgpool", "conv-transpose"]), st.integers(1, 8),
    st.integers(1, 8), st.integers(1, 4), st.integers(1, 4), SMALL, st.integers(0, 2), SMALL, SMALL,
    st.integers(-2, 2),
)  # fmt: skip


@given(CASES)
@example(Case("conv-transpose", 2, 2, 4, 4, 1, 2, 1, 1, 0))  # a part of the filter is never used
def test_the_cells_and_taps_that_are_marked_give_the_output(case):
    op, w, h, f, g, s, p, d, depth, bias = case
    line = ["--op", op, "--w", w, "--h", h, "--f", f"{f}x{g}", "--s", s, "--p", p]
    if op != "avgpool":
        line += ["--dilation", d]
    if "conv" in op:
        line += ["--d", depth, "--bias", bias]
    document = answer(line)
    if document is None:
        return
    sizes = document["output"]["size"]
    assert [tuple(s["place"]) for s in document["steps"]] == list(product(*map(range, sizes)))
    for step in document["steps"]:
        row, column = step["place"]
        assert step["output"] == document["output"]["values"][row][column]
        assert step["output"] == pytest.approx(told(document, step, bias))
        assert float(step["sums"][-1].rpartition("= ")[2]) == pytest.approx(step["output"], 1e-5)


def test_a_layer_of_a_network_is_that_of_its_forward_pass(cnncalc):
    document = cnncalc("slide", "digits", "conv1:2", "--values", "digits_7.pgm", "--json").json
    done = forward("digits", "digits_7.pgm", keep=["conv1"], readable=True).tensor("conv1")
    drawn = [value for row in document["output"]["values"] for value in row]
    assert drawn == pytest.approx(list(done.plane(2)), abs=1e-5)
    assert document["output"]["map"] == 2


def test_a_map_reads_the_maps_that_the_paper_connects_it_with(cnncalc):
    """LeCun et al. 1998, Table I: map 3 of C3 reads maps 3, 4 and 5 of S2."""
    document = cnncalc("slide", "lenet5-1998", "C3:3", "--json").json
    assert [plane["map"] for plane in document["inputs"]] == [3, 4, 5]
    assert [plane["map"] for plane in document["filters"]] == [3, 4, 5]


# -- as SVG


def drawn(cnncalc, tmp_path, *arguments):
    path = tmp_path / "s.svg"
    made = cnncalc("slide", *arguments, "-o", path)
    assert (made.status, made.out, made.err) == (0, "", "")
    return path.read_text(encoding="utf-8")


def test_an_animated_file_is_small_alone_and_the_same_every_time(cnncalc, tmp_path):
    text = drawn(cnncalc, tmp_path, "--w", 5, "--f", 3)
    assert len(text) < 10_000
    assert text == drawn(cnncalc, tmp_path, "--w", 5, "--f", 3)
    assert "<script" not in text
    assert re.findall(r"https?:[^\"' ]*", text) == ["http://www.w3.org/2000/svg"]
    assert "prefers-reduced-motion" in text
    root = ET.fromstring(text)
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "conv: a 3×3 filter over 5×5, stride 1"
    assert "9 steps" in root.find(f"{SVG}desc").text


def test_each_step_shows_its_sum_and_only_the_last_without_motion(cnncalc, tmp_path):
    options = ["--w", 5, "--f", 3, "--s", 2, "--p", 1]
    root = ET.fromstring(drawn(cnncalc, tmp_path, *options))
    steps = cnncalc("slide", *options, "--json").json["steps"]
    groups = root.findall(f"{SVG}g")
    assert [group.get("opacity") for group in groups] == ["0"] * 8 + ["1"]
    for group, step in zip(groups, steps, strict=True):
        shown = " ".join(text.text for text in group.findall(f"{SVG}text"))
        assert shown == " ".join(step["sums"])
        assert len(group.findall(f"{SVG}rect")) == 2  # the window and the cell of the output


@pytest.mark.parametrize("options", [
    ["--w", "12", "--f", "5", "--d", "3"],
    ["--w", "7", "--f", "3", "--dilation", "2"],
    ["--op", "conv-transpose", "--w", "4", "--f", "3", "--s", "2"],
    ["--w", "30", "--h", "2", "--f", "2"],
    ["-L", "9", "--f", "3", "--p", "same"],
    ["--w", "4", "--f", "3", "--values", "random"],
])  # fmt: skip
def test_nothing_sticks_out(cnncalc, tmp_path, options):
    from cnncalc.pictures import lettering

    root = ET.fromstring(drawn(cnncalc, tmp_path, *options))
    wide, high = float(root.get("width")), float(root.get("height"))
    for text in root.iter(f"{SVG}text"):
        size, x = float(text.get("font-size")), float(text.get("x"))
        room = lettering.width(text.text, size)
        left = x - room / 2 if text.get("class") else x
        assert left >= 0, text.text
        assert left + room <= wide, text.text
        assert size <= float(text.get("y")) <= high - size / 3
    for rect in root.iter(f"{SVG}rect"):
        if rect.get("x"):
            assert float(rect.get("x")) + float(rect.get("width")) <= wide
            assert float(rect.get("y")) + float(rect.get("height")) <= high


def test_numbers_stand_over_the_frames_that_mark_their_cells(cnncalc, tmp_path):
    """Whatever is drawn later covers what is below it, and a frame is filled."""
    moving = ET.fromstring(drawn(cnncalc, tmp_path, "--w", 5, "--f", 3))
    cnncalc("slide", "--w", 5, "--f", 3, "-o", f"{tmp_path}/stills/")
    for root in (moving, ET.parse(tmp_path / "stills/step_4.svg").getroot()):
        order = list(root.iter())
        frames = [n for n, e in enumerate(order) if (e.get("class") or "").startswith("m-")]
        numbers = [n for n, e in enumerate(order) if "v" in (e.get("class") or "").split()]
        assert max(frames) < min(numbers)


@pytest.mark.parametrize(("options", "said"), [
    ("--w 5 --f 3 --s 2 --p 1", "conv: a 3×3 filter over 5×5, stride 2, padding 1"),
    ("--op maxpool --w 6 --f 2x3 --s 2", "maxpool: a 2×3 window over 6×6, stride 2"),
    ("--op conv-transpose --w 3 --f 3 --s 2",
     "conv-transpose: a 3×3 filter over 3×3, stride 2"),
    ("-L 8 --f 3", "conv: a 1×3 filter over 1×8, stride 1"),
])  # fmt: skip
def test_a_picture_says_what_slides_over_what(cnncalc, tmp_path, options, said):
    """Above the maps, over as many lines as it takes; a still on a slide has no other words."""
    root = ET.fromstring(drawn(cnncalc, tmp_path, *options.split()))
    assert root.find(f"{SVG}title").text == said
    titles = [text for text in root.findall(f"{SVG}text") if "class" not in text.attrib]
    first = min(float(text.get("y")) for text in titles if text.text.startswith("input"))
    above = [text.text for text in titles if float(text.get("y")) < first]
    assert " ".join(above) == said


def test_an_output_of_several_maps_says_which_one_it_is(cnncalc):
    made = cnncalc("slide", "digits", "conv1:2", "--values", "ones")
    assert "output 8×8, map 2 of 16" in made.out
    assert "map" not in cnncalc("slide", "--w", 5, "--f", 3).out


def test_stills_know_the_output_as_far_as_they_are(cnncalc, tmp_path):
    made = cnncalc("slide", "--w", 5, "--f", 3, "-o", f"{tmp_path}/new/stills/")
    assert made.err == f"wrote 9 stills to {tmp_path}/new/stills/\n"
    files = sorted((tmp_path / "new/stills").iterdir())
    assert [file.name for file in files] == [f"step_{n}.svg" for n in range(1, 10)]
    for known, file in enumerate(files, start=1):
        root = ET.parse(file).getroot()
        assert len(root.findall(f"{SVG}text[@class='v']")) == 25 + 9 + known
        assert "@keyframes" not in file.read_text(encoding="utf-8")


def test_a_gif_has_a_frame_a_step(cnncalc, tmp_path):
    from PIL import Image

    path = tmp_path / "s.gif"
    assert cnncalc("slide", "--w", 5, "--f", 3, "--speed", 2, "-o", path).status == 0
    with Image.open(path) as image:
        assert (image.n_frames, image.info["duration"], image.info["loop"]) == (9, 500, 0)


def test_a_gif_without_pillow_says_what_to_install(cnncalc, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    made = cnncalc("slide", "--w", 5, "--f", 3, "-o", tmp_path / "s.gif")
    assert made.status == 1
    assert "writing GIF needs Pillow" in made.err
    assert "pip install 'cnncalc[image]'" in made.err


# -- as text

FIRST = """\
conv: a 2×2 filter over 3×3, stride 1

step 1 of 4: output y 0, x 0
input 3×3    filter 2×2    output 2×2
[0][1] 2      0  1         [19]  .
[3][4] 5      2  3           .   .
 6  7  8
0·0 + 1·1 + 3·2 + 4·3 = 19

"""


def test_a_pipe_gets_all_steps(cnncalc):
    made = cnncalc("slide", "--x", X, "--filter", K)
    assert made.out.startswith(FIRST)
    assert made.out.count("step ") == 4
    assert made.out.endswith("4·0 + 5·1 + 7·2 + 8·3 = 43\n\n")


@pytest.fixture
def terminal(monkeypatch):
    """A terminal at which a person types these lines."""

    def typed(text):
        monkeypatch.setattr(output, "terminal", lambda stream=None: True)
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return typed


@pytest.mark.parametrize(("text", "steps"), [("", 1), ("\n", 2), ("\n\n\n\n\n", 4), ("\nq\n", 2)])
def test_enter_steps_and_q_ends(cnncalc, terminal, text, steps):
    terminal(text)
    made = cnncalc("slide", "--x", X, "--filter", K)
    assert made.status == 0
    assert made.out.count("step ") == steps


def test_speed_plays_in_place(cnncalc, terminal, monkeypatch):
    naps = []
    monkeypatch.setattr(slide, "sleep", naps.append)
    terminal("")
    made = cnncalc("slide", "--x", X, "--filter", K, "--speed", 4)
    assert naps == [0.25] * 3
    assert made.out.count("step ") == 4
    assert made.out.count("\x1b[J") == 3


def test_ascii(cnncalc):
    assert cnncalc("slide", "--w", 5, "--f", 3, "--ascii").out.isascii()


def test_the_document_fits_its_schema(cnncalc):
    import jsonschema

    for line in (["--w", 5, "--f", 3, "--p", 1], ["--op", "maxpool", "--w", 6, "--f", 3, "--p", 1]):
        jsonschema.validate(cnncalc("slide", *line, "--json").json, schema())


# -- what is wrong


@pytest.mark.parametrize(("line", "status", "message", "help_"), [
    ("", 2, "the width of the input (--w) and the filter size (--f) are missing",
     "for example cnncalc slide --w 32 --f 5"),
    ("--w 5", 2, "the filter size (--f) is missing", "cnncalc slide --w 5 --f 5"),
    ("--w 5 --f 3,5", 2, "--f takes one value: one window slides at a time", ""),
    ("--w 3 --f 5", 1, "", ""),
    (f'--x "{X}" --filter "{K}" --w 3', 2, "--w: the numbers of --x tell it", "leave out --w"),
    (f'--x "{X}" --filter "{K} | {K}"', 1, "--filter has 2 maps, but the input has 1 map",
     "one after the other, apart by |"),
    ('--x "1 a" --f 1', 1, "--x: row 0: 'a' is not a number", "write rows apart by semicolons"),
    (f'--x "{X}" --f 2 --values ones', 2, "--x and --values are both the input", "leave one"),
    ("--op maxpool --w 5 --f 2 --bias 1", 2, "--bias has no effect with --op maxpool", "leave out"),
    ("--op avgpool --w 5 --f 2 --dilation 2", 2, "--dilation has no effect with --op avgpool", ""),
    ("--w 5 --f 3 --output-padding 1", 2, "--output-padding has no effect with --op conv", ""),
    ("--w 5 --f 3 --weights w.json", 2, "--weights is for a layer of a network", "FILE NAME"),
    ("--w 5 --f 3 --input 3x3x1", 2, "--input, --set and --variant are for a network", ""),
    ("--w 5 --f 3 -o s.pdf", 2, "the name 's.pdf' tells no format that 'slide' writes", ".svg"),
    ("--w 5 --f 3 --format gif", 2, "a GIF is written to a file", "-o slide.gif"),
    ("--w 5 --f 3 --speed 2", 2, "--speed is for animated files and terminals", "-o slide.svg"),
    ("--w 99999 --f 3", 1, "conv reads 9,999,800,001 numbers, and a picture shows at most 4,096",
     "--input 16x16x3"),
    ("--w 5 --f 3 --p 9999", 1, "and a picture shows at most 4,096", ""),
    ("--w 60 --f 3", 1, "the window of conv stops 3,364 times, and a picture shows at most 1,024",
     ""),
    ("lenet5", 2, "'lenet5' lacks the layer's name", "write FILE NAME, as in lenet5 C1"),
    ("lenet5 C1 2", 2, "'2' is one word too many", ""),
    ("lenet5 C1:9", 1, "C1 has no map 9: it puts out 6 maps", ""),
    ("lenet5 C1:2,3,4", 2, "'C1:2,3,4' names a neuron", "C1:2 is its whole map"),
    ("lenet5 C9", 1, "the network has no layer 'C9'", ""),
    ("lenet5 F6", 1, "F6 (fc) has no sliding window", "convolutions and pools"),
    ("lenet5 C1 --w 5", 2, "--w is for a layer without a network", "--values and --weights"),
    ("lenet5 C1 --op maxpool", 2, "--op is for a layer without a network", "leave out --op"),
    ("vgg16 features.0", 1, "", ""),
    ("resnet18 layer1.0.conv1 --input 16x16x3", 1,
     "layer1.0.conv1 reads 64 maps at once, and a picture shows at most 16", "forward --trace"),
])  # fmt: skip
def test_what_is_wrong_is_said(cnncalc, line, status, message, help_):
    made = cnncalc("slide", *words(line))
    text = " ".join(made.err.split())
    assert (made.status, made.out) == (status, "")
    assert message in text
    assert help_ in text
    assert "Traceback" not in text


def test_a_pipe_gets_as_many_steps_as_are_read(cnncalc, tmp_path):
    """20 by 20 windows of 3 by 3 fit into 22 by 22."""
    short = cnncalc("slide", "--w", "22", "--f", "3").out
    assert short.endswith("\nand 272 more steps (--format text shows them all)\n")
    assert short.count("\nstep ") == 128
    whole = cnncalc("slide", "--w", "22", "--f", "3", "--format", "text").out
    assert whole.count("\nstep ") == 400
    assert "more step" not in whole
    assert cnncalc("slide", "--w", "22", "--f", "3", "-o", tmp_path / "s.txt").status == 0
    assert (tmp_path / "s.txt").read_text("utf-8") == whole


def test_a_single_place_of_a_map_has_a_row_and_a_column(cnncalc):
    out = cnncalc("slide", "--w", "3", "--f", "3").out
    assert "step 1 of 1: output y 0, x 0\n" in out
    assert "step 1 of 1: output x 0\n" in cnncalc("slide", "--l", "3", "--f", "3").out
