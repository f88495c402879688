"""The one-layer commands, on questions that people ask, with the answers they were given.

Numbers: the cs231n notes (AlexNet's first layer, 227 and 55), the quiz and forum threads that
each test names, LeCun et al. 1998 (156 weights, 122,304 connections), Howard et al. 2017.
"""

import json
import shlex

import pytest


def test_a_whole_answer_reads_like_the_notes(cnncalc):
    answer = cnncalc("conv", "--w", 224, "--d", 3, "--k", 96, "--f", 11, "--s", 4)
    assert answer.status == 0
    assert answer.out.splitlines() == [
        "output width   ⌊(W - F + 2P)/S⌋ + 1 = ⌊(224 - 11 + 2·0)/4⌋ + 1 = ⌊53.25⌋ + 1 = 54",
        "output         54 × 54 × 96   (H × W × C)",
        "neurons        H'·W'·K = 54·54·96 = 279,936",
        "weights        F·F·D·K = 11·11·3·96 = 34,848",
        "biases         K = 96",
        "params         weights + biases = 34,848 + 96 = 34,944",
        "connections    H'·W'·weights = 54·54·34,848 = 101,616,768",
        "with biases    connections + neurons = 101,616,768 + 279,936 = 101,896,704",
        "MACs           H'·W'·weights = 54·54·34,848 = 101,616,768",
    ]
    assert answer.err.splitlines() == [
        (
            "note[fit]: stride 4 does not divide W - F + 2P = 213; "
            "1 column at the right edge is never read"
        ),
        (
            "  = help: W = 223 or 227 fits exactly (223 gives 54, 227 gives 55); "
            "no padding makes 224 fit (the same on both sides)"
        ),
    ]


def test_alexnet_with_227_says_nothing_more(cnncalc):
    answer = cnncalc("conv", "-W", 227, "-D", 3, "-K", 96, "-F", 11, "-S", 4, "--json")
    assert answer.err == ""
    assert answer.json["layers"][0]["out"] == {"h": 55, "w": 55, "c": 96}


@pytest.mark.parametrize(
    ("arguments", "out", "params"),
    [
        # a quiz of the Coursera course: 121x121x16, 32 filters of 4x4, stride 3
        ("conv -W 121 -D 16 -K 32 -F 4 -S 3", {"h": 40, "w": 40, "c": 32}, 8224),
        # stats.stackexchange 570254, with and without bias
        ("conv -W 100 -D 128 -K 256 -F 3 -P 1", {"h": 100, "w": 100, "c": 256}, 295168),
        (
            "conv -W 100 -D 128 -K 256 -F 3 -P 1 --no-bias",
            {"h": 100, "w": 100, "c": 256},
            294912,
        ),
        ("conv --w 32 --f 5 --s 1 --p 2", {"h": 32, "w": 32, "c": 1}, 26),
        # LeNet-5, layers C1 and F6
        ("conv -W 32 -K 6 -F 5", {"h": 28, "w": 28, "c": 6}, 156),
        ("fc --in 120 --units 84", {"c": 84}, 10164),
        # the first fully connected layer after two poolings of 28x28
        ("fc --in 7x7x32 --units 10", {"c": 10}, 15690),
        # the first layer of M5 (Dai et al. 2016) on one second of sound
        ("conv --l 8000 -F 80 -S 16 -K 32", {"l": 496, "c": 32}, 2592),
        # a picture that is not square, a filter that is not square
        ("conv -W 640 -H 480 -D 3 -F 1x7 -P 0x3", {"h": 480, "w": 640, "c": 1}, 22),
        ("conv -W 32 -F 3 -S 2 -P same", {"h": 16, "w": 16, "c": 1}, 10),
        ("conv -W 32 -F 4 -P 1+2", {"h": 32, "w": 32, "c": 1}, 17),
        ("conv -W 7 -F 3 --dilation 3", {"h": 1, "w": 1, "c": 1}, 10),
        # ResNeXt-50: 128 maps in 32 groups (Xie et al. 2016)
        ("conv -W 56 -D 128 -K 128 -F 3 -P 1 --groups 32 --no-bias",
         {"h": 56, "w": 56, "c": 128}, 4608),
        ("pool -W 28 -D 6 -F 2", {"h": 14, "w": 14, "c": 6}, 0),
        ("pool -W 28 -F 2 --kind avg", {"h": 14, "w": 14, "c": 1}, 0),
        ("deconv -W 28 -D 128 -K 64 -F 2 -S 2", {"h": 56, "w": 56, "c": 64}, 32832),
        # stackoverflow: 23 comes out, 24 is wanted
        ("deconv -W 12 -F 3 -S 2 -P 1", {"h": 23, "w": 23, "c": 1}, 10),
        ("deconv -W 12 -F 3 -S 2 -P 1 --out 24", {"h": 24, "w": 24, "c": 1}, 10),
        ("conv-transpose -W 12 -F 3 -S 2 -P 1 --output-padding 1", {"h": 24, "w": 24, "c": 1}, 10),
    ],
)  # fmt: skip
def test_shapes_and_parameters(cnncalc, arguments, out, params):
    answer = cnncalc(*arguments.split(), "--json")
    assert answer.status == 0
    (layer,) = answer.json["layers"]
    assert (layer["out"], layer["params"]) == (out, params)
    assert layer["formulas"]["params" if params else "neurons"].endswith(
        f"= {params or layer['neurons']}"
    )


