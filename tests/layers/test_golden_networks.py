"""Whole networks of data/forward2, written in the language: values, parameters, buffers, MACs."""

import pytest
from golden import compare, flat, tensor
from golden_networks import SPECS, batches, built, stored
from test_golden_layers import CASES, NETWORKS

from cnncalc.analysis.engine import analyze
from cnncalc.inference.parameters import WeightsFile, gather
from cnncalc.inference.run import forward


def test_every_network_is_written():
    assert SPECS.keys() == NETWORKS


@pytest.mark.parametrize("readable", [False, True], ids=["kernels", "definitions"])
@pytest.mark.parametrize("name", sorted(SPECS))
def test_a_network_gives_what_the_framework_gives(name, readable):
    hold(name, SPECS[name], readable)


@pytest.mark.parametrize("readable", [False, True], ids=["kernels", "definitions"])
def test_a_gate_may_be_a_vector(readable):
    """Fully connected layers give a vector of C numbers where linear ones give a map of 1x1."""
    name = "net_squeeze_excitation_hard"
    hold(name, SPECS[name].replace("linear", "fc"), readable)


def hold(name, spec, readable):
    """The network of the spec gives the case's values, and has its counts."""
    case = CASES[name]
    network = built(spec)
    totals, counts = analyze(network).totals, case["counts"]
    assert (totals.params, totals.buffers, totals.macs) == tuple(
        counts[key] for key in ("params", "buffers", "macs")
    )
    parameters = gather(network, None, WeightsFile(name, stored(case)))
    tolerance = case if readable else case | {"rtol": 1e-5, "atol": 1e-6}
    for sample, expected in zip(batches(case["input"]), case["output"], strict=True):
        ports = zip(network.inputs, sample, strict=True)
        samples = {port.name: tensor(numbers) for port, numbers in ports}
        done = forward(network, samples, parameters, readable=readable, count=readable)
        (output,) = done.outputs
        compare(output.output.values, flat(expected), tolerance)
