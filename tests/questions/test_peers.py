"""Other counters' conventions, held against what the real tools printed.

tests/data/peers.json has their figures for nine of torchvision's models. They are reproduced
to the unit but for five, where the model's code calls a layer as a function; how often the tool
then counts it, and over how many numbers, is said beside each.
"""

import json
from pathlib import Path
from typing import get_args

import pytest

from cnncalc import analyze, load
from cnncalc.cli.analyze import stacked
from cnncalc.cli.options import AsTool
from cnncalc.errors import CnncalcError
from cnncalc.questions.peers import TOOLS, count_as
from cnncalc.zoo import names

MODELS = json.loads((Path(__file__).parents[1] / "data" / "peers.json").read_text())["models"]

# (model, tool's figure): what the tool does not count where the model calls functions.
FUNCTIONS = {
    # every ReLU is F.relu, counted once and not twice: 3,226,160 outputs of its convolutions
    ("googlenet", "ptflops_pytorch"): 3226160,
    # the last ReLU and the average behind it, 7x7x1024 each, once and not twice
    ("densenet121", "ptflops_pytorch"): 7 * 7 * 1024 + 7 * 7 * 1024,
    # that average, 7x7x1024 in and 1024 out, not seen at all
    ("densenet121", "thop"): 7 * 7 * 1024 + 1024,
    # the last average is adaptive_avg_pool2d, 7x7x1280: once and not twice
    ("mobilenet_v2", "ptflops_pytorch"): 7 * 7 * 1280,
    # and not seen at all
    ("mobilenet_v2", "thop"): 7 * 7 * 1280 + 1280,
}

# The tool's figure in peers.json -> the tool, and the label of its figure here.
FIGURES = {
    ("torchinfo", "mult_adds"): ("torchinfo", "Total mult-adds"),
    ("torchinfo", "params"): ("torchinfo", "Total params"),
    ("torchinfo", "trainable"): ("torchinfo", "Trainable params"),
    ("torchinfo", "forward_backward_bytes"): ("torchinfo", "Forward/backward pass size"),
    ("torchinfo", "params_bytes"): ("torchinfo", "Params size"),
    ("fvcore", "flops"): ("fvcore", "#flops"),
    ("ptflops_pytorch", "macs"): ("ptflops", "MACs (backend pytorch)"),
    ("ptflops_pytorch", "params"): ("ptflops", "params"),
    ("ptflops_aten", "macs"): ("ptflops", "MACs (backend aten)"),
    ("ptflops_aten", "params"): ("ptflops", "params"),
    ("thop", "macs"): ("thop", "macs"),
    ("thop", "params"): ("thop", "params"),
    ("torch_flop_counter", "flops"): ("torch", "FLOP"),
}


def figure(report, tool, label):
    return next(f for f in count_as(report, tool).figures if f.label.startswith(label))


def value(report, tool, label):
    return figure(report, tool, label).value


def stack(shape, *layers, **how):
    return analyze(stacked(shape, list(layers)), **how)


@pytest.mark.parametrize("model", MODELS)
def test_what_the_real_tools_print(model):
    report = analyze(load(model))
    for (tool, key), (peer, label) in FIGURES.items():
        unseen = FUNCTIONS.get((model, tool), 0) if key == "macs" else 0
        assert value(report, peer, label) == MODELS[model][tool][key] + unseen, (tool, key)


def test_every_figure_of_the_file_is_held():
    known = {(tool, key) for tools in MODELS.values() for tool in tools if tool != "input"
             for key in tools[tool]}  # fmt: skip
    assert known == set(FIGURES)


