"""The options `--x` and `--filter`: one layer on typed numbers, with every window shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cnncalc.cli import output
from cnncalc.cli.values import OptionValues
from cnncalc.errors import counted, failure
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.errors import CnncalcError
    from cnncalc.inference.exercise import Exercise
    from cnncalc.inference.numerals import Numbers
    from cnncalc.layers._base import Layer
    from cnncalc.network import Network
    from cnncalc.tensor import Tensor

EXERCISE = "On numbers"
FORMATS = ("table", "json", "md", "latex")

# fmt: off
Typed = Annotated[
    str | None,
    typer.Option("--x", metavar="NUMBERS", rich_help_panel=EXERCISE,
                 help='Work the layer out on these numbers: rows apart by ";", maps by "|".'),
]
TypedFilters = Annotated[
    list[str] | None,
    typer.Option("--filter", metavar="NUMBERS", rich_help_panel=EXERCISE,
                 help="The numbers of a filter, written like --x; once for each filter."),
]
# fmt: on


class TypedLayer(NamedTuple):
    """The input and the parameters of an exercise: arrays as (maps, rows, columns), flat."""

    text: str  # the input as typed
    x: Tensor
    maps: int  # of a filter
    kernel: tuple[int, ...]  # sizes of the filters; empty without filters
    weights: tuple[float, ...]  # filter by filter
    filters: int
    bias: tuple[float, ...] | None

    def options(self) -> dict[str, OptionValues]:
        """The sizes of the numbers as options of a one-layer command."""
        shape = self.x.shape
        sizes: dict[str, object] = dict(zip("hw" if shape.rank > 1 else "l", shape.spatial,
                                            strict=True))  # fmt: skip
        sizes["d"] = shape.channels
        if self.filters:
            sizes |= {"k": self.filters, "f": self.kernel}
        return {name: OptionValues((size,), (str(size),)) for name, size in sizes.items()}


def read(
    x: str, filters: Sequence[str], bias: str | None, format_: str, *, flat: bool
) -> TypedLayer:
    """Parse the numbers of an exercise. Raises CnncalcError where they do not fit together.

    `flat` tells whether a single row is a 1-D input; otherwise it is a map of one row.
    """
    from cnncalc.inference import numerals
    from cnncalc.shapes import Shape

    if format_ not in FORMATS:
        raise wrong(f"an exercise is not written as {format_}", f"it is {', '.join(FORMATS)}")
    from cnncalc.tensor import Tensor

    entering = numerals.typed(x, "--x")
    parsed = [numerals.typed(text, _named(filters, index)) for index, text in enumerate(filters)]
    dims = [sizes for sizes, _ in (entering, *parsed)]
    flat = flat and all(rows == 1 for _, rows, _ in dims)
    for index, (sizes, _) in enumerate(parsed):
        if sizes != parsed[0][0]:
            message = (
                f"{_named(filters, index)} is {_size(sizes)}, but the first is {_size(dims[1])}"
            )
            raise wrong(message)
    weights = tuple(value for _, values in parsed for value in values)
    shape = Shape(dims[0][0], _spatial(entering, flat=flat))
    kernel = _spatial(parsed[0], flat=flat) if parsed else ()
    numbers = None if bias is None else _biases(bias, len(filters))
    maps = dims[-1][0] if parsed else 0
    return TypedLayer(x, Tensor(shape, entering[1]), maps, kernel, weights, len(filters), numbers)


def wrong(message: str, help: str | None = None) -> CnncalcError:
    """The error for numbers that do not fit together."""
    return failure("usage", message, help=help, exit_code=output.USAGE)


def _named(filters: Sequence[str], index: int) -> str:
    return "--filter" if len(filters) == 1 else f"--filter {index}"


def _spatial(numbers: Numbers, *, flat: bool) -> tuple[int, ...]:
    _, rows, columns = numbers[0]
    return (columns,) if flat else (rows, columns)


def _size(dims: tuple[int, ...]) -> str:
    maps, rows, columns = dims
    return f"{rows}×{columns}" if maps == 1 else f"{rows}×{columns}×{maps}"


def _biases(text: str, filters: int) -> tuple[float, ...]:
    """One bias for all filters, or one each."""
    from cnncalc.inference import numerals

    _, values = numerals.typed(text, "--bias")
    if len(values) not in {1, filters}:
        given = ", ".join(f"{value:g}" for value in values)
        message = f"which is {len(values)} numbers for {counted(filters, 'filter')}"
        help_ = "give one number, or one per filter"
        raise wrong(f"--bias is {given}, {message}", help_)
    return tuple(values) * (filters if len(values) == 1 else 1)


def answer(
    name: str, layer: Layer, typed: TypedLayer, format_: str, layout: str | None
) -> Iterator[str]:
    """Run the layer on the numbers; the text of every window, in pieces.

    Raises:
        CnncalcError: where the filters have another number of maps than they see of the input.
    """
    from cnncalc.inference.exercise import work_out
    from cnncalc.render import exercise as render
    from cnncalc.render.format import joined

    values: dict[str, Sequence[float]] = {}
    if typed.filters:
        values["weight"] = _weights(layer, typed)
        values |= {} if typed.bias is None else {"bias": typed.bias}
    exercise = work_out(name, layer, typed.x, values)
    if format_ == "json":
        yield f"{_document(exercise, typed.text)}\n"
    elif format_ == "md":
        yield joined(render.markdown(exercise))
    elif format_ == "latex":
        yield joined(render.latex(exercise))
    else:
        lines = render.text(exercise, layout=layout or "HWC")
        yield joined(lines, ascii_only=output.ascii_only())


def _weights(layer: Layer, typed: TypedLayer) -> tuple[float, ...]:
    """The filters' numbers in the order of the layer's parameter."""
    (weight, *_) = layer.parameters(typed.x.shape)
    if weight.size != len(typed.weights):
        groups: int = getattr(layer, "groups", 1)
        maps = counted(typed.maps, "map")
        sees = counted(typed.x.shape.channels // groups, "map")
        help_ = "write a filter's maps one after the other, apart by |"
        raise wrong(f"--filter has {maps}, but a filter sees {sees} of --x", help_)
    if layer.type != "conv_transpose":
        return typed.weights
    # The numbers of a transposed convolution lie by input map, then by filter of its group.
    channels, share = weight.dims[:2]
    size = weight.size // (channels * share)
    starts = (
        (channel // typed.maps * share + k) * typed.maps * size + channel % typed.maps * size
        for channel in range(channels)
        for k in range(share)
    )
    return tuple(value for at in starts for value in typed.weights[at : at + size])


def _document(exercise: Exercise, x: str) -> str:
    """The document of `forward`, with the values of both layers and a trace of every neuron."""
    from cnncalc.render import forward, trace
    from cnncalc.render.json import dumps

    done, tally = exercise.done, exercise.parameters.tally
    network: Network = done.network
    row = network.nodes[-1]
    document: dict[str, Any] = forward.document(
        done,
        version=VERSION,
        setting={"sample": {"sources": [x]}, "weights": {"tensors": tally}},
        shown={node.name: done.tensor(node.name) for node in network.nodes},
        ranked={},
        macs=row.layer.macs(*network.shapes_into(row)),
    )
    return dumps({**document, "traces": list(map(trace.document, exercise.traces))})
