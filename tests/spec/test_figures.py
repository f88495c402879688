"""One table decides which figures may be expected, limited, compared, swept and shown."""

import json

import pytest

from cnncalc import check, load
from cnncalc.analysis.engine import analyze
from cnncalc.analysis.report import Memory, Row, Totals
from cnncalc.errors import CnncalcError, UnplacedError
from cnncalc.figures import FIGURES, used
from cnncalc.spec.amounts import parse_amount
from cnncalc.spec.schema import spec_schema
from cnncalc.spec.sections.budgets import parse_limit

# LeNet-5's first layer on its own: 6 filters of 5x5 over one map of 32x32.
# 150 weights, 6 biases, 28·28·6 neurons of 25 links (122,304 with biases, LeCun et al. 1998).
C1 = {
    "params": 156, "weights": 150, "biases": 6, "trainable": 156, "buffers": 0, "fixed": 0,
    "macs": 117600, "flops": 235200, "connections": 117600, "connections_with_bias": 122304,
    "neurons": 4704,
}  # fmt: skip
# The whole network: the same, and fp32 bytes of 156 numbers, of the input and the output.
NETWORK = {
    **{key: value for key, value in C1.items() if key != "neurons"},
    "inference_params": 156, "param_bytes": 624, "activation_bytes": 4 * (1024 + 4704),
    "peak_activation_bytes": 4 * (1024 + 4704), "rf": 5,
}  # fmt: skip


@pytest.fixture
def net(tmp_path):
    def write(tail):
        path = tmp_path / "net.yaml"
        path.write_text(f"input: 32x32x1\nlayers: [C1: conv 6 5x5]\n{tail}\n", encoding="utf-8")
        return str(path)

    return write


def complaint(path):
    with pytest.raises(CnncalcError) as caught:
        analyze(load(path))
    (said,) = caught.value.diagnostics
    return said


def test_the_lists_here_leave_out_no_figure():
    assert set(C1) == set(used("layer"))
    assert set(NETWORK) == set(used("expect"))


@pytest.mark.parametrize(("key", "value"), NETWORK.items())
def test_every_figure_may_be_expected_of_a_network(net, key, value):
    (held,) = analyze(load(net(f"expect: {{{key}: {value}}}"))).expect
    assert (held.actual, held.ok) == (value, True)
    (missed,) = analyze(load(net(f"expect: {{{key}: {value + 1}}}"))).expect
    assert (missed.actual, missed.ok) == (value, False)


@pytest.mark.parametrize(("key", "value"), C1.items())
def test_every_figure_of_a_row_may_be_expected_of_a_layer(net, key, value):
    (held,) = analyze(load(net(f"expect: {{layers: {{C1: {{{key}: {value}}}}}}}"))).expect
    assert (held.actual, held.ok) == (value, True)


@pytest.mark.parametrize("key", used("budget"))
def test_every_figure_that_may_be_limited_may_be_expected(net, key):
    limit = f">= {NETWORK[key]}"
    (result,) = check(net(f"budget: {{{key}: '{limit}'}}"))
    assert result.budget[0].actual == NETWORK[key]
    assert result.ok
    assert key in used("expect")


def test_the_table_names_fields_of_the_report():
    for figure in FIGURES.values():
        if figure.place in {"totals", "memory"}:
            assert figure.key in (Totals if figure.place == "totals" else Memory)._fields
    assert all(hasattr(Row, key) for key in (*used("layer"), *used("column")))


def test_bytes_are_expected_in_their_units(net):
    texts = {"param_bytes": "0.61KiB", "activation_bytes": "22.9 kB"}
    for key, text in texts.items():
        (held,) = analyze(load(net(f"expect: {{{key}: {text}}}"))).expect
        assert held.ok, key
    said = complaint(net("expect: {param_bytes: 5M}"))
    assert said.help == "write a number of bytes, or one with kB, MB, GB, KiB, MiB or GiB"


@pytest.mark.parametrize("text", ["0.15605k", "0.5", "156.2", "0.0000001M"])
def test_a_figure_between_whole_numbers_can_never_hold(net, text):
    said = complaint(net(f"expect: {{params: {text}}}"))
    assert said.message == f"'{text}' is not a whole number, so no figure can be equal to it"
    assert (said.code, said.span.line, said.span.column) == ("bad-figure", 3, 18)


def test_the_help_of_such_a_figure_works(net):
    said = complaint(net("expect: {params: 0.15605k}"))
    assert said.help == "write 156 or 157, or fewer digits"
    for text in ("156", "0.156k", "0.1560k"):
        (held,) = analyze(load(net(f"expect: {{params: {text}}}"))).expect
        assert held.ok, text


@pytest.mark.parametrize("text", ["-5", "010", "0x10", "1:30", "6.1e2", "1_", "true", "6 1"])
def test_what_is_no_figure(net, text):
    assert complaint(net(f"expect: {{params: {text}}}")).code == "wrong-type"
    with pytest.raises(UnplacedError, match="is not a valid limit for params"):
        parse_limit("params", text)


@pytest.mark.parametrize(
    ("key", "text", "help_"),
    [
        ("params", "0.5", "a whole number, such as 0 or 1"),
        ("params", ">= 1.5", "a whole number, such as 1 or 2"),
        ("macs", "0.0001k", "a whole number, such as 0 or 1"),
        ("param_bytes", "0.7KiB", "a whole number, such as 716 or 717"),
        ("rf", ">= 64.5", "a whole number, such as 64 or 65"),
    ],
)
def test_a_limit_between_whole_numbers_is_refused(key, text, help_):
    with pytest.raises(UnplacedError, match="is not a whole number") as caught:
        parse_limit(key, text)
    assert caught.value.help == help_


def test_thirty_digits_are_exact():
    """A context of 28 digits, the usual one of decimal arithmetic, would round them."""
    digits = "123456789012345678901234567891"
    assert parse_limit("macs", digits).limit == int(digits)
    assert parse_amount(digits, "count").interval == (int(digits), int(digits))
    assert parse_amount(f"{digits}0", "count") is None


@pytest.mark.parametrize(
    ("section", "meant"),
    [
        ("expect: {weight: 1}", "did you mean 'weights'?"),
        ("budget: {param_byte: 1}", "did you mean 'param_bytes'?"),
        ("expect: {layers: {C1: {bias: 1}}}", "did you mean 'biases'?"),
    ],
)
def test_an_unknown_key_is_told_with_what_was_meant(net, section, meant):
    said = complaint(net(section))
    assert (said.code, said.help) == ("unknown-key", meant)


def test_the_schema_of_specs_knows_them():
    schema = json.loads(json.dumps(spec_schema()))
    for place in (schema, schema["$defs"]["VariantModel"]):
        expect, budget = place["properties"]["expect"], place["properties"]["budget"]
        assert set(expect["properties"]) == {*used("expect"), "output", "layers"}
        assert set(budget["properties"]) == {*used("budget"), "training_bytes", "dtype"}
