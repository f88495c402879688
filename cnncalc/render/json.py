"""What all JSON documents share: how they begin, how they are written, parts that recur.

Every part stands beside the function that describes it in JSON Schema.
"""

from __future__ import annotations

from json import JSONEncoder
from math import isfinite
from typing import TYPE_CHECKING, Any

from cnncalc.figures import placed
from cnncalc.render.schema import (
    COUNT,
    DRAFT,
    FLAG,
    MAYBE_TEXT,
    SIZE,
    TEXT,
    WHOLE,
    described,
    listed,
    record,
    ref,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from fractions import Fraction

    from cnncalc.analysis.report import Check, Memory, MemoryPeak, Report, Totals
    from cnncalc.errors import Diagnostic
    from cnncalc.network import Network
    from cnncalc.render.schema import Schema
    from cnncalc.shapes import Shape

REAL_NUMBER: Schema = {
    "anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}],
    "description": "a number, or a word for one that is not finite",
}
SPEC: Schema = record({"name": TEXT, "file": TEXT, "variant": MAYBE_TEXT})
NAMED_SHAPES: Schema = listed(record({"name": TEXT, "shape": ref("shape")}))
TOOL: Schema = record({"name": {"const": "cnncalc"}, "version": TEXT})


def envelope(name: str, version: str, *, ok: bool = True) -> dict[str, Any]:
    """What every document begins with: the name and version of its schema, `ok`, and the tool.

    >>> envelope("solve", "0.1.0")["schema"]
    'cnncalc.solve/1'
    """
    tool = {"name": "cnncalc", "version": version}
    return {"schema": f"cnncalc.{name}/1", "ok": ok, "tool": tool}


def answer_schema(
    name: str,
    description: str,
    fields: dict[str, Schema],
    optional: dict[str, Schema] | None = None,
) -> Schema:
    """The schema of a document with this envelope, or of the errors printed in its place.

    >>> answer_schema("zoo", "the networks", {})["description"]
    'The networks.'
    """
    title = f"cnncalc.{name}/1"
    answer = record({"schema": {"const": title}, "ok": FLAG, "tool": TOOL, **fields}, optional)
    reasons = {"diagnostics": listed(ref("diagnostic"))}
    failure = record({"schema": TEXT, "ok": {"const": False}, "tool": TOOL, **reasons})
    return {
        "$schema": DRAFT,
        "title": title,
        "description": f"{description[0].upper()}{description[1:]}.",
        "oneOf": [answer, failure],
        "$defs": {"shape": shape_schema(), "diagnostic": diagnostic_schema()},
    }


def json_lines(entries: Iterable[Mapping[str, Any]]) -> str:
    r"""Objects as JSON lines.

    >>> json_lines([{"name": "C1"}, {"name": "S2"}])
    '{"name": "C1"}\n{"name": "S2"}\n'
    """
    from json import dumps as line

    return "".join(f"{line(entry, ensure_ascii=False)}\n" for entry in entries)


def dumps(document: Mapping[str, Any]) -> str:
    """The document as text: one line per key, and one per entry of the lists.

    Raises:
        ValueError: for infinities and NaN, which JSON does not have.

    >>> print(dumps({"ok": True, "layers": [{"name": "C1"}, {"name": "S2"}]}))
    {
      "ok": true,
      "layers": [
        {"name": "C1"},
        {"name": "S2"}
      ]
    }
    """
    # An entry per line keeps files short, and the difference between two of them readable.
    body = ",\n".join(f"  {one_line(key)}: {_value(value)}" for key, value in document.items())
    return f"{{\n{body}\n}}"


def _value(value: object) -> str:
    """A list with one entry per line; anything else on one line."""
    if not isinstance(value, list) or not value:
        return one_line(value)
    entries = ",\n".join(f"    {one_line(item)}" for item in value)
    return f"[\n{entries}\n  ]"


# One encoder for all values; documents hold no cycles that it would have to look for.
_encode = JSONEncoder(allow_nan=False, check_circular=False).encode


def one_line(value: object) -> str:
    """JSON on one line, in printable ASCII: DEL is the one control that Python does not escape."""
    return _encode(value).replace("\x7f", "\\u007f")


def exact_number(value: int | Fraction) -> int | float:
    """A fraction in JSON's own types: a float only where it is not whole.

    >>> from fractions import Fraction
    >>> exact_number(Fraction(4, 2)), exact_number(Fraction(1, 2))
    (2, 0.5)
    """
    return int(value) if value.denominator == 1 else float(value)


def real_number(value: float) -> float | str:
    """A float as JSON can hold it.

    >>> real_number(0.5), real_number(float("-inf"))
    (0.5, '-Infinity')
    """
    if isfinite(value):
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124


def shape_schema() -> Schema:
    """A shape, by the letters of its axes."""
    axes = dict.fromkeys("ldhw", SIZE)
    return described(record({"c": SIZE}, axes), "sizes by axis letter; a vector has only c")


def spec(of: Report | Network) -> dict[str, Any]:
    """Which network a document is about."""
    return {"name": of.name, "file": of.file, "variant": of.variant}


def named_shapes(ports: Iterable[tuple[str, Shape]]) -> list[dict[str, Any]]:
    """Tensors by name, each with its shape."""
    return [{"name": name, "shape": shape.by_letter} for name, shape in ports]


def diagnostic(of: Diagnostic) -> dict[str, Any]:
    """One diagnostic; what it does not have is absent.

    >>> from cnncalc.errors import Diagnostic
    >>> diagnostic(Diagnostic("note", "fit", "1 column unused"))
    {'severity': 'note', 'code': 'fit', 'message': '1 column unused'}
    """
    entry: dict[str, Any] = {"severity": of.severity, "code": of.code, "message": of.message}
    if of.span:
        entry |= of.span._asdict()
    if of.origin:
        entry["origin"] = of.origin
    if of.notes:
        entry["notes"] = list(of.notes)
    if of.help:
        entry["help"] = of.help
    return entry


def diagnostic_schema() -> Schema:
    """One error, warning or note, and its place."""
    place = {"file": TEXT, "line": SIZE, "column": SIZE, "end_column": SIZE}
    return record(
        {"severity": {"enum": ["error", "warning", "note"]}, "code": TEXT, "message": TEXT},
        {**place, "origin": TEXT, "notes": listed(TEXT), "help": TEXT},
    )


def totals(of: Totals) -> dict[str, Any]:
    """The sums over all layers, and the bytes of memory."""
    sums = {**of._asdict(), "memory": _memory(of.memory)}
    stated = sums.pop("stated")
    return sums | ({"stated_layers": stated} if stated else {})


def _memory(memory: Memory) -> dict[str, Any]:
    """The bytes, and the peaks with their tensors where the report knows them."""
    peaks = {"peak": memory.peak, "peak_out_of_place": memory.peak_out_of_place}
    sizes = {key: value for key, value in memory._asdict().items() if key not in peaks}
    return sizes | {key: _peak(peak) for key, peak in peaks.items() if peak}


def _peak(peak: MemoryPeak) -> dict[str, Any]:
    return {**peak._asdict(), "tensors": [tensor._asdict() for tensor in peak.tensors]}


def totals_schema() -> Schema:
    """The totals of a report."""
    tensors = listed(record({"name": TEXT, "bytes": COUNT}))
    peak = record({"bytes": COUNT, "layer": TEXT, "tensors": tensors})
    memory = {"dtype": TEXT, "batch": SIZE, **dict.fromkeys(placed("memory"), COUNT)}
    peaks = {
        "peak": described(peak, "when most bytes are alive"),
        "peak_out_of_place": described(peak, "the same if no layer worked in place"),
    }
    counts = dict.fromkeys(placed("totals"), COUNT)
    stated = described(SIZE, "layers whose figures their writer stated, where there are any")
    return record({**counts, "memory": record(memory, peaks)}, {"stated_layers": stated})


def expectation(check: Check) -> dict[str, Any]:
    """An exact expectation is a number, as its actual value is; others stay as written."""
    digits = check.expected.replace("_", "")
    number = digits.isdecimal() and isinstance(check.actual, int)
    expected = int(digits) if number else check.expected
    delta = {} if check.delta is None else {"delta": check.delta}
    return {"key": check.key, "expected": expected, "actual": check.actual, "ok": check.ok, **delta}


def expectation_schema() -> Schema:
    """One figure that a spec promises, and whether the network keeps the promise."""
    either: Schema = {"type": ["integer", "string"]}
    return record({"key": TEXT, "expected": either, "actual": either, "ok": FLAG}, {"delta": WHOLE})
