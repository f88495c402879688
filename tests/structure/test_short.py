"""`cnncalc expand --short`: a short spec that is the same network, row for row."""

import sys
from collections import Counter
from pathlib import Path
from random import Random
from statistics import median

import pytest

from cnncalc import analyze, zoo
from cnncalc.errors import CnncalcError
from cnncalc.spec import shorten
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build, load
from cnncalc.spec.shorten import short

sys.path.insert(0, str(Path(__file__).parents[1] / "fuzz"))
from grammar import Writer

RANDOM_SPECS = 600


def read(text):
    return build(read_document(text, "net.yaml"))


def settings(node, network):
    """The settings of a layer as reports print them, a kernel with its size on every axis."""
    shapes = network.shapes_into(node)
    found = node.layer.settings(*shapes)
    kernel = found.get("kernel")
    if isinstance(kernel, tuple) and len(kernel) == 1:
        found["kernel"] = kernel * shapes[0].rank
    return node.layer.type, repr(found)


def described(network):
    """Every row by what it does to what: two networks are the same if these are.

    A row is known by its layer and by the rows it reads, so their order does not matter; how
    often each row is read tells apart those that do the same.
    """
    numbers = {}
    known = []
    for node in network.nodes:
        shared = None if node.shared_with is None else known[node.shared_with]
        name = node.name if not node.inputs else None
        values = None if node.values is None else repr(sorted(node.values.items()))
        read = tuple(known[index] for index in node.inputs)
        marks = (node.frozen, node.train_only, node.note, values)
        what = (settings(node, network), read, node.shape, shared, name, *marks)
        known.append(numbers.setdefault(what, len(numbers)))
    by_number = {number: what for what, number in numbers.items()}
    terms = {}
    for number in sorted(by_number):
        what = by_number[number]
        inner = tuple(terms[i] for i in what[1])
        terms[number] = hash((what[0], inner, what[2], what[3] and terms[what[3]], *what[4:]))
    readers = Counter(index for node in network.nodes for index in node.inputs)
    rows = Counter((terms[known[n.index]], readers[n.index]) for n in network.nodes)
    return rows, [terms[known[index]] for index in network.outputs]


def assert_comes_back(network):
    found = short(network)
    assert not found.notes, found.text
    again = read(found.text)
    assert described(again) == described(network), found.text
    assert (again.batch, again.layout, again.name) == (
        network.batch, network.layout, network.name,
    )  # fmt: skip
    kept = [e[:4] for e in network.expect if not e.key.startswith("layers.")]
    assert [e[:4] for e in again.expect if not e.key.startswith("layers.")] == kept
    return found.text


@pytest.mark.parametrize("name", zoo.files())
def test_every_bundled_network_and_variant_comes_back(name):
    """None is written flat, and none is another network."""
    path = zoo.files()[name]
    document = read_document(path.read_text(encoding="utf-8"), path.name)
    for variant in [*document.variants] or [None]:
        network = build(document, variant)
        text = assert_comes_back(network)
    ours, theirs = analyze(read(text)).totals, analyze(network).totals
    assert (ours.params, ours.macs, ours.buffers) == (theirs.params, theirs.macs, theirs.buffers)


def test_they_are_about_as_short_as_a_person_writes_them():
    ratios = []
    for name in zoo.files():
        network = load(name)
        hand = [line for line in network.text.partition("\nvariants:")[0].splitlines() if line]
        ratios.append(short(network).text.count("\n") / len(hand))
    assert median(ratios) <= 1.3


