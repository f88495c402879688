"""`analyze --as`, `--training` and `--memory`: other views of a network."""

import json

import pytest
from jsonschema import Draft202012Validator

from cnncalc.render.peers import schema as as_schema
from cnncalc.render.report_json import schema

EVERY_TOOL = ("torchinfo", "fvcore", "ptflops", "thop", "torch", "keras")


def test_as_another_tool_prints_it(cnncalc):
    answer = cnncalc("analyze", "resnet18", "--as", "torchinfo")
    lines = [" ".join(line.split()) for line in answer.out.splitlines()]
    assert lines[0] == "resnet18 as torchinfo 1.8.0 counts it"
    assert "Total params 11,689,512" in lines
    assert "Total mult-adds (G) 1.81 (1,814,083,944)" in lines
    assert "why Total mult-adds (G) is 1,814,083,944 and not 1,814,073,344 (MACs)" in lines
    assert "+1,000 biases: one for each output" in lines
    assert lines[-1].startswith("note: ")


@pytest.mark.parametrize("tool", EVERY_TOOL)
def test_the_document_of_a_tool(cnncalc, tool):
    document = cnncalc("analyze", "lenet5-1998", "--as", tool, "--batch", 2, "--json").json
    Draft202012Validator(as_schema()).validate(document)
    assert (document["schema"], document["as"]["name"]) == ("cnncalc.as/1", tool)
    for figure in document["figures"]:
        if "why" in figure:
            steps = sum(term["amount"] for term in figure["why"])
            assert figure["value"] == figure["base"] + steps


def test_what_training_keeps(cnncalc):
    answer = cnncalc("analyze", "lenet5", "--training", "adam")
    lines = [line.split() for line in answer.out.splitlines()]
    assert [
        "F6",
        "fc",
        "120→84",
        "+",
        "tanh",
        "84",
        "672",
        "40,656",
        "40,656",
        "81,312",
        "163,296",
    ] in lines
    total = next(line for line in lines if line[:1] == ["total"])
    assert total == ["total", "62,544", "246,824", "246,824", "493,648", "1,049,840"]
    assert answer.out.splitlines()[-1].startswith("assumed: every output is kept for the backward")


def test_the_columns_of_training_add_up_however_they_are_folded(cnncalc):
    for how in (("--depth", "0"), ("--depth", "1"), ("--expand",)):
        lines = cnncalc("analyze", "resnet18", "--training", "sgd", *how).out.splitlines()[2:]
        end = next(n for n, line in enumerate(lines) if line.startswith("total"))
        rows = [[int(word.replace(",", "")) for word in line.split()[-5:]] for line in lines[:end]]
        sums = [int(word.replace(",", "")) for word in lines[end].split()[-5:]]
        assert list(map(sum, zip(*rows, strict=True))) == sums, how


def test_training_in_the_report(cnncalc):
    document = cnncalc("analyze", "lenet5", "--training", "momentum", "--json").json
    Draft202012Validator(schema()).validate(document)
    training = document["training"]
    assert training["totals"]["optimiser_bytes"] == 61706 * 4
    layers = training["layers"]
    assert sum(layer["total_bytes"] for layer in layers) == training["totals"]["total_bytes"]
    assert [layer["name"] for layer in layers][:3] == ["in", "C1", "C1.tanh"]
    assert "training" not in cnncalc("analyze", "lenet5", "--json").json


def test_only_the_totals_of_training(cnncalc):
    lines = cnncalc("analyze", "lenet5", "--training", "sgd", "--totals").out.splitlines()
    assert len(lines) == 3
    # Kept outputs and parameters of LeNet-5, 4 bytes each: 15,636 and 61,706 numbers.
    assert lines[1] == "without gradients and optimiser: 309 kB (302 KiB)"
    assert lines[0].startswith("training with sgd (fp32, batch 1): 556 kB (543 KiB) = ")


def test_memory_says_where_the_peak_is_and_what_is_alive(cnncalc):
    out = cnncalc("analyze", "lenet5", "--memory", "--totals").out
    assert "peak 23,520 bytes at S2: C1.tanh 18,816 + S2 4,704\n" in out
    assert "peak with nothing in place 37,632 bytes at C1.tanh: C1 18,816 + C1.tanh 18,816\n" in out
    assert "GPU" not in out


