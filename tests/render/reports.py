"""Reports written by hand, whose figures come from outside.

LeNet-5: LeCun et al. 1998, section II.B (weights, biases and connections of each layer with
C3 fully connected). The residual net: the first layers of ResNet-18 as published with
torchvision (conv1 9,408 weights, 118,013,952 MACs; each 3x3 convolution of layer1 36,864
weights, 115,605,504 MACs), then a classifier of 64 · 10 weights.
"""

from __future__ import annotations

from fractions import Fraction

from cnncalc.analysis.report import (
    Check,
    Memory,
    Port,
    ReceptiveField,
    Report,
    Row,
    Totals,
)
from cnncalc.errors import Diagnostic, Span
from cnncalc.layers import layer_type
from cnncalc.network import Group
from cnncalc.shapes import Shape

BLANK = {
    "depth": 0, "weights": 0, "biases": 0, "trainable": 0, "buffers": 0, "fixed": 0,
    "connections": 0, "connections_with_bias": 0, "macs": 0, "settings": {},
}  # fmt: skip


HALF = Fraction(1, 2)
NO_MEMORY = Memory("fp32", 1, 0, 0, 0)


def row(index, name, type_, source, into, out, **facts):
    """A row that is blank but for what is said of it."""
    counted = {"trainable": facts.get("weights", 0) + facts.get("biases", 0)}
    return Row(
        index=index, name=name, type=type_, inputs=(source,), in_shapes=(into,), out=out,
        **{**BLANK, "kind": layer_type(type_).family, **counted, **facts},
    )  # fmt: skip


def window(kernel, stride=1, padding=0, **more):
    """The settings of a square window on two axes."""
    return {"kernel": [kernel] * 2, "stride": [stride] * 2, "padding": [[padding] * 2] * 2, **more}


def field(size, jump=1, start=HALF):
    """A square receptive field."""
    return ReceptiveField((size,) * 2, (jump,) * 2, (start,) * 2)


def work(weights, biases, connections, with_bias):
    """What a layer holds and does; LeNet-5's MACs are its connections, but in pooling."""
    return {
        "weights": weights, "biases": biases, "connections": connections,
        "connections_with_bias": with_bias, "macs": connections if weights else 0,
    }  # fmt: skip


def totals(rows, memory=NO_MEMORY, **known):
    """Totals of which only the known ones matter to the test."""
    zero = dict.fromkeys(Totals._fields[1:-1], 0)
    return Totals(**{**zero, "rows": len(rows), "memory": memory, **known})


def report(layers, **facts):
    """A report on these rows."""
    given = {
        "name": "net", "file": "net.yaml", "variant": None, "vars": {}, "overrides": {},
        "layout": "HWC", "groups": {},
        "inputs": (Port("in", layers[0].in_shapes[0]),),
        "outputs": (Port(layers[-1].name, layers[-1].out),),
        "rows": tuple(layers), "totals": totals(layers), **facts,
    }  # fmt: skip
    return Report(**given)


def lenet(**facts):
    """LeNet-5 with C3 fully connected: 61,706 parameters."""
    maps = [Shape(1, (32, 32)), Shape(6, (28, 28)), Shape(6, (14, 14)), Shape(16, (10, 10)),
            Shape(16, (5, 5)), Shape(120, (1, 1)), Shape(84), Shape(10)]  # fmt: skip
    conv = {"groups": 1, "dilation": [1, 1], "bias": True, "table": None}
    five, two = window(5, **conv), window(2, 2)
    c1 = Span("lenet5.yaml", 4, 9, 25)

    def attached(index, owner, type_, shape):
        return row(index, f"{owner}.{type_}", type_, owner, shape, shape, attached_to=owner)

    rows = [
        row(1, "C1", "conv", "in", maps[0], maps[1], settings={"filters": 6, **five}, span=c1,
            unused=(0, 0), receptive_field=field(5, 1, 5 * HALF), **work(150, 6, 117600, 122304)),
        attached(2, "C1", "tanh", maps[1]),
        row(3, "S2", "avgpool", "C1.tanh", maps[1], maps[2], settings=two, unused=(0, 0),
            receptive_field=field(6, 2, 3), **work(0, 0, 4704, 4704)),
        row(4, "C3", "conv", "S2", maps[2], maps[3], settings={"filters": 16, **five},
            unused=(0, 0), receptive_field=field(14, 2, 7), **work(2400, 16, 240000, 241600)),
        attached(5, "C3", "tanh", maps[3]),
        row(6, "S4", "avgpool", "C3.tanh", maps[3], maps[4], settings=two, unused=(0, 0),
            receptive_field=field(16, 4, 8), **work(0, 0, 1600, 1600)),
        row(7, "C5", "conv", "S4", maps[4], maps[5], settings={"filters": 120, **five},
            unused=(0, 0), receptive_field=field(32, 4, 16), **work(48000, 120, 48000, 48120)),
        attached(8, "C5", "tanh", maps[5]),
        row(9, "F6", "fc", "C5.tanh", maps[5], maps[6], settings={"units": 84, "bias": True},
            **work(10080, 84, 10080, 10164)),
        attached(10, "F6", "tanh", maps[6]),
        row(11, "out", "fc", "F6.tanh", maps[6], maps[7], settings={"units": 10, "bias": True},
            **work(840, 10, 840, 850)),
        attached(12, "out", "softmax", maps[7]),
    ]  # fmt: skip
    sums = totals(
        rows, Memory("fp32", 1, 246824, 36472, 23520), weights=61470, biases=236, params=61706,
        trainable=61706, inference_params=61706, connections=422824,
        connections_with_bias=429342, macs=416520, flops=833040,
    )  # fmt: skip
    met = (Check("params", "61706", 61706, ok=True),)
    known = {"name": "LeNet-5", "file": "lenet5.yaml", "totals": sums, "expect": met}
    return report(rows, **{**known, **facts})


