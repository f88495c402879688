"""The page of `cnncalc report`, read as the XML that it is: numbers, data, and no way out."""

import json
import re
from itertools import pairwise
from random import Random
from time import process_time
from xml.etree import ElementTree as ET

import pytest
from geometry import contrast

from cnncalc import analyze, load
from cnncalc.analysis.memory import timeline
from cnncalc.render import compare_html

H = "{http://www.w3.org/1999/xhtml}"
NETWORKS = ["resnet50", "unet", "lenet5-1998", "densenet121", "m5", "unet-3d", "siamese", "digits"]


@pytest.fixture
def page(cnncalc, tmp_path):
    def made(*arguments):
        path = tmp_path / "net.html"
        answer = cnncalc("report", *arguments, "-o", path)
        assert (answer.status, answer.out, answer.err) == (0, "", "")
        return path.read_text(encoding="utf-8")

    return made


def lines(text):
    """Row name -> the texts of its cells."""
    table = next(ET.fromstring(text).iter(f"{H}table"))
    return {
        row.get("data-name"): ["".join(cell.itertext()) for cell in row]
        for row in table.find(f"{H}tbody")
    }


def data(text):
    script = next(s for s in ET.fromstring(text).iter(f"{H}script") if s.get("id") == "report")
    return json.loads(script.text)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_row_and_every_part_has_its_numbers(page, name):
    report = analyze(load(name))
    found = lines(page(name))
    assert [key for key in found if key not in report.groups] == [row.name for row in report.rows]
    for row in report.rows:
        numbers = [int(text.replace(",", "")) for text in found[row.name][3:6]]
        assert numbers == [row.params, row.macs, row.connections]
        assert found[row.name][2] == row.out.text(report.layout)
    for part in report.groups:
        rows = report.members(part)
        sums = [sum(getattr(r, key) for r in rows) for key in ("params", "macs", "connections")]
        assert [int(text.replace(",", "")) for text in found[part][3:6]] == sums


@pytest.mark.parametrize("name", NETWORKS)
def test_the_data_is_the_json_report(page, cnncalc, name):
    assert data(page(name)) == cnncalc("analyze", name, "--json", "--formulas", "--memory").json | {
        "diagnostics": []
    }


@pytest.mark.parametrize("name", NETWORKS)
def test_the_most_that_is_alive_is_the_peak(name):
    network = load(name)
    peak = analyze(network).totals.memory.peak
    alive = timeline(network)
    assert max(moment.bytes for moment in alive) == peak.bytes
    assert next(moment.name for moment in alive if moment.bytes == peak.bytes) == peak.layer


def test_a_page_asks_nobody(page):
    text = page("resnet50")
    addresses = set(re.findall(r"https?://[^\"' <]*", text))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}
    root = ET.fromstring(text)
    policy = next(m for m in root.iter(f"{H}meta") if m.get("http-equiv")).get("content")
    assert policy.startswith("default-src 'none';")
    assert not [e for e in root.iter() if e.get("src") or e.get("href")]


def test_a_page_is_small_and_soon_there(page):
    begun = process_time()
    text = page("resnet50")
    assert process_time() - begun < 2
    assert len(text.encode()) < 300_000


@pytest.mark.parametrize("name", ["preresnet1001_cifar", "resnest269e"])
def test_a_page_of_thousands_of_layers_has_each_as_a_line_or_for_the_script(page, name):
    """What stands in no part is always a line; the figures of the others are in the report."""
    report, text = analyze(load(name)), page(name)
    found, document = lines(text), data(text)
    later = json.loads(next(e.text for e in ET.fromstring(text).iter() if e.get("id") == "later"))
    left = [document["layers"][place]["name"] for place, *_ in later]
    assert [row.name for row in report.rows if row.name not in found] == left
    assert {name for name in left if "." not in name} == set()
    assert set(report.groups) <= set(found)
    for place, type_, out, *_ in later[:50]:
        row = report.rows[place]
        assert (type_, out) == (row.type, row.out.text(report.layout))
    assert f"{len(left):,} that stand in parts" in text
    assert len(text.encode()) < 4_500_000


def test_the_same_network_gives_the_same_page(page):
    assert page("unet") == page("unet")


