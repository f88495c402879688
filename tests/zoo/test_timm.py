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
