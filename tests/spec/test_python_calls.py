"""Layers written as Python calls, and lines with commas: the error shows the line to write."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written import error, layers, said

from cnncalc.errors import CnncalcError
from cnncalc.spec.document import read_document

# What the frameworks' documentation says of the arguments and their defaults.
CALLS = [
    ("Conv2d(3, 6, 5)", "conv 6 5x5"),
    ("nn.Conv2d(3, 6, kernel_size=5, stride=2, padding=1)", "conv 6 5x5 s2 p1"),
    ("torch.nn.Conv2d(3, 6, 3, 1, 1, bias=False)", "conv 6 3x3 p1 nobias"),
    ("nn.Conv2d(64, 64, 3, padding=1, groups=32)", "conv 64 3x3 p1 g32"),
    ("nn.Conv2d(64, 64, 3, padding=2, dilation=2)", "conv 64 3x3 p2 d2"),
    ("nn.Conv2d(3, 6, (1, 7), padding=(0, 3))", "conv 6 1x7 p0x3"),
    ("nn.Conv2d(3, 6, 3, padding='same')", "conv 6 3x3 same"),
    ("nn.Conv2d(3, 6, 3, padding_mode='reflect')", "conv 6 3x3 padding_mode=reflect"),
    ("nn.Conv1d(3, 6, 5)", "conv 6 f5"),
    ("nn.Conv3d(3, 6, 5)", "conv 6 5x5x5"),
    ("nn.LazyConv2d(6, 5)", None),
    ("Conv2D(32, 3, activation='relu', input_shape=(28, 28, 1))", "conv 32 3x3 relu"),
    ("layers.Conv2D(32, (3, 3), strides=2, padding='same')(x)", "conv 32 3x3 s2 same"),
    ("Conv2D(8, 3, kernel_initializer='he_normal')", None),
    ("Conv2D(8, 3, padding='causal')", None),
    ("Conv1D(8, 3, dilation_rate=2, padding='causal')", "conv 8 f3 d2 causal"),
    ("SeparableConv2D(64, 3, padding='same')", "dwconv 3x3 same nobias -> conv 64 1x1"),
    (
        "SeparableConv2D(64, 3, use_bias=False, activation='relu')",
        "dwconv 3x3 nobias -> conv 64 1x1 nobias relu",
    ),
    ("DepthwiseConv2D(3, strides=2, padding='same')", "dwconv 3x3 s2 same"),
    ("DepthwiseConv2D(3, depth_multiplier=2)", "dwconv 3x3 multiplier=2"),
    ("Conv2DTranspose(64, 3, strides=2, padding='same')", "conv_transpose 64 3x3 s2 same"),
    ("Conv2DTranspose(64, 3, strides=2)", "conv_transpose 64 3x3 s2 valid"),
    (
        "nn.ConvTranspose2d(3, 6, 3, stride=2, padding=1, output_padding=1)",
        "conv_transpose 6 3x3 s2 p1 a1",
    ),
    ("nn.MaxPool2d(2, 2)", "maxpool 2x2 s2"),
    ("nn.MaxPool2d(3, 1, 1)", "maxpool 3x3 s1 p1"),
    ("nn.MaxPool2d(3, stride=2, ceil_mode=True)", "maxpool 3x3 s2 ceil"),
    ("nn.AvgPool2d(3, 1, 1)", "avgpool 3x3 s1 p1"),
    ("MaxPooling2D()", "maxpool 2x2"),
    ("MaxPooling2D((2, 2))", "maxpool 2x2"),
    ("MaxPooling2D(3, strides=1, padding='same')", "maxpool 3x3 s1 same"),
    ("AveragePooling2D(3, padding='same')", "avgpool 3x3 same count_include_pad=false"),
    ("nn.AdaptiveAvgPool2d((1, 1))", "adaptivepool 1x1 avg"),
    ("GlobalAveragePooling2D()", "gap"),
    ("nn.Linear(400, 120)", "linear 120"),
    ("nn.Linear(16 * 5 * 5, 2 * n, bias=False)", "linear (2*n) nobias"),
    ("Dense(10, activation='softmax')", "linear 10 softmax"),
    ("nn.BatchNorm2d(64)", "bn"),
    ("nn.BatchNorm2d(64, 0.001, 0.01)", "bn eps=0.001"),
    ("BatchNormalization()", "bn eps=0.001"),
    ("BatchNormalization(scale=False, epsilon=1e-05)", "bn scale=false eps=1e-05"),
    ("nn.GroupNorm(32, 64)", "gn 32"),
    ("nn.ReLU(inplace=True)", "relu"),
    ("F.relu(x)", None),
    ("nn.LeakyReLU(0.2, inplace=True)", "leaky 0.2"),
    ("nn.Dropout(p=0.2)", "dropout 0.2"),
    ("nn.Softmax(dim=1)", "softmax"),
    ("nn.Softmax(dim=2)", None),
    ("nn.Flatten()", "flatten"),
    ("nn.Flatten(2)", None),
    ("nn.PixelShuffle(2)", "depth2space 2"),
    (
        "nn.Upsample(scale_factor=2, mode='bilinear', align_corners=True)",
        "upsample 2 bilinear align_corners=true",
    ),
    ("UpSampling2D()", "upsample 2"),
    ("ZeroPadding2D(3)", "pad 3"),
    ("nn.ZeroPad2d((0, 1, 0, 1))", None),
    ("Concatenate()([a, b])", "from a -> concat b"),
    ("nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU())", "conv 6 5x5 -> relu"),
    ("conv(6, 5, stride=2)", "conv 6 f5 s2"),
    ("maxpool(2)", "maxpool f2"),
    ("wombat(3)", None),
    ("conv(*sizes)", None),
    ("conv(6, lambda: 3)", None),
    ("Conv2d(3, 6, 5", None),
]
ADVICE = "no commas or brackets, such as 'conv 6 5x5 s2 p1 relu'"
SPEC = "input: 64x64x64\nvars: {n: 4}\nlayers:\n  - a: conv 64 3x3 p1\n  - b: conv 64 3x3 p1\n"


@pytest.mark.parametrize(("call", "line"), [pair for pair in CALLS if pair[0][-1] == ")"])
def test_a_call_is_rewritten_or_not_at_all(call, line):
    (diagnostic,) = error(f'{SPEC}  - "{call}"\n').diagnostics
    assert diagnostic.code == "python-syntax"
    assert diagnostic.help == (f"no commas or brackets: write '{line}'" if line else ADVICE)


@pytest.mark.parametrize("line", [line for _, line in CALLS if line])
def test_the_rewritten_line_can_be_written(line):
    shape = (
        "64"
        if line.startswith("linear")
        else "16x64 LC"
        if {"f5", "causal"} & set(line.split())
        else None
    )
    shape = "8x8x8x64 DHWC" if "5x5x5" in line else shape or "64x64x64"
    before = ("a: identity", "b: relu") if shape == "64x64x64" else ()
    found = layers(*before, line, input=shape, more="vars: {n: 4}")
    assert found.nodes[-1].shape.size > 0


LINES = [
    ("conv 6, 5x5, relu", "conv 6 5x5 relu"),
    ("conv 6 5x5,", "conv 6 5x5"),
    ("Conv2d(3, 6, 5), nn.ReLU()", "conv 6 5x5 -> relu"),
    ("nn.Conv2d(3, 6, 5),", "conv 6 5x5"),
    ("conv 8 3,3", "conv 8 3x3"),
    ("conv 8, 3,3, relu", "conv 8 3x3 relu"),
    ("maxpool 2,2", "maxpool 2x2"),
    ("permute 1,2,0", "permute 1x2x0"),
    ("reshape 32,128,64", "reshape 32x128x64"),
    ("slice 0,32", "slice 0 32"),
]


@pytest.mark.parametrize("line", [line for _, line in LINES])
def test_what_a_line_with_commas_should_be_can_be_written(line):
    assert layers(line, input="64x64x64").nodes


@pytest.mark.parametrize("written", ["maxpool 3,2", "conv 8,3", "fc 10, 20", "conv 8, 3, 3"])
def test_numbers_whose_meaning_is_not_certain_are_not_rewritten(written):
    (diagnostic,) = error(f"{SPEC}  - {written}\n").diagnostics
    assert (diagnostic.code, diagnostic.help) == ("python-syntax", ADVICE)


@pytest.mark.parametrize(("written", "line"), LINES)
def test_commas(written, line):
    for head in ("", "C1: "):
        (diagnostic,) = error(f"{SPEC}  - {head}{written}\n").diagnostics
        assert (diagnostic.code, diagnostic.help) == (
            "python-syntax",
            f"no commas or brackets: write '{line}'",
        )


MESSAGES = [
    (
        "C1: nn.Conv2d(3, 6, 5)",
        """\
