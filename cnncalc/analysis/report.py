"""The report: frozen rows of integers and names, which every renderer reads.

Field names here are the JSON contract `cnncalc.report/1` (see `render/report_json.py` for the few
that are nested there): they may be added to within a version, never renamed or retyped.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.brief import brief
from cnncalc.conventions import FLOPS_PER_MAC
from cnncalc.errors import did_you_mean, failure
from cnncalc.figures import FIGURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from cnncalc.errors import Diagnostic, Span
    from cnncalc.layers._base import Step
    from cnncalc.network import Group
    from cnncalc.shapes import Shape


class ReceptiveField(NamedTuple):
    """The part of the network's input that one unit sees, per spatial axis of that input.

    `size` is in input pixels, not clipped to the input, and of the unit that sees most (behind an
    enlarging layer units differ). `jump` is the distance between the fields of neighbouring units,
    0 once every unit sees the same. `start` is the centre of the first unit's field, where 0.5 is
    the centre of the first pixel. `gated`: a gate before this layer scales by the average of the
    whole map, which `size` leaves out. `aligned` is False behind branches of different jumps.
    """

    size: tuple[int, ...]
    jump: tuple[int | Fraction, ...]
    start: tuple[int | Fraction, ...]
    gated: bool = False
    aligned: bool = True


def deciding(fields: Sequence[ReceptiveField | None], left_out: Sequence[bool]) -> int | None:
    """The place of the field that is the network's: the first of the largest that move at all."""
    sizes = {
        place: prod(field.size)
        for place, (field, out) in enumerate(zip(fields, left_out, strict=True))
        if field and any(field.jump) and not out
    }
    return max(sizes, key=sizes.__getitem__, default=None)


