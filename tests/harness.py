"""The harness that every layer type must pass: its formulas against its own forward pass.

`check_layer` runs a layer once on probes (see probe.py) and holds what happened against what
the layer says of itself: shape, MACs, connections, reach, parameters, explanation.
"""

from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from operator import or_
from random import Random

from arithmetic import evaluate
from probe import Probe, Tally

from cnncalc.layers.conv_transpose import ConvTranspose
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor, offset, positions


@dataclass
class Run:
    """One forward pass on probes: what came out, what it cost, which bits stand for what."""

    out: Tensor
    tally: Tally
    inputs: list[range]  # per input, the bits of its numbers
    parameters: dict[str, range]  # per parameter, likewise


def check_layer(layer, *shapes):
    """Hold a layer to its own forward pass; returns the tally of the work it did.

    Raises UnplacedError where the layer refuses the shapes, AssertionError where it contradicts
    itself.
    """
    expected = layer.output_shape(*shapes)
    run = run_on_probes(layer, *shapes)
    check_shape(run, expected)
    check_work(layer, run, *shapes)
    check_connections(layer, run, *shapes)
    for index, (shape, axes) in enumerate(zip(shapes, layer.reach(*shapes), strict=True)):
        check_reach(layer, run, index, shape, axes)
    check_fit(layer, run, *shapes)
    check_reads(layer, run, *shapes)
    check_parameters(layer, run, *shapes)
    check_explanation(layer, *shapes)
    return run.tally


def run_on_probes(layer, *shapes, seed=1998):
    """The forward pass, every number of every input and parameter with a bit of its own."""
    random, tally, next_bit = Random(seed), Tally(), 0

    def probes(count, number):
        nonlocal next_bit
        bits = range(next_bit, next_bit + count)
        next_bit += count
        return bits, [Probe(number(), 1 << bit, tally) for bit in bits]

    inputs = [probes(shape.size, lambda: input_number(random, layer)) for shape in shapes]
    declared = layer.parameters(*shapes)
    # Statistics are variances among others, and a variance is not negative.
    lows = {p.name: 0.5 if p.role == "statistic" else -1.0 for p in declared}
    parameters = {
        p.name: probes(p.size, lambda low=lows[p.name]: random.uniform(low, 1.5)) for p in declared
    }
    assert len(parameters) == len(declared), "two parameters have one name"
    out = layer.forward(
        [Tensor(shape, values) for shape, (_, values) in zip(shapes, inputs, strict=True)],
        {name: values for name, (_, values) in parameters.items()},
    )
    return Run(
        out, tally, [bits for bits, _ in inputs], {name: b for name, (b, _) in parameters.items()}
    )


def input_number(random, layer):
    """A number that may enter a layer; `samples/sample_<type>.py` may draw its own kind."""
    module = f"samples.sample_{layer.type}"
    own = getattr(import_module(module), "number", None) if find_spec(module) else None
    return own(random, layer) if own else random.uniform(-2.0, 2.0)


def check_shape(run, expected):
    """What comes out has the shape that was promised, and as many numbers as that shape."""
    assert isinstance(expected, Shape)
    assert all(size > 0 for size in expected.view("CHW"))
    assert run.out.shape == expected, f"{run.out.shape} came out instead of {expected}"
    assert len(run.out.values) == expected.size, f"{len(run.out.values)} numbers in {expected}"


def check_work(layer, run, *shapes):
    """The MACs are the multiplications, or 0 with a label that says why."""
    macs, done = layer.macs(*shapes), run.tally.multiplications
    if layer.work == "counted":
        assert macs == done > 0, f"{macs} MACs, but {done} multiplications"
        return
    assert macs == 0, f"{macs} MACs, but its work is '{layer.work}'"
    if layer.work == "none":
        assert done == 0, "the layer multiplies, but its work is 'none'"