error[python-syntax]: a layer is written in words, not in Python
 --> net.yaml:6:9
  |
6 |   - C1: nn.Conv2d(3, 6, 5)
  |         ^^^^^^^^^^^^^^^^^^
  = help: no commas or brackets: write 'conv 6 5x5'
""",
    ),
    (
        "x = self.conv1(x)",
        """\
error[python-syntax]: a layer is written in words, not in Python
 --> net.yaml:6:9
  |
6 |   - x = self.conv1(x)
  |         ^^^^^^^^^^^^^
  = help: no commas or brackets, such as 'conv 6 5x5 s2 p1 relu'
""",
    ),
    (
        "conv 6 5x5 | relu",
        """\
error[python-syntax]: a layer is written in words, not in Python
 --> net.yaml:6:5
  |
6 |   - conv 6 5x5 | relu
  |     ^^^^^^^^^^^^^^^^^
  = help: layers are joined by '->': write 'conv 6 5x5 -> relu'
""",
    ),
    (
        "nn.LeakyReLU()",
        """\
error[framework-name]: 'nn.LeakyReLU' has the slope 0.01 in PyTorch, and 0.3 in Keras
 --> net.yaml:6:5
  |
6 |   - nn.LeakyReLU()
  |     ^^^^^^^^^^^^^^
  = help: write 'leaky 0.01' or 'leaky 0.3'
