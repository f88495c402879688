"""The answer of a one-layer command: the formulas of one layer, or a table for comma lists.

The layer is built directly, without a spec, so that these commands start at once.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from cnncalc.cli import output
from cnncalc.cli.failures import guarded
from cnncalc.cli.options import OUT, LayoutOption, OutputFile, formats
from cnncalc.errors import CnncalcError, Diagnostic, UnplacedError
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cnncalc.analysis.report import Report
    from cnncalc.cli.exercise import TypedLayer
    from cnncalc.cli.values import OptionValues
    from cnncalc.layers._base import Layer
    from cnncalc.network import Network
    from cnncalc.shapes import Shape

    Setting = Mapping[str, Any]  # one value of every option

MAX_SETTINGS = 10_000
# The option of each field of a layer, for the messages of a layer that does not work.
OPTION_OF = {
    "filters": "--k", "kernel": "--f", "stride": "--s", "padding": "--p",
    "dilation": "--dilation", "groups": "--groups", "output_padding": "--output-padding",
    "units": "--units",
}  # fmt: skip
FIELD_OF = {option.lstrip("-").replace("-", "_"): field for field, option in OPTION_OF.items()}


class AnswerOptions(NamedTuple):
    """How comma lists go together, and how the answer is written."""

    zip: Annotated[
        bool,
        typer.Option(
            "--zip",
            help="Take comma lists side by side, not in all combinations.",
            rich_help_panel=OUT,
        ),
    ] = False
    strict: Annotated[
        Literal["warnings", "fit"] | None,
        typer.Option(
            help="With 'fit', fail if part of the input is never read.", rich_help_panel=OUT
        ),
    ] = None
    format_: Annotated[
        Literal["table", "json", "jsonl", "csv", "tsv", "md", "latex"], formats()
    ] = "table"
    out: OutputFile = None
    layout: LayoutOption = None


class LayerOnInput(NamedTuple):
    """A layer and the shape of its input."""

    layer: Layer
    shape: Shape


class Alternative(NamedTuple):
    """A different network with the same output, to compare with."""

    name: str
    network: Callable[[LayerOnInput], Network]


class LayerResult(NamedTuple):
    """The result for one setting; `words` are the varying values as typed."""

    words: tuple[str, ...]
    report: Report | None
    problem: Diagnostic | None


def layer_fields(setting: Setting) -> dict[str, Any]:
    """The part of a setting that consists of fields of the layer."""
    return {FIELD_OF[name]: value for name, value in setting.items() if name in FIELD_OF}


def input_shape(setting: Setting) -> Shape:
    """The input: D maps of H x W, or of length L.

    Raises:
        typer.BadParameter: if the size is missing or given twice.
    """
    from cnncalc.shapes import Shape

    if "l" in setting:
        if "w" in setting or "h" in setting:
            message = "is for 1-D inputs: leave out --w and --h"
            raise typer.BadParameter(message, param_hint="--l")
        return Shape(setting.get("d", 1), (setting["l"],))
    return Shape(setting.get("d", 1), (setting.get("h", setting["w"]), setting["w"]))


def calculate(
    name: str,
    options: Mapping[str, OptionValues],
    build: Callable[[Setting], LayerOnInput],
    answer: AnswerOptions,
    alternative: Alternative | None = None,
    typed: TypedLayer | None = None,
) -> None:
    """Print the answer for one setting, or for every combination of comma lists.

    With `typed` numbers, the layer is run on them and every window is shown.

    Raises:
        typer.BadParameter: for too many combinations, or a comparison that cannot be written.
    """
    if answer.zip:
        _refuse_unequal(options)
    elif prod(len(option.values) for option in options.values()) > MAX_SETTINGS:
        raise typer.BadParameter(f"these lists give more than {MAX_SETTINGS:,} combinations")
    varying = [name for name, option in options.items() if len(option.values) > 1]
    if alternative and varying:
        raise typer.BadParameter("compares one setting: give single values", param_hint="--vs")
    if alternative and answer.format_ not in ("table", "json"):
        raise typer.BadParameter(
            f"a comparison is written as a table or as JSON, not as {answer.format_}",
            param_hint="--vs",
        )
    if varying and (typed or answer.format_ == "latex"):
        what = "an exercise" if typed else "LaTeX"
        raise typer.BadParameter(
            f"{what} is of one setting: give single values", param_hint=f"--{varying[0]}"
        )
    with guarded(json=answer.format_ in ("json", "jsonl")):
        if varying:
            results = [
                _result(name, build, options, varying, indices)
                for indices in _indices(options, side_by_side=answer.zip)
            ]
            _print_table(results, varying, answer)
        else:
            setting = {option: given.values[0] for option, given in options.items()}
            if typed:
                _print_typed(name, build, setting, answer, typed)
            else:
                _print_one(name, build, setting, answer, alternative)


def _print_one(
    name: str,
    build: Callable[[Setting], LayerOnInput],
    setting: Setting,
    answer: AnswerOptions,
    alternative: Alternative | None,
) -> None:
    from cnncalc.cli.report import conclude, strictly

    report = strictly(_report(name, build, setting), answer.strict)
    other = _analyze(alternative.network(build(setting))) if alternative else None
    versus = alternative.name if alternative else ""
    output.emit(_written(report, answer, versus, other), answer.out)
    conclude(report)


def _print_typed(
    name: str,
    build: Callable[[Setting], LayerOnInput],
    setting: Setting,
    answer: AnswerOptions,
    typed: TypedLayer,
) -> None:
    from cnncalc.cli import exercise
    from cnncalc.cli.report import conclude, strictly
    from cnncalc.render import one_layer

    report = strictly(_report(name, build, setting), answer.strict)
    pieces = exercise.answer(name, build(setting).layer, typed, answer.format_, answer.layout)
    texts = list(pieces)
    if answer.format_ == "table":
        texts.insert(0, one_layer.sizes(report, answer.layout, ascii_only=output.ascii_only()))
    output.emit(texts, answer.out)
    conclude(report)


def _written(
    report: Report, answer: AnswerOptions, versus: str, other: Report | None
) -> Iterator[str]:
    from cnncalc.render import one_layer

    ascii_only = output.ascii_only()
    if answer.format_ == "json":
        from cnncalc.render import report_json
        from cnncalc.render.json import dumps

        document = report_json.document(report, version=VERSION)
        if other:
            document["versus"] = report_json.versus(report, other, versus)
        yield f"{dumps(document)}\n"
    elif answer.format_ == "latex":
        yield from _latex(report)
    elif answer.format_ == "table":
        yield one_layer.text(
            report, answer.layout, ascii_only=ascii_only, page=output.page(answer.out)
        )
        if other:
            yield "\n"
            yield one_layer.comparison(report, other, versus, ascii_only=ascii_only)
    else:
        from cnncalc.cli.report import ReportView, written
        from cnncalc.render.choice import Choice

        choice = Choice(layout=answer.layout, ascii=ascii_only)
        yield from written(report, choice, ReportView(answer.format_))


def _latex(report: Report) -> Iterator[str]:
    """The formulas as `explain` writes them."""
    from cnncalc.questions.explain import Explanation
    from cnncalc.render import explain

    yield from explain.latex([Explanation(report.rows[0], report.rows[0].steps, ())])


def _report(name: str, build: Callable[[Setting], LayerOnInput], setting: Setting) -> Report:
    """The report on one setting. Raises CnncalcError that names the option at fault."""
    from cnncalc.network import chain

    try:
        case = build(setting)
        report = _analyze(chain(name, case.shape, [(name, case.layer)]))
    except UnplacedError as problem:
        option = OPTION_OF.get(problem.field or "")
        message = f"{option}: {problem.message}" if option else problem.message
        raise CnncalcError(
            Diagnostic("error", problem.code, message, notes=problem.notes, help=problem.help)
        ) from None
    darknet = [note for note in report.diagnostics if note.code == "pool-shrinks"]
    remarks = (*_fit_notes(case), *(note._replace(span=None) for note in darknet))
    return report._replace(diagnostics=remarks)


def _analyze(network: Network) -> Report:
    from cnncalc.analysis.engine import analyze

    return analyze(network, formulas=True)


def _fit_notes(case: LayerOnInput) -> Iterator[Diagnostic]:
    """One note per axis on which part of the input is never read; equal axes share a note."""
    from cnncalc.layers._windowed import Windowed

    layer, shape = case
    if not isinstance(layer, Windowed) or not any(layer.fit(shape)):
        return
    from cnncalc.questions.fit import note

    noted = set()
    axes = zip(shape.axes, layer.windows(shape), shape.spatial, strict=True)
    for axis, window, size in reversed(list(axes)):
        most = window.kernel // 2 if layer.pads_half_at_most else None
        diagnostic = note(axis, window, size, most)
        if diagnostic and (window, size) not in noted:
            yield diagnostic
        noted.add((window, size))


# -- comma lists


def _refuse_unequal(options: Mapping[str, OptionValues]) -> None:
    """Raise BadParameter where lists that go side by side differ in length, or there are none."""
    lengths = {name: len(o.values) for name, o in options.items() if len(o.values) > 1}
    if len(lengths) < 2:  # noqa: PLR2004 - a pair
        message = "pairs comma lists: give at least two, such as --f 3,5 --p 1,2"
        raise typer.BadParameter(message, param_hint="--zip")
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"--{name} has {count}" for name, count in lengths.items())
        raise typer.BadParameter(f"needs lists of one length; {listed}", param_hint="--zip")


def _indices(
    options: Mapping[str, OptionValues], *, side_by_side: bool
) -> Iterator[tuple[int, ...]]:
    """Every combination of the options' values, or their pairs, as indices into their lists."""
    lengths = [len(option.values) for option in options.values()]
    if not side_by_side:
        return product(*map(range, lengths))
    return (tuple(min(i, count - 1) for count in lengths) for i in range(max(lengths)))


