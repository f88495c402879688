"""Tensor arguments of blocks that may be none, over which merges pass."""

import pytest
from written import network, shapes, sources

from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.spec.write import text

FUSE = """
    input: 8x8x4
    blocks:
      fuse(c; a, b=none, d=none):
        - MERGE
    layers:
      - p: conv 4 1x1
      - q: conv 4 1x1
      - CALL
    """


def joined(merge, call):
    """What the merge reads, by name; the same once the network was written out and read."""
    found = network(FUSE.replace("MERGE", merge).replace("CALL", call))
    again = build(read_document(text(found), "expanded"))
    assert (sources(again), shapes(again)) == (sources(found), shapes(found))
    return sources(found).get("fuse1.add1")


@pytest.mark.parametrize(
    "merge", ["add a b d", "add: [identity, a, b, d]", "add: [identity, a, from b, d]"]
)
@pytest.mark.parametrize(
    ("call", "tensors"),
    [
        ("fuse 4 a=p", ["q", "p"]),
        ("fuse 4 a=p b=in", ["q", "p", "in"]),
        ("fuse 4 a=p d=in", ["q", "p", "in"]),
        ("fuse 4 a=p b=none d=in", ["q", "p", "in"]),
        ("fuse: {c: 4, a: p, b: in, d: none}", ["q", "p", "in"]),
        ("fuse: 4 a=p b=in d=p", ["q", "p", "in", "p"]),
    ],
)
def test_a_merge_passes_over_a_tensor_that_is_none(merge, call, tensors):
    assert joined(merge, call) == tensors


@pytest.mark.parametrize("branch", ["b -> conv c 1x1", "[b, conv c 1x1]", "{conv: c 1x1, from: b}"])
def test_a_branch_that_begins_with_none_is_left_out(branch):
    merge = f"add: [a, identity, {branch}]"
    assert joined(merge, "fuse 4 a=p") == ["p", "q"]
    assert joined(merge, "fuse 4 a=p b=in") == ["p", "q", "fuse1.conv1"]


def test_a_merge_of_which_one_input_is_left_passes_it():
    assert joined("add b d", "fuse 4 a=p") is None
    assert joined("add: [a, d]", "fuse 4 a=p") is None


def test_none_is_handed_on_to_an_inner_block():
    found = network("""
        input: 8x8x4
        blocks:
          inner(; d=none): [add d]
          outer(; d=none): [relu, inner d=d]
        layers: [outer, outer d=in]
        """)
    assert sources(found)["outer2.inner1.add1"] == ["outer2.relu1", "in"]
    assert "outer1.inner1.add1" not in sources(found)


def test_a_layer_that_is_called_none_is_a_tensor():
    found = network("""
        input: 8x8x4
        blocks:
          b(; d=none): [add d]
        layers: [conv 4 1x1 as none, relu, b d=none]
        """)
    assert sources(found)["b1.add1"] == ["relu1", "none"]
