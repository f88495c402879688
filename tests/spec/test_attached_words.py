"""Attached norms and activations: settings, conditions, and variables that hold them."""

import pytest
from written import layers, network, report, shapes, sources

from cnncalc.layers import layer_type
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.spec.write import text

MORE = "vars: {last: true, act: relu, norm: bn, nothing: none}"


def built(found):
    """The layers of a network, which are the same once it was written out and read."""
    again = build(read_document(text(found), "expanded"))
    made = [node.layer for node in found.nodes]
    assert [node.layer for node in again.nodes] == made
    assert (sources(again), shapes(again)) == (sources(found), shapes(found))
    return made


def attached(line, more=MORE):
    """The layers that follow a convolution of 4 filters."""
    first, *rest = built(layers(line, input="8x8x4", more=more))[1:]
    assert first.type == "conv"
    return [layer.type for layer in rest]


@pytest.mark.parametrize(
    ("word", "type_name", "fields"),
    [
        ("gn(2)", "gn", {"groups": 2}),
        ("gn(groups=2 affine=false)", "gn", {"groups": 2, "affine": False}),
        ("gn((2 if last else 4))", "gn", {"groups": 2}),
        ("leaky(0.1)", "leaky", {"slope": 0.1}),
        ("leaky( 0.1 )", "leaky", {"slope": 0.1}),
        ("bn(eps=0.001 affine=false)", "bn", {"eps": 0.001, "affine": False}),
        ("bn()", "bn", {}),
    ],
)
def test_settings_of_an_attached_word(word, type_name, fields):
    """As in the mapping form, and as on a line of its own."""
    made = built(layers(f"conv 4 f1 {word}", input="8x8x4", more=MORE))
    assert made[-1] == layer_type(type_name)(**fields)
    pairs = ", ".join(f"{key}: {str(value).lower()}" for key, value in fields.items())
    mapping = f"conv: {{filters: 4, kernel: 1, attached: [{{{type_name}: {{{pairs}}}}}]}}"
    assert built(layers(mapping, input="8x8x4", more=MORE)) == made


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("bn (relu if last)", ["bn", "relu"]),
        ("bn (relu if not last)", ["bn"]),
        ("(relu if last) (silu if not last)", ["relu"]),
        ("(bn leaky(0.1) if i == 0)", ["bn", "leaky"]),
        ("(norm act if last)", ["bn", "relu"]),
        ("bn (nothing if last)", ["bn"]),
        ("bn act", ["bn", "relu"]),
        ("bn nothing", ["bn"]),
    ],
)
def test_a_condition_or_a_variable_decides_what_is_attached(words, expected):
    assert attached(f"conv 4 1x1 {words}") == expected


def test_a_condition_in_the_mapping_form():
    line = "conv: {filters: 4, kernel: 1, attached: [{bn: {if: last}}, {relu: {if: not last}}]}"
    assert attached(line) == ["bn"]


@pytest.mark.parametrize("nothing", ["none", "identity"])
def test_a_block_may_be_told_to_attach_nothing(nothing):
    """16 weights and no bias before bn; without the norm 16 weights and 4 biases."""
    spec = """
        input: 8x8x4
        blocks:
          cv(c, norm=bn, act=relu): conv c 1x1 norm act
        layers: [CALL]
        """
    found = report(spec.replace("CALL", f"cv 4 act={nothing}"))
    assert [row.type for row in found.rows if row.type != "input"] == ["conv", "bn"]
    assert found.totals.params == 16 + 8
    found = report(spec.replace("CALL", f"cv 4 {nothing} {nothing}"))
    assert found.totals.params == 16 + 4


def test_the_text_decides_whether_the_defaults_hold_not_a_value():
    more = f"{MORE}\ndefaults: {{conv: bn relu}}"
    assert attached("conv 4 1x1", more) == ["bn", "relu"]
    for words in ("nothing", "(silu if not last)", "plain"):
        assert attached(f"conv 4 1x1 {words}", more) == []


def test_a_number_under_a_condition_in_parentheses_is_an_expression():
    found = network("input: 8x8x4\nvars: {wide: true}\nlayers: [conv (64 if wide else 32) 1x1]\n")
    assert shapes(found) == {"conv1": "8x8x64"}
