"""A layer that is not known, with the figures that its writer states."""

import json

import pytest
from written import error, network, report, said

from cnncalc.errors import CnncalcError
from cnncalc.inference.parameters import gather
from cnncalc.inference.run import forward
from cnncalc.neuron_origin import neuron_origin
from cnncalc.render import report_json, summary
from cnncalc.render.fold import type_text
from cnncalc.spec.write import text as spec_text
from cnncalc.tensor import Tensor

DETECTOR = """
    input: 50x50x256
    layers:
      - roi: custom "RoI Align" out=7x7x256 params=0 macs=1.2M
      - deform:
          custom: {operation: DeformConv2d, out: [7, 7, 64], params: 147520, macs: 7225344}
      - conv 8 3x3
      - fc 10
    """


def test_the_figures_are_those_that_were_stated():
    found = report(DETECTOR)
    roi, deform, *_ = found.rows
    assert (roi.out.text(times="x"), roi.params, roi.macs) == ("7x7x256", 0, 1_200_000)
    assert (deform.out.text(times="x"), deform.params, deform.macs) == (
        "7x7x64",
        147_520,
        7_225_344,
    )
    assert found.totals.macs == 1_200_000 + 7_225_344 + 8 * 64 * 9 * 25 + 2000


def test_its_rows_and_the_totals_say_so():
    found = report(DETECTOR)
    assert [row.stated for row in found.rows] == [True, True, False, False]
    assert type_text(found.rows[:1]) == "RoI Align (stated)"
    line = "including stated figures of 2 layers, whose connections are not known"
    assert line in summary.lines(found)
    assert not [x for x in summary.lines(report("input: 8\nlayers: [fc 2]")) if "stated" in x]


def test_json_marks_it():
    document = report_json.document(report(DETECTOR), version="0")
    assert document["totals"]["stated_layers"] == 2
    assert [layer.get("stated") for layer in document["layers"]] == [True, True, None, None]
    plain = json.dumps(report_json.document(report("input: 8\nlayers: [fc 2]"), version="0"))
    assert "stated" not in plain


def test_its_receptive_field_is_not_known_nor_any_behind_it():
    found = report(DETECTOR)
    assert [row.receptive_field for row in found.rows] == [None] * 4
    with pytest.raises(CnncalcError, match=r"what 'deform' reads is not known"):
        neuron_origin(network(DETECTOR), 3, (0, 0))


def test_it_cannot_be_run_and_is_named():
    net = network('input: 4\nlayers:\n  - odd: custom "Odd" out=4 params=2 macs=8\n')
    sample = {"in": Tensor(net.nodes[0].shape, [0.0] * 4)}
    with pytest.raises(CnncalcError) as caught:
        forward(net, sample, gather(net))
    (problem,) = caught.value.diagnostics
    assert problem.message == "what 'odd' computes is not known: only its figures were stated"
    assert problem.help == "a network with such a layer is counted, but cannot be run"


def test_it_takes_several_tensors():
    found = report("""
        inputs: {features: 50x50x256, boxes: 100x4 LC}
        layers: [from features, custom "RoIAlign" boxes out=7x7x256 params=0 macs=0]
        """)
    assert [shape.text() for shape in found.rows[-1].in_shapes] == ["50×50×256", "100×4"]


def test_it_is_written_out_and_read_back():
    before, after = network(DETECTOR), network(spec_text(network(DETECTOR)))
    assert [node.layer for node in after.nodes] == [node.layer for node in before.nodes]


LATER = ["attention", "blur", "embedding", "lstm", "matmul", "min", "reduce", "scale"]


@pytest.mark.parametrize("word", LATER)
def test_words_that_became_types_are_still_names(word):
    """Specs that called a layer or a block so before the type came mean what they meant."""
    found = report(f"""
        input: 8x8x3
        blocks:
          {word}_(c): [conv c 1x1]
        layers:
          - {word}: conv 4 3x3
          - conv 5 1x1 -> relu
          - from {word} -> conv 6 1x1
        """)
    assert (found.rows[0].name, found.rows[0].type) == (word, "conv")
    block = report(f"""
        input: 8x8x3
        blocks: {{{word}(c): [conv c 1x1]}}
        layers: [{word} 5]
        """)
    assert [(row.type, row.out.channels) for row in block.rows] == [("conv", 5)]


def test_words_of_the_type_are_not_names():
    found = report("input: 8x8x3\nlayers: [{reduce: max}, {scale: 0.5}, {min: [identity, relu]}]")
    assert [row.type for row in found.rows] == ["reduce", "scale", "relu", "min"]


def line(words):
    return f"input: 8x8x3\nlayers:\n  - {words}\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ('custom "R" out=3 params=0', "missing-option"),
        ('custom "R" out=3 params=1.5 macs=1', "wrong-type"),
        ('custom "R" out=3 params=1.23456k macs=1', "bad-value"),
        ('custom "R" out=1x2x3x4x5 params=0 macs=1', "reshape"),
        ('custom "" out=3 params=0 macs=1', "quotes"),
        ('custom "R out=3 params=0 macs=1', "quotes"),
        ('conv 3 "R" 3x3', "quotes"),
    ],
)
def test_what_is_missing_or_odd_is_said(words, code):
    assert [d.code for d in error(line(words)).diagnostics][:1] == [code]


def test_the_message_points_at_the_quotes():
    assert said(line('conv 3 "R" 3x3')) == (
        "error[quotes]: 'conv' takes no text in quotes\n"
        " --> net.yaml:3:12\n"
        "  |\n"
        '3 |   - conv 3 "R" 3x3\n'
        "  |            ^^^\n"
    )
