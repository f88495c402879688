"""The bundled networks give the figures that papers and course notes print."""

import json
import math

import bundled
import pytest

from cnncalc import analyze
from cnncalc.layers.conv import Conv
from cnncalc.layers.dwconv import DwConv
from cnncalc.layers.localconv import LocalConv
from cnncalc.network import chain
from cnncalc.shapes import Shape

PAPERS = json.loads((bundled.DATA / "papers.json").read_text())
WEIGHTY = ("conv", "fc")
UNITS = {"M": 1e6, "B": 1e9}
UNSHARED = LocalConv(filters=96, kernel=(11,), stride=(4,))


def printed(text, count, within=0.5):
    """Whether a count is a printed figure such as 0.27M, but for `within` of its last digit."""
    digits, unit = text[:-1], UNITS[text[-1]]
    places = len(digits.partition(".")[2])
    return abs(count / unit - float(digits)) <= within * 10**-places


def by_name(report):
    return {row.name: row for row in report.rows}


def part(report, name):
    """The rows of a named part: itself and everything below it."""
    return [row for row in report.rows if row.name == name or row.name.startswith(f"{name}.")]


class TestLeNet5:
    PAPER = PAPERS["lenet5"]

    def test_parameters_and_connections_of_every_layer(self):
        rows = by_name(bundled.report("lenet5-1998"))
        for name, expected in self.PAPER["layers"].items():
            row = rows["out" if name == "OUT_RBF" else name]
            assert (row.params, row.connections_with_bias) == tuple(expected.values()), name

    def test_both_totals(self):
        totals = bundled.report("lenet5-1998").totals
        assert totals.params == self.PAPER["params_total"]
        assert totals.connections_with_bias == self.PAPER["connections_total"]
        assert totals.fixed == 84 * 10  # the RBF codes, which are not trained

    def test_c3_reads_the_maps_of_table_1(self):
        table = by_name(bundled.report("lenet5-1998"))["C3"].settings["table"]
        assert [sorted(maps) for maps in table] == [sorted(m) for m in self.PAPER["c3_table"]]

    def test_the_modern_network(self):
        totals = bundled.report("lenet5").totals
        assert totals.params == self.PAPER["modern_params"]
        assert totals.macs == self.PAPER["modern_macs"]


class TestAlexNet:
    PAPER = PAPERS["alexnet"]

    def test_every_layer_with_two_groups(self):
        rows = bundled.of_types("alexnet-2012", *WEIGHTY)
        figures = [{"params": row.params, "macs": row.macs} for row in rows]
        assert figures == self.PAPER["layers_grouped"]

    def test_neurons_are_the_papers_but_for_the_first_layer(self):
        neurons = [row.neurons for row in bundled.of_types("alexnet-2012", *WEIGHTY)]
        assert neurons == self.PAPER["exact_neurons"]
        assert neurons[1:] == self.PAPER["published_neurons"][1:]

    def test_totals_with_and_without_groups(self):
        grouped = bundled.report("alexnet-2012").totals
        whole = bundled.report("alexnet-2012", set=(("groups", 1),)).totals
        assert (grouped.params, grouped.macs) == (
            self.PAPER["params_grouped"], self.PAPER["macs_grouped"],
        )  # fmt: skip
        assert (whole.params, whole.macs) == (
            self.PAPER["params_ungrouped"], self.PAPER["macs_ungrouped"],
        )  # fmt: skip

    def test_the_notes_on_the_first_layer(self):
        first, notes = by_name(bundled.report("alexnet-2012"))["conv1"], PAPERS["cs231n"]
        expected = notes["alexnet_conv1"]
        assert (first.neurons, first.weights) == (expected["neurons"], expected["weights"])
        assert (first.params, first.macs) == (expected["params"], expected["macs"])

    def test_the_notes_on_the_first_layer_without_sharing(self):
        """Every neuron with weights and a bias of its own."""
        network = chain("local", Shape(3, (227, 227)), [("conv1", UNSHARED)])
        expected = PAPERS["cs231n"]["alexnet_conv1"]
        assert analyze(network).totals.params == expected["unshared"]

    def test_the_one_tower_network(self):
        totals = bundled.report("alexnet").totals
        assert totals.params == self.PAPER["params_torchvision"]
        assert totals.macs == self.PAPER["macs_torchvision"]