# Totals of the model summaries in Keras applications; `odd` is what those models have else:
# biases before norms, norms without scale (but with its statistics), a normalisation of the input.
@pytest.mark.parametrize(
    ("model", "total", "odd"),
    [
        ("mobilenet_v1", 4253864, 0),
        ("mobilenet_v2", 3538984, 0),
        ("mobilenet_v3_large", 5507432, 0),
        ("densenet121", 8062504, 0),
        ("densenet169", 14307880, 0),
        ("densenet201", 20242984, 0),
        ("xception", 22910480, 0),
        ("resnet50", 25636712, 26560),
        ("inception_v3", 23851784, -17216),
        ("inception_resnet_v2", 55873736, -30272),
        ("efficientnet_b0", 5330571, 7),
        ("efficientnet_b1", 7856239, 7),
    ],
)
def test_keras_applications(model, total, odd):
    assert value(analyze(load(model)), "keras", "Total params") == total - odd


def test_keras_counts_statistics_as_parameters_that_are_not_trained():
    """Batch norm of 64 channels: 256 in all, 128 of them trained."""
    shown = count_as(stack("32x32x64", "bn"), "keras").figures
    assert [f.text for f in shown] == ["256 (1.00 KB)", "128 (512.00 B)", "128 (512.00 B)"]


# Conv2d 3 -> 64, 3x3, padding 1, with bias, on 3x32x32; a batch norm on 64x32x32.
@pytest.mark.parametrize(
    ("tool", "label", "convolution", "norm"),
    [
        ("fvcore", "#flops", 1769472, 131072),
        ("thop", "macs", 1769472, 262144),
        ("torchinfo", "Total mult-adds", 1835008, 128),
        ("ptflops", "MACs (backend pytorch)", 1835008, 131072),
        ("ptflops", "MACs (backend aten)", 1835008, 0),
        ("torch", "FLOP", 3538944, 0),
    ],
)
def test_one_layer(tool, label, convolution, norm):
    assert value(stack("32x32x3", "conv 64 3x3 p1"), tool, label) == convolution
    assert value(stack("32x32x64", "bn"), tool, label) == norm


@pytest.mark.parametrize(
    ("tool", "label"),
    [
        ("fvcore", "#flops"), ("thop", "macs"), ("torchinfo", "Total mult-adds"),
        ("ptflops", "MACs (backend pytorch)"), ("ptflops", "MACs (backend aten)"),
        ("torch", "FLOP"),
    ],
)  # fmt: skip
def test_a_layer_type_that_no_table_names_is_not_counted_and_said_so(tool, label):
    report = stack("32x32x3", "conv 64 3x3 p1")
    novel = report._replace(rows=tuple(row._replace(type="novel") for row in report.rows))
    shown = figure(novel, tool, label)
    assert (shown.value, shown.base) == (0, 1769472)
    assert shown.why[0] == (-1769472, "layers that torch has no module for")


def test_parameters_of_a_layer_type_without_a_rule_are_not_among_those_of_thop():
    report = stack("32x32x3", "conv 64 3x3 p1")
    novel = report._replace(rows=tuple(row._replace(type="novel") for row in report.rows))
    shown = figure(novel, "thop", "params")
    assert (shown.value, shown.why[0].amount) == (0, -1792)
    assert figure(report, "thop", "params").value == 1792
    assert figure(novel, "torchinfo", "Total params").value == 1792


# 3x3x4 -> 6x6x5 by 2x2 filters, stride 2: 80 weights at 9 input positions are 720 MACs; at the
# 36 output positions they would be 2,880. torch, fvcore and ptflops count right.
@pytest.mark.parametrize(
    ("tool", "label", "expected"),
    [
        ("torchinfo", "Total mult-adds", 2880),
        ("thop", "macs", 2880),
        ("fvcore", "#flops", 720),
        ("ptflops", "MACs (backend aten)", 720),
        ("torch", "FLOP", 1440),
    ],
)
def test_transposed_convolution(tool, label, expected):
    assert value(stack("3x3x4", "deconv 5 2x2 s2 nobias"), tool, label) == expected


def test_torch_counts_no_layer_that_it_has_no_module_for():
    # 5 inputs to 84 units are 420 multiply-adds, two flops each; radial basis units count nothing.
    assert value(stack("5", "fc 84 nobias"), "torch", "FLOP") == 840
    assert value(stack("5", "fc 84 nobias", "rbf 10"), "torch", "FLOP") == 840


