"""The estimate ahead of a pass, held to passes; tests/bench/bench_estimate.py does it for more."""

import time

import pytest

from cnncalc import load
from cnncalc.inference import estimate, run
from cnncalc.inference.estimate import ahead
from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.parameters import gather
from cnncalc.inference.samples import sample


@pytest.fixture
def reference(monkeypatch):
    """The machine of the rates."""
    monkeypatch.setattr(estimate, "slowness", lambda: 1.0)


@pytest.mark.parametrize("name", ["dscnn", "mobilenet_v1_0.25_128", "resnet-cifar", "srcnn"])
def test_the_estimate_is_of_the_size_of_the_pass(name, monkeypatch):
    """Within a factor of 1.5 where nothing else runs; here of 3, by the clock of the processor."""
    monkeypatch.setattr(estimate, "perf_counter", time.process_time)
    network = load(name)
    parameters = gather(network, InitialWeights())
    entering = {node.name: sample("random", node) for node in network.inputs}
    ratios = []
    for _ in range(3):
        before = estimate.slowness()
        start = time.process_time()
        run.forward(network, entering, parameters)
        passed = time.process_time() - start
        slowness = (before + estimate.slowness()) / 2
        monkeypatch.setattr(estimate, "LONG", 1e9)  # the machine's speed was measured already
        ratios.append(passed / slowness / ahead(network).seconds)
    assert 1 / 3 < sorted(ratios)[1] < 3


@pytest.mark.usefixtures("reference")
def test_kinds_of_work_differ():
    """A multiply-add of a wide 1x1 convolution is the quickest, one that is counted the slowest."""

    def each(name, **how):
        network = load(name)
        return ahead(network, **how).seconds / ahead(network).macs

    assert each("nin") < each("mobilenet_v2") < each("mobilenet_v3_small")
    assert each("dscnn") < each("dscnn", readable=True) < each("dscnn", count=True)
    assert each("alexnet", drawn=False) < 0.6 * each("alexnet")  # 61 million weights to draw


def test_a_slower_machine_is_told_a_longer_time(monkeypatch):
    """Where it matters: a pass of milliseconds is not worth a measurement."""
    monkeypatch.setattr(estimate, "slowness", lambda: 2.0)
    slow = [ahead(load(name)).seconds for name in ("nin", "lenet5")]
    monkeypatch.setattr(estimate, "slowness", lambda: 1.0)
    quick = [ahead(load(name)).seconds for name in ("nin", "lenet5")]
    assert slow == [pytest.approx(2 * quick[0]), quick[1]]


def test_the_speed_of_this_machine_is_found_in_milliseconds():
    start = time.process_time()
    assert 0.05 < estimate.slowness() < 50
    assert time.process_time() - start < 0.5


@pytest.mark.usefixtures("reference")
def test_memory_is_of_what_is_alive_at_once():
    """The most of LeNet-5 is its first fully connected layer.

    400 numbers in and 120 out, of 32 bytes, and 400·120 + 120 parameters of 8. When all rows are
    kept, their numbers are there too.
    """
    network = load("lenet5")
    assert ahead(network).memory == 520 * 32 + 48_120 * 8
    everything = {node.name for node in network.nodes}
    numbers = sum(node.shape.size for node in network.nodes)
    assert ahead(network, keep=everything).memory >= numbers * 32
