"""analyze: Network -> Report, with a row for each layer, the totals and the notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.analysis.expect import checks
from cnncalc.analysis.facts import all_facts, without
from cnncalc.analysis.memory import memory
from cnncalc.analysis.notes import notes, refuse_training_at_inference
from cnncalc.analysis.receptive import receptive_fields
from cnncalc.analysis.report import Port, Report, Row, Totals
from cnncalc.conventions import FLOPS_PER_MAC
from cnncalc.errors import CnncalcError
from cnncalc.lines import with_line, with_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.analysis.facts import Facts
    from cnncalc.analysis.report import ReceptiveField
    from cnncalc.errors import Diagnostic
    from cnncalc.layers._base import Step
    from cnncalc.network import Network, Node


def analyze(
    network: Network,
    *,
    batch: int | None = None,
    dtype: str = "fp32",
    formulas: bool = False,
    out_of_place: bool = True,
) -> Report:
    """Count everything about a network that does not need running it.

    Counts are for one sample. `batch` (default: the network's own) and `dtype` change only the
    bytes. `formulas` adds the steps of each row's arithmetic. Without `out_of_place`, the second
    peak of memory, which takes a while to compute, is None.

    Raises:
        CnncalcError: where an expectation names an unknown layer or figure, where inference reads
            a train-only row, for an unknown dtype, and for a batch below 1.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("one", Shape(1, (32, 32)), [("C1", Conv(filters=6, kernel=(5,)))])
    >>> report = analyze(net)
    >>> report.totals.params, report.totals.connections, report.rows[0].receptive_field.size
    (156, 117600, (5, 5))
    """
    try:
        refuse_training_at_inference(network)
        rows = _rows(network, formulas=formulas)
        samples = network.batch if batch is None else batch
        sums = totals(network, rows, batch=samples, dtype=dtype, out_of_place=out_of_place)
        return _report(network, rows, sums)
    except CnncalcError as error:
        if network.text is None:
            raise
        raise with_lines(error, network.text, network.file) from None


def _report(network: Network, rows: tuple[Row, ...], sums: Totals) -> Report:
    report = Report(
        name=network.name,
        file=network.file,
        variant=network.variant,
        vars=network.vars or {},
        overrides=network.overrides or {},
        layout=network.layout,
        inputs=tuple(Port(node.name, node.shape) for node in network.inputs),
        outputs=_outputs(network),
        rows=rows,
        totals=sums,
        groups=network.groups or {},
        diagnostics=_with_lines(network, (*network.diagnostics, *notes(rows))),
        unread=network.unread,
    )
    # The checks read the report's own figures, so that both cannot differ.
    return report._replace(expect=checks(network, report))


def _with_lines(network: Network, diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """The diagnostics with their source lines, where the network's text is known."""
    text = network.text
    if text is None:
        return diagnostics
    return tuple(with_line(diagnostic, text, network.file) for diagnostic in diagnostics)


def _rows(network: Network, *, formulas: bool) -> tuple[Row, ...]:
    facts = all_facts(network, formulas=formulas)
    fields = receptive_fields(network, facts)
    names = [node.name for node in network.nodes]
    return tuple(
        _row(network, node, names, fact, field)
        for node, fact, field in zip(network.nodes, facts, fields, strict=True)
        if node.layer.type != "input"
    )


def _row(
    network: Network, node: Node, names: list[str], facts: Facts, field: ReceptiveField | None
) -> Row:
    """One row. Shared weights count 0 here and in full in the row that owns them."""
    shared = node.shared_with is not None
    if node.elsewhere:
        facts = without(facts, node.layer, node.elsewhere)
    owner = node if node.attached_to is None else _owner(network, node)
    return Row(  # by position, since this many keyword arguments take four times as long
        node.index,
        node.name,
        node.layer.type,
        owner.name.count("."),  # the depth: how many groups enclose the layer
        tuple([names[index] for index in node.inputs]),
        facts.in_shapes,
        node.shape,
        0 if shared else facts.weights,
        0 if shared else facts.biases,
        0 if shared or node.frozen else facts.learned,
        0 if shared else facts.buffers,
        0 if shared else facts.fixed,
        facts.connections,
        facts.connections_with_bias,
        facts.macs,
        facts.settings,
        facts.unused,
        field,
        node.span,
        None if node.attached_to is None else names[node.attached_to],
        node.block,
        names[node.shared_with] if node.shared_with is not None else None,
        node.train_only,
        node.note,
        facts.steps if node.tied_to is None else tuple(_tied_steps(facts)),
        node.layer.is_view and not node.layer.acts_in_training,
        node.layer.stated,
        node.layer.family,
        node.layer.type == "unknown",
        None if node.tied_to is None else names[node.tied_to],
    )


def _tied_steps(facts: Facts) -> Iterator[Step]:
    """The steps of a layer whose weight is counted at another one."""
    for step in facts.steps:
        if step.field == "weights":
            yield step._replace(formula="counted there", numbers="0", value=0)
        elif step.field == "params":
            yield step._replace(numbers=f"0 + {facts.biases}", value=facts.biases)
        else:
            yield step


def _owner(network: Network, node: Node) -> Node:
    """The layer that a row is attached to, directly or through others; else the row itself."""
    while node.attached_to is not None:
        node = network.nodes[node.attached_to]
    return node


def _outputs(network: Network) -> tuple[Port, ...]:
    """The outputs, each named after the outermost part that ends there, else after its layer."""
    part_names: dict[int, str] = {}
    for name, group in (network.groups or {}).items():
        if name.count(".") < part_names.get(group.last, name + ".").count("."):
            part_names[group.last] = name
    ports = []
    for index in network.outputs:
        node = network.nodes[index]
        name = part_names.get(index) or _owner(network, node).name
        ports.append(Port(name, node.shape, node.train_only))
    return tuple(ports)


def totals(
    network: Network, rows: Sequence[Row], *, batch: int, dtype: str, out_of_place: bool = True
) -> Totals:
    """Sum the rows: stored numbers over every row, work over the rows of inference.

    So `params` is what a training checkpoint holds (GoogLeNet with its auxiliary heads), while
    `inference_params`, connections, MACs and FLOPs leave out the rows used only for training.
    Shared weights count once, the work of the rows that share them every time.
    `memory.param_bytes` covers every stored number as a file of weights does: learned, fixed, and
    running statistics.
    """
    weights = sum(row.weights for row in rows)
    biases = sum(row.biases for row in rows)
    fixed = sum(row.fixed for row in rows)
    buffers = sum(row.buffers for row in rows)
    inference = [row for row in rows if not row.train_only]
    macs = sum(row.macs for row in inference)
    return Totals(
        rows=len(rows),
        weights=weights,
        biases=biases,
        params=weights + biases,
        trainable=sum(row.trainable for row in rows),
        fixed=fixed,
        buffers=buffers,
        inference_params=_inference_params(network, rows),
        connections=sum(row.connections for row in inference),
        connections_with_bias=sum(row.connections_with_bias for row in inference),
        macs=macs,
        flops=FLOPS_PER_MAC * macs,
        memory=memory(
            network,
            weights + biases + fixed + buffers,
            biases=biases,
            batch=batch,
            dtype=dtype,
            out_of_place=out_of_place,
        ),
        stated=sum(row.stated for row in rows),
    )


def _inference_params(network: Network, rows: Sequence[Row]) -> int:
    """Learned parameters that rows of inference use, whether their own or shared ones."""
    if not any(row.train_only for row in rows):
        return sum(row.params for row in rows)
    owners = {_owner_of_weights(network, row.index) for row in rows if not row.train_only}
    tied = {network.nodes[index].tied_to for index in owners} - owners
    weights = sum(row.weights for row in rows if row.index in tied)
    return weights + sum(row.params for row in rows if row.index in owners)


def _owner_of_weights(network: Network, index: int) -> int:
    """The node whose weights a node uses: itself, or the end of its chain of `shared_with`."""
    shared = network.nodes[index].shared_with
    while shared is not None:
        index, shared = shared, network.nodes[shared].shared_with
    return index
