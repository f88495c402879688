"""`cnncalc expand`: what is written out loads again as the very same network."""

from pathlib import Path

import pytest

from cnncalc import analyze, zoo
from cnncalc.errors import CnncalcError
from cnncalc.network import Network, Node
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build, load
from cnncalc.spec.write import flow, quoted, text
from cnncalc.spec.yaml_composer import compose
from cnncalc.spec.yaml_source import plain

SAME = ("index", "name", "layer", "inputs", "shape", "attached_to", "shared_with", "frozen",
        "train_only", "note", "values")  # fmt: skip

ODD = r"""
name: "Odd: net #1"
description: "two\nlines"
source: ["A: b, [c]"]
inputs: {left: 16x16x3, right: 3x16x16 CHW}
blocks:
  tower(c):
    - conv c 3x3 p1 bn relu
    - conv c 3x3 p1 -> lrn 5
layers:
  - a: tower 8
  - b: {tower: 8, from: right, share: a}
  - add a
  - up: upsample 2x2 bilinear
  - conv: {filters: 4, kernel: [1, 3], padding: [[0, 1], [2, 2]]}
    note: "say \"hi\": # no"
    name: odd
  - {aux: {side: [gap, fc 3]}, train_only: true}
  - conv 4 3x3 same d2 frozen
  - conv 2 3x3 bn bias relu bn
  - dropout 0.25
  - avgpool 3x3 s2 ceil
  - slice 0 1
  - w1: {conv: 1 2x2, weights: [[1, 2], [3.5, -4e-3]], bias_values: [0.5]}
  - leaky 0.2
  - pad 1 mode=reflect
  - out: fc 10 -> softmax
expect:
  params: 3K
  layers: {odd: {output: 33x34x4, params: 100}, a: {params: 816}}
"""


def reloaded(network: Network) -> Network:
    return build(read_document(text(network), "expanded"))


def facts(network: Network):
    return [tuple(getattr(node, field) for field in SAME) for node in network.nodes]


@pytest.mark.parametrize("name", zoo.files())
def test_every_bundled_network_and_variant_comes_back(name):
    path = zoo.files()[name]
    document = read_document(path.read_text(encoding="utf-8"), path.name)
    for variant in [*document.variants] or [None]:
        network = build(document, variant)
        again = reloaded(network)
        assert facts(again) == facts(network)
        assert again.outputs == network.outputs
        assert (again.name, again.source) == (network.name, network.source)
        assert again.layout == network.layout
        assert [e[:4] for e in again.expect] == [e[:4] for e in network.expect]


def test_so_do_its_totals(cnncalc):
    network = load("googlenet")
    again = reloaded(network)
    assert analyze(again).totals == analyze(network).totals


def test_a_network_with_everything_in_it_comes_back():
    network = build(read_document(ODD, "odd"))
    again = reloaded(network)
    assert facts(again) == facts(network)
    assert again.outputs == network.outputs
    assert again.description == "two\nlines"
    assert {e.key for e in network.expect} - {e.key for e in again.expect} == {"layers.a.params"}
    assert "    # a: {params: 816}\n" in text(network)
    assert text(again) == text(network).replace("    # a: {params: 816}\n", "")


def test_one_line_per_layer_and_sources_by_name(cnncalc):
    answer = cnncalc("expand", "resnet18")
    assert answer.status == 0
    lines = answer.out.splitlines()
    assert lines[0] == "name: resnet18"
    assert (
        "  - conv: {name: layer1.0.conv1, filters: 64, kernel: [3, 3], padding: 1, bias: false}"
    ) in lines
    assert "  - add: {name: layer1.0.add1, from: [layer1.0.bn2, maxpool1]}" in lines
    assert (
        "  - conv: {name: layer2.0.downsample.0, filters: 128, kernel: [1, 1], stride: 2, "
        "bias: false, from: layer1.1.relu2, attached: [{bn: {name: layer2.0.downsample.1}}]}"
    ) in lines
    assert lines[-5:] == [
        "expect:", "  params: 11689512", "  macs: 1814073344", "  output: 1000", "  rf: 435",
    ]  # fmt: skip


def test_variables_and_inputs_of_the_command_line_are_written_in(cnncalc, tmp_path):
    file = tmp_path / "half.yaml"
    options = ("--set", "width=0.5", "--input", "160x160x3")
    assert cnncalc("expand", "mobilenet_v2", *options, "-o", file).out == ""
    totals = cnncalc("analyze", file, "--json").json["totals"]
    assert totals["params"] == 1968680  # TensorFlow's published model, 0.5 at 160


def test_a_batch_and_another_order_of_axes_are_kept():
    for written in ("8x3x16x16 NCHW", "16x12x3 WHD", "8x784 NC", "4x100x2 NLC", "2x3x4x5 CDHW"):
        network = build(read_document(f"input: {written}\nlayers: [relu]\n", "x"))
        again = reloaded(network)
        assert (again.batch, again.layout, facts(again)) == (
            network.batch, network.layout, facts(network),
        )  # fmt: skip


