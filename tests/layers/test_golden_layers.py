"""Layers against data/forward2: values, parameters, buffers and MACs of public frameworks.

Every case is either run here, by itself or as part of a network (test_golden_networks.py), or
named in NOT_YET with what it waits for.
"""

import json
from pathlib import Path

import pytest
from golden import compare, dims, flat, samples, tensor

from cnncalc.layers import layer_type

FOLDER = Path(__file__).parents[1] / "data" / "forward2"
CASES = {path.stem: json.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.json")}
NETWORKS = {name for name in CASES if name.startswith("net_")}

NOT_YET = {
    "avg_pool2d_before_after_uneven_exclude_pad": "torch and cnncalc refuse so much padding",
    "gru_batch_first_order": "cnncalc has one order, that of gru_one_direction",
    "max_pool1d_before_after": "torch and cnncalc refuse so much padding",
}


def window(given):
    """Kernel, stride, padding and the rest, as the windowed layer types name them."""
    fields = {"kernel": tuple(given["kernel_size"]), "stride": tuple(given["stride"])}
    padding = given["padding"]
    if isinstance(padding, dict):
        fields["padding"] = tuple(zip(padding["begin"], padding["end"], strict=True))
    elif isinstance(padding, str):
        fields["padding"] = padding
    else:
        fields["padding"] = tuple((side, side) for side in padding)
    same = ("groups", "bias")
    fields |= {name: given[name] for name in same if name in given}
    if "out_channels" in given:
        fields["filters"] = given["out_channels"]
    if "padding_mode" in given:
        mode = given["padding_mode"]
        fields["padding_mode"] = {"constant": "zeros"}.get(mode, mode)
    if any(size != 1 for size in given.get("dilation", ())):
        fields["dilation"] = tuple(given["dilation"])
    return fields


def avgpool(given):
    return {**window(given), "count_include_pad": given["count_include_pad"]}


def scale(given, weights):
    """A case of `scale` names fixed numbers; learned ones are those that it has weights for."""
    if not given["learned"]:
        return {"factor": given["factor"], "shift": given.get("offset", "none")}
    per = "layer" if any(len(flat(values)) == 1 for values in weights.values()) else "channel"
    named = {"factor": "weight", "shift": "bias"}
    said = {field: "learned" if name in weights else "none" for field, name in named.items()}
    return {**said, "per": per}


def softmax_over(given):
    """A case of `softmax` names the axes that are taken together, the channels being 1."""
    if given["dims"] == [1]:
        return "channels"
    return "all" if given["dims"][0] == 1 else "positions"


def layer_of(case):
    """The layer that a case describes."""
    op, given = case["op"], case["params"]
    weights = {name: w for name, w in case["weights"].items() if w is not None}
    if op == "scale":
        return layer_type("scale")(**scale(given, weights))
    if op == "softmax":
        return layer_type("softmax")(over=softmax_over(given))
    name, fields = LAYERS[op]
    return layer_type(name)(**fields(given))


def recurrent(given):
    return {
        "units": given["hidden_size"],
        "layers": given["num_layers"],
        "bidirectional": given["bidirectional"],
        "bias": given["bias"],
    }


def resize(given):
    return {
        "size": tuple(given["size"]),
        "mode": {"linear": "bilinear"}.get(given["mode"], given["mode"]),
        "rule": given["coordinate_transformation_mode"],
        "nearest_mode": given.get("nearest_mode"),
    }


def standardized(given):
    kind = "scaled" if given["scaled"] else "filters"
    extra = {"standardize": kind, "gamma": given["gamma"], "weight_eps": given["eps"]}
    return {**window(given), **extra}


def attention(given):
    return {
        "heads": given["num_heads"],
        "project": given["out_proj"],
        "bias": given["out_bias"] or given["qkv_bias"],
        "qkv_bias": given["qkv_bias"],
    }


def norm(given):
    return {"eps": given["eps"], "scale": given["scale"], "shift": given["shift"]}


def blocks(given):
    return {"block": given["block"], "order": given["mode"].lower()}


LAYERS = {
    "avg_pool2d": ("avgpool", avgpool),
    "batch_norm": ("bn", norm),
    "blur_pool2d": ("blur", window),
    "conv1d": ("conv", window),
    "conv2d": ("conv", window),
    "conv3d": ("conv", window),
    "conv_transpose2d_same": ("conv_transpose", window),
    "depth_to_space": ("depth2space", blocks),
    "embedding": (
        "embedding",
        lambda given: {"entries": given["num_embeddings"], "size": given["embedding_dim"]},
    ),
    "glu": ("glu", lambda given: {}),
    "grn": ("grn", lambda given: {"eps": 1e-6}),
    "gru": ("gru", recurrent),
    "hard_sigmoid": ("hsigmoid", lambda given: {"slope": given["slope"]}),
    "lstm": ("lstm", recurrent),
    "matmul": ("matmul", dict),
    "max_pool1d": ("maxpool", window),
    "max_pool2d": ("maxpool", window),
    "multihead_attention": ("attention", attention),
    "maximum": ("max", lambda given: {}),
    "minimum": ("min", lambda given: {}),
    "radix_softmax": (
        "softmax",
        lambda given: {"over": "radix", "radix": given["radix"], "groups": given["cardinality"]},
    ),
    "reduce": (
        "reduce",
        lambda given: {"kind": given["kind"], "unbiased": given.get("unbiased", True)},
    ),
    "resize": ("upsample", resize),
    "scaled_std_conv2d": ("conv", standardized),
    "slice": ("slice", lambda given: {"start": given["start"], "stop": given["stop"]}),
    "softmax_groups": (
        "softmax",
        lambda given: {
            "groups": given["groups"],
            "over": "groups" if given["over"] == "groups" else "channels",
        },
    ),
    "space_to_depth": ("space2depth", blocks),
}


def hold(layer, case):
    """The layer's output, sample by sample, its parameters and its counts are the case's."""
    given = {name: flat(w) for name, w in case["weights"].items() if w is not None}
    for inputs, expected in zip(samples(case), case["output"], strict=True):
        shapes = [x.shape for x in inputs]
        declared = layer.parameters(*shapes)
        assert {p.name: p.dims for p in declared} == {
            name: dims(w) for name, w in case["weights"].items() if w is not None
        }
        actual = layer.forward(inputs, given)
        assert actual.shape == layer.output_shape(*shapes) == tensor(expected).shape
        compare(actual.values, flat(expected), case)
        counts = case["counts"]
        assert sum(p.size for p in declared if p.role == "learned") == counts["params"]
        assert sum(p.size for p in declared if p.role == "statistic") == counts["buffers"]
        assert layer.macs(*shapes) == counts["macs"]


RUN = sorted(
    name
    for name, case in CASES.items()
    if case["op"] in {*LAYERS, "scale", "softmax"} and name not in NOT_YET
)


@pytest.mark.parametrize("name", RUN)
def test_a_layer_gives_what_the_framework_gives(name):
    hold(layer_of(CASES[name]), CASES[name])


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("conv1d_causal")])
def test_causal_padding_is_that_of_the_framework(name):
    given = window(CASES[name]["params"])
    hold(layer_type("conv")(**{**given, "padding": "causal"}), CASES[name])


