"""Notes: layers that round down, branches out of step; whole messages."""

import pytest
from graphs import Graph, conv, layer, lenet5, pool, resnet50

from cnncalc.analysis.engine import analyze
from cnncalc.errors import Diagnostic, Span
from cnncalc.shapes import Shape

PLACE = Span("net.yaml", 3, 5, 9)


def notes(graph):
    return analyze(graph.network()).diagnostics


def one(shape, body):
    graph = Graph(shape)
    graph.add("C1", body, span=PLACE)
    return notes(graph)


def test_nothing_to_note():
    assert notes(lenet5()) == ()


def test_eight_layers_of_resnet50_round_down():
    """Message 9 of the design."""
    (note,) = notes(resnet50())
    assert note == Diagnostic(
        "note",
        "fit",
        "8 layers round down; first: stem.conv1, (224 - 7 + 2·3)/2 = 111.5, 1 column unused",
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
def test_one_layer_that_rounds_down(spatial, body, told):
    found = [note.message for note in one(Shape(1, spatial), body)]
    assert found == ([] if told is None else [f"1 layer rounds down: C1, {told}"])


def test_uneven_padding_is_told_side_by_side():
    body = layer("conv", filters=1, kernel=(3,), stride=(2,), padding=((0, 1),))
    (note,) = one(Shape(1, (9,)), body)
    assert note.message == "1 layer rounds down: C1, (9 - 3 + 0 + 1)/2 = 3.5, 1 position unused"
    assert (note.severity, note.span) == ("note", PLACE)


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
            "1 merge joins branches that move over the input at different pace; "
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
        "2 merges join branches that move over the input at different pace; "
        "first: add1, 8/5 from padded, 1 from in"
    )
