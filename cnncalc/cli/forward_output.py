"""What `cnncalc forward` prints: tables, values, maps, traces, steps, or one JSON document."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncalc import files
from cnncalc.cli import output
from cnncalc.cli.forward_inputs import weights_document, weights_text
from cnncalc.cli.forward_request import place
from cnncalc.inference import image_files
from cnncalc.inference.neuron_trace import Neurons, trace
from cnncalc.inference.parameters import owner, stored_by
from cnncalc.inference.run import inference
from cnncalc.render import forward as render
from cnncalc.render import maps, worked_pass
from cnncalc.render import trace as render_trace
from cnncalc.render.format import printable, to_ascii
from cnncalc.tensor import positions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.cli.forwarding import Result
    from cnncalc.inference.neuron_trace import Trace
    from cnncalc.inference.run import Ran
    from cnncalc.network import Node


def present(result: Result) -> Iterator[str]:
    """The text, in pieces."""
    if result.request.json:
        from cnncalc.render.json import dumps

        yield f"{dumps(_document(result))}\n"
        return
    ascii_only = output.ascii_only()
    for line in _lines(result):
        yield f"{to_ascii(line) if ascii_only else line}\n"


def _lines(result: Result) -> Iterator[str]:
    request, done = result.request, result.done
    layout = _layout(result)
    yield printable(f"{done.network.name}   {_setting_text(result)}")
    if request.steps:
        yield "products with 0 are left out"
        yield ""
        yield from _steps(result, layout)
    else:
        yield from render.table(done, layout=layout)
        yield ""
        yield render.summary(done, result.work.macs)
    for row, labels in _labelled(result):
        yield ""
        yield from render.output_lines(row, layout=layout, top=request.top_k, labels=labels)
    for name in result.wish.shown:
        yield ""
        yield from _values(result, name, layout)
    for found in _traces(result):
        yield ""
        yield from render_trace.lines(found)
    if request.save:
        yield ""
        for path in _save_pictures(result):
            yield printable(f"wrote {path}")


def _layout(result: Result) -> str:
    return result.request.layout or result.done.network.layout


def _values(result: Result, name: str, layout: str) -> Iterator[str]:
    tensor = result.done.tensor(name)
    if not result.request.maps:
        yield from render.value_lines(name, tensor, layout=layout)
        return
    ascii_only = output.ascii_only()
    color = output.colored() and not ascii_only and result.request.out is None
    width = shutil.get_terminal_size((80, 24)).columns
    yield from maps.drawn(name, tensor, width=width, color=color, ascii_only=ascii_only)


def _traces(result: Result) -> Iterator[Trace]:
    for text in result.request.traces:
        yield trace(result.done, result.parameters, *place(text))


def _labelled(result: Result) -> Iterator[tuple[Ran, list[str] | None]]:
    """The outputs, with what their numbers stand for."""
    for row in result.done.outputs:
        fitting = result.labels and len(result.labels) == row.node.shape.size
        yield row, result.labels if fitting else None


def _setting(result: Result) -> dict[str, Any]:
    """Which sample and which weights."""
    request = result.request
    sample: dict[str, Any] = {"sources": list(request.samples)}
    if "random" in request.samples:
        sample["seed"] = request.preparation.seed
    return {
        "sample": sample,
        "weights": weights_document(request, result.parameters, result.start),
    }


def _setting_text(result: Result) -> str:
    request = result.request
    seed = f" (seed {request.preparation.seed})" if "random" in request.samples else ""
    told = weights_text(request, result.parameters, result.start)
    return f"sample {', '.join(request.samples)}{seed}" + (f", weights {told}" if told else "")


def _steps(result: Result, layout: str) -> Iterator[str]:
    """Every layer as one works it by hand."""
    network = result.done.network
    for node in inference(network):
        if not node.inputs:
            yield from worked_pass.maps(node.name, result.done.tensor(node.name), layout=layout)
            continue
        yield ""
        yield from _step(result, node, layout)


def _step(result: Result, node: Node, layout: str) -> Iterator[str]:
    done, network = result.done, result.done.network
    before = [network.nodes[index] for index in node.inputs]
    entering = [(row.name, row.shape) for row in before]
    yield worked_pass.heading(node.name, node.layer.type, entering, node.shape, layout=layout)
    values = result.parameters.of(network, node)
    stored = stored_by(network, owner(network, node))
    yield from worked_pass.weights(
        worked_pass.Weights(p.name, p.dims, values[p.name]) for p in stored
    )
    neurons = Neurons(done, result.parameters, node)
    places = [
        (channel, *position)
        for channel in range(node.shape.channels)
        for position in positions(node.shape.spatial)
    ]
    if worked_pass.told(neurons.at(places[0])):
        yield from worked_pass.sums(map(neurons.at, places), len(places))
    yield from worked_pass.maps(node.name, done.tensor(node.name), layout=layout)


def _document(result: Result) -> dict[str, Any]:
    request, done = result.request, result.done
    ranked = {
        row.node.name: render.ranking(row.output, request.top_k or render.TOP, labels)
        for row, labels in _labelled(result)
        if row.output is not None and (labels or request.top_k or not row.node.shape.rank)
    }
    document = render.document(
        done,
        version=output.version(),
        setting=_setting(result),
        shown={name: done.tensor(name) for name in result.wish.shown},
        ranked=ranked,
        macs=result.work.macs,
    )
    if request.traces:
        document["traces"] = [render_trace.document(found) for found in _traces(result)]
    if request.save:
        document["pictures"] = list(_save_pictures(result))
    return document


def _save_pictures(result: Result) -> Iterator[str]:
    """Write the maps of layers as pictures, one file per layer; the paths."""
    request = result.request
    folder = Path(request.save or ".")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise files.unwritable(f"to '{folder}'", files.reason(error)) from None
    for name in result.wish.saved:
        sheet = maps.contact_sheet(name, result.done.tensor(name))
        path = folder / f"{name}.{request.picture}"
        if request.picture == "png":
            picture = image_files.png(sheet.height, sheet.width, sheet.data)
        else:
            picture = image_files.pgm(sheet.height, sheet.width, sheet.data, sheet.comment)
        files.write(path, picture)
        yield str(path)
