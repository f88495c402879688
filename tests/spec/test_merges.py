"""The inputs of a merge: their order, and branches that are left out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from written import error, last_inputs, layers, names, network, report, shapes, sources

from cnncalc.errors import ENOUGH_ERRORS
from cnncalc.layers import layer_type, layer_types
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.spec.schema import spec_schema
from cnncalc.spec.sections.variables import may_name
from cnncalc.spec.vocabulary import is_plain_word, of_layer_type
from cnncalc.spec.write import text

TWO = ("a: conv 4 3x3 p1", "b: conv 6 3x3 p1")


# --- the current tensor -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("merge", "tensors"),
    [
        ("concat a", ["b", "a"]),
        ("concat a b", ["a", "b"]),
        ("concat b a", ["b", "a"]),
        ("concat in b a", ["in", "b", "a"]),
        ("concat a in", ["b", "a", "in"]),
        ("concat: a b", ["a", "b"]),
        ("{concat: a b}", ["a", "b"]),
        ("{concat: {from: [a, b]}}", ["a", "b"]),
        ("{concat: , from: [b, b]}", ["b", "b"]),
        ("{concat: a, from: b}", ["b", "a"]),
        ("{concat: b a, from: a}", ["b", "a"]),
        ("concat: [identity, identity]", ["b", "b"]),
        ("concat: [from a, from b]", ["a", "b"]),
    ],
)
def test_naming_the_current_tensor_puts_it_in_its_place(merge, tensors):
    assert last_inputs(*TWO, merge) == tensors


def test_a_difference_is_as_it_is_written():
    """Siamese networks subtract: a - b is not b - a."""
    same = ("a: conv 4 3x3 p1", "b: conv 4 3x3 p1")
    assert last_inputs(*same, "sub a b") == ["a", "b"]
    assert last_inputs(*same, "sub a") == ["b", "a"]


def test_a_tensor_is_current_by_the_names_its_text_gives_it():
    one = "a: conv 2 1x1"
    assert last_inputs(one, "from in", "z: [relu, conv 2 1x1 as y]", "concat a z") == ["a", "z.y"]
    assert last_inputs(one, "from in", "z: [relu, conv 2 1x1 as y]", "concat a y") == ["a", "z.y"]
    assert last_inputs(one, "b: conv 2 1x1", "from a", "concat b a") == ["b", "a"]
    assert last_inputs(one, "b: conv 2 1x1", "side: relu", "concat a b") == ["a", "b"]
    assert last_inputs(one, "z: [relu as r -> concat a r]") == ["a", "z.r"]


def test_a_skipped_layer_does_not_change_which_operands_a_merge_has():
    """`concat in a` behind a layer joins three tensors, whether or not that layer is skipped."""
    for condition, first in (("true", "conv1"), ("false", "a")):
        lines = ("a: conv 2 1x1", f"conv 2 1x1 if {condition}", "concat in a")
        assert last_inputs(*lines) == [first, "in", "a"]
    lines = ("a: conv 2 1x1", "b: conv 2 1x1 if false", "concat in b")
    assert last_inputs(*lines) == ["in", "a"]


def test_the_tensor_of_a_block_is_in_and_not_what_its_caller_calls_it():
    block = "blocks: {t(; s): [concat in s]}"
    assert last_inputs("a: conv 2 1x1", "t s=a", more=block) == ["a", "a"]
    assert last_inputs("a: conv 2 1x1", "conv 2 1x1", "t s=a", more=block) == ["conv1", "a"]


def test_a_repeated_body_does_not_begin_with_the_name_of_what_went_in():
    found = network("""
        input: 4x4x1
        layers:
          - a: conv 1 1x1
          - repeat: 2
            layers: [concat a]
        """)
    assert sources(found) == {"a": ["in"], "concat1": ["a", "a"], "concat2": ["concat1", "a"]}


def test_a_layer_may_be_called_as_a_repeat_is_written():
    """3·3·2·16 + 16 weights and biases; 16 + 2 + 16 maps."""
    found = report("""
        input: 32x32x2
        layers:
          - x1: conv 16 3x3 p1
          - relu
          - concat in x1
        """)
    assert (found.totals.params, found.rows[-1].out.channels) == (304, 34)


def test_no_word_of_a_merge_can_be_a_name():
    merges = [name for name in layer_types() if layer_type(name).arity[1] != 1]
    words = {word for name in merges for word in of_layer_type(name).words}
    assert words
    for word in {*words, "floor"}:
        assert is_plain_word(word)
        assert not may_name(word)


# --- branches that are left out ---------------------------------------------------------------

REPVGG = """
    input: 8x8x4
    vars: {f: 3}
    layers:
      - add:
          - conv 4 (f)x(f) half bn
          - conv 4 1x1 bn when f > 1
          - {branch: {conv: {filters: 4, kernel: 1}}, when: f > 2}
          - bn when cin == 4 and f > 3
      - relu
    """


@pytest.mark.parametrize(
    ("f", "branches"),
    [(1, []), (2, ["conv1.bn", "conv2.bn"]), (3, ["conv1.bn", "conv2.bn", "branch"])],
)  # fmt: skip
def test_when_leaves_a_branch_out(f, branches):
    found = network(REPVGG.replace("half", "same"), set={"f": f})
    given = sources(found)
    assert given.get("add1", []) == branches
    assert given["relu1"] == (["add1"] if branches else ["conv1.bn"])
    again = build(read_document(text(found), "expanded"))
    assert sources(again) == given


def test_if_at_the_end_of_a_branch_skips_its_layer():
    """ResNet's optional downsample: the branch stays, as the identity."""
    assert last_inputs("add: [conv 1 1x1, conv 1 1x1 if cin != 1]") == ["conv1", "in"]
    assert last_inputs("add: [conv 1 1x1, conv 1 1x1 if cin != 1 when cin == 1]") == ["conv1", "in"]


