"""The harness turns red: layers that are wrong in one respect, and the step evaluator."""

from fractions import Fraction

import pytest
from arithmetic import evaluate
from harness import check_layer

from cnncalc.layers import layer_type
from cnncalc.layers._base import Parameter
from cnncalc.shapes import Shape
from cnncalc.window import Reach

Conv, Fc, Bn, Relu, Mul = map(layer_type, ("conv", "fc", "bn", "relu", "mul"))
PICTURE = Shape(2, (6, 5))


def test_right_layers_pass():
    assert check_layer(Conv(filters=3, kernel=(3, 2)), PICTURE).multiplications == 16 * 36
    assert check_layer(Fc(units=4), PICTURE).multiplications == 240
    assert check_layer(Bn(), PICTURE).others > 0
    assert check_layer(Relu(), PICTURE).multiplications == 0
    assert check_layer(Mul(), PICTURE, Shape(2, (1, 1))).multiplications == 60


class TooManyMacs(Conv):
    def macs(self, *inputs):
        return Conv.macs(self, *inputs) + 1


class BiasAsConnection(Fc):
    def connections(self, *inputs):
        return Fc.connections(self, *inputs) + self.units


class ShortReach(Conv):
    def reach(self, *inputs):
        return ((Reach(1, 0, 1), Reach(1, 0, 1)),)


class LongReach(Conv):
    def reach(self, *inputs):
        return ((Reach(1, 0, 2), Reach(1, 0, 2)),)


class PaddingTakenForInput(Conv):
    def fit(self, *inputs):
        return tuple(w.leftover(s) for w, s in zip(self.windows(*inputs), (6, 5), strict=True))


class NeedlessParameter(Bn):
    def parameters(self, *inputs):
        return (*Bn.parameters(self, *inputs), Parameter("momentum", (1,)))


class MissingParameter(Bn):
    def parameters(self, *inputs):
        return Bn.parameters(self, *inputs)[1:]


class WrongShape(Relu):
    def output_shape(self, *inputs):
        return Shape(inputs[0].channels + 1, inputs[0].spatial)


class WrongNumbers(Fc):
    def explain(self, *inputs):
        first, *rest = Fc.explain(self, *inputs)
        return [replace_numbers(first), *rest]


class WrongValue(Fc):
    def explain(self, *inputs):
        first, *rest = Fc.explain(self, *inputs)
        return [first._replace(numbers="3", value=3), *rest]


class SilentOnMacs(Fc):
    def explain(self, *inputs):
        return Fc.explain(self, *inputs)[:-1]


class Idle(Mul):
    work = "none"


def replace_numbers(step):
    return step._replace(numbers=f"{step.numbers} + 1")


@pytest.mark.parametrize(
    ("wrong", "fields", "said"),
    [
        (TooManyMacs, {"filters": 3, "kernel": (2,)}, "481 MACs, but 480 multiplications"),
        (BiasAsConnection, {"units": 4}, "244 connections, but 240 links"),
        (ShortReach, {"filters": 3, "kernel": (3,)}, r"output 0 read \[0, 1, 2\], not 0..1"),
        (LongReach, {"filters": 3, "kernel": (2,)}, "no output reads as far up as Reach"),
        (
            PaddingTakenForInput,
            {"filters": 1, "kernel": (3,), "stride": (2,), "padding": ((1, 1),)},
            r"1 columns unused, but only \[\] are unread",
        ),
        (NeedlessParameter, {}, "1 numbers of momentum never reach the output"),
        (WrongShape, {}, "6×5×2 came out instead of 6×5×3"),
        (WrongNumbers, {"units": 4}, r"4 \+ 1 is not 4"),
        (WrongValue, {"units": 4}, "neurons is 4"),
        (SilentOnMacs, {"units": 4}, "not explained: {'macs'}"),
    ],
)
def test_a_wrong_layer_fails(wrong, fields, said):
    with pytest.raises(AssertionError, match=said):
        check_layer(wrong(**fields), PICTURE)


def test_a_parameter_that_is_used_must_be_declared():
    with pytest.raises(KeyError, match="weight"):
        check_layer(MissingParameter(), PICTURE)


def test_a_layer_that_multiplies_is_not_free():
    with pytest.raises(AssertionError, match="its work is 'none'"):
        check_layer(Idle(), PICTURE, PICTURE)


@pytest.mark.parametrize(
    ("numbers", "value"),
    [
        ("28·28·6", 4704),
        ("⌊(224 - 11 + 2·0)/4⌋ + 1", 54),
        ("⌈7/2⌉ - 1", 3),
        ("-3 + 1/2", Fraction(-5, 2)),
        ("⌊7·1.5⌋", 10),
    ],
)
def test_steps_are_evaluated_exactly(numbers, value):
    assert evaluate(numbers) == value


@pytest.mark.parametrize("numbers", ["2**3", "len(3)", "x", "[1]", "'a'"])
def test_steps_hold_nothing_but_plain_arithmetic(numbers):
    with pytest.raises(KeyError):
        evaluate(numbers)
