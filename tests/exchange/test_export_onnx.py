"""`cnncalc export --to onnx`: files that our own reader turns into the same rows.

Whether onnx accepts them and ONNX Runtime computes the same is asked where these are installed:
see test_export_onnx_runtime.py.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc import files, forward, load, zoo
from cnncalc.errors import CnncalcError
from cnncalc.exchange import wire_writer as writer
from cnncalc.exchange.onnx.read import network_of
from cnncalc.exchange.targets import TargetOptions
from cnncalc.exchange.targets._onnx_layers import SIMPLE, TABLE, WITHOUT
from cnncalc.exchange.targets.onnx import write
from cnncalc.exchange.wire import Field, Reader
from cnncalc.layers import layer_types
from cnncalc.layers._base import Layer

README = Path(__file__).parents[2] / "README.md"
UNKNOWN = {"edgenext", "ssd300"}  # files with a layer that no framework has


def exported(network, **options):
    return b"".join(write(network, TargetOptions(**options)).content)


def rows(network):
    return [
        (node.name, node.layer.type, node.layer.settings(*network.shapes_into(node)), node.shape,
         tuple(network.nodes[index].name for index in node.inputs))
        if node.inputs else (node.name, node.shape)
        for node in network.nodes
        if not node.train_only
    ]  # fmt: skip


def learned(network):
    """How many parameters rows of each name have; those of blocks that share count once."""
    return sum(
        p.size
        for node in network.nodes
        if node.inputs and node.shared_with is None and not node.train_only
        for p in node.layer.parameters(*network.shapes_into(node))
    )


def test_every_layer_type_is_written_or_has_a_reason():
    types = layer_types()
    expressed = {name for name, each in types.items() if each.expressed is not Layer.expressed}
    assert {*TABLE, *SIMPLE, *WITHOUT, *expressed} == set(types)
    assert not {*TABLE, *SIMPLE, *expressed} & set(WITHOUT)


@pytest.mark.parametrize("name", sorted({*zoo.files()} - UNKNOWN))
def test_every_bundled_network_comes_back(name):
    """With the same rows and names; weights left out."""
    network = load(name)
    back = network_of(exported(network), f"{name}.onnx")
    assert learned(back) == learned(network)
    assert rows(back) == rows(network)
    assert [node.shape for node in back.inputs] == [node.shape for node in network.inputs]


def test_the_weights_are_inside(cnncalc, tmp_path):
    """The file computes what the spec computes, and is written again byte by byte."""
    model, again, code, weights = (tmp_path / n for n in ("d.onnx", "e.onnx", "d.py", "d.st"))
    assert cnncalc("export", "digits", "--to", "onnx", "-o", model).status == 0
    sample = [float(n % 16) / 16 for n in range(64)]
    network, back = load("digits"), load(str(model))
    shape = network.nodes[0].shape
    from cnncalc import Tensor

    wanted = forward(network, Tensor(shape, sample)).outputs[0].output.values
    found = forward(back, Tensor(shape, sample)).outputs[0].output.values
    assert list(found) == pytest.approx(list(wanted), abs=1e-7)
    assert cnncalc("export", model, "--to", "onnx", "-o", again).status == 0
    name = b"digits", b"d"  # of the graph, which is the file's the second time
    assert len(again.read_bytes()) == len(model.read_bytes()) - len(name[0]) + len(name[1])
    answer = cnncalc("export", model, "--to", "pytorch", "-o", code, "--weights", weights)
    assert (answer.status, weights.stat().st_size > 4 * 13_706) == (0, True)


def test_a_file_without_weights_is_small(cnncalc, tmp_path):
    file = tmp_path / "resnet50.onnx"
    assert cnncalc("export", "resnet50", "--to", "onnx", "--no-weights", "-o", file).status == 0
    assert file.stat().st_size < 80_000
    assert learned(load(str(file))) == learned(load("resnet50"))


REFUSED = {
    "--to onnx": (
        "error[usage]: a binary file is not for a terminal\n"
        "  = help: write it to a file with -o FILE, or into a pipe\n"
    ),
    "--to onnx -o n.onnx --flat": (
        "error[usage]: --flat does not go with --to onnx\n"
        "  = help: leave it out, or write --to pytorch or keras\n"
    ),
    "--to onnx -o n.onnx --weights w.safetensors": (
        "error[usage]: --weights does not go with --to onnx\n"
        "  = help: leave it out: an ONNX file holds its weights itself\n"
    ),
    "--to pytorch --opset 18": (
        "error[usage]: --opset does not go with --to pytorch\n"
        "  = help: leave it out, or write --to onnx\n"
    ),
    "--to pytorch --no-weights": (
        "error[usage]: --no-weights does not go with --to pytorch\n"
        "  = help: leave it out, or write --to onnx\n"
    ),
    "--to onnx -o n.onnx --opset 9": (
        "error[opset]: opset 9 cannot be written\n"
        "  = help: write --opset 17 to 22, or leave it out\n"
    ),
    "--to onnx -o n.onnx --opset 17": (
        "error[opset]: 'gelu1' (gelu) needs opset 20, not 17\n"
        " --> net.yaml:4:6\n"
        "  |\n"
        "4 |   - {gelu: {approximate: tanh}}\n"
        "  |      ^^^^\n"
        "  = help: write --opset 20, or leave it out\n"
    ),
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_what_is_refused_says_why_and_what_to_write(cnncalc, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(
        "input: 8x8x3\nlayers:\n  - conv 4 3x3\n  - {gelu: {approximate: tanh}}\n"
    )
    if arguments == "--to onnx":
        monkeypatch.setattr("cnncalc.cli.output.is_terminal", lambda: True)
    answer = cnncalc("export", "net.yaml", *arguments.split())
    assert answer.status in {1, 2}
    assert answer.err == REFUSED[arguments]
    assert not Path("n.onnx").exists()


def test_layers_that_onnx_has_not_are_refused_at_their_line(cnncalc, tmp_path):
    file = tmp_path / "net.yaml"
    file.write_text("input: 8x8x3\nlayers:\n  - adaptivepool 3\n")
    answer = cnncalc("export", file, "--to", "onnx", "-o", tmp_path / "net.onnx")
    assert answer.status == 1
    assert (
        "error[no-counterpart]: 'adaptivepool1' (adaptivepool) has no counterpart in ONNX: "
        "the input's size is no multiple of the output's\n"
    ) in answer.err
    assert "net.yaml:3:5" in answer.err


def test_a_newer_opset_is_taken_where_a_layer_needs_it():
    from cnncalc.spec.document import read_document
    from cnncalc.spec.load import build

    def opset(layer):
        network = build(read_document(f"input: 8x8x4\nlayers: [{layer}]\n", "net.yaml"))
        return exported(network)[-1]

    layers = ["gelu", "upsample size=9x9", "pad 1 mode=circular", "{gelu: {approximate: tanh}}"]
    assert list(map(opset, layers)) == [17, 18, 19, 20]


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1)), st.floats(width=32, allow_nan=False),
    st.text(max_size=200).filter(lambda text: text.isprintable()),
)  # fmt: skip
def test_what_is_written_is_read(wholes, real, text):
    schema = {
        "Outer": {1: Field("inner", "Inner")},
        "Inner": {
            1: Field("wholes", "int", repeated=True), 2: Field("real", "float"),
            3: Field("text", "text"), 4: Field("one", "int"), 5: Field("reals", "float", True),
        },
    }  # fmt: skip
    one = wholes[0] if wholes else 0
    fields = (
        writer.whole_numbers(1, wholes), writer.real(2, real), writer.text(3, text),
        writer.whole(4, one), writer.reals(5, [real, real]),
    )  # fmt: skip
    data = writer.block(1, *fields)
    told = {"wholes": wholes, "real": real, "text": text, "one": one, "reals": [real, real]}
    assert Reader(data, schema).message("Outer")["inner"] == told


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path):
    file = tmp_path / "net.onnx"
    file.write_bytes(b"old")

    def pieces():
        yield b"new"
        raise ValueError("cut off")

    with pytest.raises(CnncalcError):
        files.write(file, pieces(), piecemeal=True)
    assert (file.read_bytes(), list(tmp_path.iterdir())) == (b"old", [file])
