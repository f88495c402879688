"""Notes about a network that works: unread input and layers, misaligned branches, and the like.

Also the one error found here: inference must not read a layer that exists only while training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.errors import CnncalcError, Diagnostic
from cnncalc.shapes import AXES, POSITION_WORDS
from cnncalc.window import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from cnncalc.analysis.report import ReceptiveField, Row
    from cnncalc.network import Network
    from cnncalc.shapes import Shape


def notes(rows: Sequence[Row], outputs: AbstractSet[str] = frozenset()) -> tuple[Diagnostic, ...]:
    """At most one note of each kind, with the number of rows and details of the first.

    `outputs` are the names of the network's outputs.
    """
    found = (_fit(rows), _misaligned(rows), _shrinking(rows), _idle(rows, outputs))
    return tuple(filter(None, found))


def refuse_training_at_inference(network: Network) -> None:
    """Check that no row of inference reads a train-only one.

    Raises:
        CnncalcError: "train-only" at the first that does.
    """
    for node in network.nodes:
        for index in () if node.train_only else node.inputs:
            source = network.nodes[index]
            if source.train_only:
                raise CnncalcError(
                    Diagnostic(
                        "error",
                        "train-only",
                        f"'{node.name}' reads '{source.name}', which exists only while training",
                        node.span,
                        help=f"make '{node.name}' train_only too, or '{source.name}' not",
                    )
                )


def _fit(rows: Sequence[Row]) -> Diagnostic | None:
    """Layers that leave part of their input unread; unread padding does not count."""
    wasting = [row for row in rows if any(row.unused)]
    if not wasting:
        return None
    first = wasting[0]
    several = f"{len(wasting)} layers leave part of their input unread; first: "
    start = several if len(wasting) > 1 else "1 layer leaves part of its input unread: "
    return Diagnostic("note", "fit", f"{start}{first.name}, {_quotient(first)}", first.span)


def _quotient(row: Row) -> str:
    """(W - F + 2P)/S in numbers, for the last axis that does not fit, and what is unread there.

    The row's settings have one number per axis.
    """
    # The last axis is the width, whose letter W the formula has.
    axis = max(axis for axis, unused in enumerate(row.unused) if unused)
    size, unused = row.in_shapes[0].spatial[axis], row.unused[axis]
    settings: Mapping[str, Any] = {"dilation": (1,) * len(row.unused), **row.settings}
    begin, end = settings["padding"][axis]
    kernel, stride, dilation = (settings[key][axis] for key in ("kernel", "stride", "dilation"))
    window = Window(kernel, stride, begin, end, dilation)
    padding = f"2·{begin}" if begin == end else f"{begin} + {end}"
    word = POSITION_WORDS[AXES[len(row.unused)][axis]][unused > 1]
    division = f"({size} - {window.extent} + {padding})/{stride}"
    return f"{division} {_decimal(window.slack(size), stride)}, {unused} {word} unused"


def _decimal(numerator: int, denominator: int) -> str:
    """The quotient in decimals, after ≈ where they are rounded.

    >>> _decimal(223, 2), _decimal(10, 3)
    ('= 111.5', '≈ 3.33')
    """
    if numerator * 1000 % denominator:
        return f"≈ {numerator / denominator:.2f}"
    return f"= {numerator / denominator:.3f}".rstrip("0").rstrip(".")


def _shrinking(rows: Sequence[Row]) -> Diagnostic | None:
    """Poolings of 2x2 and stride 1 without padding, which keep the size in darknet."""
    for row in rows:
        settings: Mapping[str, Any] = row.settings
        if row.type != "maxpool" or {*settings["kernel"]} != {2} or {*settings["stride"]} != {1}:
            continue
        if any(map(any, settings["padding"])) or any(each > 1 for each in settings["dilation"]):
            continue
        before, after = (shape.text(times="x") for shape in (row.in_shapes[0], row.out))
        message = f"{row.name} makes {before} into {after}; darknet keeps the size here"
        help_ = "darknet pads 0+1 at each axis, which is padding: same"
        return Diagnostic("note", "pool-shrinks", message, row.span, help=help_)
    return None


def _idle(rows: Sequence[Row], outputs: AbstractSet[str]) -> Diagnostic | None:
    """Layers whose results go nowhere, such as a branch that was never merged."""
    used = {*outputs, *(name for row in rows for name in row.inputs)}
    idle = [row for row in rows if row.name not in used and not row.train_only]
    if not idle or not outputs:
        return None
    first, several = idle[0], len(idle) > 1
    start = f"{len(idle)} layers are" if several else "1 layer is"
    where = f"their results; first: {first.name}" if several else f"its result: {first.name}"
    message = f"{start} counted, though nothing reads {where}"
    help_ = "merge it into the network, or name it under 'outputs:'"
    return Diagnostic("note", "unused-layer", message, first.span, help=help_)


def promoted(remark: Diagnostic, strict: str | None) -> Diagnostic:
    """The remark as an error, if `strict` makes it one: any warning, and with "fit" unread input.

    >>> promoted(Diagnostic("note", "fit", "1 column unused"), "fit").severity
    'error'
    """
    fails = remark.severity == "warning" or (strict == "fit" and remark.code == "fit")
    return remark._replace(severity="error") if strict and fails else remark


def _misaligned(rows: Sequence[Row]) -> Diagnostic | None:
    """Merges whose branches have different jumps; layers behind such a merge are left out."""
    fields = {row.name: row.receptive_field for row in rows}
    apart = {name for name, field in fields.items() if field and not field.aligned}
    # Everything behind such a merge is not aligned either; only the merge itself is reported.
    merges = [row for row in rows if row.name in apart and apart.isdisjoint(row.inputs)]
    if not merges:
        return None
    first, count = merges[0], len(merges)
    start = f"{count} merges join" if count > 1 else "1 merge joins"
    sources = zip(first.inputs, first.in_shapes, strict=True)
    jumps = [f"{_jump(fields.get(name), shape)} from {name}" for name, shape in sources]
    message = f"{start} branches with different jumps; first: {first.name}"
    return Diagnostic("note", "misaligned", f"{message}, {', '.join(jumps)}", first.span)


def _jump(field: ReceptiveField | None, shape: Shape) -> str:
    """The jump per axis; the network's input itself, which has no field, has a jump of 1."""
    return "×".join(map(str, field.jump if field else (1,) * shape.rank))
