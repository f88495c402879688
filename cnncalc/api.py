"""The functions that Python programs and notebooks call, with reports that show themselves.

Each takes a file, a bundled name, a spec as a dict, or a network, and asks the same functions as
the commands do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args, overload

from cnncalc.analysis import engine, report
from cnncalc.analysis import training as training_memory
from cnncalc.errors import UnplacedError, failure
from cnncalc.questions import explain as explanations
from cnncalc.questions import peers
from cnncalc.spec.load import Target, as_network, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cnncalc.analysis.training import TrainingMemory
    from cnncalc.network import Network
    from cnncalc.questions.explain import Explanation
    from cnncalc.questions.peers import PeerCount
    from cnncalc.questions.solve import Padding, SolveResult
    from cnncalc.questions.solve_params import FilterResult

    PerAxis: TypeAlias = "int | Sequence[int]"
    Some: TypeAlias = "int | Iterable[int]"

Dtype = Literal["fp64", "fp32", "fp16", "bf16", "int8"]
Optimiser = Literal["sgd", "momentum", "adam"]
TableFormat = Literal["text", "md", "csv", "tsv"]


class Report(report.Report):
    """The result of `analyze`: rows, totals and checks, with what shows them.

    It is drawn as a table by notebooks and by `rich.print`.
    """

    __slots__ = ()

    def table(self, *, columns: Sequence[str] | None = None, format: TableFormat = "text") -> str:
        """The table of `cnncalc analyze`, in a format; `columns` as in `--columns`.

        Text and Markdown fold blocks, as on a screen; CSV and TSV have a row for each layer.

        Raises:
            ValueError: for columns or a format that do not exist.

        >>> print(analyze("lenet5").table(columns=["params"], format="md").splitlines()[2])
        | in    | input              |            |
        """
        from cnncalc.render import report_table
        from cnncalc.render.choice import Choice, ChoiceError

        if format not in get_args(TableFormat):
            raise ChoiceError("format", str(format), get_args(TableFormat))
        keys = None if columns is None else _keys(columns)
        if format in ("csv", "tsv"):
            delimiter = "," if format == "csv" else "\t"
            return report_table.separated(self, keys, delimiter)
        choice = Choice(columns=keys)
        write = report_table.markdown if format == "md" else report_table.text
        return write(self, choice)

    def records(self, columns: Sequence[str] | None = None) -> list[dict[str, object]]:
        """A flat dict for each layer, with the keys of the CSV table, for pandas or polars.

        Raises:
            ValueError: for columns that do not exist.

        >>> first = analyze("lenet5").records()[0]
        >>> first["name"], first["out_h"], first["params"]
        ('C1', 28, 156)
        """
        from cnncalc.render import report_table

        return report_table.flat_rows(self, None if columns is None else _keys(columns))

    def to_dict(self) -> dict[str, object]:
        """The document of `cnncalc analyze --json`, as dicts and lists.

        >>> analyze("lenet5").to_dict()["totals"]["params"]
        61706
        """
        from cnncalc.render import report_json
        from cnncalc.version import VERSION

        return report_json.document(self, version=VERSION)

    def _repr_html_(self) -> str:
        """An HTML table, for notebooks."""
        from cnncalc.render import report_table

        return report_table.html(self)

    def __rich_console__(self, console: object, options: object) -> Iterator[object]:
        """The table of a terminal, for `rich.print`."""
        from rich.text import Text

        from cnncalc.render import report_table
        from cnncalc.render.page import Page

        page = Page(width=getattr(options, "max_width", 100), color=True)
        yield Text.from_ansi(report_table.text(self, page=page))


def _keys(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns asked for. A text would be a column for every letter: ValueError."""
    if isinstance(columns, str):
        raise ValueError(f"columns are a list of names, such as ['{columns}']")  # noqa: TRY004 - said to be this one
    return tuple(columns)


def analyze(
    target: Target,
    *,
    batch: int | None = None,
    dtype: Dtype = "fp32",
    formulas: bool = False,
    out_of_place: bool = True,
) -> Report:
    """Count everything about a network that does not need running it.

    Counts are for one sample. `batch` (default: the network's own) and `dtype` change only the
    bytes. `formulas` adds the steps of each row's arithmetic. Without `out_of_place`, the second
    peak of memory, which takes a while to compute, is None.

    Raises:
        CnncalcError: where the network cannot be read, where an expectation names an unknown
            layer or figure, for an unknown dtype, and for a batch below 1.

    >>> totals = analyze("resnet50").totals
    >>> totals.params, totals.macs
    (25557032, 4089184256)
    """
    result = engine.analyze(
        as_network(target), batch=batch, dtype=dtype, formulas=formulas, out_of_place=out_of_place
    )
    return Report(*result)


