"""The layer names of PyTorch, Keras and darknet: each is taken, rewritten or refused.

The names and what they mean are in `tests/data/frameworks`, from the frameworks' documentation.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written import error, layers, network, said

from cnncalc.layers import layer_types, names
from cnncalc.spec import frameworks
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.spec.write import text

FOLDER = Path(__file__).parents[1] / "data" / "frameworks"
ENTRIES = [
    pytest.param(*line.partition(" ")[::2], id=f"{path.stem}-{line.partition(' ')[0]}")
    for path in sorted(FOLDER.glob("*.txt"))
    for line in path.read_text().splitlines()
]
# Some layers read sequences or vectors; the other ones are tried on maps.
INPUTS = {"rnn": "16x8 LC", "lstm": "16x8 LC", "gru": "16x8 LC", "embedding": "20"}


def nodes(line):
    """The rows of a short network that ends with this line, and of the same written out."""
    head = line.split(maxsplit=1)[0]
    shape = INPUTS.get(frameworks.meaning(head).type if head not in names() else head, "16x16x8")
    before = () if shape in INPUTS.values() else ("first: conv 4 3x3 p1", "conv 4 1x1")
    found = layers(*before, line, input=shape)
    again = build(read_document(text(found), "expanded"))
    return rows(found.nodes), rows(again.nodes)


def rows(found):
    """What the rows are, wherever they stand in the text."""
    return [(node.name, node.layer, node.inputs, node.shape) for node in found]


@pytest.mark.parametrize(("name", "meaning"), ENTRIES)
def test_every_name_is_taken_rewritten_or_refused(name, meaning):
    mark, _, words = meaning.partition(" ")
    if mark not in ("!", "-", "="):
        mark, line = "=", f"{name} {words}".strip()
        expected = meaning
    else:
        expected, line = words, f"{name} {words.rpartition(' ')[2]}"
    if mark == "=":
        found, again = nodes(line)
        assert found == again == nodes(expected)[0]
        return
    for written in (name, f"{{{name}: 3}}"):
        (diagnostic,) = error(f"input: 16x16x8\nlayers:\n  - {written}\n").diagnostics
        assert diagnostic.code == "framework-name"
        assert (diagnostic.span.line, diagnostic.span.column) == (3, 5 + written.startswith("{"))
        assert diagnostic.message.startswith(f"'{name}' ")
        assert words in diagnostic.help
        assert "did you mean" not in diagnostic.help


@pytest.mark.parametrize("refused", sorted(frameworks.refused_names()))
def test_what_an_error_says_to_write_can_be_written(refused):
    lines = frameworks.refusal(refused, None).diagnostics[0].help
    for line in lines.split("'")[1::2]:
        if line.startswith("cnncalc "):
            continue
        before = ["a: conv 32 3x3 p1", "b: conv 32 3x3 p1", "gate: sigmoid", "conv 32 3x3 p1"]
        shape = "64x64x64"
        if line.split()[0] in INPUTS:
            before, shape = [], INPUTS[line.split()[0]]
        elif line.startswith("reshape"):
            before, shape = [], "6272"
        elif line.startswith("matmul"):
            before = before[:2]
        found = layers(*before, line, input=shape)
        assert len(found.nodes) > len(before)


@given(st.sampled_from(sorted(layer_types())), st.data())
def test_a_name_may_be_in_any_case_and_end_in_its_axes(name, data):
    letters = [data.draw(st.sampled_from([c.lower(), c.upper()])) for c in name]
    written = "".join(letters) + data.draw(st.sampled_from(["", "1d", "2d", "3D"]))
    meaning = frameworks.meaning(written)
    assert meaning.type == name if meaning else frameworks.knows(written)


class TestLayers:
    """Where a framework's name may stand."""

    def test_the_words_behind_a_layer_may_be_those_of_a_framework(self):
        ours = layers("conv 8 3x3 bn relu", "conv 8 3x3 silu")
        theirs = layers("Conv2d 8 3x3 BatchNorm2d ReLU", "conv 8 3x3 swish")
        assert rows(theirs.nodes) == rows(ours.nodes)

    def test_a_slope_that_is_given_leaves_no_doubt(self):
        ours = layers("conv 8 3x3 leaky=0.2")
        assert rows(layers("conv 8 3x3 LeakyReLU=0.2").nodes) == rows(ours.nodes)

    def test_a_variable_may_hold_one(self):
        found = layers("b swish", more="blocks:\n  b(act):\n    - conv 8 3x3 act")
        assert [node.layer.type for node in found.nodes] == ["input", "conv", "silu"]

    def test_a_variable_of_that_name_wins(self):
        found = layers("conv Dense 3x3 ReLU", more="vars: {Dense: 8, ReLU: tanh}")
        assert [node.layer.type for node in found.nodes] == ["input", "conv", "tanh"]

    def test_a_block_of_that_name_wins(self):
        found = layers("Dense", more="blocks:\n  Dense:\n    - conv 8 3x3")
        assert [node.layer.type for node in found.nodes] == ["input", "conv"]

    def test_a_layer_may_have_such_a_name(self):
        """As it always could: only a name that stands alone is a layer type."""
        found = layers("Conv2d: conv 8 3x3", "Flatten: flatten", "Dense: fc 10", "Add: [relu]")
        assert [node.name for node in found.nodes][1:4] == ["Conv2d", "Flatten", "Dense"]
        assert found.nodes[3].layer.type == "fc"

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("Dense: 10", "linear: 10"),
            ("ReLU:", "relu:"),
            ("Dropout: 0.2", "dropout: 0.2"),
            ("{Conv2D: {filters: 8, kernel_size: 3}, name: c}", "c: conv 8 f3"),
            ("d: {Dense: {units: 10}}", "d: linear 10"),
            ("MaxPool2d: 2x2", "maxpool 2x2"),
            ("Conv2D: filters=8 kernel=5", "conv 8 f5"),
            ("concat: [ReLU, Conv2d 8 3x3 same]", "concat: [relu, conv 8 3x3 same]"),
            ("residual: [Conv2d 1 3x3 p1, BatchNorm2d]", "residual: [conv 1 3x3 p1, bn]"),
            ("ReLU -> MaxPool2d 2x2", "relu -> maxpool 2x2"),
            ("nn.ReLU", "relu"),
        ],
    )
    def test_in_mappings_branches_and_chains(self, theirs, ours):
        assert rows(layers(theirs).nodes) == rows(layers(ours).nodes)


