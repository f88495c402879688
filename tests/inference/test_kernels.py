"""Every fast kernel against the layer type's own definition: any settings, any numbers."""

from array import array
from itertools import product
from math import inf, isfinite, isnan, nan
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from strategies import examples

from cnncalc.errors import UnplacedError
from cnncalc.inference import kernels
from cnncalc.inference.kernels import convolution, cost_model
from cnncalc.inference.kernels.bigint import vector_conv
from cnncalc.inference.kernels.bigint.lanes import NARROW, WIDE
from cnncalc.inference.kernels.bigint.winograd import applied, winograd_tiling
from cnncalc.inference.kernels.im2col import SlidingWindow
from cnncalc.layers import layer_type, layer_types
from cnncalc.layers.conv import Conv
from cnncalc.layers.dwconv import DwConv
from cnncalc.layers.fc import Fc
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor
from cnncalc.window import Window

QUICK = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
SEEDS = st.integers(0, 2**32)
TOLERANCE = 1e-5


def plain(random):
    """Numbers as trained networks have them."""
    return random.gauss(0, 1)


def rectified(random):
    """What comes out of a ReLU."""
    return max(0.0, random.gauss(0, 1))


def ranged(random):
    """Numbers of very different size, many of them zero."""
    size = random.choice([0.0, 1.0, 1.0, 1e-3, 1e-9, 1e6, 1e14, 1e30])
    return random.uniform(-1, 1) * size


def cancelling(random):
    """Large numbers that take each other away, and small ones that are left."""
    return random.choice([1e16, -1e16, 1e16, -1e16, 1.0, 0.5, 3e-7])


def extreme(random):
    """Numbers whose squares or products leave the range of floats."""
    return random.uniform(-1, 1) * 10.0 ** random.choice([-320, -300, -170, 0, 140, 170, 300])


def broken(random):
    """Infinity and NaN among ordinary numbers."""
    return random.choice([inf, -inf, nan, 0.0, 1.0, -2.0, 0.5, 1.5, 3.0, 7.0, 1.0, 1.0])


def float32(values):
    """Numbers as a memory-mapped file holds them."""
    return memoryview(array("f", values).tobytes()).cast("f")


KINDS = [plain, rectified, ranged, cancelling, extreme]


def run_both(layer, shapes, seed, inputs=plain, weights=plain):
    """The layer type's output and the kernel's, for random numbers of some kind."""
    random = Random(seed)
    tensors = [Tensor(s, [inputs(random) for _ in range(s.size)]) for s in shapes]
    parameters = {
        p.name: [
            random.uniform(0.1, 2.0) if p.role == "statistic" else weights(random)
            for _ in range(p.size)
        ]
        for p in layer.parameters(*shapes)
    }
    expected = layer.forward(tensors, parameters)
    kernel = kernels.choose(layer, *shapes)
    return expected, kernel(tensors, parameters)


def check(expected, got):
    """Equal to 1e-5 of the largest number; the same infinities and NaN."""
    assert got.shape == expected.shape
    assert len(got.values) == len(expected.values)
    assert all(type(value) is float for value in got.values)
    finite = [abs(value) for value in expected.values if isfinite(value)]
    allowed = TOLERANCE * max(finite, default=0.0)
    for index, (want, have) in enumerate(zip(expected.values, got.values, strict=True)):
        same = have == want or (isnan(want) and isnan(have))
        assert same or abs(have - want) <= allowed, f"number {index}: {have} instead of {want}"


@pytest.mark.parametrize("name", sorted(kernels.KERNELS))
def test_a_kernel_agrees_with_its_layer_type(name):
    checked = 0

    @QUICK
    @given(examples(layer_type(name)), SEEDS, st.sampled_from(KINDS), st.sampled_from(KINDS))
    def agree(example, seed, inputs, weights):
        nonlocal checked
        layer, shapes = example
        try:
            layer.output_shape(*shapes)
        except UnplacedError:
            reject()
        try:
            layer.forward([Tensor(s, [0.5] * s.size) for s in shapes], dict.fromkeys(()))
        except KeyError:
            pass  # it has parameters
        except ZeroDivisionError:
            reject()  # an average of nothing
        try:
            expected, got = run_both(layer, shapes, seed, inputs, weights)
        except OverflowError:
            reject()  # the layer type's own arithmetic leaves the range of floats
        check(expected, got)
        checked += 1

    agree()
    assert checked > 10


