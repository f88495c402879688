"""What an exporter wrote of a network is that network, once both are seen as they are at inference.

The files are of torchvision's networks, and so are the bundled specs, written independently.
"""

from pathlib import Path

import pytest

from cnncalc import CnncalcError, analyze, compare, load
from cnncalc.questions.alike import at_inference, fused
from cnncalc.questions.check import CheckTerms, check

DATA = Path(__file__).parents[1] / "data" / "onnx"
SAME = [
    ("resnet18", "resnet18.ts17.folded.onnx"),
    ("resnet18", "resnet18.ts17.kept.onnx"),
    ("resnet18", "resnet18.dynamo.raw.onnx"),
    ("resnet18", "resnet18.dynamo.folded.external.onnx"),
    ("vgg11_bn", "vgg11_bn.ts17.folded.onnx"),
    ("mobilenet_v2", "mobilenet_v2.dynamo.folded.onnx"),
    ("efficientnet_b0", "efficientnet_b0.dynamo.folded.onnx"),
    ("convnext_tiny", "convnext_tiny.ts17.folded.onnx"),
    ("shufflenet_v2_x1_0", "shufflenet_v2_x1_0.dynamo.folded.onnx"),
]


def differing(comparison):
    return [pair for pair in comparison.layers[0] if pair.status is not None]


@pytest.mark.parametrize(("spec", "file"), SAME)
def test_a_bundled_spec_and_its_export_are_alike(spec, file):
    comparison = compare(spec, DATA / file, alike="inference")
    assert not differing(comparison)
    first, second = comparison.reports
    assert (first.totals.params, first.totals.macs) == (second.totals.params, second.totals.macs)


@pytest.mark.parametrize(
    ("one", "other"),
    [("clip low=0", "relu"), ("clip low=0 high=6", "relu6"), ("hardtanh low=0 high=6", "relu6"),
     ("clip low=-1 high=1", "hardtanh"), ("clip low=1", "clip low=1")],
)  # fmt: skip
def test_bounds_are_alike_by_whatever_name(one, other):
    first, second = (parse(f"{{input: 4, layers: [{line}]}}") for line in (one, other))
    assert not differing(compare(first, second, alike="inference"))
    away = parse("{input: 4, layers: [clip low=0.5]}")
    assert differing(compare(first, away, alike="inference"))


def test_other_networks_are_not_alike():
    odd = differing(compare("resnet34", DATA / "resnet18.ts17.folded.onnx", alike="inference"))
    assert {pair.status for pair in odd} == {"removed"}
    # Sixteen blocks of two convolutions and a sum against eight.
    assert len(odd) == 8 * 3


def test_one_changed_layer_is_named():
    """A stride that was moved: the layers around it have other sizes, one has another setting."""
    spec = "input: 32x32x1\nlayers: [conv 6 5x5 s2 bn relu, conv 8 3x3 bn, gap, fc 10]"
    other = spec.replace("conv 8 3x3", "conv 8 3x3 d2")
    first, second = (parse(text) for text in (spec, other))
    changed = [
        p for p in differing(compare(first, second, alike="inference")) if p.status == "changed"
    ]
    assert [set(pair.changes) - {"out", "in", "macs"} for pair in changed] == [{"dilation"}]


def parse(text):
    from cnncalc import parse as read

    return read(text)


def test_folded_norms_leave_a_bias():
    """YOLOv5s as its authors' export.py reports it after fusing: 7,225,885 parameters."""
    assert analyze(fused(load("yolov5s"))).totals.params == 7225885


def test_a_norm_that_follows_no_layer_with_weights_stays():
    """DenseNet: PyTorch's exporter folds 59 of 121 and keeps 62, see truth of the files."""
    kept = [n for n in fused(load("densenet121")).nodes if n.layer.type == "bn"]
    assert len(kept) == 62


def test_the_form_at_inference_changes_no_output_shape_and_no_macs():
    for name in ("inception_v3", "mobilenet_v3_large", "unet", "googlenet", "squeezenet1_1"):
        network = load(name)
        before, after = analyze(network), analyze(at_inference(network))
        assert after.totals.macs == before.totals.macs
        assert [port.shape.size for port in after.inference_outputs] == [
            port.shape.size for port in before.inference_outputs
        ]


def test_check_against_a_model_file():
    terms = CheckTerms(against=str(DATA / "resnet18.ts17.folded.onnx"), alike="inference")
    (result,) = check("resnet18", terms=terms)
    assert result.ok
    (result,) = check("resnet18", terms=terms._replace(alike=None))
    (problem,) = [each for each in result.diagnostics if each.severity == "error"]
    assert problem.help == "what runs at inference is the same: --alike inference compares that"
    (result,) = check("resnet34", terms=terms)
    assert result.exit_code == 1
    (problem,) = [each for each in result.diagnostics if each.severity == "error"]
    assert problem.code == "differs"
    assert problem.message == f"24 layers differ from {DATA / 'resnet18.ts17.folded.onnx'}"
    assert problem.notes[0].endswith("is only here")
    assert problem.notes[-1] == "and 14 more"


def test_what_is_not_known_is_not_compared(tmp_path):
    from onnx_files import model, node

    path = tmp_path / "m.onnx"
    nodes = [node("Einsum", ["x"], ["a"], "/e"), node("Relu", ["a"], ["y"], "/r")]
    path.write_bytes(model(nodes, shapes=[("a", (1, 3, 8, 8))]))
    partial = load(path, partial=True)
    assert not partial.complete
    with pytest.raises(CnncalcError) as caught:
        compare(partial, "lenet5")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "incomplete"
    assert diagnostic.notes == ("e",)