def test_memory_for_a_microcontroller(cnncalc):
    out = cnncalc("analyze", "lenet5", "--memory", "--totals", "--dtype", "int8").out
    # 61,470 weights of a byte and 236 biases of four.
    words = "flash 62,414 bytes for the parameters, SRAM 5,880 bytes for the peak\n"
    assert f"on a microcontroller: {words}" in out
    assert "\nint8 as TensorFlow Lite stores it: a weight 1 byte, a bias 4 (int32); " in out
    assert "batch norms" not in out


def test_other_numbers_have_one_size(cnncalc):
    """A number of bytes says nothing of quantization."""
    out = cnncalc("analyze", "lenet5", "--memory", "--totals", "--dtype", "1").out
    assert "flash 61,706 bytes for the parameters" in out
    assert "TensorFlow Lite" not in out


def test_batch_norms_of_int8_are_said_to_be_as_they_stand(cnncalc):
    out = cnncalc("analyze", "resnet18", "--memory", "--totals", "--dtype", "int8").out
    assert "; batch norms, which converters fold into the layer before, not folded\n" in out


def test_parameters_and_peak_together_in_full(cnncalc):
    out = cnncalc("analyze", "lenet5", "--memory", "--totals", "--units", "exact").out
    assert "   params 246,824 bytes   activations 36,472 bytes   peak while running 23,520 b" in out
    assert "\nparams + peak 270,344 bytes\n" in out


def test_the_peak_in_the_report(cnncalc):
    document = cnncalc("analyze", "lenet5", "--json").json
    Draft202012Validator(schema()).validate(document)
    assert document["totals"]["memory"]["peak"] == {
        "bytes": 23520,
        "layer": "S2",
        "tensors": [{"name": "C1.tanh", "bytes": 18816}, {"name": "S2", "bytes": 4704}],
    }
    assert document["totals"]["memory"]["peak_out_of_place"]["bytes"] == 37632


@pytest.mark.parametrize("extra", [(), ("--fold",), ("--totals",)])
def test_the_bytes_of_each_row_in_the_report(cnncalc, extra):
    """Those of LeNet-5 by hand: 32-bit input, then each output with what it is made of."""
    document = cnncalc("analyze", "lenet5", "--json", "--memory", *extra).json
    Draft202012Validator(schema()).validate(document)
    assert document["timeline"][:4] == [
        {"name": "in", "bytes": 4 * 1024, "tensors": ["in"]},
        {"name": "C1", "bytes": 4 * (1024 + 4704), "tensors": ["in", "C1"]},
        {"name": "C1.tanh", "bytes": 4 * 4704, "tensors": ["C1.tanh"]},
        {"name": "S2", "bytes": 4 * (4704 + 1176), "tensors": ["C1.tanh", "S2"]},
    ]
    assert "timeline" not in cnncalc("analyze", "lenet5", "--json", *extra).json
    twice = cnncalc("analyze", "lenet5", "--json", "--memory", "--batch", 2, "--dtype", "fp16").json
    assert [moment["bytes"] for moment in twice["timeline"]] == [
        moment["bytes"] for moment in document["timeline"]
    ]


@pytest.mark.parametrize("name", ["resnet50", "unet", "densenet121", "googlenet", "siamese"])
def test_the_tensors_of_each_moment_add_up_to_its_bytes(cnncalc, name):
    document = cnncalc("analyze", name, "--json", "--memory").json
    size = {row["name"]: 4 * row["neurons"] for row in document["layers"]}
    size |= {port["name"]: 4 * port["size"] for port in document["inputs"]}
    for moment in document["timeline"]:
        assert sum(size[tensor] for tensor in moment["tensors"]) == moment["bytes"]
    memory = document["totals"]["memory"]
    peak = max(document["timeline"], key=lambda moment: moment["bytes"])
    assert (peak["name"], peak["bytes"]) == (memory["peak"]["layer"], memory["peak"]["bytes"])
    assert peak["tensors"] == [tensor["name"] for tensor in memory["peak"]["tensors"]]


def test_a_view_of_a_layer_that_does_not_exist(cnncalc):
    answer = cnncalc("analyze", "lenet5", "--training", "sgd", "--at", "C9")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.splitlines()[0] == "error[usage]: there is no layer 'C9'"
    assert cnncalc("analyze", "lenet5", "--training", "sgd", "--at", "C1").status == 0


