"""Whole networks of data/forward2: their specs, and the weights that their cases tell."""

from textwrap import dedent

from golden import dims, flat

from cnncalc.inference.stored import StoredTensor
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build

CHANNEL_GATE = """
    input: {input}
    layers:
      - from in -> gap
      - a1: linear {inner} {bias}
      - relu
      - a2: linear {channels} {bias}
      - from in -> gmp
      - m1: linear {inner} {bias} share=a1
      - relu
      - m2: linear {channels} {bias} share=a2
      - add a2 -> sigmoid -> mul in
    """
SPECS = {
    "net_attention_unet_gate": """
        inputs: {x_: 8x6x4 HWC, g: 4x3x6 HWC}
        layers:
          - theta: from x_ -> conv 3 2x2 s2 nobias
          - from g
          - phi: conv 3 1x1
          - add theta -> relu
          - psi: conv 1 1x1
          - sigmoid -> upsample 2 bilinear
          - mul x_
          - w: conv 4 1x1
          - bn: {name: norm}
        """,
    "net_cbam_spatial_gate": """
        input: 7x8x3 HWC
        layers:
          - concat: [reduce mean, reduce max]
          - convolution: conv 1 7x7 p3 nobias
          - sigmoid -> mul in
        """,
    "net_crnn_small": """
        input: 8x12x1 HWC
        layers:
          - conv1: conv 4 3x3 p1
          - relu -> maxpool 2x2
          - conv2: conv 6 3x3 p1 nobias
          - bn2: bn
          - relu -> maxpool 2x1
          - reshape 6x12
          - recurrent: lstm 4 bidirectional
          - dense: linear 5
          - logsoftmax
        """,
    "net_split_attention_r2": """
        input: 4x5x4 HWC
        layers:
          - convolution: conv 8 3x3 p1 g2 nobias
          - bn0: bn
          - act0: relu
          - add: [slice 0 4, slice 4 8]
          - gap
          - fc1: conv 4 1x1
          - bn1: bn
          - relu
          - fc2: conv 8 1x1
          - softmax over=radix radix=2
          - weighted: mul act0
          - add: [slice 0 4, slice 4 8]
        """,
    "net_text_cnn_small": """
        input: 16
        layers:
          - embed: embedding 14 6
          - concat:
              - [conv3: conv 4 f3, relu, gmp]
              - [conv4: conv 4 f4, relu, gmp]
              - [conv5: conv 4 f5, relu, gmp]
          - dense: fc 3
          - softmax
        """,
    "net_squeeze_excitation_hard": """
        input: 3x3x6 HWC
        layers:
          - gap
          - fc1: linear 3
          - relu
          - fc2: linear 6
          - hsigmoid -> mul in
        """,
    "net_tied_autoencoder": """
        input: 14
        layers:
          - enc: fc 5 relu
          - dec: fc 14 tied=enc sigmoid
        """,
    "net_cbam_channel_gate": CHANNEL_GATE.format(
        input="4x5x6 HWC", inner=3, channels=6, bias="nobias"
    ),
    "net_cbam_channel_gate_bias": CHANNEL_GATE.format(
        input="3x3x4 HWC", inner=2, channels=4, bias="bias"
    ),
}


# Rows that cannot have the name of their case: types are not names, and parts number their rows.
RENAMED = {
    "conv": "convolution",
    "rnn": "recurrent",
    "fc": "dense",
    "bn": "norm",
    "theta": "theta.conv1",
}


def built(spec):
    """The network of a spec."""
    return build(read_document(dedent(spec).lstrip(), "net.yaml"), None, None, None)


def stored(case):
    """The case's weights by the names of the rows, as a file would hold them."""
    return {
        f"{RENAMED.get(layer['name'], layer['name'])}.{name}": StoredTensor(
            dims(values), lambda values=values: flat(values)
        )
        for layer in case["layers"]
        for name, values in layer.get("weights", {}).items()
        if values is not None
    }


def batches(given):
    """Per sample, what enters: the inputs in the order of the spec."""
    groups = given.values() if isinstance(given, dict) else [given]
    return list(zip(*groups, strict=True))
