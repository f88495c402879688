"""The bundled networks that timm builds too: totals, and each kind of operation.

timm 1.0.31's models were built and run with torch; `tests/data/timm.json` says how the figures were
taken. Calls and output elements per kind notice a wrong activation, a lost pooling layer, or a
stride in the wrong place that leaves the totals as they are.
"""

import json
from collections import defaultdict

import bundled
import pytest

FIGURES = json.loads((bundled.DATA / "timm.json").read_text())["networks"]

# Rows of these types are one kind of torch's; the other kinds below have our own type's name.
LINEAR = ("conv", "dwconv", "fc", "linear")
KINDS = (
    *("linear", "bn", "ln", "gn", "maxpool", "avgpool", "softmax"),
    *("relu", "relu6", "leaky", "elu", "silu", "gelu", "hswish", "hsigmoid", "sigmoid", "tanh"),
)

# Kinds whose calls timm makes otherwise, though its networks compute the same: a 1x1 convolution
# with two groups is two convolutions, and one softmax serves all heads.
OTHER_CALLS = {"mixnet": "linear", "edgenext": "softmax"}
POOLS_TWICE = "dla"  # a tree and the tree inside it pool the same tensor, sometimes in vain


def built_by_timm():
    """The networks whose spec names timm's built models as a source."""
    return {
        variant or stem
        for stem, variant in bundled.entries()
        if any("built and run" in source for source in bundled.written(stem)["source"])
    }


def family(name):
    """The stem of the file that a network is in."""
    return next(stem for stem, variant in bundled.entries() if name == (variant or stem))


def blur_copies(report):
    """What timm stores more: it keeps the filter of a blur once for every channel."""
    return sum(row.buffers * (row.out.channels - 1) for row in bundled.of_types(report, "blur"))


def kinds(report):
    """Layers and output elements of each kind of operation that is compared."""
    found = defaultdict(lambda: [0, 0])
    for row in report.rows:
        kind = "linear" if row.type in LINEAR else row.type
        if kind in KINDS:
            found[kind][0] += 1
            found[kind][1] += row.neurons
    return dict(found)


def test_every_such_network_is_looked_at():
    assert built_by_timm() == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
class TestTimm:
    def test_input(self, name):
        entry = bundled.report(name).inputs[0]
        assert [*entry.shape.spatial, entry.shape.channels] == [*FIGURES[name]["input"], 3]

    def test_totals(self, name):
        report, timm = bundled.report(name), FIGURES[name]
        figures = (report.totals.params, report.totals.macs)
        assert figures == (timm["params"], timm["macs"])
        assert report.totals.buffers + blur_copies(report) == timm["buffers"]

    def test_kinds_of_operations(self, name):
        ours, timm = kinds(bundled.report(name)), dict(FIGURES[name]["kinds"])
        if kind := OTHER_CALLS.get(family(name)):
            assert ours.pop(kind)[1] == timm.pop(kind)[1]
        if family(name) == POOLS_TWICE:
            assert ours.pop("maxpool")
            assert timm.pop("maxpool")
        assert ours == timm


# Networks that were first written from the README alone, one or two of each family.
WRITTEN_BY_HAND = (
    "convmixer_768_32", "convnextv2_atto", "cspresnet50", "dla34", "dpn68", "edgenext_small",
    "efficientnet_b1_pruned", "ese_vovnet19b_dw", "gernet_s", "ghostnet_100", "hgnetv2_b0",
    "hrnet_w18_small", "inception_resnet_v2", "lcnet_050", "mixnet_s", "mobilenetv4_conv_small",
    "mobileone_s0", "nf_regnet_b1", "poolformer_s12", "regnetz_b16", "repvgg_a0",
    "res2net50_26w_4s", "resnest14d", "resnet50d", "resnetv2_50", "rexnet_100", "selecsls42b",
    "skresnet18", "starnet_s1", "tinynet_a", "tresnet_m", "xception41",
)  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN_BY_HAND)
def test_a_family_takes_forty_lines(name):
    lines = (bundled.SPECS / f"{family(name)}.yaml").read_text().splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