def test_the_schema_of_another_tools_figures(cnncalc):
    assert json.loads(cnncalc("schema", "as").out)["title"] == "cnncalc.as/1"


def test_only_layers_of_a_type(cnncalc):
    """Types by any of their names; one that the network lacks is said, one that is none refused."""
    convolutions = cnncalc("analyze", "lenet5", "--only", "conv")
    names = [line.split()[1] for line in convolutions.out.splitlines()[2:5]]
    assert (convolutions.status, names) == (0, ["C1", "C3", "C5"])
    by_alias = cnncalc("analyze", "unet", "--only", "deconv").out
    assert by_alias == cnncalc("analyze", "unet", "--only", "conv_transpose").out
    assert "up" in by_alias
    absent = cnncalc("analyze", "lenet5", "--only", "bn,pool")
    assert (absent.status, absent.out) == (0, "")
    assert absent.err == (
        "note[empty]: LeNet-5 has no bn and no maxpool\n"
        "  = help: it has conv, tanh, avgpool, fc, softmax\n"
    )
    assert "C1" in cnncalc("analyze", "lenet5", "--only", "bn,conv").out
    wrong = cnncalc("analyze", "lenet5", "--only", "cnv")
    assert (wrong.status, wrong.out) == (2, "")
    assert wrong.err == (
        "error[usage]: there is no layer type 'cnv'\n  = help: did you mean 'conv'?\n"
    )


# -- bars, shares and silence


def test_bars_are_as_long_as_the_figures(cnncalc):
    lines = cnncalc("analyze", "lenet5", "--bars", "params").out.splitlines()
    bars = {line.split()[1]: line.count("█") for line in lines[2:10]}
    assert bars["C5"] == max(bars.values()) == 24
    assert bars["F6"] == round(24 * 10164 / 48120)  # the paper's parameters, C5 is the largest
    assert bars["S2"] == 0
    assert "Params %" in lines[1]
    assert "#" * 24 in cnncalc("analyze", "lenet5", "--bars", "params", "--ascii").out


def test_bars_of_memory_bring_their_column(cnncalc):
    lines = cnncalc("analyze", "lenet5", "--bars", "memory", "--format", "md").out.splitlines()
    assert "Bytes out" in lines[0]
    assert any("18,816" in line and "█" * 24 in line for line in lines)  # 28·28·6 floats


def test_sorted_lines_show_their_share_and_that_of_what_is_shown(cnncalc):
    out = cnncalc("analyze", "lenet5", "--sort", "params", "--top", 2).out
    titles, first, second, part, total = out.splitlines()[1:6]
    assert "Params %" in titles
    assert "78.0%" in first  # 48,120 of 61,706
    assert "16.5%" in second  # 10,164
    assert "94.5%" in part
    assert "100.0%" in total


def test_bars_are_for_tables(cnncalc):
    answer = cnncalc("analyze", "lenet5", "--bars", "macs", "--json")
    assert answer.status == 2
    assert answer.json["diagnostics"][0]["message"] == "--bars has no effect with --format json"


@pytest.mark.parametrize("command", ["analyze", "rf", "explain", "expand"])
def test_a_bundled_network_as_it_stands_gets_no_notes(cnncalc, command, tmp_path):
    assert cnncalc(command, "resnet50").err == ""
    mine = tmp_path / "mine.yaml"
    mine.write_text("input: 224x224x3\nlayers: [conv 64 11x11 s4]\n", encoding="utf-8")
    if command == "analyze":
        assert "note[fit]" in cnncalc(command, mine).err
        assert "note[fit]" in cnncalc(command, "resnet50", "--input", "224x224x3").err
        assert "error[fit]" in cnncalc(command, "resnet50", "--strict", "fit").err


def test_failures_of_expectations_stand_in_full_below_their_number(cnncalc, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "input: 5x5x1\nlayers: [conv 1 3x3]\nexpect: {params: 11, output: 3x3x1}\n",
        encoding="utf-8",
    )
    lines = cnncalc("analyze", mine).out.splitlines()
    assert lines[-2:] == [
        "expect: 1 of 2 ok",
        "expect: params expected 11, got 10 (-1) FAILED",
    ]
