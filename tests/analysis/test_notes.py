"""Notes: layers that leave input unread, branches out of step; whole messages."""

import pytest
from graphs import Graph, conv, layer, lenet5, pool, resnet50

from cnncalc import parse
from cnncalc.analysis.engine import analyze
from cnncalc.errors import Diagnostic, Span
from cnncalc.shapes import Shape

ALONE = "1 layer leaves part of its input unread"
PLACE = Span("net.yaml", 3, 5, 9)


def notes(graph):
    return analyze(graph.network()).diagnostics


def one(shape, body):
    graph = Graph(shape)
    graph.add("C1", body, span=PLACE)
    return notes(graph)


def test_nothing_to_note():
    assert notes(lenet5()) == ()


def test_three_layers_of_resnet50_leave_input_unread():
    """The 1x1 filters of stride 2 miss the last column; of the other five layers that round down
    (7x7 p3, 3x3 p1 on even maps) only a column of padding is left over.
    """
    (note,) = notes(resnet50())
    assert note == Diagnostic(
        "note",
        "fit",
        "3 layers leave part of their input unread; first: layer2.0.shortcut.conv1, "
        "(56 - 1 + 2·0)/2 = 27.5, 1 column unused",
    )


FIT = [
    # AlexNet's first layer on 224 pixels, and on 227, which it fits.
    ((224, 224), conv(96, 11, 4), "(224 - 11 + 2·0)/4 = 53.25, 1 column unused"),
    ((227, 227), conv(96, 11, 4), None),
    ((9, 8), pool(2), "(9 - 2 + 2·0)/2 = 3.5, 1 row unused"),
    ((8, 8), pool(2), None),
    ((12,), pool(2, 4), "(12 - 2 + 2·0)/4 = 2.5, 2 positions unused"),
    ((8, 9, 8), pool(2), "(9 - 2 + 2·0)/2 = 3.5, 1 row unused"),
    ((9, 8, 8), pool(2), "(9 - 2 + 2·0)/2 = 3.5, 1 slice unused"),
    ((8, 15), pool(2, 3), "(15 - 2 + 2·0)/3 ≈ 4.33, 1 column unused"),
    ((9, 9), conv(1, 3, 2, d=2), None),
    ((9, 10), conv(1, 3, 2, d=2), "(10 - 5 + 2·0)/2 = 2.5, 1 column unused"),
    ((9, 9), pool(2, kind="subsample"), "(9 - 2 + 2·0)/2 = 3.5, 1 column unused"),
]


@pytest.mark.parametrize(("spatial", "body", "told"), FIT)
def test_one_layer_that_leaves_input_unread(spatial, body, told):
    found = [note.message for note in one(Shape(1, spatial), body)]
    assert found == ([] if told is None else [f"{ALONE}: C1, {told}"])


def test_uneven_padding_is_told_side_by_side():
    body = layer("conv", filters=1, kernel=(3,), stride=(2,), padding=((1, 0),))
    (note,) = one(Shape(1, (9,)), body)
    assert note.message == f"{ALONE}: C1, (9 - 3 + 1 + 0)/2 = 3.5, 1 position unused"
    assert (note.severity, note.span) == ("note", PLACE)


def test_padding_that_is_left_over_is_no_loss():
    """3x3, stride 2, padding 1 on an even map; with padding at the end alone, on an odd one."""
    assert one(Shape(1, (8, 8)), conv(1, 3, 2, 1)) == ()
    at_the_end = layer("conv", filters=1, kernel=(3,), stride=(2,), padding=((0, 1),))
    assert one(Shape(1, (9,)), at_the_end) == ()


def test_input_is_unread_behind_padding_that_is_left_over():
    """(9 - 3 + 1)/4 leaves 3 columns over: the zero, and before it two of the input."""
    body = layer("conv", filters=1, kernel=(3,), stride=(4,), padding=((0, 1),))
    (note,) = one(Shape(1, (9,)), body)
    assert note.message == f"{ALONE}: C1, (9 - 3 + 0 + 1)/4 = 1.75, 2 positions unused"