def test_resnet50_in_blocks():
    lines = short(load("resnet50")).text.splitlines()
    start, end = lines.index("blocks:"), lines.index("expect:")
    assert (
        "\n".join(lines[start:end])
        == """\
blocks:
  bottleneck(c, s=1):
    - add:
        - conv c 1x1 bn relu -> conv c 3x3 p1 s=s bn relu -> conv 4*c 1x1 bn
        - conv 4*c 1x1 s=s bn if cin != 4*c
    - relu
layers:
  - conv 64 7x7 s2 p3 bn relu -> maxpool 3x3 s2 p1
  - bottleneck 64 x3
  - bottleneck 128 s=first(2) x4
  - bottleneck 256 s=first(2) x6
  - bottleneck 512 s=first(2) x3
  - gap -> fc 1000"""
    )


def test_weights_that_are_shared_within_a_block_do_not_keep_it_from_being_one():
    """The gates of CBAM: 16 units in two blocks, of 38 lines by hand."""
    text = short(load("cbam_resnet")).text
    assert len(text.splitlines()) <= 50
    assert text.count("share=") == 2 * 2


def test_a_scale_without_a_factor_is_a_line():
    line = "scale factor=none shift=fixed per=position"
    text = short(read(f"input: 8x8x3\nlayers:\n  - {line}\n")).text
    assert text.splitlines()[-1] == f"  - {line}"


CASES = {
    "several outputs": """
input: 8x8x3
layers: [a: conv 4 3x3 p1 relu, b: conv 8 3x3 s2 p1 relu, c: fc 10]
outputs: [c, a, b]
""",
    "an output that is not the last": """
input: 8x8x3
layers: [a: conv 4 3x3, {side: [gap, fc 3]}, conv 4 3x3, {side: [gap, fc 5]}, gap]
""",
    "a side for training": """
input: 8x8x3
layers: [conv 4 3x3, {aux: {side: [gap, fc 3]}, train_only: true}, gap, fc 10]
""",
    "a side of a side": """
input: 8x8x3
layers: [conv 4 3x3, {side: [relu, {side: [gap, fc 3]}, gap, fc 2]}, gap, fc 10]
""",
    "shared towers": """
inputs: {left: 16x16x3, right: 16x16x3}
blocks:
  tower(c): [conv c 3x3 bn relu, conv c 3x3 relu]
layers: [a: tower 8, b: {tower: 8, from: right, share: a}, sub a abs, gap, fc 1]
""",
    "a shared layer in a chain": """
input: 16x16x8
layers: [a: conv 8 3x3 p1, conv 8 3x3 p1 share=a, relu, conv 8 3x3 p1 share=a]
""",
    "layers that share within each of several blocks, norms too": """
input: 16x16x8
blocks:
  both: [add: [[gap, a: conv 2 1x1 bn relu], [gmp, conv 2 1x1 bn relu share=a]]]
  gate: [mul: [identity, [both, conv 8 1x1]]]
layers: [gate, conv 8 3x3 p1, relu, gate, conv 8 3x3 p1, relu, gate, conv 8 3x3 p1, relu]
""",
    "blocks that are alike but for whose weights they use": """
input: 16x16x8
blocks:
  pair: [c: conv 8 3x3 p1, d: conv 8 3x3 p1, relu, conv 8 1x1]
layers:
  [a: pair, b: pair, {c: {pair: {}, share: a}}, d: pair, conv 8 3x3 p1 share=b.c, conv 8 3x3 p1]
""",
    "frozen, a note and weights": """
input: 8x8x1
layers:
  - conv 4 3x3 frozen
  - {conv: 4 3x3, note: "say \\"hi\\": # no"}
  - {conv: 1 2x2, weights: ones, bias_values: [0.5]}
""",
    "an identity layer, and a layer beside itself": """
input: 8x8x3
layers: [relu, identity as skip, {add: [identity, identity]}, conv 3 3x3 p1, add skip]
""",
    "a tensor that several merges read": """
input: 8x8x4
layers:
  - a: conv 4 3x3 p1
  - b: conv 4 3x3 p1
  - c: {concat: [a, b, in]}
  - conv 4 1x1
  - add b
  - sub a
  - {concat: [a, c], axis: c}
  - {concat: [a, b], axis: h}
""",
    "a batch and sizes of its own": """
input: 2x3x20x12 NCHW
defaults: {bn: eps=0.001}
layers:
  - conv 8 3x5 s2x1 p=0+1 d1 bn leaky(0.2)
  - conv 8 3x3 half bias bn(eps=1e-05) relu
  - avgpool 3x3 s2 ceil
  - maxpool 2x2
  - upsample 2x2 bilinear
  - slice 2..6
  - 'custom "RoIAlign: 7" out=7x7x4 params=0 macs=1.2M'
""",
    "names that are words of the language": """
inputs: {bn2: 8x8x3, side2: 8x8x3}
layers: [add side2, conv1: conv 3 3x3 p1, conv2: relu, conv 3 1x1, add conv1 conv2]
""",
}


