"""What other tools print of the same networks, and how it follows from this report."""

import json

import bundled
import pytest

from cnncalc import analyze
from cnncalc.layers.conv import Conv
from cnncalc.network import chain
from cnncalc.shapes import Shape

PAPERS = json.loads((bundled.DATA / "papers.json").read_text())
KERAS = PAPERS["keras_totals"]


def norm_channels(name):
    """Channels under a batch norm, summed: as many biases would its convolutions have."""
    return sum(row.out.channels for row in bundled.of_types(name, "bn"))


# Keras' networks that are the bundled ones, but for what it counts.
SAME = {
    "MobileNet": "mobilenet_v1",
    "MobileNetV2": "mobilenet_v2",
    "MobileNetV3Large": "mobilenet_v3_large",
    "Xception": "xception",
    **{f"DenseNet{n}": f"densenet{n}" for n in (121, 169, 201)},
    **{f"VGG{n}": f"vgg{n}" for n in (16, 19)},
}


class TestKeras:
    """Keras counts the running statistics among the parameters."""

    def total(self, name):
        totals = bundled.report(name).totals
        return totals.params + totals.buffers

    @pytest.mark.parametrize("keras", SAME)
    def test_parameters_and_statistics(self, keras):
        assert self.total(SAME[keras]) == KERAS[keras]

    def test_its_resnet_keeps_biases_before_batch_norm(self):
        assert self.total("resnet50") + norm_channels("resnet50") == KERAS["ResNet50"]

    @pytest.mark.parametrize(
        ("keras", "name"),
        [("InceptionV3", "inception_v3"), ("InceptionResNetV2", "inception_resnet_v2")],
    )
    def test_its_inceptions_have_batch_norm_without_scale(self, keras, name):
        assert self.total(name) - norm_channels(name) == KERAS[keras]

    @pytest.mark.parametrize("letter", ["B0", "B1"])
    def test_its_efficientnets_normalise_their_input(self, letter):
        """By three means, three variances and one count."""
        total = self.total(f"efficientnet_{letter.lower()}")
        assert total + 7 == KERAS[f"EfficientNet{letter}"]

    def test_every_figure_is_looked_at(self):
        """NASNet's cells were found by search; it is not bundled."""
        special = {"ResNet50", "InceptionV3", "InceptionResNetV2"}
        special |= {"EfficientNetB0", "EfficientNetB1"}
        assert set(KERAS) - set(SAME) - special == {"NASNetLarge"}


def pycls_name(line):
    """`RegNetX-400MF` is regnet_x_400mf, or the paper's own where torchvision's differs."""
    name = line.lower().replace(" ", "_")
    if not name.startswith("regnet"):
        kind, _, rest = name.partition("-")
        return f"{kind}_{rest}" if kind == "efficientnet" else kind + rest
    size = name[8:].replace(".0gf", "gf").replace(".", "_")
    own = f"regnet_{name[6]}_{size}"
    return f"{own}_paper" if own in {"regnet_x_400mf", "regnet_y_800mf", "regnet_y_8gf"} else own


class TestPycls:
    """The model zoo of pycls: parameters, MACs, and outputs of convolutions and linear layers."""

    def report(self, line):
        name = pycls_name(line)
        if not name.startswith("efficientnet"):
            return bundled.report(name)
        side = PAPERS["efficientnet"][name[-2:]]["resolution"]
        return bundled.report(name, input=f"{side}x{side}x3")

    def figures(self, line):
        report = self.report(line)
        work = bundled.of_types(report, "conv", "dwconv", "fc")
        return report.totals.macs, report.totals.params, sum(row.neurons for row in work)

    @pytest.mark.parametrize("line", PAPERS["pycls_zoo"])
    def test_exact_figures(self, line):
        paper = PAPERS["pycls_zoo"][line]
        assert self.figures(line) == (paper["macs"], paper["params"], paper["acts"])

    # 22.6M parameters of ResNet-50 are a slip for 25.6; the EfficientNets are printed as their
    # paper does.
    @pytest.mark.parametrize(
        "line", [x for x in PAPERS["pycls_zoo"] if not x.startswith(("EfficientNet", "ResNet-50"))]
    )
    def test_printed_figures(self, line):
        paper, (macs, params, acts) = PAPERS["pycls_zoo"][line], self.figures(line)
        assert round(macs / 1e9, 1) == paper["flops_B"]
        assert round(params / 1e6, 1) == pytest.approx(paper["params_M"], abs=0.11)
        assert round(acts / 1e6, 1) == pytest.approx(paper["acts_M"], abs=0.11)


class TestImgclsmob:
    """The tables of osmr/imgclsmob: exact parameters, and FLOPs/2 in millions.

    Its FLOPs count biases, norms, activations and pooling besides: a little more than the MACs,
    the more the thinner the network.
    """

    @pytest.mark.parametrize("name", PAPERS["imgclsmob"])
    def test_parameters_and_work(self, name):
        params, flops_half = PAPERS["imgclsmob"][name]
        options = {"input": "224x224x3"} if name == "darknet53" else {}
        totals = bundled.report(name, **options).totals
        assert totals.params == params
        assert 0.95 < totals.macs / 1e6 / flops_half < 1


class TestYOLOv5:
    @pytest.mark.parametrize("size", PAPERS["yolov5"])
    def test_the_table_of_the_fused_networks(self, size):
        """Fused: scale and shift of every batch norm become one bias of its convolution."""
        printed, totals = PAPERS["yolov5"][size], bundled.report(f"yolov5{size}").totals
        fused = totals.params - norm_channels(f"yolov5{size}")
        assert round(fused / 1e6, 1) == printed["params_M"]
        assert totals.flops / 1e9 == pytest.approx(printed["flops_B"], rel=0.01)


def test_the_convolution_demo_of_cs231n():
    """A 5x5x3 input, padded to 7x7x3, under two filters of 3x3 with stride 2."""
    demo = PAPERS["cs231n"]["demo"]
    layer = Conv(filters=2, kernel=(3,), stride=(2,), padding=((1, 1),))
    report = analyze(chain("demo", Shape(3, (5, 5)), [("conv", layer)]))
    (row,) = report.rows
    sides = [size + 2 for size in report.inputs[0].shape.spatial]
    assert [*sides, report.inputs[0].shape.channels] == demo["padded_input"]
    assert [*row.out.spatial, row.out.channels] == demo["output"]
    assert (row.params, row.macs) == (demo["params"], demo["macs"])


def test_every_section_of_the_figures_is_used():
    """A new figure needs a test beside it."""
    tests = "".join(
        path.read_text() for path in sorted((bundled.DATA.parent / "zoo").glob("test_*.py"))
    )
    unused = [name for name in PAPERS if f'PAPERS["{name}"]' not in tests and name != "source"]
    assert unused == []
