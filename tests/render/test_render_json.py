import json as stdlib
import subprocess
import sys
from fractions import Fraction

import pytest
from jsonschema import Draft202012Validator
from reports import field, lenet, report, residual, row

from cnncalc.analysis.report import Check, Port
from cnncalc.errors import Diagnostic, Span
from cnncalc.layers._base import Step
from cnncalc.render import json, report_json
from cnncalc.render.report_json import schema
from cnncalc.shapes import Shape

NOTE = Diagnostic(
    "error", "add-mismatch", "cannot add", Span("net.yaml", 3, 5, 9), ("a: 1", "b: 2"), "do not"
)


def document(of, **options):
    return report_json.document(of, version="0.1.0", **options)


def everything():
    """A report in which every optional field occurs."""
    shape = Shape(4, (6, 6))
    odd = field(9, Fraction(1, 2), Fraction(1, 4))._replace(gated=True, aligned=False)
    step = Step("out.w", "output width", "⌊(W - F + 2P)/S⌋ + 1", "⌊(32 - 5 + 2·0)/1⌋ + 1", 28)
    add = row(
        2, "b", "add", "a", shape, shape, receptive_field=odd, note="hello", steps=(step,),
        tied_to="a",
        settings={"scale": Fraction(3, 2), "fit": None, "sizes": (1, [2, Fraction(2)])},
        span=Span("net.yaml", 3, 5, 9), unused=(0, 1), shared_with="a", block="unit",
    )  # fmt: skip
    rows = [
        row(1, "a", "identity", "in", shape, shape),
        add._replace(inputs=("a", "in"), in_shapes=(shape, shape)),
        row(3, "b.relu", "relu", "b", shape, shape, attached_to="b", train_only=True),
    ]
    failed = Check("macs", "714M", 5, ok=False, delta=-708)
    checks = (failed, Check("output", "6x6x4", "6x6x4", ok=True))
    facts = {"variant": "wide", "vars": {"n": (1, 2)}, "overrides": {"width": Fraction(1, 2)}}
    ports = (Port("b.relu", shape, train_only=True),)
    return report(rows, expect=checks, diagnostics=(NOTE,), outputs=ports, **facts)


def test_lenet_is_reported_as_the_contract_says():
    said = document(lenet())
    assert (said["schema"], said["ok"]) == ("cnncalc.report/1", True)
    assert said["tool"] == {"name": "cnncalc", "version": "0.1.0"}
    assert said["spec"] == {
        "name": "LeNet-5", "file": "lenet5.yaml", "variant": None, "vars": {}, "overrides": {},
    }  # fmt: skip
    assert said["inputs"] == [{"name": "in", "shape": {"h": 32, "w": 32, "c": 1}, "size": 1024}]
    assert said["totals"] == {
        "rows": 12, "weights": 61470, "biases": 236, "params": 61706, "trainable": 61706,
        "fixed": 0, "buffers": 0, "inference_params": 61706, "connections": 422824,
        "connections_with_bias": 429342, "macs": 416520, "flops": 833040,
        "memory": {"dtype": "fp32", "batch": 1, "param_bytes": 246824,
                   "activation_bytes": 36472, "peak_activation_bytes": 23520},
    }  # fmt: skip
    assert said["expect"] == [{"key": "params", "expected": 61706, "actual": 61706, "ok": True}]


def test_a_layer_is_reported_field_for_field():
    assert document(lenet())["layers"][0] == {
        "index": 1, "name": "C1", "path": "C1", "depth": 0, "type": "conv", "attached_to": None,
        "kind": "conv", "block": None, "inputs": ["in"],
        "source": {"file": "lenet5.yaml", "line": 4, "column": 9},
        "args": {"filters": 6, "kernel": [5, 5], "stride": [1, 1], "padding": [[0, 0], [0, 0]],
                 "dilation": [1, 1], "groups": 1, "bias": True},
        "in": {"h": 32, "w": 32, "c": 1}, "out": {"h": 28, "w": 28, "c": 6}, "neurons": 4704,
        "weights": 150, "biases": 6, "params": 156, "trainable": 156, "buffers": 0, "fixed": 0,
        "shared_with": None, "connections": 117600, "connections_with_bias": 122304,
        "macs": 117600, "flops": 235200,
        "receptive_field": {"size": [5, 5], "jump": [1, 1], "start": [2.5, 2.5]},
        "fit": {"exact": True, "unused": [0, 0]}, "train_only": False,
    }  # fmt: skip


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("of", [lenet(), residual()], ids=["lenet", "residual"])
def test_sums_over_the_layers_are_the_totals(of, folded):
    said = document(of, folded=folded)
    for figure in ("params", "weights", "biases", "macs", "flops", "connections", "buffers"):
        assert sum(layer[figure] for layer in said["layers"]) == said["totals"][figure]


def test_folding_merges_what_the_table_merges():
    layers = document(residual(), folded=True)["layers"]
    stem = layers[0]
    assert (stem["type"], stem["attached"], stem["params"]) == ("conv", ["bn", "relu"], 9536)
    assert (stem["in"]["c"], stem["out"]["c"]) == (3, 64)
    assert "attached" not in layers[1]


def test_what_does_not_apply_is_absent():
    (layer,) = document(report([row(1, "a", "fc", "in", Shape(2), Shape(3))]))["layers"]
    assert not {"fit", "receptive_field", "source", "note", "formulas", "in_shapes"} & set(layer)


