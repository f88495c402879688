"""What a file of our own tells of its rows: they come back as they were, and nothing is believed.

The text stands with the last operator of a row. Where the operators are not those of the layer
that it tells, they are what counts.
"""

import re
import warnings
from random import Random

import pytest
from contracts import numbers, of_one_layer
from hypothesis import HealthCheck, given, settings
from onnx_files import field
from strategies import examples

from cnncalc import Tensor, load
from cnncalc.errors import CnncalcError, UnplacedError
from cnncalc.exchange.onnx.read import network_of
from cnncalc.exchange.sources import SourceOptions
from cnncalc.exchange.targets import TargetOptions
from cnncalc.exchange.targets._onnx_layers import WITHOUT
from cnncalc.exchange.targets.onnx import write
from cnncalc.inference.api import forward
from cnncalc.layers import layer_types
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build

TYPES = sorted(set(layer_types()) - set(WITHOUT))


def exported(network, **options):
    return b"".join(write(network, TargetOptions(**options)).content)


def spec(layers, shape="6x6x6"):
    return build(read_document(f"input: {shape}\nlayers: {layers}\n", "net.yaml"))


def rows(network):
    return [(node.name, node.layer, node.inputs, node.shape) for node in network.nodes]


@pytest.mark.parametrize("name", TYPES)
def test_any_setting_comes_back_as_the_same_row(name):
    @given(examples(layer_types()[name]))
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    def attempt(example):
        layer, shapes = example
        try:
            network = of_one_layer(layer, shapes)
            content = exported(network)
        except (CnncalcError, UnplacedError):
            return
        assert rows(network_of(content, "one.onnx")) == rows(network)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        attempt()


@pytest.mark.parametrize("name", TYPES)
def test_its_weights_are_those_of_the_file(tmp_path, name):
    """The forward pass on the file gives what that of the layer gives, in 32-bit floats."""
    path = tmp_path / "one.onnx"

    @given(examples(layer_types()[name]))
    @settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
    def attempt(example):
        layer, shapes = example
        random = Random(1)
        try:
            network = of_one_layer(layer, shapes)
            values = {
                p.name: [abs(value) + 0.1 for value in numbers(random, p.size)]
                for p in layer.parameters(*shapes)
            }
            stored = {f"layer.{parameter}": each for parameter, each in values.items()}
            path.write_bytes(exported(network, numbers=stored.__getitem__))
        except (CnncalcError, UnplacedError):
            return
        inputs = [Tensor(shape, numbers(random, shape.size, layer)) for shape in shapes]
        given = {f"in{place}": x for place, x in enumerate(inputs)}
        wanted = list(layer.forward(inputs, values).values)
        (found,) = forward(load(path), given).outputs
        largest = max(1.0, *map(abs, wanted))
        assert list(found.output.values) == pytest.approx(wanted, abs=1e-5 * largest)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        attempt()


def retold(content, new):
    """The file, its only told row told in other words of the same length."""
    (old,) = re.findall(rb'\{"\w+": \{.*?\}\}', content)
    assert len(new) <= len(old)
    return content.replace(old, new.encode().ljust(len(old)))


GAMMA = "[{gamma: {initial: 0.123456789, name: g}}]"
AS_IT_IS = [("g", "scale", {"factor": "learned", "shift": "none", "per": "channel"})]


def described(network):
    """The rows by the words that the operators say: where training starts is no part of them."""
    return [
        (node.name, node.layer.type,
         {key: value for key, value in node.layer.settings(network.nodes[0].shape).items()
          if key != "initial"})
        for node in network.nodes[1:]
    ]  # fmt: skip


def test_what_is_told_is_read():
    (row,) = network_of(exported(spec(GAMMA)), "g.onnx").nodes[1:]
    assert (row.layer.type, row.layer.initial) == ("gamma", 0.123456789)


