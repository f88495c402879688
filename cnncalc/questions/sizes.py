"""The input sizes a network works on, those on which no input is left unread, and the rest.

Every size is tried. The spec is read once, and the network is built again only for sizes on which
its layers have to be read again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncalc import zoo
from cnncalc.brief import brief
from cnncalc.errors import CnncalcError, failure
from cnncalc.layers._base import Layer
from cnncalc.network import PartialNetwork
from cnncalc.spec.load import (
    SpecChoice,
    choose,
    is_model,
    load,
    reading,
    reads_sizes,
    resized_shapes,
)
from cnncalc.spec.sections.inputs import MAX_DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cnncalc.errors import Diagnostic
    from cnncalc.network import Network
    from cnncalc.shapes import Shape
    from cnncalc.spec.load import KnownShapes, Target

USUAL_RANGE = 256
MOST_SIZES = 20_000  # each builds the network, so that a large one takes minutes
VARIED = {1: "l", 2: "hw", 3: "hw"}  # by rank; a video keeps its number of frames


class SizeResult(NamedTuple):
    """One size: the outputs and the layers that leave input unread, or the layer that fails."""

    size: int
    out: tuple[Shape, ...] = ()
    rounding: tuple[str, ...] = ()
    layer: str | None = None  # the layer that fails
    problem: Diagnostic | None = None

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)

    @property
    def works(self) -> bool:
        """Whether every layer has an output."""
        return self.problem is None

    @property
    def exact(self) -> bool:
        """Whether it works and no layer leaves input unread; padding may be left over."""
        return self.works and not self.rounding


class LayerSizes(NamedTuple):
    """The sizes on which one layer fails or leaves input unread; the first is shown in full."""

    layer: str
    first: SizeResult
    sizes: tuple[int, ...]


class Sizes(NamedTuple):
    """The results of every size from `start` to `stop`, `step` apart.

    `varied` are the letters of the axes that take the size; `written` is the input with S as the
    size of these axes.
    """

    name: str
    written: str
    varied: str
    layout: str
    start: int
    stop: int
    step: int
    outcomes: tuple[SizeResult, ...]

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)

    @property
    def working(self) -> tuple[int, ...]:
        """The sizes that work."""
        return tuple(result.size for result in self.outcomes if result.works)

    @property
    def exact(self) -> tuple[int, ...]:
        """The sizes on which every layer reads its whole input."""
        return tuple(result.size for result in self.outcomes if result.exact)

    @property
    def rounded(self) -> tuple[LayerSizes, ...]:
        """The sizes on which layers leave input unread, by layer; a size may appear repeatedly."""
        return _by_layer((name, result) for result in self.outcomes for name in result.rounding)

    @property
    def failed(self) -> tuple[LayerSizes, ...]:
        """The sizes that fail, by the layer that fails."""
        return _by_layer((result.layer, result) for result in self.outcomes if result.layer)


def sizes(  # noqa: PLR0913 - the range and the spec's own options
    target: Target,
    *,
    start: int | None = None,
    stop: int | None = None,
    step: int = 1,
    axes: str | None = None,
    variant: str | None = None,
    set: Mapping[str, object] | None = None,
    input: str | None = None,
    until: str | None = None,
    watch: Callable[[float], None] | None = None,
) -> Sizes:
    """Try every input size from `start` to `stop` on a network; by default square pictures.

    By default the range is from half the spec's own size to one and a half times that size, but
    no further than 256 away. `axes` are the letters of the axes that vary (`w` keeps the height).
    `until` ends the network of a model file at a node, tensor or row. `watch` is called after
    every size with the share of the work that it was.

    Raises:
        CnncalcError: where the spec is not valid or its input has no such axis, and where the
            range holds more than 20,000 sizes.

    >>> tried = sizes("unet-padded", start=320, stop=360)
    >>> tried.working
    (320, 336, 352)
    >>> tried.failed[0].first.size, tried.failed[0].first.layer
    (321, 'dec1.concat1')
    """
    watch = watch or (lambda _: None)
    if isinstance(target, (str, Path)):
        path, _ = zoo.resolve(str(target))
        if is_model(path):
            return _tried(ModelChoice(path, input, until), start, stop, step, axes, watch)
    spec = choose(target, variant=variant, set=set, input=input)
    with reading(spec.document.text, spec.document.file):
        return _tried(spec, start, stop, step, axes, watch)


class ModelChoice(NamedTuple):
    """A model file with the input and the end that were chosen."""

    path: str
    input: str | None = None
    until: str | None = None

    def network(self, input_: str | None = None) -> Network:
        """The network on an input, by default the chosen one. Raises CnncalcError if it fails."""
        return load(self.path, input=input_ or self.input, until=self.until)


class VariedInput(NamedTuple):
    """The input whose size varies."""

    name: str
    shape: Shape
    layout: str


def _tried(
    spec: SpecChoice | ModelChoice,
    start: int | None,
    stop: int | None,
    step: int,
    axes: str | None,
    watch: Callable[[float], None],
) -> Sizes:
    base = _base(spec)
    varied = _varied(base.shape, axes)
    usual = base.shape.by_letter[varied[-1]]
    around = min(usual // 2, USUAL_RANGE)
    first = max(1, min(usual, stop or usual) - around) if start is None else start
    last = max(usual, first) + around if stop is None else stop
    count = (last - first) // step + 1
    if count > MOST_SIZES:
        raise failure(
            "too-many",
            f"from {first} to {last} there are {count:,} sizes; at most {MOST_SIZES:,} are tried",
            help="take a larger step, or a range around the sizes that matter",
            exit_code=2,
        )
    trial = Trial(spec, base, varied)
    outcomes = []
    for size in range(first, last + 1, step):
        outcomes.append(trial.result(size))
        watch(1 / count)
    written = _written(base, varied, "S")
    return Sizes(base.name, written, varied, base.layout, first, last, step, tuple(outcomes))


def _base(spec: SpecChoice | ModelChoice) -> VariedInput:
    """The network's input, also where the network fails on it."""
    try:
        network = spec.network()
    except CnncalcError as error:
        stopped = error.partial
        if not isinstance(stopped, PartialNetwork) or not stopped.nodes:
            raise
        return VariedInput(stopped.network, stopped.nodes[0].shape, stopped.layout)
    if len(network.inputs) > 1:
        names = ", ".join(node.name for node in network.inputs)
        message = f"only a network with one input can be tried; this one has {names}"
        raise failure("several-inputs", message)
    return VariedInput(network.name, network.inputs[0].shape, network.layout)