def test_optional_facts_are_said_when_there_are_any():
    layer = document(everything())["layers"][1]
    assert layer["args"] == {"scale": 1.5, "sizes": [1, [2, 2]]}
    assert layer["receptive_field"] == {
        "size": [9, 9], "jump": [0.5, 0.5], "start": [0.25, 0.25], "gated": True, "aligned": False,
    }  # fmt: skip
    assert layer["in_shapes"] == [{"h": 6, "w": 6, "c": 4}] * 2
    assert layer["fit"] == {"exact": False, "unused": [0, 1]}
    assert layer["formulas"] == {"out.w": "floor((32-5+2*0)/1)+1 = 28"}


def test_an_expectation_written_with_a_suffix_stays_as_written():
    assert document(everything())["expect"] == [
        {"key": "macs", "expected": "714M", "actual": 5, "ok": False, "delta": -708},
        {"key": "output", "expected": "6x6x4", "actual": "6x6x4", "ok": True},
    ]
    assert document(everything())["ok"] is False


def test_rows_with_equal_settings_but_different_objects_keep_their_own():
    def lazily():
        for n in range(50):
            yield row(n, f"a{n}", "fc", "in", Shape(2), Shape(3), settings={"units": n})

    assert [layer["args"]["units"] for layer in report_json.layers(lazily())] == list(range(50))


def test_a_failure_is_one_document_with_the_reasons_and_what_was_known():
    assert report_json.failure([NOTE], version="0.1.0") == {
        "schema": "cnncalc.report/1", "ok": False,
        "tool": {"name": "cnncalc", "version": "0.1.0"},
        "diagnostics": [
            {"severity": "error", "code": "add-mismatch", "message": "cannot add",
             "file": "net.yaml", "line": 3, "column": 5, "end_column": 9,
             "notes": ["a: 1", "b: 2"], "help": "do not"},
        ],
    }  # fmt: skip
    partial = report_json.failure([NOTE], version="0.1.0", report=report(lenet().rows[:2]))
    assert [layer["name"] for layer in partial["layers"]] == ["C1", "C1.tanh"]


def test_the_text_is_the_document_with_one_line_per_layer():
    said = document(everything())
    text = json.dumps(said)
    assert stdlib.loads(text) == said
    assert sum(line.startswith('    {"index"') for line in text.splitlines()) == 3


def test_the_text_is_ascii_and_keeps_what_a_name_says():
    text = json.dumps(document(lenet(name='网 "\udc80"')))
    assert text.isascii()
    assert stdlib.loads(text)["spec"]["name"] == '网 "\udc80"'


def test_numbers_that_json_does_not_have_are_refused():
    shape = Shape(1)
    inf = report([row(1, "a", "hardtanh", "in", shape, shape, settings={"high": float("inf")})])
    with pytest.raises(ValueError, match=r"^Out of range float values are not JSON compliant"):
        json.dumps(document(inf))


def test_jsonl_is_one_layer_per_line():
    lines = list(report_json.jsonl(lenet().rows))
    assert [stdlib.loads(line)["name"] for line in lines[:2]] == ["C1", "C1.tanh"]
    assert len(lines) == 12
    assert not any("\n" in line for line in lines)


@pytest.mark.parametrize(
    "said",
    [
        document(lenet()),
        document(residual(), folded=True),
        document(everything()),
        report_json.failure([NOTE], version="0.1.0"),
        report_json.failure([NOTE], version="0.1.0", report=report(lenet().rows[:3])),
    ],
    ids=["lenet", "folded", "everything", "failure", "partial"],
)
def test_every_document_keeps_the_schema(said):
    Draft202012Validator.check_schema(schema())
    Draft202012Validator(schema()).validate(stdlib.loads(json.dumps(said)))


PLACES = {
    "report": lambda said: said,
    "spec": lambda said: said["spec"],
    "totals": lambda said: said["totals"],
    "memory": lambda said: said["totals"]["memory"],
    "layer": lambda said: said["layers"][1],
    "shape": lambda said: said["layers"][1]["out"],
    "field": lambda said: said["layers"][1]["receptive_field"],
    "fit": lambda said: said["layers"][1]["fit"],
    "expect": lambda said: said["expect"][0],
    "diagnostic": lambda said: said["diagnostics"][0],
}


@pytest.mark.parametrize("place", PLACES)
def test_a_field_that_the_schema_does_not_describe_is_noticed(place):
    said = document(everything())
    assert Draft202012Validator(schema()).is_valid(said)
    PLACES[place](said)["surprise"] = 1
    assert not Draft202012Validator(schema()).is_valid(said)


@pytest.mark.parametrize("key", ["totals", "layers", "spec", "ok"])
def test_a_report_that_lacks_a_field_is_noticed(key):
    said = document(lenet())
    del said[key]
    assert not Draft202012Validator(schema()).is_valid(said)


@pytest.mark.parametrize(
    "module", ["report_json", "report_table", "summary", "diagnostics", "table", "explain"]
)
def test_no_format_loads_what_is_heavy(module):
    heavy = ["rich", "pydantic", "yaml", "inspect", "typing_extensions", "cnncalc.layers"]
    code = f"import sys, cnncalc.render.{module}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
