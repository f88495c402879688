"""`cnncalc import --names`: a short spec whose rows with weights are called as in the file.

What the names have to be, the model files say; what a forward pass gives, ONNX Runtime.
"""

import json
from pathlib import Path

import pytest
from onnx_files import model, node, tensor

from cnncalc import Tensor, export, forward, load

DATA = Path(__file__).parents[1] / "data" / "onnx"
TRUTH = json.loads((DATA / "truth.json").read_text(encoding="utf-8"))
CLOSED = [name for name, truth in TRUTH.items() if "figures_at_input" not in truth]
# Networks whose blocks differ in how their rows are called, sides and shared rows included.
BUNDLED = [
    "resnet18", "resnet50d", "resnet_v2", "densenet169", "mobilenet_v2", "efficientnet_b0",
    "googlenet", "inception_v3", "shufflenet_v2", "unet", "dla34", "hrnet", "rexnet", "vgg11_bn",
    "repvgg", "siamese", "ghostnet", "selecsls",
]  # fmt: skip


def weighted(network):
    """What the rows with weights of their own are called and are, in the order of the names."""
    return sorted(
        (row.name, row.layer.type, repr(row.layer.settings(*network.shapes_into(row))), row.shape)
        for row in network.nodes
        if row.inputs
        and row.shared_with is None
        and row.layer.parameters(*network.shapes_into(row))
    )


def imported(cnncalc, model, folder, *options):
    out = folder / "net.yaml"
    answer = cnncalc("import", model, "--names", *options, "-o", out)
    assert answer.status == 0, answer.err
    return out, answer


@pytest.mark.parametrize("name", CLOSED)
def test_rows_with_weights_keep_their_names(cnncalc, tmp_path, name):
    out, answer = imported(cnncalc, DATA / name, tmp_path)
    assert "written-flat" not in answer.err
    assert weighted(load(out)) == weighted(load(DATA / name))


@pytest.mark.parametrize("name", BUNDLED)
def test_exported_networks_come_back_with_their_names(cnncalc, tmp_path, name):
    model = tmp_path / "model.onnx"
    export(load(name), "onnx", weights=False).save(model)
    out, answer = imported(cnncalc, model, tmp_path)
    assert "written-flat" not in answer.err
    assert weighted(load(out)) == weighted(load(model))


def test_resnet18_as_pytorch_calls_its_parts(cnncalc, tmp_path):
    out, _ = imported(cnncalc, DATA / "resnet18.ts17.kept.onnx", tmp_path)
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[3:] == [
        "blocks:",
        "  block1(c, s=1):",
        "    - add:",
        "        - - conv c 3x3 p1 nobias s=s as conv1 -> bn as bn1 -> relu",
        "          - conv c 3x3 p1 nobias as conv2 -> bn as bn2",
        "        - - conv: {filters: c, kernel: 1, stride: 2, bias: false, name: downsample.0}",
        "            if: s != 1",
        "          - bn: {name: downsample.1}",
        "            if: s != 1",
        "    - relu",
        "layers:",
        "  - conv 64 7x7 s2 p3 nobias as conv1 -> bn as bn1 -> relu -> maxpool 3x3 s2 p1",
        "  - block1 64 x2 as layer1",
        "  - block1 128 s=first(2) x2 as layer2",
        "  - block1 256 s=first(2) x2 as layer3",
        "  - block1 512 s=first(2) x2 as layer4",
        "  - gap -> flatten -> fc 1000 as fc",
    ]


@pytest.mark.parametrize(
    ("name", "tensors"),
    [("resnet18.ts17.kept.onnx", 102), ("c3d_small.ts17.kept.full.onnx", 20)],
)
def test_the_weights_of_the_model_fit_by_name(cnncalc, tmp_path, name, tensors):
    out, _ = imported(cnncalc, DATA / name, tmp_path)
    answer = cnncalc("check", out, "--weights", DATA / name)
    assert answer.status == 0, answer.err
    assert f"weights fit: {tensors} tensors by name" in answer.out


@pytest.mark.parametrize(
    ("io", "name"),
    [
        ("c3d_small.io.json", "c3d_small.ts17.kept.full.onnx"),
        ("unet_small.io.json", "unet_small.dynamo.folded.full.onnx"),
    ],
)
def test_the_spec_with_saved_weights_gives_what_onnx_runtime_gave(cnncalc, tmp_path, io, name):
    told = json.loads((DATA / io).read_text(encoding="utf-8"))
    out, _ = imported(cnncalc, DATA / name, tmp_path)
    saved = tmp_path / "w.safetensors"
    assert cnncalc("forward", DATA / name, "--save-weights", saved).status == 0
    network = load(out)
    done = forward(network, Tensor(network.nodes[0].shape, told["input"]["values"]), weights=saved)
    for output, expected in zip(done.outputs, told["outputs"], strict=True):
        largest = max(map(abs, expected["values"]))
        assert list(output.output.values) == pytest.approx(expected["values"], abs=1e-5 * largest)


def test_names_that_no_block_can_give_are_written_flat(cnncalc, tmp_path):
    """A merge that is read by name puts its own name before those of its branches."""
    model = tmp_path / "model.onnx"
    export(load("wavenet"), "onnx", weights=False).save(model)
    out, answer = imported(cnncalc, model, tmp_path)
    assert answer.err == (
        "note[written-flat]: 'model' has no short form with the names of its rows\n"
    )
    assert weighted(load(out)) == weighted(load(model))


@pytest.mark.parametrize("form", ["--names", "--flat"])
def test_a_row_called_by_a_word_of_the_language_gets_another_name(cnncalc, tmp_path, form):
    """No layer of a spec can be called relu: the line would mean an activation."""
    file = tmp_path / "model.onnx"
    slopes = tensor("relu.weight", (3, 1, 1), [0.1, 0.2, 0.3])
    file.write_bytes(model([node("PRelu", ["x", "relu.weight"], ["y"])], [slopes]))
    answer = cnncalc("import", file, form)
    assert answer.status == 0
    assert answer.err == (
        "note[other-name]: the spec has 'relu' as 'relu_0': a word of the language names no layer\n"
    )