def test_connections_are_counted_both_ways(cnncalc):
    (layer,) = cnncalc("conv", "-W", 32, "-K", 6, "-F", 5, "--json").json["layers"]
    assert (layer["connections"], layer["connections_with_bias"]) == (117600, 122304)


def test_the_output_padding_that_was_found_is_told(cnncalc):
    answer = cnncalc("deconv", "-W", 12, "-F", 3, "-S", 2, "-P", 1, "--out", 24)
    assert answer.out.splitlines()[:2] == [
        "output padding   a = 1",
        (
            "output width     (W - 1)S - 2P + d(F - 1) + a + 1 = "
            "(12 - 1)·2 - 2·1 + 1·(3 - 1) + 1 + 1 = 24"
        ),
    ]
    nearest = cnncalc("deconv", "-W", 12, "-F", 3, "-S", 2, "-P", 1, "--out", 25)
    assert nearest.status == 1
    assert nearest.out == ""
    assert nearest.err.splitlines()[0] == (
        "error[output-padding]: --output-padding: no output padding gives 25: "
        "it can be 0 to 1, which give 23 to 24"
    )


def test_both_axes_are_told_when_they_differ(cnncalc):
    lines = cnncalc("conv", "-W", 640, "-H", 480, "-F", 5).out.splitlines()
    assert lines[0].startswith("output width    ⌊(W - F + 2P)/S⌋ + 1 = ⌊(640 - 5 + 2·0)/1⌋ + 1")
    assert lines[1].endswith("⌊(480 - 5 + 2·0)/1⌋ + 1 = 476")
    assert lines[2] == "output          476 × 636 × 1   (H × W × C)"


