"""`cnncalc explain`: every formula of a layer, with its numbers put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli import output
from cnncalc.cli.options import (
    Batch,
    Dtype,
    File,
    FormatOption,
    LayoutOption,
    OutputFile,
    Spec,
    complete_layer,
)
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from cnncalc.questions.explain import Explanation


def explain(
    file: File,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Layer or part; without one, every layer.",
                       autocompletion=complete_layer, show_default=False),
    ] = None,
    *,
    spec: Spec,
    batch: Batch = None,
    dtype: Dtype = "fp32",
    format_: FormatOption = "table",
    out: OutputFile = None,
    layout: LayoutOption = None,
) -> None:  # fmt: skip
    """Every figure of a layer: its formula with the layer's own numbers.

    Examples:
        cnncalc explain lenet5 C3
        cnncalc explain resnet50 layer1
        cnncalc explain lenet5 --format latex
    """
    from cnncalc.questions.explain import explain as ask

    network = spec.load(file)
    explanations = ask(network, name, batch=batch, dtype=dtype)
    lines = _lines(network.text)
    output.emit(_written(explanations, format_, layout or network.layout, lines), out)
    output.tell(spec.remarks(file, network.diagnostics))


def _written(
    explanations: tuple[Explanation, ...], format_: str, layout: str, lines: Mapping[int, str]
) -> Iterator[str]:
    from cnncalc.render import explain as render

    if format_ == "latex":
        return render.latex(explanations, layout=layout)
    if format_ == "md":
        return render.markdown(explanations, layout=layout)
    if format_ in {"csv", "tsv"}:
        return iter([render.table(explanations).written(format_)])
    if format_ in {"json", "jsonl"}:
        from cnncalc.render.json import dumps, json_lines

        document = render.document(explanations, version=VERSION, written=lines)
        text = f"{dumps(document)}\n" if format_ == "json" else json_lines(document["layers"])
        return iter([text])
    ascii_only = output.ascii_only()
    return render.text(explanations, layout=layout, written=lines, ascii_only=ascii_only)


def _lines(text: str | None) -> dict[int, str]:
    """The lines of the spec by number."""
    from cnncalc.lines import BREAK

    lines = enumerate(BREAK.split(text or ""), start=1)
    return {number: line.strip().removeprefix("- ") for number, line in lines}
