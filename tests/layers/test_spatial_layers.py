"""The layer types that work on space: their values against PyTorch's, and what they refuse.

The golden cases in data/forward were made with torch 2.13 in float64 (each file says so).
"""

from fractions import Fraction

import pytest
from arithmetic import evaluate
from golden import FORWARD, check, dims, flat, load, samples

from cnncalc.errors import UnplacedError
from cnncalc.layers.adaptivepool import AdaptivePool
from cnncalc.layers.avgpool import AvgPool
from cnncalc.layers.conv import Conv
from cnncalc.layers.conv_transpose import ConvTranspose
from cnncalc.layers.crop import Crop
from cnncalc.layers.depth2space import DepthToSpace
from cnncalc.layers.dwconv import DwConv
from cnncalc.layers.flatten import Flatten
from cnncalc.layers.gap import Gap
from cnncalc.layers.gmp import Gmp
from cnncalc.layers.localconv import LocalConv
from cnncalc.layers.maxpool import MaxPool
from cnncalc.layers.pad import Pad
from cnncalc.layers.reshape import Reshape
from cnncalc.layers.shuffle import Shuffle
from cnncalc.layers.slice import Slice
from cnncalc.layers.space2depth import SpaceToDepth
from cnncalc.layers.subsample import Subsample
from cnncalc.layers.sumpool import SumPool
from cnncalc.layers.upsample import Upsample
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor
from cnncalc.window import Reach

# ---------------------------------------------------------------- golden forward passes

OURS = {"kernel_size": "kernel", "out_channels": "filters", "ceil_mode": "ceil",
        "output_size": "size", "scale_factor": "scale",
        "upscale_factor": "block", "downscale_factor": "block"}  # fmt: skip
THEIRS = {"in_channels", "start_dim", "end_dim", "keepdim"}  # follow from the input, or fixed


def pairs(padding):
    """The case's padding as ours: a rule's word, or (begin, end) per axis."""
    if isinstance(padding, dict):
        return tuple(zip(padding["begin"], padding["end"], strict=True))
    return padding if isinstance(padding, str) else tuple((p, p) for p in padding)


def fields(params):
    """The case's settings under our names, one tuple entry per axis."""
    named = {OURS.get(name, name): value for name, value in params.items() if name not in THEIRS}
    if "padding" in named:
        named["padding"] = pairs(named["padding"])
    if "scale" in named:
        named["scale"] = (named["scale"],)
    return {name: tuple(v) if isinstance(v, list) else v for name, v in named.items()}


def pad_of(params):
    mode = {"constant": "zeros"}.get(params["mode"], params["mode"])
    begin, end = tuple(params["begin"]), tuple(params["end"])
    return Pad(begin=begin, end=end, mode=mode, value=params.get("value", 0.0))


def reshape_of(case):
    """torch.flatten of some axes, written as a reshape: channels last."""
    channels, *spatial = dims(case["output"][0])
    return Reshape(size=(*spatial, channels))


LAYER_TYPES = {
    "conv": Conv, "conv_transpose": ConvTranspose, "max_pool": MaxPool, "avg_pool": AvgPool,
    "adaptive_avg_pool": AdaptivePool, "global_avg_pool": Gap, "global_max_pool": Gmp,
    "upsample": Upsample, "pixel_shuffle": DepthToSpace, "pixel_unshuffle": SpaceToDepth,
    "channel_shuffle": Shuffle, "flatten": Flatten,
}  # fmt: skip
SPATIAL = ("conv", "max_pool", "avg_pool", "adaptive", "global", "upsample", "pixel",
           "channel_shuffle", "pad_", "flatten")  # fmt: skip
NAMES = sorted(p.stem for p in FORWARD.glob("*.json") if p.stem.startswith(SPATIAL))


def layer_of(case):
    op = case["op"].removesuffix("1d").removesuffix("2d").removesuffix("3d")
    if op == "pad":
        return pad_of(case["params"])
    if case["name"] == "flatten_partial":
        return reshape_of(case)
    if op == "adaptive_max_pool":
        return AdaptivePool(kind="max", **fields(case["params"]))
    return LAYER_TYPES[op](**fields(case["params"]))


@pytest.mark.parametrize("name", NAMES)
def test_forward_agrees_with_torch(name):
    case = load(name)
    check(layer_of(case), case)


KERAS = sorted(p.stem for p in FORWARD.glob("keras_conv_transpose2d_*.json"))


