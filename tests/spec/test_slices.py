"""Parts of the channels: `slice 0..c`, `slice -2..`, `chunk 0/4`, in text and mapping form."""

import pytest
from written import layers, shapes, sources

from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.spec.write import text

MORE = "vars: {c: 6}"


def taken(line):
    """The channels of 12 that a line takes; the same once it was written out and read."""
    found = layers(line, input="4x4x12 HWC", more=MORE)
    again = build(read_document(text(found), "expanded"))
    assert [node.layer for node in again.nodes] == [node.layer for node in found.nodes]
    assert (sources(again), shapes(again)) == (sources(found), shapes(found))
    node = found.nodes[-1]
    channels = node.layer.taken(found.nodes[0].shape)
    assert node.shape.channels == len(channels)
    return list(channels)


@pytest.mark.parametrize(
    ("line", "python"),
    [
        ("slice 0..c", slice(0, 6)), ("slice c..", slice(6, None)), ("slice -2..", slice(-2, None)),
        ("slice ..-1", slice(None, -1)), ("slice ..c", slice(None, 6)), ("slice 2 5", slice(2, 5)),
        ("slice (c//2)..(c+1)", slice(3, 7)), ("slice c//2..c+1", slice(3, 7)),
        ("slice -5..-2", slice(-5, -2)), ("slice: c..", slice(6, None)),
        ("slice: {start: -2, stop: end}", slice(-2, None)),
        ("slice start=3 stop=end", slice(3, None)),
        ("slice: {start: 1, stop: c}", slice(1, 6)), ("slice ..", slice(None)),
    ],
)  # fmt: skip
def test_a_slice_takes_what_a_slice_of_python_takes(line, python):
    assert taken(line) == list(range(12))[python]


@pytest.mark.parametrize(
    "line", ["chunk PART/4", "chunk: PART/4", "chunk: {index: PART, parts: 4}"]
)
def test_equal_parts_are_all_the_channels_once(line):
    parts = [taken(line.replace("PART", str(part))) for part in range(4)]
    assert [channel for part in parts for channel in part] == list(range(12))
    assert {len(part) for part in parts} == {3}


def test_the_part_may_be_computed():
    assert taken("chunk (c//3)/4") == [6, 7, 8]
    assert taken("chunk i/(c//3)") == [0, 1, 2, 3, 4, 5]