@pytest.mark.parametrize("name", ["conv", "dwconv", "linear", "fc", "maxpool", "relu", "add"])
@QUICK
@given(st.data(), SEEDS)
def test_infinity_and_nan_spread_as_in_the_layer_type(name, data, seed):
    layer, shapes = data.draw(examples(layer_type(name)))
    try:
        layer.output_shape(*shapes)
    except UnplacedError:
        reject()
    check(*run_both(layer, shapes, seed, inputs=broken))
    check(*run_both(layer, shapes, seed, weights=broken))


@st.composite
def slides(draw):
    """One to three axes with any window that fits, and any edge."""
    rank = draw(st.sampled_from([1, 2, 2, 2, 3]))
    sizes, windows = [], []
    mode = draw(st.sampled_from(["zeros", "zeros", "reflect", "replicate", "circular"]))
    for _ in range(rank):
        size = draw(st.integers(3, 9 if rank < 3 else 5))
        kernel = draw(st.integers(1, 5 if rank < 3 else 3))
        begin, end = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        window = Window(
            kernel, draw(st.integers(1, 3)), begin, end, draw(st.sampled_from([1, 1, 2]))
        )
        assume(window.slack(size) >= 0)
        sizes.append(size)
        windows.append(window)
    return SlidingWindow(tuple(sizes), tuple(windows), mode)


@settings(QUICK, max_examples=150)
@given(
    slides(),
    SEEDS,
    st.booleans(),
    st.sampled_from([NARROW, WIDE]),
    st.sampled_from(KINDS),
    st.data(),
)
def test_packed_vectors_keep_within_their_bound(slide, seed, by_filter, lanes, kind, data):
    """Any tiling, either side packed, any numbers: no output is off by more than promised."""
    random = Random(seed)
    channels, filters = random.choice([1, 2, 5]), random.choice([1, 3, 4])
    ways = [list(cost_model._ways(window)) for window in slide.windows]
    tilings = tuple(winograd_tiling(*data.draw(st.sampled_from(way))) for way in ways)
    plan = vector_conv.PackedLayout(slide, tilings, lanes, by_filter, channels)
    planes = [[kind(random) for _ in range(_size(slide.spatial))] for _ in range(channels)]
    rows = [[kind(random) for _ in range(channels * slide.taps)] for _ in range(filters)]
    biases = [random.uniform(-1, 1) for _ in range(filters)]
    sizes = vector_conv.operand_norms(plan, planes, rows)
    fixed = vector_conv.fixed_point(sizes, plan)
    assume(fixed is not None)
    got = list(vector_conv.convolve(plan, planes, rows, biases, fixed))
    slack = 1e-12 * (sizes.inputs * sizes.weights + 1)
    error = fixed.error(sizes, plan) + slack
    for have, want in zip(got, exactly(slide, planes, rows, biases), strict=True):
        assert len(have) == len(want)
        assert max(abs(a - b) for a, b in zip(have, want, strict=True)) <= error


def _size(spatial):
    total = 1
    for size in spatial:
        total *= size
    return total


def exactly(slide, planes, rows, biases):
    """The convolution by the layer type's definition."""
    padding = tuple((window.begin, window.end) for window in slide.windows)
    layer = Conv(
        filters=len(rows),
        kernel=tuple(window.kernel for window in slide.windows),
        stride=tuple(window.stride for window in slide.windows),
        dilation=tuple(window.dilation for window in slide.windows),
        padding=padding,
        padding_mode=slide.mode,
    )
    shape = Shape(len(planes), slide.spatial)
    try:
        layer.output_shape(shape)
    except UnplacedError:
        reject()
    x = Tensor(shape, [value for plane in planes for value in plane])
    parameters = {"weight": [w for row in rows for w in row], "bias": biases}
    out = layer.forward([x], parameters)
    return [out.plane(k) for k in range(len(rows))]


LAYERS = {
    "3x3": (Conv(filters=20, kernel=(3,), padding=((1, 1),)), Shape(12, (16, 16))),
    "3x3 on a small map": (Conv(filters=64, kernel=(3,), padding=((1, 1),)), Shape(40, (7, 7))),
    "1x1": (Conv(filters=12, kernel=(1,)), Shape(24, (20, 20))),
    "strided": (Conv(filters=16, kernel=(7,), stride=(2,), padding=((3, 3),)), Shape(3, (30, 30))),
    "groups": (Conv(filters=24, kernel=(3,), groups=2), Shape(16, (18, 18))),
    "dilated": (Conv(filters=16, kernel=(3,), dilation=(2,)), Shape(16, (18, 18))),
    "one axis": (Conv(filters=16, kernel=(9,)), Shape(8, (300,))),
    "three axes": (Conv(filters=8, kernel=(3,), padding=((1, 1),)), Shape(6, (8, 8, 8))),
    "circular": (
        Conv(filters=12, kernel=(3,), padding=((1, 1),), padding_mode="circular"),
        Shape(16, (14, 14)),
    ),
    "depthwise": (DwConv(kernel=(3,), padding=((1, 1),)), Shape(4, (20, 20))),
}  # fmt: skip


