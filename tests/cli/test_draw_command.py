"""`cnncalc draw`: formats, refusals, and what the files hold."""

import io
import re
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from cnncalc.render.schema import schema_of

SVG = "{http://www.w3.org/2000/svg}"
CHAIN = """\
input: 8x8x1
layers:
  - C1: conv 2 3x3 relu
  - maxpool 2
  - fc 3 softmax
"""


@pytest.fixture
def net(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(CHAIN, encoding="utf-8")
    return tmp_path


def test_svg_goes_to_a_pipe_and_to_a_file(cnncalc, net):
    answer = cnncalc("draw", "net.yaml")
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert cnncalc("draw", "net.yaml", "-o", "net.svg").out == ""
    assert (net / "net.svg").read_text(encoding="utf-8") == answer.out


def test_the_file_says_what_it_shows_to_those_who_do_not_see_it(cnncalc, net):
    root = ET.fromstring(cnncalc("draw", "net.yaml", "--title", "My net").out)
    assert root.get("role") == "img"
    described = {child.get("id"): child.text for child in root}
    labels = root.get("aria-labelledby").split()
    assert [described[label] for label in labels] == [
        "My net",
        (
            "4 boxes in the order of the network: in, input, 8×8×1; C1, conv 3×3 + relu, 6×6×2; "
            "maxpool1, maxpool 2×2 s2, 3×3×2; fc1, fc + softmax, 3."
        ),
    ]
    tips = [group.find(f"{SVG}title").text for group in root.iter(f"{SVG}g")]
    assert tips[1] == ("C1: conv + relu, output 6×6×2, 20 parameters, 648 MACs, receptive field 3")


def test_nothing_is_fetched_and_every_shape_has_a_colour_of_its_own(cnncalc):
    for name, style in (("resnet50", "column"), ("unet", "lanes"), ("vgg16", "volume"),
                        ("lenet5", "sheets")):  # fmt: skip
        text = cnncalc("draw", name, "--style", style).out
        assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
        assert "var(" not in text
        assert "<script" not in text
        for element in ET.fromstring(text).iter():
            if element.tag in (f"{SVG}rect", f"{SVG}polygon", f"{SVG}circle", f"{SVG}text"):
                assert element.get("fill")


@pytest.mark.parametrize(
    ("theme", "page", "follows"),
    [("auto", "#ffffff", True), ("light", "#ffffff", False), ("dark", "#16181d", False)],
)
def test_themes(cnncalc, theme, page, follows):
    text = cnncalc("draw", "lenet5", "--theme", theme).out
    root = ET.fromstring(text)
    assert root.find(f"{SVG}rect").get("fill") == page
    style = root.find(f"{SVG}style")
    assert (style is not None) == follows
    if style is not None:  # in print the light picture stays
        assert style.text.startswith("@media screen and (prefers-color-scheme:dark){")


def test_legend_title_and_third_line(cnncalc, net):
    plain = cnncalc("draw", "net.yaml").out
    assert ">convolution<" in plain
    assert ">convolution<" not in cnncalc("draw", "net.yaml", "--no-legend").out
    assert ">My net</text>" in cnncalc("draw", "net.yaml", "--title", "My net").out
    assert ">20 params<" in cnncalc("draw", "net.yaml", "--show", "params").out
    assert ">2×6×6<" in cnncalc("draw", "net.yaml", "--layout", "CHW").out
    assert 'data-name="C1.relu"' in cnncalc("draw", "net.yaml", "--expand").out
    resnet = cnncalc("draw", "resnet50", "--no-stack").out
    assert 'data-name="layer3.5"' in resnet
    assert ">bottleneck × 5<" not in resnet
    assert ">bottleneck × 5<" in cnncalc("draw", "resnet50").out


@pytest.mark.parametrize(
    ("name", "begins"),
    [("a.svg", "<svg"), ("a.dot", 'digraph "net" {'), ("a.gv", 'digraph "net" {'),
     ("a.mmd", "flowchart TB"), ("a.md", "flowchart TB"), ("a.tex", "% needs"), ("a.json", "{")],
)  # fmt: skip
def test_the_name_of_the_file_tells_the_format(cnncalc, net, name, begins):
    assert cnncalc("draw", "net.yaml", "-o", name).status == 0
    assert (net / name).read_text(encoding="utf-8").startswith(begins)


@pytest.mark.parametrize(
    ("words", "message", "help_"),
    [
        ("-o net.txt", "the name 'net.txt' tells no format that 'draw' writes",
         ("end it with one of .json, .md, .tex, .svg, .dot, .gv, .mmd, or name the format with "
         "--format")),
        ("-o net.png", "the name 'net.png' tells no format that 'draw' writes",
         "write net.svg, then rsvg-convert -f png -o net.png net.svg"),
        ("--format dot --style column", "--style has no effect with --format dot",
         "it is for svg and tikz"),
        ("--format tikz --theme dark", "--theme has no effect with --format tikz",
         "it is for svg"),
        ("--json --no-legend", "--no-legend has no effect with --format json",
         "it is for svg and tikz"),
        ("--depth 1 --expand", "--expand shows every row, --depth folds them",
         "leave one of the two out"),
        ("--at maxpol1", "there is no layer 'maxpol1'", "did you mean 'maxpool1'?"),
        ("--scale linear", "--scale has no effect with --style auto",
         "it is for --style volume and --style sheets"),
        ("--scale sqrt --format dot", "--scale has no effect with --format dot",
         "it is for --style volume and --style sheets"),
        ("--json --format dot", "--json contradicts --format dot", "leave one of the two out"),
    ],
)  # fmt: skip
def test_what_is_refused(cnncalc, net, words, message, help_):
    answer = cnncalc("draw", "net.yaml", *words.split())
    assert answer.status == 2
    said = answer.err or answer.out
    assert message in said
    assert help_ in said
    assert list(net.iterdir()) == [net / "net.yaml"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("resnet18 --depth 9 --style volume",
         ("error[usage]: volume is for networks that are a chain, but 'layer1.0.add1' reads "
         "'layer1.0.conv2' and 'maxpool1'\n"
         "  = help: a smaller --depth closes parts, such as --depth 0; --style column draws any "
         "network\n")),
        ("siamese --style sheets",
         ("error[usage]: sheets is for networks that are a chain, but 'right' reads nothing\n"
         "  = help: a smaller --depth closes parts, such as --depth 0; --style column draws any "
         "network\n")),
        ("vgg16 --style sheets",
         ("error[usage]: sheets is for networks of at most 12 boxes, and this picture has 23\n"
         "  = help: --depth 0 closes parts, --at NAME draws one; --style volume shows long "
         "chains\n")),
    ],
)  # fmt: skip
def test_styles_that_cannot_show_a_network_say_why(cnncalc, command, said):
    answer = cnncalc("draw", *command.split())
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.replace("\n    ", " ") == said


