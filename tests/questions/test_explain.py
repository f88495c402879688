"""explain: every step evaluates to its value, and its value is the figure of the report."""

import sys
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from arithmetic import evaluate

sys.path.insert(0, str(Path(__file__).parents[1] / "analysis"))

from graphs import Graph, conv, layer, pool

from cnncalc import load, zoo
from cnncalc.errors import CnncalcError
from cnncalc.layers import layer_type
from cnncalc.questions.explain import explain
from cnncalc.shapes import Shape
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build


@cache
def evaluated(numbers):
    """The value of a step's numbers; whole ones as ints, which are compared faster."""
    value = evaluate(numbers)
    return int(value) if value.denominator == 1 else value


HELD = set()  # rows of the bundled networks that have been checked
FIELD = {"size": 0, "jump": 1, "start": 2}


@cache
def fully_connected(shape, units, bias):
    """What the fully connected layer type says of a layer between the same volumes."""
    parameters = layer_type("fc")(units=units, bias=bias).parameters(shape)
    return {p.name: p.size for p in parameters}


def figure(row, field, memory):
    """The report's value of a step's field."""
    stem, _, axis = field.rpartition(".")
    if stem == "out":
        return row.out.by_letter[axis]
    if stem.startswith("receptive_field."):
        letters = {1: "l", 2: "hw", 3: "dhw"}[len(row.receptive_field.size)]
        return row.receptive_field[FIELD[stem.split(".")[1]]][letters.index(axis)]
    if field == "memory.output":
        return row.out.size * memory["batch"] * memory["each"]
    if field == "memory.stored":
        return (row.params + row.buffers + row.fixed) * memory["each"]
    if stem == "fc":
        known = fully_connected(row.in_shapes[0], row.out.size, bool(row.biases))
        values = {"weights": known["weight"], "biases": known.get("bias")}
        values["times"] = Fraction(known["weight"], row.weights or 1)
        return values[axis]
    return getattr(row, field)


def facts(told):
    """All that `check` looks at; networks repeat their layers."""
    row = told.row
    return row.type, row[5:15], row.receptive_field, told.steps  # shapes and counts


def check(network, held=None, **options):
    """Hold every step of every row, but for the rows in `held`; returns how many there were."""
    memory = {"batch": options.get("batch", 1), "each": {"fp16": 2}.get(options.get("dtype"), 4)}
    count = 0
    for told in explain(network, **options):
        row = told.row
        count += len(told.steps)
        if held is not None:
            if facts(told) in held:
                continue
            held.add(facts(told))
        fields = [step.field for step in told.steps]
        assert len(fields) == len(set(fields)), row.name
        for step in told.steps:
            assert evaluated(step.numbers) == step.value, (row.name, step)
            assert figure(row, step.field, memory) == step.value, (row.name, step)
        assert {"neurons", "params", "connections", "macs", "memory.output"} <= set(fields)
    assert count
    return count


@pytest.mark.parametrize("stem", zoo.files())
def test_every_step_of_every_layer_of_the_bundled_networks(stem):
    document = read_document(zoo.files()[stem].read_text(), stem)
    for variant in document.variants or [None]:
        check(build(document, variant), HELD)


def test_batch_and_dtype_reach_the_bytes():
    check(load("lenet5"), batch=8, dtype="fp16")
    steps = {s.field: s for s in explain(load("lenet5"), "C1", batch=8, dtype="fp16")[0].steps}
    assert (steps["memory.output"].numbers, steps["memory.output"].value) == ("4704·8·2", 75264)


def steps_of(network, name):
    return {step.field: step for step in explain(network, name)[0].steps}


def test_c3_of_lenet5_in_lecuns_figures():
    """LeCun et al. 1998, section II.B: C3 has 1,516 parameters and 151,600 connections."""
    steps = steps_of(load("lenet5-1998"), "C3")
    assert steps["params"].value == 1516
    assert steps["connections_with_bias"].value == 151600
    assert steps["receptive_field.size.w"].numbers == "6 + (5 - 1)·2"
    assert steps["receptive_field.size.w"].value == 14


