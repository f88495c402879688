"""Layer by layer, the bundled networks are what torchvision runs.

Every convolution, linear layer, norm, activation, pooling layer, join and resizing is compared
in execution order: kind, input size, output shape, parameters, buffers, MACs and the window;
then the totals, and what torchvision publishes.
"""

import gzip
import json
from functools import cache
from itertools import zip_longest
from math import prod
from typing import NamedTuple

import bundled
import pytest

FOLDER = bundled.DATA / "torchvision"
NAMES = sorted(path.name.removesuffix(".json.gz") for path in FOLDER.glob("*.json.gz"))
IDLE = ("googlenet_aux_eval", "inception_v3_aux_eval")  # heads present, but not run
HEADS = ("googlenet_aux", "inception_v3_aux")  # the same networks, their heads run

# What torch calls a layer, and what this project calls it; both become the word in the middle.
# An average over the whole map is torchvision's adaptive pool to 1x1, or a mean, and `gap` here.
KINDS = [
    (
        ("Conv1d", "Conv2d", "Conv3d", "Conv3DSimple", "Conv3DNoTemporal"),
        "conv",
        ("conv", "dwconv"),
    ),
    (("Linear",), "linear", ("fc", "linear")),
    (("BatchNorm2d", "BatchNorm3d"), "batch norm", ("bn",)),
    (("LayerNorm", "LayerNorm2d"), "layer norm", ("ln",)),
    (("MaxPool2d", "MaxPool3d", "max_pool2d"), "max pool", ("maxpool",)),
    (("AvgPool2d", "AvgPool3d", "avg_pool2d"), "average pool", ("avgpool",)),
    (
        ("AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "adaptive_avg_pool2d", "mean"),
        "pool to a size",
        ("gap", "adaptivepool"),
    ),
    (("ReLU", "relu"), "relu", ("relu",)),
    (("ReLU6",), "relu6", ("relu6",)),
    (("SiLU",), "silu", ("silu",)),
    (("GELU",), "gelu", ("gelu",)),
    (("Hardswish",), "hswish", ("hswish",)),
    (("Hardsigmoid",), "hsigmoid", ("hsigmoid",)),
    (("Sigmoid",), "sigmoid", ("sigmoid",)),
    (("add", "add_"), "add", ("add",)),
    (("mul",), "multiply", ("mul", "gamma")),
    (("cat",), "concatenate", ("concat",)),
    (("interpolate",), "resize", ("upsample",)),
]
THEIRS = {name: kind for names, kind, _ in KINDS for name in names}
OURS = {name: kind for _, kind, names in KINDS for name in names}
CHANNELS_LAST = {"LayerNorm", "Linear", "GELU"}
WINDOWED = {"conv", "dwconv", "maxpool", "avgpool"}
STORED_BESIDE = {"gamma"}  # torch keeps these parameters outside of any layer


class Leaf(NamedTuple):
    """What both sides say about one layer; the output channels first."""

    kind: str
    in_size: int  # of all its inputs together
    out: tuple[int, ...]
    params: int
    buffers: int
    macs: int
    window: list | None  # kernel, stride, padding and dilation, per axis


@cache
def truth(name):
    return json.loads(gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes()))


def their_leaf(entry):
    name, came_in, out, *counts, window = entry
    inputs = came_in if isinstance(came_in[0], list) else [came_in]
    shape = (out[-1], *out[:-1]) if name in CHANNELS_LAST else tuple(out)
    if name == "mean":  # drops the axes that it averages
        shape += (1,) * (len(inputs[0]) - len(out))
    return Leaf(THEIRS[name], sum(map(prod, inputs)), shape, *counts, window)


def our_leaf(row):
    return Leaf(
        kind=OURS[row.type],
        in_size=sum(shape.size for shape in row.in_shapes),
        out=row.out.view("CHW"),
        params=0 if row.type in STORED_BESIDE else row.params,
        buffers=row.buffers,
        macs=row.macs,
        window=our_window(row.settings) if row.type in WINDOWED else None,
    )


def our_window(settings):
    kernel = settings["kernel"]
    dilation = settings.get("dilation", [1] * len(kernel))
    paddings = settings["padding"]
    assert all(begin == end for begin, end in paddings)
    return [kernel, settings["stride"], [begin for begin, _ in paddings], dilation]


def rows_run(name):
    """The rows that torchvision ran for this entry."""
    rows = bundled.report(name).rows
    return [row for row in rows if not (row.train_only and name in IDLE)]


