"""`cnncalc.forward`: a sample through a network in one call."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from cnncalc import zoo
from cnncalc.errors import did_you_mean, failure
from cnncalc.inference import model_file, run, samples
from cnncalc.inference import weights as files
from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.matching import Match
from cnncalc.inference.neuron_trace import find
from cnncalc.inference.numerals import NotNested, flatten
from cnncalc.inference.parameters import WeightsFile, gather
from cnncalc.inference.samples import GENERATED, Preparation
from cnncalc.spec.load import as_network
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from cnncalc.inference.run import Pass
    from cnncalc.network import Network, Node
    from cnncalc.spec.load import Target

MAX_DEPTH = 64  # of lists and mappings in one another


def forward(  # noqa: PLR0913 - each is an option that callers name
    target: Target,
    sample: object = "random",
    *,
    weights: str | Path | Mapping[str, Any] | None = None,
    match: Match = "name",
    prepare: Preparation | None = None,
    seed: int | None = None,
    keep: str | Collection[str] = (),
    readable: bool = False,
    count: bool = False,
) -> Pass:
    """Run one sample through a network, in pure Python; its outputs, and what else was kept.

    `target` is a network, a spec as a dict, or what `load` takes. `sample` is a word (zeros,
    ones, count, ramp, random), typed numbers ("1 2; 3 4"), the path of a file (picture, CSV,
    text, JSON, YAML), nested lists of numbers (or anything with `tolist`, such as a NumPy
    array) channels first or last, a Tensor; where a network has several inputs, a mapping from
    their names to these. `prepare` scales, normalises and resizes it.

    `weights` is the path of a safetensors or JSON file, or a mapping from names ("conv1.weight")
    to nested lists; without it they are the spec's own, or drawn by `seed`. `match="order"`
    pairs tensors by order, shape and the last part of their names (weight, bias) alone.

    Outputs are kept, and the layers in `keep`: "all", or some names. `readable` computes every
    layer by its plain definition in float64, as the layers of small networks are anyway; `count`
    does so and counts the multiplications.
    Raises CnncalcError where the sample or the weights do not fit the network, and for settings
    that cannot be.

    One process computes a pass. Several samples can be shared among processes: the function,
    its arguments and its result can be pickled.

    >>> done = forward("digits", "digits_7.pgm", keep=["conv1"])
    >>> scores = done.outputs[0].output.values
    >>> max(range(10), key=scores.__getitem__), round(scores[7], 3)
    (7, 0.997)
    >>> done.tensor("conv1").shape
    Shape(channels=16, spatial=(8, 8))
    """
    _refuse_nonsense(seed, match, prepare)
    network = as_network(target)
    init = network.init
    preparation = (prepare or Preparation())._replace(seed=seed or 0)
    entering = _samples(network, sample, preparation)
    start = InitialWeights(init.scheme, init.seed if seed is None else seed)
    own = files.own_file(init) if weights is None else weights
    if weights is None and model_file.holds_weights(network):
        given: WeightsFile | None = WeightsFile(network.file, model_file.read(network))
    else:
        given = None if own is None else _given(own, match)
    parameters = gather(network, start, given)
    kept = keep if keep == "all" else _found(network, keep)
    plain = readable or run.little(network)
    return run.forward(network, entering, parameters, readable=plain, keep=kept, count=count)


def _refuse_nonsense(seed: object, match: object, prepare: object) -> None:
    """Raise CnncalcError for arguments of the wrong kind."""
    wrong = {
        "seed is a whole number from 0": seed is None or (type(seed) is int and seed >= 0),
        "match is 'name' or 'order'": match in get_args(Match),
        "prepare is a Preparation": prepare is None or isinstance(prepare, Preparation),
    }
    for rule, kept in wrong.items():
        if not kept:
            raise failure("bad-argument", rule)


def _found(network: Network, keep: object) -> set[str]:
    """The rows whose names, or whose part's names, are given: one, or several."""
    names = [keep] if isinstance(keep, str) else keep
    if not isinstance(names, Collection) or not all(isinstance(name, str) for name in names):
        raise failure("bad-argument", "keep is 'all', a name, or a list of names")
    return {find(network, name).name for name in names}


def _samples(network: Network, sample: object, preparation: Preparation) -> dict[str, Tensor]:
    """A tensor for each input. Raises CnncalcError where one has none, or is not there."""
    inputs = {node.name: node for node in network.inputs}
    if not isinstance(sample, Mapping):
        if len(inputs) > 1 and sample not in GENERATED:
            names = ", ".join(inputs)
            help_ = f"give a mapping with a sample for each: {names}"
            message = f"the network has {len(inputs)} inputs, but there is one sample"
            raise failure("no-sample", message, help=help_)
        sample = dict.fromkeys(inputs, sample)
    for name in sample:
        if name not in inputs:
            help_ = did_you_mean(str(name), inputs) or f"it has {', '.join(inputs)}"
            raise failure("unknown-input", f"the network has no input '{name}'", help=help_)
    return {name: _tensor(one, inputs[name], preparation) for name, one in sample.items()}


def _tensor(sample: object, node: Node, preparation: Preparation) -> Tensor:
    """One sample, at the shape of its input."""
    if isinstance(sample, Tensor):
        return sample
    if isinstance(sample, str) and (sample in GENERATED or samples.is_typed(sample)):
        return samples.sample(sample, node, preparation)
    if isinstance(sample, (str, Path)):
        return samples.from_file(zoo.beside(str(sample)), node, preparation)
    name = f"the sample for '{node.name}'"
    try:
        numbers = flatten(_lists(sample, MAX_DEPTH))
    except NotNested as wrong:
        raise failure("sample-format", f"{name}{wrong}") from None
    return samples.from_numbers(numbers, node, name, preparation)


def _given(weights: object, match: Match) -> WeightsFile:
    """The weights of a file or of a mapping."""
    if isinstance(weights, (str, Path)):
        return WeightsFile(str(weights), files.read(str(weights)), match)
    return WeightsFile("weights", files.from_lists("weights", _lists(weights, MAX_DEPTH)), match)


def _lists(value: object, depth: int) -> object:
    """Lists in place of tuples and arrays, down to the numbers."""
    if not depth:
        return value
    if isinstance(value, Mapping):
        return {str(name): _lists(inner, depth - 1) for name, inner in value.items()}
    if isinstance(value, Tensor):
        return value.nested()
    if isinstance(value, (list, tuple)):
        return [_lists(inner, depth - 1) for inner in value]
    tolist = getattr(value, "tolist", None)
    return value if tolist is None else tolist()