@pytest.mark.parametrize(
    "words",
    [
        '{"relu": {"from": ["in"]}}', '{"scale": {"factor": 2.0, "from": ["in"]}}',
        '{"gamma": {"from": ["g"]}}', '{"gamma": {"from": ["in", "in"]}}',
        '{"gamma": {"from": []}}', '{"gamma": {"initial": "1", "from": ["in"]}}',
        '{"gamma": {"initial": NaN, "from": ["in"]}}',
        '{"gamma": {"much": 1, "from": ["in"]}}', '{"gamma": {"from": [["in"]]}}',
        '{"gamma": {"from": 1}}', '{"gamma": {}}', '{"gamma": []}', '{"input": {"from": ["in"]}}',
        '{"no": {"from": ["in"]}}', '{"gamma": {"from": ["in"], "share": []}}', "{}", "[]", "3",
        "", "gamma", "[" * 50, '{"gamma": {"initial": 1e999, "from": ["in"]}}',
        '{"upsample": {"scale": 1e9, "from": ["in"]}}',
    ],
)  # fmt: skip
def test_what_is_told_wrongly_is_not_believed(words):
    assert described(network_of(retold(exported(spec(GAMMA)), words), "g.onnx")) == AS_IT_IS


def test_operators_that_were_changed_are_what_counts():
    """Another program wrote alpha = 0.25 into a local response norm of 5 neighbours."""
    content = exported(spec("[{lrn: {size: 5, alpha: 0.1, divide: false}}]"))
    assert network_of(content, "l.onnx").nodes[1].layer.alpha == 0.1
    old, new = (b"\x0a\x05alpha\x15" + each for each in (b"\x00\x00\x00\x3f", b"\x00\x00\x80\x3e"))
    assert content.count(old) == 1  # 0.5 = 5 times 0.1, as ONNX divides
    layer = network_of(content.replace(old, new), "l.onnx").nodes[1].layer
    assert (layer.alpha, layer.divide) == (0.25, True)


def test_numbers_that_were_changed_are_what_counts():
    content = exported(spec("[{scale: {factor: 0.5, shift: 0.75}}]"))
    half, quarter = b"\x4a\x04\x00\x00\x00\x3f", b"\x4a\x04\x00\x00\x80\x3e"
    assert content.count(half) == 1
    layers = [node.layer for node in network_of(content.replace(half, quarter), "s.onnx").nodes[1:]]
    assert [(each.factor, each.shift) for each in layers] == [(0.25, "none"), ("none", 0.75)]


def test_of_another_producer_nothing_is_read_so():
    content = exported(spec(GAMMA)).replace(b"\x12\x07cnncalc", b"\x12\x07pytorch")
    assert [node.layer.type for node in network_of(content, "g.onnx").nodes[1:]] == ["scale"]


def test_a_network_may_end_within_a_row():
    network = spec("[{scale: {factor: 0.5, shift: 0.75, name: s}}]")
    whole = network_of(exported(network), "s.onnx", SourceOptions(until="s"))
    assert [(node.name, node.layer.shift) for node in whole.nodes[1:]] == [("s", 0.75)]
    part = network_of(exported(network), "s.onnx", SourceOptions(until="s/Mul"))
    assert [(node.name, node.layer.shift) for node in part.nodes[1:]] == [("s", "none")]


def test_a_row_whose_inside_is_read_is_taken_apart():
    """Another program made what lies within a row an output of the model."""
    content = exported(spec("[{scale: {factor: 0.5, shift: 0.75, name: s}}]"))
    output = field(12, field(1, "s/Mul"))
    start = content.index(b"s\x12\x1b\n\x19") - 4  # the first output
    assert content[start] == 12 << 3 | 2
    graph = content.index(b"\x3a")
    length = content[graph + 1] & 127 | content[graph + 2] << 7
    head = bytes([0x3A, (length + len(output)) & 127 | 128, (length + len(output)) >> 7])
    changed = content[:graph] + head + content[graph + 3 : start] + output + content[start:]
    found = network_of(changed, "s.onnx")
    assert [node.name for node in found.nodes] == ["in", "s", "s_2"]
    assert found.outputs == (1, 2)


def test_shared_weights_are_shared_again():
    network = spec("[a: linear 6, gelu, b: linear 6 share=a, c: linear 6]")
    back = network_of(exported(network), "n.onnx")
    assert rows(back) == rows(network)
    assert [node.shared_with for node in back.nodes] == [None, None, None, 1, None]
