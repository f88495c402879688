"""Tensors by name: as branches, as heads of chains, and inside named blocks."""

import pytest
from written import last_inputs, layers, network, sources

from cnncalc.errors import CnncalcError

TWO = ("x1: conv 4 3x3 p1", "x2: conv 4 1x1 bn")


@pytest.mark.parametrize(
    ("merge", "tensors"),
    [
        ("concat: [x1, x2]", ["x1", "x2.bn"]),
        ("concat: [x1, identity]", ["x1", "x2.bn"]),
        ("concat: [in, x1]", ["in", "x1"]),
        ("concat: [x1 when false, x2 when true, in]", ["x2.bn", "in"]),
        ("concat: [[x1], [in, relu]]", ["x1", "relu1"]),
        ("concat: [x1 -> relu, in]", ["relu1", "in"]),
        ("residual: x1", ["x1", "x2.bn"]),
        ("residual: [x1, relu]", ["relu1", "x2.bn"]),
        ("x1 -> concat in", ["x1", "in"]),
        ("in -> relu", ["in"]),
    ],
)
def test_a_tensor_opens_a_branch_or_a_chain(merge, tensors):
    assert last_inputs(*TWO, merge) == tensors


def test_a_layer_type_wins_over_a_tensor_of_its_name():
    """A layer may be called `flatten`; alone in a branch the word is still the layer type."""
    assert last_inputs("conv 4 1x1 as flatten", "concat: [flatten, flatten]") == [
        "flatten1",
        "flatten2",
    ]


def test_a_tensor_argument_of_a_block_opens_a_branch():
    found = network("""
        input: 8x8x4
        blocks:
          fuse(; a, b): [add: [a, b]]
        layers:
          - p: conv 4 3x3 p1
          - q: conv 4 1x1
          - fuse a=p b=in
        """)
    assert sources(found)["fuse1.add1"] == ["p", "in"]


# --- inside a named block ---------------------------------------------------------------------

BLOCKS = """
blocks:
  pair(c): [conv c 1x1 as fa, conv c 3x3 p1 bn as fb, relu]
  deep(c): {inner: pair c}
"""


@pytest.mark.parametrize(
    ("merge", "tensors"),
    [
        ("concat two.fa", ["two.relu1", "two.fa"]),
        ("concat: [two.fa, two.fb]", ["two.fa", "two.fb.bn"]),
        ("two.fb -> concat in", ["two.fb.bn", "in"]),
        ("from two.fb -> add two", ["two.fb.bn", "two.relu1"]),
    ],
)
def test_a_layer_inside_a_named_block_is_reached_by_its_path(merge, tensors):
    assert last_inputs("two: pair 4", merge, more=BLOCKS) == tensors


def test_a_path_goes_through_several_blocks_and_the_passes_of_a_repeat():
    assert last_inputs("d: deep 4", "add d.inner.fa", more=BLOCKS) == [
        "d.inner.relu1",
        "d.inner.fa",
    ]
    assert last_inputs("s: pair 4 x2", "add s.0.fa", more=BLOCKS) == ["s.1.relu1", "s.0.fa"]


def test_the_last_layer_of_a_named_block_is_the_current_tensor():
    more = "blocks: {one: [conv 4 1x1 as fa]}"
    assert last_inputs("a: one", "concat a.fa in", more=more) == ["a.fa", "in"]


def test_the_tensors_that_a_block_was_given_are_not_inside_it():
    more = "blocks: {f(; s): [add s]}"
    with pytest.raises(CnncalcError, match=r"no layer named 'g\.s'"):
        layers("e: conv 4 1x1", "relu", "g: f s=e", "add g.s", more=more)


def test_a_tensor_before_a_layer_lacks_its_arrow():
    with pytest.raises(CnncalcError) as caught:
        layers("x1: conv 4 3x3 p1", "x1 relu")
    (found,) = caught.value.diagnostics
    assert found.message == "there is no layer type or block named 'x1'"
    assert found.help == "to go on from a tensor 'x1', write 'x1 -> relu'"
    assert found.span.column == len("  - x")


def test_other_words_before_a_layer_are_no_tensors():
    for line in ("x1 3x3", "qqq! relu"):
        with pytest.raises(CnncalcError) as caught:
            layers("x1: conv 4 3x3 p1", line)
        assert "->" not in (caught.value.diagnostics[0].help or "")


def test_a_name_that_is_made_up_is_no_word_of_the_language():
    """The sixth of many unnamed `relu` would be `relu6`; what `expand` writes is read again."""
    from cnncalc.spec.load import parse
    from cnncalc.spec.write import text

    written = network("""
        input: 8x8x4
        layers:
          - {repeat: 8, layers: [relu]}
          - add relu5
    """)
    names = [node.name for node in written.nodes if node.layer.type == "relu"]
    assert names == ["relu1", "relu2", "relu3", "relu4", "relu5", "relu7", "relu8", "relu9"]
    again = parse(text(written))
    assert [node.name for node in again.nodes] == [node.name for node in written.nodes]