def test_names_and_notes_cannot_leave_their_place(cnncalc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = "input: 8x8x1\nname: '</script><b>&amp;'\nlayers:\n  - fc 2\nexpect: {params: 1}\n"
    (tmp_path / "net.yaml").write_text(spec, encoding="utf-8")
    text = cnncalc("report", "net.yaml").out
    assert data(text)["spec"]["name"] == "</script><b>&amp;"
    assert "expect: params expected 1, got 130 (+129) FAILED" in "".join(
        ET.fromstring(text).itertext()
    )


def test_options(page, cnncalc):
    assert 'class="diagram"' not in page("lenet5", "--no-diagram")
    assert 'class="diagram"' in page("lenet5")
    assert "activations at once, batch 8" in page("lenet5", "--batch", 8)
    assert "parameters, fp16" in page("lenet5", "--dtype", "fp16")
    wrong = cnncalc("report", "nosuch")
    assert (wrong.status, wrong.out) == (3, "")
    assert "nosuch" in wrong.err


def test_on_a_terminal_a_new_file_is_written(cnncalc, tmp_path, monkeypatch):
    from cnncalc.cli import output

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(output, "terminal", lambda stream=None: True)
    assert cnncalc("report", "lenet5").err == "wrote LeNet-5.html\n"
    again = cnncalc("report", "lenet5")
    assert again.status == 3
    assert "-o LeNet-5.html replaces it" in again.err


def test_a_sample_adds_its_maps_and_the_largest_outputs(page):
    from base64 import b64decode
    from io import BytesIO

    from PIL import Image

    from cnncalc import forward

    root = ET.fromstring(page("digits", "--sample", "digits_7.pgm"))
    done = forward("digits", "digits_7.pgm", keep="all")
    pictures = {i.get("alt").partition(":")[0]: i.get("src") for i in root.iter(f"{H}img")}
    assert list(pictures) == [row.node.name for row in done.rows if row.node.shape.rank]
    image = Image.open(BytesIO(b64decode(pictures["in"].partition(",")[2])))
    sample = list(done.tensor("in").values)
    assert image.size == (48, 48)
    grey, alpha = image.split()
    assert set(alpha.tobytes()) == {255}
    numbers = [round(255 * v / max(sample)) for v in sample]
    pixels = {(x, y): grey.getpixel((x, y)) for x in range(48) for y in range(48)}
    assert pixels == {(x, y): numbers[y // 6 * 8 + x // 6] for x, y in pixels}
    first = next(root.iter(f"{H}ol"))[0].text
    assert first.startswith("seven: 0.99")


def test_a_page_says_which_weights_ran_and_that_drawn_ones_tell_nothing(page):
    text = page("digits", "--sample", "digits_7.pgm")
    assert "With sample digits_7.pgm, weights digits.safetensors." in text
    assert "drawn" not in text
    text = page("lenet5", "--sample", "random")
    assert "With sample random (seed 0), weights initial (default, seed 0)." in text
    assert "Initial weights are drawn, not trained: the outputs tell nothing" in text
    first = next(ET.fromstring(text).iter(f"{H}ol"))[0].text
    assert re.match(r"unit \d: 0\.\d+$", first)


def test_maps_of_a_single_number_are_wider_than_the_gap_between_them():
    """The gap is clear, so that it is no map of a large number."""
    from base64 import b64decode
    from io import BytesIO

    from PIL import Image

    from cnncalc.render.map_strips import strips
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Tensor

    [strip] = strips([("c", Tensor(Shape(3, (1, 1)), [0.0, 1.0, 0.5]))])
    image = Image.open(BytesIO(b64decode(strip.uri.partition(",")[2])))
    assert image.size == (strip.width, strip.height)
    line = [image.getpixel((x, 20)) for x in range(strip.width)]
    runs = [line[0]]
    runs += [here for before, here in pairwise(line) if here != before]
    assert runs == [(0, 255), (0, 0), (255, 255), (0, 0), (128, 255)]
    assert line.count((0, 0)) < line.count((255, 255))


def test_bars_stand_out_from_the_page(page):
    """WCAG asks for 3:1 of shapes that tell something; light theme first, then dark."""
    roots = re.findall(r":root \{([^}]*)\}", page("lenet5"))
    assert len(roots) == 2
    for root in roots:
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]+)", root))
        colours = {
            key: colour if colour != "#fff" else "#ffffff" for key, colour in colours.items()
        }
        assert contrast(colours["fill"], colours["back"]) >= 3
        assert contrast(colours["peak"], colours["back"]) >= 3


def caption(text):
    root = ET.fromstring(text)
    figure = next(f for f in root.iter(f"{H}figure") if f.get("class") == "diagram")
    return next((c.text for c in figure.iter(f"{H}figcaption")), None)


def test_a_diagram_explains_the_signs_that_it_has(page):
    stack, bow = (
        "A stack of boxes is equal parts in a row.",
        "A bow at the side of a box is a path around what is inside.",
    )
    assert caption(page("resnet50")) == f"{stack} {bow}"
    assert caption(page("googlenet")) == bow
    assert caption(page("lenet5")) is None


def test_every_row_at_the_peak_is_counted(page):
    """The first is named; ResNet-50 holds as much at each residual sum of its first stage."""
    report = analyze(load("resnet50"))
    alive = timeline(load("resnet50"))
    peak = report.totals.memory.peak.bytes
    assert [m.name for m in alive if m.bytes == peak] == [f"layer1.{n}.add1" for n in range(3)]
    words = (
        "Peak 9.19 MiB at layer1.0.add1 (layer1.0.bn3, layer1.0.downsample.1, layer1.0.add1), "
        "and as much at 2 later rows."
    )
    assert words in page("resnet50")
    assert "as much at" not in page("lenet5")


def test_many_maps_stay_within_their_budget():
    from cnncalc.render.map_strips import BUDGET, strips
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Tensor

    draw = Random(0)
    noise = [draw.random() for _ in range(16 * 100 * 90)]
    made = strips([(f"c{n}", Tensor(Shape(16, (100, 90)), noise)) for n in range(30)])
    assert sum(len(strip.uri) for strip in made) <= BUDGET
    assert {(s.maps, s.every, s.height) for s in made} == {(16, 2, 50)}
    assert 1 <= made[0].shown < 16


def test_weights_need_a_sample(cnncalc):
    answer = cnncalc("report", "digits", "--weights", "w.json")
    assert answer.status == 2
    assert "needs --sample" in answer.err


# -- two networks


def cells(text, table):
    """The texts of the lines of a table on a page."""
    found = next(e for e in ET.fromstring(text).iter(f"{H}table") if e.get("id") == table)
    return [["".join(cell.itertext()) for cell in row] for row in found.find(f"{H}tbody")]


def documents(text):
    scripts = ET.fromstring(text).iter(f"{H}script")
    return {s.get("id"): json.loads(s.text) for s in scripts if s.get("id")}


PAIRS = [("resnet18", "resnet34"), ("mobilenet_v2", "mobilenet_v2@width=0.5"), ("unet", "lenet5"),
         ("resnet18", "resnet18.onnx"), ("lenet5", "lenet5")]  # fmt: skip


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A folder with a model file of a bundled network."""
    import shutil
    from pathlib import Path

    monkeypatch.chdir(tmp_path)
    data = Path(__file__).parents[1] / "data"
    shutil.copy(data / "onnx" / "resnet18.ts17.kept.onnx", tmp_path / "resnet18.onnx")


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("pair", PAIRS)
def test_two_networks_have_the_figures_and_the_layers_of_compare(page, cnncalc, pair):
    text = page(*pair)
    compared = cnncalc("compare", *pair, "--json").json
    found = documents(text)
    assert found["comparison"] == compared
    assert [found[name]["schema"] for name in ("report", "other")] == ["cnncalc.report/1"] * 2
    figures = {name: numbers for name, *numbers in cells(text, "totals")}
    for figure in compared["totals"]:
        words = figure_word(figure["key"])
        whole = [int(number.replace(",", "")) for number in figures[words][:2]]
        assert whole == figure["values"]
        assert int(figures[words][2].replace(",", "") or 0) == figure["deltas"][1]
    lines = cells(text, "layers")
    words = {"added": "only in B", "removed": "only in A"}
    expected = [words.get(one["status"], one["status"]) for one in compared["layers"]]
    assert [line[1] for line in lines if line[1] != "same"] == expected
    for column, key in ((6, "params"), (9, "macs")):
        for place, document in enumerate(compared["networks"]):
            numbers = [line[column + place].replace(",", "") for line in lines]
            total = sum(int(number) for number in numbers if number != "-")
            assert total == document["totals"][key]
        change = sum(int(line[column + 2].replace(",", "") or 0) for line in lines)
        totals = [document["totals"][key] for document in compared["networks"]]
        assert change == totals[1] - totals[0]


@pytest.mark.parametrize(
    ("pair", "most", "said"),
    [
        (("resnet18", "resnet50"), 100, "35 that are the same and 35 that differ are not lines"),
        (("resnet18", "resnet50"), 150, "35 that are the same are not lines of this file."),
        (("lenet5", "lenet5"), 3, "Of {0} layers, {0} that are the same are not lines"),
    ],
)
def test_lines_of_two_large_networks_are_in_the_file_or_for_the_script(
    page, monkeypatch, pair, most, said
):
    """Each layer once, whatever the file leaves out; and it says what that is."""
    whole_text = page(*pair)
    whole = cells(whole_text, "layers")
    assert "not lines of this file" not in whole_text
    monkeypatch.setattr(compare_html, "MOST_WRITTEN", most)
    text = page(*pair)
    assert said.format(len(whole)) in text
    later = {place: line for place, *line in documents(text)["later"]}
    written = iter(cells(text, "layers"))
    for place, line in enumerate(whole):
        if place not in later:
            assert next(written) == line
            continue
        status, a, b, type_, settings, outputs, _ = later[place]
        words = {"added": "only in B", "removed": "only in A"}.get(status, status)
        name = a if a == b else " → ".join(filter(None, (a, b)))
        assert [name, words, type_, settings, *outputs] == line[:6]
    assert next(written, None) is None
    assert len(whole) - len(later) <= most


def figure_word(key):
    from cnncalc.figures import FIGURES

    return FIGURES[key].word if key in FIGURES else key


def test_what_differs_is_marked_and_nothing_else(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = "input: 12x12x1\nvars: {k: 3}\nlayers:\n  - conv 4 kernel=k\n  - pool 2x2\n  - fc 3\n"
    (tmp_path / "net.yaml").write_text(spec, encoding="utf-8")
    text = page("net.yaml", "net.yaml@k=5")
    found = next(e for e in ET.fromstring(text).iter(f"{H}table") if e.get("id") == "layers")
    marks = {
        row[0].text: ["".join(mark.itertext()) for mark in row.iter(f"{H}mark")]
        for row in found.find(f"{H}tbody")
    }
    # (12 - 5) + 1 = 8 positions with 4·(5·5 + 1) parameters, 8·8·4·25 MACs; halved, 4·4·4 inputs
    assert marks == {
        "conv1": ["kernel 3 → 5", "8×8×4", "104", "6,400"],
        "pool1": ["in 10×10×4 → 8×8×4", "4×4×4"],
        "fc1": ["in 5×5×4 → 4×4×4", "195", "192"],
    }
    same = ET.fromstring(page("net.yaml", "net.yaml"))
    assert list(same.iter(f"{H}mark")) == []


def test_a_revision_stands_beside_the_file(page, tmp_path, monkeypatch):
    import subprocess

    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.yaml"
    path.write_text("input: 8x8x1\nlayers:\n  - conv 2 3x3\n", encoding="utf-8")
    for words in (["init", "-q"], ["add", "net.yaml"],
                  ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "one"]):  # fmt: skip
        subprocess.run(["git", *words], check=True)
    path.write_text("input: 8x8x1\nlayers:\n  - conv 2 3x3\n  - fc 5\n", encoding="utf-8")
    text = page("HEAD:net.yaml", "net.yaml")
    assert [line[:2] for line in cells(text, "layers")] == [["conv1", "same"], ["fc1", "only in B"]]
    assert "HEAD:net.yaml and net.yaml" in text


def test_a_page_of_two_asks_nobody_and_has_no_id_twice(page):
    text = page("resnet18", "unet")
    addresses = set(re.findall(r"https?://[^\"' <]*", text))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}
    root = ET.fromstring(text)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    asked = re.findall(r"url\(#([^)]*)\)", text)
    for element in root.iter():
        asked += [*(element.get("aria-labelledby") or "").split(), element.get("for") or ids[0]]
    assert set(asked) <= set(ids)
    assert 'class="diagram"' not in page("resnet18", "unet", "--no-diagram")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a", "b", "c"), "Invalid value for FILE [OTHER]: a page has one network or two"),
        (("lenet5", "unet", "--sample", "ones"), "--sample: is for one network: make a page of"),
        (("lenet5", "unet", "--variant", "x"), "--variant: is for one network: write FILE@NAME"),
        (("lenet5", "unet", "--until", "x"), "--until: is for one network: make a page of each"),
        (("lenet5", "--alike", "inference"), "--alike: compares two networks: name the other"),
        (("lenet5", "unet", "--weights", "w"), "--weights: needs --sample"),
    ],
)
def test_options_of_the_other_kind_of_page_are_refused(cnncalc, words, said):
    answer = cnncalc("report", *words)
    assert (answer.status, answer.out) == (2, "")
    assert said in " ".join(answer.err.replace("│", " ").split())


def test_settings_are_for_both(page):
    text = page("resnet18", "resnet34", "--input", "64x64x3", "--batch", 2)
    assert [document["layers"][0]["in"] for name, document in documents(text).items()
            if name != "comparison"] == [{"h": 64, "w": 64, "c": 3}] * 2  # fmt: skip


def test_networks_may_be_compared_as_they_run(page):
    text = page("resnet18", "resnet18", "--alike", "inference")
    assert "bn" not in {line[2] for line in cells(text, "layers")}
