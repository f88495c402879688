"""What must hold of every input, however odd.

Either a diagnostic of the package, with its place in the file; or a report whose JSON can be
read, whose sums are its totals, counted again here from the layers themselves. In either
case in less than a second of processor time and 200 MB of memory.
"""

from __future__ import annotations

import io
import json
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jsonschema import Draft202012Validator

from cnncalc.analysis.engine import analyze
from cnncalc.cli.app import run
from cnncalc.errors import CnncalcError
from cnncalc.lines import BREAK
from cnncalc.render import diagnostics as rendered
from cnncalc.render import report_json
from cnncalc.render.json import dumps
from cnncalc.spec.load import load
from cnncalc.spec.write import text as expanded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.analysis.report import Report
    from cnncalc.network import Network

SECONDS = 1.0
PER_LAYER = 0.0003  # seconds more for each layer: thousands of them may take longer
MEGABYTES = 200
GIVE_UP = 10  # seconds of processor time after which an input is stopped: it may never end
STATUSES = (0, 1, 2, 3)
# What is said about a file as a whole: there is no line to point at.
PLACELESS = {"not-utf8", "too-big", "too-deep", "missing-input", "empty"}
STORED = ("weights", "biases", "params", "trainable", "buffers", "fixed")
DONE = ("connections", "connections_with_bias", "macs", "flops")
FILE = "-"  # what messages call the standard input
SPEC = "SPEC"  # stands for the file in a command line


class Example(NamedTuple):
    """A spec file, and the command line that is given it; none asks the library instead."""

    data: bytes
    command: tuple[str, ...] = ()


class Fault(NamedTuple):
    """What is wrong: a short label, the same for all faults of a kind, and what is known."""

    label: str
    detail: str


class Broken(AssertionError):  # noqa: N818 - it becomes a Fault
    """The contract is broken."""

    def __init__(self, label: str, detail: object = "") -> None:
        super().__init__(f"{label}: {detail}")
        self.label = label
        self.detail = str(detail)


class Judge:
    """Holds examples to the contract.

    A spec is given as the standard input, since opening a file takes longer than all the rest.
    `outcomes` counts what became of the examples: `accepted`, `refused`, `command`.
    """

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.start = peak_megabytes()
        self.layers = 0  # of the network at hand

    def fault(self, example: Example, *, thorough: bool = False) -> Fault | None:
        """The fault of one example, or None. `thorough` adds the checks that take a while."""
        before, begun = peak_megabytes(), time.process_time()
        self.layers = 0
        try:
            with no_longer_than(GIVE_UP):
                if example.command:
                    self.command(example)
                else:
                    self.library(example.data, thorough=thorough)
        except Broken as broken:
            return Fault(broken.label, broken.detail)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            return Fault(origin(error), traceback.format_exc())
        took, allowed = time.process_time() - begun, SECONDS + self.layers * PER_LAYER
        if not thorough and took > allowed:
            return Fault("slow", f"{took:.1f} s")
        peak = peak_megabytes()
        if peak > before and peak - self.start > MEGABYTES:
            return Fault("memory", f"{peak - self.start:.0f} MB more than at the start")
        return None

    # -- the library

    def library(self, data: bytes, *, thorough: bool) -> None:
        """Load and analyse the file."""
        try:
            network = loaded(data)
            self.layers = len(network.nodes)
            report = analyze(network)
        except CnncalcError as error:
            self.outcomes["refused"] += 1
            check_refusal(error, data)
            return
        self.outcomes["accepted"] += 1
        document = report_json.document(report, version="0")
        check_sums(document)
        check_counts(network, report)
        if thorough:
            check_schema(document)
            check_expanded(network, report)

    # -- the command line

    def command(self, example: Example) -> None:
        """Run a command in this process."""
        self.outcomes["command"] += 1
        words = example.command
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), standard_input(example.data):
            status = run(["-" if word == SPEC else word for word in words])
        if status not in STATUSES:
            raise Broken("exit status", status)
        if "Traceback" in err.getvalue():
            raise Broken("traceback", err.getvalue())
        if status and not (err.getvalue() or out.getvalue()):
            raise Broken("silent failure", status)
        if "--json" in words and status < 2:  # what a usage error prints is Typer's
            try:
                json.loads(out.getvalue())
            except ValueError as error:
                raise Broken("no JSON", f"{error}: {out.getvalue()[:200]}") from None


def loaded(data: bytes) -> Network:
    """The network of a spec."""
    with standard_input(data):
        return load("-")


