"""solve: every answer gives the output, nothing is missing, the usual comes first."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.errors import UnplacedError
from cnncalc.layers.conv import Conv
from cnncalc.layers.conv_transpose import ConvTranspose
from cnncalc.questions.solve import FEW_STRIDES, FILTERS, STRIDES, solve
from cnncalc.questions.solve_params import FilterRequest, filters_with
from cnncalc.shapes import Shape
from cnncalc.window import Window, padding_by_rule, transposed_count


def gives(one, transposed=False):
    """The output of a setting, by the layer types."""
    fields = {
        "filters": 1, "kernel": (one.f,), "stride": (one.s,), "padding": ((one.begin, one.end),),
        "dilation": (one.dilation,),
    }  # fmt: skip
    if transposed:
        layer = ConvTranspose(**fields, output_padding=(one.output_padding,))
    else:
        layer = Conv(**fields)
    return layer.output_shape(Shape(1, (one.w,))).spatial[0]


def short(settings_):
    return [(one.w, one.f, one.s, one.begin, one.end) for one in settings_]


# --- against brute force ------------------------------------------------------------------------


def counted(question, *arguments):
    try:
        return question(*arguments)
    except UnplacedError:
        return None


def paddings(window):
    half = window.extent // 2
    return {(p, q) for p, q in product(range(half + 1), repeat=2) if q in (p, p + 1)}


@given(
    out=st.integers(1, 40), w=st.none() | st.integers(1, 80), f=st.none() | st.integers(1, 9),
    s=st.none() | st.integers(1, 5), d=st.integers(1, 3),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_nothing_is_missing_and_nothing_is_wrong(out, w, f, s, d):
    strides = [s] if s else STRIDES if w else FEW_STRIDES
    truth = set()
    for stride in strides:
        for kernel in [f] if f else {*FILTERS, stride}:
            for begin, end in paddings(Window(kernel, dilation=d)):
                window = Window(kernel, stride, begin, end, d)
                for size in [w] if w else range(1, 40 * 5 + 40):
                    if counted(window.count, size) == out:
                        unread = window.leftover(size)
                        truth.add((size, kernel, stride, begin, end, unread))
    found = solve(out, w=w, f=f, s=s, dilation=d)
    told = [(one.w, one.f, one.s, one.begin, one.end, one.unread) for one in found.settings]
    assert len(told) == len(set(told))
    assert set(told) == truth
    assert all(gives(one) == out == one.gives for one in found.settings[:50])
    assert len(found.exact) + len(found.floored) == len(told)
    assert list(found.exact) == list(found.settings[: len(found.exact)])


@given(
    out=st.integers(1, 40), w=st.none() | st.integers(1, 30), f=st.none() | st.integers(1, 7),
    s=st.none() | st.integers(1, 4), d=st.integers(1, 2), a=st.none() | st.integers(0, 3),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_nothing_transposed_is_missing(out, w, f, s, d, a):
    truth = set()
    for stride in [s] if s else FEW_STRIDES:
        extras = range(max(stride, d)) if a is None else [a]
        for kernel in [f] if f else {*FILTERS, stride}:
            for (begin, end), extra in product(paddings(Window(kernel, dilation=d)), extras):
                window = Window(kernel, stride, begin, end, d)
                for size in [w] if w else range(1, 80):
                    if counted(transposed_count, size, window, extra) == out:
                        truth.add((size, kernel, stride, begin, end, extra))
    found = solve(out, w=w, f=f, s=s, dilation=d, transposed=True, output_padding=a).settings
    told = [(one.w, one.f, one.s, one.begin, one.end, one.output_padding) for one in found]
    assert set(told) == truth
    assert len(told) == len(truth)
    assert all(gives(one, transposed=True) == out for one in found[:50])


@given(out=st.integers(1, 30), w=st.integers(1, 60), f=st.integers(1, 9), s=st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_the_nearest_are_next_to_what_was_wanted(out, w, f, s):
    found = solve(out, w=w, f=f, s=s)
    outputs = {counted(Window(f, s, *sides).count, w) for sides in paddings(Window(f))} - {None}
    if out in outputs:
        assert found.nearest == ()
        return
    assert found.settings == ()
    below = max((o for o in outputs if o < out), default=None)
    above = min((o for o in outputs if o > out), default=None)
    assert [one.gives for one in found.nearest] == [o for o in (below, above) if o is not None]
    assert all(gives(one) == one.gives for one in found.nearest)


@pytest.mark.parametrize("rule", ["same", "half", "valid", "full", "causal"])
@pytest.mark.parametrize("w", [None, 27, 28])
def test_padding_rules(rule, w):
    """The zeros of a rule may depend on the width, which is searched."""
    found = {(one.w, one.begin, one.end) for one in solve(14, w=w, f=4, s=2, p=rule).settings}
    truth = set()
    for size in [w] if w else range(1, 200):
        begin, end = padding_by_rule(rule, size, 4, 2, 1)
        if counted(Window(4, 2, begin, end).count, size) == 14:
            truth.add((size, begin, end))
    assert found == truth


# --- what comes first ---------------------------------------------------------------------------


def test_is_the_input_of_alexnet_224_or_227():
    """55 positions of an 11x11 filter at stride 4: 227 fits; 224 needs P = 2, and rounds."""
    found = solve(55, f=11, s=4)
    assert short(found.exact)[0] == (227, 11, 4, 0, 0)
    assert short(found.floored)[0] == (224, 11, 4, 2, 2)
    assert found.floored[0].unread == 1
    assert (224, 11, 4, 0, 0) not in short(found.settings)


def test_which_padding_keeps_the_size():
    assert short(solve(32, w=32, f=5).settings) == [(32, 5, 1, 2, 2)]
    assert short(solve(32, w=32).settings)[:3] == [
        (32, f, 1, p, p) for f, p in ((3, 1), (5, 2), (7, 3))
    ]


def test_which_setting_halves_the_size():
    found = solve(16, w=32)
    assert short(found.exact)[:2] == [(32, 2, 2, 0, 0), (32, 4, 2, 1, 1)]
    assert short(found.floored)[0] == (32, 3, 2, 1, 1)


def test_patches_as_wide_as_their_stride():
    """A vision transformer's 16x16 patches, though filters are searched up to 11."""
    assert short(solve(14, w=224).exact)[0] == (224, 16, 16, 0, 0)


