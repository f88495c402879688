"""The options of `cnncalc forward` in groups, and the parsers of their values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping  # Typer reads the annotations of completions
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from cnncalc.cli import output
from cnncalc.cli.options import (
    OUT,
    FormatOption,
    LayoutOption,
    OutputFile,
    Spec,
    complete_layer,
    nodes,
)
from cnncalc.errors import UnplacedError, failure
from cnncalc.shapes import PLACE_WORDS

if TYPE_CHECKING:
    from cnncalc.errors import CnncalcError
    from cnncalc.inference.samples import Preparation
    from cnncalc.network import Network
    from cnncalc.shapes import Shape

FEW = 16  # indices that completion offers one by one
SAMPLE, WEIGHTS, RUN = "Sample", "Weights", "Run"


def complete_sample(incomplete: str) -> Iterator[str]:
    """Words for samples and bundled pictures; the shell completes files."""
    from cnncalc import zoo
    from cnncalc.inference.samples import GENERATED

    words = (*GENERATED, *zoo.pictures())
    return (word for word in words if word.startswith(incomplete))


def complete_neuron(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Row names with the middle neuron; behind NAME: its indices one after the other.

    Beside each stands the range of the indices.
    """
    name, colon, typed = incomplete.partition(":")
    for node in nodes(ctx):
        sizes = _index_sizes(node.shape)
        if colon and node.name == name:
            yield from ((f"{name}:{places}", range_) for places, range_ in _indices(typed, sizes))
        elif not colon and node.name.startswith(name):
            middle = ",".join(str(size // 2) for size in sizes.values())
            ranges = ", ".join(f"{word} 0 to {size - 1}" for word, size in sizes.items())
            yield f"{node.name}:{middle}", ranges


def _index_sizes(shape: Shape) -> dict[str, int]:
    """What the indices of a neuron are called, and how many there are of each."""
    words = [PLACE_WORDS[letter][0] for letter in shape.axes]
    return dict(zip(["map" if words else "unit", *words], shape.view("CHW"), strict=True))


def _indices(typed: str, sizes: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """The indices typed so far with the next one: all there are, or first, middle and last."""
    *before, begun = typed.split(",")
    if len(before) >= len(sizes):
        return
    word, size = list(sizes.items())[len(before)]
    offered = range(size) if size <= FEW else dict.fromkeys((0, size // 2, size - 1))
    more = "," if len(before) + 1 < len(sizes) else ""
    for at in offered:
        if str(at).startswith(begun):
            yield f"{','.join([*before, str(at)])}{more}", f"{word} 0 to {size - 1}"


# fmt: off
class SampleOptions(NamedTuple):
    """The samples, and how they are prepared."""

    sample: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]FILE|WORD|NUMBERS", rich_help_panel=SAMPLE,
                     show_default="random", autocompletion=complete_sample,
                     help="zeros, ones, count (0, 1, 2, ...), ramp (0 to 1), random; numbers such "
                     'as "1 2 3; 4 5 6", maps apart by |; - for standard input; or a file: PGM, '
                     "PPM, PNG, JPEG, CSV, text, JSON or YAML lists. NAME= names an input. With a "
                     "single input, repeat the option for several samples, or give a folder to "
                     "run all its pictures, sorted by name."),
    ] = None
    scale: Annotated[
        str | None,
        typer.Option(metavar="FACTOR", rich_help_panel=SAMPLE,
                     help="Multiply by 2 or 1/255; by default, pictures are scaled to 0..1."),
    ] = None
    mean: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Then subtract one number, or one per channel.",
                     rich_help_panel=SAMPLE),
    ] = None
    std: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Then divide by one number, or one per channel.",
                     rich_help_panel=SAMPLE),
    ] = None
    resize: Annotated[
        str | None,
        typer.Option(metavar="N|cover", rich_help_panel=SAMPLE,
                     help="Resize pictures: the shorter side to N, or so that they just cover the "
                     "input; then crop the middle."),
    ] = None
    crop: Annotated[
        bool, typer.Option("--crop", help="Crop the middle of pictures.", rich_help_panel=SAMPLE)
    ] = False

    @property
    def sources(self) -> tuple[str, ...]:
        """The samples as typed."""
        return tuple(self.sample or ("random",))

    def preparation(self, seed: int) -> Preparation:
        """How samples are prepared. Raises CnncalcError for values that are not numbers.

        >>> SampleOptions(scale="1/255", mean="0.5", resize="cover").preparation(0).scale
        PixelScale(over=1.0, under=255.0)
        """
        from cnncalc.inference.samples import PixelScale, Preparation

        factor = None
        if self.scale is not None:
            over, slash, under = self.scale.partition("/")
            factor = PixelScale(_real("--scale", over), _real("--scale", under) if slash else 1.0)
            if not factor.under:
                raise wrong_option("--scale", "divides by 0")
        std = _reals("--std", self.std) if self.std is not None else (1.0,)
        if 0.0 in std:
            raise wrong_option("--std", "divides by 0")
        return Preparation(
            scale=factor,
            mean=_reals("--mean", self.mean) if self.mean is not None else (0.0,),
            std=std,
            resize=None if self.resize is None else _resize(self.resize),
            crop=self.crop,
            seed=seed,
        )


