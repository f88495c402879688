"""If, as PyTorch's older exporter writes it where the branch depends on a size.

The files and the outputs of the modules themselves are in data/onnx_branches: `squeeze` is
`y.squeeze(1)` of a map with open sizes, `sized` a scripted module with an `if` on its height.
"""

import json
from pathlib import Path

import pytest
from onnx_files import field, model, node, tensor, value

import cnncalc
from cnncalc import analyze, load
from cnncalc.errors import CnncalcError
from cnncalc.render.diagnostics import full

DATA = Path(__file__).parents[1] / "data" / "onnx_branches"
TRUTH = json.loads((DATA / "outputs.json").read_text(encoding="utf-8"))
# Parameters, by hand: conv 3x3x3x4 + 4 and conv 4 + 1; the same first one, then conv 4x2 + 2 or
# conv 3x3x4x6 + 6.
PARAMS = {("squeeze", 6): 112 + 5, ("sized", 6): 112 + 10, ("sized", 12): 112 + 222}


def loaded(name, sizes):
    return load(DATA / f"{name}.onnx", input="x".join(map(str, sizes)) + " CHW")


@pytest.mark.parametrize(
    ("name", "recorded"), [(name, each) for name, records in TRUTH.items() for each in records]
)
def test_the_branch_that_the_size_chooses(name, recorded):
    channels, height, width = recorded["sizes"]
    network = loaded(name, recorded["sizes"])
    assert analyze(network).totals.params == PARAMS[name, height]
    numbers = iter(recorded["input"])
    sample = [
        [[next(numbers) for _ in range(width)] for _ in range(height)] for _ in range(channels)
    ]
    (out,) = cnncalc.forward(network, sample).outputs
    expected = recorded["output"]
    pairs = zip(out.output.values, expected, strict=True)
    assert max(abs(a - b) for a, b in pairs) < 1e-6 * max(map(abs, expected))


def branch(nodes, outputs, stored=()):
    """A graph within an operator."""
    parts = [*(field(1, each) for each in nodes), *(field(5, each) for each in stored)]
    return b"".join([*parts, *(field(12, value(name, (1, 3, 8, 8))) for name in outputs)])


def chosen(condition, then, other, outputs=("y",)):
    """If with two branches; `condition` is the name of a tensor."""
    graphs = [
        field(5, field(1, name) + field(6, graph) + field(20, 5))
        for name, graph in (("then_branch", then), ("else_branch", other))
    ]
    head = [field(1, condition), *(field(2, name) for name in outputs), field(3, "/i/If")]
    return b"".join([*head, field(4, "If"), *graphs])


def write(tmp_path, *parts, **more):
    path = tmp_path / "m.onnx"
    path.write_bytes(model(*parts, **more))
    return str(path)


CONV = node("Conv", ["x", "w"], ["a"], "/c/Conv", pads=[1, 1, 1, 1])
WEIGHTS = [tensor("w", (3, 3, 3, 3)), tensor("b", (3, 1, 1))]
RELU, SIGMOID = node("Relu", ["a"], ["t"], "/t/Relu"), node("Sigmoid", ["a"], ["e"], "/e/Sigmoid")


def test_the_branch_that_is_not_taken_reads_nothing(tmp_path):
    """What is added behind the If is the bias of the convolution before it."""
    same, other = branch([node("Identity", ["a"], ["t"])], ["t"]), branch([SIGMOID], ["e"])
    nodes = [CONV, chosen("p", same, other, ["q"]), node("Add", ["q", "b"], ["y"], "/s/Add")]
    network = load(write(tmp_path, nodes, [*WEIGHTS, tensor("p", (), [1], kind=7)]))
    assert [n.layer.type for n in network.nodes] == ["input", "conv"]
    assert network.nodes[1].layer.bias
    network = load(write(tmp_path, nodes, [*WEIGHTS, tensor("p", (), [0], kind=7)]))
    assert [n.layer.type for n in network.nodes] == ["input", "conv", "sigmoid", "scale"]


def test_weights_within_a_branch(tmp_path):
    """3·x, by a number that the branch holds; torch.full((1, 3, 8, 8), 2.) is the input."""
    inner = [tensor("three", (3, 1, 1), [3.0, 4.0, 5.0])]
    then = branch([node("Mul", ["x", "three"], ["t"])], ["t"], inner)
    other = branch([node("Mul", ["x", "four"], ["e"])], ["e"], [tensor("four", (3, 1, 1))])
    path = write(tmp_path, [chosen("p", then, other)], [tensor("p", (), [1], kind=7)])
    (out,) = cnncalc.forward(load(path), [[[2.0] * 8] * 8] * 3).outputs
    assert list(out.output.values[::64]) == [6.0, 8.0, 10.0]


def message(path):
    with pytest.raises(CnncalcError) as caught:
        load(path)
    (diagnostic,) = caught.value.diagnostics
    return full(diagnostic)


def test_a_condition_that_the_network_computes(tmp_path):
    nodes = [CONV, chosen("a", branch([RELU], ["t"]), branch([SIGMOID], ["e"]))]
    path = write(tmp_path, nodes, WEIGHTS[:1])
    assert message(path) == (
        "error[unknown-operator]: 'If' whose condition the network computes has no layer here\n"
        f" --> {path}: node 2 of 2 '/i/If' (If, opset 17)\n"
        "  = note: 1 row stands before it; cut there with --until /c/Conv\n"
        "  = help: --partial goes on with rows of unknown cost"
    )


SECOND = branch([SIGMOID], ["e"])
DAMAGED = {
    "its branch puts out 'nothing', which nothing there makes": branch([RELU], ["nothing"]),
    "its branch puts out 0 of 1 tensor": branch([RELU], []),
    "input 1 is 'gone', which nothing": branch([node("Relu", ["gone"], ["t"])], ["t"]),
    "'Einsum' has no layer here": branch([node("Einsum", ["a"], ["t"])], ["t"]),
}


@pytest.mark.parametrize("complaint", DAMAGED)
def test_damaged_branches(tmp_path, complaint):
    nodes = [CONV, chosen("p", DAMAGED[complaint], SECOND)]
    text = message(write(tmp_path, nodes, [WEIGHTS[0], tensor("p", (), [1], kind=7)]))
    assert complaint in text
    assert "m.onnx: node 2 of 2 '/i/If' (If, opset 17)" in text


def test_an_if_without_branches(tmp_path):
    bare = node("If", ["p"], ["y"], "/i/If", then_branch=3)
    path = write(tmp_path, [CONV, bare], [WEIGHTS[0], tensor("p", (), [1], kind=7)])
    assert "it has no branches" in message(path)


def test_two_tensors_of_one_name_are_not_guessed_between(tmp_path):
    one, two = (branch([node("Mul", ["x", "k"], [n])], [n], [tensor("k", (3, 1, 1))]) for n in "te")
    path = write(tmp_path, [chosen("p", one, two)], [tensor("p", (), [1], kind=7)])
    assert analyze(load(path)).totals.params == 3
    with pytest.raises(CnncalcError, match="holds two tensors named 'k'"):
        cnncalc.forward(load(path), [[[2.0] * 8] * 8] * 3)