@pytest.mark.parametrize("name", KERAS)
def test_transposed_convolutions_pad_by_the_rules_of_keras(name):
    case = load(name)
    layer = ConvTranspose(**fields(case["params"]))
    check(layer, case)
    shape = samples(case)[0][0].shape
    for step in layer.explain(shape):
        assert evaluate(step.numbers) == step.value


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "rule", "out"),
    [  # compute_conv_transpose_output_length of Keras 3, worked by hand
        (7, 3, 2, 1, "same", 14), (7, 3, 2, 1, "valid", 15), (7, 2, 2, 1, "valid", 14),
        (5, 2, 3, 1, "same", 15), (5, 2, 3, 1, "valid", 15), (4, 3, 1, 2, "same", 4),
        (4, 3, 1, 2, "valid", 8), (4, 4, 2, 1, "same", 8), (1, 1, 4, 1, "same", 4),
    ],
)  # fmt: skip
def test_sizes_of_transposed_convolutions_in_keras(size, kernel, stride, dilation, rule, out):
    layer = ConvTranspose(
        filters=1, kernel=(kernel,), stride=(stride,), dilation=(dilation,), padding=rule
    )
    assert layer.output_shape(Shape(1, (size,))) == Shape(1, (out,))


def test_a_padding_rule_and_an_output_padding_exclude_each_other():
    layer = ConvTranspose(filters=1, kernel=(3,), padding="same", output_padding=(1,), stride=(2,))
    with pytest.raises(UnplacedError, match="'same' sets the output padding itself") as caught:
        layer.output_shape(Shape(1, (4,)))
    assert caught.value.field == "output_padding"


def test_there_are_nine_cases_of_keras():
    assert len(KERAS) == 9


def test_no_golden_case_is_left_out():
    assert len(NAMES) == 61


def test_a_depthwise_convolution_is_a_convolution_with_a_group_per_map():
    case = load("conv2d_depthwise_multiplier2")
    given = fields(case["params"])
    assert given.pop("groups") == 3
    assert given.pop("filters") == 6
    check(DwConv(multiplier=2, **given), case)


@pytest.mark.parametrize("name", ["conv2d_rectangular", "conv3d_basic", "conv2d_pad_circular"])
def test_a_locally_connected_layer_with_equal_filters_everywhere_is_a_convolution(name):
    case = load(name)
    given = fields(case["params"])
    del given["groups"]
    layer = LocalConv(**given)
    _, *places = dims(case["output"][0])
    count = len(flat(case["output"][0])) // given["filters"]
    filters = case["weights"]["weight"]
    weight = [w for one in filters for _ in range(count) for w in flat(one)]
    bias = [b for b in case["weights"]["bias"] for _ in range(count)]
    assert layer.parameters(samples(case)[0][0].shape)[1].dims == (given["filters"], *places)
    shared = {**case, "weights": {"weight": weight, "bias": bias}}
    check(layer, shared)


def test_a_locally_connected_layer_keeps_its_weights_apart():
    layer = LocalConv(filters=1, kernel=(2,))
    x = Tensor(Shape(1, (3,)), [1.0, 2.0, 3.0])
    weights = {"weight": [1.0, 10.0, 100.0, 1000.0], "bias": [0.5, 0.25]}
    assert layer.forward([x], weights).values == [21.5, 3200.25]


def test_sum_pooling_is_average_pooling_times_the_window():
    case = load("avg_pool2d_guide")
    (x,) = samples(case)[0]
    sums = SumPool(kernel=(3,), stride=(1,)).forward([x], {}).values
    assert sums == pytest.approx([9 * mean for mean in flat(case["output"])], rel=1e-9)


def test_subsampling_scales_the_sum_and_adds_the_bias():
    x = Tensor(Shape(2, (2, 2)), [1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0])
    y = Subsample(kernel=(2,)).forward([x], {"weight": [0.5, 0.25], "bias": [1.0, 2.0]})
    assert y == Tensor(Shape(2, (1, 1)), [6.0, 27.0])


def test_a_window_of_nothing_but_padding_has_no_maximum():
    x = Tensor(Shape(1, (1,)), [5.0])
    pool = MaxPool(kernel=(2,), stride=(1,), padding=((1, 1),), dilation=(2,))
    assert pool.forward([x], {}).values == [float("-inf")]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("replicate", [1, 1, 1, 2, 3, 3, 3]), ("circular", [2, 3, 1, 2, 3, 1, 2]),
     ("reflect", [3, 2, 1, 2, 3, 2, 1]), ("zeros", [7, 7, 1, 2, 3, 7, 7])],
)  # fmt: skip
def test_pad_modes(mode, expected):
    layer = Pad(begin=(2,), mode=mode, value=7 if mode == "zeros" else 0)
    assert layer.forward([Tensor(Shape(1, (3,)), [1, 2, 3])], {}).values == expected