@pytest.mark.parametrize("case", CASES)
def test_it_comes_back_with(case):
    assert_comes_back(read(CASES[case]))


def test_random_specs_come_back():
    read_ones = 0
    for seed in range(RANDOM_SPECS):
        try:
            network = read(Writer(Random(seed)).spec())
        except CnncalcError:
            continue
        read_ones += 1
        assert_comes_back(network)
    assert read_ones > RANDOM_SPECS / 10


def weighted(network):
    """The names of the rows that store numbers of their own."""
    return sorted(
        node.name
        for node in network.nodes
        if node.inputs
        and node.shared_with is None
        and node.layer.parameters(*network.shapes_into(node))
    )


def test_random_specs_keep_the_names_of_rows_with_weights():
    """Whatever the blocks and branches are; where no block gives the names, it is the flat form."""
    folded = 0
    for seed in range(RANDOM_SPECS):
        try:
            network = read(Writer(Random(seed)).spec())
        except CnncalcError:
            continue
        found = short(network, named=True)
        again = read(found.text)
        assert weighted(again) == weighted(network), seed
        assert described(again) == described(network), seed
        folded += not found.notes
    assert folded > RANDOM_SPECS / 20


def test_expectations_of_layers_follow_their_rows():
    """A row of another name is still the one that is meant; what is no row is a comment."""
    network = read(
        "input: 8x8x3\nlayers: [mine: conv 4 3x3 relu, part: [relu, relu], gap]\n"
        "expect: {params: 112, layers: {mine: {params: 112}, part: {output: 6x6x4}}}\n"
    )
    text = short(network).text
    assert "    conv1: {params: 112}\n    # part: {output: 6x6x4}\n" in text
    assert read(text).expect[1].key == "layers.conv1.params"


def test_vectors_come_back_from_files_with_channels_in_front():
    """The order of a shape's letters cannot be told at an input without axes."""
    network = load("textcnn")
    found = short(network._replace(layout="CHW"))
    assert (found.notes, found.text) == ((), short(network).text)


def test_what_would_be_another_network_is_written_flat(cnncalc, monkeypatch, tmp_path):
    network = load("lenet5")
    lines = shorten._Writer.lines

    def wrong(self):
        return (line.replace("conv 16 5x5", "conv 17 5x5") for line in lines(self))

    monkeypatch.setattr(shorten._Writer, "lines", wrong)
    found = short(network)
    assert "  - conv: {name: C3, filters: 16, kernel: [5, 5]" in found.text
    (note,) = found.notes
    assert (note.severity, note.code) == ("note", "written-flat")
    assert note.message == "'LeNet-5' has no short form that is the same network"


def test_the_command(cnncalc, tmp_path):
    file = tmp_path / "short.yaml"
    assert cnncalc("expand", "resnet50", "--short", "-o", file).status == 0
    assert len(file.read_text().splitlines()) < 30
    totals = [cnncalc("analyze", each, "--json").json["totals"] for each in ("resnet50", file)]
    assert totals[0]["params"] == totals[1]["params"] == 25557032  # torchvision's
    assert totals[0]["macs"] == totals[1]["macs"] == 4089184256
