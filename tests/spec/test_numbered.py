"""`numbered:` calls layers 0, 1, 2, ...; `as` and attached names call them as their author likes.

What this is for, weights files of torchvision, is held by zoo/test_state_dicts.py.
"""

import pytest
import written
from written import network

from cnncalc.spec.write import text


def names(spec):
    return written.names(network(spec))


def refused(spec):
    return [
        (d.code, d.message, (d.span.line, d.span.column)) for d in written.error(spec).diagnostics
    ]


LAYERS = "input: 8x8x3\nlayers:\n"


class TestNumbered:
    def test_layers_and_what_is_attached_to_them_are_counted_from_0(self):
        spec = LAYERS + "  - features:\n      numbered: [conv 4 3x3 bn relu, maxpool 2x2, fc 2]\n"
        assert names(spec) == [f"features.{place}" for place in range(5)]
        nodes = network(spec).nodes
        assert [node.attached_to for node in nodes[1:]] == [None, 1, 1, None, None]

    def test_without_the_word_they_have_their_types(self):
        spec = LAYERS + "  - features: [conv 4 3x3 bn relu, maxpool 2x2]\n"
        assert names(spec) == [
            "features.conv1", "features.conv1.bn", "features.conv1.relu", "features.maxpool1",
        ]  # fmt: skip

    def test_a_part_without_a_name_adds_no_level(self):
        assert names(LAYERS + "  - numbered: [relu, tanh]\n") == ["0", "1"]

    def test_a_skipped_layer_takes_no_number(self):
        spec = LAYERS + "  - f: {numbered: [relu, bn if cin == 4, tanh]}\n"
        assert names(spec) == ["f.0", "f.1"]

    def test_a_named_layer_keeps_its_name_and_takes_no_number(self):
        spec = LAYERS + "  - f: {numbered: [relu, conv 4 3x3 bn as c, tanh]}\n"
        assert names(spec) == ["f.0", "f.c", "f.c.bn", "f.1"]

    def test_repeats_and_loops_go_on_counting(self):
        spec = (
            LAYERS
            + """\
  - f:
      numbered:
        - relu x2
        - repeat: 2
          layers: [tanh, relu]
        - for: [c]
          in: [4, 5]
          do: conv c 1x1
"""
        )
        assert names(spec) == [f"f.{place}" for place in range(8)]

    def test_a_block_takes_one_number_and_names_its_own_rows(self):
        spec = """\
input: 8x8x3
blocks:
  one(c): conv c 1x1 relu
  two(c): {numbered: conv c 1x1 relu}
layers:
  - f: {numbered: [relu, one 4, two 4, relu]}
"""
        assert names(spec) == [
            "f.0", "f.1.conv1", "f.1.conv1.relu", "f.2.0", "f.2.1", "f.3",
        ]  # fmt: skip

    def test_the_part_is_known_by_its_name(self):
        net = network(LAYERS + "  - f: {numbered: [conv 4 3x3 relu]}\n  - relu\n  - add f\n")
        assert net.nodes[net.nodes[-1].inputs[1]].name == "f.1"
        assert net.groups["f"].last == 2

    def test_it_is_written_out_with_its_names(self):
        net = network(LAYERS + "  - f: {numbered: [conv 4 3x3 bn relu bn, fc 2]}\n")
        again = network(text(net))
        assert [node.name for node in again.nodes] == [node.name for node in net.nodes]
        assert "attached: [{bn: {name: f.1}}, {relu: {name: f.2}}, {bn: {name: f.3}}]" in text(net)

    def test_numbered_is_a_word_of_the_language(self):
        assert refused(LAYERS + "  - relu as numbered\n") == [
            ("reserved-name", "'numbered' is a reserved word", (3, 13))
        ]


class TestNamesThatAreTypes:
    @pytest.mark.parametrize("name", ["fc", "conv", "maxpool", "add"])
    def test_a_layer_may_be_called_like_a_type(self, name):
        spec = f"{LAYERS}  - conv 3 1x1 as {name}\n  - relu\n  - add {name}\n  - from {name}\n"
        net = network(spec)
        assert [node.name for node in net.nodes[1:]] == [name, "relu1", "add1"]
        assert net.nodes[3].inputs == (2, 1)

    def test_in_mapping_form_too(self):
        spec = LAYERS + "  - conv: {filters: 4, kernel: 1}\n    name: fc\n"
        assert names(spec) == ["fc"]
        assert names(text(network(spec))) == ["fc"]

    @pytest.mark.parametrize("name", ["relu", "bn"])
    def test_not_like_one_that_is_attached(self, name):
        """`add relu` attaches one."""
        ((code, message, place),) = refused(f"{LAYERS}  - conv 3 1x1 as {name}\n")
        assert (code, place) == ("reserved-name", (3, 19))
        assert message == f"'{name}' is the name of a layer type or block"

    def test_nor_like_a_block(self):
        spec = "input: 8x8x3\nblocks: {unit: relu}\nlayers: [conv 3 1x1 as unit]\n"
        ((code, message, place),) = refused(spec)
        assert (code, place) == ("reserved-name", (3, 24))
        assert message == "'unit' is the name of a layer type or block"

    def test_as_a_key_it_is_the_type(self):
        assert names(LAYERS + "  - fc: 10\n") == ["fc1"]


class TestNamesOfAttachedLayers:
    SPEC = LAYERS + "  - conv: {filters: 3, kernel: 1, attached: [{bn: {name: norm}}, relu]}\n"

    def test_one_may_be_named(self):
        assert names(self.SPEC) == ["conv1", "norm", "conv1.relu"]

    def test_and_referred_to(self):
        assert network(self.SPEC + "  - add norm\n").nodes[-1].inputs == (3, 2)

    def test_not_before_it_is_computed(self):
        ((code, message, place),) = refused(
            LAYERS + "  - add norm\n" + self.SPEC.partition("layers:\n")[2]
        )
        assert (code, place) == ("forward-reference", (3, 9))
        assert message == "'norm' is used before it is computed"

    def test_its_name_is_its_own(self):
        ((code, message, place),) = refused(self.SPEC + "  - relu as norm\n")
        assert (code, place) == ("duplicate-name", (4, 13))
        assert message == "the name 'norm' is already used"
