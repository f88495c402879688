"""`cnncalc import`: what is written loads as the network of the model file."""

import json
from pathlib import Path

import pytest

from cnncalc import analyze, load

DATA = Path(__file__).parents[1] / "data" / "onnx"
TRUTH = json.loads((DATA / "truth.json").read_text(encoding="utf-8"))
CLOSED = [name for name, truth in TRUTH.items() if "figures_at_input" not in truth]
STORED_ONCE = "convnext_tiny.dynamo.fresh.onnx"


def figures(network):
    """What a spec and a model file must agree on."""
    totals = analyze(network).totals
    nodes = [network.nodes[index].shape for index in network.outputs]
    return totals.params, totals.buffers, totals.macs, nodes


@pytest.mark.parametrize("flat", [(), ("--flat",)], ids=["short", "flat"])
@pytest.mark.parametrize("name", CLOSED)
def test_the_spec_is_the_same_network(cnncalc, tmp_path, name, flat):
    out = tmp_path / "net.yaml"
    answer = cnncalc("import", DATA / name, *flat, "-o", out)
    assert answer.status == 0, answer.err
    read, network = load(out), load(DATA / name)
    if name == STORED_ONCE:  # equal tensors that the exporter stored once
        nodes = tuple(node._replace(elsewhere=frozenset()) for node in network.nodes)
        network = network._replace(nodes=nodes)
        assert "note[stored-once]" in answer.err
    assert figures(read) == figures(network)
    if flat:
        pairs = [
            (node.name, other.name) for node, other in zip(read.nodes, network.nodes, strict=True)
        ]
        # A spec has no layer called relu or x.
        assert [(a, b) for a, b in pairs if a not in {b, f"{b}_0"}] == []
        assert [node.layer for node in read.nodes] == [node.layer for node in network.nodes]


def test_resnet18_as_a_person_writes_it(cnncalc):
    """Sixteen residual units in four lines."""
    answer = cnncalc("import", DATA / "resnet18.ts17.kept.onnx")
    lines = answer.out.splitlines()
    assert lines[0].startswith("# read from ")
    assert len(lines) < 20
    assert sum(" x2" in line for line in lines) == 4


def test_the_promise_is_kept(cnncalc, tmp_path):
    out = tmp_path / "net.yaml"
    cnncalc("import", DATA / "lenet.ts17.folded.onnx", "--expect", "-o", out)
    assert "expect:\n  params: 61706\n  macs: 416520\n  output: " in out.read_text(encoding="utf-8")
    answer = cnncalc("check", out)
    assert "3 figures as expected" in answer.out


def test_a_spec_is_no_model(cnncalc):
    answer = cnncalc("import", "lenet5")
    assert answer.status == 1
    assert answer.err == (
        "error[no-model]: lenet5 is a spec already\n"
        "  = help: 'cnncalc expand lenet5' writes it out, '--short' folds it into blocks\n"
    )


def test_what_is_not_known_is_not_written(cnncalc, tmp_path):
    answer = cnncalc("import", DATA / "lenet.ts17.folded.onnx", "--partial")
    assert answer.status == 2
    assert "a spec cannot say what is not known" in " ".join(answer.err.split())


@pytest.mark.onnx
def test_light_models_are_short(cnncalc, tmp_path):
    """Each of the nine in at most 45 lines, which load as the same network."""
    onnx = pytest.importorskip("onnx", reason="the models come with the onnx package")
    folder = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    files = sorted(folder.glob("*.onnx"))
    assert len(files) == 9
    for path in files:
        out = tmp_path / "net.yaml"
        assert cnncalc("import", path, "-o", out).status == 0
        assert len(out.read_text(encoding="utf-8").splitlines()) <= 45
        assert figures(load(out)) == figures(load(path))
