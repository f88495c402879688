"""The blocks that need no definition, in published networks that contain them."""

import re
from pathlib import Path

import pytest
from written import layers, names, report

from cnncalc.errors import CnncalcError
from cnncalc.layers import layer_type
from cnncalc.spec import ready_blocks
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.spec.syntax import Argument, Use
from cnncalc.spec.write import text

SPECS = Path(__file__).parents[2] / "specs"
RESNET = """
input: 224x224x3
vars: {n: [3, 4, 6, 3]}
blocks:
  shortcut(c, s):
    - conv c 1x1 s=s bn if s != 1 or cin != c
  bottleneck(c, s=1, d=1):
    - conv c 1x1 bn relu
    - conv c 3x3 s=s d=d half bn relu
    - conv 4*c 1x1 bn
    - cbam
    - add: [identity, from in -> shortcut 4*c s]
    - relu
layers:
  - conv 64 7x7 s2 p3 bn relu
  - maxpool 3x3 s2 p1
  - bottleneck 64 x=n[0]
  - bottleneck 128 s=first(2) x=n[1]
  - bottleneck 256 s=first(2) x=n[2]
  - bottleneck 512 s=first(2) x=n[3]
  - gap
  - fc 1000
"""


def bundled(name, *changes):
    """A bundled spec with lines replaced, all of which must be there."""
    spec = (SPECS / f"{name}.yaml").read_text()
    for old, new in changes:
        assert old in spec
        spec = spec.replace(old, new)
    return spec


def expected(spec, variant=None):
    """Totals of a spec beside those that it expects, which have their sources."""
    found = report(spec, variant=variant)
    network = build(read_document(spec, "net.yaml"), variant)
    wanted = {each.key: each.low for each in network.expect if each.low == each.high}
    return (found.totals.params, found.totals.macs), (wanted["params"], wanted["macs"])


def without_block(name, block):
    """A bundled spec whose own block of this name is removed."""
    spec = (SPECS / f"{name}.yaml").read_text()
    return re.sub(rf"^  {block}\b.*\n(    .*\n)*", "", spec, flags=re.MULTILINE)


@pytest.mark.parametrize("variant", ["se_resnet50", "se_resnet152"])
def test_se_in_se_resnet(variant):
    spec = without_block("se_resnet", "se")
    assert "se:" not in spec
    found, wanted = expected(spec, variant)
    assert found == wanted


def test_sepconv_in_xception():
    """22,855,952 parameters: the paper's Table 3."""
    spec = bundled(
        "xception", ("  sep(c): dwconv -> conv c 1x1 -> bn\n", "  sep(c): sepconv c -> bn\n")
    )
    found, wanted = expected(spec)
    assert found == wanted
    assert found[0] == 22855952


@pytest.mark.parametrize(
    ("units", "params"),
    [([3, 4, 6, 3], 28089624), ([3, 4, 23, 3], 49330172), ([3, 8, 36, 3], 66826848)],
)
def test_cbam_in_cbam_resnet(units, params):
    """Counts of osmr/imgclsmob, pytorchcv/models/cbamresnet.py."""
    assert report(RESNET, set={"n": units}).totals.params == params


def test_spp_in_yolov5():
    """Three windows of 5 in a row see what windows of 5, 9 and 13 see (YOLOv5 v6.0, SPPF)."""
    old = (
        "    - conv cin//2 1x1 as a -> maxpool 5x5 s1 p2 as b -> maxpool 5x5 s1 p2 as d "
        "-> maxpool 5x5 s1 p2\n    - concat a b d\n"
    )
    spec = bundled("yolov5", (old, "    - conv cin//2 1x1\n    - spp\n"))
    for variant in ("yolov5n", "yolov5s"):
        found, wanted = expected(spec, variant)
        assert found == wanted


def test_aspp_in_deeplabv3():
    spec = bundled("fcn", ("deeplab: pyramid 256 ->", "deeplab: aspp d=[12, 24, 36] ->"))
    found, wanted = expected(spec, "deeplabv3_resnet50")
    assert found == wanted


