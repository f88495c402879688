"""Words such as `k1`: a letter and a number, unless a variable has that name too."""

import pytest

from cnncalc.errors import CnncalcError
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build

NET = """\
input: 16x16x3
vars: {{k1: 5, s2: 1, x2: 3, c0: 7, F3: 5}}
blocks:
  cv(c): conv c 3x3 p1
layers:
  - {0}
"""


def read(line):
    return build(read_document(NET.format(line), "net.yaml"))


def complaint(line):
    with pytest.raises(CnncalcError) as caught:
        read(line)
    (found,) = caught.value.diagnostics
    return found


@pytest.mark.parametrize(
    ("line", "name", "column"),
    [
        ("conv k1 3x3", "k1", 10),
        ("conv 8 3x3 s2", "s2", 16),
        ("conv 8 3x3 x2", "x2", 16),
        ("conv 8 F3", "F3", 12),
        ("cv c0", "c0", 8),
        ("conv 8 3x3 -> cv c0", "c0", 22),
        ("C1: conv k1 3x3", "k1", 14),
        ("conv: k1 3x3", "k1", 11),
    ],
)
def test_a_word_that_could_be_either_is_refused(line, name, column):
    found = complaint(line)
    meant = f"{name[0]}={name[1:]}"
    assert (found.code, found.span[1:]) == ("ambiguous-word", (6, column, column + 2))
    assert found.message == f"'{name}' could mean {meant}, or the variable of that name"
    assert found.help == (
        f"write {name[0]}={name} or ({name}) for the variable, {meant} for the number"
    )


@pytest.mark.parametrize(
    ("line", "rows", "channels", "size"),
    [
        ("conv k=k1 3x3", 1, 5, 14),
        ("conv (k1) 3x3", 1, 5, 14),
        ("conv k=1 3x3", 1, 1, 14),
        ("conv 2*k1 3x3 s=s2", 1, 10, 14),
        ("conv 8 3x3 s=2 p1", 1, 8, 8),
        ("conv 8 3x3 p1 x=x2", 3, 8, 16),
        ("conv 8 f3", 1, 8, 14),  # the variable is F3
        ("conv c0 3x3", 1, 7, 14),  # a conv has no letter c
        ("cv c=c0", 1, 7, 16),
    ],
)
def test_a_word_that_can_only_be_one_is_read(line, rows, channels, size):
    network = read(line)
    last = network.nodes[-1]
    assert (len(network.nodes) - 1, last.shape.channels, last.shape.spatial[0]) == (
        rows, channels, size,
    )  # fmt: skip


def test_variables_of_loops_arguments_and_defaults():
    text = """\
input: 16x16x3
defaults: {conv: 3x3 p1}
vars: {p1: 0}
blocks:
  cv(k2): conv k2
layers:
  - cv 3
  - for: [s2]
    in: [[1]]
    do: conv 8 s2
"""
    with pytest.raises(CnncalcError) as caught:
        read_document(text, "net.yaml")
    found = [(d.code, d.span.line, d.message.split()[0]) for d in caught.value.diagnostics]
    assert found == [
        ("ambiguous-word", 2, "'p1'"),
        ("ambiguous-word", 5, "'k2'"),
        ("ambiguous-word", 10, "'s2'"),
    ]


def test_a_line_that_was_fine_before_is_looked_at_again_where_a_variable_comes_in():
    text = """\
input: 16x16x3
layers:
  - conv 8 3x3 p1
  - {for: [p1], in: [[1]], do: conv 8 3x3 p1}
"""
    with pytest.raises(CnncalcError) as caught:
        read_document(text, "net.yaml")
    (found,) = caught.value.diagnostics
    assert (found.code, found.span.line) == ("ambiguous-word", 4)


def test_a_layer_by_the_name_of_a_block_is_told_so():
    """`middle x8` on the right is a call, so what stands on the left was meant as a name."""
    text = "input: 8x8x1\nblocks: {{middle: conv 4 3x3 p1, sized(n): conv n 3x3}}\nlayers: [{0}]\n"
    with pytest.raises(CnncalcError) as caught:
        read_document(text.format("{middle: middle x8}"), "net.yaml")
    (found,) = caught.value.diagnostics
    assert (found.code, found.span[1:]) == ("reserved-name", (3, 11, 17))
    assert found.message == "'middle' is the name of a layer type or block"
    assert found.help == "give the layer another name, such as 'middle_1'"
    for right in ("middle_1: middle x8", "middle: x8", "sized: 8"):
        read_document(text.format(f"{{{right}}}"), "net.yaml")
