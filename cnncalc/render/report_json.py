"""The JSON report, `cnncalc.report/1`: the contract that other programs read.

Numbers are plain integers, shapes are objects by axis letter, absent means not applicable.
There is one entry in `layers` per primitive row, so that sums over them are the totals; a
layer with several inputs has the first in `in` and all of them in `in_shapes`. `name` and
`path` are both the unique dotted name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc import conventions
from cnncalc.figures import used
from cnncalc.render import fold
from cnncalc.render.json import (
    TOOL,
    diagnostic,
    diagnostic_schema,
    envelope,
    exact_number,
    expectation,
    expectation_schema,
    one_line,
    shape_schema,
    totals,
    totals_schema,
)
from cnncalc.render.schema import (
    COUNT,
    DRAFT,
    FLAG,
    MAYBE_TEXT,
    NUMBER,
    OPEN,
    SIZE,
    TEXT,
    described,
    listed,
    record,
    ref,
)
from cnncalc.render.steps import formulas

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cnncalc.analysis.report import Moment, Port, ReceptiveField, Report, Row
    from cnncalc.errors import Diagnostic
    from cnncalc.render.schema import Schema
    from cnncalc.shapes import Shape

# Shapes and settings repeat in every network, so each is converted once per document. It is
# looked up by the shape, or by the identity of the settings object that equal rows share.
Seen = dict[object, dict[str, Any]]
# The figures that `--vs` compares.
COMPARED = ("weights", "biases", "params", "connections", "macs")


def document(
    report: Report, *, version: str, folded: bool = False, timeline: Iterable[Moment] = ()
) -> dict[str, Any]:
    """The whole report; `folded` merges attached norms and activations as the table does.

    A `timeline`, the memory while each row runs, is a part of it where one is given.
    """
    moments = [moment._asdict() for moment in timeline]
    return {
        **envelope("report", version, ok=report.ok),
        "spec": {
            "name": report.name,
            "file": report.file,
            "variant": report.variant,
            "vars": _plain(report.vars),
            "overrides": _plain(report.overrides),
        },
        "conventions": {
            "layout": report.layout,
            "mac": conventions.MAC,
            "macs": conventions.MACS_COUNT,
            "flops_per_mac": conventions.FLOPS_PER_MAC,
            "connections": conventions.CONNECTIONS,
            "params": conventions.PARAMS,
        },
        "inputs": [_port(port) for port in report.inputs],
        "outputs": [{**_port(port), "train_only": port.train_only} for port in report.outputs],
        **_gaps(report),
        "totals": totals(report.totals),
        "layers": list(layers(report.rows, folded=folded)),
        "groups": _groups(report),
        **({"timeline": moments} if moments else {}),
        "expect": [expectation(check) for check in report.expect],
        "diagnostics": [diagnostic(d) for d in report.diagnostics],
    }


def _groups(report: Report) -> list[dict[str, Any]]:
    """Every named part, outer ones before inner ones, with the indices of its first and last row.

    The rows of a part stand together; those of parts within it are among them.
    """
    parts: dict[str, list[int]] = {name: [] for name in report.groups}
    for row in report.rows:
        words = row.name.split(".")
        for end in range(1, len(words)):
            if (part := ".".join(words[:end])) in parts:
                parts[part].append(row.index)
    return [
        {"name": name, "type": report.groups[name].text, "first": rows[0], "last": rows[-1]}
        for name, rows in sorted(parts.items(), key=lambda part: (part[1][0], part[0].count(".")))
    ]


def _gaps(report: Report) -> dict[str, Any]:
    """What is not known of a model file; nothing where all is."""
    return {"complete": False, "unknown": list(report.incomplete)} if report.incomplete else {}


def failure(
    diagnostics: Iterable[Diagnostic], *, version: str, report: Report | None = None
) -> dict[str, Any]:
    """The document printed instead of a report: diagnostics, and the layers before the failure."""
    known = list(layers(report.rows)) if report else []
    return {
        **envelope("report", version, ok=False),
        **({"layers": known} if known else {}),
        "diagnostics": [diagnostic(d) for d in diagnostics],
    }


def versus(report: Report, other: Report, name: str) -> dict[str, Any]:
    """The comparison with other layers that give the same output: layers, totals and ratios.

    A ratio is their figure divided by the layer's own, and absent where that is 0.
    """
    here, there = report.totals, other.totals
    return {
        "name": name,
        "totals": {key: getattr(there, key) for key in COMPARED},
        "ratio": {
            key: getattr(there, key) / getattr(here, key) for key in COMPARED if getattr(here, key)
        },
        "layers": list(layers(other.rows)),
    }


def jsonl(rows: Iterable[Row], *, folded: bool = False) -> Iterator[str]:
    """One line of JSON per layer, without its newline, made one by one."""
    return map(one_line, layers(rows, folded=folded))


def layers(rows: Iterable[Row], *, folded: bool = False) -> Iterator[dict[str, Any]]:
    """One object per row, or per layer with what is attached to it if `folded`."""
    seen: Seen = {}
    rows = tuple(rows)  # keeps the settings alive, so that their ids stay unique
    if not folded:
        for row in rows:
            yield _layer(row, seen)
        return
    for layer, *attached_rows in fold.attach(rows):
        attached = [row.type for row in attached_rows]
        merged = fold.merge([layer, *attached_rows])
        yield {**_layer(merged, seen), **({"attached": attached} if attached else {})}


def _layer(row: Row, seen: Seen) -> dict[str, Any]:
    return {
        "index": row.index,
        "name": row.name,
        "path": row.name,
        "depth": row.depth,
        "type": row.type,
        "kind": row.kind,
        "attached_to": row.attached_to,
        "block": row.block,
        "inputs": list(row.inputs),
        "args": _args(row.settings, seen),
        "in": _shape(row.in_shapes[0], seen),
        "out": _shape(row.out, seen),
        "neurons": row.neurons,
        "weights": row.weights,
        "biases": row.biases,
        "params": row.params,
        "trainable": row.trainable,
        "buffers": row.buffers,
        "fixed": row.fixed,
        "shared_with": row.shared_with,
        "connections": row.connections,
        "connections_with_bias": row.connections_with_bias,
        "macs": row.macs,
        "flops": row.flops,
        "train_only": row.train_only,
        **_sometimes(row, seen),
    }


def _sometimes(row: Row, seen: Seen) -> dict[str, Any]:
    """The fields that only some layers have."""
    optional: dict[str, Any] = {}
    if len(row.in_shapes) > 1:
        optional["in_shapes"] = [_shape(shape, seen) for shape in row.in_shapes]
    if row.span:
        optional["source"] = {
            "file": row.span.file,
            "line": row.span.line,
            "column": row.span.column,
        }
    if row.receptive_field and row.receptive_field.size:
        optional["receptive_field"] = _field(row.receptive_field)
    if row.unused:
        optional["fit"] = {"exact": not any(row.unused), "unused": list(row.unused)}
    if row.tied_to is not None:
        optional["tied_to"] = row.tied_to
    if row.stated:
        optional["stated"] = True
    if row.unknown:
        optional["unknown"] = True
    if row.note is not None:
        optional["note"] = row.note
    if row.steps:
        optional["formulas"] = formulas(row)
    return optional


def _args(settings: Mapping[str, object], seen: Seen) -> dict[str, Any]:
    if id(settings) not in seen:
        given = {key: value for key, value in settings.items() if value is not None}
        seen[id(settings)] = _plain(given)
    return seen[id(settings)]


def _shape(shape: Shape, seen: Seen) -> dict[str, Any]:
    if shape not in seen:
        seen[shape] = shape.by_letter
    return seen[shape]


def _field(field: ReceptiveField) -> dict[str, Any]:
    sizes = {key: _plain(getattr(field, key)) for key in ("size", "jump", "start")}
    gated = {"gated": True} if field.gated else {}
    return {**sizes, **gated, **({} if field.aligned else {"aligned": False})}


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "shape": port.shape.by_letter, "size": port.shape.size}


def _plain(value: Any) -> Any:
    """A value of the report in JSON's own types; a fraction is a float only when not whole."""
    if isinstance(value, (int, str, float)) or value is None:
        return value
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if hasattr(value, "items"):
        return {key: _plain(item) for key, item in value.items()}
    return exact_number(value)


