"""Random layers and input shapes, drawn from what a layer type says of itself.

The fields' annotations say what may be drawn, the arity how many inputs. So a new layer type is
tested without a word about it here. Where fields must agree with each other or with the
input, `samples/sample_<type>.py` may hold `adjust(draw, shape, fields)`, which returns the
fields made to agree; random ones would mostly be refused. Where few shapes suit a layer type, the
file may hold `suit(draw, shape)`, and `number(random, layer)` where few numbers may enter it.
"""

import sys
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from hypothesis import strategies as st

from cnncalc.layers import _fields as kinds
from cnncalc.shapes import Shape

LARGEST = {0: 0, 1: 7, 2: 5, 3: 3}  # sizes by rank, small enough to run many of them
COUNT = st.sampled_from([1, 1, 2, 2, 3])
NATURAL = st.sampled_from([0, 0, 0, 1, 1, 2])
REAL = st.sampled_from([-1.5, -0.5, 0.25, 0.5, 1.0, 2.0, 2.5])
POSITIVE = st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.0])

# What a field may hold, whatever the layer and its input.
ANYWHERE = {
    NoneType: st.none(),
    kinds.Switch: st.booleans(),
    kinds.Whole: st.integers(-3, 3),
    kinds.Count: COUNT,
    kinds.Natural: NATURAL,
    kinds.OneOrTwo: st.integers(1, 2),
    kinds.Amount: NATURAL,
    kinds.Text: st.just("RoIAlign"),
    kinds.Real: REAL,
    kinds.NonNegative: POSITIVE | st.just(0.0),
    kinds.Positive: POSITIVE,
    kinds.Rate: st.sampled_from([0.0, 0.5, 0.9]),
}
# Fields that seldom fit unless they are small.
BY_NAME = {
    "reverse": st.sampled_from([False, False, True]),
    "groups": st.sampled_from([1, 1, 1, 2, 2, 3]),
    "dilation": st.sampled_from([(1,), (1,), (1,), (2,), (3,)]),
}


def per_axis(values, rank):
    """A value for all axes, or one for each."""
    return st.one_of(*(st.tuples(*[values] * count) for count in {1, max(rank, 1)}))


def with_axes(shape):
    """What a field with a value per axis may hold: windows that mostly fit, little padding."""
    windows = st.integers(1, min(3, min(shape.spatial, default=3) + 1))
    pairs = per_axis(st.tuples(NATURAL, NATURAL), shape.rank)
    rules = st.sampled_from(["half", "same", "valid", "full", "causal"])
    none = st.just(((0, 0),))
    return {
        kinds.PerAxis: per_axis(windows, shape.rank),
        kinds.NaturalPerAxis: per_axis(NATURAL, shape.rank),
        kinds.FactorPerAxis: per_axis(POSITIVE, shape.rank),
        kinds.PaddingPairs: pairs,
        kinds.Padding: none | none | none | pairs | rules,
    }


def values(kind, shape):
    """What a field annotated like this may hold, for a layer with this input."""
    known = ANYWHERE | with_axes(shape)
    if kind in known:
        return known[kind]
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(parts)
    if origin in (Union, UnionType):
        return st.one_of(*(values(part, shape) for part in parts))
    if origin is tuple and parts[1:] == (...,):
        return st.lists(values(parts[0], shape), max_size=3).map(tuple)
    if origin is Annotated and parts[0] not in (bool, int, float):
        return values(parts[0], shape)
    raise LookupError(f"no samples for {kind}: add it to ANYWHERE or with_axes")


def adjuster(layer_type):
    """The type's own `adjust`; pooling windows pad no more than half; others are left alone."""
    module = f"samples.sample_{layer_type.type}"
    if find_spec(module):
        return import_module(module).adjust
    return pad_half_at_most if getattr(layer_type, "pads_half_at_most", False) else leave_alone


def suited(draw, layer_type, shape):
    """The shape, or one that `suit` of the type's own samples makes of it."""
    module = f"samples.sample_{layer_type.type}"
    suit = getattr(import_module(module), "suit", None) if find_spec(module) else None
    return suit(draw, shape) if suit else shape


def leave_alone(draw, shape, fields):
    """The fields as they were drawn: most layer types need no more."""
    return fields


def pad_half_at_most(draw, shape, fields):
    """Padding as PyTorch allows it for pooling, unless it is given by rule."""
    padding, most = fields["padding"], min(fields["kernel"]) // 2
    if not isinstance(padding, str):
        padding = tuple((min(begin, most), min(end, most)) for begin, end in padding)
    return {**fields, "padding": padding}


@st.composite
def layers(draw, layer_type, shape):
    """A layer of this layer type that may well take this shape."""
    namespace = vars(sys.modules[layer_type.__module__])
    chosen = {}
    for field in fields(layer_type):
        kind = eval(field.type, namespace)  # an annotation of our own source
        if field.name == layer_type.expectation:  # no or the right one: others are refused
            size = shape.size if layer_type.type == "fc" else shape.channels
            choices = st.sampled_from([None, size])
        else:
            choices = BY_NAME[field.name] if field.name in BY_NAME else values(kind, shape)
        chosen[field.name] = draw(choices)
    return layer_type(**adjuster(layer_type)(draw, shape, chosen))


@st.composite
def shapes(draw):
    """A vector, a line, a picture or a volume, with few channels."""
    rank = draw(st.sampled_from([2, 2, 2, 2, 1, 1, 3, 3, 3, 0]))
    sizes = [draw(st.integers(1, LARGEST[rank])) for _ in range(rank)]
    return Shape(draw(st.sampled_from([1, 2, 3, 4, 6])), tuple(sizes))


@st.composite
def siblings(draw, layer_type, shape):
    """A shape to be merged with another: most often the same, or a gate, or nearly the same."""
    other = Shape(draw(st.sampled_from([1, 2, 5])), shape.spatial)
    longer = Shape(shape.channels, (*shape.spatial[:-1], 5)) if shape.rank else shape
    gates = [Shape(shape.channels, (1,) * shape.rank), Shape(1, shape.spatial)]
    if layer_type.type == "mul":
        gates.append(Shape(shape.channels))
    return draw(st.sampled_from([shape, shape, shape, shape, shape, *gates, other, longer]))


@st.composite
def examples(draw, layer_type):
    """A layer of this layer type, and a shape for each of its inputs."""
    shape = suited(draw, layer_type, draw(shapes()))
    least, most = layer_type.arity
    count = draw(st.integers(least, least + 1 if most is None else most))
    others = [draw(siblings(layer_type, shape)) for _ in range(count - 1)]
    return draw(layers(layer_type, shape)), (shape, *others)