def residual(**facts):
    """The start of ResNet-18, with a stem and a group of two units; six levels of rows."""
    picture, half, quarter = Shape(3, (224, 224)), Shape(64, (112, 112)), Shape(64, (56, 56))
    rows = []

    def put(name, type_, source, into, out, depth, **more):
        rows.append(row(len(rows) + 1, name, type_, source, into, out, depth=depth, **more))

    def norm(owner, shape, depth):
        put(f"{owner}.bn", "bn", owner, shape, shape, depth,
            weights=64, biases=64, buffers=128, attached_to=owner)  # fmt: skip

    put("stem.conv", "conv", "in", picture, half, 1, settings=window(7, 2, 3, bias=False),
        unused=(1, 1), receptive_field=field(7, 2), weights=9408, connections=118013952,
        connections_with_bias=118013952, macs=118013952)  # fmt: skip
    norm("stem.conv", half, 1)
    put("stem.conv.relu", "relu", "stem.conv.bn", half, half, 1, attached_to="stem.conv")
    put("stem.maxpool", "maxpool", "stem.conv.relu", half, quarter, 1, settings=window(3, 2, 1),
        unused=(1, 1), receptive_field=field(11, 4))  # fmt: skip
    before = "stem.maxpool"
    for unit in range(2):
        path = f"layer1.{unit}"
        for name in ("conv1", "conv2"):
            put(f"{path}.{name}", "conv", before, quarter, quarter, 2, block="basic",
                settings=window(3, 1, 1, bias=False), unused=(0, 0), weights=36864,
                connections=115605504, connections_with_bias=115605504, macs=115605504,
                receptive_field=field(19, 4))  # fmt: skip
            norm(f"{path}.{name}", quarter, 2)
            before = f"{path}.{name}.bn"
        put(f"{path}.add", "add", before, quarter, quarter, 2,
            receptive_field=field(27 + 16 * unit, 4))  # fmt: skip
        before = f"{path}.add"
    put("gap1", "gap", before, quarter, Shape(64, (1, 1)), 0)
    put("head", "fc", "gap1", Shape(64, (1, 1)), Shape(10), 0, weights=640, biases=10,
        connections=640, connections_with_bias=650, macs=640)  # fmt: skip
    index = {r.name: r.index for r in rows}
    groups = {
        "stem": Group("stem", "4 layers", index["stem.maxpool"]),
        "layer1": Group("layer1", "unit x2", index["layer1.1.add"]),
        "layer1.0": Group("layer1.0", "basic", index["layer1.0.add"]),
        "layer1.1": Group("layer1.1", "basic", index["layer1.1.add"]),
    }
    sums = totals(
        rows, weights=157824, biases=330, params=158154, trainable=158154, buffers=640,
        inference_params=158154, connections=580436608, connections_with_bias=580436618,
        macs=580436608, flops=1160873216,
    )  # fmt: skip
    fit = Diagnostic("note", "fit", "2 layers round down", Span("resnet.yaml", 5, 9, 20))
    known = {"name": "residual", "groups": groups, "totals": sums, "diagnostics": (fit,)}
    return report(rows, **{**known, **facts})