PARTS = {
    "separable_conv2d",
    "chunk",
    "crop_like",
    "scaled_dot_product",
}  # several layers, or numbers put in


def test_chunks_are_slices():
    for name in ("chunk_1_of_4", "chunk_2_of_3_uneven"):
        case = CASES[name]
        channels, chunks = case["input_shape"][1], case["params"]["chunks"]
        size = -(-channels // chunks)  # torch.chunk: rounded up, and the last may be smaller
        start = case["params"]["index"] * size
        hold(layer_type("slice")(start=start, stop=min(start + size, channels)), case)


def run(layer, case, inputs, prefix=""):
    """What a layer makes of the inputs, with the case's weights that begin with a prefix."""
    weights = {
        name.removeprefix(prefix): flat(values)
        for name, values in case["weights"].items()
        if name.startswith(prefix)
    }
    return layer.forward(inputs, weights), layer.macs(*(x.shape for x in inputs))


@pytest.mark.parametrize("name", [n for n in CASES if n.startswith("separable")])
def test_a_separable_convolution_is_two(name):
    case = CASES[name]
    given = case["params"]
    fields = {**window(given), "multiplier": given["depth_multiplier"], "bias": False}
    del fields["filters"]
    first = layer_type("dwconv")(**fields)
    second = layer_type("conv")(filters=given["out_channels"], kernel=(1,))
    for (x,), expected in zip(samples(case), case["output"], strict=True):
        mid, macs = run(first, case, [x], "depthwise.")
        out, more = run(second, case, [mid], "pointwise.")
        compare(out.values, flat(expected), case)
        assert macs + more == case["counts"]["macs"]


def test_scaled_dot_products_are_two_matrix_products():
    case = CASES["scaled_dot_product"]
    matmul, softmax = layer_type("matmul"), layer_type("softmax")
    for (queries, keys, values), expected in zip(samples(case), case["output"], strict=True):
        scores, macs = run(matmul(transpose_b=True), case, [queries, keys])
        factor = queries.shape.spatial[0] ** -0.5
        scaled, _ = run(layer_type("scale")(factor=factor), case, [scores])
        shares, _ = run(softmax(over="l"), case, [scaled])
        out, more = run(matmul(), case, [shares, values])
        compare(out.values, flat(expected), case)
        assert macs + more == case["counts"]["macs"]


def test_a_crop_like_another_tensor_is_a_crop_to_its_size():
    case = CASES["crop_like_centre"]
    crop = layer_type("crop")
    for (x, other), expected in zip(samples(case), case["output"], strict=True):
        size, begin = other.shape.spatial, tuple(case["params"]["offset"])
        for layer in (crop(size=size), crop(size=size, begin=begin)):
            out, macs = run(layer, case, [x])
            compare(out.values, flat(expected), case)
            assert macs == case["counts"]["macs"]


def test_every_case_is_run_or_waits_for_something_that_is_named():
    parts = {name for name, case in CASES.items() if case["op"] in PARTS}
    waiting = set(NOT_YET)
    assert {*RUN, *parts, *NETWORKS, *waiting} == set(CASES)
    assert not waiting & {*RUN, *parts}