@pytest.mark.parametrize(
    ("units", "classes", "params"),
    [([3, 4, 6, 3], 21, 46716373), ([3, 4, 23, 3], 21, 65708501), ([3, 4, 6, 3], 150, 46782550)],
)
def test_ppm_in_pspnet(units, classes, params):
    """Counts of osmr/imgclsmob, pytorchcv/models/pspnet.py, without the auxiliary output."""
    spec = RESNET.replace("    - cbam\n", "").replace("224x224", "480x480")
    stem = "conv 64 3x3 s2 p1 bn relu -> conv 64 3x3 p1 bn relu -> conv 128 3x3 p1 bn relu"
    spec = spec.replace("conv 64 7x7 s2 p3 bn relu", stem)
    spec = spec.replace("256 s=first(2)", "256 d=first(1,2)")
    spec = spec.replace("512 s=first(2)", "512 d=first(2,4)")
    head = "ppm\n  - conv 512 3x3 p1 bn relu -> dropout 0.1 -> conv classes 1x1"
    spec = spec.replace("gap\n  - fc 1000", head).replace(
        "vars: {", f"vars: {{classes: {classes}, "
    )
    found = report(spec, set={"n": units})
    assert found.totals.params == params
    assert found.outputs[0].shape.spatial == (60, 60)


ALL = ["se", "sepconv 8", "cbam r=2", "spp", "aspp 8", "ppm"]


@pytest.mark.parametrize("call", ALL)
class TestEach:
    def test_is_written_out_and_read_again(self, call):
        found = layers("first: conv 32 3x3 p1", call, input="16x16x3")
        again = build(read_document(text(found), "expanded"))
        assert [(n.layer, n.inputs) for n in again.nodes] == [
            (n.layer, n.inputs) for n in found.nodes
        ]

    def test_defaults_of_the_spec_do_nothing(self, call):
        more = """
defaults:
  conv: nobias s2 p1 instnorm gelu
  dwconv: bias s2 d2 bn
  bn: eps=0.1 affine=false
  maxpool: s2 ceil
  upsample: bilinear align_corners=true
  adaptivepool: max
  dropout: 0.1
  concat: relu
  mul: relu
  add: relu
  gap: relu
"""
        line = "first: conv 32 3x3 s1 p1 bias plain"
        found = layers(line, call, input="16x16x3", more=more)
        alone = layers(line, call, input="16x16x3")
        assert [n.layer for n in found.nodes] == [n.layer for n in alone.nodes]

    def test_a_block_of_that_name_in_the_spec_wins(self, call):
        name = call.split()[0]
        found = layers(name, more=f"blocks:\n  {name}: relu")
        assert [node.layer.type for node in found.nodes] == ["input", "relu"]

    def test_a_layer_or_an_input_may_have_its_name(self, call):
        name = call.split()[0]
        found = layers(f"{name}: conv 8 3x3", f"add: [from {name}, from {name}]")
        assert names(found) == [name, "add1"]
        found = layers(f"{name}: [relu, tanh]", "relu")
        assert [node.layer.type for node in found.nodes] == ["input", "relu", "tanh", "relu"]

    def test_its_definition_is_in_the_reference(self, call, cnncalc):
        name = call.split()[0]
        answer = cnncalc("layers", name).out
        assert f"\n{name}(" in answer
        assert "arXiv" in answer
        assert f"  {name}" in cnncalc("layers").out

    def test_its_definition_defines_it(self, call):
        """What the reference shows, put into a spec, is the same block."""
        name = call.split()[0]
        shown = "".join(f"  {line}\n" for line in ready_blocks.definition(name).splitlines())
        first = "first: conv 32 3x3 p1"
        defined = layers(first, call, input="16x16x3", more=f"blocks:\n{shown}")
        ready = layers(first, call, input="16x16x3")
        assert [n.layer for n in defined.nodes] == [n.layer for n in ready.nodes]


@pytest.mark.parametrize("line", ["se: 4", "{se: {r: 4}}", "s: se 4", "se r=4", "relu -> se 4"])
def test_the_ways_to_call_one(line):
    found = layers("conv 32 3x3", line)
    assert any(node.layer.type == "conv" and node.shape.channels == 8 for node in found.nodes)


def uses(item):
    """Every layer in a body."""
    for child in getattr(item, "items", ()):
        yield from uses(child)
    if isinstance(item, Use):
        yield item
        for branch in item.branches or ():
            yield from uses(branch.body)


def test_every_convolution_says_whether_it_has_a_bias():
    document = read_document(ready_blocks.text() + "input: 8x8x8\nlayers: [relu]\n", "net.yaml")
    for block in document.blocks.values():
        for use in uses(block.body):
            if "bias" in layer_type(use.head).__dataclass_fields__:
                fields = {word.field for word in use.words if isinstance(word, Argument)}
                assert "bias" in fields, (block.name, use)


def test_a_mistake_inside_is_told_at_its_line():
    with pytest.raises(CnncalcError) as caught:
        layers("flatten", "se 4")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.span.file in ("net.yaml", ready_blocks.FILE)
    assert diagnostic.code == "no-axes"
