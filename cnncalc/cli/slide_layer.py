"""The layer that slides: one of its own on typed or drawn numbers, or one of a network."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from cnncalc.cli import output
from cnncalc.cli.exercise import EXERCISE, Typed
from cnncalc.cli.one_layer import (
    Depth,
    Dilation,
    Filter,
    Height,
    Length,
    OutputPadding,
    Padding,
    Stride,
    Width,
)
from cnncalc.cli.one_layer_report import OPTION_OF, input_shape, layer_fields
from cnncalc.cli.one_layer_words import SIZE_OR_LENGTH, refuse_sizes, require
from cnncalc.cli.values import OptionValues, given, neuron
from cnncalc.errors import CnncalcError, Diagnostic, UnplacedError, counted, failure
from cnncalc.render.format import duration
from cnncalc.tensor import positions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.cli.options import Spec
    from cnncalc.inference.neuron_trace import Trace
    from cnncalc.inference.numerals import Numbers
    from cnncalc.inference.parameters import Parameters
    from cnncalc.inference.run import Pass
    from cnncalc.layers._base import Layer
    from cnncalc.network import Network, Node
    from cnncalc.pictures.sliding import Sliding
    from cnncalc.shapes import Shape
    from cnncalc.tensor import Tensor

Operation = Literal["conv", "maxpool", "avgpool", "conv-transpose"]
FILTERED = ("conv", "conv-transpose")
PATIENCE = 60  # seconds that the pass before a layer may take
HIGHEST = 3  # of the whole numbers that an input is drawn from; a filter has -1, 0 and 1


class Settings(NamedTuple):
    """The input and the window, in the letters of `conv`."""

    w: Width = None
    h: Height = None
    length: Length = None
    d: Depth = None
    f: Filter = None
    s: Stride = None
    p: Padding = None
    dilation: Dilation = None
    output_padding: OutputPadding = None

    def given(self) -> dict[str, OptionValues]:
        """The options that were used."""
        return given(
            w=self.w, h=self.h, l=self.length, d=self.d, f=self.f, s=self.s, p=self.p,
            dilation=self.dilation, output_padding=self.output_padding,
        )  # fmt: skip


class GivenNumbers(NamedTuple):
    """The numbers of the input and of the filter."""

    # fmt: off
    x: Typed = None
    filter: Annotated[
        str | None,
        typer.Option("--filter", metavar="NUMBERS", rich_help_panel=EXERCISE,
                     help="The numbers of the filter, written like --x."),
    ] = None
    bias: Annotated[
        float | None,
        typer.Option("--bias", metavar="NUMBER", rich_help_panel=EXERCISE, show_default="none",
                     help="The bias of the filter."),
    ] = None
    values: Annotated[
        str | None,
        typer.Option(metavar="WORD|FILE", rich_help_panel=EXERCISE,
                     show_default="small whole numbers; random for a network",
                     help="The input: zeros, ones, count, ramp, random, or a file."),
    ] = None
    weights: Annotated[
        str | None,
        typer.Option(metavar="FILE", rich_help_panel=EXERCISE,
                     help="The weights of the network, as safetensors or JSON."),
    ] = None
    seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", rich_help_panel=EXERCISE, show_default="0",
                     help="Seed of the numbers that are drawn."),
    ] = None
    # fmt: on


def own_layer(operation: Operation, settings: Settings, numbers: GivenNumbers) -> Sliding:
    """The window of a layer that the options describe, on given or drawn numbers.

    Raises:
        CnncalcError: for options that are missing, contradict each other or do not work.
    """
    from cnncalc.inference.exercise import work_out

    options = settings.given()
    for name, given_values in options.items():
        if len(given_values.values) > 1:
            raise _wrong(f"--{name.replace('_', '-')} takes one value: one window slides at a time")
    _refuse_void(operation, options, numbers)
    try:
        layer, x, values = _layer(operation, options, numbers)
        exercise = work_out(operation, layer, x, values)
        done = exercise.done
        return _sliding(done.network.nodes[-1], x, exercise.traces)
    except UnplacedError as problem:
        option = OPTION_OF.get(problem.field or "")
        message = f"{option}: {problem.message}" if option else problem.message
        diagnostic = Diagnostic("error", problem.code, message, notes=problem.notes,
                                help=problem.help)  # fmt: skip
        raise CnncalcError(diagnostic) from None


def _refuse_void(
    operation: Operation, options: dict[str, OptionValues], numbers: GivenNumbers
) -> None:
    """Raise CnncalcError for options that would have no effect."""
    filtered = operation in FILTERED
    void = {
        "--filter": numbers.filter is not None and not filtered,
        "--bias": numbers.bias is not None and not filtered,
        "--dilation": "dilation" in options and operation == "avgpool",
        "--output-padding": "output_padding" in options and operation != "conv-transpose",
        "--d": "d" in options and not filtered,
    }
    for option, meant in void.items():
        if meant:
            raise _wrong(f"{option} has no effect with --op {operation}", f"leave out {option}")
    if numbers.weights is not None:
        raise _wrong("--weights is for a layer of a network", "write --filter, or FILE NAME")
    if numbers.x is not None and numbers.values is not None:
        raise _wrong("--x and --values are both the input", "leave one of the two out")
    if numbers.x is not None:
        refuse_sizes(options, "w", "h", "l", "d")
    if numbers.filter is not None:
        refuse_sizes(options, "f")


def _layer(
    operation: Operation, options: dict[str, OptionValues], numbers: GivenNumbers
) -> tuple[Layer, Tensor, dict[str, Sequence[float]]]:
    """The layer, its input and its parameters. Raises UnplacedError where they do not work."""
    from cnncalc.inference import numerals
    from cnncalc.layers import layer_type
    from cnncalc.pictures import sliding

    x = None if numbers.x is None else numerals.typed(numbers.x, "--x")
    filters = None if numbers.filter is None else numerals.typed(numbers.filter, "--filter")
    needed = [*([] if x else [SIZE_OR_LENGTH]), *([] if filters else ["f"])]
    require(options, "slide", *needed)
    setting = {name: option.values[0] for name, option in options.items()}
    shape = _shape(setting, x, filters)
    if filters:
        setting["f"] = filters[0][1:][-shape.rank :]
    fields = layer_fields(setting)
    if operation in FILTERED:
        fields |= {"filters": 1, "bias": numbers.bias is not None}
    layer = layer_type(operation.replace("-", "_"))(**fields)
    sliding.check(operation, layer, (shape,), layer.output_shape(shape))
    draw = Random(numbers.seed or 0)  # noqa: S311 - numbers for a picture
    entering = _input(shape, x, numbers, draw)
    if operation not in FILTERED:
        return layer, entering, {}
    (weight, *_) = layer.parameters(shape)
    values = filters[1] if filters else [float(draw.randint(-1, 1)) for _ in range(weight.size)]
    if len(values) != weight.size:
        maps = counted(filters[0][0] if filters else 1, "map")
        sees = counted(shape.channels, "map")
        help_ = "write a filter's maps one after the other, apart by |"
        raise UnplacedError("usage", f"--filter has {maps}, but the input has {sees}", help=help_)
    if numbers.bias is None:
        return layer, entering, {"weight": values}
    return layer, entering, {"weight": values, "bias": [numbers.bias]}


def _shape(setting: dict[str, Any], x: Numbers | None, filters: Numbers | None) -> Shape:
    """The shape of the input; one typed row is a sequence where the window has one axis."""
    from cnncalc.shapes import Shape

    if x is None:
        return input_shape(setting)
    maps, rows, columns = x[0]
    flat = rows == 1 and (filters[0][1] == 1 if filters else len(setting["f"]) == 1)
    return Shape(maps, (columns,) if flat else (rows, columns))


def _input(shape: Shape, x: Numbers | None, numbers: GivenNumbers, draw: Random) -> Tensor:
    """The numbers that the window slides over."""
    from cnncalc import zoo
    from cnncalc.inference.samples import Preparation, sample
    from cnncalc.network import Input, Node
    from cnncalc.tensor import Tensor

    if x is not None:
        return Tensor(shape, x[1])
    if numbers.values is None:
        return Tensor(shape, [float(draw.randint(0, HIGHEST)) for _ in range(shape.size)])
    port = Node(0, "in", Input(shape=shape), (), shape)
    return sample(zoo.beside(numbers.values), port, Preparation(seed=numbers.seed or 0))


def layer_of_network(
    words: Sequence[str], spec: Spec, settings: Settings, numbers: GivenNumbers
) -> Sliding:
    """The window of a network's layer in its forward pass; words are FILE and NAME or NAME:K.

    Raises:
        CnncalcError: for a layer that is not there or has no window, and for void options.
    """
    from cnncalc.inference.neuron_trace import LayerTracer, find
    from cnncalc.pictures import sliding

    for name in (*settings.given(), *(name for name in ("x", "filter", "bias")
                                      if getattr(numbers, name) is not None)):  # fmt: skip
        option = f"--{name.replace('_', '-')}"
        help_ = f"leave out {option}; a network takes --input, --values and --weights"
        raise _wrong(f"{option} is for a layer without a network", help_)
    file, text = words
    network = spec.load(file)
    name, position = neuron(text)
    (channel,) = position if position and len(position) == 1 else (0,)
    if position and len(position) > 1:
        raise _wrong(f"'{text}' names a neuron", f"{name}:{position[0]} is its whole map")
    node = find(network, name)
    if channel >= node.shape.channels:
        maps = counted(node.shape.channels, "map")
        raise failure("no-neuron", f"{node.name} has no map {channel}: it puts out {maps}")
    try:
        sliding.check(node.name, node.layer, network.shapes_into(node), node.shape)
        parameters, done = _passed(network, node, numbers)
        tracer = LayerTracer(done, parameters, node)
        places = [(channel, *at) for at in positions(node.shape.spatial)]
        return _sliding(node, tracer.inputs[0], list(map(tracer.at, places)))
    except UnplacedError as problem:
        raise failure(
            problem.code, problem.message, node.span, notes=problem.notes, help=problem.help
        ) from None


def _passed(network: Network, node: Node, numbers: GivenNumbers) -> tuple[Parameters, Pass]:
    """The forward pass as far as a layer. Raises CnncalcError where it would take too long."""
    from cnncalc import zoo
    from cnncalc.inference import weights
    from cnncalc.inference.estimate import ahead
    from cnncalc.inference.initial import InitialWeights
    from cnncalc.inference.parameters import WeightsFile, gather
    from cnncalc.inference.run import forward, little, macs
    from cnncalc.inference.samples import Preparation, sample

    seed = numbers.seed
    path = numbers.weights or weights.own_file(network.init)
    start = InitialWeights(network.init.scheme, network.init.seed if seed is None else seed)
    beginning = network._replace(nodes=network.nodes[: node.index + 1], outputs=(node.index,))
    work = ahead(beginning, drawn=path is None, keep={node.name})
    if work.seconds > PATIENCE:
        message = f"the pass as far as {node.name} takes an estimated {duration(work.seconds)}"
        raise failure("long-run", message, help="a smaller --input takes less")
    given = WeightsFile(path, weights.read(path)) if path else None
    parameters = gather(network, start, given)
    preparation = Preparation(seed=seed or 0)
    source = zoo.beside(numbers.values or "random")
    entering = {port.name: sample(source, port, preparation) for port in beginning.inputs}
    with output.bar("slide", work.macs, work.seconds) as advance:
        done = forward(
            beginning, entering, parameters, readable=little(beginning), keep="all",
            watch=lambda row: advance(macs(network, row)),
        )  # fmt: skip
    return parameters, done


def _sliding(node: Node, entering: Tensor, traces: Sequence[Trace]) -> Sliding:
    from cnncalc.pictures import sliding

    layer = node.layer
    sliding.check(node.name, layer, (entering.shape,), node.shape)
    neurons = [sliding.Neuron(one.place, one.reading, one.output) for one in traces]
    return sliding.sliding(node.name, layer, entering, node.shape, neurons)


def _wrong(message: str, help: str | None = None) -> CnncalcError:
    return failure("usage", message, help=help, exit_code=output.USAGE)
