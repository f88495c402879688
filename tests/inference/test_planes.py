"""Packed tensors: lane by lane against plain numbers, and kernels against layer types."""

from fractions import Fraction
from math import inf, isnan, ldexp, nan
from operator import mul
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cnncalc.errors import UnplacedError
from cnncalc.inference import kernels
from cnncalc.inference.kernels.bigint import ops
from cnncalc.inference.kernels.bigint.map_conv import WindowSums, filtered
from cnncalc.inference.kernels.bigint.map_window import MapWindow, slides
from cnncalc.inference.kernels.bigint.packed_map import MapLayout, PackedTensor, pack, unpacked
from cnncalc.inference.kernels.im2col import sliding_window
from cnncalc.inference.statistics import describe
from cnncalc.layers.add import Add
from cnncalc.layers.bn import Bn
from cnncalc.layers.conv import Conv
from cnncalc.layers.dwconv import DwConv
from cnncalc.layers.relu import Relu
from cnncalc.layers.relu6 import Relu6
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

QUICK = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TOLERANCE = 1e-5
SEEDS = st.integers(0, 2**32)


def plain(random):
    """Numbers as they are in trained networks."""
    return random.gauss(0, 1)


def sparse(random):
    """What a ReLU leaves, with a few large ones."""
    return random.choice([0.0, 0.0, random.random(), random.choice([1.0, 1e3, -1e3])])


def alike(random):
    """Large numbers that hardly differ."""
    return 1000.0 + random.random() * random.choice([1e-3, 1e-6])


def ranged(random):
    """Numbers of very different size."""
    return random.uniform(-1, 1) * 10.0 ** random.randint(-30, 8)


KINDS = st.sampled_from([plain, sparse, alike, ranged])
LAYOUTS = st.builds(MapLayout, st.integers(1, 9), st.integers(1, 9))


def tensor(random, kind, channels, layout):
    shape = Shape(channels, (layout.rows, layout.columns))
    return Tensor(shape, [kind(random) for _ in range(shape.size)])


def drawn(seed, kind, layout, channels=1):
    """A packed tensor; its own numbers are what everything is held against."""
    return pack(tensor(Random(seed), kind, channels, layout))


def same(plane, layout, expected, error):
    """The right numbers, and the extremes that are told."""
    numbers = unpacked(plane, layout)
    assert len(numbers) == len(expected) == layout.lanes
    worst = max(abs(a - b) for a, b in zip(numbers, expected, strict=True))
    assert worst <= error + 1e-15 * max(map(abs, expected))
    lanes = [round(ldexp(number, plane.exponent)) for number in numbers]
    assert (min(lanes), max(lanes)) == (plane.low, plane.high)
    assert plane.peak < 2**30
    assert sum(lane << 64 * at for at, lane in enumerate(lanes)) == plane.vector


@QUICK
@given(LAYOUTS, SEEDS, KINDS)
def test_numbers_go_in_and_come_out(layout, seed, kind):
    x = tensor(Random(seed), kind, 3, layout)
    packed = pack(x)
    step = max(map(abs, x.values)) * 2.0**-28
    assert max(abs(a - b) for a, b in zip(x.values, packed, strict=True)) <= step
    assert pack(Tensor(x.shape, packed)) is packed


def test_numbers_that_cannot_be_packed():
    shape = Shape(1, (1, 2))
    for wrong in (float("nan"), float("inf"), 1e200, 1e-200):
        assert pack(Tensor(shape, [0.0, wrong])) is None
    assert list(pack(Tensor(shape, [0.0, 0.0]))) == [0.0, 0.0]


@QUICK
@given(LAYOUTS, SEEDS, KINDS, KINDS)
def test_affine(layout, seed, kind, factors):
    random = Random(seed)
    (plane,) = drawn(seed, kind, layout).planes
    scale, shift = factors(random), random.choice([0.0, factors(random)])
    made, error = ops.affine(plane, scale, shift, layout)
    expected = [number * scale + shift for number in unpacked(plane, layout)]
    size = abs(shift) + abs(scale) * plane.largest  # what floats lose where these cancel
    same(made, layout, expected, error + 1e-15 * size)
    assert error <= 1e-7 * size


@QUICK
@given(LAYOUTS, SEEDS, KINDS)
def test_positive(layout, seed, kind):
    (plane,) = drawn(seed, kind, layout).planes
    expected = [max(0.0, number) for number in unpacked(plane, layout)]
    same(ops.positive(plane, layout), layout, expected, 0.0)


@QUICK
@given(LAYOUTS, SEEDS, KINDS, st.floats(0, 1100))
def test_at_most(layout, seed, kind, top):
    plane = ops.positive(*drawn(seed, kind, layout).planes, layout)
    made, error = ops.at_most(plane, top, layout)
    expected = [min(top, number) for number in unpacked(plane, layout)]
    same(made, layout, expected, error)


