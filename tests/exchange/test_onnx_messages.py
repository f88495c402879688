"""What a user reads about model files: whole messages, and what the figures look like."""

import json
from pathlib import Path

import pytest
from onnx_files import model, node, tensor

from cnncalc import CnncalcError, analyze, load
from cnncalc.render.diagnostics import full

DATA = Path(__file__).parents[1] / "data" / "onnx"
W = tensor("w", (4, 3, 3, 3))
CONV = node("Conv", ["x", "w"], ["a"], "/c/Conv", pads=(1, 1, 1, 1))
RELU = node("Relu", ["b"], ["y"], "/r/Relu")


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def at(data, name="m.onnx"):
        Path(name).write_bytes(data)
        return name

    return at


def message(path, **options):
    with pytest.raises(CnncalcError) as caught:
        load(path, **options)
    (diagnostic,) = caught.value.diagnostics
    return full(diagnostic)


def test_an_unknown_operator(write):
    path = write(model([CONV, node("Einsum", ["a"], ["b"], "/e"), RELU], [W]))
    assert message(path) == (
        "error[unknown-operator]: 'Einsum' has no layer here\n"
        " --> m.onnx: node 2 of 3 '/e' (Einsum, opset 17)\n"
        "  = note: 1 row stands before it; cut there with --until /c/Conv\n"
        "  = help: --partial goes on with rows of unknown cost"
    )


def test_an_operator_of_another_domain(write):
    path = write(model([node("Relu", ["x"], ["y"], "r", domain="com.acme")]))
    assert "'Relu' of 'com.acme' has no layer here" in message(path)


def test_the_advice_of_the_message_works(write):
    path = write(model([CONV, node("Einsum", ["a"], ["b"], "/e"), RELU], [W]))
    network = load(path, until="/c/Conv")
    assert [node.name for node in network.nodes] == ["x", "c"]
    assert network.complete
    assert [load(path, until=name).nodes[-1].name for name in ("a", "c")] == ["c", "c"]


def test_partial_with_the_shape_that_the_file_says(write):
    nodes = [CONV, node("Einsum", ["a"], ["b"], "/e"), RELU]
    network = load(write(model(nodes, [W], shapes=[("b", (1, 4, 8, 8))])), partial=True)
    assert [(n.layer.type, n.origin) for n in network.nodes[1:]] == [
        ("conv", "node 1 '/c/Conv' (Conv)"),
        ("unknown", "node 2 '/e' (Einsum)"),
        ("relu", "node 3 '/r/Relu' (Relu)"),
    ]
    assert not network.complete
    assert analyze(network).incomplete == ("e",)


def test_partial_without_a_shape_ends_there(write):
    path = write(model([CONV, node("Einsum", ["a"], ["b"], "/e"), RELU], [W]))
    network = load(path, partial=True)
    assert [node.name for node in network.nodes] == ["x", "c"]
    assert network.unread == ("node 2 '/e' (Einsum)", "node 3 '/r/Relu' (Relu)")
    assert not network.complete


def test_open_sizes(write):
    data = model([node("Relu", ["x"], ["y"])], inputs=[("x", ("batch", 3, "height", "width"))])
    assert message(write(data)) == (
        "error[open-size]: m.onnx leaves sizes of its input 'x' open: batchx3xheightxwidth\n"
        "  = help: give them, such as --input '3x224x224 CHW'"
    )
    for written in ("3x32x48 CHW", "3x32x48", "32x48x3", "1x3x32x48 NCHW"):
        assert load("m.onnx", input=written).nodes[-1].shape == (3, (32, 48))
    assert load("m.onnx", input="5x3x32x48 NCHW").batch == 5


def test_open_sizes_of_several_inputs(write):
    inputs = [("x", ("batch", 3, "height", 8)), ("in.2", ("batch", 4))]
    entering = [*inputs, ("state", ("batch", "width"))]
    nodes = [node("Concat", ["in.2", "state"], ["c"], axis=1), node("Relu", ["x"], ["y"])]
    path = write(model(nodes, inputs=entering, outputs=("c", "y")))
    assert message(path) == (
        "error[open-size]: m.onnx leaves sizes of its input 'x' open: batchx3xheightx8 and "
        "'state' open: batchxwidth\n"
        "  = help: give them, such as --input 'x=3x224x8 CHW' --input 'state=224 C'"
    )
    network = load(path, input="x=3x224x8 CHW, state=224 C")
    assert [each.shape for each in network.nodes[:3]] == [(3, (224, 8)), (4, ()), (224, ())]
    assert message(path, input="x=3x16x8 CHW").startswith(
        "error[open-size]: m.onnx leaves sizes of its input 'state' open: batchxwidth"
    )
    assert message(path, input="in.3=5") == (
        "error[input-shape]: there is no input 'in.3'\n  = help: did you mean 'in.2'?"
    )


def test_an_open_batch_is_that_of_the_other_inputs(write):
    nodes = [node("Concat", ["a", "b"], ["y"], axis=1)]
    path = write(model(nodes, inputs=[("a", ("batch", 3)), ("b", (4, 2))]))
    network = load(path)
    assert (network.batch, network.nodes[-1].shape) == (4, (5, ()))
    assert load(path, input="b=2").batch == 4
    assert load(write(model([node("Relu", ["x"], ["y"])])), input="5x3x8x8 NCHW").batch == 5


def test_an_input_that_does_not_fit(write):
    path = write(model([CONV, node("Relu", ["a"], ["y"])], [W]))
    assert message(path, input="32x32x1") == (
        "error[input-shape]: --input 32x32x1 does not fit the input 'x' of m.onnx: 1x3x8x8\n"
        "  = help: its 3 channels are fixed"
    )