def check_connections(layer, run, *shapes):
    """As many links from inputs to outputs as claimed; fewer only at a padded or ragged edge."""
    claimed = layer.connections(*shapes)
    if claimed == 0:
        assert layer.work != "counted", "work is counted, but there are no connections"
        return
    links = sum((seen & mask(bits)).bit_count() for seen in memory(run) for bits in run.inputs)
    if overhangs(layer, *shapes) or pads(layer):
        assert links <= claimed, f"{claimed} connections, but {links} links"
    else:
        assert links == claimed, f"{claimed} connections, but {links} links"


def check_reach(layer, run, index, shape, axes):
    """What each output has seen of an input lies within its reach, and fills it somewhere."""
    bits = run.inputs[index]
    seen = [(value & mask(bits)) >> bits.start for value in memory(run)]
    if axes is None:
        assert set(shape.spatial) <= {1}  # a vector has no axes
        assert set(run.out.shape.spatial) != {1}
        assert any(seen), "the gate reaches no output"
        return
    assert len(axes) == shape.rank
    if run.out.shape.rank != shape.rank:
        assert all(reach.step == 0 for reach in axes), "a place means nothing on another axis"
    for axis, reach in enumerate(axes):
        check_axis(layer, reach, shape, axis, by_place(run.out.shape, seen, shape.rank, axis))


def check_axis(layer, reach, shape, axis, seen_at):
    """One axis: `seen_at` is what the outputs at each place of it have seen."""
    size = shape.spatial[axis]
    planes = [mask_of_place(shape, axis, place) for place in range(size)]
    lows, highs, wanted = [], [], []
    for place, seen in seen_at.items():
        low, high = reach.step * place + reach.low, reach.step * place + reach.high
        box = [p for p, plane in enumerate(planes) if seen & plane]
        inside = low >= 0 and high <= size - 1
        if not box or (wraps(layer) and not inside):
            continue
        assert low <= box[0] <= box[-1] <= high, f"output {place} read {box}, not {low}..{high}"
        lows.append(box[0] == low)
        highs.append(box[-1] == high)
        wanted.append(inside)
    if any(wanted):
        assert any(lows), f"no output reads as far down as {reach}"
        assert any(highs), f"no output reads as far up as {reach}"


def check_fit(layer, run, *shapes):
    """As many columns go unread as the layer says; more only between windows and taps."""
    told, seen = layer.fit(*shapes), reduce(or_, memory(run), 0)
    if not told or isinstance(layer, ConvTranspose):
        return  # nothing slides; the padding of a transposed convolution cuts its output
    if not seen & mask(run.inputs[0]):
        return  # the windows see nothing but padding on another axis
    (shape,) = shapes
    axes = zip(told, layer.windows(shape), shape.spatial, strict=True)
    for axis, (unused, window, size) in enumerate(axes):
        planes = [mask_of_place(shape, axis, place) for place in range(size)]
        unread = [place for place in range(size) if not planes[place] & seen >> run.inputs[0].start]
        skips = window.dilation > 1 or window.stride > window.kernel
        assert unused <= len(unread), f"{unused} columns unused, but only {unread} are unread"
        assert skips or unused == len(unread), f"{unused} columns unused, but {unread} are unread"


def check_reads(layer, run, *shapes):
    """Every neuron has read only what the layer says; all of that, where numbers are computed.

    Layers that move numbers may name more: where a number came from is found by moving it.
    """
    if wraps(layer):  # what is beyond the edge is read from elsewhere, which `reads` leaves out
        return
    computes = layer.work != "none" or layer.connections(*shapes)
    neurons = product(*map(range, run.out.shape.view("CHW")))
    for neuron, seen in zip(neurons, memory(run), strict=True):
        said = 0
        for axes, shape, bits in zip(layer.reads(neuron, *shapes), shapes, run.inputs, strict=True):
            for place in product(*axes):
                said |= 1 << bits.start + offset(place, shape.view("CHW"))
        inputs = reduce(or_, map(mask, run.inputs))
        assert not seen & inputs & ~said, f"{neuron} reads more than the layer says"
        if computes:
            assert seen & inputs == said, f"{neuron} reads less than the layer says"


