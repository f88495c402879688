"""A network's forward pass: every layer in order, each held to what was predicted of it."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncalc.errors import Diagnostic, UnplacedError, counted, failure
from cnncalc.inference import kernels
from cnncalc.inference.counting import run_counted
from cnncalc.inference.statistics import Statistics, describe
from cnncalc.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from cnncalc.errors import CnncalcError
    from cnncalc.inference.parameters import Parameters
    from cnncalc.network import Network, Node
    from cnncalc.shapes import Shape

# Multiplications of a layer that are counted without being asked: some milliseconds' worth.
COUNTED_ANYWAY = 100_000
LITTLE = 10_000  # multiplications and outputs of a network that its definitions compute at once
BUG = "this is a mistake in cnncalc; please report the network"


class PassOptions(NamedTuple):
    """Whether only the layers' own definitions compute, and whether multiplications are counted."""

    readable: bool = False
    counting: bool = False


class LayerRun(NamedTuple):
    """One layer's pass: `multiplications` is None where they were not counted."""

    node: Node
    statistics: Statistics
    seconds: float
    fast: bool
    multiplications: int | None
    output: Tensor | None  # where it was to be kept


class Pass(NamedTuple):
    """A network's pass, one entry per layer that ran, the inputs first.

    `weights` counts its tensors by where they came from: "file", "spec", "initial".
    """

    network: Network
    rows: tuple[LayerRun, ...]
    weights: Mapping[str, int] = {}

    def __repr__(self) -> str:
        """One-line summary: the network, the rows, and the tensors that were kept."""
        kept = ", ".join(row.node.name for row in self.rows if row.output is not None)
        return f"<Pass of {self.network.name}, {len(self.rows)} rows, tensors of {kept}>"

    @property
    def outputs(self) -> tuple[LayerRun, ...]:
        """The entries of the network's outputs."""
        wanted = set(self.network.outputs)
        return tuple(row for row in self.rows if row.node.index in wanted)

    def tensor(self, name: str) -> Tensor:
        """The kept output of a layer, or of the last layer of a part. Raises KeyError without."""
        node = self.network.row(name)
        for row in self.rows:
            if node and row.node.index == node.index and row.output is not None:
                return row.output
        raise KeyError(f"{name} was not kept" if node else f"there is no layer {name}")


def not_finite(done: Pass) -> list[Diagnostic]:
    """A warning at the first row with numbers that are not finite; empty where there is none."""
    for row in done.rows:
        if row.statistics.wild:
            numbers = counted(row.statistics.wild, "infinite or NaN number")
            message = f"{row.node.name} holds {numbers}"
            return [Diagnostic("warning", "not-finite", message, row.node.span)]
    return []


def inference(network: Network) -> tuple[Node, ...]:
    """The rows that run outside of training, in order.

    >>> from cnncalc.layers.relu import Relu
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> [node.name for node in inference(chain("net", Shape(2), [("relu", Relu())]))]
    ['in', 'relu']
    """
    return tuple(node for node in network.nodes if not node.train_only)


def macs(network: Network, node: Node) -> int:
    """The multiplications of one row; an input has none."""
    return node.layer.macs(*network.shapes_into(node)) if node.inputs else 0


def little(network: Network) -> bool:
    """Whether a pass is an exercise: kernels would round its whole numbers, and save no time.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> conv = ("conv", Conv(filters=8, kernel=(3, 3)))
    >>> [little(chain("net", Shape(2, (size, size)), [conv])) for size in (5, 50)]
    [True, False]
    """
    work = 0
    for node in inference(network):
        work += node.shape.size + macs(network, node)
        if work > LITTLE:
            return False
    return True


def forward(
    network: Network,
    samples: Mapping[str, Tensor],
    parameters: Parameters,
    *,
    readable: bool = False,
    keep: Collection[str] | Literal["all"] = (),
    count: bool = False,
    watch: Callable[[Node], None] | None = None,
) -> Pass:
    """Run one sample, given per input, through a network.

    Keeps the network's outputs and the rows named in `keep`; every other tensor is dropped
    after its last use. `readable` computes every layer by its layer type's own definition; `count`
    does so too for layers with weights, and counts. `watch` is told of each row once it is
    done. Raises CnncalcError for samples that do not fit, and where a shape or a number of
    multiplications is not the predicted one.

    >>> from cnncalc.inference.parameters import Parameters
    >>> from cnncalc.layers.relu import Relu
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("net", Shape(2), [("relu", Relu())])
    >>> done = forward(net, {"in": Tensor(Shape(2), [-1.0, 3.0])}, Parameters())
    >>> list(done.tensor("relu").values)
    [0.0, 3.0]
    """
    options = PassOptions(readable or count, count)
    order = inference(network)
    _refuse_stated(order)
    ends = last_uses(order, network.outputs)
    kept = {node.name for node in order} if keep == "all" else set(keep)
    kept |= {network.nodes[index].name for index in network.outputs}
    alive: dict[int, Tensor] = {}
    rows = []
    for node in order:
        entering = [alive[index] for index in node.inputs] or [_sample(node, samples)]
        row, out = _step(network, node, entering, parameters, options)
        alive[node.index] = out
        rows.append(row._replace(output=_listed(out) if node.name in kept else None))
        for over in ends.get(node.index, ()):
            del alive[over]
        if watch:
            watch(node)
    return Pass(network, tuple(rows), parameters.tally)


