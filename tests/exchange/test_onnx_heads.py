"""Attention with several heads, and pixels moved in blocks, as PyTorch exports them.

The files, the samples and the outputs of the modules themselves are in data/onnx_heads.
"""

import json
from itertools import product
from math import prod
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_files import model, node, tensor

import cnncalc
from cnncalc import analyze, load
from cnncalc.errors import CnncalcError
from cnncalc.exchange.onnx.blocks import simplest

DATA = Path(__file__).parents[1] / "data" / "onnx_heads"
TRUTH = json.loads((DATA / "outputs.json").read_text(encoding="utf-8"))
FILES = sorted(path.name for path in DATA.glob("*.onnx"))
# By hand: a convolution 8x8 at 6 places, the linear maps, q·k and weights·v for every pair of
# places and all 8 channels, the perceptron, the classes.
ATTENTION = 6 * 8 * (3 * 64) + 6 * 8 * 24 + 2 * 6 * 6 * 8 + 6 * 8 * 8 + 8 * 10
PERCEPTRON = 2 * 6 * 8 * 16
# Both layer norms are still ones and zeros, which the exporters store once for the two.
NORM = 2 * 8
FIGURES = {  # parameters as PyTorch counts them, multiply-accumulates
    "fused": (2234 - NORM, ATTENTION + PERCEPTRON),
    "plain": (2234 - NORM, ATTENTION + PERCEPTRON),
    "module": (1922, ATTENTION),
    "module_weights": (1922, ATTENTION),
    "blocks": (180, 9 * 18 * 4 * 6),
    "unblocks": (40, 9 * 4 * 4 * 6),
}


def nested(numbers, dims):
    if len(dims) == 1:
        return numbers
    step = prod(dims[1:])
    return [nested(numbers[k * step : (k + 1) * step], dims[1:]) for k in range(dims[0])]


@pytest.mark.parametrize("name", FILES)
def test_figures(name):
    report = analyze(load(DATA / name))
    params, macs = FIGURES[name.partition(".")[0]]
    assert report.totals.macs == macs
    assert report.totals.params == params
    assert not report.incomplete


@pytest.mark.parametrize("name", FILES)
def test_numbers(name):
    network = load(DATA / name)
    sample = TRUTH["plane" if "blocks" in name else "map"]
    shape = network.inputs[0].shape
    done = cnncalc.forward(network, nested(sample, (shape.channels, *shape.spatial)))
    (out,) = done.outputs
    expected = TRUTH["outputs"][name.partition(".")[0]]
    largest = max(map(abs, expected))
    pairs = zip(out.output.values, expected, strict=True)
    assert max(abs(a - b) for a, b in pairs) < 1e-6 * largest


@pytest.mark.parametrize("name", FILES)
def test_the_spec_is_the_same_network(cnncalc, tmp_path, name):
    out = tmp_path / "net.yaml"
    assert cnncalc("import", DATA / name, "-o", out).status == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) < 40
    assert analyze(load(out)).totals.macs == FIGURES[name.partition(".")[0]][1]


def test_blocks_of_pixels_are_one_layer():
    for name, type_ in (("blocks", "depth2space"), ("unblocks", "space2depth")):
        types = [node.layer.type for node in load(DATA / f"{name}.ts17.onnx").nodes]
        assert types == ["input", "conv", type_]


# -- reshape to many axes, transpose, reshape


def moved(path, sizes, order, final):
    """A file that splits its input (sizes), moves the axes (order) and joins them (final)."""
    whole = [prod(sizes[1:]), 1, 1]
    nodes = [
        node("Reshape", ["x", "split"], ["a"]),
        node("Transpose", ["a"], ["b"], perm=list(order)),
        node("Reshape", ["b", "joined"], ["y"]),
    ]
    stored = [
        tensor("split", (len(sizes),), list(sizes), kind=7),
        tensor("joined", (len(final),), list(final), kind=7),
    ]
    path.write_bytes(model(nodes, stored, inputs=[("x", (1, *whole))], outputs=["y"]))
    return str(path)


