"""analyze: Network -> Report, with a row for each layer, the totals and the notes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cnncalc.analysis.expect import checks
from cnncalc.analysis.facts import Counts, all_facts, counted
from cnncalc.analysis.memory import memory
from cnncalc.analysis.notes import notes, refuse_training_at_inference
from cnncalc.analysis.receptive import receptive_fields
from cnncalc.analysis.report import Port, Report, Row, Totals, deciding
from cnncalc.conventions import FLOPS_PER_MAC
from cnncalc.errors import CnncalcError
from cnncalc.lines import with_line, with_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
    with _own_lines(network):
        refuse_training_at_inference(network)
        facts = all_facts(network)
        counts = list(map(counted, network.nodes, facts))
        rows = tuple(_rows(network, facts, counts, formulas=formulas))
        samples = network.batch if batch is None else batch
        sums = totals(network, counts, batch=samples, dtype=dtype, out_of_place=out_of_place)
        outputs = {network.nodes[index].name for index in network.outputs}
        return _report(network, rows, sums, notes(rows, outputs))


def outline(network: Network, *, batch: int | None = None, dtype: str = "fp32") -> Report:
    """A report on the totals and expectations of a network, in less than half of the time.

    It has no rows, no second peak of memory, and none of the notes that come of the rows. Only
    where the spec expects a receptive field, the row that decides it is there.

    Raises:
        CnncalcError: as `analyze` does.

    >>> from cnncalc import load
    >>> report = outline(load("resnet50"))
    >>> report.totals.params, report.receptive_field, len(report.rows)
    (25557032, (427, 427), 1)
    """
    if any(expectation.key.startswith("layers.") for expectation in network.expect):
        return analyze(network, batch=batch, dtype=dtype, out_of_place=False)
    with _own_lines(network):
        refuse_training_at_inference(network)
        facts = all_facts(network)
        counts = list(map(counted, network.nodes, facts))
        samples = network.batch if batch is None else batch
        sums = totals(network, counts, batch=samples, dtype=dtype, out_of_place=False)
        expects_field = any(expectation.key == "rf" for expectation in network.expect)
        rows = _deciding_row(network, facts, counts) if expects_field else ()
        return _report(network, rows, sums, ())


@contextmanager
def _own_lines(network: Network) -> Iterator[None]:
    """Give every error in the block its line of the network's text."""
    try:
        yield
    except CnncalcError as error:
        if network.text is None:
            raise
        raise with_lines(error, network.text, network.file) from None


