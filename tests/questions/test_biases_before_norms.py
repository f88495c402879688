"""A norm attached to a convolution takes its bias away: rows, `check` and `compare` say so.

Counted by hand: C1 has 6 filters and C2 has 20, so that 26 biases are in question. Without them the
network has 450 + 12 + 3,000 + 40 + 210 = 3,712 parameters.
"""

import pytest

from cnncalc import analyze, check, compare, parse
from cnncalc.analysis.expect import unmet
from cnncalc.render import compare as render
from cnncalc.render import report_table
from cnncalc.render.choice import Choice

BARE, BIASES = 3712, 26
NET = """\
input: 32x32x3
layers:
  - C1: conv 6 5x5 {word} bn relu
  - C2: conv 20 5x5 {word} bn relu
  - gap
  - fc 10
"""
APART = NET.replace("{word} bn relu", "{word}\n  - bn\n  - relu")


def net(word="", text=NET):
    return parse(text.replace(" {word}", f" {word}".rstrip()))


def said(network, expected):
    (remark,) = analyze(network._replace(expect=expectation(expected))).expect
    return unmet(remark, "error")


def expectation(params):
    return parse(f"{NET.replace(' {word}', '')}expect: {{params: {params}}}\n").expect


def test_rows_say_that_the_bias_is_gone_and_what_fc_takes():
    lines = report_table.lines(analyze(net()))
    assert any("  conv nobias + bn + relu  " in line for line in lines)
    assert any("  fc 20→10  " in line for line in lines)
    with_biases = report_table.lines(analyze(net("bias")))
    assert any("  conv + bn + relu  " in line for line in with_biases)


@pytest.mark.parametrize("choice", [{"bars": "macs"}, {"columns": ("type", "params")}])
def test_where_the_width_is_wanted_for_more_they_do_not(choice):
    lines = "\n".join(report_table.lines(analyze(net()), Choice(**choice)))
    assert "nobias" not in lines
    assert "→" not in lines


def test_programs_read_the_plain_types():
    text = report_table.separated(analyze(net()), choice=Choice())
    assert ",conv + bn + relu," in text
    assert ",fc," in text


def test_missing_biases_are_told_by_name():
    remark = said(net(), BARE + BIASES)
    assert remark.message == "params: expected 3,738, got 3,712 (-26)"
    assert remark.help == (
        "26 are the biases of C1, C2, which the norms behind them made redundant; "
        "write 'bias' in these layers if they have one"
    )


def test_the_advice_works():
    assert said(net("bias"), BARE).help is not None
    assert analyze(net("bias")).totals.params == BARE + BIASES
    assert analyze(net("nobias", APART)).totals.params == BARE


@pytest.mark.parametrize("text", [NET, APART])
def test_biases_too_many_are_told_by_name(text):
    network = net("bias", text)
    remark = said(network, BARE)
    assert remark.help == (
        "26 are the biases of C1, C2, which norms follow; "
        "write 'nobias' in these layers if they have none"
    )


@pytest.mark.parametrize("delta", [-27, -25, -20, 20, 26, 1])
def test_other_differences_are_not_explained(delta):
    assert said(net(), BARE - delta).help is None


def test_check_prints_it(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(NET.replace(" {word}", "") + "expect: {params: 3738}\n")
    (result,) = check(str(path))
    assert result.diagnostics[0].help.startswith("26 are the biases of C1, C2")


def test_compare_names_the_layers_if_biases_are_all_the_difference():
    comparison = compare(net(), net("bias"))
    assert "\nparams: 26 more = biases of C1, C2\n" in render.text(comparison)
    assert "\nparams: 26 more = biases of C1, C2\n" in render.pull_request(comparison)
    back = compare(net("bias"), net())
    assert "\nparams: 26 fewer = biases of C1, C2\n" in render.text(back)


def test_compare_says_nothing_if_more_differs():
    other = parse(NET.replace(" {word}", " bias").replace("fc 10", "fc 11"))
    assert " = biases of" not in render.text(compare(net(), other))
    assert " = biases of" not in render.text(compare(net(), net()))
