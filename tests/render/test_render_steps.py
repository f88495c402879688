from fractions import Fraction

import pytest
from reports import row

from cnncalc.errors import Span
from cnncalc.layers._base import Step
from cnncalc.render import steps as form
from cnncalc.shapes import Shape

WIDTH = Step("out.w", "output width", "⌊(W - F + 2P)/S⌋ + 1", "⌊(224 - 11 + 2·0)/4⌋ + 1", 54)
WEIGHTS = Step("weights", "weights", "F·F·D·K", "11·11·3·96", 34848)
BIASES = Step("biases", "biases", "K", "96", 96)
LINKS = Step("connections", "connections", "neurons · F·F·D", "279936·363", 101616768)


def conv(*steps, **facts):
    into, out = Shape(3, (224, 224)), Shape(96, (54, 54))
    return row(1, "conv1", "conv", "in", into, out, steps=steps, **facts)


def test_letters_then_numbers_then_the_quotient_then_the_value():
    assert form.explanation(conv(WIDTH, WEIGHTS, BIASES, LINKS))[3:] == [
        "  output width   ⌊(W - F + 2P)/S⌋ + 1 = ⌊(224 - 11 + 2·0)/4⌋ + 1 = ⌊53.25⌋ + 1 = 54",
        "  weights        F·F·D·K = 11·11·3·96 = 34,848",
        "  biases         K = 96",
        "  connections    neurons · F·F·D = 279,936·363 = 101,616,768",
    ]


def test_a_quotient_that_is_whole_is_not_told():
    assert form.equation("⌊(W - F + 2P)/S⌋ + 1", "⌊(227 - 11 + 2·0)/4⌋ + 1", 55) == (
        "⌊(W - F + 2P)/S⌋ + 1 = ⌊(227 - 11 + 2·0)/4⌋ + 1 = 55"
    )


@pytest.mark.parametrize(
    ("numbers", "quotient"),
    [
        ("⌈(112 + 2 - 3)/2⌉ + 1", "⌈55.5⌉ + 1"),
        ("⌊(224 - 3)/7⌋ + 1", "⌊31.571…⌋ + 1"),
        ("⌊7/2⌋ · ⌊8/2⌋", "⌊3.5⌋ · ⌊4⌋"),
        ("⌊-7/2⌋", "⌊-3.5⌋"),
        ("5·5·6", None),
        ("⌊x/2⌋", None),
        ("⌊7/0⌋", None),
        ("⌊7//2⌋", None),
    ],
)
def test_what_is_rounded_is_worked_out_exactly(numbers, quotient):
    assert form.quotient(numbers) == quotient


def test_only_arithmetic_is_evaluated():
    assert form.evaluate("2·(3 + 4) - 1/2") == Fraction(27, 2)
    for text in ("a + 1", "2**9", "f(1)", "1.5"):
        with pytest.raises(ValueError, match=r"^only digits, \+ - · / and brackets$"):
            form.evaluate(text)


def test_formulas_for_programs_are_ascii_without_spaces():
    third = Step("jump", "jump", "1/S", "1/3", Fraction(1, 3))
    half = Step("start", "start", "a", "1/2", Fraction(1, 2))
    assert form.formulas(conv(WIDTH, WEIGHTS, third, half)) == {
        "out.w": "floor((224-11+2*0)/4)+1 = 54",
        "weights": "11*11*3*96 = 34848",
        "jump": "1/3 = 1/3",
        "start": "1/2 = 0.5",
    }


def test_an_explanation_says_where_what_and_why():
    span = Span("net.yaml", 7, 3, 9)
    told = conv(WEIGHTS, span=span, shared_with="conv0", note="Table I")
    assert form.explanation(told) == [
        "conv1   conv   net.yaml:7",
        "  input     224×224×3 (in)",
        "  output    54×54×96 = 279,936 neurons",
        "  weights   F·F·D·K = 11·11·3·96 = 34,848",
        "  shares    the weights of conv0",
        "  note      Table I",
    ]


def test_every_row_of_a_report_is_told_after_a_blank_line():
    told = list(form.sections([conv(BIASES), conv()], layout="CHW"))
    assert (
        told[1]
        == "\nconv1   conv\n  input    3×224×224 (in)\n  output   96×54×54 = 279,936 neurons\n"
    )
    assert told[0] == f"{told[1]}  biases   K = 96\n"


def test_an_explanation_in_ascii_and_another_layout():
    told = conv(WIDTH._replace(formula="⌊(W - F)/S⌋ + 1", numbers="⌊(224 - 11)/4⌋ + 1"))
    assert form.explanation(told, layout="CHW", ascii_only=True)[1:] == [
        "  input          3x224x224 (in)",
        "  output         96x54x54 = 279,936 neurons",
        "  output width   floor((W - F)/S) + 1 = floor((224 - 11)/4) + 1 = floor(53.25) + 1 = 54",
    ]
