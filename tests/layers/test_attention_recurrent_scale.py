"""What the layer types for sequences, attention and scaling refuse, and how they begin."""

import json
from math import sqrt
from pathlib import Path

import pytest

from cnncalc.errors import CnncalcError, UnplacedError
from cnncalc.inference.initial import InitialWeights, initial
from cnncalc.inference.parameters import WeightsFile, gather
from cnncalc.inference.run import forward
from cnncalc.layers import layer_type
from cnncalc.network import chain
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

REFUSALS = [
    ("glu", {}, [Shape(5, (3,))],
     "glu needs as many gates as values, but there are 5 channels",
     "give the layer before it an even number of channels"),
    ("scale", {"factor": "none"}, [Shape(5)],
     "scale has neither a factor nor a shift",
     "write scale 0.5, scale shift=1, or scale for a learned factor a channel"),
    ("reduce", {"kind": "std"}, [Shape(1, (4, 4))],
     "the standard deviation of 1 channel, divided by 1 - 1, is not a number",
     "write 'reduce std biased' to divide by the number of channels"),
    ("softmax", {"over": "w"}, [Shape(3, (4,))],
     "the input 4×3 has no axis 'w'", "its axes are l"),
    ("softmax", {"over": "h"}, [Shape(3)],
     "the input 3 has no axis 'h'", "a vector has channels only"),
    ("softmax", {"over": "positions", "groups": 2}, [Shape(4, (4,))],
     "groups=2 has no meaning where softmax goes over positions",
     "leave groups out, or write over=channels"),
    ("softmax", {"radix": 2}, [Shape(4)],
     "radix=2 has no meaning where softmax goes over channels",
     "leave radix out, or write over=radix"),
    ("softmax", {"over": "radix", "radix": 4, "groups": 2}, [Shape(12)],
     "radix=4 does not divide the 6 channels of a group",
     "the channels must be a multiple of groups x radix"),
    ("softmax", {"groups": 5}, [Shape(12)],
     "groups=5 does not divide the 12 input channels",
     "groups must divide 12: 1, 2, 3, 4, 6 or 12"),
    ("embedding", {"entries": 9, "size": 2}, [Shape(2, (3,))],
     "embedding looks up single numbers, but there are 2 channels",
     "feed it a vector of numbers, such as 'input: 20', or one channel"),
    ("lstm", {"units": 4}, [Shape(8)],
     "lstm reads a sequence, length x channels; its input is 8",
     "make it one first, such as reshape 8x1"),
    ("gru", {"units": 4}, [Shape(512, (1, 26))],
     "gru reads a sequence, length x channels; its input is 1×26×512",
     "make it one first: reshape 26x512"),
    ("rnn", {"units": 4}, [Shape(6, (2, 12))],
     "rnn reads a sequence, length x channels; its input is 2×12×6",
     "make it one first: pool the height to 1, or reshape 12x12 to put the rows into the channels"),
    ("matmul", {}, [Shape(196, (64,)), Shape(32, (196,))],
     "a 196×64 matrix cannot be multiplied by a 32×196 one",
     ("a tensor is a matrix of channels × positions; transpose_a=true or "
      "transpose_b=true transposes one first")),
    ("matmul", {"by_channel": True}, [Shape(8, (4, 5)), Shape(8, (4, 5))],
     "a 4×5 matrix cannot be multiplied by a 4×5 one",
     ("the map of a channel is a matrix of height × width; transpose_a=true or "
      "transpose_b=true transposes one first")),
    ("matmul", {"by_channel": True}, [Shape(8, (4, 5)), Shape(8, (5,))],
     ("by_channel=true multiplies maps of height and width, channel by channel; "
      "here 4×5×8 and 5×8 meet"),
     "give both inputs as many channels, each with a map"),
    ("matmul", {"by_channel": True}, [Shape(8, (4, 5)), Shape(4, (5, 4))],
     ("by_channel=true multiplies maps of height and width, channel by channel; "
      "here 4×5×8 and 5×4×4 meet"),
     "give both inputs as many channels, each with a map"),
    ("attention", {"heads": 3}, [Shape(64, (7, 7))],
     "heads=3 does not divide the 64 channels",
     "every head takes as many channels as the others"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "fields", "shapes", "message", "advice"), REFUSALS, ids=lambda x: str(x)[:30]
)
def test_a_refusal_says_what_is_wrong_and_what_to_write(name, fields, shapes, message, advice):
    with pytest.raises(UnplacedError) as caught:
        layer_type(name)(**fields).output_shape(*shapes)
    assert (caught.value.message, caught.value.help) == (message, advice)