@pytest.mark.parametrize(
    ("layer", "expected"),
    [(Crop(size=(2,)), [2, 3]), (Crop(begin=(1,)), [2, 3, 4]), (Crop(begin=(1,), end=(3,)), [2]),
     (Crop(end=(2,)), [1, 2, 3])],
)  # fmt: skip
def test_crop(layer, expected):
    assert layer.forward([Tensor(Shape(1, (5,)), [1, 2, 3, 4, 5])], {}).values == expected


def test_crop_of_a_map_keeps_rows_and_columns():
    x = Tensor(Shape(1, (3, 4)), list(range(12)))
    assert Crop(size=(1, 2)).forward([x], {}) == Tensor(Shape(1, (1, 2)), [5, 6])


def test_slice_takes_whole_maps():
    x = Tensor(Shape(3, (2,)), [0, 1, 10, 11, 20, 21])
    assert Slice(start=1, stop=3).forward([x], {}) == Tensor(Shape(2, (2,)), [10, 11, 20, 21])


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_depth_to_space_undoes_space_to_depth(rank):
    shape = Shape(3, (4, 2, 6)[:rank])
    x = Tensor(shape, list(range(shape.size)))
    there = SpaceToDepth(block=2).forward([x], {})
    assert DepthToSpace(block=2).forward([there], {}) == x


# Torch: interpolate(mode="bilinear", align_corners=True) takes the corners to the corners.
def test_align_corners_takes_corners_to_corners():
    x = Tensor(Shape(1, (3,)), [0.0, 4.0, 8.0])
    layer = Upsample(size=(5,), mode="bilinear", align_corners=True)
    assert layer.forward([x], {}).values == [0.0, 2.0, 4.0, 6.0, 8.0]


@pytest.mark.parametrize(
    ("size", "factor", "out"), [(10, 0.7, 7), (100, 0.29, 29), (3, 2 / 3, 2), (3, 1 / 3, 1)]
)
def test_a_factor_is_taken_as_the_fraction_it_stands_for(size, factor, out):
    assert Upsample(scale=(factor,)).output_shape(Shape(1, (size,))).spatial == (out,)


# ---------------------------------------------------------------- published counts


def test_lenet_subsampling_has_the_connections_of_the_paper():
    # LeCun et al. 1998, section II.B: S2 5,880 and S4 2,000 connections, biases included.
    for channels, size, params, with_bias in [(6, 28, 12, 5880), (16, 10, 32, 2000)]:
        layer, shape = Subsample(kernel=(2,)), Shape(channels, (size, size))
        assert sum(p.size for p in layer.parameters(shape)) == params
        assert layer.connections(shape) + layer.output_shape(shape).size == with_bias


# ---------------------------------------------------------------- reach and settings

HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("layer", "size", "reach"),
    [
        (MaxPool(kernel=(3,), stride=(2,), padding=((1, 1),)), 8, Reach(2, -1, 1)),
        (AvgPool(kernel=(2,)), 8, Reach(2, 0, 1)),
        (ConvTranspose(filters=1, kernel=(2,), stride=(2,)), 4, Reach(HALF, -HALF, 0)),
        (ConvTranspose(filters=1, kernel=(3,), padding=((1, 1),)), 4, Reach(1, -1, 1)),
        (ConvTranspose(filters=1, kernel=(4,), stride=(2,), padding=((1, 1),)), 4,
         Reach(HALF, -1, HALF)),
        (Upsample(scale=(2,)), 4, Reach(HALF, -HALF, 0)),
        (Upsample(scale=(2,), mode="bilinear"), 4, Reach(HALF, -1, HALF)),
        (Upsample(scale=(1,), mode="bilinear"), 4, Reach(1, 0, 0)),
        (SpaceToDepth(block=2), 4, Reach(2, 0, 1)),
        (DepthToSpace(block=2), 4, Reach(HALF, -HALF, 0)),
        (Pad(begin=(3,), end=(1,)), 4, Reach(1, -3, -3)),
        (Crop(begin=(1,)), 4, Reach(1, 1, 1)),
        (AdaptivePool(size=(2,)), 8, Reach(4, 0, 3)),
        (AdaptivePool(size=(3,)), 7, Reach(Fraction(7, 3), Fraction(-2, 3), 2)),
        (AdaptivePool(size=(1,)), 7, Reach(0, 0, 6)),
        (Gap(), 7, Reach(0, 0, 6)),
        (Gmp(), 7, Reach(0, 0, 6)),
        (Flatten(), 7, Reach(0, 0, 6)),
        (Reshape(size=(28,)), 7, Reach(0, 0, 6)),
        (Shuffle(groups=2), 7, Reach(1, 0, 0)),
        (Slice(start=0, stop=2), 7, Reach(1, 0, 0)),
    ],
)  # fmt: skip
def test_reach(layer, size, reach):
    assert layer.reach(Shape(4, (size,))) == ((reach,),)