def test_the_last_branch_passes_with_what_is_attached_to_the_merge():
    found = layers("m: {add: [relu, tanh when false], attached: [silu]}", "conv 1 1x1")
    assert sources(found) == {
        "m.relu1": ["in"], "m": ["m.relu1"], "m.silu": ["m"], "conv1": ["m.silu"],
    }  # fmt: skip
    assert [node.layer.type for node in found.nodes[2:4]] == ["identity", "silu"]


def test_a_named_merge_of_one_branch_stands_for_that_branch():
    found = layers("m: {mul: [relu, tanh when false]}", "conv 1 1x1", "concat m")
    assert sources(found)["concat1"] == ["conv1", "m.relu1"]


def test_a_chain_may_be_left_out_as_one():
    lines = ("add: [conv 1 1x1, conv 2 1x1 -> conv 1 1x1 when {}]", "relu")
    assert len(names(layers(*(line.format("true") for line in lines)))) == 5
    assert len(names(layers(*(line.format("false") for line in lines)))) == 2


# --- paddings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "padding"),
    [
        ("conv 1 3x3 p0+1", ((0, 1),)),
        ("conv 1 3x3 P=0+1", ((0, 1),)),
        ("conv 1 3x3 padding=0+1", ((0, 1),)),
        ("conv 1 3x3 p0+1x1+2", ((0, 1), (1, 2))),
        ("conv 1 3x3 p=0+1x2", ((0, 1), (2, 2))),
        ("conv 1 3x3 p=(k*(d-1))+0", ((3, 0),)),
        ("conv 1 3x3 p=(k)+1x0+(d)", ((3, 1), (0, 2))),
        ("conv 1 3x3 p=(k//2+1)", ((2, 2),)),
        ("conv 1 3x3 p=k//2", ((1, 1),)),
        ("conv: 1 3x3 p0+1", ((0, 1),)),
        ("conv: {filters: 1, kernel: 3, padding: 0+1}", ((0, 1),)),
        ("conv: {filters: 1, kernel: 3, padding: 0 + 1}", ((0, 1),)),
        ("conv: {filters: 1, kernel: 3, p: 0+1x1+2}", ((0, 1), (1, 2))),
        ("conv: {filters: 1, kernel: 3, padding: [0+1, 2]}", ((0, 1), (2, 2))),
        ("conv: {filters: 1, kernel: 3, padding: [[0, 1], (d)+1]}", ((0, 1), (2, 1))),
        ("conv: {filters: 1, kernel: 3, padding: (k//2+1)}", ((2, 2),)),
        ("conv_transpose 1 3x3 p0+1", ((0, 1),)),
        ("dwconv 3x3 p0+1", ((0, 1),)),
        ("localconv 1 3x3 p0+1", ((0, 1),)),
        ("maxpool 3x3 p0+1", ((0, 1),)),
        ("avgpool 3x3 p=0+1", ((0, 1),)),
        ("sumpool 3x3 p0+1", ((0, 1),)),
        ("subsample 3x3 p0+1", ((0, 1),)),
    ],
)
def test_two_sides_of_a_padding(line, padding):
    found = layers(line, more="vars: {k: 3, d: 2}")
    assert found.nodes[1].layer.padding == padding
    again = build(read_document(text(found), "expanded"))
    assert again.nodes[1].layer == found.nodes[1].layer