@pytest.mark.parametrize("number", [0.5, -1.0, 5.0])
def test_an_embedding_takes_numbers_of_its_table_only(number):
    net = chain("net", Shape(2), [("words", layer_type("embedding")(entries=5, size=3))])
    with pytest.raises(CnncalcError) as caught:
        forward(net, {"in": Tensor(Shape(2), [0.0, number])}, gather(net))
    (problem,) = caught.value.diagnostics
    assert problem.message == f"words: {number:g} is not a whole number from 0 to 4"
    assert problem.help == "an embedding looks numbers up: give it a sample of whole numbers"


def start(name, parameter, fields, shape, scheme="default"):
    """The initial values of one parameter of a layer."""
    layer = layer_type(name)(**fields)
    stored = next(p for p in layer.parameters(shape) if p.name == parameter)
    return list(initial(f"row.{parameter}", stored, layer, (shape,), InitialWeights(scheme)))


def test_what_is_fixed_in_the_beginning():
    square = Shape(2, (5, 5))
    assert start("grn", "weight", {}, square) == [0.0, 0.0]
    assert start("scale", "weight", {"initial": 0.5}, square) == [0.5, 0.5]
    assert start("scale", "bias", {"shift": "learned"}, square) == [0.0, 0.0]
    assert start("blur", "filter", {}, square) == [n / 16 for n in (1, 2, 1, 2, 4, 2, 1, 2, 1)]
    assert start("bn", "weight", {"shift": False}, square) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "parameter", "fields", "bound"),
    [
        ("lstm", "weight_ih_l0", {"units": 16}, 1 / 4),
        ("lstm", "bias_hh_l0", {"units": 16}, 1 / 4),
        ("gru", "weight_hh_l0", {"units": 16}, 1 / 4),
        ("attention", "in_proj_weight", {}, sqrt(6 / 36)),
        ("attention", "out_proj.weight", {}, 1 / 3),
        ("attention", "in_proj_bias", {}, 0.0),
    ],
)
def test_numbers_are_drawn_within_the_bounds_of_pytorch(name, parameter, fields, bound):
    values = start(name, parameter, fields, Shape(9, (4,)))
    assert max(map(abs, values)) <= bound
    assert max(map(abs, values)) >= 0.9 * bound


def test_other_schemes_take_the_fans_of_each_matrix():
    values = start("lstm", "weight_hh_l0", {"units": 25}, Shape(9, (4,)), "he")
    assert 0.9 * sqrt(6 / 25) <= max(map(abs, values)) <= sqrt(6 / 25)
    assert not any(start("lstm", "bias_ih_l0", {"units": 25}, Shape(9, (4,)), "xavier"))
    entries = start("embedding", "weight", {"entries": 50, "size": 8}, Shape(4))
    assert 0.9 * sqrt(3) <= max(map(abs, entries)) <= sqrt(3)


def test_a_file_of_weights_may_leave_the_filter_of_a_blur_out():
    net = chain("net", Shape(1, (4, 4)), [("blur", layer_type("blur")())])
    parameters = gather(net, None, WeightsFile("w.json", {}))
    assert list(parameters.of(net, net.nodes[1])["filter"])[4] == 0.25


HEADS = json.loads((Path(__file__).parents[1] / "data" / "matmul_by_channel.json").read_text())


@pytest.mark.parametrize("case", HEADS["cases"], ids=str)
def test_maps_are_multiplied_channel_by_channel(case):
    """As torch.matmul multiplies the last two axes; its figures are in the file."""
    first, second, out = (_of(case[name]) for name in ("a", "b", "out"))
    turned = {name: case[name] for name in ("transpose_a", "transpose_b")}
    layer = layer_type("matmul")(by_channel=True, **turned)
    assert layer.forward([first, second], {}) == out
    assert layer.macs(first.shape, second.shape) == 3 * 2 * 4 * 5


def _of(channels):
    """A tensor from nested lists: channels, rows, columns."""
    shape = Shape(len(channels), (len(channels[0]), len(channels[0][0])))
    return Tensor(shape, [value for rows in channels for row in rows for value in row])