@QUICK
@given(LAYOUTS, st.lists(st.tuples(SEEDS, KINDS), min_size=1, max_size=5))
def test_added(layout, several):
    planes = [drawn(seed, kind, layout).planes[0] for seed, kind in several]
    made, error = ops.added(planes, layout)
    numbers = zip(*(unpacked(plane, layout) for plane in planes), strict=True)
    expected = [float(sum(map(Fraction, some))) for some in numbers]
    same(made, layout, expected, error)
    assert error <= 2.0**-27 * sum(plane.largest for plane in planes)


@QUICK
@given(LAYOUTS, SEEDS, KINDS)
def test_statistics_are_those_of_the_numbers(layout, seed, kind):
    packed = drawn(seed, kind, layout, channels=3)
    own, plainly = describe(packed), describe(list(packed))
    assert own._replace(mean=None) == plainly._replace(mean=None)
    assert own.mean == pytest.approx(plainly.mean, rel=1e-12, abs=1e-300)


def sums_of_maps(x, **window):
    """All of some maps, one place at a time unless told otherwise."""
    layer = Conv(filters=1, **{"kernel": (1,), **window})
    slide = sliding_window(layer, Shape(1, (x.layout.rows, x.layout.columns)))
    return WindowSums(x, MapWindow(slide, x.layout), slide.taps)


@QUICK
@given(LAYOUTS, SEEDS, KINDS, KINDS, st.integers(1, 6))
def test_mixing_keeps_within_its_bound(layout, seed, inputs, weights, channels):
    random = Random(seed)
    x = drawn(seed, inputs, layout, channels)
    row = [weights(random) for _ in range(channels)]
    bias = random.choice([0.0, weights(random)])
    ((made, error),) = sums_of_maps(x).mix([row], [bias])
    assert [(made, error)] == list(sums_of_maps(x).mix([row], [bias], across=True))
    maps = [unpacked(plane, layout) for plane in x.planes]
    factors = list(map(Fraction, row))
    expected = [
        float(Fraction(bias) + sum(map(mul, factors, map(Fraction, some))))
        for some in zip(*maps, strict=True)
    ]
    same(made, layout, expected, error)


@pytest.mark.parametrize("across", [True, False])
def test_maps_of_zeros_leave_the_biases(across):
    layout = MapLayout(3, 3)
    x = pack(tensor(Random(1), lambda _: 0.0, 2, layout))
    made = sums_of_maps(x).mix([[1.0, 2.0], [0.0, 0.0]], [0.5, 0.0], across=across)
    assert [unpacked(plane, layout) for plane, _ in made] == [[0.5] * 9, [0.0] * 9]


WINDOWS = st.builds(
    lambda kernel, stride, begin, end, dilation: {
        "kernel": kernel, "stride": stride, "padding": ((begin, end),) * len(kernel),
        "dilation": dilation,
    },
    st.tuples(st.integers(1, 4), st.integers(1, 4)), st.tuples(*[st.integers(1, 3)] * 2),
    st.integers(0, 3), st.integers(0, 3), st.tuples(*[st.integers(1, 2)] * 2),
)  # fmt: skip