@pytest.mark.parametrize(
    ("layer", "resolved"),
    [
        (MaxPool(kernel=(3,), padding="same"),
         {"kernel": [3, 3], "stride": [3, 3], "padding": [[0, 0], [0, 1]], "dilation": [1, 1],
          "ceil": False}),
        (AdaptivePool(size=(2,)), {"size": [2, 2], "kind": "avg"}),
        (Upsample(scale=(1.5,)),
         {"scale": [1.5, 1.5], "size": [9, 12], "mode": "nearest", "align_corners": False}),
        (Upsample(size=(5,)),
         {"scale": None, "size": [5, 5], "mode": "nearest", "align_corners": False}),
        (Pad(begin=(1,)), {"begin": [1, 1], "end": [1, 1], "mode": "zeros", "value": 0.0}),
        (Crop(size=(3,)), {"size": [3, 3], "begin": [1, 2], "end": [2, 3]}),
    ],
)  # fmt: skip
def test_settings_put_the_input_in(layer, resolved):
    assert layer.settings(Shape(4, (6, 8))) == resolved


def test_settings_of_a_transposed_convolution():
    layer = ConvTranspose(filters=1, kernel=(3,), stride=(2,), padding="half", output_padding=(1,))
    settings = layer.settings(Shape(1, (4, 4)))
    assert settings["padding"] == [[1, 1], [1, 1]]
    assert settings["output_padding"] == [1, 1]


@pytest.mark.parametrize(
    "layer", [ConvTranspose(filters=2, kernel=(3,), stride=(2,)), Crop(size=(2,))]
)
def test_nothing_is_left_over(layer):
    assert sum(layer.fit(Shape(2, (5, 5)))) == 0


# ---------------------------------------------------------------- refusals, beside what is taken

