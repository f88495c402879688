"""`cnncalc export --to keras` where Keras is not installed: the code, its names, its weights.

Whether it computes the same is asked where Keras is: see test_export_keras.py. What Keras says of
the models' variables is in tests/data/keras.
"""

import ast
import json
import subprocess
import sys
import zipfile
from array import array
from pathlib import Path

import hostile
import pytest

from cnncalc import zoo
from cnncalc.errors import CnncalcError
from cnncalc.exchange.targets import TargetOptions
from cnncalc.exchange.targets._keras_layers import RENAMED, TABLE, USUAL, WITHOUT, WORDS
from cnncalc.exchange.targets.keras import write
from cnncalc.inference import safetensors
from cnncalc.layers import layer_types
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build, load
from cnncalc.spec.write import quoted

DATA = Path(__file__).parents[1] / "data" / "keras"
VARIABLES = json.loads((DATA / "variables.json").read_text(encoding="utf-8"))
# Bundled networks with a layer that Keras does not compute.
REFUSED = {"crnn", "edgenext", "lraspp", "sknet", "ssd300"}


def read(text):
    return build(read_document(text, "net.yaml"))


def code(text, **options):
    return write(read(text), TargetOptions(**options)).content


def test_every_layer_type_has_a_counterpart_or_a_reason():
    assert {*TABLE, *WORDS, *USUAL, *WITHOUT} == set(layer_types())
    assert not {*TABLE, *WORDS} & set(WITHOUT)
    assert all(WITHOUT.values())
    assert set(RENAMED) <= set(USUAL)


def test_the_code_of_every_bundled_network_is_formatted_and_lint_clean(tmp_path):
    """As ruff has it without any settings."""
    for name in zoo.files().keys() - REFUSED:
        for nested in (True, False):
            text = write(load(name), TargetOptions(nested=nested, loading=nested)).content
            file = tmp_path / f"net_{name.replace('-', '_')}_{nested}.py"
            file.write_text(text, encoding="utf-8")
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", tmp_path],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if "No module named ruff" in done.stderr:
            pytest.skip("ruff is not installed")
        assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_layer_without_a_counterpart_is_refused(name):
    with pytest.raises(CnncalcError) as caught:
        write(load(name))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "no-counterpart"
    assert " has no counterpart in Keras: " in diagnostic.message


@pytest.mark.parametrize("name", VARIABLES)
def test_variables_are_called_and_laid_out_as_in_keras(name):
    file = DATA / f"{name}.yaml"
    layout = write(load(str(file) if file.exists() else name)).layout
    assert {laid.name: list(laid.sizes) for laid in layout} == {
        path: sizes for path, (sizes, _) in VARIABLES[name].items()
    }


def test_a_chain_is_a_sequential_model():
    text = code("name: tiny\ninput: 8x8x3\nlayers: [conv 4 3x3 half relu, maxpool 2x2, fc 5]\n")
    assert text.endswith('''\
def tiny():
    """tiny"""
    # A flattened map has its channels last here, and first in PyTorch. The rows of a
    # kernel that reads one are in that order: fc1.
    return keras.Sequential(
        [
            keras.Input((8, 8, 3), name="in"),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="conv1"),
            layers.MaxPooling2D(2, name="maxpool1"),
            layers.Flatten(name="fc1_flatten"),
            layers.Dense(5, name="fc1"),
        ],
        name="tiny",
    )


if __name__ == "__main__":
    tiny().summary()
''')


def test_parts_that_are_alike_are_one_function():
    text = write(load("resnet34")).content
    assert "def basic(x, filters, *, name):" in text
    assert '    x = basic(x, 64, name="layer1_0")\n' in text
    assert "def basic(" not in write(load("resnet34"), TargetOptions(nested=False)).content


@pytest.mark.parametrize(
    ("layer", "wanted"),
    [
        ("conv 4 3x3 p1", 'padding="same"'),  # (0 + 8 - 3 + 2)/1 + 1, both rules
        ("conv 4 3x3 s2 p1", "ZeroPadding2D(1"),  # `same` would put 0 and 1 there
        ("conv 4 3x3 s2 same", 'padding="same"'),
        ("maxpool 3x3 s2 p1", "constant_values=-math.inf"),
        ("bn", "momentum=0.9, epsilon=1e-05"),
        ("avgpool 3x3 s1 p1", "ZeroPadding2D(1"),  # the padding is counted
    ],
)
def test_same_is_written_only_where_the_numbers_agree(layer, wanted):
    assert wanted in code(f"input: 8x8x3\nlayers: [{layer}]\n")


def test_a_maximum_of_what_is_not_negative_needs_no_infinity():
    text = code("input: 8x8x3\nlayers: [relu, maxpool 3x3 s2 p1]\n")
    assert "ZeroPadding2D(1" in text
    assert "inf" not in text


COMMENT = """\
    # A flattened map has its channels last here, and first in PyTorch. The rows of a
    # kernel that reads one are in that order: head_1, wide.
"""


