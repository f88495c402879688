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


def built_by_timm():
    """The networks whose spec names timm's built models as a source."""
    return {
        variant or stem
        for stem, variant in bundled.entries()
        if any("built and run" in source for source in bundled.written(stem)["source"])
    }


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
        (entry,) = bundled.report(name).inputs
        assert [*entry.shape.spatial, entry.shape.channels] == [*FIGURES[name]["input"], 3]

    def test_totals(self, name):
        totals, timm = bundled.report(name).totals, FIGURES[name]
        figures = (totals.params, totals.macs, totals.buffers)
        assert figures == (timm["params"], timm["macs"], timm["buffers"])

    def test_kinds_of_operations(self, name):
        assert kinds(bundled.report(name)) == FIGURES[name]["kinds"]
