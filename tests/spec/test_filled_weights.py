"""Explicit weights from one word: `weights: ones`, `zeros`, a number, `eye`."""

import pytest
from jsonschema import Draft202012Validator
from written import network

from cnncalc.inference.parameters import gather
from cnncalc.inference.run import forward
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.spec.schema import spec_schema
from cnncalc.spec.write import text
from cnncalc.tensor import Tensor

X = [1.0, 2.0, -4.0]


def output(layer, weights, bias, input="3"):
    """What a layer makes of X; the same once the network was written out and read."""
    found = network(f"""
        input: {input}
        layers:
          - {layer}
            weights: {weights}
            bias_values: {bias}
        """)
    again = build(read_document(text(found), "expanded"))
    assert [node.values for node in again.nodes] == [node.values for node in found.nodes]
    sample = {"in": Tensor(found.nodes[0].shape, X)}
    (result,) = forward(found, sample, gather(found, None, None)).outputs
    return result.output.values


@pytest.mark.parametrize(
    ("weights", "bias", "expected"),
    [
        ("ones", "zeros", [-1, -1, -1]),
        ("ones", "0.5", [-0.5, -0.5, -0.5]),
        ("zeros", "ones", [1, 1, 1]),
        ("2", "zeros", [-2, -2, -2]),
        ("eye", "zeros", [1, 2, -4]),
        ("[[1, 1, 1], [1, 1, 1], [1, 1, 1]]", "[0, 0, 1]", [-1, -1, 0]),
    ],
)
def test_all_weights_from_one_word(weights, bias, expected):
    assert output("fc: 3", weights, bias) == pytest.approx(expected)
    assert output("conv: 3 1x1", weights, bias, "1x1x3 HWC") == pytest.approx(expected)


def test_eye_of_fewer_units_and_of_more():
    assert output("fc: 2", "eye", "zeros") == pytest.approx([1, 2])
    assert output("fc: 4", "eye", "zeros") == pytest.approx([1, 2, -4, 0])


def test_the_schema_knows_them():
    check = Draft202012Validator(spec_schema())
    for weights, right in (
        ("ones", True),
        (0.5, True),
        ("eye", True),
        ([[1]], True),
        ("twos", False),
    ):
        layers = [{"fc": {"units": 3, "weights": weights}}]
        assert check.is_valid({"input": "4", "layers": layers}) is right
