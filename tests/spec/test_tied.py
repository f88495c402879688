"""`tied=`: a layer that uses the transposed weight of another one, which is counted once."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written import layers, network, report

from cnncalc.errors import CnncalcError
from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.parameters import WeightsFile, each, gather
from cnncalc.inference.run import forward
from cnncalc.inference.stored import StoredTensor
from cnncalc.questions.explain import explain
from cnncalc.render import report_json
from cnncalc.spec import shorten, write
from cnncalc.tensor import Tensor

AUTOENCODER = """
    input: 28x28x1
    layers:
      - enc: fc 128 relu
      - dec: fc 784 tied=enc sigmoid
    """
CONVOLUTIONAL = """
    input: 9x9x3
    layers:
      - c1: conv 8 3x3 s2 p1 bn relu
      - up: conv_transpose 3 3x3 s2 p1 tied=c1
    """


def test_the_weight_is_stored_once_and_works_twice():
    """784-128-784: one weight of 784·128, and the biases of both layers."""
    found = report(AUTOENCODER)
    enc, _, dec, _ = found.rows
    assert found.totals.params == 784 * 128 + 128 + 784
    assert found.totals.macs == found.totals.connections == 2 * 784 * 128
    assert (dec.weights, dec.biases, dec.trainable) == (0, 784, 784)
    assert (enc.tied_to, dec.tied_to, dec.shared_with) == (None, "enc", None)


def test_without_bias_a_tied_layer_stores_nothing():
    found = report(AUTOENCODER.replace("tied=enc", "tied=enc nobias"))
    assert (found.rows[2].params, found.totals.params) == (0, 784 * 128 + 128)


def test_a_transposed_convolution_takes_the_filters_of_a_convolution():
    found = report(CONVOLUTIONAL)
    assert found.totals.params == 8 * 3 * 9 + 2 * 8 + 3
    assert (found.rows[-1].out.text(), found.rows[-1].macs) == ("9×9×3", 25 * 8 * 3 * 9)


def test_a_layer_may_be_tied_to_one_that_shares():
    found = report("""
        inputs: {left: 8, right: 8}
        layers:
          - a: fc 4
            from: left
          - b: fc 4 share=a
            from: right
          - fc 8 tied=b
        """)
    assert (found.rows[-1].tied_to, found.totals.params) == ("a", 8 * 4 + 4 + 8)


def test_tied_layers_may_be_shared():
    found = report("""
        input: 4
        layers: [enc: fc 3, dec: fc 4 tied=enc, fc 3 share=enc, fc 4 share=dec]
        """)
    assert found.totals.params == 4 * 3 + 3 + 4
    assert [row.shared_with for row in found.rows] == [None, None, "enc", "dec"]


def test_the_weight_of_a_layer_that_only_training_runs_counts_at_inference_where_it_is_used():
    found = report("""
        input: 4
        layers:
          - enc: fc 3
            train_only: true
          - from in -> fc 3 as code
          - fc 4 tied=enc
        """)
    assert found.totals.params == 2 * (4 * 3 + 3) + 4
    assert found.totals.inference_params == 4 * 3 + 3 + 4 * 3 + 4  # all but the bias of enc


def test_the_mapping_form_means_the_same():
    line = layers("enc: fc 5", "dec: fc 16 tied=enc relu", input="4x4x1")
    mapping = layers("enc: fc 5", "fc: {units: 16, name: dec, tied: enc, attached: [relu]}",
                     input="4x4x1")  # fmt: skip
    assert [node._replace(span=None) for node in line.nodes] == [
        node._replace(span=None) for node in mapping.nodes
    ]


@pytest.mark.parametrize("spec", [AUTOENCODER, CONVOLUTIONAL])
@pytest.mark.parametrize("written", [write.text, lambda net: shorten.short(net).text])
def test_expand_writes_it_back(spec, written):
    once = network(spec)
    again = network(written(once))
    assert [node.tied_to for node in again.nodes] == [node.tied_to for node in once.nodes]
    assert [node.layer for node in again.nodes] == [node.layer for node in once.nodes]


def test_explain_says_where_the_weight_is_counted():
    dec, _ = explain(network(AUTOENCODER), "dec")
    steps = {step.field: (step.formula, step.numbers, step.value) for step in dec.steps}
    assert steps["weights"] == ("counted there", "0", 0)
    assert steps["params"] == ("weights + biases", "0 + 784", 784)
    assert steps["macs"][2] == 128 * 784
    assert dec.remarks == ("uses the weight of enc transposed, which is counted there",)


def run(net, sample, parameters):
    done = forward(net, {"in": sample}, parameters, readable=True, keep="all", count=True)
    return {node.name: done.tensor(node.name) for node in net.nodes}


def dot(one, other):
    return math.fsum(a * b for a, b in zip(one.values, other.values, strict=True))


SIZES = st.integers(1, 4)


@given(SIZES, SIZES, SIZES, SIZES, SIZES, st.integers(0, 2), st.integers(0, 99))
def test_a_tied_transposed_convolution_is_the_adjoint(d, groups, size, f, s, p, seed):
    """<conv x, y> is <x, conv_transpose y>: what it means to be transposed, without a formula."""
    size += f + s
    maps = d * groups
    spare = (size + 2 * p - f) % s
    net = layers(
        f"c: conv {2 * groups} f{f} s{s} p{p} g{groups} nobias",
        f"t: conv_transpose {maps} f{f} s{s} p{p} a{spare} g{groups} nobias tied=c",
        input=f"{size}x{size}x{maps} HWC",
    )
    random = Random(seed)
    shape = net.nodes[0].shape
    x = Tensor(shape, [random.uniform(-1, 1) for _ in range(shape.size)])
    found = run(net, x, gather(net, InitialWeights(seed=seed)))
    assert found["t"].shape == shape
    assert dot(found["t"], x) == pytest.approx(dot(found["c"], found["c"]), rel=1e-9, abs=1e-12)


@given(SIZES, SIZES, SIZES, st.integers(0, 99))
def test_a_tied_fully_connected_layer_is_the_adjoint(height, width, units, seed):
    net = layers(
        f"a: fc {units} nobias", f"b: fc {2 * height * width} nobias tied=a",
        input=f"{height}x{width}x2 HWC",
    )  # fmt: skip
    random = Random(seed)
    shape = net.nodes[0].shape
    x = Tensor(shape, [random.uniform(-1, 1) for _ in range(shape.size)])
    found = run(net, x, gather(net, InitialWeights(seed=seed)))
    assert dot(found["b"], x) == pytest.approx(dot(found["a"], found["a"]), rel=1e-9, abs=1e-12)


SMALL = "input: 2\nlayers: [a: fc 3, b: fc 2 tied=a]"


def file(**tensors):
    return WeightsFile("w", {name.replace("_", "."): tensor for name, tensor in tensors.items()})


def stored(*dims, values):
    return StoredTensor(dims, lambda: values)


OWN = {
    "a_weight": stored(3, 2, values=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
    "a_bias": stored(3, values=[0.0] * 3),
    "b_bias": stored(2, values=[7.0, 8.0]),
}


def test_a_file_of_weights_needs_no_tied_one_and_may_hold_its_copy():
    net = network(SMALL)
    assert [name for _, _, name in each(net)] == ["a.weight", "a.bias", "b.bias"]
    copy = stored(2, 3, values=[1.0, 3.0, 5.0, 2.0, 4.0, 6.0])
    for tensors in (OWN, {**OWN, "b_weight": copy}):
        found = gather(net, file=file(**tensors))
        assert found.tally == {"file": 3}
        assert {name: list(v) for name, v in found.of(net, net.nodes[2]).items()} == {
            "weight": [1.0, 3.0, 5.0, 2.0, 4.0, 6.0], "bias": [7.0, 8.0],
        }  # fmt: skip


def test_a_file_whose_tied_weight_is_another_does_not_fit():
    other = stored(2, 3, values=[1.0] * 6)
    with pytest.raises(CnncalcError, match=r"1 left over$"):
        gather(network(SMALL), file=file(**OWN, b_weight=other))


def test_json_names_the_layer_whose_weight_is_used():
    document = report_json.document(report(AUTOENCODER), version="1")
    assert [row.get("tied_to") for row in document["layers"]] == [None, None, "enc", None]
