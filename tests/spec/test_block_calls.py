"""Calls of blocks, several in one network: the rows that each of them adds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written import error, network

from cnncalc import CnncalcError, analyze
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.spec.resolve import MOST_KNOWN

# Case -> spec, rows, outputs. A row is its name, then `:` and its inputs where they are not just
# the row before, `=` and the row whose weights it shares, `!` where it is frozen.
CASES = {
    "a block twice, one inside the other": (
        """
blocks:
  unit(c): [conv c 3x3 p1 bn relu, add in]
  pair(c): [unit c, unit c as second]
layers: [conv 8 1x1, pair 8, pair 8 as again, unit 8 x3]
""",
        """
        conv1 pair1.unit1.conv1 pair1.unit1.conv1.bn pair1.unit1.conv1.relu pair1.unit1.add1:4+1
        pair1.second.conv1 pair1.second.conv1.bn pair1.second.conv1.relu pair1.second.add1:8+5
        again.unit1.conv1 again.unit1.conv1.bn again.unit1.conv1.relu again.unit1.add1:12+9
        again.second.conv1 again.second.conv1.bn again.second.conv1.relu again.second.add1:16+13
        unit1.conv1 unit1.conv1.bn unit1.conv1.relu unit1.add1:20+17 unit2.conv1 unit2.conv1.bn
        unit2.conv1.relu unit2.add1:24+21 unit3.conv1 unit3.conv1.bn unit3.conv1.relu
        unit3.add1:28+25
        """,
        (29,),
    ),
    "what one pass of a repeat has of its own": (
        """
blocks:
  grow(c): [conv c+i 3x3 p1, conv c 1x1 if i < reps - 1]
layers: [conv 8 1x1, grow 8 x3]
""",
        """
        conv1 grow1.conv1 grow1.conv2 grow2.conv1 grow2.conv2 grow3.conv1
        """,
        (6,),
    ),
    "the same by a block further in": (
        """
blocks:
  inner: [conv 4*(i+1) 1x1, conv 8 1x1]
  outer: [inner]
layers: [conv 8 1x1, outer x3]
""",
        """
        conv1 outer1.inner1.conv1 outer1.inner1.conv2 outer2.inner1.conv1 outer2.inner1.conv2
        outer3.inner1.conv1 outer3.inner1.conv2
        """,
        (7,),
    ),
    "weights shared with the first": (
        """
blocks:
  unit(c): [conv c 3x3 p1 bn]
layers: [conv 8 1x1, unit 8 as a, {unit: 8, share: a}, unit 8]
""",
        """
        conv1 a.conv1 a.conv1.bn unit1.conv1=2 unit1.conv1.bn=3 unit2.conv1 unit2.conv1.bn
        """,
        (7,),
    ),
    "weights shared inside": (
        """
blocks:
  twice(c): [conv c 3x3 p1 as one, {conv: c 3x3 p1, share: one}]
layers: [conv 8 1x1, twice 8 x3]
""",
        """
        conv1 twice1.one twice1.conv1=2 twice2.one twice2.conv1=4 twice3.one twice3.conv1=6
        """,
        (7,),
    ),
    "weights shared, then the same call without": (
        """
blocks:
  unit(c): [conv c 3x3 p1 bn]
layers: [conv 8 1x1, unit 8 as a, maxpool 2x2, {unit: 8, share: a}, unit 8]
""",
        """
        conv1 a.conv1 a.conv1.bn maxpool1 unit1.conv1=2 unit1.conv1.bn=3 unit2.conv1 unit2.conv1.bn
        """,
        (8,),
    ),
    "outputs at the side": (
        """
blocks:
  unit(c): [conv c 3x3 p1, side: {aux: [gap, fc 3]}]
layers: [conv 8 1x1, unit 8 x2, fc 2]
""",
        """
        conv1 unit1.conv1 unit1.aux.gap1 unit1.aux.fc1 unit2.conv1:2 unit2.aux.gap1 unit2.aux.fc1
        fc1:5
        """,
        (8, 4, 7),
    ),
    "nothing at all": (
        """
blocks:
  maybe(c): [conv c 1x1 if c > 99]
layers: [conv 8 1x1, maybe 8, maybe 8, fc 2]
""",
        """
        conv1 fc1
        """,
        (2,),
    ),
    "frozen, and not": (
        """
blocks:
  unit(c): [conv c 3x3 p1 bn]
layers: [conv 8 1x1, unit 8, unit 8 frozen, unit 8]
""",
        """
        conv1 unit1.conv1 unit1.conv1.bn unit2.conv1! unit2.conv1.bn! unit3.conv1 unit3.conv1.bn
        """,
        (7,),
    ),
    "another tensor beside": (
        """