@pytest.mark.parametrize(
    ("tool", "label", "layer", "expected"),
    [
        ("torchinfo", "Total mult-adds", "linear 10", 6 * 10 + 10),  # at one position
        ("fvcore", "#flops", "linear 10", 4 * 4 * 6 * 10),
        ("fvcore", "#flops", "ln", 5 * 96),
        ("fvcore", "#flops", "instnorm", 4 * 96),
        ("fvcore", "#flops", "adaptivepool 2x2 max", 0),
        ("fvcore", "#flops", "upsample 2", 4 * 96),
        ("fvcore", "#flops", "upsample 2 bilinear", 4 * 4 * 96),
        ("thop", "macs", "avgpool 2x2", 24),
        ("thop", "macs", "gap", 96 + 6),
        ("thop", "macs", "maxpool 2x2", 0),
        ("thop", "macs", "softmax", 16 * (6 + 5 + 6)),
        ("thop", "macs", "upsample 2 bilinear", 11 * 4 * 96),
        ("ptflops", "MACs (backend pytorch)", "relu", 2 * 96),
        ("ptflops", "MACs (backend pytorch)", "relu6", 96),
        ("ptflops", "MACs (backend pytorch)", "sigmoid", 0),
        ("ptflops", "MACs (backend pytorch)", "maxpool 2x2", 2 * 96),
        ("ptflops", "MACs (backend pytorch)", "ln", 96),
        ("ptflops", "MACs (backend aten)", "maxpool 2x2", 0),
        ("torch", "FLOP", "gap", 0),
    ],
)
def test_the_rules_of_single_layers(tool, label, layer, expected):
    """On 4x4x6, 96 numbers; the rules are read off the tools' own source."""
    assert value(stack("4x4x6 HWC", layer), tool, label) == expected


@pytest.mark.parametrize(
    ("tool", "label", "factor"),
    [
        ("torchinfo", "Total mult-adds", 8),
        ("fvcore", "#flops", 8),
        ("thop", "macs", 8),
        ("torch", "FLOP", 8),
        ("ptflops", "MACs (backend pytorch)", 1),
        ("ptflops", "MACs (backend aten)", 1),
    ],
)
def test_a_batch(tool, label, factor):
    """ptflops divides by the batch; the others count every sample.

    torchinfo takes a norm's parameters once for each sample.
    """
    one = value(analyze(load("resnet18")), tool, label)
    assert value(analyze(load("resnet18"), batch=8), tool, label) == factor * one


def test_the_words_and_the_rounding():
    """As in the README files and outputs of the tools for ResNet-50."""
    report = analyze(load("resnet50"))
    shown = {(tool, f.label): f.text for tool in TOOLS for f in count_as(report, tool).figures}
    assert shown["torchinfo", "Total params"] == "25,557,032"
    assert shown["torchinfo", "Total mult-adds (G)"] == "4.09"
    assert shown["torchinfo", "Forward/backward pass size (MB)"] == "177.83"
    assert shown["torchinfo", "Params size (MB)"] == "102.23"
    assert shown["torchinfo", "Estimated Total Size (MB)"] == "280.66"
    assert shown["fvcore", "#flops"] == "4.112G"
    assert shown["ptflops", "MACs (backend pytorch)"] == "4.13 GMac"
    assert shown["ptflops", "params"] == "25.56 M"
    assert shown["thop", "macs"] == "4.134G"
    assert shown["torch", "FLOP"] == "8178.369M"


def test_the_terms_lead_from_our_figure_to_the_tools():
    for model in ("lenet5-1998", "unet", "googlenet_aux", "convnext_tiny", "shufflenet_v2_x1_0"):
        report = analyze(load(model), batch=3)
        ours = {"MACs": report.totals.macs, "params": report.totals.params,
                "trainable": report.totals.trainable,
                "activation bytes": report.totals.memory.activation_bytes,
                "parameter bytes": report.totals.memory.param_bytes}  # fmt: skip
        for tool in TOOLS:
            for shown in count_as(report, tool).figures:
                assert shown.base == ours.get(shown.ours, shown.base), (model, tool, shown.label)
                assert all(term.reason for term in shown.why)


