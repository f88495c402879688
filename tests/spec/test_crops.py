"""Crops to the size of another tensor, around the centre or from a place."""

import pytest
from jsonschema import Draft202012Validator
from written import network, shapes, sources

from cnncalc.spec.document import read_document
from cnncalc.spec.load import build, reads_sizes
from cnncalc.spec.schema import spec_schema
from cnncalc.spec.write import text

SPEC = """
    input: INPUT
    layers:
      - p: conv 4 3x3
      - pad 20
      - CROP
    """


def cut(crop, input="64x64x4"):
    """What goes before and after each axis; the same once the network was written out and read."""
    found = network(SPEC.replace("INPUT", input).replace("CROP", crop))
    again = build(read_document(text(found), "expanded"))
    assert [node.layer for node in again.nodes] == [node.layer for node in found.nodes]
    assert (sources(again), shapes(again)) == (sources(found), shapes(found))
    return found.nodes[-1].layer.sides(found.nodes[-2].shape)


@pytest.mark.parametrize(
    ("crop", "sides"),
    [
        ("crop like=p", (20, 20)),
        ("crop like=p from=19", (19, 21)),
        ("crop like=p begin=19", (19, 21)),
        ("crop: {like: p, begin: 19}", (19, 21)),
        ("crop: like=p from=19", (19, 21)),
        ("crop 62x62 from=19", (19, 21)),
        ("crop like=in", (19, 19)),
    ],
)
def test_a_crop_like_another_tensor(crop, sides):
    assert cut(crop) == [sides, sides]


def test_it_follows_the_size_of_the_input():
    """A 3x3 filter takes 2 from each axis, the padding adds 40."""
    for height, width in ((64, 40), (31, 33)):
        assert cut("crop like=p from=19", f"{height}x{width}x4 HWC") == [(19, 21), (19, 21)]
    document = read_document("input: 8x8x4\nlayers: [crop like=in]\n", "net.yaml")
    assert reads_sizes(document)


def test_from_in_the_mapping_form_is_where_the_layer_starts():
    found = network(SPEC.replace("INPUT", "64x64x4").replace("CROP", "crop: {size: 9, from: p}"))
    assert sources(found)["crop1"] == ["p"]


def test_the_schema_knows_like():
    check = Draft202012Validator(spec_schema())
    spec = {"input": "8x8x4", "layers": [{"crop": {"like": "p", "begin": 19}}]}
    assert check.is_valid(spec)
    assert not check.is_valid({**spec, "layers": [{"pad": {"like": "p"}}]})
