"""Kernels of transposed convolutions, of layers that move numbers, and of what lies between."""

import tracemalloc
from array import array
from collections.abc import Sequence
from itertools import product
from math import inf, nan
from random import Random

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from strategies import examples
from test_kernels import (
    QUICK,
    SEEDS,
    broken,
    cancelling,
    check,
    extreme,
    ranged,
    rectified,
    run_both,
)

from cnncalc.errors import UnplacedError
from cnncalc.inference import estimate, kernels
from cnncalc.inference.estimate import READABLE, ahead
from cnncalc.inference.initial import InitialWeights, initial
from cnncalc.inference.kernels import conv_transpose
from cnncalc.inference.kernels.resize import Upsample as Resizing
from cnncalc.layers import layer_type
from cnncalc.layers.conv_transpose import ConvTranspose
from cnncalc.layers.fc import Fc
from cnncalc.layers.maxpool import MaxPool
from cnncalc.layers.softplus import Softplus
from cnncalc.layers.upsample import Upsample
from cnncalc.network import chain
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

MORE = [
    "adaptivepool", "avgpool", "celu", "chunk", "concat", "conv_transpose", "crop", "depth2space",
    "dropout", "flatten", "gap", "gelu", "identity", "ln", "logsigmoid", "logsoftmax", "lrn",
    "maxpool", "mish", "pad", "reshape", "selu", "shuffle", "slice", "softplus",
    "space2depth", "upsample",
]  # fmt: skip

# Transposed convolutions large enough to be packed.
UP = {
    "2x2/2 of U-Net": (ConvTranspose(filters=16, kernel=(2,), stride=(2,)), Shape(24, (16, 16))),
    "4x4/2": (
        ConvTranspose(filters=24, kernel=(4,), stride=(2,), padding=((1, 1),)),
        Shape(16, (10, 10)),
    ),
    "3x3/2 and output padding": (
        ConvTranspose(filters=16, kernel=(3,), stride=(2,), padding=((1, 1),), output_padding=(1,)),
        Shape(16, (12, 12)),
    ),
    "dilated": (ConvTranspose(filters=16, kernel=(3,), dilation=(2,)), Shape(16, (12, 12))),
    "dilated by the stride": (
        ConvTranspose(filters=16, kernel=(2,), stride=(2,), dilation=(2,)),
        Shape(16, (12, 12)),
    ),
    "groups": (
        ConvTranspose(filters=16, kernel=(3,), stride=(2,), groups=2),
        Shape(16, (12, 12)),
    ),
    "one axis": (ConvTranspose(filters=16, kernel=(8,), stride=(4,)), Shape(12, (100,))),
    "three axes": (ConvTranspose(filters=8, kernel=(2,), stride=(2,)), Shape(8, (6, 6, 6))),
}


@pytest.mark.parametrize("name", UP)
@pytest.mark.parametrize("kind", [ranged, cancelling, extreme, broken])
def test_transposed_convolutions_of_any_numbers(name, kind):
    layer, shape = UP[name]
    check(*run_both(layer, [shape], 7, inputs=kind))


@pytest.mark.parametrize("name", UP)
def test_these_transposed_convolutions_are_packed(name, monkeypatch):
    def never(*_):
        raise AssertionError("computed in floating point")

    monkeypatch.setattr(conv_transpose, "floating", never)
    layer, shape = UP[name]
    check(*run_both(layer, [shape], 8, inputs=rectified))


def test_the_transposed_convolution_of_u_net_at_size():
    layer = ConvTranspose(filters=32, kernel=(2,), stride=(2,))
    check(*run_both(layer, [Shape(64, (28, 28))], 9, inputs=rectified))


@pytest.mark.parametrize("rule", ["same", "valid", "half"])
@pytest.mark.parametrize(("kernel", "stride", "dilation"), [(5, 2, 1), (2, 3, 1), (3, 2, 2)])
def test_transposed_convolutions_by_a_padding_rule(rule, kernel, stride, dilation):
    layer = ConvTranspose(
        filters=4, kernel=(kernel,), stride=(stride,), dilation=(dilation,), padding=rule
    )
    check(*run_both(layer, [Shape(3, (5, 4))], 5))


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_every_way_to_stamp_along_an_axis(size, kernel):
    """Strides that leave gaps or overlap, dilations with and without a common divisor."""
    checked = 0
    for stride, dilation, begin, end, extra in product(
        (1, 2, 3, 4), (1, 2, 3, 4, 6), (0, 1, 2), (0, 2), (0, 2)
    ):
        layer = ConvTranspose(
            filters=2,
            kernel=(kernel,),
            stride=(stride,),
            dilation=(dilation,),
            padding=((begin, end),),
            output_padding=(extra,),
        )
        try:
            layer.output_shape(Shape(1, (size,)))
        except UnplacedError:
            continue
        check(*run_both(layer, [Shape(1, (size,))], 5))
        checked += 1
    assert checked > 50


def test_a_transposed_convolution_without_inputs_in_reach_is_its_bias():
    """The only tap lands on a cell that the padding takes away."""
    layer = ConvTranspose(
        filters=1, kernel=(1,), stride=(3,), padding=((1, 0),), output_padding=(1,)
    )
    shape = Shape(1, (1,))
    out = kernels.choose(layer, shape)([Tensor(shape, [5.0])], {"weight": [7.0], "bias": [0.5]})
    assert out == Tensor(Shape(1, (1,)), [0.5])


@pytest.mark.parametrize("wild", [inf, -inf, nan])
def test_weights_that_are_not_finite_stay_off_the_padding(wild):
    layer, shape = UP["4x4/2"]
    weight, bias = layer.parameters(shape)
    weights = {"weight": [0.5] * weight.size, "bias": [0.0] * bias.size}
    weights["weight"][0] = wild
    x = Tensor(shape, [1.0] * shape.size)
    check(layer.forward([x], weights), kernels.choose(layer, shape)([x], weights))