def _report(
    network: Network, rows: tuple[Row, ...], sums: Totals, remarks: tuple[Diagnostic, ...]
) -> Report:
    report = Report(
        name=network.name,
        file=network.file,
        variant=network.variant,
        vars=network.vars or {},
        overrides=network.overrides or {},
        layout=network.layout,
        inputs=tuple(Port(node.name, node.shape, row=node.name) for node in network.inputs),
        outputs=_outputs(network),
        rows=rows,
        totals=sums,
        groups=network.groups or {},
        diagnostics=_with_lines(network, (*network.diagnostics, *remarks)),
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


def _rows(
    network: Network, facts: Sequence[Facts], counts: Sequence[Counts], *, formulas: bool
) -> Iterator[Row]:
    fields = receptive_fields(network, facts)
    names = [node.name for node in network.nodes]
    for node, fact, count, field in zip(network.nodes, facts, counts, fields, strict=True):
        if node.layer.type != "input":
            yield _row(network, node, names, fact, count, field, formulas=formulas)


def _deciding_row(
    network: Network, facts: Sequence[Facts], counts: Sequence[Counts]
) -> tuple[Row, ...]:
    """The first row whose receptive field is that of the network, if there is one."""
    fields = receptive_fields(network, facts)
    names = [node.name for node in network.nodes]
    outside = [node.train_only or node.layer.type == "input" for node in network.nodes]
    index = deciding(fields, outside)
    if index is None:
        return ()
    node, figures = network.nodes[index], (facts[index], counts[index], fields[index])
    return (_row(network, node, names, *figures, formulas=False),)


def _row(
    network: Network,
    node: Node,
    names: list[str],
    facts: Facts,
    counts: Counts,
    field: ReceptiveField | None,
    *,
    formulas: bool,
) -> Row:
    owner = node if node.attached_to is None else _owner(network, node)
    steps = facts.steps if formulas else ()
    return Row(  # by position, since this many keyword arguments take four times as long
        node.index,
        node.name,
        node.layer.type,
        owner.name.count("."),  # the depth: how many groups enclose the layer
        tuple([names[index] for index in node.inputs]),
        facts.in_shapes,
        node.shape,
        *counts,
        facts.settings,
        facts.unused,
        field,
        node.span,
        None if node.attached_to is None else names[node.attached_to],
        node.block,
        names[node.shared_with] if node.shared_with is not None else None,
        node.train_only,
        node.note,
        steps if node.tied_to is None else tuple(_tied_steps(steps, counts.biases)),
        node.layer.is_view and not node.layer.acts_in_training,
        node.layer.stated,
        node.layer.family,
        node.layer.type == "unknown",
        None if node.tied_to is None else names[node.tied_to],
    )


def _tied_steps(steps: Iterable[Step], biases: int) -> Iterator[Step]:
    """The steps of a layer whose weight is counted at another one."""
    for step in steps:
        if step.field == "weights":
            yield step._replace(formula="counted there", numbers="0", value=0)
        elif step.field == "params":
            yield step._replace(numbers=f"0 + {biases}", value=biases)
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
        ports.append(Port(name, node.shape, node.train_only, node.name))
    return tuple(ports)


def totals(
    network: Network,
    counts: Sequence[Counts],
    *,
    batch: int,
    dtype: str,
    out_of_place: bool = True,
) -> Totals:
    """Sum the counts of all nodes: stored numbers over every row, work over the rows of inference.

    So `params` is what a training checkpoint holds (GoogLeNet with its auxiliary heads), while
    `inference_params`, connections, MACs and FLOPs leave out the rows used only for training.
    Shared weights count once, the work of the rows that share them every time.
    `memory.param_bytes` covers every stored number as a file of weights does: learned, fixed, and
    running statistics.
    """
    stored = Counts(*map(sum, zip(*counts, strict=True)))
    train_only = any(node.train_only for node in network.nodes)
    work = _work_of_inference(network, counts) if train_only else stored
    return Totals(
        rows=len(network.nodes) - len(network.inputs),
        weights=stored.weights,
        biases=stored.biases,
        params=stored.params,
        trainable=stored.trainable,
        fixed=stored.fixed,
        buffers=stored.buffers,
        inference_params=_inference_params(network, counts) if train_only else stored.params,
        connections=work.connections,
        connections_with_bias=work.connections_with_bias,
        macs=work.macs,
        flops=FLOPS_PER_MAC * work.macs,
        memory=memory(
            network,
            stored.params + stored.fixed + stored.buffers,
            biases=stored.biases,
            batch=batch,
            dtype=dtype,
            out_of_place=out_of_place,
        ),
        stated=sum(node.layer.stated for node in network.nodes),
    )


def _work_of_inference(network: Network, counts: Sequence[Counts]) -> Counts:
    pairs = zip(network.nodes, counts, strict=True)
    inference = [each for node, each in pairs if not node.train_only]
    return Counts(*map(sum, zip(*inference, strict=True)))


def _inference_params(network: Network, counts: Sequence[Counts]) -> int:
    """Learned parameters that rows of inference use, whether their own or shared ones."""
    nodes = network.nodes
    owners = {_owner_of_weights(network, node.index) for node in nodes if not node.train_only}
    tied = {nodes[index].tied_to for index in owners} - owners
    weights = sum(counts[index].weights for index in tied if index is not None)
    return weights + sum(counts[index].params for index in owners)


def _owner_of_weights(network: Network, index: int) -> int:
    """The node whose weights a node uses: itself, or the end of its chain of `shared_with`."""
    shared = network.nodes[index].shared_with
    while shared is not None:
        index, shared = shared, network.nodes[shared].shared_with
    return index