class TestVGG:
    @pytest.mark.parametrize(
        ("letter", "name"),
        [
            ("A", "vgg11"), ("A-LRN", "vgg_a_lrn"), ("B", "vgg13"), ("C", "vgg_c"),
            ("D", "vgg16"), ("E", "vgg19"),
        ],
    )  # fmt: skip
    def test_table_2(self, letter, name):
        paper, report = PAPERS["vgg"][letter], bundled.report(name)
        assert report.totals.params == paper["params"]
        assert round(report.totals.params / 1e6) == paper["published_params_M"]
        assert report.totals.macs == paper["macs"]
        convolutions = bundled.of_types(report, "conv")
        assert sum(row.macs for row in convolutions) == paper["macs_conv"]

    def test_the_notes_table_of_vgg16(self):
        report, notes = bundled.report("vgg16"), PAPERS["cs231n"]
        columns = bundled.of_types(report, "conv", "maxpool", "fc")
        values = report.inputs[0].shape.size + sum(row.neurons for row in columns)
        assert values == notes["vgg16_values_sum"]
        assert values * 4 / 2**20 == notes["vgg16_values_MiB"]  # the 24M and 93 MB are slips
        assert report.totals.weights == notes["vgg16_weights_no_bias"]


class TestResNet:
    @pytest.mark.parametrize("depth", PAPERS["resnet"])
    def test_stride_in_the_1x1_as_published_or_in_the_3x3_as_torchvision(self, depth):
        paper, name = PAPERS["resnet"][depth], f"resnet{depth}"
        newer, older = bundled.report(name), bundled.report(name, set=(("v1", True),))
        assert newer.totals.macs == paper["macs_v1.5_optB"]
        assert older.totals.macs == paper["macs_v1_optB"]
        assert newer.totals.params == older.totals.params == paper["params_optB"]

    @pytest.mark.parametrize("depth", ["18", "34"])
    def test_shortcuts_without_parameters(self, depth):
        paper, totals = PAPERS["resnet"][depth], bundled.report(f"resnet{depth}_a").totals
        assert (totals.params, totals.macs) == (paper["params_optA"], paper["macs_v1_optA"])

    @pytest.mark.parametrize(
        ("name", "depth"),
        [
            ("resnet18_a", "18"), ("resnet34_a", "34"),
            ("resnet50_v1", "50"), ("resnet101_v1", "101"), ("resnet152_v1", "152"),
        ],
    )  # fmt: skip
    def test_table_1_prints_the_macs(self, name, depth):
        """Rounded; but 3.8 billion of 50 layers are 3.858 cut."""
        macs = bundled.report(name).totals.macs
        shown = math.floor(macs / 1e8) / 10 if depth == "50" else round(macs / 1e9, 1)
        assert shown == PAPERS["resnet"][depth]["published_gflops"]


class TestResNetOnCifar:
    @pytest.mark.parametrize("depth", PAPERS["resnet_cifar"])
    def test_table_6(self, depth):
        paper, totals = PAPERS["resnet_cifar"][depth], bundled.report(f"resnet{depth}_cifar").totals
        assert (totals.params, totals.macs) == (paper["params"], paper["macs"])
        assert printed(paper["published"], totals.params)

    @pytest.mark.parametrize("depth", PAPERS["resnet_cifar"])
    def test_as_many_layers_as_its_name_says(self, depth):
        assert len(bundled.of_types(f"resnet{depth}_cifar", *WEIGHTY)) == int(depth)

    @pytest.mark.parametrize("name", PAPERS["wrn_cifar10"])
    def test_wide_ones(self, name):
        totals = bundled.report(f"wrn_{name.replace('-', '_')}").totals
        assert totals.params == PAPERS["wrn_cifar10"][name]


