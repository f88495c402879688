"""The input sizes a network works on, those on which no input is left unread, and the rest.

Every size is tried. The spec is read once, and the network is built again only for sizes on which
its layers have to be read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.brief import brief
from cnncalc.errors import CnncalcError, failure
from cnncalc.layers._base import Layer
from cnncalc.network import PartialNetwork
from cnncalc.spec.load import Resizer, SpecChoice, choose, reading, reads_sizes
from cnncalc.spec.sections.inputs import MAX_DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cnncalc.errors import Diagnostic
    from cnncalc.network import Network, Node
    from cnncalc.shapes import Shape
    from cnncalc.spec.load import Choice, Target

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
    def outputs(self) -> dict[tuple[Shape, ...], tuple[int, ...]]:
        """The sizes that give the same outputs, by these, in the order of their first sizes."""
        groups: dict[tuple[Shape, ...], list[int]] = {}
        for result in self.outcomes:
            if result.works:
                groups.setdefault(result.out, []).append(result.size)
        return {out: tuple(found) for out, found in groups.items()}

    def giving(self, spatial: tuple[int, ...]) -> tuple[int, ...]:
        """The sizes on which an output has these spatial sizes; a single one is for all axes.

        >>> sizes("resnet50", start=224, stop=230).giving((7, 7))
        ()
        """
        return tuple(
            result.size
            for result in self.outcomes
            if any(_has_sizes(shape, spatial) for shape in result.out)
        )

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
    giving: tuple[int, ...] | None = None,
    watch: Callable[[float], None] | None = None,
) -> Sizes:
    """Try every input size from `start` to `stop` on a network; by default square pictures.

    By default the range is from half the spec's own size to one and a half times that size, but
    no further than 256 away; for an output that is wanted (`giving=(28, 28)`), from a half of the
    spec's size, a quarter and so on to twice the size, four times and so on, until the outputs are
    smaller and larger than it. `axes` are the letters of the axes that vary (`w` keeps the height).
    `until` ends the network of a model file at a node, tensor or row. `watch` is called after
    every size with the share of the work that it was.

    Raises:
        CnncalcError: where the spec is not valid or its input has no such axis, and where the
            range holds no size, or more than 20,000, or no output has the axes of the wanted one;
            "bad-argument" for what is no whole number from 1.

    >>> tried = sizes("unet-padded", start=320, stop=360)
    >>> tried.working
    (320, 336, 352)
    >>> tried.failed[0].first.size, tried.failed[0].first.layer
    (321, 'dec1.concat1')
    """
    for name, number in (("start", start), ("stop", stop), ("step", step)):
        if number is not None and (not isinstance(number, int) or number < 1):
            message = f"{name} must be a whole number from 1, got {number!r}"
            raise failure("bad-argument", message)
    spec = choose(target, variant=variant, set=set, input=input, until=until)
    with reading(spec.text, spec.file):
        asked = Asked(start, stop, step, axes, giving)
        return _tried(spec, asked, watch or (lambda _: None))


class Asked(NamedTuple):
    """The range of sizes as far as it was given, the axes that vary, and the wanted output."""

    start: int | None
    stop: int | None
    step: int
    axes: str | None
    giving: tuple[int, ...] | None


class VariedInput(NamedTuple):
    """The input whose size varies."""

    name: str
    shape: Shape
    layout: str


def _tried(spec: Choice, asked: Asked, watch: Callable[[float], None]) -> Sizes:
    base, network = _base(spec)
    varied = _varied(base.shape, asked.axes)
    trial = Trial(spec, base, varied, network)
    first, last, step = *_range(trial, asked), asked.step
    count = (last - first) // step + 1
    if count < 1:
        message = f"there is no size from {first} to {last}"
        raise failure("bad-argument", message, help="give the smaller size first", exit_code=2)
    if count > MOST_SIZES:
        raise failure(
            "too-many",
            f"from {first} to {last} there are {count:,} sizes; at most {MOST_SIZES:,} are tried",
            help="take a larger step, or a range around the sizes that matter",
            exit_code=2,
        )
    outcomes = []
    for size in range(first, last + 1, step):
        outcomes.append(trial.result(size))
        watch(1 / count)
    written = _written(base, varied, "S")
    return Sizes(base.name, written, varied, base.layout, first, last, step, tuple(outcomes))


def _range(trial: Trial, asked: Asked) -> tuple[int, int]:
    """The first and the last size to try."""
    usual, start, stop = trial.base.shape.by_letter[trial.varied[-1]], asked.start, asked.stop
    if asked.giving and start is None and stop is None:
        return _range_around(trial, usual, asked.giving)
    around = min(usual // 2, USUAL_RANGE)
    first = max(1, min(usual, stop or usual) - around) if start is None else start
    return first, max(usual, first) + around if stop is None else stop


def _range_around(trial: Trial, usual: int, wanted: tuple[int, ...]) -> tuple[int, int]:
    """Sizes around those that give the wanted output, as far as outputs grow with their input.

    Raises:
        CnncalcError: where the outputs have no such axes.
    """
    result = trial.result(usual)
    if result.works and not any(_sizes_beside(shape, wanted) for shape in result.out):
        outputs = ", ".join(shape.text(trial.base.layout, times="x") for shape in result.out)
        sizes_ = "x".join(map(str, wanted))
        message = f"no input gives an output of {sizes_}: the output is {outputs}"
        help_ = "it has no axis that grows with the input"
        if _spatial(result):
            help_ = "name one size, or as many as it has beside the channels"
        raise failure("no-axes", message, help=help_)
    first = last = usual
    while last < MOST_SIZES and not _all_outputs(int.__gt__, trial.result(last), wanted):
        last *= 2
    while first > 1 and not _all_outputs(int.__lt__, trial.result(first), wanted):
        first //= 2
    return first, last


def _spatial(result: SizeResult) -> bool:
    return any(shape.rank for shape in result.out)


def _all_outputs(
    beyond: Callable[[int, int], bool], result: SizeResult, wanted: tuple[int, ...]
) -> bool:
    """Whether the outputs lie beyond the wanted one on an axis, those that have its axes."""
    pairs = [_sizes_beside(shape, wanted) for shape in result.out]
    return result.works and all(any(beyond(*pair) for pair in beside) for beside in pairs if beside)


def _sizes_beside(shape: Shape, wanted: tuple[int, ...]) -> list[tuple[int, int]]:
    """The sizes of an output, each with the wanted one; none where it has other axes."""
    every = wanted * shape.rank if len(wanted) == 1 else wanted
    return list(zip(shape.spatial, every, strict=True)) if len(every) == shape.rank else []


def _has_sizes(shape: Shape, wanted: tuple[int, ...]) -> bool:
    beside = _sizes_beside(shape, wanted)
    return bool(beside) and all(size == own for size, own in beside)


def _base(spec: Choice) -> tuple[VariedInput, Network | None]:
    """The network's input, and the network itself; None where it fails on that input."""
    try:
        network = spec.network()
    except CnncalcError as error:
        stopped = error.partial
        if not isinstance(stopped, PartialNetwork) or not stopped.nodes:
            raise
        return VariedInput(stopped.network, stopped.nodes[0].shape, stopped.layout), None
    if len(network.inputs) > 1:
        names = ", ".join(node.name for node in network.inputs)
        message = f"only a network with one input can be tried; this one has {names}"
        raise failure("several-inputs", message)
    return VariedInput(network.name, network.inputs[0].shape, network.layout), network


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

    def __init__(
        self, spec: Choice, base: VariedInput, varied: str, network: Network | None
    ) -> None:
        self.spec, self.base, self.varied = spec, base, varied
        # The shapes of a model file may be computed by its own operators.
        self.resizable = isinstance(spec, SpecChoice) and not reads_sizes(spec.document)
        self.latest: Resizer | None = None  # of the latest network that was built
        self.windows: list[Node] = []  # its layers that may leave input unread
        if network is not None:
            self._take(network)
        self.unread: dict[tuple[int, tuple[Shape, ...]], tuple[Layer, bool]] = {}

    def result(self, size: int) -> SizeResult:
        """The outputs on this size, or the layer that fails."""
        latest, shapes = self.latest, None
        if latest is not None and self.resizable and size < 10**MAX_DIGITS:
            shapes = latest.shapes({latest.network.nodes[0].name: self._shape(size)})
        if latest is None or shapes is None:
            try:
                network = self.spec.network(_written(self.base, self.varied, size))
            except CnncalcError as error:
                stopped = error.partial
                if not isinstance(stopped, PartialNetwork):
                    raise
                return SizeResult(size, layer=stopped.name, problem=error.diagnostics[0])
            latest = self._take(network)
            shapes = [node.shape for node in network.nodes]
        outputs = tuple(shapes[index] for index in latest.network.outputs)
        return SizeResult(size, outputs, tuple(self._rounding(shapes)))

    def _take(self, network: Network) -> Resizer:
        """Resize this network from now on."""
        self.latest = Resizer(network)
        self.windows = [node for node in network.nodes if _has_windows(node)]
        return self.latest

    def _shape(self, size: int) -> Shape:
        """The input with this size on the axes that vary."""
        shape = self.base.shape
        axes = zip(shape.axes, shape.spatial, strict=True)
        sizes = tuple(size if letter in self.varied else own for letter, own in axes)
        return shape._replace(spatial=sizes)

    def _rounding(self, shapes: Sequence[Shape]) -> Iterator[str]:
        """The layers that leave part of their input unread."""
        for node in self.windows:
            entering = tuple([shapes[index] for index in node.inputs])
            # The layer is kept so that its id stays its own.
            found = self.unread.get((id(node.layer), entering))
            if found is None:
                found = node.layer, any(node.layer.fit(*entering))
                self.unread[id(node.layer), entering] = found
            if found[1]:
                yield node.name


def _has_windows(node: Node) -> bool:
    """Whether a layer may leave part of its input unread; most types read all of it."""
    return bool(node.inputs) and type(node.layer).fit is not Layer.fit


def _by_layer(pairs: Iterable[tuple[str, SizeResult]]) -> tuple[LayerSizes, ...]:
    """Results grouped by layer, in the order of their first sizes."""
    groups: dict[str, list[SizeResult]] = {}
    for layer, result in pairs:
        groups.setdefault(layer, []).append(result)
    return tuple(
        LayerSizes(layer, results[0], tuple(result.size for result in results))
        for layer, results in groups.items()
    )
