"""Every fragment of the chapter about the language is a spec, or a line of one, that is read."""

import re
from functools import cache

import pytest

from cnncalc import layers as layer_types
from cnncalc.errors import CnncalcError
from cnncalc.render import language
from cnncalc.spec.load import parse
from cnncalc.spec.ready_blocks import NAMES
from cnncalc.spec.words import meaning

CHAPTER = language.source()
YAML = re.findall(r"^```yaml\n(.*?)^```$", CHAPTER, re.DOTALL | re.MULTILINE)
PROSE = re.sub(r"^```.*?^```$", "", CHAPTER, flags=re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
# Examples take one of these tensors, or 32x32x64 with the names below, or follow an encoder.
OTHER_INPUTS = ("7x7x32", "640x16 LC", "64", "12x12x12x4 DHWC")
AROUND = """
vars: {{c: 32, k: 3, n: [2, 3]}}
blocks:
  tree(n):
    - conv 64 3x3 p1
    - tree n-1 if n > 1
layers:
  - a: conv 64 3x3 p1
  - b: conv 64 3x3 p1
  - keys: conv 64 1x1
  - enc4: conv 8 1x1
  - enc3: conv 8 1x1
  - pool3: maxpool 4x4
  - from b -> identity
  - {line}
"""


def whole():
    return [text for text in YAML if "..." not in text]


@pytest.mark.parametrize("text", whole(), ids=lambda text: text.splitlines()[0])
def test_every_spec_loads_and_does_what_its_comments_say(text):
    from cnncalc import analyze

    report = analyze(parse(text))
    assert report.rows
    assert all(check.ok for check in report.expect)


def cells():
    """The examples in the first column of the tables."""
    rows = [line for line in PROSE.splitlines() if line.startswith("| `")]
    return [code for row in rows for code in CODE.findall(row.split(" | ")[0])]


def in_prose():
    """Code of at least two words that begins like a layer, outside of the tables' examples."""
    known = {*layer_types.names(), *layer_types.ALIASES, *NAMES, "tree"}
    spans = [span.replace("\n", " ") for span in CODE.findall(PROSE)]
    lists = ("min max ", "mean max ")  # of words that are also names of layers
    return [s for s in spans if s.partition(" ")[0] in known and " " in s and s not in cells()
            and not s.startswith(lists)]  # fmt: skip


@cache
def read(line):
    """The network with this line, on the first kind of input that takes it."""
    brackets = "'" if '"' in line else ""
    line = line.replace(
        "tree n-1 if n > 1", "tree 3"
    )  # the block calls itself so, this calls the block
    specs = [f"input: 32x32x64\n{AROUND.format(line=brackets + line + brackets)}"]
    specs += [f"input: {shape}\nvars: {{k: 3, d: 1}}\nlayers: [{brackets}{line}{brackets}]"
              for shape in OTHER_INPUTS]  # fmt: skip
    specs.append(f"input: 784\nlayers: [enc: fc 128, {line}]")
    errors = []
    for spec in specs:
        try:
            return parse(spec)
        except CnncalcError as error:
            errors.append(str(error))
    raise AssertionError(f"{line}: {errors}")


@pytest.mark.parametrize("line", cells())
def test_every_example_of_a_table_is_a_layer(line):
    assert len(read(line).nodes) > 1


@pytest.mark.parametrize("line", in_prose())
def test_every_layer_in_the_text_is_one(line):
    assert len(read(line).nodes) > 1


def test_there_is_much_to_try():
    assert len(whole()) > 5
    assert len(cells()) > 50
    assert len(in_prose()) > 8


def test_the_first_spec_takes_ten_lines():
    """What its comments say: attached words are layers in order, and a norm takes the bias."""
    spec = whole()[0]
    assert len(spec.splitlines()) < 11
    nodes = {node.name: node for node in parse(spec).nodes}
    assert [node.layer.type for node in nodes.values()][:5] == [
        "input", "conv", "bn", "relu", "maxpool",
    ]  # fmt: skip
    assert [nodes[name].layer.bias for name in ("conv1", "C2", "fc1")] == [False, True, True]
    assert str(nodes["C2"].shape) == "8×8×32"
    assert str(nodes["gap1"].shape) == "1×1×64"


def layers_of(written):
    """The layers of one entry, on the first kind of tensor that it takes."""
    for shape in ("32x32x64", "640x16 LC", "64", "9"):
        try:
            nodes = parse(f"input: {shape}\nlayers:\n  - {written}\n").nodes
        except CnncalcError:
            continue
        return [meaning(node.layer) for node in nodes[1:]]
    return None


@pytest.mark.parametrize("name", sorted(layer_types.layer_types()))
def test_the_reference_shows_a_line_beside_the_mapping(name):
    from cnncalc.spec.reference import described

    entry = described(name)
    assert layers_of(entry.get("line", entry["example"])) == layers_of(entry["example"])
    if "attached" in entry:
        assert layers_of(entry["attached"])[1] == layers_of(entry["example"])[0]


def test_nearly_all_types_have_a_line():
    from cnncalc.spec.reference import all_described

    without = [name for name, entry in all_described().items() if "line" not in entry]
    assert len(without) < 4, without
    assert all_described()["leaky"]["attached"] == "conv 16 3x3 leaky(slope=0.01)"