@settings(QUICK, max_examples=200)
@given(LAYOUTS, SEEDS, KINDS, KINDS, WINDOWS, st.integers(1, 3))
def test_sliding_keeps_within_its_bound(layout, seed, inputs, weights, window, channels):
    """Over one map, and over several at once."""
    layer, shape = Conv(filters=1, **window), Shape(channels, (layout.rows, layout.columns))
    try:
        out = layer.output_shape(shape)
    except UnplacedError:
        assume(False)
    slide = sliding_window(layer, shape)
    assume(slides(slide))
    random = Random(seed)
    x = pack(tensor(random, inputs, channels, layout))
    row, bias = [weights(random) for _ in range(layer.macs(shape) // out.size)], weights(random)
    map_window = MapWindow(slide, x.layout)
    parameters = {"weight": list(map(Fraction, row)), "bias": [Fraction(bias)]}
    exact = layer.forward([Tensor(shape, list(map(Fraction, x)))], parameters)
    expected = list(map(float, exact.values))
    assert map_window.layout.lanes == out.size
    ((made, error),) = WindowSums(x, map_window, slide.taps).mix([row], [bias])
    same(made, map_window.layout, expected, error)
    if channels == 1:
        made, error = filtered(map_window, x.planes[0], row, bias)
        same(made, map_window.layout, expected, error)


def test_slides_that_packed_maps_are_not_for():
    shape = Shape(1, (8, 8))
    assert slides(sliding_window(DwConv(kernel=(3,), padding=((2, 2),)), shape))
    assert not slides(sliding_window(DwConv(kernel=(3,), padding=((3, 3),)), shape))
    mirrored = DwConv(kernel=(3,), padding=((1, 1),), padding_mode="reflect")
    assert not slides(sliding_window(mirrored, shape))
    assert not slides(sliding_window(DwConv(kernel=(3,)), Shape(1, (4, 4, 4))))


DENSE = {
    "a place at a time, over three axes": (Conv(filters=3, kernel=(1,)), Shape(2, (2, 3, 4))),
    "over one axis": (Conv(filters=2, kernel=(3,), stride=(2,)), Shape(3, (11,))),
    "the first of many networks": (
        Conv(filters=4, kernel=(3,), stride=(2,), padding=((1, 1),), bias=False), Shape(3, (9, 8))
    ),
    "full, to a wider output": (
        Conv(filters=2, kernel=(4, 3), padding=((3, 3), (2, 2))), Shape(2, (5, 4))
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DENSE)
def test_convolutions_of_packed_maps_are_those_of_the_layer_types(name):
    layer, shape = DENSE[name]
    random = Random(6)
    x = Tensor(shape, [random.gauss(0, 1) for _ in range(shape.size)])
    weights = {p.name: [random.gauss(0, 1) for _ in range(p.size)] for p in layer.parameters(shape)}
    made = kernels.choose(layer, shape).on_packed_maps(pack(x), weights)
    assert isinstance(made, PackedTensor)
    check(layer.forward([x], weights), Tensor(layer.output_shape(shape), made))


HALF = ((1, 1),)
LAYERS = {
    "1x1": Conv(filters=24, kernel=(1,)),
    "depthwise": DwConv(kernel=(3,), padding=HALF),
    "depthwise of stride 2": DwConv(kernel=(3,), stride=(2,), padding=HALF),
    "depthwise, twice the maps": DwConv(kernel=(5,), padding=((2, 2),), multiplier=2),
    "bn": Bn(),
    "bn without scale": Bn(affine=False),
    "relu": Relu(),
    "relu6": Relu6(),
    "add": Add(),
}
SHAPE = Shape(12, (14, 14))


def run_both(layer, seed, inputs, weights):
    """The layer type's output and the kernel's for a packed tensor."""
    random = Random(seed)
    layout = MapLayout(*SHAPE.spatial)
    count = 2 if layer.type == "add" else 1
    packed = [pack(tensor(random, inputs, 12, layout)) for _ in range(count)]
    shapes = (SHAPE,) * count
    parameters = {
        p.name: [
            random.uniform(0.1, 2.0) if p.name == "running_var" else weights(random)
            for _ in range(p.size)
        ]
        for p in layer.parameters(*shapes)
    }
    plainly = [Tensor(SHAPE, list(values)) for values in packed]
    kernel = kernels.choose(layer, *shapes)
    made = kernel([Tensor(SHAPE, values) for values in packed], parameters)
    return layer.forward(plainly, parameters), made


def check(expected, got):
    """Equal to 1e-5 of the largest number."""
    assert got.shape == expected.shape
    assert len(got.values) == len(expected.values)
    allowed = TOLERANCE * max(map(abs, expected.values))
    pairs = zip(expected.values, got.values, strict=True)
    assert max(abs(want - have) for want, have in pairs) <= allowed


@pytest.mark.parametrize("name", LAYERS)
@settings(QUICK, max_examples=25)
@given(SEEDS, KINDS, KINDS)
def test_a_kernel_agrees_with_its_layer_type_on_packed_tensors(name, seed, inputs, weights):
    check(*run_both(LAYERS[name], seed, inputs, weights))


@pytest.mark.parametrize("name", LAYERS)
def test_ordinary_numbers_stay_packed(name):
    expected, made = run_both(LAYERS[name], 7, plain, plain)
    assert isinstance(made.values, PackedTensor)
    check(expected, made)


def test_what_cannot_be_told_is_computed_otherwise():
    """A norm that takes a large mean off numbers which hardly differ; and broken weights."""
    layer, layout = Bn(affine=False), MapLayout(1, 4)
    x = pack(Tensor(Shape(1, (1, 4)), [1e6, 1e6, 1e6 + 0.01, 1e6]))
    statistics = {"running_mean": [1e6], "running_var": [1e-12]}
    made = kernels.choose(layer, Shape(1, (1, 4)))([Tensor(Shape(1, (1, 4)), x)], statistics)
    check(layer.forward([Tensor(Shape(1, (1, 4)), list(x))], statistics), made)
    assert list(sums_of_maps(PackedTensor(layout, x.planes)).mix([[float("nan")]], [0.0])) == [None]
    assert list(sums_of_maps(PackedTensor(layout, x.planes)).mix([[1.0]], [float("inf")])) == [None]


def both(layer, x, **parameters):
    """The layer type's numbers and the kernel's, for a tensor as it is."""
    plainly = layer.forward([Tensor(x.shape, list(x.values))], parameters)
    return plainly, kernels.choose(layer, x.shape)([x], parameters)


@pytest.mark.parametrize("depth", range(1, 13))
def test_a_faint_map_beside_a_bright_one(depth):
    """What packing a list takes from the faint map is in the bound of what is made of it."""
    random, shape = Random(depth), Shape(2, (8, 8))
    size = 10.0**-depth
    faint = [random.gauss(0, 1) * (1 if at < 64 else size) for at in range(128)]
    blind = [0.0] * 9 + [1 / size] * 9
    check(*both(DwConv(kernel=(3,)), Tensor(shape, faint), weight=blind, bias=[0.0, 0.0]))
    rows = [value for _ in range(24) for value in (0.0, random.gauss(0, 1) / size)]
    layer = Conv(filters=24, kernel=(1,), bias=False)
    check(*both(layer, Tensor(shape, faint), weight=rows))


def test_a_constant_map_whose_number_is_the_mean():
    shape = Shape(1, (2, 2))
    x = Tensor(shape, pack(Tensor(shape, [5.0] * 4)))
    still = {"weight": [1.0], "bias": [0.0], "running_mean": [5.0], "running_var": [1.0]}
    assert list(both(Bn(), x, **still)[1].values) == [0.0] * 4
    check(*both(Bn(), x, **{**still, "bias": [0.25]}))


@pytest.mark.parametrize(
    ("before", "after"),
    [((1, (2, 8)), (1, (4, 4))), ((4, (4, 4)), (64, ())), ((2, (4, 4)), (8, (4,)))],
)
def test_a_packed_tensor_under_another_shape(before, after):
    """Flattened or reshaped, its maps are no longer those that are packed."""
    random, shape = Random(1), Shape(*after)
    x = Tensor(Shape(*before), [random.gauss(0, 1) for _ in range(Shape(*before).size)])
    same = Tensor(shape, pack(x))
    numbers = [random.uniform(0.5, 2) for _ in range(shape.channels)]
    names = ("weight", "bias", "running_mean", "running_var")
    check(*both(Bn(), same, **dict.fromkeys(names, numbers)))
    check(*both(Relu6(), same))
    if shape.rank:
        weight = [random.gauss(0, 1) for _ in range(shape.channels * 3**shape.rank)]
        check(*both(DwConv(kernel=(3,), bias=False), same, weight=weight))


@pytest.mark.parametrize("broken", [nan, inf])
def test_a_broken_weight_on_a_map_of_zeros_is_not_overlooked(broken):
    shape = Shape(2, (4, 4))
    x = Tensor(shape, pack(Tensor(shape, [0.0] * 16 + [1.0] * 16)))
    expected, made = both(Conv(filters=1, kernel=(1,), bias=False), x, weight=[broken, 1.0])
    assert all(map(isnan, expected.values))
    assert all(map(isnan, made.values))
    assert list(sums_of_maps(x.values).mix([[broken, 1.0]], [0.0])) == [None]


@pytest.mark.parametrize("bias", [1e306, 1e-320, 1e-250, 1e250])
def test_numbers_beyond_all_measure_are_not_packed(bias):
    shape = Shape(1, (4, 4))
    x = Tensor(shape, [1.0] * 16)
    check(*both(DwConv(kernel=(3,)), x, weight=[0.0] * 9, bias=[bias]))
    check(*both(Conv(filters=1, kernel=(1,)), x, weight=[0.0], bias=[bias]))


def test_norms_that_grow_beyond_all_measure():
    shape = Shape(1, (2, 2))
    growing = {"weight": [1e59], "bias": [0.0], "running_mean": [0.0], "running_var": [1.0]}
    x = Tensor(shape, pack(Tensor(shape, [1e50, 2e50, -1e50, 0.0])))
    for _ in range(4):
        expected, x = both(Bn(), x, **growing)
        check(expected, x)
    last = both(Bn(), x, **growing)[1].values
    assert [abs(value) for value in last] == [inf] * 3 + [0.0]


@pytest.mark.parametrize(
    ("weight", "mean", "variance", "number"),
    [(1e305, 1.0, 0.0, 1.0), (1.7e-313, 0.0, 1e20, 1e300), (0.0, 1.0, 1.0, 5.0)],
)
def test_norms_whose_two_factors_are_not_one(weight, mean, variance, number):
    """Where their quotient leaves the range of floats, x is divided first, as in the layer type."""
    shape, layer = Shape(1, (1, 2)), Bn(eps=1e-10)
    learned = {"weight": [weight], "bias": [0.0]}
    seen = {"running_mean": [mean], "running_var": [variance]}
    expected, made = both(layer, Tensor(shape, [number, mean]), **learned, **seen)
    assert list(made.values) == pytest.approx(list(expected.values), rel=1e-6, abs=0)