class TestDenseNetOnCifar:
    @pytest.mark.parametrize("line", PAPERS["densenet_cifar"])
    def test_table_2(self, line):
        paper = PAPERS["densenet_cifar"][line]
        kind, depth, k = line.replace("L=", "").replace("k=", "").split()
        bc = "_bc" if kind.endswith("BC") else ""
        totals = bundled.report(f"densenet{depth}_k{k}{bc}").totals
        assert (totals.params, totals.macs) == (paper["params"], paper["macs"])
        assert printed(paper["published"], totals.params)


class TestGoogLeNet:
    PARTS = tuple(name for name in PAPERS["googlenet"] if name[0] in "345")
    LINES = ("conv2", *PARTS, "linear")
    REPORT_NAMES = ({f"{p}": (f"inception{p}",) for p in PARTS}) | {
        "conv1": ("conv1",), "conv2": ("conv2r", "conv2"), "linear": ("classifier",),
    }  # fmt: skip

    def rows(self, line):
        report = bundled.report("googlenet-2014")
        return [row for name in self.REPORT_NAMES[line] for row in part(report, name)]

    @pytest.mark.parametrize("line", PAPERS["googlenet"])
    def test_weights_and_macs_of_every_line_of_table_1(self, line):
        paper, rows = PAPERS["googlenet"][line], self.rows(line)
        assert sum(row.weights for row in rows) == paper["weights"]
        assert sum(row.macs for row in rows) == paper["macs"]

    @pytest.mark.parametrize("line", [name for name in LINES if name != "5a"])
    def test_published_operations_are_macs(self, line):
        """Within one unit; the printed conv1 and 5a do not follow from the architecture."""
        macs = sum(row.macs for row in self.rows(line))
        assert macs / 1e6 == pytest.approx(PAPERS["googlenet"][line]["published_ops_M"], abs=1)

    @pytest.mark.parametrize("line", ["conv2", "3a", "3b", "linear"])
    def test_published_parameters_count_1024_to_the_k(self, line):
        weights = sum(row.weights for row in self.rows(line))
        printed = PAPERS["googlenet"][line]["published_params_K"]
        assert weights / 1024 == pytest.approx(printed, rel=0.004)

    def test_totals(self):
        report, paper = bundled.report("googlenet-2014"), PAPERS["googlenet_total"]
        main = [row for row in report.rows if not row.train_only]
        assert sum(row.weights for row in main) == paper["weights"]
        assert sum(row.macs for row in main) == paper["macs"]
        assert report.totals.inference_params == paper["with_biases"]
        assert report.totals.params == paper["with_biases"] + sum(paper["aux_each"])

    @pytest.mark.parametrize(("name", "index"), [("aux1", 0), ("aux2", 1)])
    def test_auxiliary_heads(self, name, index):
        rows = part(bundled.report("googlenet-2014"), name)
        assert sum(row.params for row in rows) == PAPERS["googlenet_total"]["aux_each"][index]
        assert all(row.train_only for row in rows)


class TestSqueezeNet:
    PAPER = PAPERS["squeezenet1_0"]
    PARTS = (*(f"features.{n}" for n in (0, 3, 4, 5, 7, 8, 9, 10, 12)), "classifier.1")

    def test_parameters_of_every_line_of_table_1(self):
        report = bundled.report("squeezenet1_0")
        lines = self.PAPER["params"].items()
        for name, (line, expected) in zip(self.PARTS, lines, strict=True):
            assert sum(row.params for row in part(report, name)) == expected, line
        assert report.totals.params == self.PAPER["total"]

    def test_the_column_after_pruning_is_of_weights_set_to_zero(self):
        """Which ones is a matter of training, not of the architecture: only its sum is checked."""
        before, after = self.PAPER["params"], self.PAPER["after_pruning"]
        assert sum(after.values()) == self.PAPER["after_total"]
        assert all(after[name] <= count for name, count in before.items())

    @pytest.mark.parametrize("side", [224, 227])
    def test_macs_at_both_input_sizes(self, side):
        report = bundled.report("squeezenet1_0", input=f"{side}x{side}x3")
        assert report.totals.macs == self.PAPER[f"macs_{side}"]


