"""Files that were damaged or made to harm end in a diagnostic, quickly and in little memory."""

from importlib import import_module
from pathlib import Path

import hostile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_files import field, model, node, tensor, value

from cnncalc import analyze, load
from cnncalc.exchange.onnx import read
from cnncalc.exchange.onnx.read import network_of
from cnncalc.exchange.sources import SourceOptions

DATA = Path(__file__).parents[1] / "data" / "onnx"
SMALL = ["lenet.ts17.folded", "lenet.dynamo.raw", "unet_small.ts17.kept", "vgg11_bn.dynamo.folded"]
RECURRENT = ["crnn.ts17", "bigru_last.ts17raw"]
BRANCHES = ["sized", "squeeze"]  # whose sizes are open
WHOLE = [
    (folder / f"{name}.onnx").read_bytes()
    for folder, names in (
        (DATA, SMALL),
        (DATA.parent / "onnx_recurrent", RECURRENT),
        (DATA.parent / "onnx_branches", BRANCHES),
    )
    for name in names
]
OPEN = range(len(WHOLE) - len(BRANCHES), len(WHOLE))
SECONDS = 5


def test_every_operator_is_found_in_one_module():
    folder = Path(read.__file__).parent
    names = {path.stem for path in folder.glob("ops_*.py")}
    assert names == set(read.MODULES)
    tables = [import_module(f"cnncalc.exchange.onnx.{name}").OPERATORS for name in names]
    found = [(operator, handle) for table in tables for operator, handle in table.items()]
    assert len(dict(found)) == len(found)
    assert all(read.handler(operator) is handle for operator, handle in found)
    assert read.handler("NoSuchOperator") is None


def outcome(data, **options):
    """ "ok", or the code of the refusal; any other exception fails the test."""
    return hostile.outcome(lambda: network_of(data, "m.onnx", SourceOptions(**options)), SECONDS)


@given(
    st.sampled_from(range(len(WHOLE))),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4),
    st.booleans(),
)
@settings(deadline=None, max_examples=200)
def test_changed_bytes(number, changes, partial):
    changed = bytearray(WHOLE[number])
    for place, byte in changes:
        changed[int(place * (len(changed) - 1))] = byte
    given_size = "3x6x7 CHW" if number in OPEN else None
    assert outcome(bytes(changed), partial=partial, input=given_size)


@given(st.sampled_from(range(len(WHOLE))), st.floats(0, 1), st.binary(max_size=5))
@settings(deadline=None, max_examples=100)
def test_cut_off_and_inserted_bytes(number, place, more):
    data = WHOLE[number]
    at = int(place * (len(data) - 40))  # the very last bytes say the opset, which may be missing
    assert outcome(data[:at]) == "broken-model"
    assert outcome(data[:at] + more + data[at:])


NUMBERS = st.one_of(st.integers(-3, 9), st.integers(-(2**63), 2**63 - 1))


OPERATORS = [
    "Conv", "ConvTranspose", "MaxPool", "AveragePool", "Slice", "Pad", "Reshape", "Transpose",
    "Softmax", "Flatten", "Concat", "Split", "Resize", "Gather", "ReduceMean", "Squeeze",
    "Unsqueeze", "LRN", "DepthToSpace", "Gemm", "Clip", "BatchNormalization",
    "LayerNormalization", "Dropout", "Expand",
]  # fmt: skip
ATTRIBUTES = [
    "strides", "pads", "dilations", "kernel_shape", "group", "axis", "axes", "perm", "starts",
    "ends", "steps", "shape", "split", "size", "blocksize", "scales", "epsilon", "ratio", "min",
    "max", "mode", "auto_pad", "keepdims",
]  # fmt: skip
VALUES = st.one_of(
    NUMBERS, st.lists(NUMBERS, max_size=5).map(tuple), st.floats(width=32), st.text(max_size=5)
)