blocks:
  join(c; skip): [conv c 1x1, add skip]
layers: [a: conv 8 1x1, b: conv 8 1x1, join 8 skip=a, conv 8 1x1, join 8 skip=b]
""",
        """
        a b join1.conv1 join1.add1:3+1 conv1 join2.conv1 join2.add1:6+2
        """,
        (7,),
    ),
    "names with dots in the way": (
        """
blocks:
  unit(c): [conv c 1x1, conv c 1x1]
layers: [{conv: 8 1x1, name: a.conv1}, {a: unit 8}, {b: unit 8}]
""",
        """
        a.conv1 a.conv2 a.conv3 b.conv1 b.conv2
        """,
        (5,),
    ),
    "a note and weights": (
        """
blocks:
  unit: [{conv: 1 1x1, weights: [[2]], note: twice}]
layers: [conv 1 1x1, unit, unit]
""",
        """
        conv1 unit1.conv1 unit2.conv1
        """,
        (3,),
    ),
    "parts inside": (
        """
blocks:
  unit(c): [left: [conv c 1x1, relu], {repeat: 2, layers: [conv c 1x1 as r]}]
layers: [conv 8 1x1, unit 8, unit 8]
""",
        """
        conv1 unit1.left.conv1 unit1.left.relu1 unit1.repeat1.0.r unit1.repeat1.1.r unit2.left.conv1
        unit2.left.relu1 unit2.repeat1.0.r unit2.repeat1.1.r
        """,
        (9,),
    ),
}


def row(node):
    """A row in the short form of the cases."""
    inputs = "" if node.inputs == (node.index - 1,) else ":" + "+".join(map(str, node.inputs))
    shared = "" if node.shared_with is None else f"={node.shared_with}"
    return f"{node.name}{inputs}{shared}{'!' if node.frozen else ''}"


@pytest.mark.parametrize("case", CASES)
def test_rows_and_outputs(case):
    text, rows, outputs = CASES[case]
    found = network(f"input: 6x6x8\n{text}")
    assert list(map(row, found.nodes[1:])) == rows.split()
    assert found.outputs == outputs
    assert analyze(found).totals.rows == len(found.nodes) - 1


def test_one_is_not_true():
    """Equal to Python, and yet the second call is a mistake."""
    text = "input: 6x6x8\nblocks:\n  unit(b): [conv 8 1x1 bias=b]\nlayers: [unit true, unit {}]\n"
    assert len(network(text.format("true")).nodes) == 3
    assert str(error(text.format("1"))) == "wrong-type: bias must be true or false, got 1"


def test_ten_million_layers_are_refused():
    """Eight levels of ten calls each."""
    levels = "".join(f"  b{n}: [b{n - 1} x10]\n" for n in range(1, 8))
    text = f"input: 6x6x8\nblocks:\n  b0: [relu]\n{levels}layers: [b7]\n"
    assert str(error(text)) == (
        "too-many: the network would have at least 10,000,000 layers; 50,000 are allowed"
    )


SETTINGS = st.fixed_dictionaries(
    {
        "c": st.sampled_from([4, 8, 8.0, True]),
        "s": st.sampled_from([1, 2, 1.0, True]),
        "act": st.sampled_from(["relu", "tanh", "same"]),
        "eps": st.sampled_from([1, 1.0, 0.001]),
    }
)
SHARED = """
input: 32x32x8
vars: {c: 8, s: 1, act: relu, eps: 0.001}
defaults: {bn: eps=eps}
blocks:
  unit(c, s=1): [conv c 3x3 s=s p1 bn act, conv cin 1x1 as same_width, add in if s == 1 and c == 8]
layers: [unit c s, unit c x2, unit 2*c s, side: fc i+1]
"""


def outcome(document, settings):
    """Every row of the network as text, where 1, 1.0 and true differ; or the error."""
    try:
        return repr(build(document, None, settings).nodes)
    except CnncalcError as problem:
        return repr(problem.diagnostics)


@given(st.lists(SETTINGS, min_size=2, max_size=6), st.sampled_from([1, 5, MOST_KNOWN]))
def test_a_document_that_was_built_before_gives_the_same_network(every, most):
    """However many resolved lines the document keeps, and whatever it was built with before."""
    document = read_document(SHARED, "net.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cnncalc.spec.resolve.MOST_KNOWN", most)
        for settings in every:
            fresh = read_document(SHARED, "net.yaml")
            assert outcome(document, settings) == outcome(fresh, settings)
