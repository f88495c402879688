"""LSTM, GRU and RNN of ONNX files: PyTorch's own exports, random ones, and what is refused."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx_files import model, node, tensor

from cnncalc import CnncalcError, Tensor, analyze, forward, load
from cnncalc.exchange.onnx.read import network_of
from cnncalc.exchange.targets import TargetOptions
from cnncalc.exchange.targets.onnx import write
from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.parameters import gather
from cnncalc.inference.run import forward as run
from cnncalc.render.diagnostics import full
from cnncalc.shapes import Shape
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build

DATA = Path(__file__).parents[1] / "data" / "onnx_recurrent"
TRUTH = json.loads((DATA / "truth.json").read_text(encoding="utf-8"))
# Learned numbers of PyTorch's modules.
PARAMS = {
    "crnn": 1226,
    "bigru_last": 392,
    "lstm_step": 232,
    "rnn_last": 167,
    "bare": 220,
    "columns": 555,
}
OPEN = {"columns.ts17dyn": "1x7x11 CHW"}  # files whose sizes are open
# Rows behind the input, without activations and what moves numbers.
ROWS = {
    "crnn.ts17": ["conv", "maxpool", "lstm 2 layers", "linear"],
    "crnn.dynamo": ["conv", "maxpool", "lstm", "lstm", "linear"],
    "bigru_last.ts17raw": ["conv", "gru last", "fc"],
    "bigru_last.dynamo": ["conv", "gru last", "fc"],
    "lstm_step.dynamo": ["conv", "lstm", "fc"],
    "lstm_step.ts17dyn": ["conv", "lstm", "fc"],
    "rnn_last.ts17": ["conv", "rnn", "rnn last", "fc"],
    "columns.ts17dyn": ["conv", "lstm", "linear"],
    "columns.dynamo": ["conv", "lstm", "linear"],
}


def close(found, wanted, tolerance=1e-5):
    largest = max(map(abs, wanted))
    assert len(found) == len(wanted)
    return all(abs(a - b) <= tolerance * largest for a, b in zip(found, wanted, strict=True))


def described(layer):
    more = f" {layer.layers} layers" if getattr(layer, "layers", 1) > 1 else ""
    return f"{layer.type}{more}{' last' if getattr(layer, 'last', False) else ''}"


@pytest.mark.parametrize("name", TRUTH)
def test_files_of_pytorch_compute_what_onnx_runtime_does(name):
    network, truth = load(DATA / f"{name}.onnx", input=OPEN.get(name)), TRUTH[name]
    assert analyze(network).totals.params == PARAMS[name.partition(".")[0]]
    done = forward(network, Tensor(network.nodes[0].shape, truth["input"]))
    assert len(done.outputs) == len(network.outputs)
    for output, wanted in zip(done.outputs, truth["outputs"], strict=False):
        assert close(list(output.output.values), wanted)


@pytest.mark.parametrize("name", ROWS)
def test_the_rows_of_the_files(name):
    moves = {"relu", "reshape", "permute", "crop", "flatten"}
    nodes = load(DATA / f"{name}.onnx", input=OPEN.get(name)).nodes[1:]
    assert [described(n.layer) for n in nodes if n.layer.type not in moves] == ROWS[name]


@pytest.mark.parametrize("name", ["columns.ts17dyn", "columns.dynamo"])
def test_the_columns_of_a_map_are_a_sequence_without_a_permutation(name):
    """(width, batch, channels, height) as (width, batch, channels·height)."""
    nodes = load(DATA / f"{name}.onnx", input=OPEN.get(name)).nodes[1:]
    types = [node.layer.type for node in nodes]
    assert types == ["conv", "relu", "reshape", "lstm", "linear", "permute"]
    assert nodes[2].shape == (9, (5,))


def test_the_memory_that_a_file_puts_out_is_told():
    network = load(DATA / "bare.ts17.onnx")
    (note,) = network.diagnostics
    assert full(note) == (
        "note[output-left-out]: output 3 of 'LSTM' ('91') is left out: no layer here puts it out"
    )
    assert len(network.outputs) == 2


def test_the_mask_of_a_dropout_and_a_constant_are_told():
    drop = node("Dropout", ["x"], ["y", "mask"], "d")
    fixed = node("Constant", [], ["k"], value=tensor("", (2,), (1.0, 2.0)))
    network = network_of(model([drop, fixed], outputs=("y", "mask", "k")), "m.onnx")
    mask, constant = network.diagnostics
    assert full(mask) == (
        "note[output-left-out]: output 2 of 'Dropout' ('mask') is left out: no layer here puts it "
        "out"
    )
    assert full(constant) == (
        "note[output-left-out]: output 'k' is left out: it does not depend on an input"
    )
    ended = network_of(model([drop], outputs=("y",)), "m.onnx")
    assert ended.diagnostics == ()


SEQUENCE = (("x", (1, 3, 4)),)  # batch, channels, steps
TURN = node("Transpose", ["x"], ["s"], "/t", perm=(2, 0, 1))
W, R, B = tensor("w", (1, 8, 3)), tensor("r", (1, 8, 2)), tensor("b", (1, 16))
LAST = node("Squeeze", ["h"], ["y"], "/s", axes=(0,))


def lstm(*inputs, outputs=("", "h"), **settings):
    return node("LSTM", ["s", "w", "r", *inputs], outputs, "/rnn/LSTM", hidden_size=2, **settings)


@pytest.mark.parametrize(
    ("inputs", "attributes", "why"),
    [
        ((), {"direction": "sideways"}, "'LSTM' with direction=sideways has no layer here"),
        ((), {"clip": 3.0}, "'LSTM' with clip=3.0 has no layer here"),
        ((), {"input_forget": 1}, "'LSTM' with input_forget=1 has no layer here"),
        ((), {"layout": 1}, "'LSTM' with layout=1 has no layer here"),
        (("", "len"), {}, "'LSTM' with sequence_lens has no layer here"),
        (("", "", "one"), {}, "'LSTM' with initial_h other than zeros has no layer here"),
        (("", "", "zero", "one"), {}, "'LSTM' with initial_c other than zeros has no layer here"),
        (("", "", "", "", "p"), {}, "'LSTM' with peepholes (P) has no layer here"),
    ],
)
def test_settings_without_a_counterpart(inputs, attributes, why):
    stored = [W, R, tensor("one", (1, 1, 2), (1.0, 1.0)), tensor("zero", (1, 1, 2)),
              tensor("p", (1, 6)), tensor("len", (1,), (3,), kind=7)]  # fmt: skip
    data = model([TURN, lstm(*inputs, **attributes), LAST], stored, SEQUENCE, opset=12)
    with pytest.raises(CnncalcError) as caught:
        network_of(data, "m.onnx")
    (diagnostic,) = caught.value.diagnostics
    assert full(diagnostic) == (
        f"error[unknown-operator]: {why}\n"
        " --> m.onnx: node 2 of 3 '/rnn/LSTM' (LSTM, opset 12)\n"
        "  = help: --partial goes on with rows of unknown cost"
    )


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        ([tensor("w", (1, 8, 4)), R], "its weights are 1x8x4, not 1x8x3"),
        ([W, tensor("r", (1, 6, 2))], "its weights are 1x6x2, not 1x8x2"),
        ([W, R, tensor("b", (1, 8))], "its biases are 1x8, not 1x16"),
        ([W, tensor("r", (1, 12, 3))], "hidden_size is not the 3 units of its weights"),
    ],
)
def test_weights_that_do_not_fit(stored, why):
    bias = ["b"] if len(stored) > 2 else []
    with pytest.raises(CnncalcError, match=why):
        network_of(model([TURN, lstm(*bias), LAST], stored, SEQUENCE, opset=12), "m.onnx")


def test_the_memory_that_another_operator_reads():
    nodes = [TURN, lstm(outputs=("", "", "c")), node("Squeeze", ["c"], ["y"], "/s", axes=(0,))]
    with pytest.raises(CnncalcError) as caught:
        network_of(model(nodes, [W, R], SEQUENCE, opset=12), "m.onnx")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == "output 3 of 'LSTM' ('c') has no layer here"
    assert diagnostic.origin == "m.onnx: node 3 of 3 '/s' (Squeeze, opset 12)"


def test_weights_that_are_computed():
    nodes = [TURN, node("Mul", ["w0", "w0"], ["w"], "/m"), lstm(), LAST]
    stored = [tensor("w0", (1, 8, 3)), R]
    with pytest.raises(CnncalcError, match="'LSTM' whose weights are computed from others"):
        network_of(model(nodes, stored, SEQUENCE, opset=12), "m.onnx")


def test_a_sequence_along_the_batch_is_no_sequence():
    nodes = [node("LSTM", ["x", "w", "r"], ["", "h"], "/rnn/LSTM", hidden_size=2), LAST]
    with pytest.raises(CnncalcError, match="mixes the batch with other axes"):
        network_of(model(nodes, [W, R], (("x", (5, 1, 3)),), opset=12), "m.onnx")


def test_steps_that_an_exporter_wrote_one_by_one():
    with pytest.raises(CnncalcError) as caught:
        load(DATA / "rnn_steps.dynamo.onnx")
    (diagnostic,) = caught.value.diagnostics
    assert full(diagnostic).partition("\n")[2] == (
        f" --> {DATA}/rnn_steps.dynamo.onnx: node 2 of 33 'node_MatMul_12' (MatMul, opset 20)\n"
        "  = note: the file repeats one step with the same weights, as PyTorch's newer exporter "
        "writes nn.RNN\n"
        "  = help: export it with torch.onnx.export(..., dynamo=False), which writes one operator "
        "for all steps"
    )


@pytest.mark.parametrize("again", ["w", "w2"])
def test_only_the_same_weights_make_steps_of_it(again):
    """Else it is a network of layers with tanh between them."""
    nodes = [
        node("MatMul", ["x", "w"], ["p"]), node("Add", ["p", "b"], ["q"]),
        node("Tanh", ["q"], ["t"]), node("MatMul", ["t", again], ["u"]),
        node("Erf", ["u"], ["y"], "/erf"),
    ]  # fmt: skip
    stored = [tensor("w", (3, 3)), tensor("w2", (3, 3)), tensor("b", (3,))]
    with pytest.raises(CnncalcError) as caught:
        network_of(model(nodes, stored, (("x", (1, 3)),)), "m.onnx")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == "'Erf' has no layer here"
    assert ("dynamo=False" in (diagnostic.help or "")) == (again == "w")


@pytest.mark.parametrize("steps", [1, 2])
def test_the_axis_in_front_of_an_output_is_the_batch(steps):
    """Of one step, the axes of steps and of the batch have the same size."""
    nodes = [
        TURN, lstm(outputs=("h",)), node("Transpose", ["h"], ["h1"], perm=(0, 2, 1, 3)),
        node("Reshape", ["h1", "to"], ["h2"]), node("Transpose", ["h2"], ["y"], perm=(1, 2, 0)),
    ]  # fmt: skip
    stored = [W, R, tensor("to", (3,), (0, 0, -1), kind=7)]
    network = network_of(model(nodes, stored, (("x", (1, 3, steps)),), opset=14), "m.onnx")
    assert [node.layer.type for node in network.nodes] == ["input", "lstm"]
    assert network.nodes[-1].shape == Shape(2, (steps,))


def test_weights_read_twice_count_once():
    """Two operators with the same tensors are one layer, used twice."""
    nodes = [
        TURN, node("LSTM", ["s", "w", "r"], ["", "h"], "/a/LSTM", hidden_size=2),
        node("LSTM", ["s", "w", "r"], ["", "h2"], "/b/LSTM", hidden_size=2),
        node("Squeeze", ["h"], ["y"], "/s", axes=(0,)),
        node("Squeeze", ["h2"], ["z"], "/z", axes=(0,)),
    ]  # fmt: skip
    network = network_of(model(nodes, [W, R], SEQUENCE, outputs=("y", "z"), opset=12), "m.onnx")
    first, second = (each for each in network.nodes if each.layer.type == "lstm")
    assert second.shared_with == first.index
    assert analyze(network).totals.params == 8 * (3 + 2)


RECURRENT = [
    "lstm 3 reverse", "gru 3 reverse last layers=2", "rnn 2 reverse biases=1 layers=2",
    "lstm 5 biases=1 bidirectional layers=2", "lstm 3 layers=3", "lstm 4 last nobias",
    "gru 3 reset_before", "gru 3 reset_before biases=1 last bidirectional", "gru 2 layers=2 nobias",
    "rnn 2 bidirectional last layers=2", "rnn 4 biases=1",
]  # fmt: skip


@pytest.mark.parametrize("producer", ["cnncalc", "another"])
@pytest.mark.parametrize("words", RECURRENT)
def test_what_is_written_comes_back_with_its_weights(tmp_path, words, producer):
    text = f"input: 7x4\nlayers: [{words} as r, dropout as d]\n"
    network = build(read_document(text, "net.yaml"))
    parameters = gather(network, InitialWeights(seed=2))
    values = {name: each.read() for name, each in parameters.stored.items()}
    path = tmp_path / "net.onnx"
    content = b"".join(write(network, TargetOptions(numbers=values.__getitem__)).content)
    path.write_bytes(content.replace(b"\x12\x07cnncalc", b"\x12\x07" + producer.encode()))
    back = load(path)
    if producer == "cnncalc":
        assert [(each.name, each.layer) for each in back.nodes[1:]] == [
            (each.name, each.layer) for each in network.nodes[1:]
        ]
    assert [each.layer.type for each in back.nodes[1:]] == [network.nodes[1].layer.type, "dropout"]
    sample = Tensor(network.nodes[0].shape, [((n * 7) % 11 - 5) / 5 for n in range(28)])
    wanted = run(network, {"in": sample}, parameters).outputs[0].output
    assert close(list(forward(back, sample).outputs[0].output.values), list(wanted.values), 1e-6)


GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


@st.composite
def operators(draw):
    """The nodes, stored tensors and sizes of one recurrent operator between transpositions."""
    type_ = draw(st.sampled_from(sorted(GATES)))
    ways, units = draw(st.sampled_from([1, 2])), draw(st.integers(1, 3))
    channels, steps = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    random, rows = Random(draw(st.integers(0, 999))), GATES[type_] * units
    sizes = {"w": (ways, rows, channels), "r": (ways, rows, units)}
    if draw(st.booleans()):
        sizes["b"] = (ways, 2 * rows)
    stored = []
    for name, dims in sizes.items():
        count = 1
        for size in dims:
            count *= size
        numbers = [random.uniform(-1, 1) for _ in range(count)]
        stored.append(tensor(name, dims, numbers))
    more = {"linear_before_reset": draw(st.integers(0, 1))} if type_ == "GRU" else {}
    if ways == 2 or draw(st.booleans()):
        more["direction"] = "bidirectional" if ways == 2 else "reverse"
    every, last = draw(st.sampled_from([(True, False), (False, True), (True, True)]))
    names = ["s", *sizes]
    if draw(st.booleans()):
        names += [""] * (5 - len(names)) + ["zero"]
        stored.append(tensor("zero", (ways, 1, units)))
    outputs = ["h" if every else "", "last" if last else ""]
    nodes = [TURN, node(type_, names, outputs, "/rnn/R", hidden_size=units, **more)]
    ends = []
    if every:
        stored.append(tensor("to", (3,), (0, 0, -1), kind=7))
        nodes += [node("Transpose", ["h"], ["h1"], perm=(0, 2, 1, 3)),
                  node("Reshape", ["h1", "to"], ["h2"]),
                  node("Transpose", ["h2"], ["y"], perm=(1, 2, 0))]  # fmt: skip
        ends.append("y")
    if last:
        stored.append(tensor("flat", (2,), (0, -1), kind=7))
        nodes += [node("Transpose", ["last"], ["l1"], perm=(1, 0, 2)),
                  node("Reshape", ["l1", "flat"], ["z"])]  # fmt: skip
        ends.append("z")
    sample = [random.uniform(-1, 1) for _ in range(channels * steps)]
    data = model(nodes, stored, (("x", (1, channels, steps)),), ends, opset=14)
    learned = sum(ways * rows * size for size in (channels, units, *([2] if "b" in sizes else [])))
    return data, sample, learned


@pytest.mark.onnx
def test_random_operators_as_in_onnx_runtime(tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="compares with ONNX Runtime")
    onnx = pytest.importorskip("onnx", reason="ONNX Runtime asks for the types of outputs")
    numpy = pytest.importorskip("numpy", reason="ONNX Runtime takes its arrays")

    @given(operators())
    @settings(max_examples=60, derandomize=True, database=None, deadline=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    def attempt(case):
        data, sample, learned = case
        path = tmp_path / "m.onnx"
        path.write_bytes(data)
        network = load(path)
        assert analyze(network).totals.params == learned
        whole = onnx.load_from_string(data)
        for output in whole.graph.output:
            output.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
        session = runtime.InferenceSession(whole.SerializeToString())
        shape = network.nodes[0].shape
        array = numpy.array(sample, "f").reshape(1, shape.channels, *shape.spatial)
        done = forward(network, Tensor(shape, array.ravel().tolist()))
        for output, wanted in zip(done.outputs, session.run(None, {"x": array}), strict=True):
            found = output.output
            assert (1, found.shape.channels, *found.shape.spatial) == wanted.shape
            assert close(list(found.values), wanted.ravel().tolist())

    attempt()


@settings(max_examples=40, deadline=None)
@given(operators())
def test_random_operators_have_the_learned_numbers_of_the_file(case):
    data, _, learned = case
    assert analyze(network_of(data, "m.onnx")).totals.params == learned
