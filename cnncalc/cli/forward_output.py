"""What `cnncalc forward` prints: tables, values, maps, traces, steps, or one JSON document."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc import files, zoo
from cnncalc.cli import output
from cnncalc.cli.forward_options import traced_neuron
from cnncalc.inference import image_files
from cnncalc.inference.neuron_trace import LayerTracer, trace
from cnncalc.inference.parameters import used_by
from cnncalc.inference.run import inference
from cnncalc.render import forward as render
from cnncalc.render import forward_rows, maps, shift, worked_pass
from cnncalc.render import samples as render_samples
from cnncalc.render import trace as render_trace
from cnncalc.render.format import printable, to_ascii
from cnncalc.render.json import dumps, json_lines
from cnncalc.tensor import positions
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnncalc.cli.forward_inputs import PreparedPass
    from cnncalc.inference.neuron_trace import Trace
    from cnncalc.inference.run import LayerRun, Pass
    from cnncalc.inference.shift import LayerShift
    from cnncalc.network import Node
    from cnncalc.render.forward import RankedValue
    from cnncalc.render.samples import Answers


class MovedPass(NamedTuple):
    """The pass of a shifted sample, and how far its layers differ from those of the sample."""

    done: Pass
    layers: list[LayerShift]
    by: tuple[int, ...]


def one(prepared: PreparedPass, done: Pass, moved: MovedPass | None = None) -> Iterator[str]:
    """The text of one pass, in pieces; with that of the shifted sample, if there is one."""
    if prepared.request.view.format_ == "json":
        document = _document(prepared, done)
        if moved:
            document["shift"] = shift.document(moved.layers, moved.by)
        yield f"{dumps(document)}\n"
    elif prepared.request.view.format_ != "table":
        yield _rows(prepared, done, moved)
    else:
        yield from _printed(_lines(prepared, done))
        if moved:
            yield from _printed(_shifted(prepared, done, moved))


def _rows(prepared: PreparedPass, done: Pass, moved: MovedPass | None) -> str:
    """The one table that was asked for: of the shift, of values, of outputs, or of layers."""
    view = prepared.request.view
    if view.save:
        for path in _save_pictures(prepared, done):
            output.say(printable(f"wrote {path}"))
    if moved:
        if view.format_ == "jsonl":
            return json_lines(shift.document(moved.layers, moved.by)["layers"])
        table = forward_rows.shifts(moved.layers)
    elif view.show:
        table = forward_rows.values({name: done.tensor(name) for name in prepared.rows.shown})
    elif view.top_k:
        table = forward_rows.ranked(_ranked(prepared, done))
    elif view.format_ == "jsonl":
        return json_lines(render.layer_document(row) for row in done.rows)
    else:
        table = forward_rows.layers(done, _layout(prepared))
    return forward_rows.written(table, view.format_)


def _shifted(prepared: PreparedPass, done: Pass, moved: MovedPass) -> Iterator[str]:
    """The comparison with the shifted sample, and whether the largest output stays."""
    yield ""
    yield from shift.lines(moved.layers, moved.by, output.page(prepared.request.view.out))
    for (row, labels), other in zip(_labelled(prepared, done), moved.done.outputs, strict=True):
        if row.output is not None and other.output is not None and not row.node.shape.rank:
            words = shift.largest(row.output.values, other.output.values, labels)
            yield printable(f"{row.node.name}: {words}")


def several(prepared: PreparedPass, answers: Answers) -> Iterator[str]:
    """The text of all results of several samples, in pieces."""
    view = prepared.request.view
    if view.format_ == "json":
        weights = _weights_document(prepared)
        yield f"{dumps(render_samples.document(answers, weights, version=VERSION))}\n"
        return
    if view.format_ == "jsonl":
        yield json_lines(
            render_samples.result_document(answers, result) for result in answers.results
        )
        return
    if view.format_ != "table":
        yield forward_rows.written(render_samples.table(answers), view.format_)
        return
    layout = view.layout or answers.network.layout
    page, words = output.page(view.out), _weights_text(prepared)
    yield from _printed(render_samples.lines(answers, words, page, layout=layout))


def _printed(lines: Iterable[str]) -> Iterator[str]:
    ascii_only = output.ascii_only()
    for line in lines:
        yield f"{to_ascii(line) if ascii_only else line}\n"


def _lines(prepared: PreparedPass, done: Pass) -> Iterator[str]:
    view, layout = prepared.request.view, _layout(prepared)
    yield printable(f"{done.network.name}   {_setting_text(prepared)}")
    if view.steps:
        yield "products with 0 are left out" if view.hide_zeros else ""
        yield from [""] if view.hide_zeros else []
        yield from _steps(prepared, done)
    else:
        yield from render.table(done, output.page(view.out), layout=layout)
        yield ""
        yield render.summary(done, prepared.work.macs)
    for row, labels in _labelled(prepared, done):
        if _stands(prepared, row.node) and not (view.top_k or labels):
            continue
        yield ""
        yield from render.output_lines(row, layout=layout, top=view.top_k, labels=labels)
    for name in prepared.rows.shown:
        if view.as_ == "values" and _stands(prepared, done.network.row(name)):
            continue
        yield ""
        yield from _values(prepared, done, name)
    for neuron in _traces(prepared, done):
        yield ""
        yield from render_trace.lines(neuron)
    if view.save:
        yield ""
        for path in _save_pictures(prepared, done):
            yield printable(f"wrote {path}")


def _stands(prepared: PreparedPass, node: Node | None) -> bool:
    """Whether --steps has printed every number of a row already."""
    steps = prepared.request.view.steps
    return steps and node is not None and node.shape.size <= worked_pass.MAX_NUMBERS


def _layout(prepared: PreparedPass) -> str:
    return prepared.request.view.layout or prepared.network.layout


def _values(prepared: PreparedPass, done: Pass, name: str) -> Iterator[str]:
    """The values of one layer as numbers, or as pictures drawn with characters."""
    tensor, view = done.tensor(name), prepared.request.view
    if view.as_ == "values":
        yield from render.value_lines(name, tensor, layout=_layout(prepared))
        return
    ascii_only = output.ascii_only()
    color = output.colored() and not ascii_only and view.out is None
    width = output.width() or shutil.get_terminal_size((80, 24)).columns
    yield from maps.drawn(name, tensor, width=width, color=color, ascii_only=ascii_only)


def _traces(prepared: PreparedPass, done: Pass) -> Iterator[Trace]:
    for text in prepared.request.view.trace or ():
        yield trace(done, prepared.parameters, *traced_neuron(text, done.network))


def _labelled(prepared: PreparedPass, done: Pass) -> Iterator[tuple[LayerRun, list[str] | None]]:
    """The outputs with their labels, if the labels fit."""
    labels = prepared.labels
    for row in done.outputs:
        yield row, labels if labels and len(labels) == row.node.shape.size else None


def _weights_document(prepared: PreparedPass) -> dict[str, Any]:
    """Which weights a pass runs with."""
    tally = prepared.parameters.tally
    document: dict[str, Any] = {"tensors": tally}
    if prepared.weights:
        document["file"] = zoo.display_name(prepared.weights)
    if "initial" in tally:
        document |= {"scheme": prepared.start.scheme, "seed": prepared.start.seed}
    return document


def _weights_text(prepared: PreparedPass) -> str:
    """Which weights a pass runs with, in words; empty where the network has none."""
    file = zoo.display_name(str(prepared.weights))
    return render.weights_text(prepared.parameters.tally, file, prepared.start)


def _setting(prepared: PreparedPass) -> dict[str, Any]:
    """Which sample and which weights."""
    sources = prepared.request.sample.sources
    sample: dict[str, Any] = {"sources": list(sources)}
    if "random" in sources:
        sample["seed"] = prepared.preparation.seed
    return {"sample": sample, "weights": _weights_document(prepared)}


def _setting_text(prepared: PreparedPass) -> str:
    sources = prepared.request.sample.sources
    seed = f" (seed {prepared.preparation.seed})" if "random" in sources else ""
    weights = _weights_text(prepared)
    return f"sample {', '.join(sources)}{seed}" + (f", weights {weights}" if weights else "")


def _steps(prepared: PreparedPass, done: Pass) -> Iterator[str]:
    """Every layer worked out as by hand."""
    layout = _layout(prepared)
    for node in inference(done.network):
        if not node.inputs:
            yield from worked_pass.maps(node.name, done.tensor(node.name), layout=layout)
            continue
        yield ""
        yield from _step(prepared, done, node, layout)


def _step(prepared: PreparedPass, done: Pass, node: Node, layout: str) -> Iterator[str]:
    network = done.network
    entering = [(network.nodes[i].name, network.nodes[i].shape) for i in node.inputs]
    yield worked_pass.heading(node.name, node.layer.type, entering, node.shape, layout=layout)
    values = prepared.parameters.of(network, node)
    stored = used_by(network, node)
    yield from worked_pass.weights(
        worked_pass.Weights(p.name, p.dims, values[p.name]) for p in stored
    )
    tracer = LayerTracer(done, prepared.parameters, node)
    indices = [
        (channel, *position)
        for channel in range(node.shape.channels)
        for position in positions(node.shape.spatial)
    ]
    step = worked_pass.Step(node.layer, values, prepared.request.view.hide_zeros)
    yield from worked_pass.neurons(map(tracer.at, indices), len(indices), step)
    yield from worked_pass.maps(node.name, done.tensor(node.name), layout=layout)


def _document(prepared: PreparedPass, done: Pass) -> dict[str, Any]:
    view = prepared.request.view
    document = render.document(
        done,
        version=VERSION,
        setting=_setting(prepared),
        shown={name: done.tensor(name) for name in prepared.rows.shown},
        ranked=_ranked(prepared, done),
        macs=prepared.work.macs,
    )
    if view.trace:
        document["traces"] = [render_trace.document(found) for found in _traces(prepared, done)]
    if view.save:
        document["pictures"] = list(_save_pictures(prepared, done))
    return document


def _ranked(prepared: PreparedPass, done: Pass) -> dict[str, list[RankedValue]]:
    """The largest numbers of the outputs that are ranked."""
    top = prepared.request.view.top_k
    return {
        row.node.name: render.ranking(row.output, top or render.TOP, labels)
        for row, labels in _labelled(prepared, done)
        if row.output is not None and (labels or top or not row.node.shape.rank)
    }


def _save_pictures(prepared: PreparedPass, done: Pass) -> Iterator[str]:
    """Write the maps of layers as pictures, one file per layer; yield the paths."""
    view = prepared.request.view
    folder = Path(view.save or ".")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise files.unwritable(f"to '{folder}'", files.reason(error)) from None
    for name in prepared.rows.saved:
        sheet = maps.contact_sheet(name, done.tensor(name))
        path = folder / f"{name}.{view.picture}"
        if view.picture == "png":
            picture = image_files.png(sheet.height, sheet.width, sheet.data)
        else:
            picture = image_files.pgm(sheet.height, sheet.width, sheet.data, sheet.comment)
        files.write(path, picture)
        yield str(path)