@given(
    st.sampled_from(OPERATORS),
    st.dictionaries(st.sampled_from(ATTRIBUTES), VALUES, max_size=5),
    st.lists(st.integers(0, 5), max_size=4),
)
@settings(deadline=None, max_examples=300)
def test_any_attributes(type_, attributes, dims):
    stored = [tensor("w", dims), tensor("n", (4,), [1, 4, -1, 2], kind=7), tensor("b", (4,))]
    nodes = [
        node(type_, ["x", "w", "b"], ["y"], **attributes),
        node(type_, ["x", "n", "n"], ["z"], **attributes),
    ]
    for each, output in zip(nodes, "yz", strict=True):
        assert outcome(model([each], stored, outputs=(output,)))
        assert outcome(model([each], stored, outputs=(output,), opset=5))


def test_a_model_that_reads_what_comes_later():
    nodes = [node("Relu", ["b"], ["a"]), node("Relu", ["a"], ["b"])]
    assert outcome(model(nodes, outputs=("a",))) == "broken-model"


def test_sizes_whose_product_is_beyond_all_bounds():
    big = [field(1, 2**39)] * 16
    raw = b"".join([*big, field(2, 1), field(8, "w")])
    nodes = [node("Conv", ["x", "w"], ["y"])]
    assert outcome(model(nodes, [raw])) == "broken-model"
    assert outcome(model(nodes, inputs=[("x", (1, 2**39, 2**39, 2**39))])) == "broken-model"


def test_many_concatenations_of_itself_stay_small():
    """Each doubles the channels: 200 of them are more than any tensor may have."""
    nodes = [node("Concat", [f"t{k}", f"t{k}"], [f"t{k + 1}"], axis=1) for k in range(300)]
    data = model(nodes, inputs=[("t0", (1, 1, 4, 4))], outputs=("t300",))
    assert outcome(data) == "broken-model"


def test_shape_arithmetic_that_multiplies_itself():
    nodes = [
        node("Shape", ["x"], ["t0"]),
        *(node("Mul", [f"t{k}", f"t{k}"], [f"t{k + 1}"]) for k in range(60)),
        node("Reshape", ["x", "t60"], ["y"]),
    ]
    assert outcome(model(nodes)) == "unknown-operator"


def test_a_range_of_a_trillion_numbers_is_not_counted():
    ends = [tensor(name, (1,), [number], kind=7) for name, number in
            (("a", 0), ("z", 10**12), ("s", 1))]  # fmt: skip
    nodes = [node("Range", ["a", "z", "s"], ["r"]), node("Relu", ["x"], ["y"])]
    assert outcome(model(nodes, ends)) == "ok"


@pytest.mark.parametrize("name", hostile.NAMES)
def test_names_are_only_names(name, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(
        model([node("Relu", ["x"], ["y"], name)], inputs=[("x", (1, 3, 4, 4))], outputs=("y",))
    )
    (row,) = analyze(load(path)).rows
    assert hostile.is_only_a_name(row.name)


def test_wrong_count_of_numbers_in_a_tensor():
    short = field(1, 4) + field(2, 7) + field(8, "n") + field(9, b"12345678")
    nodes = [node("Reshape", ["x", "n"], ["y"])]
    assert outcome(model(nodes, [short])) == "broken-model"


def test_external_data_is_never_opened(tmp_path, monkeypatch):
    """The file beside the model is a trap: whoever opens it fails."""
    location = field(1, "location") + field(2, "../../../etc/passwd")
    away = b"".join(
        [field(1, 4), field(1, 3), field(1, 3), field(1, 3), field(2, 1), field(8, "w"),
         field(13, location), field(14, 1)]
    )  # fmt: skip
    path = tmp_path / "m.onnx"
    path.write_bytes(model([node("Conv", ["x", "w"], ["y"])], [away]))
    opened = []
    original = open

    def noting(file, *arguments, **named):
        opened.append(Path(file).name)
        return original(file, *arguments, **named)

    for module in ("builtins", "io"):  # pathlib takes that of io
        monkeypatch.setattr(f"{module}.open", noting)
    assert analyze(load(path)).totals.params == 4 * 27
    assert set(opened) == {"m.onnx"}


def test_the_value_helper_writes_open_sizes():
    """The tests' own writer: a text is an open size."""
    assert b"height" in value("x", (1, 3, "height"))
