"""A resized network equals the one that is read anew for that input, or it is None."""

import pytest

from cnncalc import CnncalcError, zoo
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build, reads_sizes, resized

CHANGES = (1, 8, 31, 32, 33)


def rows(network):
    """The nodes; where the input was written plays no part."""
    return [node._replace(span=None) if not node.inputs else node for node in network.nodes]


def other(shape, change):
    return shape._replace(spatial=tuple(size + change for size in shape.spatial))


def written(shape):
    return f"{shape.text('HWC', times='x')} {shape.letters('HWC')}"


@pytest.mark.parametrize("name", zoo.files())
def test_bundled_networks(name):
    path = zoo.files()[name]
    document = read_document(path.read_text(), path.name)
    variant = next(iter(document.variants), None)
    network = build(document, variant)
    inputs = network.inputs
    if reads_sizes(document) or len(inputs) > 1 or not inputs[0].shape.spatial:
        pytest.skip("its layers are read again for every size")
    for change in CHANGES:
        shape = other(inputs[0].shape, change)
        found = resized(network, {inputs[0].name: shape})
        try:
            expected = build(document, variant, {}, written(shape))
        except CnncalcError:
            assert found is None
        else:
            # LeNet's and VGG's first fully connected layer makes another vector of every size.
            assert found is None or rows(found) == rows(expected)


def read(layers, more=""):
    return read_document(f"input: 16x16x2\n{more}layers: [{layers}]\n", "net.yaml")


@pytest.mark.parametrize(
    "layers",
    [
        "conv 4 3x3, flatten, fc 3",  # the vector has another length
        "conv 2 3x3 p1 as a, {conv: 2 3x3 p1, share: a}",
        "gap, {fc: 1, weights: [[1, 2]]}",
        "conv 4 15x15",  # does not fit in 14
    ],
)
def test_where_layers_have_to_be_read_again(layers):
    network = build(read(layers))
    assert resized(network, {"in": other(network.inputs[0].shape, -2)}) is None
    assert resized(build(read("conv 4 14x14")), {"in": other(network.inputs[0].shape, -2)})


@pytest.mark.parametrize(
    ("layers", "more", "reads"),
    [
        ("conv cin 3x3", "", False),
        ("conv win 3x3", "", True),
        ("unit", "blocks: {unit: [deep], deep: [conv hin 1x1]}\n", True),
        ("unit 3", "blocks:\n  unit(c, d=win): [conv c 1x1]\n", True),
        ("conv 3 1x1", "blocks: {unused: [conv hin 1x1]}\n", True),
        ("conv 3", "defaults: {conv: 3x3 s=win}\n", True),
        ("repeat: win, layers: [relu]", "", True),
        ("relu if win > 3", "", True),
        ("add: [relu, conv cin 1x1 d=lin]", "", True),
    ],
)
def test_expressions_that_ask_for_sizes(layers, more, reads):
    document = read(f"{{{layers}}}" if ": " in layers else layers, more)
    assert reads_sizes(document) is reads


@pytest.mark.parametrize("size", ["hin", "here.h", "here.w"])
def test_a_size_in_an_expression_is_read_again(size):
    document = read(f"maxpool 2x2, upsample size=({size}//2)")
    assert reads_sizes(document)
    channels = "cin" if size == "hin" else "here.c"
    assert not reads_sizes(read(f"conv {channels} 3x3"))