def test_a_named_identity_comes_back():
    spec = "input: 8x8x3\nlayers: [relu, identity as skip, conv 3 3x3 p1, add skip]\n"
    network = build(read_document(spec, "net.yaml"))
    again = build(read_document(text(network), "again.yaml"))
    assert [node.name for node in again.nodes] == ["in", "relu1", "skip", "conv1", "add1"]
    assert [node.inputs for node in again.nodes] == [node.inputs for node in network.nodes]


def test_a_network_without_layers_comes_back():
    network = build(read_document("input: 8x8x3\nlayers: [identity]\n", "net.yaml"))
    again = build(read_document(text(network), "again.yaml"))
    assert again.nodes[0].shape == network.nodes[0].shape
    assert len(again.nodes) == 1


def test_what_the_language_cannot_say_is_refused():
    network = build(read_document("input: 8x8x1\nlayers: [conv 2 3x3 relu, tanh]\n", "x"))
    conv, tanh = network.nodes[1], network.nodes[3]
    beside = tanh._replace(inputs=(conv.index,))
    broken = Network(name="x", nodes=(*network.nodes[:3], beside), outputs=(3,))
    with pytest.raises(CnncalcError) as caught:
        text(broken)
    assert str(caught.value) == (
        "unwritable-network: cannot be written as a spec: "
        "'conv1' is read by another layer and has no name of its own"
    )
    assert isinstance(beside, Node)


def test_a_layer_that_shares_weights_with_several_is_refused():
    lines = ["a: conv 8 1x1 bn", "b: conv 8 1x1 bn", "c: conv 8 1x1 bn share=a"]
    spec = "input: 8x8x8\nlayers:\n" + "".join(f"- {line}\n" for line in lines)
    network = build(read_document(spec, "x"))
    *before, norm = network.nodes
    assert (norm.name, norm.shared_with) == ("c.bn", 2)
    assert "share: a" in text(network)
    mixed = network._replace(nodes=(*before, norm._replace(shared_with=4)))
    with pytest.raises(CnncalcError, match="'c' shares weights with several layers"):
        text(mixed)


@pytest.mark.parametrize(
    "value",
    ["", "a", "LeNet-5", "5", "1e3", "010", "true", "null", "~", "a: b", "#", " a", "a ", "- a",
     "-", "é", "tab\there", "line\nbreak", "\x85", "\u2028", "\ufeff", 'quote"', "back\\slash",
     "a, b"],
)  # fmt: skip
def test_any_text_is_read_back_as_it_was(value):
    assert plain(compose(f"[{flow(value)}, {quoted(value)}]", "x")) == [value, value]


KEPT = """\
input: 8x8x1
layers: [conv 2 3x3, fc 3]
budget: {params: 5M, rf: ">= 3"}
init: {seed: 7, scheme: he, labels: [one, two, "3"]}
variants:
  big: {budget: {params: "<= 6M"}}
"""


def test_budgets_and_the_beginning_of_weights_are_kept():
    document = read_document(KEPT, "net.yaml")
    own, big = (compose(text(build(document, name)), "out") for name in (None, "big"))
    start = {"seed": 7, "scheme": "he", "labels": ["one", "two", "3"]}
    assert plain(own.get("budget")) == {"params": "5M", "rf": ">= 3"}
    assert plain(big.get("budget")) == {"params": "<= 6M", "rf": ">= 3"}
    assert plain(own.get("init")) == plain(big.get("init")) == start
    bare = text(build(read_document("input: 8x8x1\nlayers: [fc 3]\n", "net.yaml")))
    assert "budget" not in bare
    assert "init" not in bare


def test_weights_are_found_from_where_the_text_lies(tmp_path, monkeypatch, cnncalc):
    """Beside the spec its path stays short; in another folder it is whole."""
    monkeypatch.chdir(tmp_path)
    for folder in ("nets", "other"):
        (tmp_path / folder).mkdir()
    spec = "input: 2\nlayers: [fc 2]\ninit: {weights: own.json}\n"
    (tmp_path / "nets/net.yaml").write_text(spec)
    for out, weights in [
        ("nets/beside.yaml", "own.json"),
        ("here.yaml", "nets/own.json"),
        ("other/far.yaml", str(tmp_path / "nets/own.json")),
    ]:
        assert cnncalc("expand", "nets/net.yaml", "-o", out).status == 0
        assert load(out).init.weights is not None
        assert Path(load(out).init.weights).resolve() == tmp_path / "nets/own.json"
        written = (tmp_path / out).read_text().splitlines()[-1]
        assert written in {f"init: {{weights: {weights}}}", f'init: {{weights: "{weights}"}}'}
