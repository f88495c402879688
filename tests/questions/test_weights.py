"""`check --weights`: names and sizes of a weights file against what the layers need.

The sizes of whole networks are those of torchvision's state dicts (data/state_dicts.json.gz).
"""

import gzip
import json
from math import prod
from pathlib import Path
from time import perf_counter

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors_files import header_only

from cnncalc import load, parse
from cnncalc.inference.differences import compared
from cnncalc.inference.parameters import each
from cnncalc.render.check import schema

DATA = Path(__file__).parents[1] / "data"
TRUTH = json.loads(gzip.decompress((DATA / "state_dicts.json.gz").read_bytes()))["models"]
NET = """\
input: 32x32x1
layers:
  - C1: conv 6 5x5 tanh
  - pool 2x2
  - C3: conv 16 5x5 tanh
  - pool 2x2
  - fc 120
  - fc 10
"""
# By hand: filters of 5 x 5 x 1 and 5 x 5 x 6; 5 x 5 x 16 = 400 numbers into 120 units, into 10.
RIGHT = {
    "C1.weight": (6, 1, 5, 5), "C1.bias": (6,), "C3.weight": (16, 6, 5, 5), "C3.bias": (16,),
    "fc1.weight": (120, 400), "fc1.bias": (120,), "fc2.weight": (10, 120), "fc2.bias": (10,),
}  # fmt: skip
THERE = "w.safetensors"


def state_dict(name):
    return {tensor: tuple(dims) for tensor, dims in TRUTH[name]}


def renamed(tensors):
    """The same tensors under names that tell nothing but their order."""
    owners = list(dict.fromkeys(name.rpartition(".")[0] for name in tensors))
    number = {owner: index for index, owner in enumerate(owners)}
    return {
        f"part.{number[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}": dims
        for name, dims in tensors.items()
    }