def test_the_ceiling_leaves_nothing_unused():
    assert one(Shape(1, (9, 9)), pool(2, ceil=True)) == ()
    assert len(one(Shape(1, (9, 9)), pool(2))) == 1


def test_branches_out_of_step():
    graph = Graph(Shape(1, (8, 8)))
    graph.add("halved", conv(1, 2, 2), "in")
    graph.add("cut", conv(1, 5), "in")
    graph.add("add1", layer("add"), "halved cut", span=PLACE)
    graph.add("relu1", layer("relu"))
    graph.add("add2", layer("add"), "relu1 cut")
    assert notes(graph) == (
        Diagnostic(
            "note",
            "misaligned",
            "1 merge joins branches with different jumps; "
            "first: add1, 2×2 from halved, 1×1 from cut",
            PLACE,
        ),
    )


def test_several_merges_out_of_step_and_the_input_among_them():
    graph = Graph(Shape(1, (8,)))
    graph.add("halved", conv(1, 2, 2), "in")
    graph.add("odd", layer("upsample", size=(5,)))
    graph.add("padded", layer("pad", begin=(2,), end=(1,)))
    graph.add("add1", layer("add"), "padded in", span=PLACE)
    graph.add("cut", conv(1, 4), "in")
    graph.add("add2", layer("add"), "odd cut")
    (note,) = [note for note in notes(graph) if note.code == "misaligned"]
    assert note.span == PLACE
    assert note.message == (
        "2 merges join branches with different jumps; first: add1, 8/5 from padded, 1 from in"
    )


def test_a_pooling_of_stride_1_keeps_its_size_in_darknet_only(cnncalc):
    # YOLOv3-tiny's sixth pooling: darknet keeps 13x13, by one zero at the end of each axis
    answer = cnncalc("stack", "13x13x8", "pool 2x2 s1")
    assert answer.status == 0
    assert answer.err == (
        "note[pool-shrinks]: pool1 makes 13x13x8 into 12x12x8; darknet keeps the size here\n"
        " --> stack:3:6\n"
        "  |\n"
        '3 |   - "pool 2x2 s1"\n'
        "  |      ^^^^\n"
        "  = help: darknet pads 0+1 at each axis, which is padding: same\n"
    )
    same = cnncalc("stack", "13x13x8", "pool 2x2 s1 same")
    assert same.err == ""
    assert " 13×13×8 " in same.out


def test_a_branch_that_was_never_merged(cnncalc):
    answer = cnncalc("stack", "9x9x5", "a: conv 10 3x3", "in -> conv 4 1x1 as b")
    assert answer.status == 0
    assert answer.err == (
        "note[unused-layer]: 1 layer is counted, though nothing reads its result: a\n"
        " --> stack:3:9\n"
        "  |\n"
        "3 |   - {a: conv 10 3x3}\n"
        "  |         ^^^^\n"
        "  = help: merge it into the network, or name it under 'outputs:'\n"
    )


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ("a: conv 4 1x1; in -> conv 4 1x1 -> add a", []),
        ("side: [conv 4 1x1]; conv 4 1x1", []),
        ("{side: [conv 4 1x1], train_only: true}; conv 4 1x1", []),
        (
            "a: conv 4 1x1 relu; in -> conv 4 1x1 as b; in -> conv 4 1x1",
            ["2 layers are counted, though nothing reads their results; first: a.relu"],
        ),
    ],
)
def test_results_that_nothing_reads(layers, said):
    items = "".join(f"\n  - {item}" for item in layers.split("; "))
    found = analyze(parse(f"input: 9x9x5\nlayers:{items}\n")).diagnostics
    assert [note.message for note in found if note.code == "unused-layer"] == said


def test_outputs_are_results():
    text = "input: 9x9x5\nlayers: [{a: conv 4 1x1}, in -> conv 4 1x1 as b]\noutputs: [a, b]\n"
    assert analyze(parse(text)).diagnostics == ()
