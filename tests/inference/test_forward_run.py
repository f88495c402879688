"""The runner: golden networks value by value, every layer type, and layer types that lie."""

import gc
import weakref
from dataclasses import dataclass
from typing import ClassVar, final

import pytest
from golden import compare
from hypothesis import HealthCheck, given, reject, settings
from nets import GOLDEN, golden, network_of, ramp, run_values, sample_for
from strategies import examples

from cnncalc.errors import CnncalcError, UnplacedError
from cnncalc.inference import run as runner
from cnncalc.inference.counting import run_counted
from cnncalc.inference.parameters import Parameters, gather
from cnncalc.inference.run import forward, inference
from cnncalc.inference.statistics import describe
from cnncalc.layers import layer_type, layer_types
from cnncalc.layers._base import Layer
from cnncalc.network import Network, chain
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor


@pytest.mark.parametrize("name", GOLDEN)
def test_every_value_of_a_golden_network(name):
    network, sample, parameters, outputs, case = golden(name)
    done = forward(network, {"input": sample}, parameters, readable=True, count=True, keep="all")
    for row, expected in outputs.items():
        compare(list(done.tensor(row).values), expected_like(expected, done, row), case)
    counted = [row for row in done.rows if row.multiplications is not None]
    assert sum(row.multiplications for row in counted) == sum(
        row.node.layer.macs(*network.shapes_into(row.node)) for row in done.rows if row.node.inputs
    )
    assert not any(row.fast for row in done.rows)


def expected_like(expected, done, row):
    assert len(expected) == done.tensor(row).shape.size
    return expected


@pytest.mark.parametrize("name", GOLDEN)
def test_the_usual_path_agrees_with_the_golden_networks(name):
    network, sample, parameters, outputs, _ = golden(name)
    done = forward(network, {"input": sample}, parameters, keep="all")
    for row, expected in outputs.items():
        largest = max(map(abs, expected))
        assert list(done.tensor(row).values) == pytest.approx(expected, abs=2e-5 * largest)