class WeightOptions(NamedTuple):
    """Where the weights come from, and where they go."""

    weights: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Weights, as safetensors or JSON.",
                     rich_help_panel=WEIGHTS),
    ] = None
    match: Annotated[
        Literal["name", "order"],
        typer.Option(help="Find tensors by row name, or by order, shape and kind (weight, bias).",
                     rich_help_panel=WEIGHTS),
    ] = "name"
    seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Seed of initial weights and of random samples.",
                     rich_help_panel=WEIGHTS, show_default="0"),
    ] = None
    save_weights: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the weights as safetensors.",
                     rich_help_panel=WEIGHTS),
    ] = None


class RunOptions(NamedTuple):
    """How the passes are computed, and how long they may take."""

    jobs: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", rich_help_panel=RUN, show_default="the processors",
                     help="Number of processes for several samples."),
    ] = None
    readable: Annotated[
        bool,
        typer.Option("--readable", help="Compute layers by their plain definitions, in float64.",
                     rich_help_panel=RUN),
    ] = False
    counting: Annotated[
        bool,
        typer.Option("--count", help="Like --readable, and count every multiplication.",
                     rich_help_panel=RUN),
    ] = False
    max_macs: Annotated[
        str | None,
        typer.Option(metavar="N", help="Refuse networks of more than N MACs: 500M, 2G.",
                     rich_help_panel=RUN, show_default="about five minutes of work"),
    ] = None
    yes: Annotated[
        bool, typer.Option("--yes", help="Run no matter how long it takes.", rich_help_panel=RUN)
    ] = False

    @property
    def mac_limit(self) -> int | None:
        """The number of --max-macs. Raises CnncalcError for anything else.

        >>> RunOptions(max_macs="1.5G").mac_limit
        1500000000
        """
        if self.max_macs is None:
            return None
        from cnncalc.spec.sections.budgets import parse_limit

        try:
            return parse_limit("macs", f"<= {self.max_macs}").limit
        except UnplacedError:
            what = f"takes a number such as 500M, got '{self.max_macs}'"
            raise wrong_option("--max-macs", what) from None


