"""Dense, norm, activation and merge layer types: golden values, figures of papers, refusals."""

import json
from math import isnan

import pytest
from golden import check, load
from pydantic import TypeAdapter, ValidationError

from cnncalc.errors import UnplacedError
from cnncalc.layers import layer_type
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor
from cnncalc.window import STILL, Reach

# Case of data/forward, layer type, its fields.
GOLDEN = [
    ("linear", "fc", {"units": 4}),
    ("linear", "linear", {"units": 4}),
    ("batch_norm1d_eval", "bn", {}),
    ("batch_norm2d_eval", "bn", {}),
    ("batch_norm2d_eval_no_affine", "bn", {"affine": False}),
    ("batch_norm3d_eval", "bn", {}),
    ("layer_norm_chw", "ln", {"over": "all"}),
    ("layer_norm2d_channels_first", "ln", {"eps": 1e-6}),
    ("group_norm", "gn", {"groups": 3}),
    ("instance_norm2d", "instnorm", {"affine": True}),
    ("local_response_norm_alexnet", "lrn", {"k": 2.0}),
    ("local_response_norm_strong_even_size", "lrn", {"size": 4, "alpha": 0.9, "beta": 0.5}),
    ("act_prelu_per_channel", "prelu", {}),
    ("softmax_channels_4d", "softmax", {}),
    ("softmax_large_values", "softmax", {}),
    ("log_softmax_dim1", "logsoftmax", {}),
    ("add", "add", {}),
    ("mul_broadcast_channel_gate", "mul", {}),
    ("concat_channels", "concat", {}),
    ("concat_width", "concat", {"axis": "w"}),
]
# Cases of a single list of numbers, which is one sample.
CURVES = [
    ("act_relu", "relu", {}),
    ("act_relu6", "relu6", {}),
    ("act_leaky_relu_default", "leaky", {}),
    ("act_leaky_relu_0p2", "leaky", {"slope": 0.2}),
    ("act_elu", "elu", {}),
    ("act_elu_alpha0p5", "elu", {"alpha": 0.5}),
    ("act_selu", "selu", {}),
    ("act_celu", "celu", {"alpha": 1.3}),
    ("act_gelu", "gelu", {}),
    ("act_gelu_tanh", "gelu", {"approximate": "tanh"}),
    ("act_silu", "silu", {}),
    ("act_mish", "mish", {}),
    ("act_hardswish", "hswish", {}),
    ("act_hardsigmoid", "hsigmoid", {}),
    ("act_hardtanh", "hardtanh", {}),
    ("act_sigmoid", "sigmoid", {}),
    ("act_tanh", "tanh", {}),
    ("act_softplus", "softplus", {}),
    ("act_softsign", "softsign", {}),
    ("act_logsigmoid", "logsigmoid", {}),
]
# Cases whose last axis is the one worked along: turned, it becomes the channels.
LAST_AXIS = [
    ("linear_3d_nobias", "linear", {"units": 2, "bias": False}),
    ("layer_norm_last_axis", "ln", {}),
]


@pytest.mark.parametrize(("case", "type_", "fields"), GOLDEN)
def test_golden_values(case, type_, fields):
    check(layer_type(type_)(**fields), load(case))


@pytest.mark.parametrize(("case", "type_", "fields"), CURVES)
def test_golden_curves(case, type_, fields):
    one = load(case)
    check(layer_type(type_)(**fields), {**one, "input": [one["input"]], "output": [one["output"]]})


@pytest.mark.parametrize(("case", "type_", "fields"), LAST_AXIS)
def test_golden_values_along_the_last_axis(case, type_, fields):
    one = load(case)
    turned = {name: [list(zip(*s, strict=True)) for s in one[name]] for name in ("input", "output")}
    check(layer_type(type_)(**fields), {**one, **json.loads(json.dumps(turned))})


def learned(layer, *shapes):
    return sum(p.size for p in layer.parameters(*shapes) if p.role == "learned")


def test_f6_of_lenet5_has_10164_parameters():
    assert learned(layer_type("fc")(units=84), Shape(120)) == 10164


