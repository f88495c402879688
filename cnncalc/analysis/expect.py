"""expect: compare the figures that a spec states with those of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from cnncalc.analysis.report import Check
from cnncalc.errors import CnncalcError, Diagnostic, suggested
from cnncalc.figures import FIGURES, used
from cnncalc.lines import line_of

MOST_NAMED = 6  # layers in a message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.analysis.report import Report
    from cnncalc.errors import Severity
    from cnncalc.network import Expectation, Network
    from cnncalc.shapes import Shape


def checks(network: Network, report: Report) -> tuple[Check, ...]:
    """One Check per expectation, in order.

    `layers.NAME.KEY` covers the row NAME with the rows attached to it, or the whole part NAME:
    counts are summed, `output` and `neurons` are those of its last row. `output` is the network's
    first output that inference computes: that of the main path, unless the spec lists its outputs
    in another order. `rf` is `Report.receptive_field`.

    Raises:
        CnncalcError: "unknown-layer" or "unknown-key", with the span of the expectation.
    """
    results = (_check(expectation, network, report) for expectation in network.expect)
    return tuple(check if check.ok else _told(check, network, report) for check in results)


def unmet(check: Check, severity: Severity, prefix: str = "") -> Diagnostic:
    """The diagnostic for an expectation that does not hold, at its place in the file.

    >>> unmet(Check("params", "60000", 61706, ok=False, delta=1706), "warning").message
    'params: expected 60,000, got 61,706 (+1,706)'
    """
    message = f"{prefix}{check.key}: {check.comparison}"
    return Diagnostic(
        severity, "expect", message, check.span, help=check.help, line_text=check.line_text
    )


def _told(check: Check, network: Network, report: Report) -> Check:
    """The check with its source line and, where that is exact, the likely cause."""
    if check.key in {"params", "biases", "trainable"} and check.delta:
        check = check._replace(help=_bias_help(check.delta, report))
    if check.span is None or network.text is None:
        return check
    return check._replace(line_text=line_of(network.text, check.span.line))


def _bias_help(delta: int, report: Report) -> str | None:
    """Words where the difference is exactly the biases of the layers that a norm follows."""
    dropped, kept = biases_before_norms(report)
    if dropped and delta == -sum(dropped.values()):
        names = _listed(dropped)
        return (
            f"{-delta:,} are the biases of {names}, which the norms behind them made redundant; "
            "write 'bias' in these layers if they have one"
        )
    if kept and delta == sum(kept.values()):
        names = _listed(kept)
        return (
            f"{delta:,} are the biases of {names}, which norms follow; "
            "write 'nobias' in these layers if they have none"
        )
    return None


def _listed(names: Iterable[str]) -> str:
    first, *others = names
    shown = [first, *others][:MOST_NAMED]
    rest = len(others) + 1 - len(shown)
    return ", ".join(shown) + (f" and {rest:,} more" if rest else "")


def biases_before_norms(report: Report) -> tuple[dict[str, int], dict[str, int]]:
    """The layers that a norm follows, with how many biases each lacks for it, and each has.

    >>> from cnncalc.analysis.engine import analyze
    >>> from cnncalc.layers.bn import Bn
    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> rows = [("C1", Conv(filters=6, kernel=(5,))), ("bn1", Bn())]
    >>> biases_before_norms(analyze(chain("one", Shape(1, (32, 32)), rows)))
    ({}, {'C1': 6})
    """
    dropped: dict[str, int] = {}
    kept: dict[str, int] = {}
    rows = {row.name: row for row in report.rows}
    for norm in report.rows:
        layer = rows.get(norm.inputs[0]) if norm.kind == "norm" else None
        if layer is None or layer.shared_with is not None or "bias" not in layer.settings:
            continue
        if layer.settings["bias"] is False:
            dropped[layer.name] = layer.out.channels
        elif layer.biases:
            kept[layer.name] = layer.biases
    return dropped, kept


def _check(expectation: Expectation, network: Network, report: Report) -> Check:
    key, written, low, high, span = expectation
    if key in FIGURES and FIGURES[key].place == "field":
        return _check_field(expectation, report.receptive_field, network.layout)
    actual = _actual(expectation, network, report)
    if isinstance(actual, int):
        delta = _beyond(actual, low, high)
        return Check(key, written, actual, delta == 0, span, delta)
    # Expected shapes are stored channels first, whatever layout the spec writes them in.
    sizes = (actual.channels, *actual.spatial)
    return Check(key, written, actual.text(network.layout, times="x"), sizes == low, span)


def _check_field(expectation: Expectation, field: Sequence[int] | None, layout: str) -> Check:
    """A single expected size covers every axis; several are in the order of the layout."""
    key, written, expected, _, span = expectation
    if field is None:
        return Check(key, written, "none", ok=False, span=span)
    # WHD writes the innermost axis first, reports the outermost.
    sizes = tuple(field[::-1] if layout == "WHD" else field)
    if isinstance(expected, int) and len(set(sizes)) == 1:
        return Check(key, written, sizes[0], sizes[0] == expected, span, sizes[0] - expected)
    return Check(key, written, "x".join(map(str, sizes)), sizes == expected, span)


def _beyond(actual: int, low: int | tuple[int, ...], high: int | tuple[int, ...]) -> int:
    """How far a count lies outside its interval: 0 inside, negative below."""
    if not (isinstance(low, int) and isinstance(high, int)):
        raise TypeError(f"the bounds of a count are numbers, got {low!r}")
    return min(actual - low, 0) or max(actual - high, 0)


def _actual(expectation: Expectation, network: Network, report: Report) -> int | Shape:
    key = expectation.key
    if key.startswith("layers."):
        return _of_layer(expectation, network, report)
    if key == "output":
        return report.inference_outputs[0].shape
    if key not in used("expect"):
        _unknown("key", key, (*used("expect"), "output", "layers"), expectation)
    return FIGURES[key].of(report.totals)


def _of_layer(expectation: Expectation, network: Network, report: Report) -> int | Shape:
    name, _, key = expectation.key.removeprefix("layers.").rpartition(".")
    members = report.members(name)
    groups = network.groups or {}
    if not members:
        _unknown("layer", name, (*groups, *(row.name for row in report.rows)), expectation)
    if key in used("layer") and FIGURES[key].place == "totals":
        count: int = sum(getattr(row, key) for row in members)
        return count
    if key not in {"output", "neurons"}:
        _unknown("key", key, (*used("layer"), "output"), expectation)
    out = network.nodes[groups[name].last].shape if name in groups else members[-1].out
    return out if key == "output" else out.size


def _unknown(what: str, word: str, known: Iterable[str], expectation: Expectation) -> NoReturn:
    message = (
        f"no layer named '{word}'" if what == "layer" else f"'{word}' is not a figure of the report"
    )
    help_ = suggested(word, known, "the network has" if what == "layer" else "figures are")
    raise CnncalcError(
        Diagnostic("error", f"unknown-{what}", message, expectation.span, help=help_)
    )
