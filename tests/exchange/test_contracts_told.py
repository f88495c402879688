"""The README tells what was measured of each layer type in each framework (see record.py)."""

import re
from importlib import import_module

import pytest
from record import README, SELDOM, TARGETS, in_readme, recorded, table, words_of

from cnncalc.errors import CnncalcError
from cnncalc.exchange import targets
from cnncalc.layers import layer_types
from cnncalc.layers._base import Layer
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build


def section(target):
    """The rows of a target's own table in the README: layer types, and what is said of them."""
    text = README.read_text(encoding="utf-8").partition(f"\n### {TARGETS[target]}\n")[2]
    rows = re.findall(r"^\| (`.+?) \| (.+) \|$", text.partition("\n##")[0], re.MULTILINE)
    return {name: said for names, said in rows for name in re.findall(r"`(\w+)`", names)}


def test_the_table_is_made_of_the_record():
    """`python tests/exchange/record.py` makes it so."""
    assert in_readme() == table()


@pytest.mark.parametrize("target", TARGETS)
def test_every_layer_type_is_recorded(target):
    assert set(recorded(target)) == set(layer_types())


@pytest.mark.parametrize("target", TARGETS)
def test_types_without_a_counterpart_are_those_that_the_target_names(target):
    module = import_module(f"cnncalc.exchange.targets._{target}_layers")
    none = {name: set(each.refused) for name, each in recorded(target).items() if not each.written}
    assert none == {name: {why} for name, why in module.WITHOUT.items()}
    told = {name: said for name, said in section(target).items() if said.startswith("none: ")}
    assert told == {name: f"none: {why}" for name, why in module.WITHOUT.items()}


@pytest.mark.parametrize("target", TARGETS)
def test_each_refusal_is_told_in_the_table_of_its_target(target):
    words = words_of(target)
    assert set(section(target)) == {name for name, word in words.items() if word != "equal"}


@pytest.mark.parametrize("target", TARGETS)
def test_what_other_layers_compute_has_a_counterpart(target):
    """Layer types that are told as others, which every framework has."""
    words = words_of(target)
    told = {name for name, each in layer_types().items() if each.expressed is not Layer.expressed}
    assert told
    assert not [name for name in told if words[name] == "none"]


@pytest.mark.parametrize(("target", "name"), SELDOM)
def test_settings_that_are_seldom_drawn_are_refused(target, name):
    network = build(read_document(SELDOM[target, name], "net.yaml"))
    assert network.nodes[-1].layer.type == name
    with pytest.raises(CnncalcError) as caught:
        targets.write(network, target)
    assert caught.value.diagnostics[0].code == "no-counterpart"
    assert not recorded(target)[name].refused