def test_the_first_dense_layer_of_vgg16_has_102764544_parameters():
    assert learned(layer_type("fc")(units=4096), Shape(512, (7, 7))) == 102764544


def test_the_rbf_units_of_lenet5_have_840_fixed_links():
    rbf = layer_type("rbf")(units=10)
    assert learned(rbf, Shape(84)) == 0
    assert [(p.size, p.role) for p in rbf.parameters(Shape(84))] == [(840, "fixed")]
    assert rbf.connections(Shape(84)) == 840


def test_batch_norm_of_64_channels_has_128_parameters_and_128_statistics():
    sizes = {"learned": 0, "statistic": 0}
    for parameter in layer_type("bn")().parameters(Shape(64, (32, 32))):
        sizes[parameter.role] += parameter.size
    assert sizes == {"learned": 128, "statistic": 128}


def test_lrn_divides_alpha_by_the_size_unless_told_otherwise():
    case = load("local_response_norm_strong_even_size")
    undivided = {"size": 4, "alpha": 0.9 / 4, "beta": 0.5, "divide": False}
    check(layer_type("lrn")(**undivided), case)


def test_lrn_leaves_the_bias_to_the_convolution_before_it():
    assert layer_type("bn").attaches == "norm"
    assert layer_type("lrn").attaches == "activation"


def test_a_squeeze_and_excitation_gate_does_not_widen_the_receptive_field():
    full, gate, mask = Shape(64, (8, 8)), Shape(64, (1, 1)), Shape(1, (8, 8))
    assert layer_type("mul")().reach(full, gate, mask) == ((STILL, STILL), None, (STILL, STILL))
    assert layer_type("mul")().reach(gate, gate) == ((STILL, STILL), (STILL, STILL))


def test_unet_crops_the_encoder_map_to_the_decoder():
    decoder, encoder = Shape(512, (56, 56)), Shape(512, (64, 64))
    concat = layer_type("concat")(fitting="crop")
    assert concat.output_shape(decoder, encoder) == Shape(1024, (56, 56))
    assert concat.reach(decoder, encoder)[1] == (Reach(1, 4, 4),) * 2


def test_an_odd_row_is_cropped_behind_the_middle():
    narrow, wide = (
        Tensor(Shape(1, (2,)), [0.5, 0.5]),
        Tensor(Shape(1, (5,)), [1.0, 2.0, 3.0, 4.0, 5.0]),
    )
    out = layer_type("concat")(fitting="crop").forward([narrow, wide], {})
    assert out == Tensor(Shape(2, (2,)), [0.5, 0.5, 2.0, 3.0])


def test_concatenating_along_two_axes_lays_the_maps_side_by_side_or_below():
    left, right = Tensor(Shape(1, (2, 2)), [1, 2, 3, 4]), Tensor(Shape(1, (2, 2)), [5, 6, 7, 8])
    beside = layer_type("concat")(axis="w").forward([left, right], {})
    below = layer_type("concat")(axis="h").forward([left, right], {})
    assert beside == Tensor(Shape(1, (2, 4)), [1, 2, 5, 6, 3, 4, 7, 8])
    assert below == Tensor(Shape(1, (4, 2)), [1, 2, 3, 4, 5, 6, 7, 8])


def test_max_and_mean_and_sub_work_number_by_number():
    left, right = (Tensor(Shape(3), values) for values in ([1.0, -4.0, 2.0], [3.0, -6.0, 2.0]))
    results = {
        name: layer_type(type_)(**fields).forward([left, right], {}).values
        for name, type_, fields in [
            ("max", "max", {}),
            ("mean", "mean", {}),
            ("sub", "sub", {}),
            ("abs", "sub", {"absolute": True}),
        ]
    }
    assert results == {
        "max": [3.0, -4.0, 2.0],
        "mean": [2.0, -5.0, 2.0],
        "sub": [-2.0, 2.0, 0.0],
        "abs": [2.0, 2.0, 0.0],
    }


def test_identity_and_dropout_hand_their_input_through():
    x = Tensor(Shape(2, (2,)), [1.0, 2.0, 3.0, 4.0])
    assert layer_type("identity")().forward([x], {}) == x
    assert layer_type("dropout")(rate=0.9).forward([x], {}) == x


