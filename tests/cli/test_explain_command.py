"""`cnncalc explain`: question 3 of the manual, formats, names, completion."""

import io
import re

import jsonschema
import pytest

from cnncalc.render.explain import latex_formula, latex_text, printable
from cnncalc.render.explain import schema as explain_schema


def lines_of(answer):
    """Label -> text, of the first layer of an explanation."""
    pairs = (re.split(r"  +", line.strip(), maxsplit=1) for line in answer.out.splitlines())
    return dict(reversed([pair for pair in pairs if len(pair) == 2]))


def test_one_bias_per_filter_or_per_neuron(cnncalc):
    """Question 3: six biases for 4,704 neurons, so one per filter."""
    told = lines_of(cnncalc("explain", "lenet5", "C1"))
    assert told["biases"] == "K = 6"
    assert told["params"] == "weights + biases = 150 + 6 = 156"


def test_c3_of_1998(cnncalc):
    answer = cnncalc("explain", "lenet5-1998", "C3")
    told = lines_of(answer)
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.startswith("C3   conv   lenet5-1998.yaml:")
    assert told["written"] == "C3: conv 16 5x5"
    assert told["input"] == "14×14×6 (S2.sigmoid)"
    assert told["output width"] == "⌊(W - F + 2P)/S⌋ + 1 = ⌊(14 - 5 + 2·0)/1⌋ + 1 = 10"
    assert told["connections"] == "H'·W'·weights = 10·10·1,500 = 150,000"
    assert told["with biases"] == "connections + neurons = 150,000 + 1,600 = 151,600"
    assert told["receptive field"] == "r + (F - 1)j = 6 + (5 - 1)·2 = 14"
    assert told["fully connected"] == "inputs·neurons = 1,176·1,600 = 1,881,600"
    assert "output height" not in told  # the same as the width


def test_axes_that_differ_are_told_apart(cnncalc):
    told = lines_of(cnncalc("explain", "lenet5", "C1", "--input", "32x40x1"))
    assert told["output width"].endswith("= 36")
    assert told["output height"].endswith("= 28")


def test_every_layer_without_a_name(cnncalc):
    out = cnncalc("explain", "lenet5").out
    heads = [line.split()[0] for line in out.splitlines() if line and not line.startswith(" ")]
    assert heads[:4] == ["C1", "C1.tanh", "S2", "C3"]
    assert heads[-1] == "r,"
    assert out.count("attached to       C1\n") == 1


def test_ascii(cnncalc):
    answer = cnncalc("explain", "lenet5", "C1", "--ascii")
    assert answer.out.isascii()
    assert "floor((32 - 5 + 2*0)/1) + 1 = 28" in answer.out


def test_notes_batch_and_dtype(cnncalc, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text("input: 9x9x1\nlayers:\n  - a: conv 2 3x3 s2\n    note: mind the\n")
    told = lines_of(cnncalc("explain", path, "a", "--batch", 8, "--dtype", "fp16"))
    assert told["note"] == "mind the"
    assert told["bytes out"] == "neurons·batch·bytes = 32·8·2 = 512"
    path.write_text("input: 8x8x1\nlayers: [a: conv 2 3x3 s2]\n")
    told = lines_of(cnncalc("explain", path, "a"))
    assert told["remark"] == "rounds down: 1×1 (h×w) at the edge is never read"


def test_json_fits_its_schema_and_answers_jq(cnncalc):
    document = cnncalc("explain", "lenet5", "C1", "--json").json
    jsonschema.validate(document, explain_schema())
    assert document["schema"] == "cnncalc.explanation/1"
    assert document["layers"][0]["source"]["text"].startswith("C1: conv 6 5x5")
    steps = {step["field"]: step["value"] for step in document["layers"][0]["steps"]}
    assert (steps["params"], steps["out.w"], steps["fc.times"]) == (156, 28, 4816896 / 150)
    jsonschema.validate(cnncalc("explain", "unet", "--json").json, explain_schema())


def test_markdown_is_a_table_per_layer(cnncalc):
    out = cnncalc("explain", "lenet5", "C1", "--format", "md").out
    assert out.startswith("### C1: conv\n\nInput 32×32×1 (in); output 28×28×6.\n\n| Number |")
    assert "| biases | K | 6 | 6 |\n" in out
    tables = [line for line in out.splitlines() if line.startswith("|")]
    assert all(line.count("|") == 5 for line in tables)
    plain_signs = cnncalc("explain", "lenet5", "C1", "--format", "md", "--ascii").out
    assert plain_signs.startswith("### C1: conv\n\nInput 32x32x1 (in); output 28x28x6.\n\n")
    assert plain_signs.isascii()


def test_latex_is_balanced_and_escaped(cnncalc):
    out = cnncalc("explain", "lenet5", "--format", "latex").out
    assert out.startswith("\\paragraph{C1 (conv)}\n")
    assert out.count(r"\begin{align*}") == out.count(r"\end{align*}") == 12
    assert out.count("{") == out.count("}")
    assert out.count(r"\lfloor") == out.count(r"\rfloor") > 5
    assert not set(out) & set("·⌊⌋×_%#&") - {"&", "_"}
    assert out.count("&=") == out.count("&")


def test_latex_pieces():
    assert latex_formula("F·F·(D/groups)·K") == r"F \cdot F \cdot (D/\text{groups}) \cdot K"
    assert latex_formula("P₁ + P₂") == "P_{1} + P_{2}"
    assert latex_text("a_b{c}") == r"a\_b\{c\}"


def test_texts_of_the_user_cannot_command_the_terminal():
    assert printable("a\x1b[2J") == "a\ufffd[2J"
    assert printable("畳み込み ×") == "畳み込み ×"


def test_an_unknown_layer(cnncalc):
    answer = cnncalc("explain", "lenet5", "C33")
    assert (answer.status, answer.out) == (1, "")
    assert answer.err == (
        "error[unknown-layer]: LeNet-5 has no layer named 'C33'\n  = help: did you mean 'C3'?\n"
    )
    document = cnncalc("explain", "lenet5", "C33", "--json").json
    assert (document["ok"], document["diagnostics"][0]["code"]) == (False, "unknown-layer")


def test_standard_input_and_output_file(cnncalc, tmp_path, monkeypatch):
    text = b"input: 8x8x1\nlayers: [a: conv 2 3x3]\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    path = tmp_path / "a.txt"
    answer = cnncalc("explain", "-", "a", "-o", path)
    assert (answer.status, answer.out) == (0, "")
    assert path.read_text().startswith("a   conv")
    assert "  written                   layers: [a: conv 2 3x3]\n" in path.read_text()


def test_layer_names_complete():
    from cnncalc.cli.options import complete_layer

    class Context:
        params = {"file": "lenet5"}  # noqa: RUF012 - a stand-in for typer's context

    assert list(complete_layer(Context, "C")) == ["C1", "C1.tanh", "C3", "C3.tanh", "C5", "C5.tanh"]


@pytest.mark.parametrize("format_", ["junit", "xml"])
def test_formats_that_are_not_offered(cnncalc, format_):
    assert cnncalc("explain", "lenet5", "--format", format_).status == 2
