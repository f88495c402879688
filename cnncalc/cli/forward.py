"""`cnncalc forward`: a sample through a network, in pure Python."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from cnncalc.cli import output
from cnncalc.cli.groups import Spec
from cnncalc.cli.options import (
    OUT,
    File,
    Json,
    LayoutOption,
    OutputFile,
    PlainFormat,
    Strict,
    complete_layer,
)

EPILOG = """Examples

cnncalc forward digits --sample digits_7.pgm --top-k 3

cnncalc forward digits --sample digits_3.pgm --sample digits_8.pgm --jobs 2

cnncalc forward lenet5 --sample ramp --show C1 --as maps --trace C1:0,10,10

cnncalc forward quiz.yaml --sample image.txt --steps

cnncalc forward net.yaml --sample photo.png --resize cover --weights net.safetensors
"""
SAMPLE, WEIGHTS, RUN = "Sample", "Weights", "Run"


def forward(
    file: File,
    *,
    sample: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]FILE|WORD", rich_help_panel=SAMPLE, show_default="random",
                     help="zeros, ones, ramp, random, - for standard input, or a file: PGM, PPM, "
                     "PNG, JPEG, CSV, text, JSON or YAML lists. NAME is an input's. For a network "
                     "with one input: repeat it for several samples, or name a folder for its "
                     "pictures, in order of name."),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(metavar="FACTOR", rich_help_panel=SAMPLE,
                     help="Multiply by it: 2, 1/255. Pictures are brought to 0..1 without it."),
    ] = None,
    mean: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Then subtract: one number, or one per channel.",
                     rich_help_panel=SAMPLE),
    ] = None,
    std: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Then divide: one number, or one per channel.",
                     rich_help_panel=SAMPLE),
    ] = None,
    resize: Annotated[
        str | None,
        typer.Option(metavar="N|cover", rich_help_panel=SAMPLE,
                     help="Bring a picture's shorter side to N, or the picture to just cover the "
                     "input; then cut out the middle."),
    ] = None,
    crop: Annotated[
        bool, typer.Option("--crop", help="Cut out a picture's middle.", rich_help_panel=SAMPLE)
    ] = False,
    weights: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Weights: safetensors, or JSON.",
                     rich_help_panel=WEIGHTS),
    ] = None,
    match: Annotated[
        Literal["name", "order"],
        typer.Option(help="Tensors by the rows' names, or by order, shape and kind (weight, bias).",
                     rich_help_panel=WEIGHTS),
    ] = "name",
    seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Seed of initial weights and of a random sample.",
                     rich_help_panel=WEIGHTS, show_default="0"),
    ] = None,
    save_weights: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the weights as safetensors.",
                     rich_help_panel=WEIGHTS),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", rich_help_panel=RUN, show_default="the processors",
                     help="Processes that share several samples."),
    ] = None,
    readable: Annotated[
        bool,
        typer.Option("--readable", help="Every layer by its plain definition, in float64.",
                     rich_help_panel=RUN),
    ] = False,
    count: Annotated[
        bool,
        typer.Option("--count", help="As --readable; count every multiplication.",
                     rich_help_panel=RUN),
    ] = False,
    max_macs: Annotated[
        str | None,
        typer.Option(metavar="N", help="Refuse networks with more MACs: 500M, 2G.",
                     rich_help_panel=RUN, show_default="about five minutes of work"),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Run however long it takes.", rich_help_panel=RUN)
    ] = False,
    show: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Values of a layer; may be repeated; 'all'.",
                     autocompletion=complete_layer, rich_help_panel=OUT),
    ] = None,
    as_: Annotated[
        Literal["values", "maps"],
        typer.Option("--as", help="Show numbers, or pictures.", rich_help_panel=OUT),
    ] = "values",
    save: Annotated[
        str | None,
        typer.Option(metavar="DIR", rich_help_panel=OUT,
                     help="Write the maps of the layers shown, or of all, as pictures."),
    ] = None,
    picture: Annotated[
        Literal["pgm", "png"],
        typer.Option(help="The kind of picture that --save writes.", rich_help_panel=OUT),
    ] = "pgm",
    trace: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:K,Y,X", rich_help_panel=OUT,
                     help="The arithmetic of one neuron, counted from 0; may be repeated."),
    ] = None,
    steps: Annotated[
        bool,
        typer.Option("--steps", help="Every layer worked out as by hand.", rich_help_panel=OUT),
    ] = False,
    labels: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What the outputs stand for, one per line.",
                     rich_help_panel=OUT),
    ] = None,
    top_k: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="The largest N outputs.", rich_help_panel=OUT),
    ] = None,
    spec: Spec,
    strict: Strict = None,
    format_: PlainFormat = "table",
    json: Json = False,
    out: OutputFile = None,
    layout: LayoutOption = None,
) -> None:  # fmt: skip
    """Forward pass of a sample: every layer's values, from weights you give or drawn ones."""
    json = json or format_ == "json"
    with output.guarded(json=json):
        from cnncalc.cli import forwarding
        from cnncalc.cli.forward_request import Request, parse_max_macs, preparation

        request = Request(
            file=file,
            variant=spec.variant,
            set=tuple(spec.set or ()),
            input=spec.input,
            strict=strict,
            samples=tuple(sample or ("random",)),
            preparation=preparation(scale, mean, std, resize, crop=crop, seed=seed or 0),
            weights=weights,
            match=match,
            seed=seed,
            save_weights=save_weights,
            jobs=jobs,
            readable=readable or steps,
            counting=count,
            max_macs=parse_max_macs(max_macs),
            yes=yes,
            show=tuple(show or ()),
            maps=as_ == "maps",
            save=save,
            picture=picture,
            traces=tuple(trace or ()),
            steps=steps,
            labels=labels,
            top_k=top_k,
            json=json,
            out=out,
            layout=layout,
        )
        forwarding.run(request)