REFUSALS = [
    (MaxPool(kernel=(3,), padding=((1, 1),)), MaxPool(kernel=(3,), padding=((2, 2),)),
     Shape(1, (8,)), "padding", "padding 2 is more than half of the pooling window (3)",
     "use at most 1"),
    (AvgPool(kernel=(2,), padding=((1, 1),)), AvgPool(kernel=(2,), padding=((0, 2),)),
     Shape(1, (8,)), "padding", "padding 2 is more than half of the pooling window (2)",
     "use at most 1"),
    (SumPool(kernel=(8,)), SumPool(kernel=(9,)), Shape(1, (8,)), "kernel",
     "the filter (9) is larger than its input (8)",
     "use a filter of at most 8, add padding, or start from a larger input"),
    (Conv(filters=1, kernel=(3,), padding=((3, 3),), padding_mode="reflect"),
     Conv(filters=1, kernel=(3,), padding=((4, 4),), padding_mode="reflect"),
     Shape(1, (4,)), "padding", "reflect padding (4) needs an input of at least 5, not 4",
     "use less padding, or the mode zeros or replicate"),
    (Conv(filters=2, kernel=(3,), table=((0, 1), (1,))),
     Conv(filters=2, kernel=(3,), table=((0, 1), ())), Shape(2, (4,)), "table",
     "filter 1 sees no input map: its column of the table is empty",
     "connect it to a map, or leave the filter out"),
    (Conv(filters=2, kernel=(3,), table=((0, 1), (1,))),
     Conv(filters=2, kernel=(3,), table=((0, 1), (1, 1))), Shape(2, (4,)), "table",
     "the table names input map 1 twice for filter 1",
     "name each input map once per filter"),
    (ConvTranspose(filters=4, kernel=(3,), groups=2),
     ConvTranspose(filters=4, kernel=(3,), groups=4), Shape(6, (4,)), "groups",
     "groups=4 does not divide the 6 input channels",
     "groups must divide 6 input channels and 4 filters: 1 or 2"),
    (ConvTranspose(filters=4, kernel=(3,), groups=2),
     ConvTranspose(filters=4, kernel=(3,), groups=3), Shape(6, (4,)), "groups",
     "groups=3 does not divide the 4 filters",
     "groups must divide 6 input channels and 4 filters: 1 or 2"),
    (ConvTranspose(filters=1, kernel=(3,), padding="half"),
     ConvTranspose(filters=1, kernel=(3,), padding="full"), Shape(1, (4,)), "padding",
     "'full' padding is not defined for a transposed convolution",
     "write the padding as a number, such as p1, or use same, valid or half"),
    (ConvTranspose(filters=1, kernel=(3,), stride=(2,), output_padding=(1,)),
     ConvTranspose(filters=1, kernel=(3,), stride=(2,), output_padding=(2,)),
     Shape(1, (4,)), "output_padding",
     "output_padding=2 must be smaller than the stride (2) or the dilation (1)", None),
    (ConvTranspose(filters=1, kernel=(3,), padding=((1, 1),)),
     ConvTranspose(filters=1, kernel=(3,), padding=((2, 2),)), Shape(1, (2,)), "padding",
     "nothing is left: the padding takes away all 4 cells", "use less padding"),
    (ConvTranspose(filters=1, kernel=(3,), output_padding=(0, 0)),
     ConvTranspose(filters=1, kernel=(3,), output_padding=(0, 0, 0)), Shape(1, (4, 4)),
     "output_padding", "output_padding has 3 values, but its input has 2 spatial axes",
     "write one number for all axes, such as f3, or one per axis"),
    (AdaptivePool(size=(6, 6)), AdaptivePool(size=(6, 6, 6)), Shape(1, (8, 8)), "size",
     "size has 3 values, but its input has 2 spatial axes",
     "write one number for all axes, such as f3, or one per axis"),
    (Upsample(scale=(2,)), Upsample(), Shape(1, (4,)), None,
     "upsample needs a factor or a size, and got neither",
     "write upsample 2, or upsample size=14x14"),
    (Upsample(size=(8,)), Upsample(size=(8,), scale=(2,)), Shape(1, (4,)), "size",
     "upsample needs a factor or a size, and got both",
     "write upsample 2, or upsample size=14x14"),
    (Upsample(scale=(0.5,)), Upsample(scale=(0.25,)), Shape(1, (2, 3)), "scale",
     "nothing is left: 2 cells are too few for this factor",
     "use a larger factor, or give the size"),
    (Upsample(scale=(2, 2)), Upsample(scale=(2, 2, 2)), Shape(1, (2, 2)), "scale",
     "scale has 3 values, but its input has 2 spatial axes",
     "write one number for all axes, such as f3, or one per axis"),
    (Upsample(scale=(2,), rule="half_pixel", nearest_mode="floor"),
     Upsample(scale=(2,), rule="half_pixel"), Shape(1, (4,)), "rule",
     "by the rule half_pixel it is open how places are rounded",
     ("add round_prefer_floor (ONNX's default), round_prefer_ceil (with half_pixel PyTorch's "
      "nearest-exact), nearest_mode=floor or nearest_mode=ceil")),
    (Upsample(scale=(2,), nearest_mode="ceil"),
     Upsample(scale=(2,), mode="bilinear", nearest_mode="ceil"), Shape(1, (4,)), "nearest_mode",
     "ceil rounds places, and the mode bilinear blends between them",
     "use the mode nearest, or leave it out"),
    (Upsample(scale=(2,), mode="bilinear", rule="asymmetric"),
     Upsample(scale=(2,), mode="bilinear", rule="asymmetric", align_corners=True), Shape(1, (4,)),
     "align_corners", "align_corners and the rule asymmetric contradict each other",
     "leave one of them out"),
    (Upsample(scale=(2,), mode="bilinear", align_corners=True),
     Upsample(scale=(2,), align_corners=True), Shape(1, (4,)), "align_corners",
     "align_corners has no meaning for the mode nearest",
     "use the mode bilinear, or leave align_corners out"),
    (SpaceToDepth(block=2), SpaceToDepth(block=3), Shape(1, (6, 4)), "block",
     "block=3 does not divide the width 4", "pad or crop the input to a multiple of the block"),
    (DepthToSpace(block=2), DepthToSpace(block=3), Shape(12, (4, 4)), "block",
     "a block of 3x3 needs a multiple of 9 channels, not 12",
     "put a convolution with a multiple of 9 filters in front"),
    (Pad(begin=(0,), end=(3,), mode="reflect"), Pad(begin=(0,), end=(4,), mode="reflect"),
     Shape(1, (4,)), "end", "reflect padding (4) needs an input of at least 5, not 4",
     "use less padding, or the mode zeros or replicate"),
    (Pad(begin=(4,), mode="circular"), Pad(begin=(5,), mode="circular"), Shape(1, (4,)), "begin",
     "circular padding (5) needs an input of at least 5, not 4",
     "use less padding, or the mode zeros or replicate"),
    (Pad(begin=(1,), value=1.0), Pad(begin=(1,), value=1.0, mode="replicate"), Shape(1, (4,)),
     "value", "the mode replicate takes its numbers from the input, not from value",
     "leave value out, or use the mode zeros"),
    (Crop(size=(4,)), Crop(size=(5,)), Shape(1, (4,)), "size",
     "the length 4 cannot be cropped to 5",
     "crop only removes cells; to enlarge the map, use pad or upsample"),
    (Crop(begin=(1,), end=(2,)), Crop(begin=(2,), end=(2,)), Shape(1, (4,)), "begin",
     "cropping 2 + 2 leaves nothing of the length 4", "crop at most 3 in all"),
    (Crop(end=(3,)), Crop(end=(4,)), Shape(1, (4,)), "end",
     "cropping 0 + 4 leaves nothing of the length 4", "crop at most 3 in all"),
    (Crop(size=(2,)), Crop(size=(2,), end=(1,)), Shape(1, (4,)), "size",
     "crop needs a size, or begin and end, and got both", "write crop 56x56, or crop begin=4"),
    (Crop(begin=(1,)), Crop(), Shape(1, (4,)), None,
     "crop needs a size, or begin and end, and got neither", "write crop 56x56, or crop begin=4"),
    (Slice(start=0, stop=4), Slice(start=0, stop=5), Shape(4, (4,)), "stop",
     "the slice ends at channel 5, but the input has 4", "use a stop of at most 4"),
    (Slice(start=1, stop=2), Slice(start=2, stop=2), Shape(4, (4,)), "stop",
     "channels 2 to 2 are none: stop must be above start",
     "slice 0 32 takes the first 32 channels"),
    (Shuffle(groups=2), Shuffle(groups=3), Shape(4, (4,)), "groups",
     "groups=3 does not divide the 4 input channels", "groups must divide 4: 1, 2 or 4"),
    (Reshape(size=(2, 3, 4)), Reshape(size=(2, 3, 5)), Shape(24), "size",
     "2×3×5 holds 30 numbers, but the input 24 holds 24",
     "sizes are written channels last, and their product must stay the same"),
    (Reshape(size=(2, 1, 3, 4)), Reshape(size=(2, 1, 3, 2, 2)), Shape(24), "size",
     "a shape has at most three axes and the channels, not 5 sizes",
     "write length x channels, height x width x channels, or one axis more"),
]  # fmt: skip


@pytest.mark.parametrize(("legal", "illegal", "shape", "field", "message", "help_"), REFUSALS)
def test_refusal(legal, illegal, shape, field, message, help_):
    legal.output_shape(shape)
    with pytest.raises(UnplacedError) as caught:
        illegal.output_shape(shape)
    assert (caught.value.field, caught.value.message, caught.value.help) == (field, message, help_)


@pytest.mark.parametrize(
    "layer",
    [AdaptivePool(size=(2,)), Gap(), Gmp(), Upsample(scale=(2,)), SpaceToDepth(block=2),
     DepthToSpace(block=2), Pad(begin=(1,)), Crop(size=(2,))],
)  # fmt: skip
def test_maps_are_needed(layer):
    with pytest.raises(UnplacedError) as caught:
        layer.output_shape(Shape(64))
    assert caught.value.message == "this layer works on maps; its input is a vector of 64"
    assert caught.value.help == "reshape it to maps first, such as reshape 4x4x8"
    layer.output_shape(Shape(64, (4,)))


@pytest.mark.parametrize("layer", [Flatten(), Reshape(size=(64,)), Slice(start=0, stop=8)])
def test_a_vector_will_do(layer):
    layer.output_shape(Shape(64))