@pytest.mark.parametrize(
    ("legal", "illegal", "message"),
    [
        ("conv -W 5 -F 5", "conv -W 4 -F 5",
         "error[filter-too-big]: --f: the filter (5) is larger than its input (4)"),
        ("conv -W 8 -D 6 -K 4 -F 3 --groups 2", "conv -W 8 -D 6 -K 4 -F 3 --groups 4",
         "error[groups]: --groups: groups=4 does not divide the 6 input channels"),
        ("pool -W 8 -F 2 -P 1", "pool -W 8 -F 2 -P 2",
         "error[padding-too-big]: --p: padding 2 is more than half of the pooling window (2)"),
        ("conv -W 8 -F 3x3", "conv -W 8 -F 3x3x3",
         "error[wrong-rank]: --f: kernel has 3 values, but its input has 2 spatial axes"),
        ("deconv -W 4 -F 3 -S 2 --output-padding 1", "deconv -W 4 -F 3 -S 2 --output-padding 2",
         ("error[output-padding]: --output-padding: output_padding=2 must be smaller than the "
         "stride (2) or the dilation (1)")),
    ],
)  # fmt: skip
def test_what_does_not_work_points_at_its_option(cnncalc, legal, illegal, message):
    assert cnncalc(*legal.split()).status == 0
    answer = cnncalc(*illegal.split())
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.splitlines()[0] == message
    document = cnncalc(*illegal.split(), "--json").json
    assert document["ok"] is False
    assert f"{document['diagnostics'][0]['message']}" in message


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("conv 32x32x3 10 5x5", "conv -W 32 -D 3 -K 10 -F 5"),
        ("conv 32 5", "conv -W 32 -F 5"),
        ("conv 32,64 5 s2 p2", "conv -W 32,64 -F 5 -S 2 -P 2"),
        ("conv 20x30x3 10 3x5 psame", "conv -H 20 -W 30 -D 3 -K 10 -F 3x5 -P same"),
        ("conv 20x30x3 10 3x5 s2 same", "conv -H 20 -W 30 -D 3 -K 10 -F 3x5 -S 2 -P same"),
        ("pool 24 2", "pool -W 24 -F 2"),
        ("pool 13x13x8 2x2 s1 same", "pool -W 13 -D 8 -F 2 -S 1 -P same"),
        ("pool 24x24x6 3 s2 p1", "pool -W 24 -D 6 -F 3 -S 2 -P 1"),
        ("fc 784 300", "fc --in 784 --units 300"),
        ("fc 7x7x32 10,20", "fc --in 7x7x32 --units 10,20"),
        ("deconv 12 3 s2", "deconv -W 12 -F 3 -S 2"),
        # the long names of PyTorch, of Keras and of the notes
        ("conv --width 32 --height 24 --depth 3 --filters 10 --kernel 5 --stride 2 --padding 1",
         "conv -W 32 -H 24 -D 3 -K 10 -F 5 -S 2 -P 1"),
        ("conv -w 32 --in_channels 3 --out_channels=10 --kernel_size=5 --strides 2 --bias",
         "conv -W 32 -D 3 -K 10 -F 5 -S 2"),
        ("conv -w 32 -f 5 -s 2 -p 1 -k 4 -d 3", "conv -W 32 -F 5 -S 2 -P 1 -K 4 -D 3"),
        ("fc --in-features 784 --out-features 300", "fc --in 784 --units 300"),
    ],
)  # fmt: skip
def test_words_and_long_names_are_the_same_as_the_letters(cnncalc, words, options):
    said, expected = cnncalc(*words.split()), cnncalc(*options.split())
    assert (said.status, said.out, said.err) == (0, expected.out, expected.err)


def test_a_pooling_of_stride_1_is_another_in_darknet(cnncalc):
    assert cnncalc("pool", "13x13x8", "2x2", "s1").err == (
        "note[pool-shrinks]: pool makes 13x13x8 into 12x12x8; darknet keeps the size here\n"
        "  = help: darknet pads 0+1 at each axis, which is padding: same\n"
    )