def _varied(shape: Shape, axes: str | None) -> str:
    """The letters of the axes that vary. Raises CnncalcError for an axis the input lacks."""
    if not shape.rank:
        message = f"the input is a vector of {shape.channels}, which has no spatial axis to vary"
        raise failure("no-axes", message)
    chosen = axes or VARIED[shape.rank]
    unknown = [letter for letter in chosen if letter not in shape.axes]
    if unknown:
        message = f"the input has no axis '{unknown[0]}'"
        raise failure("unknown-axis", message, help=f"it has {', '.join(shape.axes)}")
    return chosen


def _written(base: VariedInput, varied: str, size: int | str) -> str:
    """The input with another size on the axes that vary, as a spec writes it."""
    letters = base.shape.letters(base.layout)
    values = {**base.shape.by_letter, **dict.fromkeys(varied, size)}
    if base.layout == "WHD" and base.shape.rank == 2:  # noqa: PLR2004 - here D is the channels
        values["d"] = values["c"]
    return f"{'x'.join(str(values[letter.lower()]) for letter in letters)} {letters}"


class Trial:
    """Tries one network on many sizes of its input."""

    def __init__(self, spec: SpecChoice | ModelChoice, base: VariedInput, varied: str) -> None:
        self.spec, self.base, self.varied = spec, base, varied
        # The shapes of a model file may be computed by its own operators.
        self.resizable = isinstance(spec, SpecChoice) and not reads_sizes(spec.document)
        self.latest: Network | None = None  # the latest that was built
        self.shapes: KnownShapes = {}
        self.unread: dict[tuple[int, tuple[Shape, ...]], tuple[Layer, bool]] = {}

    def result(self, size: int) -> SizeResult:
        """The outputs on this size, or the layer that fails."""
        network, shapes = self.latest, None
        if network is not None and self.resizable and size < 10**MAX_DIGITS:
            inputs = {network.inputs[0].name: self._shape(size)}
            shapes = resized_shapes(network, inputs, self.shapes)
        if network is None or shapes is None:
            try:
                network = self.latest = self.spec.network(_written(self.base, self.varied, size))
            except CnncalcError as error:
                stopped = error.partial
                if not isinstance(stopped, PartialNetwork):
                    raise
                return SizeResult(size, layer=stopped.name, problem=error.diagnostics[0])
            shapes = [node.shape for node in network.nodes]
        outputs = tuple(shapes[index] for index in network.outputs)
        return SizeResult(size, outputs, tuple(self._rounding(network, shapes)))

    def _shape(self, size: int) -> Shape:
        """The input with this size on the axes that vary."""
        shape = self.base.shape
        axes = zip(shape.axes, shape.spatial, strict=True)
        sizes = tuple(size if letter in self.varied else own for letter, own in axes)
        return shape._replace(spatial=sizes)

    def _rounding(self, network: Network, shapes: Sequence[Shape]) -> Iterator[str]:
        """The layers that leave part of their input unread."""
        for node in network.nodes:
            if not node.inputs or type(node.layer).fit is Layer.fit:  # reads all of its input
                continue
            entering = tuple([shapes[index] for index in node.inputs])
            # The layer is kept so that its id stays its own.
            found = self.unread.get((id(node.layer), entering))
            if found is None:
                found = node.layer, any(node.layer.fit(*entering))
                self.unread[id(node.layer), entering] = found
            if found[1]:
                yield node.name


def _by_layer(pairs: Iterable[tuple[str, SizeResult]]) -> tuple[LayerSizes, ...]:
    """Results grouped by layer, in the order of their first sizes."""
    groups: dict[str, list[SizeResult]] = {}
    for layer, result in pairs:
        groups.setdefault(layer, []).append(result)
    return tuple(
        LayerSizes(layer, results[0], tuple(result.size for result in results))
        for layer, results in groups.items()
    )