def schema() -> Schema:
    """The schema of the report, and of what is printed when there is none.

    >>> schema()["$schema"]
    'https://json-schema.org/draft/2020-12/schema'
    """
    return {
        "$schema": DRAFT,
        "title": "cnncalc.report/1",
        "description": "The analysis of one network, or the reasons why there is none.",
        "oneOf": [ref("report"), ref("failure"), ref("reports")],
        "$defs": {
            "report": _report_schema(),
            "failure": _failure_schema(),
            "reports": _reports_schema(),
            "shape": shape_schema(),
            "layer": _layer_schema(),
            "diagnostic": diagnostic_schema(),
        },
    }


def _head_schema(ok: Schema) -> dict[str, Schema]:
    return {
        "schema": {"const": "cnncalc.report/1"},
        "ok": described(ok, "no error, and every expectation met"),
        "tool": TOOL,
    }


def _report_schema() -> Schema:
    from cnncalc.render.training import training_schema  # a report seldom has that part

    return record(
        {
            **_head_schema(FLAG),
            "spec": _spec_schema(),
            "conventions": _conventions_schema(),
            "inputs": listed(record(_port_schema())),
            "outputs": listed(record({**_port_schema(), "train_only": FLAG})),
            "totals": totals_schema(),
            "layers": listed(ref("layer")),
            "groups": listed(_group_schema()),
            "expect": listed(expectation_schema()),
            "diagnostics": listed(ref("diagnostic")),
        },
        {
            "versus": _versus_schema(),
            "training": training_schema(),
            "timeline": described(
                listed(_moment_schema()), "with --memory: each row of inference while it runs"
            ),
            "complete": described(
                {"const": False}, "totals are the least, without what is unknown"
            ),
            "unknown": described(listed(TEXT), "rows of unknown cost, and operators without a row"),
        },
    )


