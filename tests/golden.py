"""Golden forward passes: load a case of data/forward, run a layer on it, compare.

A case holds one batch: inputs and outputs are nested lists whose first axis is the batch,
channels first. Layers work on one sample, so a batch is run sample by sample.
"""

import json
from math import isclose, prod
from pathlib import Path

from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

FORWARD = Path(__file__).parent / "data" / "forward"


def load(name):
    """The case of that name, as JSON has it."""
    return json.loads((FORWARD / f"{name}.json").read_text())


def dims(nested):
    """The sizes of nested lists, outermost first."""
    return (len(nested), *dims(nested[0])) if isinstance(nested, list) else ()


def flat(nested):
    """The numbers of nested lists, in C order."""
    return [x for part in nested for x in flat(part)] if isinstance(nested, list) else [nested]


def tensor(sample):
    """One sample of nested lists (C, *spatial) as a Tensor."""
    channels, *spatial = dims(sample)
    return Tensor(Shape(channels, tuple(spatial)), flat(sample))


def samples(case):
    """Per sample of the batch, the list of its input tensors (a case may have several)."""
    inputs = case["input"]
    batches = [inputs[name] for name in sorted(inputs)] if isinstance(inputs, dict) else [inputs]
    return [[tensor(sample) for sample in group] for group in zip(*batches, strict=True)]


def parameters(case):
    """The weights by parameter name, flat; those the case leaves out (null) are left out."""
    return {name: flat(w) for name, w in case["weights"].items() if w is not None}


def check(layer, case):
    """Run the layer on every sample and compare shape and values with the case's output."""
    given = parameters(case)
    for inputs, expected in zip(samples(case), case["output"], strict=True):
        shapes = [x.shape for x in inputs]
        declared = {p.name: p.size for p in layer.parameters(*shapes)}
        assert {name: len(values) for name, values in given.items()} == declared
        actual = layer.forward(inputs, given)
        assert actual.shape == layer.output_shape(*shapes) == tensor(expected).shape
        compare(actual.values, flat(expected), case)


def compare(actual, expected, case):
    """Equal to the case's own tolerance, number by number."""
    assert len(actual) == len(expected) == prod(dims(expected))
    for index, (ours, theirs) in enumerate(zip(actual, expected, strict=True)):
        close = isclose(ours, theirs, rel_tol=case["rtol"], abs_tol=case["atol"])
        assert close, f"{case['name']}[{index}]: {ours} is not {theirs}"
