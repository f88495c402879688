"""`cnncalc export`: code that compiles and is formatted, whatever the network is called.

Whether it computes the same is asked where PyTorch is installed: see test_export_torch.py.
"""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import hostile
import pytest

from cnncalc import parse, zoo
from cnncalc.errors import CnncalcError
from cnncalc.exchange.targets import TargetOptions
from cnncalc.exchange.targets._pytorch_layers import FUNCTIONS, TABLE, WITHOUT
from cnncalc.exchange.targets.pytorch import write
from cnncalc.inference import safetensors
from cnncalc.layers import layer_types
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build, load
from cnncalc.spec.write import quoted

sys.path.insert(0, str(Path(__file__).parents[1] / "fuzz"))
from grammar import Writer

UNKNOWN = {"edgenext", "ssd300"}  # files with a layer that no framework has


def read(text):
    return build(read_document(text, "net.yaml"))


def test_every_layer_type_has_a_counterpart_or_a_reason():
    assert {*TABLE, *FUNCTIONS, *WITHOUT} == set(layer_types())
    assert not {*TABLE, *FUNCTIONS} & set(WITHOUT)
    assert all(WITHOUT.values())


@pytest.mark.parametrize("name", sorted({*zoo.files()} - UNKNOWN))
def test_every_bundled_network_compiles(name):
    ast.parse(write(load(name)).content)


@pytest.mark.parametrize("name", sorted(UNKNOWN))
def test_a_layer_that_nobody_knows_is_refused(name):
    with pytest.raises(CnncalcError) as caught:
        write(load(name))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "no-counterpart"
    assert diagnostic.message.endswith(
        "(custom) has no counterpart in PyTorch: what it computes is not known"
    )


def test_the_code_is_formatted_and_lint_clean(tmp_path):
    """As ruff has it without any settings."""
    for name in zoo.files().keys() - UNKNOWN:
        for nested in (True, False):
            text = write(load(name), TargetOptions(nested=nested)).content
            file = tmp_path / f"net_{name.replace('-', '_')}_{nested}.py"
            file.write_text(text, encoding="utf-8")
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", tmp_path],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if "No module named ruff" in done.stderr:
            pytest.skip("ruff is not installed")
        assert done.returncode == 0, done.stdout[-3000:]


RESNET = """\
class Basic(nn.Module):
    \"\"\"As in layer1.0.\"\"\"

    def __init__(self, in_channels, out_channels, stride=1, downsample=False):
        super().__init__()
        self.conv1 = nn.Conv2d(
            in_channels, out_channels, 3, stride=stride, padding=1, bias=False
        )
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample = None
        if downsample:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x):
        out = self.conv1(x)
        out = self.bn1(out)
        out = F.relu(out)
        out = self.conv2(out)
        out = self.bn2(out)
        shortcut = x
        if self.downsample is not None:
            shortcut = self.downsample(x)
        out = out + shortcut
        out = F.relu(out)
        return out
"""


def test_parts_that_are_alike_are_one_class():
    """As torchvision's `BasicBlock` has it: one class, with or without a projection."""
    text = write(load("resnet34")).content
    assert RESNET in text
    assert text.count("\nclass ") == 2
    assert "            Basic(64, 128, stride=2, downsample=True),\n" in text
    assert "            *[Basic(256, 256) for _ in range(5)],\n        )\n" in text
    assert "self.layer1 = nn.Sequential(*[Basic(64, 64) for _ in range(3)])\n" in text
    assert write(load("resnet34"), TargetOptions(nested=False)).content.count("class ") == 1