""",
    ),
    (
        "conv 6 (5, 5)",
        """\
error[expression]: '(5, 5)' is not allowed in an expression
 --> net.yaml:6:12
  |
6 |   - conv 6 (5, 5)
  |            ^^^^^^
  = help: write a size as 5x5
""",
    ),
]


@pytest.mark.parametrize(("line", "message"), MESSAGES, ids=[line for line, _ in MESSAGES])
def test_messages(line, message):
    assert said(f"{SPEC}  - {line}\n") == message


def test_a_block_is_called_without_brackets():
    spec = "input: 9x9x1\nblocks:\n  b(c, s=1): conv c 3x3 s=s\nlayers:\n  - b(3, s=2)\n"
    (diagnostic,) = error(spec).diagnostics
    assert diagnostic.help == "no commas or brackets: write 'b 3 s=2'"


WORDS = st.sampled_from(
    ["Conv2d", "Dense", "3", "5", "(", ")", ",", "|", "=", "n", "'same'", " ", "x", "["]
)


@given(st.lists(WORDS, min_size=1, max_size=12).map("".join))
def test_no_text_with_such_marks_ends_in_a_traceback(line):
    quoted = line.replace("'", "''")
    with suppress(CnncalcError):
        read_document(f"input: 9x9x1\nlayers:\n  - '{quoted}'\n", "net.yaml")
