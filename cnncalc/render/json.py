"""The JSON report, `cnncalc.report/1`: the contract that other programs read.

Numbers are plain integers, shapes are objects by axis letter, absent means not applicable.
There is one entry in `layers` per primitive row, so that sums over them are the totals; a
layer with several inputs has the first in `in` and all of them in `in_shapes`. `name` and
`path` are both the unique dotted name.
"""

from __future__ import annotations

from json import JSONEncoder
from typing import TYPE_CHECKING, Any

from cnncalc import conventions
from cnncalc.render import fold
from cnncalc.render.envelope import envelope
from cnncalc.render.steps import formulas

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cnncalc.analysis.report import (
        Check,
        Memory,
        Peak,
        Port,
        ReceptiveField,
        Report,
        Row,
        Totals,
    )
    from cnncalc.errors import Diagnostic
    from cnncalc.shapes import Shape

SCHEMA = "cnncalc.report/1"
# Shapes and settings repeat in every network: each is converted once per document, found
# again by the shape or by the identity of the settings object that equal rows hold.
Seen = dict[object, dict[str, Any]]


def document(report: Report, *, version: str, folded: bool = False) -> dict[str, Any]:
    """The whole report; `folded` merges attached norms and activations as the table does."""
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
        "totals": totals(report.totals),
        "layers": list(layers(report.rows, folded=folded)),
        "expect": [expectation(check) for check in report.expect],
        "diagnostics": [diagnostic(d) for d in report.diagnostics],
    }


def failure(
    diagnostics: Iterable[Diagnostic], *, version: str, report: Report | None = None
) -> dict[str, Any]:
    """What is said instead of a report: the diagnostics, and the layers of a partial report."""
    known = list(layers(report.rows)) if report else []
    return {
        **envelope("report", version, ok=False),
        **({"layers": known} if known else {}),
        "diagnostics": [diagnostic(d) for d in diagnostics],
    }


def dumps(document: Mapping[str, Any]) -> str:
    """The document as text: one line per key, and one per entry of the lists.

    Raises ValueError for infinities and NaN, which JSON does not have.

    >>> print(dumps({"ok": True, "layers": [{"name": "C1"}, {"name": "S2"}]}))
    {
      "ok": true,
      "layers": [
        {"name": "C1"},
        {"name": "S2"}
      ]
    }
    """
    body = ",\n".join(f"  {_text(key)}: {_value(value)}" for key, value in document.items())
    return f"{{\n{body}\n}}"


def jsonl(rows: Iterable[Row], *, folded: bool = False) -> Iterator[str]:
    """One line per layer, without its newline, made as it is asked for."""
    return map(_text, layers(rows, folded=folded))


def layers(rows: Iterable[Row], *, folded: bool = False) -> Iterator[dict[str, Any]]:
    """One object per row, or per row with what is attached to it."""
    seen: Seen = {}
    rows = tuple(rows)  # keeps the settings alive, and with them their ids
    if not folded:
        for row in rows:
            yield _layer(row, seen)
        return
    for unit in fold.attach(rows):
        attached = [row.type for row in unit[1:]]
        yield {**_layer(fold.merge(unit), seen), **({"attached": attached} if attached else {})}


def diagnostic(of: Diagnostic) -> dict[str, Any]:
    """One diagnostic; what it does not have is absent.

    >>> from cnncalc.errors import Diagnostic
    >>> diagnostic(Diagnostic("note", "fit", "1 column unused"))
    {'severity': 'note', 'code': 'fit', 'message': '1 column unused'}
    """
    said: dict[str, Any] = {"severity": of.severity, "code": of.code, "message": of.message}
    if of.span:
        said |= of.span._asdict()
    if of.notes:
        said["notes"] = list(of.notes)
    if of.help:
        said["help"] = of.help
    return said


def totals(of: Totals) -> dict[str, Any]:
    """The sums, and the bytes beneath them."""
    return {**of._asdict(), "memory": _memory(of.memory)}


def _memory(memory: Memory) -> dict[str, Any]:
    """The bytes, and the peaks with their tensors where the report knows them."""
    peaks = {"peak": memory.peak, "peak_out_of_place": memory.peak_out_of_place}
    said = {key: value for key, value in memory._asdict().items() if key not in peaks}
    return said | {key: _peak(peak) for key, peak in peaks.items() if peak}


def _peak(peak: Peak) -> dict[str, Any]:
    return {**peak._asdict(), "tensors": [held._asdict() for held in peak.tensors]}


def _layer(row: Row, seen: Seen) -> dict[str, Any]:
    return {
        "index": row.index,
        "name": row.name,
        "path": row.name,
        "depth": row.depth,
        "type": row.type,
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
    """What only some layers have."""
    some: dict[str, Any] = {}
    if len(row.in_shapes) > 1:
        some["in_shapes"] = [_shape(shape, seen) for shape in row.in_shapes]
    if row.span:
        some["source"] = {"file": row.span.file, "line": row.span.line, "column": row.span.column}
    if row.receptive_field and row.receptive_field.size:
        some["receptive_field"] = _field(row.receptive_field)
    if row.unused:
        some["fit"] = {"exact": not any(row.unused), "unused": list(row.unused)}
    if row.note is not None:
        some["note"] = row.note
    if row.steps:
        some["formulas"] = formulas(row)
    return some


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


def expectation(check: Check) -> dict[str, Any]:
    """An exact expectation is a number, as its actual value is; others stay as written."""
    digits = check.expected.replace("_", "")
    number = digits.isdecimal() and isinstance(check.actual, int)
    expected = int(digits) if number else check.expected
    delta = {} if check.delta is None else {"delta": check.delta}
    return {"key": check.key, "expected": expected, "actual": check.actual, "ok": check.ok, **delta}


def _plain(value: Any) -> Any:
    """A value of the report in JSON's own types; a fraction is a float only when not whole."""
    if isinstance(value, (int, str, float)) or value is None:
        return value
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if hasattr(value, "items"):
        return {key: _plain(item) for key, item in value.items()}
    return int(value) if value.denominator == 1 else float(value)


def _value(value: object) -> str:
    """A list with one entry per line; anything else on one line."""
    if not isinstance(value, list) or not value:
        return _text(value)
    entries = ",\n".join(f"    {_text(item)}" for item in value)
    return f"[\n{entries}\n  ]"


_encode = JSONEncoder(allow_nan=False, check_circular=False).encode


def _text(value: object) -> str:
    """JSON on one line, in printable ASCII: DEL is the one control that Python does not escape."""
    return _encode(value).replace("\x7f", "\\u007f")