def test_the_formulas_in_latex(cnncalc):
    lines = cnncalc("conv", "-W", 32, "-F", 5, "--format", "latex").out.splitlines()
    assert lines[0] == r"\paragraph{conv (conv)}"
    assert (
        r"  \text{output width} &= \lfloor (W - F + 2P)/S \rfloor + 1 = "
        r"\lfloor (32 - 5 + 2 \cdot 0)/1 \rfloor + 1 = 28 \\" in lines
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("conv -F 5", "the width of the input (--w) is missing"),
        ("conv -W 32", "the filter size (--f) is missing"),
        ("conv", "the width of the input (--w) and the filter size (--f) are missing"),
        ("conv -S 2 -F 3", "= help: for example cnncalc conv --f 3 --s 2 --w 32"),
        ("fc", "the input size (--in) and the number of units (--units) are missing"),
        ("conv --w 32 -h 24 --f 3", "-h is short for --help; the height is --h 24 or -H 24"),
        ("conv 32x32x3 5 -F 3", "--f is given twice: by the word '5' and as an option"),
        ("conv 32 10 5 7", "'7' is one word too many"),
        ("fc 784 300 s2", "'s2' is one word too many"),
        ("pool 28x28 2", "'28x28' is not the shape of an image"),
        ("conv 8x8x8x3 3", "'8x8x8x3' has more axes than height and width"),
        ("conv 32 5 s1 s2", "'s2' is given twice"),
        ("conv -W 32 -F 3 --bias --no-bias", "contradicts --no-bias"),
        ("conv -W 32 -F 3,5 --format latex", "LaTeX is of one setting: give single values"),
        ("conv -W 0 -F 5", "'0' is not a whole number from 1"),
        (
            "conv --x '1 2; 3 4' --kernel '1 1; 1 1'",
            "F is the size of the filter; its numbers are given by --filter '1 1; 1 1'",
        ),
        ("conv -W 3.5 -F 5", "'3.5' is not a whole number from 1"),
        ("conv -W 32 -F 5 -P -1", "'-1' is not a whole number from 0"),
        ("conv -W 32 -F 5 -P smae", "'smae' is not one of same, half, valid, full, causal"),
        ("conv --l 8 -W 8 -F 3", "is for 1-D inputs: leave out --w and --h"),
        ("conv -W 8 -F 3,5 --vs mlp", "compares one setting: give single values"),
        ("pool -W 8 -F 2 --kind avg --dilation 2", "only max pooling has a dilation"),
        ("deconv -W 8 -F 2 --out 9 --output-padding 1", "leave out --output-padding"),
        ("fc --in 7by7 --units 10", "'7by7' is not an input shape"),
        ("conv -W 999999999999999999 -F 3", "is not a whole number from 1"),
    ],
)
def test_wrong_command_lines_exit_2_with_a_document_under_json(cnncalc, arguments, said):
    answer = cnncalc(*shlex.split(arguments))
    assert (answer.status, answer.out) == (2, "")
    assert said in " ".join(answer.err.replace("│", " ").split())
    document = cnncalc(*shlex.split(arguments), "--json").json
    assert (document["ok"], document["diagnostics"][0]["code"]) == (False, "usage")


def test_a_comparison_is_not_dropped_in_silence(cnncalc):
    answer = cnncalc("conv", "-W", 8, "-F", 3, "--vs", "mlp", "--format", "csv")
    assert (answer.status, answer.out) == (2, "")
    assert "is written as a table or as JSON" in answer.err


def test_comma_lists_try_every_combination(cnncalc):
    answer = cnncalc("conv", "-W", 32, "--f", "3,5,7", "--s", "1,2")
    assert answer.status == 0
    assert answer.out.splitlines() == [
        "f  s   Output  Weights  Params  Connections    MACs  Remark",
        "3  1  30×30×1        9      10        8,100   8,100",
        "3  2  15×15×1        9      10        2,025   2,025  1×1 unused",
        "5  1  28×28×1       25      26       19,600  19,600",
        "5  2  14×14×1       25      26        4,900   4,900  1×1 unused",
        "7  1  26×26×1       49      50       33,124  33,124",
        "7  2  13×13×1       49      50        8,281   8,281  1×1 unused",
    ]


def test_a_setting_that_does_not_work_is_a_row_with_its_reason(cnncalc):
    answer = cnncalc("conv", "-W", 4, "-F", "3,5")
    assert answer.status == 1
    assert answer.out.splitlines()[-1].split(maxsplit=2) == [
        "5", "-", "--f: the filter (5) is larger than its input (4)",
    ]  # fmt: skip
    assert answer.err == "error[settings]: 1 of 2 settings do not work\n"


