"""Layers of real size against data/layer_figures.json: sizes, parameters, buffers, MACs.

The figures are those of torch, Keras and timm; the lines are how they are written here.
"""

import json
from pathlib import Path
from textwrap import dedent

import pytest

from cnncalc.analysis.engine import analyze
from cnncalc.questions.peers import torch
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build

FILE = Path(__file__).parents[1] / "data" / "layer_figures.json"
CASES = {
    (case["layer"], case["setting"]): case
    for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]
}

# How a layer is written, by what the case calls it.
LINES = {
    ("lstm", "512->256, 1 layer, 26 steps"): "lstm 256",
    ("lstm", "512->256, 1 layer, bidirectional, 26 steps"): "lstm 256 bidirectional",
    ("lstm", "512->256, 2 layers, bidirectional, 26 steps"): "lstm 256 layers=2 bidirectional",
    ("lstm", "64->128, 1 layer, no bias, 100 steps"): "lstm 128 nobias",
    ("lstm", "128->128, 3 layers, 30 steps"): "lstm 128 layers=3",
    ("gru", "512->256, 1 layer, bidirectional, 26 steps"): "gru 256 bidirectional",
    ("gru", "80->200, 1 layer, no bias, 98 steps"): "gru 200 nobias",
    ("rnn", "512->256, 1 layer, 26 steps"): "rnn 256",
    ("keras LSTM", "64->128, use_bias=False, last state, 100 steps"): "lstm 128 nobias last",
    ("keras GRU", "512->256, reset_after=True (default), 26 steps"): "gru 256",
    ("keras Bidirectional GRU", "128->64 each way, last state, 40 steps"):
        "gru 64 bidirectional last",
    ("embedding", "30522 x 768, 128 words"): "embedding 30522 768",
    ("attention", "64 channels, 4 heads, biases, 14x14 positions"): "attention 4",
    ("attention", "64 channels, 4 heads, no bias, 14x14 positions"): "attention 4 nobias",
    ("attention", "128 channels, 4 heads, biases, 100 positions"): "attention 4",
    ("attention", "768 channels, 12 heads, biases, 14x14 positions"): "attention h12",
    ("attention", "768 channels, 12 heads, biases, 197 positions"): "attention 12",
    ("attention", "384 channels, 6 heads, biases, 197 positions"): "attention heads=6",
    ("attention", "512 channels, 8 heads, no qkv bias, projection with bias, 7x7 positions"):
        "attention 8 noqkvbias",
    ("matmul", "512x784 by its transpose (bilinear pooling)"):
        "{matmul: [identity, identity], transpose_b: true}",
    ("grn", "384 channels, 56x56"): "grn",
    ("grn", "3072 channels, 7x7"): "grn",
    ("glu", "512 -> 256 channels, 28x28"): "glu",
    ("cbam spatial gate", "7x7, no bias, 256 channels, 56x56"): """
        concat: [reduce mean, reduce max]
        conv 1 7x7 p3 nobias
        sigmoid
        mul in""",
    ("cbam channel gate", "256 channels, r = 16, biases, 56x56"): """
        gap
        a: linear 16
        relu
        b: linear 256
        from in -> gmp
        linear 16 share=a
        relu
        linear 256 share=b
        add b -> sigmoid -> mul in""",
    ("squeeze-and-excitation", "256 channels, r = 16, biases, 56x56"):
        "gap -> linear 16 -> relu -> linear 256 -> sigmoid -> mul in",
    ("squeeze-and-excitation", "72 channels, 24 inside (MobileNetV3), 28x28"):
        "gap -> linear 24 -> relu -> linear 72 -> hsigmoid -> mul in",
    ("non-local block", "512 channels, inner 256, embedded Gaussian, 14x14"): """
        theta: conv 256 1x1
        from in
        phi: conv 256 1x1
        matmul theta phi transpose_a=true
        shares: softmax over=positions
        from in
        values: conv 256 1x1
        {matmul: [identity, from shares], transpose_b: true}
        reshape 14x14x256
        conv 512 1x1
        add in""",
    ("scale", "one factor a channel, 96 channels, 56x56 (ConvNeXt LayerScale)"): "scale",
    ("scale", "factor and shift a channel, 384 channels, 196 positions"): "scale shift",
    ("scale", "one learned factor, 64 channels, 28x28"): "scale single",
    ("keras BatchNormalization", "scale=True, center=False, 64 channels, 56x56"):
        "bn shift=false",
    ("keras BatchNormalization", "scale=False, center=False, 128 channels, 28x28"):
        "bn scale=false center=false",
    ("depth_to_space", "block 2, 64 channels, 56x56"): "depth2space 2 dcr",
    ("space_to_depth", "block 2, 3 channels, 640x640"): "space2depth 2 dcr",
    ("keras Conv2DTranspose", "512->256, 4x4, stride 2, same, 7x7"):
        "conv_transpose 256 4x4 s2 same",
    ("keras Conv2DTranspose", "1024->512, 2x2, stride 2, valid, 28x28"):
        "conv_transpose 512 2x2 s2 valid",
    ("keras Conv2DTranspose", "64->32, 3x3, stride 2, same, 56x56"):
        "conv_transpose 32 3x3 s2 same",
    ("keras Conv2DTranspose", "16->8, 2x2, stride 3, same, 10x10"):
        "conv_transpose 8 2x2 s3 same",
    ("keras SeparableConv2D", "728->728, 3x3, same, no bias, 19x19 (Xception)"):
        "dwconv 3x3 same nobias -> conv 728 1x1 nobias",
    ("keras SeparableConv2D", "64->128, 3x3, stride 2, same, multiplier 2, bias, 112x112"):
        "dwconv 3x3 s2 m2 same nobias -> conv 128 1x1",
    ("blur", "3x3 binomial, stride 2, reflect, 64 channels, 112x112"): "blur 3x3 s2",
    ("selective kernel attention", "128 channels, 2 paths, 32 inside, 28x28"):
        "gap -> conv 32 1x1 bn relu -> conv 256 1x1 nobias -> softmax over=groups g=2",
    ("text cnn", "18765 words of 300, 100 filters each of 3, 4, 5 words, fc 2, 64 words"): """
        embedding 18765 300
        concat: [[conv 100 f3, relu, gmp], [conv 100 f4, relu, gmp], [conv 100 f5, relu, gmp]]
        fc 2""",
}  # fmt: skip