def _result(
    name: str,
    build: Callable[[Setting], LayerOnInput],
    options: Mapping[str, OptionValues],
    varying: list[str],
    indices: tuple[int, ...],
) -> LayerResult:
    index = dict(zip(options, indices, strict=True))
    words = tuple(options[option].words[index[option]] for option in varying)
    setting = {option: given.values[index[option]] for option, given in options.items()}
    try:
        return LayerResult(words, _report(name, build, setting), None)
    except CnncalcError as error:
        return LayerResult(words, None, error.diagnostics[0])


def _print_table(results: list[LayerResult], varying: list[str], answer: AnswerOptions) -> None:
    """Print the results of all combinations; exit with 1 if one does not work."""
    output.emit(_table(results, varying, answer), answer.out)
    failed = sum(result.problem is not None for result in results)
    unread = any(result.report and result.report.diagnostics for result in results)
    if failed:
        message = f"{failed} of {len(results)} settings do not work"
        output.tell([Diagnostic("error", "settings", message)])
    if failed or (answer.strict == "fit" and unread):
        raise typer.Exit(output.INVALID)


def _table(results: list[LayerResult], varying: list[str], answer: AnswerOptions) -> Iterator[str]:
    from cnncalc.render import one_layer

    if answer.format_ in ("json", "jsonl"):
        yield from _documents(results, answer.format_)
        return
    rows = [
        one_layer.SettingRow(
            result.words, result.report, result.problem.message if result.problem else ""
        )
        for result in results
    ]
    page = output.page(answer.out)
    yield one_layer.settings(varying, rows, answer.format_, answer.layout, page)


def _documents(results: list[LayerResult], format_: str) -> Iterator[str]:
    """The reports or failures of all settings in order: in one document, or one per line."""
    from json import dumps as line

    from cnncalc.render import report_json
    from cnncalc.render.json import dumps, envelope

    documents = [
        report_json.document(result.report, version=VERSION)
        if result.report
        else report_json.failure([result.problem] if result.problem else [], version=VERSION)
        for result in results
    ]
    if format_ == "jsonl":
        yield from (f"{line(document, ensure_ascii=False)}\n" for document in documents)
        return
    ok = all(document["ok"] for document in documents)
    yield f"{dumps({**envelope('reports', VERSION, ok=ok), 'results': documents})}\n"