def _reports_schema() -> Schema:
    """The document of a one-layer command that was given lists of values."""
    results = listed({"oneOf": [ref("report"), ref("failure")]})
    head = {**_head_schema(FLAG), "schema": {"const": "cnncalc.reports/1"}}
    return record({**head, "results": described(results, "one for each setting, in order")})


def _versus_schema() -> Schema:
    ratios = dict.fromkeys(COMPARED, NUMBER)
    fields = {
        "name": TEXT,
        "totals": record(dict.fromkeys(COMPARED, COUNT)),
        "ratio": described(record({}, ratios), "its figures divided by the layer's"),
        "layers": listed(ref("layer")),
    }
    return described(record(fields), "other layers with the same output")


def _failure_schema() -> Schema:
    known = described(listed(ref("layer")), "the layers up to the failure")
    fields = {**_head_schema({"const": False}), "diagnostics": listed(ref("diagnostic"))}
    return record(fields, {"layers": known})


def _spec_schema() -> Schema:
    names: dict[str, Schema] = {"name": TEXT, "file": TEXT, "variant": MAYBE_TEXT}
    return record({**names, "vars": OPEN, "overrides": OPEN})


def _conventions_schema() -> Schema:
    return record(
        {
            "layout": {"enum": list(conventions.LAYOUTS)},
            "mac": described(TEXT, "what one multiply-accumulate is"),
            "macs": described(TEXT, "which layers have them"),
            "flops_per_mac": {"const": 2},
            "connections": TEXT,
            "params": TEXT,
        }
    )


def _port_schema() -> dict[str, Schema]:
    return {"name": TEXT, "shape": ref("shape"), "size": SIZE}


def _layer_schema() -> Schema:
    return record(
        {
            "index": COUNT,
            "name": described(TEXT, "unique and dotted"),
            "path": TEXT,
            "depth": described(COUNT, "how many groups contain it"),
            "type": TEXT,
            "kind": described(TEXT, "what the layer does: conv, up, pool, dense, merge, ..."),
            "attached_to": described(MAYBE_TEXT, "the layer that a norm or activation belongs to"),
            "block": described(MAYBE_TEXT, "the block call it comes from"),
            "inputs": listed(TEXT),
            "args": described(OPEN, "the layer's fields with defaults filled in"),
            "in": ref("shape"),
            "out": ref("shape"),
            "neurons": SIZE,
            **dict.fromkeys(used("column"), COUNT),
            "shared_with": described(MAYBE_TEXT, "the layer whose weights and biases it uses"),
            "train_only": FLAG,
        },
        {
            "tied_to": described(TEXT, "the layer whose weight it uses transposed"),
            "in_shapes": described(listed(ref("shape")), "all inputs, where there are several"),
            "source": record({"file": TEXT, "line": SIZE, "column": SIZE}),
            "receptive_field": _receptive_field_schema(),
            "fit": _fit_schema(),
            "stated": described({"const": True}, "its figures are those of the spec's writer"),
            "unknown": described({"const": True}, "its figures are not known, and 0 here"),
            "note": TEXT,
            "formulas": {"type": "object", "additionalProperties": TEXT},
            "attached": described(listed(TEXT), "the types folded into this one"),
        },
    )


def _group_schema() -> Schema:
    fields: dict[str, Schema] = {
        "name": described(TEXT, "a dotted prefix of its layers' names"),
        "type": described(TEXT, "the block, or how many layers it has"),
    }
    ends = {"first": described(COUNT, "index of its first layer"),
            "last": described(COUNT, "index of its last layer")}  # fmt: skip
    return record({**fields, **ends})


def _moment_schema() -> Schema:
    tensors = described(listed(TEXT), "what is alive, by the rows that wrote it last")
    return record({"name": TEXT, "bytes": COUNT, "tensors": tensors})


def _fit_schema() -> Schema:
    return record(
        {
            "exact": described(FLAG, "whether nothing but padding is left unread"),
            "unused": described(
                listed(COUNT), "per axis, rows or columns of the input after the last window"
            ),
        }
    )


def _receptive_field_schema() -> Schema:
    numbers = listed(NUMBER)
    return record(
        {"size": listed(SIZE), "jump": numbers, "start": numbers},
        {"gated": {"const": True}, "aligned": {"const": False}},
    )