def test_what_cancels_in_a_transposed_convolution_is_left_to_the_layer_type(monkeypatch):
    asked = []
    layer_type_of = ConvTranspose.forward
    monkeypatch.setattr(
        conv_transpose.Transposed,
        "by_layer_type",
        lambda self, inputs, parameters: (
            asked.append(1) or layer_type_of(self.layer, inputs, parameters)
        ),
    )
    layer, shape = UP["2x2/2 of U-Net"]
    for value, expected in ((1.0, 0), (1e17, 1)):
        x = Tensor(shape, [value] * (shape.size // 2) + [-value] * (shape.size // 2))
        weights = {"weight": [1.0] * (24 * 16 * 4), "bias": [0.001] * 16}
        check(layer.forward([x], weights), kernels.choose(layer, shape)([x], weights))
        assert len(asked) == expected


@pytest.mark.parametrize("held", [array, memoryview])
def test_weights_of_a_transposed_convolution_as_a_file_holds_them(held):
    layer, shape = UP["groups"]
    random = Random(11)
    x = Tensor(shape, [random.gauss(0, 1) for _ in range(shape.size)])
    halves = {
        p.name: [random.randint(-8, 8) / 4 for _ in range(p.size)] for p in layer.parameters(shape)
    }
    arrays = {name: array("f", own) for name, own in halves.items()}
    if held is memoryview:
        arrays = {name: memoryview(own) for name, own in arrays.items()}
    check(layer.forward([x], halves), kernels.choose(layer, shape)([x], arrays))


@pytest.mark.parametrize("name", MORE)
@QUICK
@given(st.data(), SEEDS)
def test_infinity_and_nan_spread_as_in_the_layer_type(name, data, seed):
    layer, shapes = data.draw(examples(layer_type(name)))
    try:
        layer.output_shape(*shapes)
        expected, got = run_both(layer, shapes, seed, inputs=broken)
    except (UnplacedError, OverflowError, ZeroDivisionError):
        reject()
    check(expected, got)


class Lazy(Sequence):
    """Numbers of which nothing is known but that they are a sequence."""

    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def __getitem__(self, at):
        return self.values[at]


@pytest.mark.parametrize("name", MORE)
@settings(QUICK, max_examples=15)
@given(st.data(), SEEDS)
def test_numbers_may_come_as_any_sequence(name, data, seed):
    layer, shapes = data.draw(examples(layer_type(name)))
    random = Random(seed)
    tensors = [Tensor(s, [random.gauss(0, 1) for _ in range(s.size)]) for s in shapes]
    try:
        layer.output_shape(*shapes)
        parameters = {p.name: [0.5] * p.size for p in layer.parameters(*shapes)}
        expected = layer.forward(tensors, parameters)
    except (UnplacedError, ZeroDivisionError):
        reject()
    lazy = [Tensor(s, Lazy(array("d", values))) for s, values in tensors]
    out = kernels.choose(layer, *shapes)(lazy, parameters)
    check(expected, Tensor(out.shape, list(out.values)))


@pytest.mark.parametrize("name", ["dropout", "flatten", "identity"])
def test_what_stays_the_same_is_not_copied(name):
    x = Tensor(Shape(2, (2,)), [1.0, 2.0, 3.0, 4.0])
    assert kernels.choose(layer_type(name)(), x.shape)([x], {}).values is x.values


def test_a_blend_in_which_everything_cancels_is_left_to_the_layer_type(monkeypatch):
    asked = []
    monkeypatch.setattr(
        Resizing,
        "by_layer_type",
        lambda self, inputs, parameters: asked.append(1) or self.layer.forward(inputs, parameters),
    )
    layer, shape = Upsample(size=(2,), mode="bilinear"), Shape(1, (4,))
    for small, expected in ((1.0, 0), (-1e16, 1)):
        x = Tensor(shape, [1e16, small, -1e16, 1e16])
        check(layer.forward([x], {}), kernels.choose(layer, shape)([x], {}))
        assert len(asked) == expected


def test_a_softplus_that_is_bent_as_far_as_e_goes():
    layer, x = Softplus(threshold=800.0), Tensor(Shape(3), [709.5, 0.0, 900.0])
    assert kernels.choose(layer, x.shape)([x], {}) == layer.forward([x], {})


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_max_pooling_is_the_same_to_the_last_bit(kernel, stride):
    for rank, padding, ceil in product((1, 2, 3), (0, kernel // 2), (False, True)):
        layer = MaxPool(
            kernel=(kernel,), stride=(stride,), padding=((padding, padding),), ceil=ceil
        )
        expected, got = run_both(layer, [Shape(2, (7, 6, 5)[:rank])], 3)
        assert got.values == expected.values


def test_drawing_weights_takes_little_more_than_their_array():
    layer, shape = Fc(units=800), Shape(500)
    weight, _ = layer.parameters(shape)
    tracemalloc.start()
    try:
        values = initial("fc.weight", weight, layer, [shape], InitialWeights())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(values) == 400_000
    assert peak < 3 * 400_000 * values.itemsize


def test_work_ahead_knows_which_layers_are_fast(monkeypatch):
    monkeypatch.setattr(estimate, "slowness", lambda: 1.0)
    layer, shape = UP["2x2/2 of U-Net"]
    network = chain("net", shape, [("up", layer)])
    fast, slow = ahead(network), ahead(network, readable=True)
    assert fast.macs == slow.macs == layer.macs(shape)
    assert slow.seconds - fast.seconds > slow.macs * READABLE / 2e9