def explain(
    target: Target, name: str | None = None, *, batch: int | None = None, dtype: Dtype = "fp32"
) -> tuple[Explanation, ...]:
    """Explain a layer with the rows attached to it, everything in a named part, or all rows.

    The value of every step is the figure of the report that its `field` names.

    Raises:
        CnncalcError: "unknown-layer" for a name that is not there.

    >>> [step.numbers for step in explain("lenet5-1998", "C3")[0].steps if step.field == "weights"]
    ['5·5·60']
    """
    return explanations.explain(as_network(target), name, batch=batch, dtype=dtype)


def training(target: Target | report.Report, optimiser: Optimiser = "sgd") -> TrainingMemory:
    """The bytes of training a network, or of the report's batch and number type.

    Raises:
        CnncalcError: "unknown-optimiser" for an optimiser that is not known.

    >>> training("resnet50", "adam").total.optimiser
    204456256
    """
    return training_memory.training(_report(target), optimiser)


def count_as(target: Target | report.Report, tool: str) -> PeerCount:
    """The figures that another tool prints for the network, such as "torch" or "fvcore".

    Raises:
        CnncalcError: for a tool that is not known.

    >>> count_as("resnet50", "torch").figures[0].value
    8178368512
    """
    return peers.count_as(_report(target), tool)


def _report(target: Target | report.Report) -> report.Report:
    return target if isinstance(target, report.Report) else analyze(target)


def stack(input: str, *layers: str | Mapping[str, object]) -> Network:
    """The network of layers one after the other, written as in a spec.

    Raises:
        CnncalcError: with every mistake found.

    >>> stack("28x28x1", "conv 16 5x5 p2", "pool 2x2", "fc 10").nodes[-1].shape
    Shape(channels=10, spatial=())
    """
    return parse({"input": input, "layers": list(layers)}, file="stack")


# -- one layer, by the letters of the formulas


def conv(  # noqa: PLR0913 - one parameter per letter of the formula
    w: int,
    f: PerAxis,
    *,
    h: int | None = None,
    d: int = 1,
    k: int = 1,
    s: PerAxis = 1,
    p: PerAxis | str = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    bias: bool = True,
) -> Report:
    """One convolution of K filters F x F on a W x H x D input, with stride S and padding P.

    Raises:
        CnncalcError: where the layer does not fit.

    >>> first = conv(w=227, d=3, k=96, f=11, s=4)
    >>> first.rows[0].out.by_letter, first.totals.params
    ({'h': 55, 'w': 55, 'c': 96}, 34944)
    """
    fields = {"k": k, "f": f, "s": s, "p": p, "dilation": dilation, "groups": groups, "bias": bias}
    return _one_layer("conv", w, h, d, fields)


def pool(  # noqa: PLR0913 - one parameter per letter of the formula
    w: int,
    f: PerAxis,
    *,
    h: int | None = None,
    d: int = 1,
    s: PerAxis | None = None,
    p: PerAxis | str = 0,
    kind: Literal["max", "avg", "sum"] = "max",
    ceil: bool = False,
) -> Report:
    """One pooling layer with an F x F window on a W x H x D input; the stride is F by default.

    Raises:
        CnncalcError: where the layer does not fit.

    >>> [pool(w=112, f=3, s=2, p=1, ceil=ceil).rows[0].out.spatial[0] for ceil in (False, True)]
    [56, 57]
    """
    fields = {"f": f, "s": f if s is None else s, "p": p, "ceil": ceil}
    return _one_layer(f"{kind}pool", w, h, d, fields)


def conv_transpose(  # noqa: PLR0913 - one parameter per letter of the formula
    w: int,
    f: PerAxis,
    *,
    h: int | None = None,
    d: int = 1,
    k: int = 1,
    s: PerAxis = 1,
    p: PerAxis | str = 0,
    output_padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    bias: bool = True,
) -> Report:
    """One transposed convolution of K filters F x F on a W x H x D input.

    Raises:
        CnncalcError: where the layer does not fit.

    >>> conv_transpose(w=12, f=3, s=2, p=1, output_padding=1).rows[0].out.spatial
    (24, 24)
    """
    fields = {"k": k, "f": f, "s": s, "p": p, "output_padding": output_padding,
              "dilation": dilation, "groups": groups, "bias": bias}  # fmt: skip
    return _one_layer("conv_transpose", w, h, d, fields)


def fc(inputs: int | str, units: int, *, bias: bool = True) -> Report:
    """One fully connected layer on a vector, or on a map such as "7x7x32".

    Raises:
        CnncalcError: where the layer does not fit.

    >>> fc("7x7x32", 10).totals.params
    15690
    """
    layer = {"fc": {"units": units, "bias": bias}}
    return analyze(parse({"input": inputs, "layers": [layer]}, file="fc"), formulas=True)