def by_index(sizes, order):
    """Where each number of the transposed tensor came from."""
    steps = [prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    places = product(*(range(sizes[axis]) for axis in order))
    return [sum(at * steps[a] for at, a in zip(place, order, strict=True)) for place in places]


AXES = st.lists(st.sampled_from([1, 2, 2, 3]), min_size=2, max_size=7)


@given(st.data(), AXES)
def test_fewer_axes_move_every_number_to_the_same_place(data, sizes):
    order = data.draw(st.permutations(range(len(sizes))))
    assert by_index(*simplest(tuple(sizes), tuple(order))) == by_index(sizes, order)


@settings(max_examples=150)
@given(st.data(), AXES)
def test_what_is_read_moves_numbers_as_the_file_does(tmp_path_factory, data, sizes):
    """Read and right, or refused, and then for its axes alone."""
    order = [0, *(axis + 1 for axis in data.draw(st.permutations(range(len(sizes)))))]
    channels = data.draw(st.sampled_from([n for n in range(1, prod(sizes) + 1)
                                          if prod(sizes) % n == 0]))  # fmt: skip
    path = moved(
        tmp_path_factory.mktemp("moved") / "m.onnx",
        (1, *sizes), order, (1, channels, prod(sizes) // channels),
    )  # fmt: skip
    if len(simplest(tuple(sizes), tuple(axis - 1 for axis in order[1:]))[0]) > 4:
        with pytest.raises(CnncalcError, match="a shape here has at most 3 axes behind"):
            load(path)
        return
    network = load(path)
    sample = [[[float(k)]] for k in range(prod(sizes))]
    (out,) = cnncalc.forward(network, sample).outputs
    assert list(out.output.values) == by_index((1, *sizes), order)


@pytest.mark.parametrize(
    ("sizes", "order", "final", "layer"),
    [
        ((1, 2, 3, 3, 4, 5), (0, 1, 4, 2, 5, 3), (1, 2, 12, 15), ("depth2space", "crd")),
        ((1, 3, 3, 2, 4, 5), (0, 3, 4, 1, 5, 2), (1, 2, 12, 15), ("depth2space", "dcr")),
        ((1, 2, 4, 3, 5, 3), (0, 1, 3, 5, 2, 4), (1, 18, 4, 5), ("space2depth", "crd")),
        ((1, 2, 4, 3, 5, 3), (0, 3, 5, 1, 2, 4), (1, 18, 4, 5), ("space2depth", "dcr")),
    ],
)
def test_both_orders_of_channels(tmp_path, sizes, order, final, layer):
    """By the definitions of DepthToSpace in ONNX, and SpaceToDepth as its way back."""
    before = (1, prod(sizes[1:]), 1, 1)
    maps = (18, 4, 5) if layer[0] == "depth2space" else (2, 12, 15)
    path = Path(moved(tmp_path / "m.onnx", sizes, order, final))
    nodes = [
        node("Reshape", ["x", "split"], ["a"]),
        node("Transpose", ["a"], ["b"], perm=list(order)),
        node("Reshape", ["b", "joined"], ["y"]),
    ]
    stored = [
        tensor("split", (6,), list(sizes), kind=7),
        tensor("joined", (4,), list(final), kind=7),
    ]
    path.write_bytes(model(nodes, stored, inputs=[("x", (1, *maps))], outputs=["y"]))
    network = load(path)
    assert prod(before) == prod(maps)
    row = network.nodes[-1].layer
    assert (row.type, row.order) == layer
    sample = nested([float(k) for k in range(prod(maps))], maps)
    (out,) = cnncalc.forward(network, sample).outputs
    assert list(out.output.values) == by_index(sizes, order)


# -- refused, each beside what is read


def product_of(path, first, second):
    nodes = [node("MatMul", ["a", "b"], ["y"])]
    path.write_bytes(model(nodes, inputs=[("a", first), ("b", second)], outputs=["y"]))
    return str(path)


@pytest.mark.parametrize(
    ("first", "second", "out"),
    [
        ((1, 2, 3, 4), (1, 2, 4, 5), (2, 3, 5)),
        ((2, 2, 3, 4), (2, 2, 4, 5), (2, 3, 5)),  # of two samples
    ],
)
def test_a_product_of_heads(tmp_path, first, second, out):
    network = load(product_of(tmp_path / "m.onnx", first, second))
    assert network.nodes[-1].shape.view("CHW") == out
    assert analyze(network).totals.macs == 2 * 3 * 4 * 5


@pytest.mark.parametrize(
    ("first", "second"),
    [((1, 2, 3, 4), (1, 1, 4, 5)), ((1, 2, 3, 4), (1, 4, 5)), ((1, 2, 2, 3, 4), (1, 2, 2, 4, 5))],
)
def test_heads_that_are_spread(tmp_path, first, second):
    with pytest.raises(CnncalcError) as refused:
        load(product_of(tmp_path / "m.onnx", first, second))
    (said,) = refused.value.diagnostics
    sizes = ["x".join(map(str, dims)) for dims in (first, second)]
    assert (said.code, said.message) == (
        "unknown-operator",
        f"'MatMul' of {sizes[0]} by {sizes[1]}, both computed by the network, has no layer here",
    )


def test_another_operator_on_too_many_axes(tmp_path):
    nodes = [node("Reshape", ["x", "split"], ["a"]), node("Relu", ["a"], ["y"])]
    stored = [tensor("split", (6,), [1, 2, 3, 2, 2, 2], kind=7)]
    path = tmp_path / "m.onnx"
    path.write_bytes(model(nodes, stored, inputs=[("x", (1, 6, 2, 4))], outputs=["y"]))
    with pytest.raises(CnncalcError) as refused:
        load(path)
    assert refused.value.diagnostics[0].message == (
        "'Relu' of 1x2x3x2x2x2: a shape here has at most 3 axes behind the channels"
    )


def test_an_output_of_too_many_axes(tmp_path):
    nodes = [node("Relu", ["x"], ["a"]), node("Reshape", ["a", "split"], ["y"])]
    stored = [tensor("split", (6,), [1, 2, 3, 2, 2, 2], kind=7)]
    path = tmp_path / "m.onnx"
    path.write_bytes(model(nodes, stored, inputs=[("x", (1, 6, 2, 4))], outputs=["y"]))
    with pytest.raises(CnncalcError, match="'Reshape' of 1x2x3x2x2x2: a shape here has at most 3"):
        load(path)