@pytest.fixture(params=["as packed maps", "as numbers"])
def _both_ways(request, monkeypatch):
    """Whatever is quicker, convolutions are computed from packed maps to packed maps, or not."""
    cost = -inf if request.param == "as packed maps" else inf
    monkeypatch.setattr(convolution, "packed_maps_cost", lambda *_, **__: cost)


@pytest.mark.usefixtures("_both_ways")
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("kind", [plain, rectified, ranged, cancelling, broken])
def test_layers_large_enough_to_be_packed(name, kind):
    layer, shape = LAYERS[name]
    check(*run_both(layer, [shape], 7, inputs=kind))


@pytest.mark.usefixtures("_both_ways")
@pytest.mark.parametrize("name", [name for name in LAYERS if name != "depthwise"])
def test_these_layers_are_packed(name, monkeypatch):
    def never(*_):
        raise AssertionError("computed in floating point")

    monkeypatch.setattr(convolution, "floating", never)
    layer, shape = LAYERS[name]
    check(*run_both(layer, [shape], 8, inputs=rectified))


@pytest.mark.usefixtures("_both_ways")
def test_what_cannot_be_promised_is_computed_by_the_layer_type(monkeypatch):
    """Where everything cancels, only the definition's own order gives its own rounding."""
    asked = []
    layer_type_of = Conv.forward
    monkeypatch.setattr(
        convolution.Convolution,
        "by_layer_type",
        lambda self, inputs, parameters: (
            asked.append(1) or layer_type_of(self.layer, inputs, parameters)
        ),
    )
    layer, shape = Conv(filters=20, kernel=(3,)), Shape(12, (16, 16))
    for values, expected in ((1.0, 0), (1e17, 1)):
        x = Tensor(shape, [values] * shape.size)
        weights = {"weight": [1.0, -1.0] * (20 * 12 * 9 // 2), "bias": [0.001] * 20}
        got = kernels.choose(layer, shape)([x], weights)
        check(layer.forward([x], weights), got)
        assert len(asked) == expected


@pytest.mark.usefixtures("_both_ways")
@pytest.mark.parametrize("name", ["1x1", "3x3", "depthwise"])
@pytest.mark.parametrize("ripple", [10.0**-k for k in range(12)])
def test_small_differences_of_large_numbers(name, ripple):
    """Weights that add up to nothing see only the ripple on inputs that are nearly alike."""
    layer, shape = LAYERS[name]
    random = Random(4)
    x = Tensor(shape, [1.0 + ripple * random.gauss(0, 1) for _ in range(shape.size)])
    weight, bias = layer.parameters(shape)
    row = weight.size // weight.dims[0]
    half = [random.choice([0.5, 1.0, -1.0]) for _ in range(row // 2)]
    filter_ = [*half, *([0.0] * (row % 2)), *(-w for w in half)]
    weights = {"weight": filter_ * weight.dims[0], "bias": [0.0] * bias.size}
    check(layer.forward([x], weights), kernels.choose(layer, shape)([x], weights))


@pytest.mark.usefixtures("_both_ways")
def test_an_input_of_zeros_gives_the_biases():
    layer, shape = LAYERS["3x3"]
    x = Tensor(shape, [0.0] * shape.size)
    weights = {"weight": [0.25] * (20 * 12 * 9), "bias": [float(k) for k in range(20)]}
    out = kernels.choose(layer, shape)([x], weights)
    assert list(out.values) == [float(k) for k in range(20) for _ in range(256)]


@pytest.mark.usefixtures("_both_ways")
@pytest.mark.parametrize("name", ["3x3", "3x3 on a small map", "depthwise", "fc"])
@pytest.mark.parametrize("held", [lambda values: array("f", values), float32])
def test_parameters_may_be_arrays_or_views_of_a_file(name, held):
    layer, shape = {**LAYERS, "fc": (Fc(units=3), Shape(4, (2, 2)))}[name]
    random = Random(11)
    x = Tensor(shape, [random.gauss(0, 1) for _ in range(shape.size)])
    halves = {
        p.name: [random.randint(-8, 8) / 4 for _ in range(p.size)] for p in layer.parameters(shape)
    }
    got = kernels.choose(layer, shape)([x], {name: held(own) for name, own in halves.items()})
    check(layer.forward([x], halves), got)


@pytest.mark.usefixtures("_both_ways")
def test_many_weights_are_taken_in_parts(monkeypatch):
    layer, shape = LAYERS["3x3"]
    monkeypatch.setattr(convolution, "TOGETHER", 7 * 12 * 9)
    assert [part.filters for part in convolution.grouped(12, 20, 1, 9)] == [7, 7, 6]
    check(*run_both(layer, [shape], 9))


def test_a_fully_connected_layer_is_the_same_to_the_last_bit_or_nearly():
    expected, got = run_both(Fc(units=10), [Shape(16, (5, 5))], 3)
    assert got.values == pytest.approx(expected.values, rel=1e-12)


@pytest.mark.parametrize(
    ("kernel", "stride", "tile", "products"),
    # Winograd's F(2, 3), F(4, 3), F(2, 5); a stride of 2 as F(2, 2) beside F(2, 1).
    [(3, 1, 2, 4), (3, 1, 4, 6), (5, 1, 2, 6), (3, 2, 2, 5)],
)
def test_tilings_save_multiplications(kernel, stride, tile, products):
    assert winograd_tiling(kernel, stride, 1, tile).products == products


@pytest.mark.parametrize(
    ("kernel", "stride", "tile"),
    [way for way in product(range(1, 8), (1, 2, 3), (2, 3, 4)) if way[2] - way[0] // -way[1] < 10],
)
def test_tilings_are_exact(kernel, stride, tile):
    way, random = winograd_tiling(kernel, stride, 1, tile), Random(kernel)
    inputs = {place: random.randint(-99, 99) for place in range(99)}
    taps = [random.randint(-99, 99) for _ in range(kernel)]
    expected = [
        way.scale * sum(w * inputs[out * stride + i] for i, w in enumerate(taps))
        for out in range(tile)
    ]
    seen = [inputs[offset] for offset in way.offsets]
    left = applied(way.inputs, seen, [len(seen)], 0)
    right = applied(way.weights, taps, [kernel], 0)
    products = [a * b for a, b in zip(left, right, strict=True)]
    assert len(products) == way.products
    assert applied(way.outputs, products, [len(products)], 0) == expected


def test_planning_takes_the_quickest_candidate():
    size = cost_model.ConvSize(64, 64, SlidingWindow((56, 56), (Window(3, begin=1, end=1),) * 2))
    chosen = cost_model.best(size)
    assert chosen.plan is not None
    assert chosen.nanoseconds == min(own.nanoseconds for own in cost_model._candidates(size))


def test_a_layer_without_a_kernel_is_left_to_its_layer_type():
    assert kernels.choose(layer_type("gamma")(), Shape(4, (5, 5))) is None


# Why a layer type has no kernel. Whoever adds a layer type decides on one or the other.
WITHOUT_A_KERNEL = {
    "attention": "small in convolutional networks so far",
    "blur": "three by three numbers a place, of maps that are halved",
    "custom": "what it computes is not known",
    "embedding": "a look-up already",
    "glu": "a comprehension already",
    "grn": "rare, and a comprehension a map",
    "gru": "step by step: there is nothing to pack",
    "lstm": "step by step: there is nothing to pack",
    "matmul": "small in convolutional networks so far",
    "min": "rare, and two numbers at a time",
    "reduce": "rare, and one column at a time",
    "rnn": "step by step: there is nothing to pack",
    "scale": "a comprehension a map already",
    "gamma": "one multiplication a number, in a comprehension already",
    "localconv": "no two positions share weights, so that there is nothing to pack",
    "mean": "rare, and two numbers at a time",
    "padmaps": "a list is joined, once",
    "permute": "rare, and a list of indices already",
    "prelu": "a comprehension already",
    "rbf": "only LeNet-5's last layer, of 840 connections",
    "softsign": "rare, and a comprehension already",
    "sub": "rare, and two numbers at a time",
    "subsample": "only LeNet-5's, whose maps are small",
}


def test_each_layer_type_has_a_kernel_or_a_reason():
    assert set(kernels.KERNELS) | set(WITHOUT_A_KERNEL) == set(layer_types())
    assert not set(kernels.KERNELS) & set(WITHOUT_A_KERNEL)
