"""ONNX files of two exporters against figures that were taken with other programs."""

import json
from pathlib import Path

import pytest

from cnncalc import analyze, load

DATA = Path(__file__).parents[1] / "data" / "onnx"
TRUTH = json.loads((DATA / "truth.json").read_text(encoding="utf-8"))
LIGHT = json.loads((DATA / "light.json").read_text(encoding="utf-8"))
CONVOLUTIONS = ("conv", "dwconv", "conv_transpose")


def sizes(dims):
    return "x".join(map(str, dims))


def open_sizes(truth):
    """The --input that a file with open sizes was measured at."""
    at = truth.get("figures_at_input")
    return f"{sizes(next(iter(at.values())))} NCHW" if at else None


@pytest.mark.parametrize("name", TRUTH)
def test_figures_of_files_from_pytorch(name):
    truth = TRUTH[name]
    network = load(DATA / name, input=open_sizes(truth))
    totals = analyze(network).totals
    assert totals.params == truth["learned"]
    assert totals.buffers == truth["buffers"]
    assert totals.macs * network.batch == truth["macs_total"]
    outputs = [[network.batch, *port.shape.view("CHW")] for port in analyze(network).outputs]
    assert outputs == truth["output_shapes"]
    assert network.complete


@pytest.mark.parametrize("name", TRUTH)
def test_every_convolution(name):
    truth = TRUTH[name]
    network = load(DATA / name, input=open_sizes(truth))
    rows = [row for row in analyze(network).rows if row.type in CONVOLUTIONS]
    found = {
        network.nodes[row.index].origin.split("'")[1]: (
            row.settings.get("groups", row.in_shapes[0].channels),
            int(network.nodes[row.index].layer.bias),
            sizes((network.batch, *row.out.view("CHW"))),
            row.macs * network.batch,
        )
        for row in rows
    }
    assert found == {node: tuple(figures) for node, *figures in truth["convs"]}


@pytest.mark.parametrize("name", [name for name in TRUTH if "second_input" in TRUTH[name]])
def test_open_sizes_at_another_input(name):
    second = TRUTH[name]["second_input"]
    (dims,) = second["input"].values()
    network = load(DATA / name, input=f"{sizes(dims)} NCHW")
    assert network.batch == dims[0]
    assert analyze(network).totals.macs * dims[0] == second["macs_total"]
    found = [[dims[0], *network.nodes[row].shape.view("CHW")] for row in network.outputs]
    assert found == second["outputs"]


@pytest.mark.parametrize("name", TRUTH)
def test_folded_norms_are_said(name):
    truth = TRUTH[name]
    network = load(DATA / name, input=open_sizes(truth))
    codes = [remark.code for remark in network.diagnostics]
    assert ("folded-norms" in codes) == (truth["folded"] > 0)


@pytest.mark.onnx
@pytest.mark.parametrize("name", LIGHT)
def test_light_models(name):
    """The nine models of the onnx package."""
    onnx = pytest.importorskip("onnx", reason="the models come with the onnx package")
    folder = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    network = load(folder / name)
    report, truth = analyze(network), LIGHT[name]
    assert report.totals.params == truth["learned"]
    assert report.totals.buffers == truth["buffers"]
    assert report.totals.macs == truth["macs_total"]
    assert [[1, *port.shape.view("CHW")] for port in report.outputs] == list(
        truth["outputs"].values()
    )
