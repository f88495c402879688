"""The network of a model file as a spec, short or flat, with what it then promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.analysis.engine import analyze
from cnncalc.errors import Diagnostic, counted
from cnncalc.network import Expectation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cnncalc.network import Network, Node


class WrittenSpec(NamedTuple):
    """The text of a spec, and what is worth saying about it."""

    text: str
    notes: tuple[Diagnostic, ...] = ()


def written(
    network: Network,
    folder: Path,
    *,
    flat: bool = False,
    named: bool = False,
    expect: bool = False,
) -> WrittenSpec:
    """The network as a spec file in `folder`.

    `named` is the short form in which rows with weights have their names in the file, and
    `expect` adds the figures as found, so that `cnncalc check` holds the spec to them.

    Raises:
        CnncalcError: a row is of unknown arithmetic, which no spec can say.
    """
    from cnncalc.spec import shorten, write

    asked = network._replace(diagnostics=(), overrides=None)
    if expect:
        asked = asked._replace(expect=tuple(_expectations(asked)))
    notes = tuple(_remarks(network))
    source = "the standard input" if network.file == "-" else network.file
    head = f"# read from {source}\n"
    if flat or named:
        asked = _renamed(asked)
        notes = (*notes, *_other_names(network, asked))
    if flat:
        return WrittenSpec(head + write.text(asked, folder), notes)
    short = shorten.short(asked, folder, named=named)
    return WrittenSpec(head + short.text, (*notes, *short.notes))


def _renamed(network: Network) -> Network:
    """The network with other names for rows that a spec cannot call so: `relu` becomes `relu_0`."""
    from cnncalc.spec.vocabulary import RESERVED, SCOPE_NAMES, attaches, is_plain_word

    def reserved(name: str) -> bool:
        words = {*RESERVED, *SCOPE_NAMES} - {"in"}
        return name in words or attaches(name) or is_plain_word(name)

    taken = {node.name for node in network.nodes}
    nodes = []
    for node in network.nodes:
        name, number = node.name, 0
        while reserved(name) or (name != node.name and name in taken):
            name, number = f"{node.name}_{number}", number + 1
        taken.add(name)
        nodes.append(node._replace(name=name))
    return network._replace(nodes=tuple(nodes))


def _other_names(network: Network, written: Network) -> Iterator[Diagnostic]:
    """The rows with weights that could not keep their names."""
    pairs = zip(network.nodes, written.nodes, strict=True)
    told = [f"'{old.name}' as '{new.name}'" for old, new in pairs if _is_other(old, new, network)]
    if told:
        yield Diagnostic(
            "note",
            "other-name",
            f"the spec has {', '.join(told)}: a word of the language names no layer",
        )


def _is_other(old: Node, new: Node, network: Network) -> bool:
    holds_weights = bool(old.inputs) and old.layer.parameters(*network.shapes_into(old))
    return old.name != new.name and bool(holds_weights)


def _expectations(network: Network) -> Iterator[Expectation]:
    """Parameters, multiply-accumulates, and the output where there is one."""
    own = network._replace(
        nodes=tuple(node._replace(elsewhere=frozenset()) for node in network.nodes)
    )
    totals = analyze(own).totals
    for key, value in (("params", totals.params), ("macs", totals.macs)):
        yield Expectation(key, str(value), value, value)
    if len(network.outputs) == 1:
        sizes = network.nodes[network.outputs[0]].shape.view(network.layout)
        yield Expectation("output", "x".join(map(str, sizes)), sizes, sizes)


def _remarks(network: Network) -> Iterator[Diagnostic]:
    """What the spec says otherwise than the file."""
    twice = [node for node in network.nodes if node.elsewhere]
    if twice:
        yield Diagnostic(
            "note",
            "stored-once",
            f"the file stores numbers of {counted(len(twice), 'layer')} once that others use too; "
            "in the spec every layer has its own",
        )