# -- backwards, from what comes out to the settings


@overload
def solve(
    out: int,
    *,
    w: Some | None = None,
    f: Some | None = None,
    s: Some | None = None,
    p: Padding | Iterable[Padding] | None = None,
    dilation: Some = 1,
    transposed: bool = False,
    output_padding: Some | None = None,
) -> SolveResult: ...
@overload
def solve(
    out: Iterable[int],
    *,
    w: Some | None = None,
    f: Some | None = None,
    s: Some | None = None,
    p: Padding | Iterable[Padding] | None = None,
    dilation: Some = 1,
    transposed: bool = False,
    output_padding: Some | None = None,
) -> tuple[SolveResult, ...]: ...
@overload
def solve(
    *,
    params: int,
    f: Some | None = None,
    d: Some | None = None,
    k: Some | None = None,
    bias: bool = True,
) -> FilterResult: ...
def solve(  # noqa: PLR0913 - one parameter per letter of the formulas
    out: Some | None = None,
    *,
    params: int | None = None,
    w: Some | None = None,
    f: Some | None = None,
    s: Some | None = None,
    p: Padding | Iterable[Padding] | None = None,
    dilation: Some | None = None,
    transposed: bool = False,
    output_padding: Some | None = None,
    d: Some | None = None,
    k: Some | None = None,
    bias: bool = True,
) -> SolveResult | tuple[SolveResult, ...] | FilterResult:
    """The settings of a window that give `out` on one axis, or of filters that have `params`.

    Of the letters W, F, S, P (with `params` F, D, K) those that are None are searched. A padding is
    a number, a pair (before, after), or a rule such as "same". With `transposed` the window
    enlarges its input, and output padding is searched too. Several outputs have a result each.

    Raises:
        CnncalcError: "usage" without `out` and `params`, with both, or for letters of the other;
            "bad-argument" for what is no whole number from 1; "too-many" where too many settings
            would have to be tried; for values that no window can have.

    >>> first, *_ = solve(55, f=11, s=4).settings
    >>> first.w, first.begin, first.exact
    (227, 0, True)
    >>> [len(found.settings) for found in solve([12, 14], w=28, f=5)]
    [1, 2]
    >>> [filters.k for filters in solve(params=456, f=5, d=3).settings]
    [6]
    """
    if (out is None) == (params is None):
        message = "solve takes either an output or a number of parameters to reach"
        raise failure("usage", message, help="write solve(55, f=11) or solve(params=456, f=5)")
    of_windows = {"w": w, "s": s, "p": p, "dilation": dilation, "output_padding": output_padding,
                  "transposed": transposed or None}  # fmt: skip
    of_filters = {"d": d, "k": k, "bias": None if bias else False}
    idle, needed = (of_windows, "out") if out is None else (of_filters, "params")
    for name, value in idle.items():
        if value is not None:
            message = f"{name} has no effect without {needed}"
            raise failure("usage", message, help=f"leave {name} out")
    _require_counts(out=out, params=params, w=w, f=f, s=s, dilation=dilation, d=d, k=k)
    from cnncalc.questions import solve as windows
    from cnncalc.questions import solve_params

    if params is not None:
        several = windows.several
        asked = solve_params.FilterRequest(params, several(f), several(d), several(k), bias)
        return solve_params.filters_with(asked)

    def answered(size: int) -> SolveResult:
        try:
            return windows.solve(
                size, w=w, f=f, s=s, p=p, dilation=1 if dilation is None else dilation,
                transposed=transposed, output_padding=output_padding,
            )  # fmt: skip
        except UnplacedError as problem:
            raise failure(problem.code, problem.message, help=problem.help) from None

    sizes = windows.several(out) or ()
    return answered(sizes[0]) if isinstance(out, int) else tuple(map(answered, sizes))


def _require_counts(**letters: Some | None) -> None:
    """Raise CnncalcError for a letter that is no whole number from 1."""
    from cnncalc.questions.solve import several

    for name, values in letters.items():
        for value in several(values) or ():
            if not isinstance(value, int) or value < 1:
                message = f"{name} must be a whole number from 1, got {value!r}"
                raise failure("bad-argument", message)


def _one_layer(type_: str, w: int, h: int | None, d: int, fields: Mapping[str, object]) -> Report:
    written = {
        key: list(value) if isinstance(value, (list, tuple)) else value
        for key, value in fields.items()
    }
    shape = f"{w if h is None else h}x{w}x{d} HWC"
    return analyze(parse({"input": shape, "layers": [{type_: written}]}, file=type_), formulas=True)
