"""Figures of a layer take no longer, and no more memory, for a map of a billion numbers."""

import time
import tracemalloc
from fractions import Fraction
from functools import cached_property
from math import gcd

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import layers

from cnncalc.analysis.facts import Facts, facts_of
from cnncalc.errors import UnplacedError
from cnncalc.layers import layer_type, layer_types
from cnncalc.layers._fields import require_groups
from cnncalc.layers.adaptivepool import AdaptivePool, axis_bins
from cnncalc.layers.upsample import HALVES, Upsample, floor_sum, largest_residue, least_residue
from cnncalc.shapes import Shape
from cnncalc.window import Reach

BILLION = 10**9
QUICK = settings(
    max_examples=30, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
SEQUENCES = ("gru", "lstm", "rnn")  # which read nothing else
# Sizes that are multiples of much, and sizes that are multiples of nothing; few and many channels.
LARGE = st.sampled_from([BILLION, BILLION + 7, 2**40, 720720 * 1000, 10**15])
FIGURES = [name for name, kind in vars(Facts).items() if isinstance(kind, cached_property)]
CHANNELS = st.sampled_from([3, 4, 6, BILLION, 10**12 + 39])


def large(shape, channels, size):
    return Shape(channels, (size,) * shape.rank)


@pytest.mark.parametrize("name", sorted(layer_types()))
def test_every_layer_type_on_a_billion(name):
    """Random layers, asked for all their figures and formulas."""
    answered = []

    @QUICK
    @given(st.data(), LARGE, CHANNELS)
    def ask(data, size, channels):
        ranks = [1] if name in SEQUENCES else [2, 2, 1, 3, 0]
        small = Shape(3, (5,) * data.draw(st.sampled_from(ranks)))
        layer = data.draw(layers(layer_type(name), small))
        shapes = (large(small, channels, size),) * max(layer_type(name).arity[0], 1)
        tracemalloc.start()
        begun = time.process_time()
        try:
            facts = facts_of.__wrapped__(layer, shapes)
            for figure in FIGURES:
                getattr(facts, figure)
            answered.append(layer)
        except UnplacedError:
            pass
        finally:
            took, peak = time.process_time() - begun, tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert took < 0.5, f"{took:.1f} s for {layer}"
        assert peak < 2**20, f"{peak} bytes for {layer}"

    ask()
    assert answered or name in ("reshape", "slice"), "every layer was refused"


SIZES = st.integers(1, 40)
FACTORS = st.sampled_from([2.0, 3.0, 0.5, 1.5, 0.75, 1.1, 2.3, 0.3, 1 / 3]) | st.floats(0.2, 4)


@st.composite
def upsamplings(draw):
    mode = draw(st.sampled_from(["nearest", "bilinear"]))
    given_size = draw(st.booleans())
    how = {"size": (draw(SIZES),)} if given_size else {"scale": (draw(FACTORS),)}
    how["rule"] = draw(st.sampled_from([None, "half_pixel", "asymmetric", "align_corners"]))
    if mode == "nearest" and (how["rule"] or draw(st.booleans())):
        how["nearest_mode"] = draw(st.sampled_from(list(HALVES)))
    return Upsample(**how, mode=mode)


@settings(max_examples=300)
@given(upsamplings(), SIZES)
def test_reach_of_an_upsampling_is_the_furthest_that_any_output_reads(layer, size):
    """By the places that the forward pass reads, output by output."""
    shape = Shape(1, (size,))
    try:
        ((reach,),) = layer.reach(shape)
    except UnplacedError:
        assume(False)
    (blends,) = layer._blends(shape)
    offsets = [at - o * reach.step for o, blend in enumerate(blends) for at, _ in blend]
    assert (reach.low, reach.high) == (min(offsets), max(offsets))


def test_reach_of_an_upsampling_by_hand():
    """Two to three, half pixel centres: output 1 lies at 1/2, between 0 and 1."""
    layer = Upsample(size=(3,), mode="bilinear")
    # outputs lie at -1/6, 1/2, 7/6; they read 0 | 0, 1 | 1, at distances from o·2/3 of
    # 0 | -2/3, 1/3 | -1/3
    assert layer.reach(Shape(1, (2,))) == (
        (Reach(Fraction(2, 3), Fraction(-2, 3), Fraction(1, 3)),),
    )


NUMBERS = st.integers(-60, 60)


@settings(max_examples=200)
@given(NUMBERS, NUMBERS, st.integers(1, 50), st.integers(1, 60))
def test_sums_and_residues_are_those_of_the_loop(slope, first, unit, count):
    terms = [slope * x + first for x in range(count)]
    assert floor_sum(count, unit, slope, first) == sum(term // unit for term in terms)
    assert least_residue(slope, first, unit, count) == min(term % unit for term in terms)
    assert largest_residue(slope, first, unit, count) == max(term % unit for term in terms)


@settings(max_examples=200)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 5))
def test_connections_of_adaptive_pooling_are_the_sizes_of_its_windows(size, out, channels):
    layer = AdaptivePool(size=(out,))
    windows = sum(map(len, axis_bins(size, out)))
    assert layer.connections(Shape(channels, (size,))) == channels * windows
    assert layer.connections(Shape(channels, (size, size))) == channels * windows**2


class TestGroups:
    """What groups could be, where they do not divide."""

    @given(st.integers(1, 3000), st.integers(1, 3000))
    def test_divisors_are_those_of_the_loop(self, channels, filters):
        common = gcd(channels, filters)
        fitting = [str(n) for n in range(1, common + 1) if common % n == 0]
        with pytest.raises(UnplacedError) as caught:
            require_groups(channels + 1, channels, filters)
        *others, last = fitting
        listed = f"{', '.join(others)} or {last}" if others else last
        assert caught.value.help.endswith(f" filters: {listed}")