class ViewOptions(NamedTuple):
    """What is shown of a pass, how, and where."""

    show: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Show the values of a layer, or of 'all'; repeatable.",
                     autocompletion=complete_layer, rich_help_panel=OUT),
    ] = None
    as_: Annotated[
        Literal["values", "maps"],
        typer.Option("--as", help="Show layers as numbers or as pictures.", rich_help_panel=OUT),
    ] = "values"
    save: Annotated[
        str | None,
        typer.Option(metavar="DIR", rich_help_panel=OUT,
                     help="Write the maps of the shown layers, or of all, as pictures to DIR."),
    ] = None
    picture: Annotated[
        Literal["pgm", "png"],
        typer.Option(help="Picture format of --save.", rich_help_panel=OUT),
    ] = "pgm"
    trace: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[:K,Y,X]", rich_help_panel=OUT, autocompletion=complete_neuron,
                     help="Show the arithmetic of one neuron, counted from 0, or of the middle "
                     "one; repeatable."),
    ] = None
    steps: Annotated[
        bool,
        typer.Option("--steps", help="Work out every layer as by hand.", rich_help_panel=OUT),
    ] = False
    hide_zeros: Annotated[
        bool,
        typer.Option("--hide-zeros", help="In --steps, leave out products with 0.",
                     rich_help_panel=OUT),
    ] = False
    shift: Annotated[
        str | None,
        typer.Option(metavar="Y,X", rich_help_panel=OUT,
                     help="Also run the sample moved by so many rows and columns, and show how "
                     "far the maps move along."),
    ] = None
    labels: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Names of the outputs, one per line.",
                     rich_help_panel=OUT),
    ] = None
    top_k: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Show the N largest outputs.", rich_help_panel=OUT),
    ] = None
    format_: FormatOption = "table"
    out: OutputFile = None
    layout: LayoutOption = None

    @property
    def moved_by(self) -> tuple[int, ...] | None:
        """The numbers of --shift. Raises CnncalcError for anything else.

        >>> ViewOptions(shift="1,-2").moved_by
        (1, -2)
        """
        if self.shift is None:
            return None
        if not re.fullmatch(r"[-+]?[0-9]{1,9}(,[-+]?[0-9]{1,9})*", self.shift):
            raise wrong_option("--shift", f"takes whole numbers such as 1,0, got '{self.shift}'")
        return tuple(map(int, self.shift.split(",")))

    def require_one_table(self) -> None:
        """Refuse what a format of rows does not hold.

        Raises:
            CnncalcError: for worked steps and traces, and for two tables at once.
        """
        if self.format_ == "table":
            return
        if self.steps:
            what = "is written as text only; with --json, use --show and --trace"
            raise wrong_option("--steps", what)
        if self.format_ == "json":
            return
        if self.trace:
            what = f"is written as text or JSON, not as {self.format_}"
            raise wrong_option("--trace", what, "--json holds every term of it")
        given = {"--show": self.show, "--top-k": self.top_k, "--shift": self.shift}
        tables = [option for option, value in given.items() if value]
        if len(tables) > 1:
            message = f"{' and '.join(tables)} are two tables, and {self.format_} holds one"
            help_ = "leave one of them out; --json holds both"
            raise failure("usage", message, help=help_, exit_code=output.USAGE)


# fmt: on


class Request(NamedTuple):
    """All options of one `cnncalc forward`."""

    file: str
    spec: Spec
    sample: SampleOptions
    weights: WeightOptions
    run: RunOptions
    view: ViewOptions

    def readable(self, network: Network) -> bool:
        """Whether every layer is computed by its plain definition, as --steps shows it."""
        from cnncalc.inference.run import little

        return self.run.readable or self.view.steps or little(network)


def wrong_option(option: str, what: str, help: str | None = None) -> CnncalcError:
    """The error for an option with a wrong value."""
    return failure("usage", f"{option} {what}", help=help, exit_code=output.USAGE)


def traced_neuron(text: str, network: Network) -> tuple[str, tuple[int, ...]]:
    """The neuron that NAME:K,Y,X names, or NAME alone: the middle one of the middle map.

    Raises:
        CnncalcError: for anything else, and for a layer that is not there.

    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> network = chain("net", Shape(3, (5, 5)), [])
    >>> traced_neuron("in:2,0,4", network), traced_neuron("in", network)
    (('in', (2, 0, 4)), ('in', (1, 2, 2)))
    """
    from cnncalc.cli.values import neuron
    from cnncalc.inference.neuron_trace import find

    name, position = neuron(text)
    if position is not None:
        return name, position
    if ":" in name and network.row(name) is None:
        raise wrong_option("--trace", f"takes NAME, NAME:K,Y,X or NAME:K of a vector, got '{text}'")
    return name, tuple(size // 2 for size in find(network, name).shape.view("CHW"))


def _resize(text: str) -> int | Literal["cover"]:
    if text == "cover":
        return "cover"
    if not re.fullmatch("[1-9][0-9]{0,17}", text):
        raise wrong_option("--resize", f"takes a number of pixels or 'cover', got '{text}'")
    return int(text)


def _real(option: str, text: str) -> float:
    """Parse one finite number."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or "_" in text:
        raise wrong_option(option, f"takes numbers, got '{text}'")
    return value


def _reals(option: str, text: str) -> tuple[float, ...]:
    """Parse numbers separated by commas."""
    return tuple(_real(option, word) for word in text.split(","))
