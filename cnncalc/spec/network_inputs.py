"""The inputs of a network: the command line's, else the variant's, else the file's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import CnncalcError, UnplacedError, failure
from cnncalc.spec.inputs import parse_input
from cnncalc.spec.source import MappingValue, Scalar, plain
from cnncalc.spec.toplevel import section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.errors import Diagnostic, Span
    from cnncalc.shapes import Shape
    from cnncalc.spec.document import Document
    from cnncalc.spec.inputs import InputShape
    from cnncalc.spec.source import Value


class Port(NamedTuple):
    """One input of the network, as read."""

    parsed: InputShape
    span: Span | None

    @property
    def shape(self) -> Shape:
        """The shape of one sample."""
        return self.parsed.shape


def read_ports(document: Document, variant: str | None, text: str | None) -> dict[str, Port]:
    """The inputs by name, `in` where there is one without a name. Raises CnncalcError."""
    if text is not None:
        return {_only_name(document): _port(text, None)}
    for place in ((("variants", variant),) if variant else ()) + ((),):
        single, several = document.at(*place, "input"), document.at(*place, "inputs")
        if single is not None:
            return {"in": _port(single, single)}
        if isinstance(several, MappingValue) and several.entries:
            return {key.text: _port(value, value) for key, value in several.entries}
    names = ", ".join(document.variants)
    help_ = f"choose a variant ({names}), or give --input"
    raise failure("missing-input", f"{document.file} has no input of its own", help=help_)


def problems(tree: MappingValue) -> Iterator[Diagnostic]:
    """What is wrong with the input shapes of a file and of all its variants."""
    for place in (tree, *(variant for _, variant in section(tree, "variants").entries)):
        for value in _shapes(place):
            try:
                _port(value, value)
            except CnncalcError as error:
                yield from error.diagnostics


def batch_of(ports: dict[str, Port]) -> int:
    """The batch that the inputs were written with. Raises CnncalcError where they disagree."""
    batches = {port.parsed.batch for port in ports.values()} - {1}
    if len(batches) > 1:
        last = list(ports.values())[-1]
        listed = " and ".join(map(str, sorted(batches)))
        raise failure("input-shape", f"the inputs have batches of {listed}", last.span)
    return max(batches, default=1)


def _shapes(place: Value) -> Iterator[Value]:
    """The input shapes as written, of a file or of a variant."""
    if isinstance(place, MappingValue):
        single = place.get("input")
        if single is not None:
            yield single
        yield from (value for _, value in section(place, "inputs").entries)


def _only_name(document: Document) -> str:
    """The name of the one input. Raises CnncalcError where there are several."""
    own = document.at("inputs")
    if not isinstance(own, MappingValue):
        return "in"
    if len(own.entries) > 1:
        listed = ", ".join(own.keys())
        message = f"--input replaces a single input; this network has several ({listed})"
        raise failure("input-shape", message)
    return own.entries[0][0].text


def _port(written: Value | str, value: Value | None) -> Port:
    shape = written if isinstance(written, str) else _plain(written)
    try:
        return Port(parse_input(shape), value.span if value else None)
    except UnplacedError as problem:
        raise _placed(problem, value) from None


def _plain(value: Value) -> object:
    return value.text if isinstance(value, Scalar) else plain(value)


def _placed(problem: UnplacedError, value: Value | None) -> CnncalcError:
    """The complaint at the size or letter at fault, where sizes are given by letter."""
    span = value.span if value else None
    for key, size in value.entries if isinstance(value, MappingValue) else ():
        if key.text.lower() == problem.field:
            span = size.span if problem.code == "input-shape" else key.span
    return failure(problem.code, problem.message, span, notes=problem.notes, help=problem.help)