SLIM = {name: line for name, line in PAPERS["mobilenet_v1"].items() if name[0].isdigit()}
# slim's README prints figures for these that do not follow from the architecture.
SLIM_SLIPS = ("0.75_224", "0.75_192", "0.75_160", "0.75_128", "0.25_192")


class TestMobileNet:
    PAPER = PAPERS["mobilenet_v1"]

    @staticmethod
    def norms(report):
        return sum(row.params for row in bundled.of_types(report, "bn"))

    @pytest.mark.parametrize("setting", SLIM)
    def test_every_width_and_resolution(self, setting):
        paper, report = SLIM[setting], bundled.report(f"mobilenet_v1_{setting}")
        assert report.totals.macs == paper["macs"]
        assert report.totals.params == paper["params"]
        assert report.totals.params - self.norms(report) == paper["params_no_bn"]

    @pytest.mark.parametrize("setting", [s for s in SLIM if s not in SLIM_SLIPS])
    def test_the_readme_prints_the_macs(self, setting):
        macs = bundled.report(f"mobilenet_v1_{setting}").totals.macs
        assert macs / 1e6 == pytest.approx(SLIM[setting]["readme_M"], abs=0.55)

    @pytest.mark.parametrize("setting", [s for s in SLIM if SLIM[s]["paper_M"]])
    def test_the_paper_prints_the_macs(self, setting):
        macs = bundled.report(f"mobilenet_v1_{setting}").totals.macs
        assert macs / 1e6 == pytest.approx(SLIM[setting]["paper_M"], abs=0.7)

    @pytest.mark.parametrize("name", ["shallow", "full_conv"])
    def test_tables_4_and_5(self, name):
        paper, report = self.PAPER[name], bundled.report(f"mobilenet_v1_{name}")
        assert (report.totals.params, report.totals.macs) == (paper["params"], paper["macs"])
        assert report.totals.params - self.norms(report) == paper["params_no_bn"]
        assert report.totals.weights - self.norms(report) // 2 == paper["weights_only"]

    def shares(self, what):
        report = bundled.report("mobilenet_v1")
        parts = {
            "1x1": [row for row in bundled.of_types(report, "conv") if row.name != "stem"],
            "depthwise": bundled.of_types(report, "dwconv"),
            "3x3": [row for row in report.rows if row.name == "stem"],
            "fc": bundled.of_types(report, "fc"),
        }
        sums = {name: sum(getattr(row, what) for row in rows) for name, rows in parts.items()}
        return {name: round(100 * part / sum(sums.values()), 2) for name, part in sums.items()}

    def test_table_2_shares_of_the_weights(self):
        assert self.shares("weights") == self.PAPER["table2_weights"]

    def test_table_2_shares_of_the_work(self):
        """The printed column adds up to 99.29: 1.19 for the full convolution is a slip."""
        printed_shares = self.PAPER["table2_mult_adds"]
        assert self.shares("macs") == printed_shares | {"3x3": 1.91}
        assert sum(printed_shares.values()) == pytest.approx(99.29)

    @pytest.mark.parametrize(
        ("line", "channels", "side", "separable"),
        [(0, 512, 14, False), (1, 512, 14, True), (2, 384, 14, True), (3, 384, 10, True)],
    )
    def test_table_3(self, line, channels, side, separable):
        depthwise = ("depthwise", DwConv(kernel=(3,), padding="same", bias=False))
        kernel = (1,) if separable else (3,)
        full = ("full", Conv(filters=channels, kernel=kernel, padding="same", bias=False))
        steps = [depthwise, full] if separable else [full]
        totals = analyze(chain("layer", Shape(channels, (side, side)), steps)).totals
        assert [totals.macs, totals.params] == self.PAPER["table3"][line]