@pytest.mark.parametrize(
    ("line", "begin", "end"),
    [
        ("pad 0+1", (0,), (1,)), ("pad p0+1x1+2", (0, 1), (1, 2)), ("pad p=0+1", (0,), (1,)),
        ("pad: 0+1x2", (0, 2), (1, 2)), ("pad: {p: 0+1}", (0,), (1,)), ("pad (k)+0", (3,), (0,)),
        ("pad 1x2", (1, 2), None), ("pad begin=(k+1)", (4,), None),
    ],
)  # fmt: skip
def test_two_sides_of_a_pad(line, begin, end):
    found = layers(line, more="vars: {k: 3}")
    assert (found.nodes[1].layer.begin, found.nodes[1].layer.end) == (begin, end)
    again = build(read_document(text(found), "expanded"))
    assert again.nodes[1].layer == found.nodes[1].layer


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=3), st.data())
def test_paddings_are_what_the_command_line_reads(sides, data):
    """Each side plain, or computed in parentheses, in text and in the mapping form."""
    from cnncalc.cli.values import padding

    def written(number):
        return data.draw(st.sampled_from([f"{number}", f"({number}+n)"]))

    plain = "x".join(f"{begin}+{end}" for begin, end in sides)
    mixed = "x".join(f"{written(begin)}+{written(end)}" for begin, end in sides)
    size = "x".join(["8"] * len(sides))
    for line in (f"conv 1 f2 p={mixed}", f"conv: {{filters: 1, kernel: 2, padding: {mixed}}}"):
        found = layers(line, input=f"{size}x1 {'DHW'[-len(sides):]}C".replace(" WC", " LC"),
                       more="vars: {n: 0}")  # fmt: skip
        assert found.nodes[1].layer.padding == padding(plain) == tuple(sides)


# --- what else reads a spec -------------------------------------------------------------------


@pytest.mark.parametrize(
    "item",
    [
        {"conv": {"filters": 1, "kernel": 3, "padding": "0+1"}},
        {"conv": {"filters": 1, "kernel": 3, "padding": ["0+1", 2]}},
        {"add": [{"conv": {"filters": 1, "kernel": 1}, "when": "k > 1"}, "identity"]},
        {"add": ["conv 1 1x1 when k > 1", "identity"]},
        {"dwconv": {"kernel": 3, "multiplier": 2}},
        {"conv_transpose": {"filters": 1, "kernel": 3, "padding": "same"}},
        {"concat": {"from": ["a", "b"]}},
    ],
)
def test_the_json_schema_knows_the_mapping_forms(item):
    Draft202012Validator(spec_schema()).validate({"input": "8x8x1", "layers": [item]})


# --- the letters of the notes -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "noted"),
    [
        ("conv f32 k3", True), ("conv F=32 K=3", True), ("conv k3 f12", True),
        ("conv f11 k3", False), ("conv k32 f3", False), ("conv k32 f32", False),
        ("conv 3 f32", False), ("conv 3 32x32", False), ("conv filters=3 kernel=32", False),
    ],
)  # fmt: skip
def test_a_note_where_filter_size_and_number_may_be_swapped(line, noted):
    found = report(f"input: 40x40x1\nlayers:\n  - {line}\n")
    notes = [note for note in found.diagnostics if note.code == "filter-letters"]
    assert len(notes) == noted
    for note in notes:
        assert note.severity == "note"
        assert note.span.line == 3


def test_many_notes_hide_no_mistake():
    lines = ["conv f32 k3"] * (ENOUGH_ERRORS + 1)
    block = "blocks:\n  b:\n" + "".join(f"    - {line}\n" for line in lines)
    assert error(f"input: 40x40x1\n{block}layers: [concat missing]\n").diagnostics[0].code == (
        "unknown-reference"
    )


