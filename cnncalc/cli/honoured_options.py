"""Which options each way of writing an answer heeds: one that would change nothing is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.cli import output
from cnncalc.errors import failure

if TYPE_CHECKING:
    from collections.abc import Mapping

PICKING = frozenset({"depth", "expand", "only", "at", "sort", "top"})
# The options of a report, by what is written. JSON always holds the memory, so that `--memory`
# is true of it; a table is folded unless --expand says otherwise, so that `--fold` is not for it.
REPORT: dict[str, frozenset[str]] = {
    "table": PICKING | {"columns", "layout", "units", "memory", "formulas", "count_buffers"},
    "--totals": frozenset({"totals", "units", "memory", "count_buffers"}),
    "--training": PICKING | {"training", "layout", "units"},
    "--training --totals": frozenset({"training", "totals", "units"}),
    "--as": frozenset({"as_"}),
    "md": PICKING | {"columns", "layout", "units"},
    "csv": frozenset({"columns"}),
    "tsv": frozenset({"columns"}),
    "json": frozenset({"formulas", "fold", "memory", "training"}),
    "json --totals": frozenset({"totals", "memory", "training"}),
    "jsonl": frozenset({"formulas", "fold"}),
}
SHAPES = {"layout": frozenset({"table", "md", "latex"})}
FIGURES = {"columns": frozenset({"table", "md", "csv", "tsv"})}
# Of other commands, the options that only some formats heed, and which those are.
FORMATS: dict[str, Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("conv", "conv_transpose", "pool", "fc", "explain", "rf"), SHAPES),
    "solve": {"top": frozenset({"table"})},
    "sweep": {**FIGURES, "plot": frozenset({"table", "md"})},
    "zoo": FIGURES,
}


def refuse_unheeded(command: str, typed: frozenset[str], given: Mapping[str, Any]) -> None:
    """Raise CnncalcError for an option on the command line that the answer would not heed.

    `typed` are the names of the options that were typed, `given` the values of all options.
    """
    style = given.get("format_", "table")
    if given.get("json") and "format_" in typed and style != "json":
        message = f"--json and --format {style} say different things"
        raise failure("usage", message, help="leave one of them out", exit_code=output.USAGE)
    style = "json" if given.get("json") else style
    if "count_buffers" in given:  # the options of a report
        _refuse_in_report(style, typed, given)
        return
    for option, formats in FORMATS.get(command, {}).items():
        if option in typed and style not in formats:
            raise _unheeded(option, style, sorted(formats & {"table", "md", "csv"}, reverse=True))


def _refuse_in_report(style: str, typed: frozenset[str], given: Mapping[str, Any]) -> None:
    if given["columns"] == "help":
        return
    written = _written(style, given)
    heeded = REPORT[written]
    if style not in {"table", "json"}:
        heeded = heeded | {"as_", "training"}  # they say for themselves which formats they have
    reports = frozenset.union(*REPORT.values())
    for option in sorted(typed & reports - heeded):
        raise _unheeded(option, written, [name for name in REPORT if option in REPORT[name]])
    if given["expand"] and given["depth"] is not None:
        message = "--expand shows every row, --depth folds them"
        raise failure("usage", message, help="leave one of them out", exit_code=output.USAGE)


def _written(style: str, given: Mapping[str, Any]) -> str:
    """What is written of a report: a key of REPORT."""
    if given["as_"] and style in {"table", "json"}:
        return "--as"
    if style == "table" and given["training"]:
        return "--training --totals" if given["totals"] else "--training"
    if style == "table" and given["totals"]:
        return "--totals"
    return "json --totals" if style == "json" and given["totals"] else style


def _unheeded(option: str, written: str, heeding: list[str]) -> Exception:
    name = f"--{option.strip('_').replace('_', '-')}"
    if option in PICKING | {"columns"} and not written.startswith("-"):
        message = f"{name} is for tables; {written} always holds everything"
        help_ = "--format table or md shows it"
    else:
        message = f"{name} changes nothing in what is written as {written}"
        help_ = f"it is for {', '.join(name for name in heeding if ' ' not in name)}"
    return failure("usage", message, help=help_, exit_code=output.USAGE)