class TestShuffleNet:
    @pytest.mark.parametrize("groups", PAPERS["shufflenet_v1"])
    def test_table_1(self, groups):
        paper = PAPERS["shufflenet_v1"][groups]
        totals = bundled.report(f"shufflenet_{groups}").totals
        assert (totals.params, totals.macs) == (paper["params"], paper["macs"])
        assert totals.macs / 1e6 == pytest.approx(paper["published_M"], rel=0.011)


def test_xception_has_the_parameters_of_table_3():
    paper, totals = PAPERS["xception"], bundled.report("xception").totals
    assert totals.params == paper["published"] == paper["exact"]


class TestMobileNetV2:
    @pytest.mark.parametrize("setting", PAPERS["mobilenet_v2"])
    def test_every_width_and_resolution(self, setting):
        paper = PAPERS["mobilenet_v2"][setting]
        width, side = setting.split("_")
        report = bundled.report(
            "mobilenet_v2", set=(("width", float(width)),), input=f"{side}x{side}x3"
        )
        norms = sum(row.params for row in bundled.of_types(report, "bn"))
        assert report.totals.macs == paper["macs"]
        assert report.totals.params == paper["params"]
        assert report.totals.params - norms == paper["params_no_bn"]
        assert math.floor(report.totals.macs / 1e6) == paper["readme_M"]


class TestEfficientNet:
    # Table 2 prints 0.70, 4.2, 9.9 and 37 billion for 0.687, 4.39, 10.27 and 37.7, and 9.2 million
    # parameters of B2 for 9.11.
    SLIPS = ("b1", "b4", "b5", "b7")

    @pytest.mark.parametrize("letter", PAPERS["efficientnet"])
    def test_table_2_at_the_papers_resolution(self, letter):
        paper = PAPERS["efficientnet"][letter]
        side = paper["resolution"]
        totals = bundled.report(f"efficientnet_{letter}", input=f"{side}x{side}x3").totals
        assert (totals.params, totals.macs) == (paper["params"], paper["macs"])
        assert printed(paper["published_params"], totals.params) == (letter != "b2")
        assert printed(paper["published_flops"], totals.macs) == (letter not in self.SLIPS)


class TestWaveNet:
    def test_the_last_layer_sees_the_samples_of_the_doubling_dilations(self):
        """Two stacks of dilations 1, 2, ... 512, and the first filter's one more."""
        last = bundled.report("wavenet").rows[-1].receptive_field
        assert last.size == (2 * (2**10 - 1) + 1 + 1,)


class TestSuperResolution:
    @pytest.mark.parametrize(("f", "printed_weights"), [(1, 8032), (3, 24416), (5, 57184)])
    def test_srcnn_weights_of_section_4_3(self, f, printed_weights):
        assert bundled.report(f"srcnn_9_{f}_5").totals.weights == printed_weights


class Test3DUNet:
    def test_parameters_and_the_sizes_of_figure_2(self):
        report = bundled.report("unet-3d")
        assert report.totals.params == 19_069_955
        assert report.outputs[0].shape == Shape(3, (28, 44, 44))


class TestUNet:
    PAPER = PAPERS["unet"]

    def sides(self, *types):
        return [row.out.spatial for row in bundled.of_types("unet", *types)]

    def test_sizes_of_figure_1(self):
        convolved = [side for stage in self.PAPER["sizes"] for side in stage]
        assert self.sides("conv") == [(side, side) for side in convolved]
        assert self.sides("maxpool") == [(side, side) for side in self.PAPER["pooled"]]
        assert self.sides("conv_transpose") == [(side, side) for side in self.PAPER["upsampled"]]

    def test_parameters(self):
        assert bundled.report("unet").totals.params == self.PAPER["params"]