def _refuse_stated(order: Sequence[Node]) -> None:
    """Raise CnncalcError for a layer whose arithmetic is not known."""
    for node in order:
        if node.layer.stated:
            raise failure(
                "stated-layer",
                f"what '{node.name}' computes is not known: only its figures were stated",
                node.span,
                help="a network with such a layer is counted, but cannot be run",
            )


def last_uses(order: Sequence[Node], outputs: Collection[int]) -> dict[int, list[int]]:
    """Per row, the rows whose tensors are last used by it; those of `outputs` are kept."""
    last = {node.index: node.index for node in order}
    for node in order:
        last.update(dict.fromkeys(node.inputs, node.index))
    ends: dict[int, list[int]] = {}
    for index, user in last.items():
        if index not in outputs:
            ends.setdefault(user, []).append(index)
    return ends


def _sample(node: Node, samples: Mapping[str, Tensor]) -> Tensor:
    """What enters at an input of the network."""
    if node.name not in samples:
        raise failure("no-sample", f"there is no sample for the input '{node.name}'")
    sample = samples[node.name]
    if sample.shape != node.shape or len(sample.values) != node.shape.size:
        came = f"{len(sample.values):,} numbers as {sample.shape}"
        message = f"the sample has {came}, but the input '{node.name}' is {node.shape}"
        raise failure("sample-size", message)
    return sample


def _step(
    network: Network,
    node: Node,
    entering: list[Tensor],
    parameters: Parameters,
    options: PassOptions,
) -> tuple[LayerRun, Tensor]:
    """Compute one row, check it, describe it."""
    start = perf_counter()
    values = parameters.of(network, node)
    try:
        out, fast, done = _compute(node, entering, values, options)
    except UnplacedError as error:  # a number that the layer cannot take
        message = f"{node.name}: {error.message}"
        raise failure(error.code, message, node.span, help=error.help) from None
    seconds = perf_counter() - start
    _check_shape(node, out.shape, len(out.values))
    _check_work(node, entering, done)
    return LayerRun(node, describe(out.values), seconds, fast, done, None), out


def _compute(
    node: Node, entering: list[Tensor], values: Mapping[str, Sequence[float]], options: PassOptions
) -> tuple[Tensor, bool, int | None]:
    """The row's tensor, whether a kernel made it, and the multiplications if counted."""
    shapes = [tensor.shape for tensor in entering]
    if not options.readable and node.inputs:
        kernel = kernels.choose(node.layer, *shapes)
        if kernel is not None:
            return kernel(entering, values), True, None
    readable = list(map(_listed, entering))
    countable = node.layer.work == "counted"
    if countable and (options.counting or node.layer.macs(*shapes) <= COUNTED_ANYWAY):
        return _counted(node, readable, values)
    return node.layer.forward(readable, values), False, None


def _counted(
    node: Node, entering: list[Tensor], values: Mapping[str, Sequence[float]]
) -> tuple[Tensor, bool, int | None]:
    out, done = run_counted(node.layer, entering, values)
    return out, False, done


def _listed(tensor: Tensor) -> Tensor:
    """The tensor as the layer types and people use it; kernels may have left it packed."""
    shape, numbers = tensor
    return tensor if isinstance(numbers, list) else Tensor(shape, list(numbers))


def _check_shape(node: Node, shape: Shape, size: int) -> None:
    """Raise CnncalcError where another shape came out than was predicted."""
    if shape != node.shape or size != node.shape.size:
        came = f"{size:,} numbers as {shape}"
        raise _disagreement("wrong-shape", node, f"{node.shape} was predicted, but {came} came out")


def _check_work(node: Node, entering: list[Tensor], done: int | None) -> None:
    """Raise CnncalcError where other MACs were done than were predicted, if they were counted."""
    macs = node.layer.macs(*(tensor.shape for tensor in entering))
    if done not in {None, macs}:
        said = f"{macs:,} MACs were predicted, but {done:,} multiplications were performed"
        raise _disagreement("wrong-macs", node, said)


def _disagreement(code: str, node: Node, said: str) -> CnncalcError:
    return failure(code, f"{node.name}: {said}", node.span, help=BUG)
