"""Layers told as graphs of other layers (`Layer.expressed`) compute the same numbers."""

from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import examples

from cnncalc.errors import UnplacedError
from cnncalc.exchange.targets._expressed import steps
from cnncalc.layers import layer_types
from cnncalc.layers._base import Layer
from cnncalc.tensor import Tensor

EXPRESSED = sorted(
    name for name, each in layer_types().items() if each.expressed is not Layer.expressed
)


def test_layers_that_some_frameworks_lack_are_among_them():
    wanted = {"celu", "gamma", "glu", "hswish", "linear", "logsigmoid", "mish", "silu", "sumpool"}
    assert wanted <= set(EXPRESSED)


@pytest.mark.parametrize("name", EXPRESSED)
def test_the_parts_compute_what_the_layer_computes(name):
    """Numbers, shapes, and the parameters: every one is used once, with all of its numbers."""

    @given(examples(layer_types()[name]), st.integers(0, 10**6))
    def check(example, seed):
        layer, shapes = example
        try:
            wanted_shape = layer.output_shape(*shapes)
        except UnplacedError:
            assume(condition=False)
        parts = steps(layer, *shapes)
        random = Random(seed)
        inputs = [
            Tensor(shape, [random.uniform(-3, 3) for _ in range(shape.size)]) for shape in shapes
        ]
        stored = {
            p.name: [random.uniform(-1, 1) for _ in range(p.size)]
            for p in layer.parameters(*shapes)
        }
        assert sorted(own for part in parts for own in part.parameters.values()) == sorted(stored)
        tensors = list(inputs)
        for part in parts:
            read = [tensors[at] for at in part.inputs]
            sizes = {p.name: p.size for p in part.layer.parameters(*(x.shape for x in read))}
            assert sizes == {own: len(stored[of]) for own, of in part.parameters.items()}
            values = {own: stored[of] for own, of in part.parameters.items()}
            tensors.append(part.layer.forward(read, values))
            assert tensors[-1].shape == part.shape
        assert part.shape == wanted_shape
        wanted = layer.forward(inputs, stored).values
        assert tensors[-1].values == pytest.approx(wanted, rel=1e-9, abs=1e-8)

    check()