def test_what_a_fully_connected_layer_would_cost():
    """C1 of LeNet-5: 1,024 inputs to 4,704 neurons, against 150 weights."""
    steps = steps_of(load("lenet5"), "C1")
    assert steps["fc.weights"].value == 1024 * 4704 == 4816896
    assert steps["fc.biases"].value == 4704
    assert steps["fc.times"].value == Fraction(4816896, 150)
    assert "fc.weights" not in steps_of(load("lenet5"), "F6")
    assert "fc.weights" not in steps_of(load("lenet5"), "S2")


def test_a_merge_is_read_off_the_unit_that_sees_most():
    graph = Graph(Shape(1, (16,)))
    graph.add("left", layer("conv", filters=1, kernel=(3,), padding=((2, 0),)), "in")
    graph.add("right", layer("conv", filters=1, kernel=(5,), padding=((1, 3),)), "in")
    graph.add("both", layer("add"), "left right")
    check(graph.network())
    size = steps_of(graph.network(), "both")["receptive_field.size.l"]
    assert (size.formula, size.numbers, size.value) == ("last - first + 1", "3 - (-2) + 1", 6)


def test_enlarging_dilation_and_gates():
    graph = Graph(Shape(2, (12, 9)))
    graph.add("dilated", conv(2, 3, p=2, d=2))
    graph.add("down", pool(2))
    graph.add("up", layer("upsample", scale=(2,)))
    graph.add("deconv", layer("conv_transpose", filters=2, kernel=(3,), stride=(2,)))
    graph.add("gap", layer("gap"))
    graph.add("gate", layer("mul"), "deconv gap")
    graph.add("fc", layer("fc", units=3), "gate")
    check(graph.network())
    assert steps_of(graph.network(), "dilated")["receptive_field.size.h"].formula == "r + d(F - 1)j"
    assert "a gate before it" in explain(graph.network(), "gate")[0].remarks[0]


def test_shared_weights_are_counted_where_they_are_kept():
    graph = Graph(Shape(1, (9, 9)))
    graph.add("first", conv(1, 3, p=1))
    graph.add("again", conv(1, 3, p=1), shared_with="first")
    check(graph.network())
    told = explain(graph.network(), "again")[0]
    steps = {step.field: step for step in told.steps}
    assert [steps[field].value for field in ("weights", "biases", "params")] == [0, 0, 0]
    assert steps["weights"].formula == "counted there"
    assert told.remarks[0] == "uses the weights of first, which are counted there"


def test_a_layer_comes_with_what_is_attached_and_a_part_with_all_its_layers():
    assert [told.row.name for told in explain(load("lenet5"), "C1")] == ["C1", "C1.tanh"]
    part = explain(load("resnet50"), "layer1.0")
    assert len(part) > 5
    assert all(told.row.name.startswith("layer1.0.") for told in part)
    network = load("lenet5")
    assert len(explain(network)) == len(network.nodes) - 1


def test_an_unknown_name_is_an_error_with_the_nearest_one():
    with pytest.raises(CnncalcError) as caught:
        explain(load("lenet5"), "C33")
    (problem,) = caught.value.diagnostics
    assert problem.message == "LeNet-5 has no layer named 'C33'"
    assert problem.help == "did you mean 'C3'?"
    with pytest.raises(CnncalcError) as caught:
        explain(load("lenet5"), "zzz")
    assert caught.value.diagnostics[0].help == "its layers are in 'cnncalc analyze lenet5.yaml'"


def test_a_vector_network_has_no_receptive_field():
    graph = Graph(Shape(10))
    graph.add("fc", layer("fc", units=5))
    check(graph.network())
    assert not any(field.startswith("rec") for field in steps_of(graph.network(), "fc"))