def test_a_nan_is_not_hidden():
    nan = float("nan")
    for name in ("relu", "relu6", "hardtanh", "leaky", "elu", "sigmoid", "hswish", "softplus"):
        value = layer_type(name)().apply(nan)
        assert isnan(value), name


# What is refused, beside the nearest setting that is not.
REFUSED = [
    (
        ("add", {}, [Shape(128, (56, 56)), Shape(64, (56, 56))]),
        [Shape(128, (56, 56))] * 2,
        ("add-mismatch", None, "cannot add tensors of different shape"),
        'make the channels equal, e.g. "conv 128 1x1" on branch 2',
    ),
    (
        ("max", {}, [Shape(8, (9,)), Shape(8, (9,)), Shape(4, (9,))]),
        [Shape(8, (9,))] * 3,
        ("max-mismatch", None, "cannot take the max of tensors of different shape"),
        'make the channels equal, e.g. "conv 8 f1" on branch 3',
    ),
    (
        ("mean", {}, [Shape(8, (9, 9)), Shape(8, (9, 7))]),
        [Shape(8, (9, 9))] * 2,
        ("mean-mismatch", None, "cannot take the mean of tensors of different shape"),
        "bring branch 2 to 9×9, e.g. by its strides and padding",
    ),
    (
        ("sub", {}, [Shape(4096), Shape(2048)]),
        [Shape(4096)] * 2,
        ("sub-mismatch", None, "cannot subtract tensors of different shape"),
        'make the sizes equal, e.g. "fc 4096" on branch 2',
    ),
    (
        ("mul", {}, [Shape(64, (8, 8)), Shape(32)]),
        [Shape(64, (8, 8)), Shape(64, (1, 1))],
        ("mul-mismatch", None, "cannot multiply tensors of different shape"),
        "branch 2 may be 8×8×64, or a gate of 1×1×64 or 8×8×1",
    ),
    (
        ("mul", {}, [Shape(2, (8, 8)), Shape(64, (8, 8))]),
        [Shape(1, (8, 8)), Shape(64, (8, 8))],
        ("mul-mismatch", None, "cannot multiply tensors of different shape"),
        'make the channels equal, e.g. "conv 64 1x1" on branch 1',
    ),
    (
        ("mul", {}, [Shape(64, (1, 1)), Shape(1, (8, 8))]),
        [Shape(1, (1, 1)), Shape(1, (8, 8))],
        ("mul-mismatch", None, "cannot multiply tensors of different shape"),
        "branch 2 may be 1×1×64, or a gate of 1×1×64 or 1×1×1",
    ),
    (
        ("concat", {}, [Shape(64, (28, 28)), Shape(64, (14, 14))]),
        [Shape(64, (28, 28)), Shape(32, (28, 28))],
        ("concat-mismatch", None, "cannot concatenate tensors of different shape"),
        "bring branch 2 to 28×28, e.g. by its strides and padding, or fit=crop",
    ),
    (
        ("concat", {"axis": "w"}, [Shape(64, (28, 28)), Shape(32, (28, 14))]),
        [Shape(64, (28, 28)), Shape(64, (28, 14))],
        ("concat-mismatch", None, "cannot concatenate tensors of different shape"),
        'make the channels equal, e.g. "conv 64 1x1" on branch 2',
    ),
    (
        ("concat", {"fitting": "crop"}, [Shape(64, (4, 4)), Shape(1024)]),
        [Shape(64, (4, 4)), Shape(1024, (4, 4))],
        ("concat-mismatch", None, "cannot concatenate tensors of different shape"),
        "give branch 2 the axes of branch 1, e.g. with reshape 4x4x64",
    ),
    (
        ("concat", {"axis": "d"}, [Shape(64, (28, 28))] * 2),
        [Shape(64, (28, 28, 28))] * 2,
        ("no-such-axis", "axis", "there is no axis d in 28×28×64"),
        "its axes are c, h, w",
    ),
    (
        ("gn", {"groups": 4}, [Shape(6, (5, 5))]),
        [Shape(8, (5, 5))],
        ("groups", "groups", "groups=4 does not divide the 6 input channels"),
        "groups must divide 6: 1, 2, 3 or 6",
    ),
    (
        ("gn", {"groups": 6}, [Shape(6)]),
        [Shape(12)],
        ("one-value", None, "normalising a single number always gives 0"),
        "normalise over more positions or channels, e.g. with bn or ln",
    ),
    (
        ("instnorm", {}, [Shape(6, (1, 1))]),
        [Shape(6, (1, 2))],
        ("one-value", None, "normalising a single number always gives 0"),
        "normalise over more positions or channels, e.g. with bn or ln",
    ),
]