# --- a branch per row -------------------------------------------------------------------------


@given(st.lists(st.sampled_from([1, 3, 5, 7]), min_size=2, max_size=4))
@settings(max_examples=30, deadline=None)
def test_for_inside_a_merge_is_a_branch_per_row(sizes):
    """The same network as with every branch written out."""
    rows = ", ".join(map(str, sizes))
    table = f"concat: {{for: [f], in: [{rows}], do: conv 4 f=f half bn}}"
    written = ", ".join(f"conv 4 f{f} half bn" for f in sizes)
    for form in (table, table.replace("concat: {", "concat: [{") + "]"):
        one, other = layers(form), layers(f"concat: [{written}]")
        assert [node.layer for node in one.nodes] == [node.layer for node in other.nodes]
        again = build(read_document(text(one), "expanded"))
        assert (sources(again), shapes(again)) == (sources(one), shapes(one))


def test_the_rows_of_for_stand_among_other_branches():
    """A pyramid: 4 maps and 2 from each of 3 sizes; the weights of four 1x1 convolutions."""
    found = report("""
        input: 8x8x4
        layers:
          - concat:
              - identity
              - for: [n]
                in: [1, 2, 4]
                do: [adaptivepool n, conv 2 1x1, upsample size=8]
        """)
    assert (found.rows[-1].out.channels, found.totals.params) == (4 + 3 * 2, 3 * (4 * 2 + 2))


def test_a_row_of_for_may_be_left_out():
    for form in (
        "add: {for: [f], in: [1, 3, 5], do: conv 4 f=f half when f > 1}",
        "add: {for: [f], in: [1, 3, 5], do: conv 4 f=f half, when: f > 1}",
        "add: {for: [f], in: [1, 3, 5], when: f > 1, do: {conv: 4 f=f half}}",
    ):
        found = layers(form, input="8x8x4")
        kernels = [node.layer.kernel for node in found.nodes if node.layer.type == "conv"]
        assert kernels == [(3,), (5,)]


def test_a_list_around_for_is_one_branch_after_another():
    found = layers("add: [[{for: [f], in: [1, 3], do: conv 4 f=f half}], identity]", input="8x8x4")
    assert sources(found)["conv2"] == ["conv1"]


def test_named_layers_of_a_row_have_a_prefix_and_are_reached_by_it():
    found = layers(
        "m: {concat: {for: [c], in: [2, 3], do: conv c 1x1 as y -> relu, name: way}}",
        "concat way.0 way.1",
    )
    assert names(found)[:4] == ["m.way.0.y", "m.way.0.relu1", "m.way.1.y", "m.way.1.relu1"]
    assert sources(found)["concat1"] == ["m", "m.way.0.relu1", "m.way.1.relu1"]


def test_the_schema_knows_a_branch_per_row():
    check = Draft202012Validator(spec_schema())
    row = {"for": ["f"], "in": [3, 5], "do": "conv 4 f=f half"}
    spec = {"input": "8x8x4", "layers": [{"concat": row}, {"add": [row, "identity"]}]}
    assert check.is_valid(spec)
    assert not check.is_valid({**spec, "layers": [{"concat": {"for": ["f"], "in": [3]}}]})
    assert not check.is_valid({**spec, "layers": [{"conv": row}]})


# --- gates ------------------------------------------------------------------------------------


@pytest.mark.parametrize("branches", ["identity, GATE", "GATE, identity"])
def test_a_vector_gates_the_channels(branches):
    """Squeeze-and-excitation: 6·2 + 2 and 2·6 + 6 weights and biases; the map keeps its shape."""
    merge = branches.replace("GATE", "[gap, fc 2 relu, fc cin sigmoid]")
    found = report(f"input: 5x4x6 HWC\nlayers: [mul: [{merge}]]\n")
    assert found.rows[-1].out.text() == "5×4×6"
    assert found.totals.params == 14 + 18


def test_a_vector_of_another_length_is_no_gate():
    spec = "input: 5x4x6 HWC\nlayers: [mul: [identity, [gap, fc 5]]]\n"
    (diagnostic,) = error(spec).diagnostics
    assert diagnostic.code == "mul-mismatch"
    assert diagnostic.help == "branch 2 may be 5×4×6, or a gate of 1×1×6 or 5×4×1"