@pytest.fixture
def held(tmp_path, monkeypatch, cnncalc):
    """The command on NET and a file of these tensors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET, encoding="utf-8")

    def check(tensors, *options):
        header_only(tmp_path / THERE, tensors)
        return cnncalc("check", "net.yaml", "--weights", THERE, *options)

    return check


def differences(tensors, network=None):
    return compared(network or parse(NET), THERE, tensors)


# -- how tensors are found


@pytest.mark.parametrize("name", TRUTH)
def test_a_state_dict_of_torchvision_fits_by_name(name):
    found = compared(load(name), THERE, state_dict(name))
    assert (found.ok, found.how) == (True, f"{len(TRUTH[name])} tensors by name")
    numbers = sum(prod(dims) for _, dims in TRUTH[name])
    assert found.numbers == (numbers, numbers)


@pytest.mark.parametrize("name", TRUTH)
def test_another_program_s_names_fit_by_order(name):
    """Also where the names are sorted letter by letter, as safetensors writes them."""
    other = renamed(state_dict(name))
    for tensors in (other, dict(sorted(other.items()))):
        found = compared(load(name), THERE, tensors)
        assert (found.ok, found.how) == (True, f"{len(TRUTH[name])} tensors by order")


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "vgg16_bn"])
def test_names_sorted_letter_by_letter_with_parts_of_their_own(name):
    """Sorted, bn1 stands before conv1 and fc before layer1: every kind keeps its own order."""
    tensors = {f"net-{key}": dims for key, dims in sorted(state_dict(name).items())}
    assert compared(load(name), THERE, tensors).ok


@pytest.mark.parametrize("prefix", ["module.", "model.backbone."])
def test_what_a_wrapper_puts_before_all_names(prefix):
    found = differences({f"{prefix}{name}": dims for name, dims in RIGHT.items()})
    assert (found.ok, found.how) == (True, f"8 tensors by name behind '{prefix}'")


def test_names_of_a_part_of_the_network():
    tensors = {
        name.removeprefix("features."): dims
        for name, dims in state_dict("alexnet").items()
        if name.startswith("features.")
    }
    found = compared(load("alexnet"), THERE, tensors)
    assert found.how == "10 tensors by name without 'features.'"
    assert [layer.text for layer in found.layers] == [
        "classifier.1 (fc 4096): it is not in the file",
        "classifier.4 (fc 4096): it is not in the file",
        "classifier.6 (fc 1000): it is not in the file",
    ]


def test_what_a_forward_pass_does_not_need_may_stand_there():
    assert differences({**RIGHT, "bn.num_batches_tracked": ()}).ok


def test_sizes_of_1_may_be_left_out():
    assert differences({**RIGHT, "C1.weight": (6, 5, 5)}).ok


def test_many_tensors_cost_no_more_than_their_number(held, cnncalc):
    """A header of 20,000 tensors, two of which are paired with a layer by order."""
    tensors = {f"t{number}.weight": (1, 1) for number in range(20_000)}
    start = perf_counter()
    answer = held(tensors)
    assert answer.status == 1
    assert "has 19,998 tensors that no layer takes" in answer.out
    assert perf_counter() - start < 10  # a second where nothing else runs


def test_shared_weights_may_be_there_twice():
    network = parse("input: 8\nlayers: [fc 8 as a, fc 8 share=a as b]")
    once = {"a.weight": (8, 8), "a.bias": (8,)}
    assert compared(network, THERE, once).ok
    assert compared(network, THERE, {**once, "b.weight": (8, 8), "b.bias": (8,)}).ok
    assert list(compared(network, THERE, {**once, "b.weight": (8, 4)}).extra) == ["b.weight"]


# -- which layer differs, and why


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"C3.weight": (16, 3, 5, 5)},
         ("C3 (conv 16 5x5): weight in the file is 16×3×5×5, here 16×6×5×5: so its input has "
         "3 channels in the file, 6 here; or it has groups=2 in the file, 1 here")),
        ({"C3.weight": (32, 6, 5, 5), "C3.bias": (32,)},
         ("C3 (conv 16 5x5): weight in the file is 32×6×5×5, here 16×6×5×5; bias in the file is "
         "32, here 16: so it has filters=32 in the file, 16 here")),
        ({"C3.weight": (16, 6, 3, 3)},
         ("C3 (conv 16 5x5): weight in the file is 16×6×3×3, here 16×6×5×5: so its filter is 3x3 "
         "in the file, 5x5 here")),
        ({"C1.weight": (6, 3, 3, 3)},
         ("C1 (conv 6 5x5): weight in the file is 6×3×3×3, here 6×1×5×5: so its input has "
         "3 channels in the file, 1 here, and its filter is 3x3 in the file, 5x5 here")),
        ({"fc1.weight": (120, 576)},
         ("fc1 (fc 120): weight in the file is 120×576, here 120×400: so its input has "
         "576 numbers in the file, 400 here")),
        ({"fc1.weight": (400, 120)},
         ("fc1 (fc 120): weight in the file is 400×120, here 120×400: so the file has the same "
         "sizes in another order of axes")),
        ({"C3.bias": None}, ("C3 (conv 16 5x5): bias is not in the file: so it is 'nobias' in the "
         "file")),
        ({"C3.weight": None, "C3.bias": None}, "C3 (conv 16 5x5): it is not in the file"),
        ({"C3.weight": (16, 7, 4, 5, 2)},
         "C3 (conv 16 5x5): weight in the file is 16×7×4×5×2, here 16×6×5×5"),
        ({"fc2.gain": (10,)}, "fc2 (fc 10): gain is only in the file"),
    ],
)  # fmt: skip
def test_a_layer_that_differs_says_what_would_explain_it(changes, said):
    there = {name: dims for name, dims in {**RIGHT, **changes}.items() if dims is not None}
    found = differences(there)
    assert [layer.text for layer in found.layers] == [said]
    assert not found.extra
    assert found.numbers == (51902, sum(map(prod, there.values())))


def test_a_bias_too_many():
    network = parse("input: 8x8x1\nlayers: [conv 6 5x5 nobias as conv]")
    (layer,) = compared(network, THERE, {"conv.weight": (6, 1, 5, 5), "conv.bias": (6,)}).layers
    assert layer.text == (
        "conv (conv 6 5x5): bias is only in the file: so it is 'bias' in the file"
    )


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "alexnet"])
@settings(max_examples=25)
@given(data=st.data())
def test_one_wrong_size_is_one_layer_whatever_the_names(name, data):
    """The layer is found by name, and by order where no other has its sizes."""
    tensors = state_dict(name)
    weights = [key for key, dims in tensors.items() if len(dims) > 1]
    wrong = data.draw(st.sampled_from(weights))
    dims = list(tensors[wrong])
    axis = data.draw(st.integers(0, len(dims) - 1))
    dims[axis] += data.draw(st.integers(1, 2000))
    tensors[wrong] = tuple(dims)
    found = compared(load(name), THERE, tensors)
    assert [layer.row.name for layer in found.layers] == [wrong.rpartition(".")[0]]
    by_order = compared(load(name), THERE, renamed(tensors))
    assert len(by_order.layers) == 1
    assert not by_order.extra
    (layer,) = by_order.layers
    assert layer.there["weight"] == tuple(dims)


@given(
    st.integers(1, 64), st.integers(1, 8), st.sampled_from([1, 3, 5]), st.integers(1, 64),
    st.integers(1, 8), st.sampled_from([1, 3, 5]),
)  # fmt: skip
def test_the_reason_is_what_was_changed(filters, maps, kernel, filters2, maps2, kernel2):
    """Two specs, the weights of one held against the other."""
    text = "input: 9x9x{}\nlayers: [conv {} {}x{}]"
    here, there = (
        parse(text.format(m, k, f, f))
        for k, m, f in ((filters, maps, kernel), (filters2, maps2, kernel2))
    )
    found = compared(here, THERE, {name: p.dims for _, p, name in each(there)})
    changed = {
        f"its input has {maps2} channels in the file, {maps} here": maps != maps2,
        f"filters={filters2} in the file, {filters} here": filters != filters2,
        f"its filter is {kernel2}x{kernel2} in the file, {kernel}x{kernel} here": kernel != kernel2,
    }
    hidden = 1 in {maps, maps2, filters, filters2, kernel, kernel2}  # axes of 1 may be left out
    if not hidden:
        reason = " ".join(layer.reason or "" for layer in found.layers)
        assert [words for words, is_so in changed.items() if (words in reason) != is_so] == []


# -- the command


def test_what_fits(held):
    answer = held(RIGHT)
    assert answer.status == 0
    assert answer.out.splitlines()[0].endswith("weights fit: 8 tensors by name in w.safetensors")


def test_the_layer_that_differs_stands_at_its_line(held):
    answer = held({**RIGHT, "C3.weight": (16, 6, 3, 3)})
    assert answer.status == 1
    assert answer.out == (
        "FAIL  net.yaml                            params 51,902   MACs 407 k   "
        "weights differ: 8 tensors by name in w.safetensors, "
        "51,902 numbers here, 50,366 there\n"
        "error[weights-differ]: C3 (conv 16 5x5): weight in the file is 16×6×3×3, here 16×6×5×5: "
        "so its filter is 3x3 in the file, 5x5 here\n"
        " --> net.yaml:5:9\n"
        "  |\n"
        "5 |   - C3: conv 16 5x5 tanh\n"
        "  |         ^^^^\n"
        "\n"
        "1 network in 1 file: 0 ok, 1 failed\n"
    )


def test_tensors_that_no_layer_takes(held):
    answer = held({**RIGHT, "aux.kernel": (3, 4)})
    assert answer.status == 1
    assert answer.out.splitlines()[1:3] == [
        "error[weights-differ]: w.safetensors has 1 tensor that no layer takes",
        "  = note: aux.kernel (3×4)",
    ]


def test_many_layers_are_counted(held, cnncalc):
    held(RIGHT)
    answer = cnncalc("check", "resnet50", "--weights", THERE)
    assert answer.out.count("error[weights-differ]: resnet50: ") == 12
    assert "97 more layers differ from w.safetensors\n  = help: --json lists all" in answer.out
    listed = cnncalc("check", "resnet50", "--weights", THERE, "--json").json
    assert len(listed["results"][0]["weights"]["layers"]) == 107


@pytest.mark.parametrize("tensors", [RIGHT, {**RIGHT, "C3.weight": (16, 3, 5, 5), "x": (2,)}])
def test_json(held, tensors):
    document = held(tensors, "--json").json
    jsonschema.validate(document, schema())
    weights = document["results"][0]["weights"]
    assert weights["ok"] == document["ok"] == (tensors is RIGHT)
    assert (weights["by_name"], weights["by_order"]) == (8, 0)
    assert [layer["name"] for layer in weights["layers"]] == ([] if tensors is RIGHT else ["C3"])
    assert weights["extra"] == ({} if tensors is RIGHT else {"x": [2]})


def test_json_has_the_names_of_the_file(held):
    pairs = held(renamed(RIGHT), "--json").json["results"][0]["weights"]["pairs"]
    assert pairs["C3.bias"] == "part.1.bias"
    assert len(pairs) == 8


def test_github_and_junit(held):
    wrong = {**RIGHT, "fc2.weight": (11, 120), "fc2.bias": (11,)}
    told = (
        "fc2 (fc 10): weight in the file is 11×120, here 10×120; bias in the file is 11, here 10: "
        "so it has units=11 in the file, 10 here"
    )
    place = "::error file=net.yaml,line=8,col=5,endColumn=7,title=weights-differ::"
    assert f"{place}{told}" in held(wrong, "--format", "github").out.splitlines()
    assert (
        f'<failure message="{told}" type="weights-differ">' in held(wrong, "--format", "junit").out
    )


# -- files of other kinds


def test_a_model_file_holds_weights_too(cnncalc, monkeypatch):
    monkeypatch.chdir(DATA / "onnx")
    file = "resnet18.ts17.kept.onnx"  # batch norms kept: torchvision's tensors, in its order
    answer = cnncalc("check", "resnet18", "--weights", file)
    assert answer.status == 0
    assert f" in {file}" in answer.out
    folded = cnncalc("check", "resnet18", "--weights", "resnet18.ts17.folded.onnx")
    assert folded.status == 1
    lines = folded.out.splitlines()
    assert lines[1] == (
        "error[weights-differ]: resnet18: conv1 (conv 64 7x7): bias is only in the file: "
        "so it is 'bias' in the file"
    )
    assert lines[6] == (
        "   = help: --against resnet18.ts17.folded.onnx --alike inference compares with "
        "batch norms folded, as exporters fold them"
    )
    assert "error[weights-differ]: resnet18: bn1 (bn): it is not in the file" in lines


def test_a_json_file_too(held, cnncalc, tmp_path):
    held(RIGHT)
    (tmp_path / "w.json").write_text('{"fc.weight": [[1, 2]], "fc.bias": [1]}', encoding="utf-8")
    (tmp_path / "one.yaml").write_text("input: 2\nlayers: [fc 1]\n", encoding="utf-8")
    assert cnncalc("check", "one.yaml", "--weights", "w.json").status == 0


@pytest.mark.parametrize(
    ("name", "content", "status", "said"),
    [
        ("w.pt", b"PK\3\4" + b"data\0" * 9, 1,
         ("error[pickle]: 'w.pt' is a pickle: reading it would run whatever code it holds\n"
         "  = help: in the program that made it: "
         "safetensors.torch.save_file(model.state_dict(), 'model.safetensors')\n")),
        ("w.safetensors", b"\xff" * 8 + b"{}", 1,
         ("error[bad-safetensors]: 'w.safetensors' is not a safetensors file: "
         "its first 8 bytes are not the length of a header\n")),
        ("w.yaml", b"input: 2", 1,
         ("error[bad-weights]: w.yaml is a spec, which holds no weights\n"
         "  = help: --against SPEC compares the layers of two specs\n")),
        ("w.json", b"{", 1, "error[bad-weights]: 'w.json' is not a weights file: "),
        (None, b"", 3, "error[no-file]: there is no file 'gone'\n"),
    ],
)  # fmt: skip
def test_what_is_no_weights_file(held, cnncalc, tmp_path, name, content, status, said):
    held(RIGHT)
    if name:
        (tmp_path / name).write_bytes(content)
    answer = cnncalc("check", "net.yaml", "--weights", name or "gone")
    assert answer.status == status
    assert said in answer.out


def test_weights_are_no_network(held, cnncalc):
    held(RIGHT)
    answer = cnncalc("analyze", THERE)
    assert (answer.status, answer.out) == (1, "")
    assert answer.err == (
        "error[weights-only]: 'w.safetensors' holds weights by name, and nothing says how they "
        "are connected\n"
        "  = help: write the layers in a spec; 'cnncalc check net.yaml --weights w.safetensors' "
        "then says which layer differs from the file\n"
    )
