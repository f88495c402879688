"""Blocks that call themselves, and the sizes of the tensor that enters a layer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written import error, layers, names, network, shapes, sources

from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.spec.write import text

TREE = """
    input: 8x8x4
    blocks:
      tree(n):
        - conv 4 3x3 p1
        - tree n-1 if n > 1
    layers: [tree N]
    """
HALVES = """
    input: 8x8x4
    blocks:
      halves(n):
        - concat:
            - halves n-1 when n > 1
            - conv 2**n 1x1
    layers: [halves 3]
    """


def rewritten(found):
    """The network, which is the same once it was written out and read."""
    again = build(read_document(text(found), "expanded"))
    assert [node.layer for node in again.nodes] == [node.layer for node in found.nodes]
    assert (sources(again), shapes(again)) == (sources(found), shapes(found))
    return found


@given(st.integers(1, 32))
@settings(max_examples=12, deadline=None)
def test_a_block_calls_itself_until_its_condition_ends_it(depth):
    found = rewritten(network(TREE.replace("N", str(depth))))
    assert [node.layer.type for node in found.nodes[1:]] == ["conv"] * depth
    assert names(found)[-1] == "tree1." * depth + "conv1"


def test_a_branch_that_is_left_out_ends_it_too():
    """8 + 4 + 2 maps."""
    found = rewritten(network(HALVES))
    assert list(shapes(found).values())[-1] == "8x8x14"


def test_blocks_may_call_each_other_in_a_circle():
    found = network("""
        input: 8x8x4
        blocks:
          even(n): [relu, odd n-1 if n > 0]
          odd(n): [tanh, even n-1 if n > 0]
        layers: [even 3]
        """)
    assert [node.layer.type for node in found.nodes[1:]] == ["relu", "tanh", "relu", "tanh"]


def test_calls_that_fan_out_are_refused_before_they_fill_the_memory():
    spec = TREE.replace("- conv 4 3x3 p1", "- tree n-1 if n > 1").replace("N", "32")
    assert error(spec).diagnostics[0].code == "too-many"


def test_deep_merges_in_blocks_that_call_themselves_are_an_error_with_a_place():
    merge = "identity"
    for _ in range(15):
        merge = f"{{residual: {merge}}}"
    spec = TREE.replace("conv 4 3x3 p1", merge).replace(
        "tree n-1 if n > 1",
        "add: [[{add: [[{residual: tree n-1 if n > 1}], identity]}], identity]",
    )
    code = network_or_code(spec.replace("N", "30"))
    assert code in ("built", "too-deep")


def network_or_code(spec):
    """`built`, or the code of the error."""
    try:
        network(spec)
    except Exception as problem:  # noqa: BLE001 - a RecursionError must fail the test
        return problem.diagnostics[0].code
    return "built"


# --- here.c -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "last"),
    [
        (("conv 6 3x3 p1", "conv 2*here.c 1x1"), "8x8x12"),
        (("conv 2*here.c 1x1 x3",), "8x8x32"),
        (("conv 6 3x3 s2 p1", "in -> conv here.h+here.w 1x1"), "8x8x16"),
        (("repeat: 2\n    layers: [conv here.c+1 1x1]",), "8x8x6"),
        (("a: conv 6 1x1", "relu", "{conv: {filters: here.c+1, kernel: 1}, from: in}"), "8x8x5"),
        (("conv 6 1x1 bn", "concat: [conv here.c 1x1, gap -> upsample size=(here.h*8)]"), "8x8x12"),
        (("conv 3 1x1", "conv 5 1x1 x=here.c", "fc here.c"), "5"),
        (("for: [k]\n    in: [[here.c], [2]]\n    do: conv k*here.c 1x1",), "8x8x32"),
    ],
)
def test_a_layer_reads_the_sizes_of_what_enters_it(lines, last):
    found = rewritten(layers(*lines, input="8x8x4"))
    assert list(shapes(found).values())[-1] == last


def test_a_block_passes_on_what_enters_its_call():
    found = network("""
        input: 8x8x4
        blocks:
          se(r=here.c//2): {mul: [identity, [gap, conv r 1x1 relu, conv cin 1x1 sigmoid]]}
        layers: [conv 10 1x1, se, se here.c*2]
        """)
    assert shapes(found)["se1.conv1"] == "1x1x5"
    assert shapes(found)["se2.conv1"] == "1x1x20"


def test_the_axes_of_other_inputs():
    assert list(shapes(layers("conv here.l f1", input="12x2 LC")).values()) == ["12x12"]
    assert list(shapes(layers("conv here.d f1", input="5x4x3x1 DHWC")).values()) == ["5x4x3x5"]


# --- in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("2 in [1, 2]", True), ("2 not in [1, 2]", False), ("k in n", True), ("k+1 in n", False),
        ("kind in ['a', 'b']", True), ("kind not in ['b']", True), ("k in []", False),
        ("2.0 in [1, 2]", True), ("k in [1, 3] or k in n", True), ("not k in n", False),
        ("on in [true]", True),
    ],
)  # fmt: skip
def test_in_a_list(condition, holds):
    more = "vars: {k: 2, n: [2, 4], kind: a, on: true}"
    found = layers(f'"relu if {condition}"', more=more)
    assert names(found) == (["relu1"] if holds else [])


def test_in_picks_passes_of_a_repeat():
    """Passes 1 and 3 of 4, counted from 0."""
    found = network("""
        input: 8x8x4
        layers:
          - repeat: 4
            layers:
              - conv 4 1x1 if i in [1, 3]
        """)
    assert len(names(found)) == 2
