"""Equal lines: each row and each mistake is reported at its own line and column."""

import pytest

from cnncalc.errors import CnncalcError
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build

LINES = """\
input: 9x9x1
layers:
  - conv 2 3x3 bn relu
  - [conv 2 3x3 bn relu, maxpool 2 -> leaky 0.2]
  -     conv 2 3x3 bn relu
"""


def built(text):
    return build(read_document(text, "net.yaml"))


def failure(text):
    with pytest.raises(CnncalcError) as caught:
        built(text)
    return [(d.span.line, d.span.column, d.message) for d in caught.value.diagnostics]


def test_rows_stand_where_their_line_does():
    with pytest.raises(CnncalcError) as caught:
        built(LINES)
    rows = caught.value.partial.nodes[1:]
    assert [row.span[1:3] for row in rows] == [
        (3, 5), (3, 16), (3, 19), (4, 6), (4, 17), (4, 20), (4, 26), (4, 39),
    ]  # fmt: skip
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.span[1:] == (5, 16, 19)  # the filter, which is too large by now
    assert diagnostic.message == "the filter (3) is larger than its input (2)"


def test_a_chain_that_comes_again():
    network = built("input: 16x16x1\nlayers:\n- fc 2 -> relu\n-   fc 2 -> relu\n- fc 2 -> relu\n")
    assert [row.span[1:3] for row in network.nodes[1:]] == [
        (3, 3), (3, 11), (4, 5), (4, 13), (5, 3), (5, 11),
    ]  # fmt: skip


def test_every_wrong_line_is_reported_though_they_are_alike():
    assert failure("input: 9x9x1\nlayers: [relu, conv 0 3x3, relu]\n") == [
        (2, 21, "filters must be at least 1, got 0"),
    ]
    assert failure("input: 9x9x1\nlayers:\n- conv 0 3x3\n- relu\n-  conv 0 3x3\n") == [
        (3, 8, "filters must be at least 1, got 0"),
        (5, 9, "filters must be at least 1, got 0"),
    ]


def test_equal_lines_of_two_blocks_that_see_different_things():
    text = "input: 9x9x1\nblocks:\n  a(k): [conv k 3x3]\n  b: [conv k 3x3]\nlayers: [a 2]\n"
    assert failure(text) == [(4, 12, "'conv' does not understand 'k'")]
    assert built(text.replace("b: ", "b(k): ")).nodes[1].layer.filters == 2


def test_defaults_reach_a_line_that_comes_again():
    text = "input: 9x9x1\ndefaults:\n  conv: p1 bn\nlayers:\n" + "- conv 2 3x3\n" * 3
    network = built(text)
    assert [node.name for node in network.nodes[3:]] == ["conv2", "conv2.bn", "conv3", "conv3.bn"]
    assert [node.shape.spatial for node in network.nodes] == [(9, 9)] * 7
    assert [node.span.line for node in network.nodes[1:]] == [5, 3, 6, 3, 7, 3]


def test_text_in_quotes_and_with_a_name_is_read_where_it_stands():
    text = 'input: 9x9x1\nlayers:\n- relu as a\n- "relu"\n- relu\n- "relu"\n- add a\n- add a\n'
    network = built(text)
    assert [node.span.column for node in network.nodes[1:]] == [3, 4, 3, 4, 3, 3]
    duplicate = "input: 9x9x1\nlayers:\n- relu as a\n- relu as a\n"
    assert failure(duplicate) == [(4, 11, "the name 'a' is already used")]


def test_options_beside_a_line_that_comes_again():
    lines = "- conv 2 3x3\n" * 3 + "- {a: conv 2 3x3, stride: 2}\n- {b: conv 2 3x3, from: in}\n"
    network = built(f"input: 99x99x1\nlayers:\n{lines}- c: conv 2 3x3\n")
    assert [node.shape.spatial[0] for node in network.nodes] == [99, 97, 95, 93, 46, 97, 95]
    assert [node.name for node in network.nodes[4:]] == ["a", "b", "c"]
    for option, message in (
        ("stride: 0", "stride must be at least 1, got 0"),
        ("from: b", "no layer named 'b'"),
        ("if: k", "no variable named 'k'"),
    ):
        wrong = "- conv 2 3x3\n" * 3 + f"- {{a: conv 2 3x3, {option}}}\n"
        place = 6, 20 + len(option.split()[0])
        ((*found, said),) = failure(f"input: 99x99x1\nlayers:\n{wrong}")
        assert (tuple(found), said) == (place, message)
