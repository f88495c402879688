"""pydantic and the validators built on its core accept and refuse the same values."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from strategies import layers as layers_like
from strategies import shapes

from cnncalc import layers
from cnncalc.layers import layer_types
from cnncalc.spec.core_schema import field_hints, schema_of, validator
from cnncalc.spec.model import SpecModel

VALUES = [
    None, True, False, 0, -1, 1, 2, 1.0, 1.5, -0.5, 1e400, float("nan"), "64", "same", "bilinear",
    "zeros", "X.\nXX", "X.\nX", "", (), (1, 2), (0,), (1.5,), [2, 3], [], [[1, 2], [3, 4]],
    [[1, 2, 3]], ((1, 2), 3), [True], ["a"], {}, {"a": 1}, 10**40, 10**400, 2**53 + 1,
]  # fmt: skip
WRONG = st.sampled_from(VALUES)


@cache
def adapter(kind):
    return TypeAdapter(kind)


def verdict(validate, mapping):
    """What comes of a mapping: a layer, or the kinds of error with their places."""
    try:
        return validate(mapping)
    except ValidationError as error:
        return [(problem["type"], problem["loc"]) for problem in error.errors()]


def same(kind, mapping):
    front = verdict(adapter(kind).validate_python, mapping)
    core = verdict(validator(kind).validate_python, mapping)
    assert core == front or repr(core) == repr(front)  # NaN is not equal to itself
    return core


@st.composite
def mappings(draw, layer_type):
    """Fields of this layer type, most often right, some left out, made wrong, or unknown."""
    layer = draw(layers_like(layer_type, draw(shapes())))
    fields = {name: getattr(layer, name) for name in field_hints(layer_type)}
    for name in list(fields):
        match draw(st.sampled_from("kkkkkklw")):
            case "l":
                del fields[name]
            case "w":
                fields[name] = draw(WRONG)
    if draw(st.integers(0, 9)) == 0:
        fields[draw(st.sampled_from(["kernal", "K", "type", "shape"]))] = draw(WRONG)
    return fields


@pytest.mark.parametrize("name", layer_types())
@settings(max_examples=40)
@given(data=st.data())
def test_layer_types(name, data):
    layer_type = layers.layer_type(name)
    same(layer_type, data.draw(mappings(layer_type)))


@pytest.mark.parametrize("name", layer_types())
def test_every_field_refuses_and_accepts_the_same(name):
    layer_type = layers.layer_type(name)
    for field in field_hints(layer_type):
        for value in VALUES:
            same(layer_type, {field: value})


@pytest.mark.parametrize("name", layer_types())
def test_a_mapping_is_needed(name):
    for value in (None, 3, "conv", [1, 2]):
        same(layers.layer_type(name), value)


TOP = {
    "layers": ["relu"], "cnncalc": 1, "name": "LeNet", "source": ["a", "b"], "year": 1998,
    "input": "32x32x1", "vars": {"width": 1.5}, "defaults": {"conv": "3x3", "fc": None},
    "outputs": ["a"], "variants": {"a": {"vars": {}}, "b": None}, "expect": {"params": 3},
}  # fmt: skip


@given(st.dictionaries(st.sampled_from([*TOP, "colour"]), WRONG, max_size=3))
def test_the_top_level(wrong):
    same(SpecModel, {**TOP, **wrong})


@given(WRONG, st.sampled_from(["vars", "input", "inputs", "expect", "source", "colour"]))
def test_a_variant(value, key):
    same(SpecModel, {**TOP, "variants": {"a": {key: value}}})


def test_a_right_one_is_read():
    assert same(SpecModel, TOP).variants["a"].vars == {}
    conv = layers.layer_type("conv")
    assert same(conv, {"filters": 6, "kernel": 5}) == conv(filters=6, kernel=(5,))


def test_a_kind_of_annotation_that_is_not_used_is_refused():
    with pytest.raises(TypeError, match=r"^no validator for <class 'bytes'>$"):
        schema_of(bytes)