@pytest.mark.parametrize("name", sorted({*layer_types()} - {"custom"}))
def test_every_layer_type_runs_and_is_counted(name):
    checked = 0

    @settings(
        max_examples=12, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(examples(layer_type(name)))
    def run(example):
        nonlocal checked
        layer, shapes = example
        try:
            network = network_of(layer, shapes=shapes)
        except UnplacedError:
            reject()
        samples = {node.name: sample_for(layer, node.shape) for node in network.inputs}
        done, parameters = run_values(network, samples, count=True)
        row = done.rows[-1]
        values = parameters.of(network, row.node)
        assert list(row.output.values) == layer.forward(list(samples.values()), values).values
        assert (row.multiplications is None) == (layer.work != "counted")
        checked += 1

    run()
    assert checked


@final
@dataclass(frozen=True)
class Liar(Layer):
    """Says it keeps its input's shape and does a multiplication per number."""

    work: ClassVar = "counted"
    claims: int
    drops: bool = False

    def output_shape(self, *inputs):
        return inputs[0]

    def parameters(self, *inputs):
        from cnncalc.layers._base import Parameter

        return (Parameter("weight", (inputs[0].size,)),)

    def connections(self, *inputs):
        return inputs[0].size

    def macs(self, *inputs):
        return self.claims

    def forward(self, inputs, parameters):
        pairs = zip(inputs[0].values, parameters["weight"], strict=True)
        values = [x * w for x, w in pairs]
        return Tensor(inputs[0].shape, values[:-1] if self.drops else values)


def test_a_wrong_number_of_macs_is_an_error_and_the_right_one_is_not():
    shape = Shape(3)
    right, wrong = (chain("net", shape, [("row", Liar(claims=n))]) for n in (3, 4))
    forward(right, {"in": ramp(shape)}, gather(right))
    with pytest.raises(
        CnncalcError,
        match=r"^wrong-macs: row: 4 MACs were predicted, but 3 multiplications were performed$",
    ):
        forward(wrong, {"in": ramp(shape)}, gather(wrong))


def test_a_wrong_shape_is_an_error():
    net = chain("net", Shape(3), [("row", Liar(claims=3, drops=True))])
    message = r"^wrong-shape: row: 3 was predicted, but 2 numbers as 3 came out$"
    with pytest.raises(CnncalcError, match=message):
        forward(net, {"in": ramp(Shape(3))}, gather(net))


def test_large_layers_are_counted_only_when_asked(monkeypatch):
    monkeypatch.setattr(runner, "COUNTED_ANYWAY", 3)
    net = chain("net", Shape(2), [("fc", layer_type("fc")(units=2))])
    sample = {"in": ramp(Shape(2))}
    assert forward(net, sample, gather(net), readable=True).rows[-1].multiplications is None
    assert forward(net, sample, gather(net), count=True).rows[-1].multiplications == 4


def test_counting_changes_no_bit():
    layer = layer_type("conv")(filters=3, kernel=(3,), padding=((1, 1),))
    net = network_of(layer, shapes=[Shape(2, (5, 4))])
    values = gather(net).of(net, net.nodes[-1])
    x = ramp(Shape(2, (5, 4)))
    counted, done = run_counted(layer, [x], values)
    assert counted.values == layer.forward([x], values).values
    assert done == 3 * 2 * 9 * 20
    assert {type(value) for value in counted.values} == {float}


class Watched(list):
    """A list that can be watched being dropped."""


@pytest.fixture
def young():
    """Let the collector look only at what the test makes: all else there is takes it long."""
    gc.freeze()
    yield
    gc.unfreeze()


def test_tensors_are_dropped_after_their_last_use(monkeypatch, young):
    alive = weakref.WeakSet()
    most = []

    def describe_and_count(values):
        gc.collect()
        alive.add(values)
        most.append(len(alive))
        return describe(values)

    class Relu(Layer):
        def output_shape(self, *inputs):
            return inputs[0]

        def forward(self, inputs, parameters):
            return Tensor(inputs[0].shape, Watched(inputs[0].values))

    Watched.__hash__ = object.__hash__
    monkeypatch.setattr(runner, "describe", describe_and_count)
    net = chain("net", Shape(4), [(f"r{i}", Relu()) for i in range(6)])
    forward(net, {"in": Tensor(Shape(4), Watched([1.0] * 4))}, Parameters(), readable=True)
    assert max(most) <= 3
    most.clear()
    forward(
        net, {"in": Tensor(Shape(4), Watched([1.0] * 4))}, Parameters(), readable=True, keep="all"
    )
    assert max(most) == 7


def test_samples_must_fit_the_inputs():
    net = chain("net", Shape(4), [("relu", layer_type("relu")())])
    with pytest.raises(
        CnncalcError, match=r"^sample-size: the sample has 3 numbers as 3, but the input 'in' is 4$"
    ):
        forward(net, {"in": ramp(Shape(3))}, Parameters())
    with pytest.raises(CnncalcError, match=r"^no-sample: there is no sample for the input 'in'$"):
        forward(net, {}, Parameters())


def test_missing_parameters_are_named():
    net = chain("net", Shape(4), [("fc1", layer_type("fc")(units=2))])
    message = r"^weights-mismatch: there are no values for fc1\.weight$"
    with pytest.raises(CnncalcError, match=message):
        forward(net, {"in": ramp(Shape(4))}, Parameters())


def test_rows_of_training_do_not_run():
    net = chain("net", Shape(4), [("main", layer_type("relu")()), ("aux", layer_type("tanh")())])
    *rest, aux = net.nodes
    net = Network(name="net", nodes=(*rest, aux._replace(train_only=True)), outputs=(1, 2))
    done = forward(net, {"in": ramp(Shape(4))}, Parameters())
    assert [row.node.name for row in done.rows] == ["in", "main"]
    assert [row.node.name for row in done.outputs] == ["main"]
    assert len(inference(net)) == 2


def test_shared_weights_are_the_same_weights():
    net = chain(
        "net", Shape(3), [("one", layer_type("fc")(units=3)), ("two", layer_type("fc")(units=3))]
    )
    start, one, two = net.nodes
    net = Network(name="net", nodes=(start, one, two._replace(shared_with=1)), outputs=(2,))
    parameters = gather(net)
    assert parameters.of(net, net.nodes[1]) == parameters.of(net, net.nodes[2])
    assert set(parameters.stored) == {"one.weight", "one.bias"}


def test_watchers_hear_of_every_row():
    net = chain("net", Shape(4), [("relu", layer_type("relu")()), ("tanh", layer_type("tanh")())])
    heard = []
    forward(net, {"in": ramp(Shape(4))}, Parameters(), watch=lambda node: heard.append(node.name))
    assert heard == ["in", "relu", "tanh"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 2.0, 0.0, -3.0], (4, -3.0, 0.0, 2.0, 1, 0)),
        ([float("inf"), 1.0, -0.0], (3, -0.0, 0.5, 1.0, 1, 1)),
        ([float("nan")], (1, None, None, None, 0, 1)),
        ([1e308, 1e308], (2, 1e308, 1e308, 1e308, 0, 0)),
    ],
)
def test_statistics(values, expected):
    assert tuple(describe(values)) == expected
