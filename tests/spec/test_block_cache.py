"""Block calls that come again are copied: the network is what writing them out would give."""

import pytest

from cnncalc import CnncalcError, analyze, zoo
from cnncalc.spec.block_cache import Calls
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build

TARGETS = [(path, name) for path in zoo.files().values() for name in (None, *zoo.variants(path))]


@pytest.fixture
def written_out(monkeypatch):
    """The network of a text, every call written out anew."""

    def load(document, variant=None):
        with monkeypatch.context() as context:
            context.setattr(Calls, "find", lambda *_: None)
            return build(document, variant)

    return load


@pytest.mark.parametrize(
    ("path", "variant"), TARGETS, ids=[f"{path.stem}@{name}" for path, name in TARGETS]
)
def test_bundled_networks(path, variant, written_out):
    document = read_document(path.read_text(), path.name)
    try:
        expected = written_out(document, variant)
    except CnncalcError:
        pytest.skip("the file has variants only")
    assert build(document, variant) == expected


CASES = {
    "a block twice, one inside the other": """
blocks:
  unit(c): [conv c 3x3 p1 bn relu, add in]
  pair(c): [unit c, unit c as second]
layers: [conv 8 1x1, pair 8, pair 8 as again, unit 8 x3]
""",
    "what one pass of a repeat has of its own": """
blocks:
  grow(c): [conv c+i 3x3 p1, conv c 1x1 if i < reps - 1]
layers: [conv 8 1x1, grow 8 x3]
""",
    "the same by a block further in": """
blocks:
  inner: [conv 4*(i+1) 1x1, conv 8 1x1]
  outer: [inner]
layers: [conv 8 1x1, outer x3]
""",
    "weights shared with the first": """
blocks:
  unit(c): [conv c 3x3 p1 bn]
layers: [conv 8 1x1, unit 8 as a, {unit: 8, share: a}, unit 8]
""",
    "weights shared inside": """
blocks:
  twice(c): [conv c 3x3 p1 as one, {conv: c 3x3 p1, share: one}]
layers: [conv 8 1x1, twice 8 x3]
""",
    "weights shared, then the same call without": """
blocks:
  unit(c): [conv c 3x3 p1 bn]
layers: [conv 8 1x1, unit 8 as a, maxpool 2x2, {unit: 8, share: a}, unit 8]
""",
    "outputs at the side": """
blocks:
  unit(c): [conv c 3x3 p1, side: {aux: [gap, fc 3]}]
layers: [conv 8 1x1, unit 8 x2, fc 2]
""",
    "nothing at all": """
blocks:
  maybe(c): [conv c 1x1 if c > 99]
layers: [conv 8 1x1, maybe 8, maybe 8, fc 2]
""",
    "frozen, and not": """
blocks:
  unit(c): [conv c 3x3 p1 bn]
layers: [conv 8 1x1, unit 8, unit 8 frozen, unit 8]
""",
    "another tensor beside": """
blocks:
  join(c; skip): [conv c 1x1, add skip]
layers: [a: conv 8 1x1, b: conv 8 1x1, join 8 skip=a, conv 8 1x1, join 8 skip=b]
""",
    "names with dots in the way": """
blocks:
  unit(c): [conv c 1x1, conv c 1x1]
layers: [{conv: 8 1x1, name: a.conv1}, {a: unit 8}, {b: unit 8}]
""",
    "a note and weights": """
blocks:
  unit: [{conv: 1 1x1, weights: [[2]], note: twice}]
layers: [conv 1 1x1, unit, unit]
""",
    "parts inside": """
blocks:
  unit(c): [left: [conv c 1x1, relu], {repeat: 2, layers: [conv c 1x1 as r]}]
layers: [conv 8 1x1, unit 8, unit 8]
""",
}


@pytest.mark.parametrize("case", CASES)
def test_written_for_the_occasion(case, written_out):
    try:
        document = read_document(f"input: 6x6x8\n{CASES[case]}", "net.yaml")
    except CnncalcError as error:
        raise AssertionError(error.diagnostics) from None
    network = build(document)
    assert network == written_out(document)
    assert analyze(network).totals.rows == len(network.nodes) - 1


def test_one_is_not_true():
    """Equal to Python, and yet the second call is a mistake."""
    text = "input: 6x6x8\nblocks:\n  unit(b): [conv 8 1x1 bias=b]\nlayers: [unit true, unit {}]\n"
    assert len(build(read_document(text.format("true"), "net.yaml")).nodes) == 3
    with pytest.raises(CnncalcError) as caught:
        build(read_document(text.format("1"), "net.yaml"))
    assert str(caught.value) == "wrong-type: bias must be true or false, got 1"


def test_a_copy_that_would_be_too_much_is_an_error(written_out):
    """Eight levels of ten calls each: the limit is the same, and told at the same place."""
    levels = "".join(f"  b{n}: [b{n - 1} x10]\n" for n in range(1, 8))
    text = f"input: 6x6x8\nblocks:\n  b0: [relu]\n{levels}layers: [b7]\n"
    document = read_document(text, "net.yaml")
    with pytest.raises(CnncalcError) as caught:
        build(document)
    with pytest.raises(CnncalcError) as expected:
        written_out(document)
    assert str(caught.value) == str(expected.value)