def test_strides_that_skip_columns_come_last():
    exact = solve(7, w=13).exact
    flags = [one.skipped > 0 for one in exact]
    assert True in flags
    assert flags == sorted(flags)


def test_doubling_transposed():
    found = solve(24, w=12, transposed=True).settings
    told = [(one.f, one.s, one.begin, one.end, one.output_padding) for one in found]
    assert told[:2] == [(2, 2, 0, 0, 0), (4, 2, 1, 1, 0)]
    assert told.index((3, 2, 1, 1, 1)) < told.index((3, 2, 0, 1, 0))


def test_the_output_padding_that_gives_24_and_none_that_gives_25():
    (only,) = solve(24, w=12, f=3, s=2, p=1, transposed=True).settings
    assert only.output_padding == 1
    none = solve(25, w=12, f=3, s=2, p=1, transposed=True)
    assert none.settings == ()
    assert [one.gives for one in none.nearest] == [24]


def test_none_beside_its_nearest():
    assert short(solve(30, w=32, f=3, s=1, p=0).settings) == [(32, 3, 1, 0, 0)]
    none = solve(31, w=32, f=3, s=1, p=[0, 1])
    assert none.settings == ()
    assert [one.gives for one in none.nearest] == [30, 32]


def test_no_padding_comes_first_then_half_then_the_fewest_zeros():
    # 7 wide with stride 1 to 31: each P needs W = 37 - 2P, all odd and so equally usual.
    assert short(solve(31, f=7, s=1).settings)[:4] == [
        (37, 7, 1, 0, 0),
        (31, 7, 1, 3, 3),
        (35, 7, 1, 1, 1),
        (33, 7, 1, 2, 2),
    ]


def test_equal_padding_comes_before_unequal_and_zeros_at_the_end_before_zeros_at_the_beginning():
    # 4 wide with stride 1 to 31: two zeros in all need W = 32, one zero W = 33.
    found = short(solve(31, f=4, s=1, p=[(2, 0), (0, 1), (0, 2), (1, 1)]).settings)
    assert found == [(32, 4, 1, 1, 1), (32, 4, 1, 0, 2), (32, 4, 1, 2, 0), (33, 4, 1, 0, 1)]


def test_lists_pairs_and_words_are_paddings():
    assert short(solve(32, w=32, f=4, s=1, p=(1, 2)).settings) == [(32, 4, 1, 1, 2)]
    assert short(solve(32, w=32, f=4, s=1, p=["same", 0]).settings) == [(32, 4, 1, 1, 2)]
    with pytest.raises(UnplacedError) as caught:
        solve(32, w=32, f=4, s=1, p="samee")
    assert str(caught.value) == "'samee' is not one of same, half, valid, full, causal"


@given(
    st.integers(1, 4000),
    st.none() | st.tuples(st.integers(1, 12)),
    st.none() | st.tuples(st.integers(1, 40)),
    st.none() | st.tuples(st.integers(1, 40)),
    st.booleans(),
)
def test_the_filters_are_all_that_have_the_parameters(params, f, d, k, bias):
    """A layer with those filters counts its own parameters, and no other filters have as many."""

    def count(f, d, k):
        layer = Conv(filters=k, kernel=(f, f), bias=bias)
        return sum(p.size for p in layer.parameters(Shape(d, (f, f))))

    found = filters_with(FilterRequest(params, f, d, k, bias))
    assert all(count(*setting[:3]) == setting.params == params for setting in found.settings)
    assert all(count(*near[:3]) == near.params != params for near in found.nearest)
    small = [
        (side, depth, number)
        for side in f or range(1, 12)
        for depth in d or range(1, 9)
        for number in k or range(1, 9)
        if number * (side * side * depth + bias) == params
    ]
    assert set(small) <= {setting[:3] for setting in found.settings}