def test_comma_lists_in_json_hold_a_document_per_setting(cnncalc):
    document = cnncalc("conv", "-W", 4, "-F", "3,5", "--json").json
    assert (document["schema"], document["ok"]) == ("cnncalc.reports/1", False)
    works, fails = document["results"]
    assert works["layers"][0]["out"]["w"] == 2
    assert fails["diagnostics"][0]["code"] == "filter-too-big"


def test_comma_lists_in_other_formats(cnncalc):
    csv = cnncalc("conv", "-W", "32,4", "-F", 5, "--format", "csv").out
    assert csv.splitlines() == [
        "w,out_h,out_w,out_c,weights,params,connections,macs,remark",
        "32,28,28,1,25,26,19600,19600,",
        "4,,,,,,,,'--f: the filter (5) is larger than its input (4)",
    ]
    markdown = cnncalc("fc", "--in", 4, "--units", "2,3", "--format", "md").out
    assert markdown.splitlines()[2:] == [
        "| 2 | 2 | 8 | 10 | 8 | 8 |  |",
        "| 3 | 3 | 12 | 15 | 12 | 12 |  |",
    ]
    lines = cnncalc("fc", "--in", 4, "--units", "2,3", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["totals"]["params"] for line in lines] == [10, 15]


def test_pooling_rounds_down_or_up(cnncalc):
    # netscope#25, caffe#3057: 112, 3x3, stride 2, padding 1
    lines = cnncalc(
        "pool", "-W", 112, "-F", 3, "-S", 2, "-P", 1, "--round", "both"
    ).out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["floor", "56×56×1"], ["ceil", "57×57×1"]]


def test_depthwise_separable(cnncalc):
    # forums.fast.ai 4249: 4,608 weights against 144 + 512
    question = [
        "conv",
        "-D",
        "16",
        "-K",
        "32",
        "-F",
        "3",
        "-W",
        "32",
        "-P",
        "1",
        "--no-bias",
        "--vs",
        "depthwise",
    ]
    lines = cnncalc(*question).out.splitlines()
    assert lines[-6:-4] == [
        "versus depthwise   dwconv 3×3 to 32×32×16, then conv 1×1 to 32×32×32",
        "weights            4,608 against 656 = 144 + 512   7.02 times fewer",
    ]
    versus = cnncalc(*question, "--json").json["versus"]
    assert [layer["weights"] for layer in versus["layers"]] == [144, 512]
    assert versus["totals"]["macs"] == 32 * 32 * 656
    assert versus["ratio"]["weights"] == 656 / 4608


def test_a_locally_connected_layer_has_filters_at_every_place(cnncalc):
    # 3·3·16·32 weights at each of 30x30 places
    words = ("conv", "-W", 32, "-D", 16, "-K", 32, "-F", 3, "--vs", "local")
    lines = cnncalc(*words).out.splitlines()
    assert lines[-6:-4] == [
        "versus local   localconv 3×3 to 30×30×32",
        "weights        4,608 against 4,147,200   900.00 times more",
    ]
    assert cnncalc(*words, "--json").json["versus"]["totals"]["biases"] == 30 * 30 * 32
    refused = cnncalc(*words, "--groups", 2)
    assert refused.status == 2
    assert "a locally connected layer has no groups" in refused.err


def test_comma_lists_go_side_by_side(cnncalc):
    words = ("conv", "-W", 32, "-F", "3,5", "-P", "1,2", "--zip")
    lines = cnncalc(*words).out.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [
        ["3", "1", "32×32×1"], ["5", "2", "32×32×1"],
    ]  # fmt: skip
    assert len(cnncalc(*words, "--json").json["results"]) == 2
    for wrong, said in (
        (("-F", "3,5", "-P", "1,2,3"), "needs lists of one length; --f has 2, --p has 3"),
        (("-F", "3,5"), "give at least two, such as --f 3,5 --p 1,2"),
    ):
        answer = cnncalc("conv", "-W", 32, *wrong, "--zip")
        assert answer.status == 2
        assert said in " ".join(answer.err.replace("│", " ").split())