def test_json_holds_boxes_and_edges(cnncalc):
    document = cnncalc("draw", "googlenet", "--at", "inception3a", "--json").json
    jsonschema.validate(document, schema_of("draw"))
    assert document["schema"] == "cnncalc.draw/1"
    boxes = {box["name"]: box for box in document["boxes"]}
    assert boxes["inception3a.conv3"]["layers"] == [
        "inception3a.conv3", "inception3a.conv3.bn", "inception3a.conv3.relu",
    ]  # fmt: skip
    assert boxes["maxpool2"]["layers"] == []
    assert {"source": "maxpool2", "target": "inception3a.conv1"} in document["edges"]
    shared = cnncalc("draw", "siamese", "--json").json["boxes"]
    assert {box["name"]: box["shared_with"] for box in shared}["b.conv1"] == "a.conv1"


def test_dot(cnncalc, net):
    lines = cnncalc("draw", "net.yaml", "--format", "dot").out.splitlines()
    assert lines[0] == 'digraph "net" {'
    assert lines[4].startswith('  b1 [label="C1\\nconv 3×3 + relu\\n6×6×2", tooltip=')
    assert lines[-4:] == ["  b0 -> b1;", "  b1 -> b2;", "  b2 -> b3;", "}"]


def test_mermaid(cnncalc, net):
    lines = cnncalc("draw", "net.yaml", "--format", "mermaid").out.splitlines()
    assert lines[:3] == [
        "flowchart TB",
        '  b0["<b>in</b><br>input<br>8×8×1"]:::input',
        '  b1["<b>C1</b><br>conv 3×3 + relu<br>6×6×2"]:::conv',
    ]
    assert "  b2 --> b3" in lines


def test_what_a_closed_part_hides_is_told_where_no_bow_is_drawn(cnncalc):
    """ResNet-50 (He et al. 2015, table 1): 8 boxes for its 16 bottlenecks, each with a shortcut."""
    dot = cnncalc("draw", "resnet50", "--format", "dot").out
    label = "layer3.1 … 5\\nbottleneck × 5\\n14×14×1024\\nparallel paths, joined by add"
    assert f'[label="{label}"' in dot
    assert dot.count("\\nparallel paths, joined by add") == 8
    mermaid = cnncalc("draw", "resnet50", "--format", "mermaid").out
    assert mermaid.count('<br>parallel paths, joined by add"]:::block') == 8
    for form in ("dot", "mermaid"):
        assert "joined by" not in cnncalc("draw", "vgg16", "--format", form).out
    described = ET.fromstring(cnncalc("draw", "resnet50").out).find(f"{SVG}desc").text
    assert described.count("parallel paths, joined by add") == 8


def test_ascii_leaves_every_character_readable(cnncalc, net):
    text = cnncalc("draw", "net.yaml", "--ascii").out
    assert text.isascii()
    assert "6&#215;6&#215;2" in text
    plain = cnncalc("draw", "net.yaml").out
    as_read = [ET.canonicalize(from_file=io.StringIO(svg)) for svg in (text, plain)]
    assert as_read[0] == as_read[1]


def test_a_title_that_xml_cannot_hold(cnncalc, net):
    for words in ((), ("--ascii",)):
        out = cnncalc("draw", "net.yaml", "--title", "a\ufffe\n\x1bb", *words).out
        assert ET.fromstring(out).find(f"{SVG}title").text == "a\ufffd\ufffd\ufffdb"


HOSTILE = """\
name: "a <b> & \\"c\\" \\\\ %d ]]> #1 {x} | 網"
input: 8x8x1
layers:
  - x_1: conv 2 3x3
  - fc 3
"""


def test_names_that_mean_something_elsewhere_are_only_names(cnncalc, net):
    (net / "net.yaml").write_text(HOSTILE, encoding="utf-8")
    plain = cnncalc("draw", "net.yaml")
    assert plain.status == 0, plain.err
    assert ET.fromstring(plain.out).find(f"{SVG}title").text == 'a <b> & "c" \\ %d ]]> #1 {x} | 網'
    dot = cnncalc("draw", "net.yaml", "--format", "dot").out
    assert dot.startswith('digraph "a <b> & \\"c\\" \\\\ %d ]]> #1 {x} | 網" {')
    assert "x\\_1" in cnncalc("draw", "net.yaml", "--format", "tikz").out