def check_parameters(layer, run, *shapes):
    """Every stored number reaches the output, unless its windows may miss the map.

    What a number does may hang on the sign of an input, so several samples are tried.
    """
    if overhangs(layer, *shapes) or pads(layer):
        return
    stored = reduce(or_, map(mask, run.parameters.values()), 0)
    reached = reduce(or_, memory(run), 0)
    for seed in range(20):
        if reached & stored == stored:
            break
        reached = reduce(or_, memory(run_on_probes(layer, *shapes, seed=seed)), reached)
    for name, bits in run.parameters.items():
        unused = mask(bits) & ~reached
        assert not unused, f"{unused.bit_count()} numbers of {name} never reach the output"


def check_explanation(layer, *shapes):
    """Every step's numbers give its value, its value is the figure, no figure is left out."""
    steps = layer.explain(*shapes)
    true = figures(layer, *shapes)
    told = [step.field for step in steps]
    assert len(told) == len(set(told)), f"told twice: {told}"
    for step in steps:
        assert step.label
        assert step.formula
        assert evaluate(step.numbers) == step.value, f"{step.numbers} is not {step.value}"
        assert true[step.field] == step.value, f"{step.field} is {true[step.field]}: {step}"
    if true["connections_with_bias"] == true["connections"]:
        del true["connections_with_bias"]
    untold = {name for name, value in true.items() if value and not name.startswith("out.")}
    assert untold <= set(told), f"not explained: {untold - set(told)}"


def figures(layer, *shapes):
    """What the layer's parameters, shape and counts say, by the names of the report."""
    out = layer.output_shape(*shapes)
    sizes = dict.fromkeys(("learned", "fixed", "statistic"), 0)
    biases = 0
    for parameter in layer.parameters(*shapes):
        sizes[parameter.role] += parameter.size
        biases += parameter.size if "bias" in parameter.name else 0
    connections = layer.connections(*shapes)
    return {
        **{f"out.{letter}": size for letter, size in out.by_letter.items()},
        "neurons": out.size,
        "weights": sizes["learned"] - biases,
        "biases": biases,
        "params": sizes["learned"],
        "buffers": sizes["statistic"],
        "fixed": sizes["fixed"],
        "connections": connections,
        "connections_with_bias": connections + (out.size if biases and connections else 0),
        "macs": layer.macs(*shapes),
    }


def memory(run):
    """What each output number depends on; a plain number (a constant border) on nothing."""
    return [value.seen if isinstance(value, Probe) else 0 for value in run.out.values]


def mask(bits):
    """The int in which just these bits are set."""
    return ((1 << len(bits)) - 1) << bits.start


def mask_of_place(shape, axis, place):
    """The bits of the numbers that lie at one place of one axis."""
    inside = [position[axis] == place for position in positions(shape.spatial)]
    flags = inside * shape.channels
    return sum(1 << bit for bit, flag in enumerate(flags) if flag)


def by_place(out, seen, rank, axis):
    """What the outputs at each place of an axis have seen together.

    Where the axes of the input are gone (fully connected), all outputs stand at place 0.
    """
    together = {}
    places = list(positions(out.spatial)) * out.channels
    for position, bits in zip(places, seen, strict=True):
        place = position[axis] if out.rank == rank else 0
        together[place] = together.get(place, 0) | bits
    return together


def overhangs(layer, *shapes):
    """Whether any output's reach goes beyond an edge, where there is nothing to read."""
    out = layer.output_shape(*shapes)
    for shape, axes in zip(shapes, layer.reach(*shapes), strict=True):
        for axis, reach in enumerate(axes or ()):
            last = out.spatial[axis] - 1 if out.rank == shape.rank else 0
            if reach.low < 0 or reach.step * last + reach.high > shape.spatial[axis] - 1:
                return True
    return False


def pads(layer):
    """Whether padding was asked for (a transposed convolution cuts its output by it)."""
    padding = getattr(layer, "padding", ())
    return isinstance(padding, str) or any(map(any, padding))


def wraps(layer):
    """Whether places beyond an edge are read from somewhere else on the map."""
    mode = getattr(layer, "padding_mode", getattr(layer, "mode", "zeros"))
    return mode in {"reflect", "replicate", "circular"}