def test_the_fully_connected_layer_between_the_same_volumes(cnncalc):
    # 32x32 to 28x28x6, as C1 of LeNet-5: 1,024 x 4,704 weights and a bias for each neuron
    versus = cnncalc("conv", "-W", 32, "-K", 6, "-F", 5, "--vs", "mlp", "--json").json["versus"]
    assert versus["totals"]["weights"] == 4816896
    assert versus["totals"]["biases"] == 4704
    assert versus["layers"][0]["type"] == "fc"


def test_strict_fit_refuses_an_edge_that_is_not_read(cnncalc):
    assert cnncalc("conv", "-W", 223, "-F", 11, "-S", 4, "--strict", "fit").status == 0
    assert cnncalc("conv", "-W", 224, "-F", 11, "-S", 4, "--strict", "fit").status == 1
    assert cnncalc("conv", "-W", 224, "-F", 11, "-S", 4, "--strict").status == 0


@pytest.mark.parametrize(
    ("kernel", "advice"),
    [
        # P = 4 would fit, (10 - 3 + 8)/5, but half of a window of 3 is 1.
        (3, "no padding makes 10 fit (the same on both sides)"),
        (4, "P = 2 makes 10 fit (3)"),  # (10 - 4 + 4)/5 + 1
    ],
)
def test_a_pooling_is_advised_no_more_padding_than_half_of_its_window(cnncalc, kernel, advice):
    assert advice in cnncalc("pool", "-W", 10, "-F", kernel, "-S", 5).err


def test_signs_and_order_of_the_sizes(cnncalc):
    lines = cnncalc(
        "conv", "-W", 6, "-H", 5, "-F", 3, "--layout", "WHD", "--ascii"
    ).out.splitlines()
    assert lines[0].startswith("output width    floor((W - F + 2P)/S) + 1 = floor((6 - 3 + 2*0)/1)")
    assert lines[2] == "output          4 x 3 x 1   (W x H x D)"
    assert all(line.isascii() for line in lines)


def test_the_other_formats_are_those_of_analyze(cnncalc):
    header, row = cnncalc("conv", "-W", 32, "-K", 6, "-F", 5, "--format", "csv").out.splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["connections"] == "117600"
    assert cnncalc("pool", "-W", 4, "-F", 2, "--format", "md").out.startswith("| # | Layer |")


def test_a_transposed_convolution_pads_as_in_keras(cnncalc):
    """Keras: same gives W·S; valid gives W·S + max(F - S, 0)."""
    answer = cnncalc("conv-transpose", "-W", 12, "-F", "5,2", "-S", 3, "-P", "same,valid")
    assert [line.split()[2] for line in answer.out.splitlines()[1:]] == [
        "36×36×1", "38×38×1", "36×36×1", "36×36×1",
    ]  # fmt: skip
    one = cnncalc("conv-transpose", "-W", 12, "-F", 2, "-S", 3, "-P", "valid").out
    assert one.startswith("output padding   a = 1\n")
    assert "(12 - 1)·3 - 2·0 + 1·(2 - 1) + 1 + 1 = 36" in one


@pytest.mark.parametrize(
    "line", ["conv -W 4", "pool -W 3 -H 9", "conv -F 40", "conv -L 3", "conv -F 5x7 --dilation 9",
             "conv -W 9 --dilation 3", "fc", "pool"]
)  # fmt: skip
def test_the_example_of_what_is_missing_works(cnncalc, line):
    answer = cnncalc(*line.split())
    assert answer.status == 2
    _, _, example = answer.err.partition("for example cnncalc ")
    assert cnncalc(*example.split()).status == 0


def test_the_example_for_numbers_works(cnncalc):
    answer = cnncalc("pool", "--x", "1 2 3; 4 5 6")
    assert answer.status == 2
    assert '= help: for example cnncalc pool --x "1 2; 3 4" --f 2\n' in answer.err
    assert cnncalc("pool", "--x", "1 2; 3 4", "--f", "2").status == 0
