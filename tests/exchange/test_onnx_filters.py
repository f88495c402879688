"""Filters that an ONNX file computes from stored weights: read where a layer does so, else refused.

The forward pass on the file read back is held against that on the spec, whose own is held against
PyTorch's numbers in tests/layers.
"""

import pytest
from onnx_files import model, node, tensor

from cnncalc import CnncalcError, Tensor, forward, load
from cnncalc.exchange.onnx.read import network_of
from cnncalc.exchange.targets import TargetOptions
from cnncalc.exchange.targets.onnx import write
from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.parameters import gather
from cnncalc.inference.run import forward as run
from cnncalc.render.diagnostics import full
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build

WRITTEN = [
    "conv 4 3x3 std", "conv 6 3x3 g3 scaled_std weight_eps=0.0001 nobias",
    "conv 2 1x1 table=[[0, 2], [1]]", "blur", "blur 5x5 s1", "blur 3x3 p0",
    "conv 4 3x3 p1 padding_mode=reflect",
    "dwconv 3x3 p1 padding_mode=replicate", "grn",
    "subsample 2x2", "rbf 4", "crop begin=1x2 end=0x1",
    "slice 0 6", "space2depth 2", "avgpool 2x2 count_include_pad=false", "avgpool 3x3 p1",
    "avgpool 3x3 p1 count_include_pad=false", "adaptivepool 2x3", "adaptivepool 6x3 max",
    "softmax over=groups g3", "softmax g2", "softmax over=radix g1 radix=2",
    "concat: [identity, crop begin=1 end=1]", "reshape 18x1x12",
]  # fmt: skip


@pytest.mark.parametrize("producer", ["cnncalc", "another"])
@pytest.mark.parametrize("words", WRITTEN)
def test_a_layer_comes_back_with_its_weights(tmp_path, words, producer):
    """In a file of another producer's by what the operators say, perhaps as several rows."""
    more = ", fit: crop" if words.startswith("concat") else ""
    row = f"{{{words}{more}}}" if more else words.replace("rbf", "flatten -> rbf")
    text = f"input: 6x6x6\nlayers:\n  - {row}\n  - dropout\n"
    network = build(read_document(text, "net.yaml"))
    parameters = gather(network, InitialWeights(seed=4))
    values = {name: each.read() for name, each in parameters.stored.items()}
    path = tmp_path / "net.onnx"
    content = b"".join(write(network, TargetOptions(numbers=values.__getitem__)).content)
    path.write_bytes(content.replace(b"\x12\x07cnncalc", b"\x12\x07" + producer.encode()))
    back = load(path)
    if producer == "cnncalc":
        assert described(back) == described(network)
    sample = Tensor(network.nodes[0].shape, [((n * 7) % 23 - 11) / 11 for n in range(216)])
    wanted = list(run(network, {"in": sample}, parameters).outputs[0].output.values)
    found = list(forward(back, sample).outputs[0].output.values)
    assert found == pytest.approx(wanted, abs=1e-6 * max(map(abs, wanted)), rel=1e-6)


def described(network):
    return [
        (each.name, each.layer.type, each.shape, each.layer.settings(*network.shapes_into(each)))
        for each in network.nodes[1:]
    ]


W = tensor("w0", (4, 3, 3, 3))
CONV = node("Conv", ["x", "w"], ["y"], "/c/Conv")
REFUSED = {
    "the absolute values": [node("Abs", ["w0"], ["w"])],
    "less their mean alone": [
        node("ReduceMean", ["w0"], ["m"], axes=(1, 2, 3)), node("Sub", ["w0", "m"], ["w"]),
    ],
    "the mean over other axes": [
        node("ReduceMean", ["w0"], ["m"], axes=(2, 3)), node("Sub", ["w0", "m"], ["d"]),
        node("Mul", ["d", "d"], ["q"]), node("ReduceMean", ["q"], ["v"], axes=(1, 2, 3)),
        node("Add", ["v", "eps"], ["s"]), node("Sqrt", ["s"], ["r"]),
        node("Div", ["d", "r"], ["w"]),
    ],
    "a map twice in the table": [node("ScatterND", ["zeros", "twice", "links"], ["w"])],
    "a table out of order": [node("ScatterND", ["zeros", "back", "links"], ["w"])],
    "a filter that is not binomial": [node("Expand", ["even", "to"], ["w"])],
}  # fmt: skip
STORED = [
    W, tensor("eps", (1,), (1e-6,)), tensor("zeros", (2, 3, 3, 3)), tensor("links", (2, 3, 3)),
    tensor("twice", (2, 2), (0, 1, 0, 1), kind=7), tensor("back", (2, 2), (1, 0, 0, 0), kind=7),
    tensor("even", (1, 1, 3, 3), (1 / 9,) * 9), tensor("to", (4,), (3, 1, 3, 3), kind=7),
]  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_filters_computed_in_another_way(what):
    groups = {"group": 3} if "binomial" in what else {}
    conv = node("Conv", ["x", "w"], ["y"], "/c/Conv", **groups)
    nodes = [*REFUSED[what], conv]
    with pytest.raises(CnncalcError) as caught:
        network_of(model(nodes, STORED), "m.onnx")
    (diagnostic,) = caught.value.diagnostics
    assert full(diagnostic) == (
        "error[unknown-operator]: 'Conv' whose weights are computed from others has no layer here\n"
        f" --> m.onnx: node {len(nodes)} of {len(nodes)} '/c/Conv' (Conv, opset 17)\n"
        "  = help: export the model with constant folding"
    )


def test_a_norm_over_other_axes_than_maps():
    nodes = [node("ReduceL2", ["x"], ["y"], "/n", axes=(1,))]
    with pytest.raises(CnncalcError, match="'ReduceL2' of other axes than whole maps has no layer"):
        network_of(model(nodes), "m.onnx")


def test_norms_of_maps_that_are_no_part_of_a_layer():
    nodes = [node("ReduceL2", ["x"], ["y"], "/n", axes=(2, 3))]
    with pytest.raises(CnncalcError, match="'ReduceL2' has no layer here"):
        network_of(model(nodes), "m.onnx")
