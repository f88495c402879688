"""Scales by one number a position or a number of the map, learned or fixed."""

import pytest

from cnncalc import analyze, forward, parse
from cnncalc.errors import CnncalcError
from cnncalc.layers.scale import Scale
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

PAIR = Shape(2, (3,))
X = [1.0, 2.0, 3.0, 10.0, 20.0, 30.0]


@pytest.mark.parametrize(
    ("fields", "parameters", "expected"),
    [
        ({"factor": "none", "shift": "learned", "per": "position"}, {"bias": [1.0, 2.0, 3.0]},
         [2.0, 4.0, 6.0, 11.0, 22.0, 33.0]),
        ({"factor": "fixed", "per": "position"}, {"factor": [0.0, 1.0, 2.0]},
         [0.0, 2.0, 6.0, 0.0, 20.0, 60.0]),
        ({"factor": -1.0, "shift": "fixed", "per": "element"}, {"shift": X},
         [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        ({"factor": "learned", "shift": "fixed", "per": "channel"},
         {"weight": [2.0, 3.0], "shift": [1.0, -1.0]}, [3.0, 5.0, 7.0, 29.0, 59.0, 89.0]),
        ({"factor": "fixed", "shift": "learned", "per": "layer"},
         {"factor": [2.0], "bias": [1.0]}, [3.0, 5.0, 7.0, 21.0, 41.0, 61.0]),
    ],
)  # fmt: skip
def test_by_hand(fields, parameters, expected):
    layer = Scale(**fields)
    assert {p.name for p in layer.parameters(PAIR)} == set(parameters)
    assert layer.forward([Tensor(PAIR, X)], parameters).values == expected


def test_learned_positions_of_a_vision_transformer():
    """ViT-B/16 has 197 x 768 of them (Dosovitskiy et al. 2021; timm's `pos_embed`)."""
    report = analyze(
        parse("{input: 197x768 LC, layers: [scale factor=none shift=learned per=element]}")
    )
    assert report.totals.params == 151_296
    assert report.totals.fixed == 0


def test_fixed_numbers_are_no_parameters():
    """YOLOv8 at 640x640: the anchors of 8400 places, and the stride of each."""
    report = analyze(
        parse("""
input: 8400x2 LC
layers:
  - scale factor=-1 shift=fixed per=element
  - scale fixed per=position
""")
    )
    assert (report.totals.params, report.totals.fixed) == (0, 2 * 8400 + 8400)
    assert report.totals.trainable == 0


def test_the_numbers_may_stand_in_the_spec():
    network = parse("""
input: 2x1 LC
layers:
  - {scale: {factor: fixed, shift: fixed, per: position, weights: [2, 3], bias_values: [1, -1]}}
""")
    (out,) = forward(network, [[10.0, 100.0]]).outputs
    assert list(out.output.values) == [21.0, 299.0]


def test_fixed_numbers_that_nobody_gives_change_nothing():
    network = parse("{input: 2x1 LC, layers: [scale factor=fixed shift=fixed per=element]}")
    (out,) = forward(network, [[10.0, 100.0]]).outputs
    assert list(out.output.values) == [10.0, 100.0]


@pytest.mark.parametrize(
    ("line", "message", "place", "help_"),
    [
        ("{scale: {factor: fixed, per: position, weights: [1, 2]}}",
         "'weights' is 2, but the layer needs 3", (3, 53), "axes of size 1 may be left out"),
        ("{scale: {factor: 2, per: element, weights: [1, 2]}}",
         "this layer has no weight, so 'weights' has nothing to set", (3, 48), None),
        ("scale per=positions", "'positions' is not a valid per", (3, 15),
         "choose one of channel, element, layer, position"),
        ("scale factor=fixd", "no variable named 'fixd'", (3, 18), "did you mean 'fixed'?"),
    ],
)  # fmt: skip
def test_what_is_refused(line, message, place, help_):
    with pytest.raises(CnncalcError) as caught:
        parse(f"input: 3x2 LC\nlayers:\n  - {line}\n")
    (problem,) = caught.value.diagnostics
    assert problem.message == message
    assert (problem.span.line, problem.span.column) == place
    assert problem.help == help_