def test_a_layer_that_cannot_work_is_named_by_its_node(write):
    data = model([node("Conv", ["x", "w"], ["y"], "/c/Conv")], [W], inputs=[("x", (1, 3, 2, 2))])
    assert message(write(data)) == (
        "error[filter-too-big]: the filter (3) is larger than its input (2)\n"
        " --> m.onnx: node 1 of 1 '/c/Conv' (Conv, opset 17)\n"
        "  = help: use a filter of at most 2, add padding, or start from a larger input"
    )


def test_no_model(write):
    assert message(write(b"")) == "error[broken-model]: 'm.onnx' is no ONNX model: it is empty"
    whole = model([node("Relu", ["x"], ["y"])])
    assert message(write(whole[:30])).startswith("error[broken-model]: 'm.onnx' is no ONNX model: ")


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("m.pt", b"PK\x03\x04"),
        ("m.pkl", b"\x80\x04\x95"),
        ("m.pth", b"\x80\x02}"),
        ("m.bin", b"\x80\x03"),
    ],
)
def test_pickles_are_refused_with_the_line_that_converts(write, name, start):
    assert message(write(start + b"data\0" * 9, name)) == (
        f"error[pickle]: '{name}' is a pickle: reading it would run whatever code it holds\n"
        "  = help: in the program that made the model: "
        "torch.onnx.export(model.eval(), torch.zeros(1, 3, 224, 224), 'model.onnx')"
    )


def test_a_text_is_no_pickle_whatever_its_name(write):
    assert load(write(b"input: 8\nlayers: [fc 3]\n", "net.bin")).nodes[-1].shape.channels == 3


def test_an_archive_is_no_pickle_whatever_is_in_it(write):
    assert "pickle" not in message(write(b"PK\x03\x04" + b"text\0" * 9, "slides.pptx"))


def test_a_model_is_known_by_its_content(write):
    assert load(write(model([node("Relu", ["x"], ["y"])]), "model.data")).nodes[-1].name == "y"


def test_what_only_a_spec_has(write):
    path = write(model([node("Relu", ["x"], ["y"])]))
    assert "m.onnx is a model file, which has no variants" in message(path, variant="a")
    assert "m.onnx is a model file, which has no variables" in message(path, set={"w": 1})
    assert "--until and --partial are for model files" in message("lenet5", until="C1")


def test_an_end_that_is_not_there(write):
    path = write(model([node("Relu", ["x"], ["y"], "/relu1/Relu")]))
    assert message(path, until="/relu2/Relu") == (
        "error[unknown-layer]: m.onnx has no node, tensor or row named '/relu2/Relu'\n"
        "  = help: did you mean '/relu1/Relu'?"
    )


def test_the_json_of_an_unknown_operator_has_its_origin(write):
    from cnncalc.render.json import diagnostic

    path = write(model([CONV, node("Einsum", ["a"], ["b"], "/e"), RELU], [W]))
    with pytest.raises(CnncalcError) as caught:
        load(path)
    entry = diagnostic(caught.value.diagnostics[0])
    assert entry["origin"] == "m.onnx: node 2 of 3 '/e' (Einsum, opset 17)"
    assert json.dumps(entry)


# -- operators that would change numbers, each beside one that does not


@pytest.mark.parametrize("to", [1, 10, 11, 16])
def test_numbers_stay_the_same_as_another_float(write, to):
    nodes = [node("Relu", ["x"], ["a"]), node("Cast", ["a"], ["y"], to=to)]
    assert [row.layer.type for row in load(write(model(nodes))).nodes] == ["input", "relu"]


@pytest.mark.parametrize("to", [3, 6, 7, 9, 17])
def test_computed_numbers_that_are_cut(write, to):
    """To whole numbers, to truth values, to floats of 8 bits."""
    nodes = [node("Relu", ["x"], ["a"]), node("Cast", ["a"], ["y"], "/cast", to=to)]
    assert message(write(model(nodes))).startswith(
        "error[unknown-operator]: 'Cast' has no layer here\n --> m.onnx: node 2 of 2 '/cast'"
    )


def test_what_an_embedding_looks_up_is_whole_already(write):
    table = tensor("t", (5, 3))
    nodes = [node("Cast", ["x"], ["a"], to=7), node("Gather", ["t", "a"], ["y"])]
    network = load(write(model(nodes, [table], inputs=[("x", (1, 4))])))
    assert [row.layer.type for row in network.nodes][:2] == ["input", "embedding"]


@pytest.mark.parametrize(("mode", "order"), [(None, "dcr"), ("DCR", "dcr"), ("CRD", "crd")])
@pytest.mark.parametrize(
    ("operator", "type_", "dims"),
    [("SpaceToDepth", "space2depth", (1, 2, 4, 4)), ("DepthToSpace", "depth2space", (1, 8, 4, 4))],
)
def test_both_operators_say_the_order_of_channels(write, operator, type_, dims, mode, order):
    said = {} if mode is None else {"mode": mode}
    nodes = [node(operator, ["x"], ["y"], blocksize=2, **said)]
    row = load(write(model(nodes, inputs=[("x", dims)]))).nodes[-1].layer
    assert (row.type, row.order) == (type_, order)


def test_an_order_of_channels_that_there_is_not(write):
    nodes = [node("SpaceToDepth", ["x"], ["y"], blocksize=2, mode="ABC")]
    path = write(model(nodes, inputs=[("x", (1, 2, 4, 4))]))
    assert "mode is 'abc'" in message(path)


def test_a_quotient_of_two_maps(write):
    nodes = [node("Div", ["x", "x"], ["y"], "/d")]
    assert message(write(model(nodes))).startswith("error[unknown-operator]: 'Div' has no layer")
