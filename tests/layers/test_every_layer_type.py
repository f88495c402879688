"""Every layer type of the folder keeps its word: random layers, held to their own forward pass."""

from collections import Counter
from dataclasses import asdict, fields

import pytest
from harness import check_layer
from hypothesis import HealthCheck, given, reject, settings
from pydantic import TypeAdapter, ValidationError
from strategies import examples

from cnncalc.errors import UnplacedError
from cnncalc.layers import ALIASES, layer_type, layer_types
from cnncalc.layers._base import Layer

LAYER_TYPES = sorted(layer_types())
COMPUTED = [name for name in LAYER_TYPES if not layer_type(name).stated]  # `custom` cannot be run
QUICK = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def check_refusal(problem, layer):
    """It says what is wrong, and points at a field that the layer has."""
    assert problem.code
    assert problem.message
    assert problem.field in {None, *(field.name for field in fields(layer))}


@pytest.mark.parametrize("name", COMPUTED)
def test_formulas_agree_with_the_forward_pass(name):
    outcomes = Counter()

    @QUICK
    @given(examples(layer_type(name)))
    def agree(example):
        layer, shapes = example
        try:
            tally = check_layer(layer, *shapes)
        except UnplacedError as problem:
            outcomes["refused"] += 1
            check_refusal(problem, layer)
            reject()
        else:
            outcomes["checked"] += 1
            outcomes["worked"] += bool(tally.multiplications or tally.others)

    agree()
    assert outcomes["refused"] <= outcomes["checked"]
    if layer_type(name).work == "uncounted":
        assert outcomes["worked"], "nothing is computed here: the work is 'none'"


@pytest.mark.parametrize("name", LAYER_TYPES)
def test_pydantic_reads_the_fields_and_refuses_others(name):
    adapter = TypeAdapter(layer_type(name))
    assert adapter.json_schema()["additionalProperties"] is False

    @settings(QUICK, max_examples=5)
    @given(examples(layer_type(name)))
    def read_back(example):
        layer, _ = example
        assert adapter.validate_python(asdict(layer)) == layer
        with pytest.raises(ValidationError, match="no_such_field"):
            adapter.validate_python({**asdict(layer), "no_such_field": 1})

    read_back()


@pytest.mark.parametrize("name", LAYER_TYPES)
def test_no_field_hides_what_every_layer_has(name):
    assert not {field.name for field in fields(layer_type(name))} & set(dir(Layer))


@pytest.mark.parametrize("name", LAYER_TYPES)
def test_words_stand_for_fields_that_exist(name):
    layer = layer_type(name)
    known = {field.name for field in fields(layer)}
    meant = [*layer.positional, *layer.letters.values(), *layer.other_names.values()]
    meant += [field for field, _ in layer.words.values()]
    meant += [layer.sized] if layer.sized else []
    assert set(meant) <= known


@pytest.mark.parametrize("name", LAYER_TYPES)
def test_a_layer_type_is_final_frozen_and_documented(name):
    layer = layer_type(name)
    module = __import__(layer.__module__, fromlist=["*"])
    assert layer.__final__
    assert layer.__dataclass_params__.frozen
    assert ">>> " in layer.__doc__
    assert module.__doc__


@pytest.mark.parametrize("name", sorted(layer_types()))
def test_a_file_holds_one_layer_type(name):
    module = __import__(f"cnncalc.layers.{name}", fromlist=["*"])
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Layer)
        and value.__module__ == module.__name__
    ]
    assert own == [layer_type(name)]


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_an_alias_is_another_word_for_a_layer_type(alias, name):
    assert alias not in layer_types()
    assert layer_type(alias) is layer_types()[name]


def test_an_unknown_word_names_no_layer_type():
    assert layer_type("conv").type == "conv"
    with pytest.raises(KeyError, match=r"^'convv'$"):
        layer_type("convv")