@contextmanager
def standard_input(data: bytes) -> Iterator[None]:
    """Let these bytes be read as the standard input."""
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(data))
    try:
        yield
    finally:
        sys.stdin = before


def check_expanded(network: Network, report: Report) -> None:
    """What `expand` writes reads back to the same rows."""
    text = expanded(network)
    try:
        other = analyze(loaded(text.encode()))
    except CnncalcError as error:
        raise Broken("expanded spec refused", f"{error}\n{text}") from None
    ours, theirs = ([comparable(row) for row in each.rows] for each in (report, other))
    if ours != theirs:
        raise Broken("expanded spec differs", f"{ours}\n{theirs}\n{text}")


def check_refusal(error: CnncalcError, data: bytes) -> None:
    """A refusal says something, and where; it can be printed."""
    if not error.diagnostics:
        raise Broken("no diagnostics")
    lines = None
    for diagnostic in error.diagnostics:
        if not diagnostic.message or not diagnostic.code:
            raise Broken("no message", diagnostic)
        span = diagnostic.span
        if span is None:
            if diagnostic.code not in PLACELESS:
                raise Broken(f"no place: {diagnostic.code}", diagnostic)
            continue
        if lines is None:
            lines = BREAK.split(data.decode("utf-8-sig", "replace"))
        inside = (
            span.file == FILE
            and 1 <= span.line <= len(lines)
            and 1 <= span.column <= len(lines[span.line - 1]) + 1
            and span.column <= span.end_column <= len(lines[span.line - 1]) + 2
        )
        if not inside:
            raise Broken(f"place outside the file: {diagnostic.code}", diagnostic)
    rendered.text(error.diagnostics[:3])


def check_sums(document: dict) -> None:
    """The totals are the sums over the rows: what is stored over all, work over inference."""
    totals, rows = document["totals"], document["layers"]
    if totals["rows"] != len(rows):
        raise Broken("rows", f"{totals['rows']} for {len(rows)}")
    at_work = [row for row in rows if not row["train_only"]]
    for names, counted in ((STORED, rows), (DONE, at_work)):
        for name in names:
            if totals[name] != sum(row[name] for row in counted):
                raise Broken(f"sum of {name}", totals[name])
    for row in rows:
        if row["params"] != row["weights"] + row["biases"] or row["flops"] != 2 * row["macs"]:
            raise Broken("figures of a row", row)
        if row["neurons"] != prod(row["out"].values()):
            raise Broken("neurons", row)


def check_counts(network: Network, report: Report) -> None:
    """Stored numbers counted from the tensors of the layers: shared ones once."""
    stored: Counter[str] = Counter()
    nodes = network.nodes
    for node in nodes:
        shapes = [nodes[index].shape for index in node.inputs]
        if node.layer.type == "input" or node.shared_with is not None:
            continue
        for parameter in node.layer.parameters(*shapes):
            stored[parameter.role] += prod(parameter.dims)
    totals = report.totals
    counted = (stored["learned"], stored["statistic"], stored["fixed"])
    if counted != (totals.params, totals.buffers, totals.fixed):
        raise Broken("stored numbers", f"{counted} counted, {totals}")
    for row in report.rows:
        node = nodes[row.index]
        if row.in_shapes != tuple(nodes[index].shape for index in node.inputs):
            raise Broken("input shapes", row)
        if node.layer.output_shape(*row.in_shapes) != row.out:
            raise Broken("output shape", row)


def check_schema(document: dict) -> None:
    """The document as a program reads it, against the schema that is published."""
    read = json.loads(dumps(document))
    error = next(validator().iter_errors(read), None)
    if error is not None:
        raise Broken("schema", f"{error.json_path}: {error.message[:300]}")


@cache
def validator() -> Draft202012Validator:
    """The report's own schema, without the choice between reports and failures, which is slow."""
    whole = report_json.schema()
    return Draft202012Validator({"$ref": "#/$defs/report", "$defs": whole["$defs"]})


def comparable(row) -> tuple:
    """What a row is, whatever file it was written in."""
    return row._replace(span=None, block=None, steps=(), note=None)


def peak_megabytes() -> float:
    """The most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def no_longer_than(seconds: float) -> Iterator[None]:
    """Break off what takes more processor time; on a busy machine others may take theirs."""

    def stop(_signal: int, _frame: object) -> None:
        raise Broken("endless", f"stopped after {seconds} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def origin(error: BaseException) -> str:
    """The kind of an unexpected exception, and the line of the package that raised it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "cnncalc" in f.filename]
    own = [frame for frame in frames if "/tests/" not in frame.filename] or frames
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "?"
    return f"{type(error).__name__} at {place}"