# Keras keeps one bias where PyTorch, whose way is counted here, keeps two: so many more.
TWO_BIASES = {
    ("keras LSTM", "512->256, return_sequences, 26 steps"): ("lstm 256", 4 * 256),
    ("keras Bidirectional LSTM", "512->256 each way, return_sequences, 26 steps"):
        ("lstm 256 bidirectional", 2 * 4 * 256),
    ("keras SimpleRNN", "32->64, last state, 20 steps"): ("rnn 64 last", 64),
}  # fmt: skip

NOT_YET = {
    ("tied autoencoder", "784-128-784, biases"): "a layer with the transposed weights of another",
}
SPLIT_ATTENTION = """
        z: conv 128 3x3 p1 g2 bn relu
        add: [slice 0 64, slice 64 128]
        gap -> conv 32 1x1 bias bn relu -> conv 128 1x1
        softmax over=radix radix=2
        mul z
        add: [slice 0 64, slice 64 128]"""


def report(lines, shape):
    """The report of these lines behind an input of a channels-first shape, batch included."""
    text = dedent(lines).strip()
    listed = "\n".join(f"  - {line}" for line in text.splitlines())
    sizes = "x".join(map(str, shape[1:]))
    layout = {2: "", 3: " CL", 4: " CHW"}[len(shape)]
    spec = f"input: {sizes}{layout}\nlayers:\n{listed}\n"
    return analyze(build(read_document(spec, "net.yaml"), None, None, None))


def hold(found, case, more=0):
    totals = found.totals
    assert found.outputs[0].shape.view("CHW") == tuple(case["output_shape"][1:])
    assert totals.params == case["params"] + more
    assert totals.buffers == case["buffers"]
    assert totals.macs == case["macs"]


@pytest.mark.parametrize("key", LINES, ids=" ".join)
def test_a_layer_has_the_figures_of_the_framework(key):
    case = CASES[key]
    hold(report(LINES[key], case["input_shape"]), case)


@pytest.mark.parametrize("key", TWO_BIASES, ids=" ".join)
def test_keras_has_one_bias_less(key):
    lines, more = TWO_BIASES[key]
    case = CASES[key]
    found = report(lines, case["input_shape"])
    hold(found, case, more)


@pytest.mark.parametrize("key", [key for key in LINES if "keras" not in key[0]], ids=" ".join)
def test_torch_counts_what_its_flop_counter_counts(key):
    case = CASES[key]
    (figure,) = torch.figures(report(LINES[key], case["input_shape"]))
    assert figure.value == case["flop_counter_flops"]


def case_of(layer):
    """The only case of a layer."""
    (case,) = (case for key, case in CASES.items() if key[0] == layer)
    return case


def test_split_attention():
    case = case_of("split attention")
    hold(report(SPLIT_ATTENTION, case["input_shape"]), case)


def test_a_product_of_two_matrices():
    spec = "inputs: {a: 64x196 LC, b: 196x64 LC}\nlayers: [from a, matmul b]\n"
    found = analyze(build(read_document(spec, "net.yaml"), None, None, None))
    hold(found, CASES["matmul", "196x64 by 64x196"])


def test_a_gate_of_attention_unet():
    spec = """
        inputs: {skip: 112x112x64, gating: 56x56x128}
        layers:
          - theta: from skip -> conv 64 2x2 s2 nobias
          - phi: from gating -> conv 64 1x1
          - add theta -> relu -> conv 1 1x1 -> sigmoid -> upsample 2 bilinear -> mul skip
          - conv 64 1x1 -> bn
        """
    found = analyze(build(read_document(dedent(spec).lstrip(), "net.yaml"), None, None, None))
    hold(found, case_of("attention U-Net gate"))


def test_every_figure_is_held_or_waits():
    alone = {"split attention", "attention U-Net gate"}
    known = {*LINES, *TWO_BIASES, *NOT_YET, ("matmul", "196x64 by 64x196")}
    assert known | {key for key in CASES if key[0] in alone} == set(CASES)
    assert not {*LINES, *TWO_BIASES} & set(NOT_YET)
