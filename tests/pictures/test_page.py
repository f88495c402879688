"""The page of `cnncalc report`, read as the XML that it is: numbers, data, and no way out."""

import json
import re
from random import Random
from time import process_time
from xml.etree import ElementTree as ET

import pytest

from cnncalc import analyze, load
from cnncalc.analysis.memory import timeline

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
    assert image.size == (8, 8)
    assert list(image.tobytes()) == [round(255 * v / max(sample)) for v in sample]
    first = next(root.iter(f"{H}ol"))[0].text
    assert first.startswith("seven: 0.99")


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