def spelt(sizes):
    """Sizes channels first, as `--input` has them."""
    channels, *spatial = sizes
    return "x".join(map(str, (*spatial, channels)))


def outputs_of_work(rows):
    """Output elements of convolutions and linear layers."""
    return sum(row.neurons for row in rows if OURS.get(row.type) in {"conv", "linear"})


def test_all_of_them_are_bundled_under_their_names():
    bundled_names = {variant or stem for stem, variant in bundled.entries()}
    assert len(NAMES) == 87
    assert set(NAMES) - bundled_names == set()


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_in_execution_order(name):
    rows = [row for row in rows_run(name) if row.type in OURS]
    theirs = [their_leaf(entry) for entry in truth(name)["layers"]]
    for row, leaf in zip_longest(rows, theirs):
        assert row is not None, f"torchvision has one more layer: {leaf}"
        assert our_leaf(row) == leaf, row.name
    assert len(rows) == len(theirs) > 0


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_counts_is_left_out_of_the_comparison(name):
    """Rows of other types store nothing and do no work: dropout, flatten, slice, shuffle."""
    others = [row for row in bundled.report(name).rows if row.type not in OURS]
    assert {row.type for row in others} <= {"dropout", "flatten", "slice", "shuffle"}
    assert all(row.params == row.buffers == row.macs == 0 for row in others)


@pytest.mark.parametrize("name", NAMES)
def test_totals(name):
    report, expected, rows = bundled.report(name), truth(name)["totals"], rows_run(name)
    assert report.totals.params == expected["params"]
    assert report.totals.buffers == expected["buffers"]
    assert sum(row.macs for row in rows) == expected["macs"]
    assert sum(row.flops for row in rows) == expected["flops"]
    assert outputs_of_work(rows) == expected["conv_linear_outputs"]


@pytest.mark.parametrize("name", NAMES)
def test_the_reported_work_is_that_of_inference(name):
    """Heads that serve training only are stored, but do no work."""
    totals = bundled.report(name).totals
    expected = truth(f"{name}_eval" if name in HEADS else name)["totals"]
    assert (totals.macs, totals.flops) == (expected["macs"], expected["flops"])


@pytest.mark.parametrize("name", IDLE)
def test_idle_heads_are_not_part_of_inference(name):
    evaluation, bare = truth(name), truth(name.removesuffix("_aux_eval"))
    totals = bundled.report(name).totals
    assert totals.inference_params == bare["totals"]["params"]
    assert totals.params - totals.inference_params == evaluation["params_not_executed"]


@pytest.mark.parametrize("name", [name for name in NAMES if "other_inputs" in truth(name)])
def test_other_input_sizes(name):
    for expected in truth(name)["other_inputs"]:
        report = bundled.report(name, input=spelt(expected["input"]))
        assert report.totals.params == expected["params"]
        assert report.totals.macs == expected["macs"]
        assert outputs_of_work(report.rows) == expected["conv_linear_outputs"]


def publishes(name):
    """Whether the published figures are those of this form of the network.

    Published parameters leave GoogLeNet's heads out and count Inception v3's; neither counts
    their work. Those of the segmentation networks count the second head and its work.
    """
    if name.startswith(("googlenet", "inception_v3")):
        return name in {"googlenet", "inception_v3_aux"}
    return f"{name}_aux" not in NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if publishes(name)])
def test_figures_that_torchvision_publishes(name):
    """Its `_ops` are billions of MACs, to three places, at the size of the weights' recipe."""
    published = truth(name)["published"]
    assert published
    for figures in published:
        own = figures["input"] == truth(name)["input"]
        report = bundled.report(name, **({} if own else {"input": spelt(figures["input"])}))
        assert report.totals.params == figures["num_params"], figures["weights"]
        assert round(report.totals.macs / 1e9, 3) == figures["_ops"], figures["weights"]


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("convnext")])
def test_layer_scale_is_what_torch_keeps_outside_of_its_layers(name):
    gamma = bundled.of_types(name, "gamma")
    assert sum(row.params for row in gamma) == truth(name)["params_outside_leaves"]


@pytest.mark.parametrize("name", [name for name in NAMES if "norm_eps" in truth(name)])
def test_norms_add_what_torchvisions_add_to_the_variance(name):
    """No count depends on it, but a forward pass with trained weights does."""
    norms = [row for row in bundled.report(name).rows if row.type in {"bn", "ln"}]
    assert sorted({row.settings["eps"] for row in norms}) == truth(name)["norm_eps"]