def test_a_comment_names_the_kernels_whose_rows_are_turned():
    """Not those that read a vector, one map, or maps of one number."""
    text = code("""
input: 6x5x3
layers:
  - conv 4 3x3 -> flatten -> relu
  - head_1: fc 7
  - fc 6
  - reshape 2x3x1 -> fc 6
  - reshape 1x1x6 -> fc 8
  - reshape 2x2x2
  - wide: fc 2
""")
    assert COMMENT in text
    assert text.count("    # ") == 2
    assert "    # " not in code("input: 6x5x3\nlayers: [conv 4 3x3, gap, fc 5]\n")


def test_names_that_keras_gives_itself_are_not_taken():
    text = code("input: 8x8x3\nlayers: [get_item: conv 4 1x1, slice 0..2, pad_1: conv 2 1x1]\n")
    assert 'name="get_item_layer"' in text
    assert 'name="pad_1_layer"' in text


@pytest.mark.parametrize("name", hostile.TEXTS)
def test_no_text_of_a_spec_is_code(name):
    """It is a docstring, or filtered to a name; nothing of it runs."""
    text = code(
        f"name: {quoted(name)}\ndescription: {quoted(name)}\ninput: 8x8x3\n"
        f"layers: [{{conv: 4 3x3 bn, note: {quoted(name)}}}, gap, fc 10]\n"
    )
    tree = ast.parse(text)
    allowed = (ast.Expr, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.If)
    assert all(isinstance(each, allowed) for each in tree.body)
    calls = {ast.unparse(each.func) for each in ast.walk(tree) if isinstance(each, ast.Call)}
    assert not {call for call in calls if call.partition("(")[0].split(".")[0] == "print"}
    (function,) = (each for each in tree.body if isinstance(each, ast.FunctionDef))
    assert isinstance(function.body[0].value, ast.Constant)


def arrays(path):
    """The arrays of an .npz file, as the format's description has them: sizes and numbers."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for entry in archive.namelist():
            data = archive.read(entry)
            assert data[:8] == b"\x93NUMPY\x01\x00"
            start = 10 + int.from_bytes(data[8:10], "little")
            assert start % 64 == 0
            header = ast.literal_eval(data[10:start].decode("ascii"))
            assert header["fortran_order"] is False
            numbers = array({"<f4": "f", "<f8": "d"}[header["descr"]], data[start:])
            found[entry.removesuffix(".npy")] = (header["shape"], numbers)
    return found


def test_weights_are_turned_to_channels_last(cnncalc, tmp_path):
    """A kernel has sizes (h, w, in, out), and a dense layer reads a map as h, w, c."""
    file, weights = tmp_path / "digits.py", tmp_path / "digits.npz"
    answer = cnncalc("export", "digits", "--to", "keras", "-o", file, "--weights", weights)
    assert answer.status == 0, answer.err
    assert "def load_weights(model, path):" in file.read_text(encoding="utf-8")
    own = safetensors.read(load("digits").init.weights)
    found = arrays(weights)
    assert {name: list(sizes) for name, (sizes, _) in found.items()} == {
        path: sizes for path, (sizes, _) in VARIABLES["digits"].items()
    }
    sizes, kernel = found["conv2/kernel"]
    assert sizes == (3, 3, 16, 32)
    weight = own["conv2.weight"].read()
    for h, w, c, k in [(0, 0, 0, 0), (2, 1, 5, 7), (1, 2, 15, 31)]:
        assert kernel[((h * 3 + w) * 16 + c) * 32 + k] == weight[((k * 16 + c) * 3 + h) * 3 + w]
    sizes, dense = found["fc1/kernel"]
    assert sizes == (128, 64)  # of a map of 2x2x32
    weight = own["fc1.weight"].read()
    for h, w, c, u in [(0, 0, 0, 0), (0, 1, 3, 5), (1, 0, 31, 63)]:
        assert dense[((h * 2 + w) * 32 + c) * 64 + u] == weight[u * 128 + (c * 2 + h) * 2 + w]


def test_code_without_weights_does_not_load_any():
    assert "load_weights" not in write(load("digits")).content


@pytest.mark.parametrize(
    ("target", "given", "wanted"),
    [("keras", "safetensors", "npz"), ("pytorch", "npz", "safetensors")],
)
def test_weights_in_the_format_of_the_other_are_refused(cnncalc, tmp_path, target, given, wanted):
    file = tmp_path / f"w.{given}"
    answer = cnncalc("export", "lenet5", "--to", target, "--weights", file)
    assert answer.status == 2
    assert f"the weights for {target} are written as {wanted}" in answer.err
    assert f"write --weights {file.with_suffix(f'.{wanted}')}" in answer.err.replace("\n", "")
    assert not file.exists()


def test_a_refusal_stands_at_its_line(cnncalc, tmp_path):
    file = tmp_path / "net.yaml"
    file.write_text("input: 8x8x3\nlayers:\n  - conv 4 3x3\n  - localconv 4 3x3\n")
    answer = cnncalc("export", file, "--to", "keras")
    assert answer.status == 1
    assert (
        "error[no-counterpart]: 'localconv1' (localconv) has no counterpart in Keras: "
        "Keras 3 has no locally connected layer"
    ) in " ".join(answer.err.split())
    assert "net.yaml:4:5" in answer.err