class Row(NamedTuple):
    """One primitive layer. Counts are for one sample; shared weights count 0 here."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which rows do not need
    name: str
    type: str
    depth: int
    inputs: tuple[str, ...]
    in_shapes: tuple[Shape, ...]
    out: Shape
    weights: int
    biases: int
    trainable: int
    buffers: int
    fixed: int
    connections: int
    connections_with_bias: int
    macs: int
    settings: Mapping[str, object]
    unused: tuple[int, ...] = ()  # per axis, positions of the input behind the last window
    receptive_field: ReceptiveField | None = None
    span: Span | None = None
    attached_to: str | None = None
    block: str | None = None
    shared_with: str | None = None
    train_only: bool = False
    note: str | None = None
    steps: tuple[Step, ...] = ()  # only when formulas were asked for
    is_view: bool = False  # in training as well; dropout is a view at inference only
    stated: bool = False  # its figures are those of the spec's writer
    kind: str = ""  # what the layer does: conv, pool, merge, ...
    unknown: bool = False  # an operator of a model file that no layer expresses
    tied_to: str | None = None  # the layer whose weight is used transposed

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)

    @property
    def params(self) -> int:
        """Learned parameters, frozen ones included: weights + biases."""
        return self.weights + self.biases

    @property
    def neurons(self) -> int:
        """Numbers the layer puts out."""
        return self.out.size

    @property
    def flops(self) -> int:
        """Floating-point operations: two per MAC."""
        return FLOPS_PER_MAC * self.macs


class LiveTensor(NamedTuple):
    """A tensor that is alive at the peak of memory."""

    name: str
    bytes: int


class MemoryPeak(NamedTuple):
    """The peak of memory: the row that runs then, and every tensor that is alive."""

    bytes: int
    layer: str
    tensors: tuple[LiveTensor, ...]


class Moment(NamedTuple):
    """The bytes that are alive while a row runs, and the rows that wrote those tensors last."""

    name: str
    bytes: int
    tensors: tuple[str, ...]


class Memory(NamedTuple):
    """Bytes, for `batch` samples of `bytes_each`-byte numbers.

    `param_bytes` covers all stored numbers: learned, fixed and buffers; biases
    of int8 take four bytes each, as in TensorFlow Lite. `activation_bytes` sums
    the inputs and the outputs of all rows of inference, where norms and activations work in place.
    `peak_activation_bytes` is the most that is alive at once, if each tensor lives until its last
    use. `peak` says where that is, `peak_out_of_place` what it would be if no layer worked in
    place.
    """

    dtype: str
    batch: int
    param_bytes: int
    activation_bytes: int
    peak_activation_bytes: int
    peak: MemoryPeak | None = None
    peak_out_of_place: MemoryPeak | None = None


class Totals(NamedTuple):
    """Sums over the rows; shared weights count once, the work with them every time.

    Stored numbers (params, trainable, fixed, buffers) include train-only rows; work (connections,
    MACs, FLOPs) and `inference_params` do not.
    """

    rows: int
    weights: int
    biases: int
    params: int
    trainable: int
    fixed: int
    buffers: int
    inference_params: int
    connections: int
    connections_with_bias: int
    macs: int
    flops: int
    memory: Memory
    stated: int = 0  # layers whose figures are their writer's


class Port(NamedTuple):
    """An input or output of the network; `row` is the row that puts it out."""

    name: str
    shape: Shape
    train_only: bool = False
    row: str = ""


class Check(NamedTuple):
    """One expectation and the actual figure: an int, or text where it has several sizes."""

    key: str
    expected: str
    actual: int | str
    ok: bool
    span: Span | None = None
    delta: int | None = None
    line_text: str | None = None  # its source line, if it does not hold
    help: str | None = None  # a likely cause, if it does not hold

    @property
    def comparison(self) -> str:
        """The expected and the actual figure, as tables and diagnostics print them.

        >>> Check("params", "60_000", 61706, ok=False, delta=1706).comparison
        'expected 60,000, got 61,706 (+1,706)'
        >>> Check("output", "10x10x6", "28x28x6", ok=False).comparison
        'expected 10x10x6, got 28x28x6'
        """
        digits = self.expected.replace("_", "")
        expected = f"{int(digits):,}" if digits.isdecimal() else self.expected
        actual = f"{self.actual:,}" if isinstance(self.actual, int) else self.actual
        delta = f" ({self.delta:+,})" if self.delta else ""
        return f"expected {expected}, got {actual}{delta}"


class Report(NamedTuple):
    """The result of `analyze` for one network."""

    name: str
    file: str
    variant: str | None
    vars: Mapping[str, object]
    overrides: Mapping[str, object]
    layout: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    rows: tuple[Row, ...]
    totals: Totals
    groups: Mapping[str, Group]
    expect: tuple[Check, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    unread: tuple[str, ...] = ()  # operators of a model file that made no row

    @property
    def incomplete(self) -> tuple[str, ...]:
        """The rows of unknown cost, and what made no row: totals are the least without them."""
        return (*(row.name for row in self.rows if row.unknown), *self.unread)

    def __repr__(self) -> str:
        """A one-line summary, since all fields would fill pages."""
        totals = self.totals
        return f"<Report of {self.name}: {totals.params:,} params, {totals.macs:,} MACs>"

    @property
    def ok(self) -> bool:
        """Whether no diagnostic is an error; each expectation has its own `ok`."""
        return not any(d.severity == "error" for d in self.diagnostics)

    @property
    def inference_outputs(self) -> tuple[Port, ...]:
        """The outputs that inference computes; all of them where every output is train-only."""
        return tuple(port for port in self.outputs if not port.train_only) or self.outputs

    @property
    def receptive_field(self) -> tuple[int, ...] | None:
        """The receptive field of the network: the largest of its rows, in pixels per input axis.

        Only rows of inference whose units see different parts of the input count: behind global
        pooling or a fully connected layer every unit sees all of it, which tells nothing. So it
        is the field of the last map of features, as published ones are (Araujo, Norris, Sim 2019,
        "Computing Receptive Fields of Convolutional Neural Networks", Distill). None where no
        layer slides over the input.

        >>> from cnncalc import analyze, load
        >>> analyze(load("lenet5")).receptive_field
        (32, 32)
        """
        fields = [row.receptive_field for row in self.rows]
        index = deciding(fields, [row.train_only for row in self.rows])
        field = None if index is None else fields[index]
        return field and field.size

    def members(self, name: str) -> tuple[Row, ...]:
        """The rows of a layer or of a named part, attached ones included; () for another name."""
        inside = f"{name}."
        return tuple(row for row in self.rows if row.name == name or row.name.startswith(inside))

    def rows_of(self, name: str) -> tuple[Row, ...]:
        """The rows of a layer or of a named part, attached ones included.

        Raises:
            CnncalcError: "unknown-layer" for a name that is not there.

        >>> from cnncalc import analyze, load
        >>> [row.name for row in analyze(load("lenet5")).rows_of("C1")]
        ['C1', 'C1.tanh']
        """
        rows = self.members(name)
        if not rows:
            known = dict.fromkeys([*(row.name for row in self.rows), *self.groups])
            raise failure(
                "unknown-layer",
                f"{self.name} has no layer named '{name}'",
                help=did_you_mean(name, known)
                or f"its layers are in 'cnncalc analyze {self.file}'",
            )
        return rows

    def figure(self, key: str) -> int | None:
        """A figure of the network by its name in `cnncalc.figures`.

        `rf` is the receptive field on the axis where it is smallest, None where no layer slides
        over the input; no other figure is ever None.

        >>> from cnncalc import analyze, load
        >>> report = analyze(load("resnet50"))
        >>> report.figure("macs"), report.figure("rf")
        (4089184256, 427)
        """
        if FIGURES[key].place == "field":
            return min(self.receptive_field or (), default=None)
        return FIGURES[key].of(self.totals)