MESSAGES = [
    (
        "LeakyReLU",
        """\
error[framework-name]: 'LeakyReLU' has the slope 0.01 in PyTorch, and 0.3 in Keras
 --> net.yaml:3:5
  |
3 |   - LeakyReLU
  |     ^^^^^^^^^
  = help: write 'leaky 0.01' or 'leaky 0.3'
""",
    ),
    (
        "conv 8 3x3 BatchNormalization",
        """\
error[framework-name]: 'BatchNormalization' adds 0.001 to the variance where Keras is not told \
otherwise, and 0.00001 here
 --> net.yaml:3:16
  |
3 |   - conv 8 3x3 BatchNormalization
  |                ^^^^^^^^^^^^^^^^^^
  = help: write '-> bn eps=0.001'
""",
    ),
    (
        "AveragePooling2D 3x3 same",
        """\
error[framework-name]: 'AveragePooling2D' leaves the padding out of the mean, as Keras does
 --> net.yaml:3:5
  |
3 |   - AveragePooling2D 3x3 same
  |     ^^^^^^^^^^^^^^^^
  = help: write 'avgpool 3x3 s2 same count_include_pad=false'
""",
    ),
    (
        "ChannelShuffle 2",
        """\
error[bare-number]: 'shuffle' takes no bare number: it shuffles the channels of groups and is no \
pixel shuffle
 --> net.yaml:3:20
  |
3 |   - ChannelShuffle 2
  |                    ^
  = help: channel shuffle: 'shuffle g=2'; PixelShuffle: 'depth2space 2'
""",
    ),
    (
        "add in ReLU",
        """\
error[unknown-reference]: no layer named 'ReLU'
 --> net.yaml:3:12
  |
3 |   - add in ReLU
  |            ^^^^
  = help: for the activation write 'relu'
""",
    ),
    (
        "conv 8 3x3 Softshrink",
        """\
error[framework-name]: 'Softshrink' has no counterpart here
 --> net.yaml:3:16
  |
3 |   - conv 8 3x3 Softshrink
  |                ^^^^^^^^^^
  = help: 'cnncalc layers' lists the layer types
""",
    ),
    (
        "CrossEntropyLoss",
        """\
error[framework-name]: 'CrossEntropyLoss' measures the error in training; a network here ends \
before it
 --> net.yaml:3:5
  |
3 |   - CrossEntropyLoss
  |     ^^^^^^^^^^^^^^^^
  = help: 'cnncalc layers' lists the layer types
""",
    ),
    (
        "RoIAlign 7",
        """\
error[unknown-type]: there is no layer type or block named 'RoIAlign'
 --> net.yaml:3:5
  |
3 |   - RoIAlign 7
  |     ^^^^^^^^
  = help: 'cnncalc layers' lists them
""",
    ),
]


@pytest.mark.parametrize(("line", "message"), MESSAGES, ids=[line for line, _ in MESSAGES])
def test_messages(line, message):
    assert said(f"input: 32x32x1\nlayers:\n  - {line}\n") == message


def test_a_net_in_the_words_of_keras():
    """Parameters as Keras' own summary of this network prints them: 320 + 18496 + 16010."""
    found = network("""
        input: 28x28x1
        layers:
          - Conv2D 32 3x3 relu
          - MaxPooling2D 2x2
          - Conv2D 64 3x3 relu
          - MaxPooling2D 2x2
          - Flatten
          - Dropout 0.5
          - Dense 10 softmax
        """)
    sizes = [
        node.layer.parameters(found.nodes[i].shape) for node in found.nodes for i in node.inputs
    ]
    assert sum(p.size for each in sizes for p in each) == 34826