@pytest.mark.parametrize(("refused", "accepted", "said", "help_"), REFUSED)
def test_what_does_not_fit_is_refused_in_words(refused, accepted, said, help_):
    type_, fields, shapes = refused
    layer = layer_type(type_)(**fields)
    assert layer.output_shape(*accepted)
    with pytest.raises(UnplacedError) as caught:
        layer.output_shape(*shapes)
    problem = caught.value
    assert (problem.code, problem.field, problem.message) == said
    assert problem.help == help_


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"low": 0.5}, [0.5, 0.5, 3.0]),
        ({"high": 0.5}, [-2.0, 0.25, 0.5]),
        ({"low": 0.0, "high": 1.0}, [0.0, 0.25, 1.0]),
    ],
)
def test_clip_by_hand(fields, expected):
    layer = layer_type("clip")(**fields)
    assert layer.forward([Tensor(Shape(3), [-2.0, 0.25, 3.0])], {}).values == expected


@pytest.mark.parametrize(
    ("fields", "code", "field", "message", "advice"),
    [
        ({}, "no-bound", None, "clip has neither a low nor a high bound",
         "write clip low=0 or clip high=6, or clip(low=0) behind another layer"),
        ({"low": 2.0, "high": 2.0}, "empty-range", "low", "low=2.0 must be less than high=2.0",
         None),
    ],
)  # fmt: skip
def test_clip_has_a_bound_and_leaves_something(fields, code, field, message, advice):
    with pytest.raises(UnplacedError) as caught:
        layer_type("clip")(**fields).output_shape(Shape(3))
    problem = caught.value
    assert (problem.code, problem.field, problem.message) == (code, field, message)
    assert problem.help == advice


def test_the_range_of_hardtanh_is_not_empty():
    assert layer_type("hardtanh")(low=0.0, high=0.5).output_shape(Shape(3)) == Shape(3)
    with pytest.raises(UnplacedError, match=r"^low=0.5 must be less than high=0.5$"):
        layer_type("hardtanh")(low=0.5, high=0.5).output_shape(Shape(3))


# Type, fields that are accepted, the same with one that is not, what is said of it.
INVALID = [
    ("fc", {"units": 1}, {"units": 0}, "Input should be greater than or equal to 1"),
    ("fc", {"units": 8}, {"units": "8"}, "Input should be a valid integer"),
    ("linear", {"units": 8}, {"units": True}, "Input should be a valid integer"),
    ("dropout", {"rate": 0}, {"rate": -0.1}, "Input should be greater than or equal to 0"),
    ("dropout", {"rate": 0.99}, {"rate": 1}, "Input should be less than 1"),
    ("bn", {"eps": 1e-9}, {"eps": 0}, "Input should be greater than 0"),
    ("leaky", {"slope": -1}, {"slope": float("nan")}, "Input should be a finite number"),
    ("celu", {"alpha": 0.1}, {"alpha": 0}, "Input should be greater than 0"),
    ("gelu", {"approximate": "tanh"}, {"approximate": "erf"}, "Input should be 'none' or 'tanh'"),
    ("ln", {"over": "all"}, {"over": "rows"}, "Input should be 'channels' or 'all'"),
]


@pytest.mark.parametrize(("type_", "good", "bad", "message"), INVALID)
def test_fields_are_validated(type_, good, bad, message):
    adapter = TypeAdapter(layer_type(type_))
    assert adapter.validate_python(good)
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(bad)
    assert [error["msg"] for error in caught.value.errors()] == [message]