BLOCKS = {
    "resnet18": "Basic",
    "resnet50": "Bottleneck",
    "resnext50_32x4d": "Bottleneck",
    "se_resnet50": "Bottleneck",
    "regnet_y_400mf": "Block",
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_projection_is_an_argument(name):
    """Each kind of block is one class, as torchvision and timm have it."""
    block, text = BLOCKS[name], write(load(name)).content
    assert text.count(f"class {block}") == 1
    calls = [line for line in text.splitlines() if f" {block}(" in line and "class" not in line]
    assert any("=True)" in line for line in calls)
    assert any("=True)" not in line for line in calls)


def test_a_shortcut_only_where_the_shapes_agree_is_an_argument():
    """The ten additions of MobileNetV2 (arXiv 1801.04381, Table 2) in one class."""
    text = write(load("mobilenet_v2")).content
    found = re.findall(r"residual=True\)(?: for _ in range\((\d)\))?", text)
    assert sum(int(times or 1) for times in found) == 10
    assert "        if self.residual:\n            out = out + x\n        return out\n" in text
    assert text.count("class ") == 3  # the first block does not expand


PROJECTIONS = """
input: 8x8x4
blocks:
  unit(c, s=1):
    - conv c 3x3 s=s p1 -> relu
    - conv c 3x3 p1
    - add: [identity, from in -> %s]
layers:
  - a: unit 4
  - b: unit 8 s=2
  - c: unit 8
  - gap
"""


def test_a_projection_of_rows_of_the_block_is_an_argument_too():
    rows = write(read(PROJECTIONS % "conv c 1x1 s=s bn if s != 1")).content
    assert (
        "        self.conv3 = None\n"
        "        if project:\n"
        "            self.conv3 = nn.Conv2d(\n"
        "                in_channels, out_channels, 1, stride=stride, bias=False\n"
        "            )\n"
        "            self.conv3_bn = nn.BatchNorm2d(out_channels)\n"
    ) in rows
    assert (
        "        shortcut = x\n"
        "        if self.conv3 is not None:\n"
        "            shortcut = self.conv3(x)\n"
        "            shortcut = self.conv3_bn(shortcut)\n"
        "        out = out + shortcut\n"
    ) in rows


def test_blocks_that_differ_in_more_stay_two_classes():
    """A projection in one, and biases in the other."""
    spec = PROJECTIONS % "conv c 1x1 s=s if s != 1"
    blocks = spec.replace("(c, s=1)", "(c, s=1, free=false)").replace(
        "    - conv c 3x3 p1\n",
        "    - conv: {filters: c, kernel: 3, padding: 1, bias: false, if: free}\n"
        "    - conv: {filters: c, kernel: 3, padding: 1, bias: true, if: not free}\n",
    )
    alike = blocks.replace("unit 8\n", "unit 8 free=true\n")
    text = write(read(alike.replace("unit 4\n", "unit 4 free=true\n"))).content
    assert text.count("(nn.Module)") == 3
    assert "=False" not in text.replace("bias=False", "")


WINDOWS = """
input: 16x16x4
blocks:
  unit(c, k, soft=false, d=1):
    - conv: {filters: c, kernel: k, padding: same, dilation: d, groups: 2}
    - relu if not soft
    - silu if soft
    - conv c 3x3 p1 -> relu
layers:
  - a: unit 4 3
  - b: unit 8 5
  - c: unit 8 3 soft=true
  - d: unit 8 5 soft=true
  - gap
"""
UNIT = """\
    def __init__(self, in_channels, out_channels, kernel_size=3, act=nn.ReLU):
        super().__init__()
        self.act = act()
        self.conv1 = nn.Conv2d(
            in_channels, out_channels, kernel_size, padding=kernel_size // 2, groups=2
        )
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)

    def forward(self, x):
        x = self.conv1(x)
        x = self.act(x)
        x = self.conv2(x)
        x = F.relu(x)
        return x
"""


def test_kernels_and_activations_are_arguments():
    """As a person writes a block: the usual ones by default, `same` padding as half a kernel."""
    text = write(read(WINDOWS)).content
    assert UNIT in text
    assert "        self.a = Unit(4, 4)\n" in text
    assert "        self.b = Unit(4, 8, kernel_size=5)\n" in text
    assert "        self.c = Unit(8, 8, act=nn.SiLU)\n" in text
    assert "        self.d = Unit(8, 8, kernel_size=5, act=nn.SiLU)\n" in text


def test_a_dilation_is_an_argument_and_the_padding_follows_it():
    dilated = WINDOWS.replace("unit 8 5\n", "unit 8 3 d=2\n")
    text = write(read(dilated)).content
    assert "padding=dilation" not in text  # of d the kernel is 5 and the dilation 1
    text = write(read(dilated.replace("unit 8 5 soft", "unit 8 3 soft"))).content
    assert "padding=dilation," in text
    assert "        self.b = Unit(4, 8, dilation=2)\n" in text


def test_an_attribute_takes_no_name_of_a_layer():
    text = write(read(WINDOWS.replace("- conv c 3x3 p1", "- act: conv c 3x3 p1"))).content
    assert "act2=nn.ReLU" in text
    assert "        self.act2 = act2()\n" in text


@pytest.mark.parametrize(
    ("name", "block", "count"),
    [
        ("mobilenet_v3_large", "Bneck", 3),  # without expansion, without and with squeeze
        ("efficientnet_b0", "Mbconv", 2),
        ("unet", "Up", 1),
        ("yolov5s", "Cv", 1),
    ],
)
def test_blocks_of_several_kernels_are_one_class(name, block, count):
    """MobileNetV3 (arXiv 1905.02244, Table 1) and EfficientNet mix kernels of 3 and 5."""
    text = write(load(name)).content
    assert len(re.findall(rf"^class {block}\d*\(", text, re.MULTILINE)) == count


DENSE = """\
class Dense(nn.Sequential):
    \"\"\"As in features.denseblock1.\"\"\"

    def __init__(self, num_layers, in_channels):
        super().__init__()
        for i in range(num_layers):
            self.add_module(f"denselayer{i + 1}", Denselayer(in_channels + 32 * i))
"""


def test_numbered_modules_in_sequence_are_made_in_a_loop():
    """As torchvision's `_DenseBlock` has it, with a growth of 32 (arXiv 1608.06993, Table 1)."""
    text = write(load("densenet121")).content
    assert f"\n\n{DENSE}\n\n" in text
    layers = re.findall(r"self.denseblock(\d) = Dense\((\d+), (\d+)\)", text)
    assert layers == [("1", "6", "64"), ("2", "12", "128"), ("3", "24", "256"), ("4", "16", "512")]


def test_modules_of_one_name_that_do_not_grow_evenly_are_made_one_by_one():
    spec = """
input: 8x8x4
blocks:
  unit(c): [conv c 1x1 -> relu]
  stage(a, b, c, d): [u1: unit a, u2: unit b, u3: unit c, u4: unit d]
layers: [s: stage 4 8 16 32, gap -> fc 3]
"""
    text = write(read(spec)).content
    assert "class Stage(nn.Sequential):" in text
    assert "        self.u3 = Unit(8, 16)\n        self.u4 = Unit(16, 32)\n" in text
    assert "range" not in text


def test_an_average_that_pytorch_refuses_is_refused():
    """Of volumes, `avg_pool3d` wants windows that fit without the padding."""
    spec = "{input: 2x3x1x3 CDHW, layers: [avgpool 2x2x1 s2x2x1 ceil]}"
    with pytest.raises(CnncalcError, match="a window larger than its volume"):
        write(read(spec))


SLICES = """
input: 4x4x12 HWC
blocks:
  unit(a): [concat: [slice 0..a, from in -> slice a.. -> conv 4 1x1, from in -> slice 0..cin]]
layers: [a: unit 2, b: unit 8, gap -> fc 2]
"""


def test_bounds_of_channels_are_arguments():
    text = write(read(SLICES)).content
    assert text.count("(nn.Module)") == 2
    assert "        self.stop = stop\n" in text
    assert "[:, : self.stop]\n" in text
    assert "[:, self.stop :]\n" in text
    assert "[:, 0:" not in text


def test_maps_of_several_sizes_are_cropped_by_their_sizes():
    """So that the crops of U-Net (arXiv 1505.04597, Figure 1) are one expression."""
    text = write(load("unet")).content
    assert "        out = torch.cat([out, center_crop(x2, out)], 1)\n" in text
    assert "        x = self.dec4(x, enc4)\n" in text


@pytest.mark.parametrize("name", hostile.TEXTS)
def test_no_text_of_a_spec_is_code(name, capsys):
    """It is a docstring, or filtered to a name; nothing of it runs."""
    spec = (
        f"name: {quoted(name)}\ndescription: {quoted(name)}\ninput: 8x8x3\n"
        f"layers: [{{conv: 4 3x3 bn, note: {quoted(name)}}}, gap, fc 10]\n"
    )
    text = write(read(spec)).content
    tree = ast.parse(text)
    allowed = (ast.Expr, ast.Import, ast.ImportFrom, ast.ClassDef, ast.If)
    assert all(isinstance(each, allowed) for each in tree.body)
    expressions = [each for each in tree.body if isinstance(each, ast.Expr)]
    assert len(expressions) == 1
    assert isinstance(expressions[0].value, ast.Constant)
    body = [each for each in tree.body if not isinstance(each, (ast.Import, ast.ImportFrom))]
    prints = [each for each in ast.walk(ast.Module(body[:-1], [])) if isinstance(each, ast.Call)]
    assert "print" not in {ast.unparse(each.func) for each in prints}


def test_names_that_modules_or_python_use_are_changed_and_said():
    spec = """
input: 8x8x3
layers:
  - forward: conv 4 3x3 p1 bn
  - lambda: conv 4 3x3 p1
  - train: {numbered: [conv 4 3x3 p1, relu, conv 4 3x3 p1]}
"""
    names = write(read(spec)).names
    assert names["forward.weight"] == "forward_.weight"
    assert names["forward.bn.weight"] == "forward_bn.weight"  # a leaf has no child
    assert names["lambda.weight"] == "lambda_.weight"
    assert names["train.0.weight"] == "train_.0.weight"
    assert names["train.2.weight"] == "train_.2.weight"


def forward_of(content):
    """The last `forward` of the code, line by line."""
    lines = content.rpartition("    def forward(")[2].partition("\n\n")[0].splitlines()
    return [line.strip() for line in lines[1:]]


def test_a_part_that_shares_all_weights_calls_the_module_again():
    written = write(load("siamese"))
    assert forward_of(written.content)[:3] == [
        "a = self.a(left)", "out = self.a(right)", "out = (a - out).abs()",
    ]  # fmt: skip
    assert set(written.names) == {
        f"{name}.{each}" for name in (*(f"a.conv{k}" for k in range(1, 5)), "a.fc1", "score")
        for each in ("weight", "bias")
    }  # fmt: skip


@pytest.mark.parametrize(
    "again",
    [
        "{tower: {k: 4, p: same}, from: right, share: a}",  # another padding
        "{tower: {k: 4, p: valid}, from: small, share: a}",  # another size
        "[from right -> conv 4 3x3 share=a.c, relu]",  # fewer rows around the weights
        "[from right -> conv 4 3x3 share=a.c, relu, conv 4 1x1]",  # weights of its own as well
        "[from right -> conv 4 3x3 share=a.c, tanh, conv 4 1x1 share=a.d]",  # another activation
    ],
)
def test_a_part_that_differs_is_written_out(again):
    spec = f"""
inputs: {{left: 8x8x2, right: 8x8x2, small: 5x5x2}}
blocks:
  tower(k, p):
    - c: conv k 3x3 p=p
    - relu
    - d: conv k 1x1
layers:
  - a: {{tower: {{k: 4, p: valid}}, from: left}}
  - b: {again}
outputs: [a, b]
"""
    lines = forward_of(write(read(spec)).content)
    assert sum("self.a(" in line for line in lines) == 1
    assert any("self.a.c(" in line for line in lines)


def test_a_recurrent_layer_is_written_as_pytorch_documents_it():
    """`torch.nn.LSTM(input_size, hidden_size, num_layers=1, ..., bidirectional=False)`."""
    layers = "input: {l: 5, c: 8}\nlayers: [{row: lstm 6 layers=2 bidirectional}]\n"
    assert "num_layers=2, bidirectional=True)" in write(read(layers)).content
    assert "num_layers" not in write(read(layers.replace(" layers=2", ""))).content


def test_a_side_for_training_is_left_out_and_said(cnncalc, tmp_path):
    file = tmp_path / "net.yaml"
    file.write_text(
        "input: 8x8x3\nlayers: [conv 4 3x3, {side: {aux: [gap, fc 3]}, train_only: true}, gap]\n"
    )
    answer = cnncalc("export", file, "--to", "pytorch")
    assert answer.status == 0
    assert "aux" not in answer.out
    assert "left out, since only training uses it: aux.gap1, aux.fc1" in answer.err


def test_what_others_read_is_not_left_out():
    """A row for training alone that feeds the network, and a network that is nothing else."""
    spec = "input: 8x8x3\nlayers: [a: {conv: 4 3x3, train_only: true}, gap, fc 3]\n"
    assert (
        "self.a(x)"
        in write(read(spec.replace("a: {conv: 4 3x3,", "{conv: 4 3x3, name: a,"))).content
    )
    only = "input: 8\nlayers: [{fc: 3, train_only: true}]\n"
    assert "return x" in write(read(only)).content
    assert "return x" in write(read("input: 8\nlayers: [identity]\n")).content


def test_random_specs_compile():
    """Or are refused, since PyTorch has no counterpart; never another error."""
    outcomes = Counter()
    for seed in range(400):
        try:
            network = read(Writer(Random(seed)).spec())
        except CnncalcError:
            continue
        try:
            for nested in (True, False):
                ast.parse(write(network, TargetOptions(nested=nested)).content)
            outcomes["compiled"] += 1
        except CnncalcError as error:
            outcomes.update(diagnostic.code for diagnostic in error.diagnostics)
    assert set(outcomes) <= {"compiled", "no-counterpart"}
    assert outcomes["compiled"] > 50


def test_the_weights_are_written_under_the_names_of_the_code(cnncalc, tmp_path):
    code, weights = tmp_path / "digits.py", tmp_path / "digits.safetensors"
    answer = cnncalc("export", "digits", "--to", "pytorch", "-o", code, "--weights", weights)
    assert answer.status == 0
    network = load("digits")
    stored, own = safetensors.read(str(weights)), safetensors.read(network.init.weights)
    names = write(network).names
    assert {names[name] for name in own} == set(stored)
    for name, tensor in own.items():
        assert list(stored[names[name]].read()) == list(tensor.read())


def test_the_same_file_for_both_is_refused(cnncalc, tmp_path):
    file = tmp_path / "both"
    answer = cnncalc("export", "lenet5", "--to", "pytorch", "-o", file, "--weights", file)
    assert answer.status == 2
    assert "-o and --weights name the same file" in answer.err
    assert not file.exists()


def test_a_refusal_stands_at_its_line(cnncalc, tmp_path):
    file = tmp_path / "net.yaml"
    file.write_text('input: 8x8x3\nlayers:\n  - conv 4 3x3\n  - custom "X" out=4 params=0 macs=0\n')
    answer = cnncalc("export", file, "--to", "pytorch")
    assert answer.status == 1
    assert "error[no-counterpart]: 'custom1' (custom) has no counterpart in PyTorch" in answer.err
    assert "net.yaml:4:5" in answer.err


@pytest.mark.parametrize(
    ("size", "layer", "growth"),
    [  # where torch 2.13's F.interpolate computes other numbers than the factor says
        ("3x8x1", "upsample 1.25", "1 where 3 becomes 3"),
        ("2x2x1", "upsample 1.25 bilinear", "1 where 2 becomes 2"),
        ("2x8x1", "upsample 2.25", "2 where 2 becomes 4"),
    ],
)
def test_a_factor_that_pytorch_takes_as_another_one_is_refused(size, layer, growth):
    with pytest.raises(CnncalcError) as caught:
        write(parse(f"input: {size}\nlayers:\n  - {layer}\n"))
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.span.line) == ("no-counterpart", 3)
    assert diagnostic.message == (
        "'upsample1' (upsample) has no counterpart in PyTorch: "
        f"PyTorch takes the factor as {growth}"
    )


@pytest.mark.parametrize(
    ("size", "layer"),
    [
        ("4x4x1", "upsample 1.25"),
        ("1x1x1", "upsample 1.25"),  # one number stays what it is
        ("2x2x1", "upsample 2.25 bilinear"),
        ("2x2x1", "upsample 1.25 bilinear align_corners=true"),
    ],
)
def test_a_factor_that_pytorch_takes_as_it_is_is_written(size, layer):
    assert "scale_factor=" in write(parse(f"input: {size}\nlayers:\n  - {layer}\n")).content