@pytest.mark.parametrize(
    ("layer", "params", "once"),
    [("conv 2 3x3 p1 nobias", 36, 36 * 16), ("bn", 4, 4), ("deconv 2 2x2 s2 nobias", 16, 16 * 64)],
)
def test_weights_that_are_shared_work_every_time(tmp_path, layer, params, once):
    """torchinfo, on 4x4x2: parameters once, multiply-adds for each call."""
    spec = tmp_path / "shared.yaml"
    spec.write_text(
        f"input: 4x4x2 HWC\nlayers:\n- a: {layer}\n"
        f"- b: {layer} share=a\n  from: in\noutputs: [a, b]\n"
    )
    report = analyze(load(spec))
    assert value(report, "torchinfo", "Total params") == params
    assert value(report, "torchinfo", "Total mult-adds") == 2 * once


def test_parameters_outside_of_the_modules():
    """ConvNeXt-T has 28,589,128, of them 3·96 + 3·192 + 9·384 + 3·768 scales in no module."""
    report = analyze(load("convnext_tiny"))
    scales = 3 * 96 + 3 * 192 + 9 * 384 + 3 * 768
    assert value(report, "torchinfo", "Total params") == 28589128
    assert value(report, "torchinfo", "Params size") == (28589128 - scales) * 4
    assert value(report, "thop", "params") == 28589128 - scales
    assert value(report, "ptflops", "params") == 28589128


def test_thop_has_no_rule_for_group_norm():
    assert value(stack("32x32x64", "gn 32"), "thop", "params") == 0
    assert value(stack("32x32x64", "bn"), "thop", "params") == 128


def test_layers_that_torch_does_not_have_are_left_out_and_named():
    shown = figure(analyze(load("lenet5-1998")), "fvcore", "#flops")
    missing = {term.reason: term.amount for term in shown.why}
    assert missing == {"layers that torch has no module for": -(1176 + 400 + 840)}


def test_auxiliary_heads_have_parameters_and_no_work():
    plain, heads = (analyze(load(name)) for name in ("googlenet", "googlenet_aux"))
    label = "Total params"
    assert value(heads, "torchinfo", label) == 13004888
    assert value(plain, "torchinfo", label) == 6624904 == value(heads, "thop", "params")
    assert value(heads, "torchinfo", "Params size") == 4 * 6624904
    assert value(heads, "fvcore", "#flops") == value(plain, "fvcore", "#flops")


def test_an_unknown_tool():
    report = analyze(load("lenet5"))
    with pytest.raises(CnncalcError) as caught:
        count_as(report, "torchstat")
    assert str(caught.value) == "unknown-tool: 'torchstat' is not a known tool"
    assert count_as(report, "torch").figures[0].value == 833040
    with pytest.raises(CnncalcError) as caught:
        count_as(report, "_rules")
    known = "known tools: torchinfo, fvcore, ptflops, thop, torch, keras"
    assert caught.value.diagnostics[0].help == known


def test_the_option_offers_every_tool():
    offered = get_args(get_args(get_args(AsTool)[0])[0])
    assert offered == TOOLS
    files = Path(count_as.__code__.co_filename).parent.glob("*.py")
    assert {file.stem for file in files if not file.stem.startswith("_")} == set(TOOLS)


@pytest.mark.parametrize("tool", TOOLS)
def test_every_bundled_network_is_counted(tool):
    """A sample of the zoo, one variant a file: nothing is left without an answer."""
    seen = set()
    for name in list(names())[::12]:
        report = analyze(load(name))
        seen.update(row.type for row in report.rows)
        assert all(f.value >= 0 and f.text for f in count_as(report, tool).figures)
    assert {"conv", "bn", "relu", "fc"} <= seen
