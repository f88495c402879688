"""A reference to a later layer is reported as a cycle only where that is certain."""

import pytest
from written import layers

from cnncalc.errors import CnncalcError
from cnncalc.spec.document import read_document

BLOCKS = """\
input: 8x8x1
blocks:
  through: conv 1 3x3 p1
  aside(; t): [from t, conv 1 3x3 p1]
layers:
"""
CYCLE, LATER = "'b' is defined at line {0}, and depends on this layer", "'b' is defined at line {0}"


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (["add b", "b: relu"], CYCLE),
        (["add b", "conv 1 3x3 p1", "relu", "b: relu"], CYCLE),
        (["add b -> relu", "b: relu -> relu"], CYCLE),
        (["add b", "b: [relu, relu]"], CYCLE),
        (["add b", "b: through"], CYCLE),
        (["add b", "{repeat: 2, layers: [relu]}", "b: relu"], CYCLE),
        (["add b", "b: {add: [identity, from in]}"], CYCLE),
        (["add b", "side: gap", "b: relu"], CYCLE),
        (["relu: {from: b}", "b: relu"], CYCLE),
        (["a: relu", "add b", "{b: relu, from: a}"], LATER),
        (["a: relu", "add b", "from a", "b: relu"], LATER),
        (["a: relu", "add b", "from a -> relu", "b: relu"], LATER),
        (["a: relu", "add b", "b: aside t=a"], LATER),
        (["a: relu", "add b", "b: {add: [from a, from in]}"], LATER),
        (["a: relu", "add b", "{side: [from a, relu], name: b}"], LATER),
        (["add: [identity, add b]", "b: relu"], LATER),  # true, but inside a branch
    ],
)
def test_whether_the_later_layer_depends_on_this_one(lines, note):
    with pytest.raises(CnncalcError) as caught:
        read_document(BLOCKS + "".join(f"  - {line}\n" for line in lines), "net.yaml")
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == (
        "forward-reference", "'b' is used before it is computed",
    )  # fmt: skip
    assert found.notes == (note.format(5 + len(lines)),)
    assert found.help == "a feed-forward network can only refer back"


@pytest.mark.parametrize(("condition", "types"), [("true", ["conv", "bn"]), ("false", ["conv"])])
def test_if_at_the_end_of_a_chain_is_about_its_last_layer(condition, types):
    found = layers(
        f"conv 4 1x1 -> bn if {condition}", f"add: [relu -> tanh if {condition}, identity]"
    )
    assert [node.layer.type for node in found.nodes[1:]][: len(types)] == types
    assert [node.layer.type for node in found.nodes].count("tanh") == len(types) - 1
