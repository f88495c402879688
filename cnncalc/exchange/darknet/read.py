"""A .cfg file of darknet -> Network, section by section.

Darknet's own numbers of sections are in the names of rows: `conv12` is section 12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc import files
from cnncalc.errors import CnncalcError, Diagnostic, UnplacedError, did_you_mean, failure
from cnncalc.exchange.building import Builder, Part, unsupported
from cnncalc.exchange.darknet.cfg import sections
from cnncalc.exchange.darknet.layers import (
    HEADS,
    IN_TRAINING,
    OPTION_OF,
    SECTIONS,
    SHORT,
    WITHOUT_BOXES,
    Call,
)
from cnncalc.exchange.sizes import Declared, inputs_of
from cnncalc.exchange.sources import AS_IT_IS
from cnncalc.lines import with_lines

if TYPE_CHECKING:
    from cnncalc.exchange.darknet.cfg import Section
    from cnncalc.exchange.sources import SourceOptions
    from cnncalc.network import Network

LARGEST_FILE = 2**24  # bytes; the largest that people use has 30,000
# What a layer type trips over that a number of the file led to: a kernel beyond any float.
MALFORMED = (ArithmeticError, LookupError, TypeError, ValueError)


def read(path: str, options: SourceOptions = AS_IT_IS) -> Network:
    """The network in a .cfg file of darknet.

    Raises:
        CnncalcError: the file is broken, or a section is one that no layer expresses.
    """
    data = files.read_bytes(path, LARGEST_FILE)
    return network_of(data.decode("utf-8", "replace"), path, options)


def network_of(text: str, path: str, options: SourceOptions = AS_IT_IS) -> Network:
    """The network in the text of a .cfg file.

    Raises:
        CnncalcError: the text is broken, or a section is one that no layer expresses.
    """
    try:
        head, *rest = sections(text, path)
        walk = Walk(path, options)
        walk.run(head, rest)
        return walk.network()
    except CnncalcError as error:
        raise with_lines(error, text, path) from None
    except UnplacedError as problem:
        message = f"{files.title(path)} is no network of darknet: {problem.message}"
        raise failure(problem.code, message, help=problem.help) from None


class Walk:
    """The walk over the sections of one file."""

    def __init__(self, path: str, options: SourceOptions) -> None:
        self.path = path
        self.builder = Builder(path, options, "HWC")
        self.values: list[int | None] = []  # by section: the row it puts out; None if not known
        self.kinds: list[str] = []
        self.read: set[int] = set()  # sections that a later one reads
        self.current = -1
        self.end: int | None = None

    def run(self, head: Section, rest: list[Section]) -> None:
        """Read the input, then every section up to the end that was asked for."""
        self.first = self._input(head)
        if not rest:
            raise head.bad("height", "the network has no layer", "write sections below [net]")
        until = self.builder.options.until
        for section in rest:
            before = len(self.builder.rows)
            part = _part(section)
            self.current = section.number
            self.values.append(self._value(section, part))
            self.kinds.append(section.kind)
            end = self.builder.ends_at(part, before)
            self.end = self.values[-1] if end is None and part.name == until else end
            if self.end is not None:
                return
        if until is not None:
            raise self.builder.no_such_end(_part(section).name for section in rest)

    def _input(self, head: Section) -> int:
        sizes = [head.whole(name, 0) for name in ("height", "width", "channels")]
        single = head.whole("inputs", 0)
        if 0 in sizes and not (single and not any(sizes)):
            name = ("height", "width", "channels")[sizes.index(0)]
            raise head.bad(name, f"'{name}' must be a whole number from 1")
        dims = tuple(sizes) if all(sizes) else (single,)
        written = self.builder.options.input
        found = inputs_of(self.path, {"in": Declared(("N", *dims))}, written)
        shape, self.builder.batch = found["in"]
        return self.builder.enter("in", shape)

    def _value(self, section: Section, part: Part) -> int | None:
        """The row that a section puts out; None where it or what it reads is not known."""
        before: int | None = self.first
        try:
            if section.number and section.kind != "route":
                before = self._at(section.number - 1)
            return self._row(section, part, before)
        except UnplacedError as problem:
            partial = self.builder.options.partial
            if not (partial and problem.code == "unknown-operator"):
                where = OPTION_OF.get(problem.field or "", problem.field or "")
                placed = part._replace(span=section.where(where))
                raise self.builder.located(problem, placed, [before]) from None
            return self.builder.leave_open(part, [before], None)
        except LostError as lost:
            return self.builder.leave_open(part, lost.beside, None)
        except MALFORMED as error:
            broken = UnplacedError("broken-model", f"[{section.kind}] does not work ({error})")
            raise self.builder.located(broken, part, [before]) from error

    def _row(self, section: Section, part: Part, before: int | None) -> int:
        if section.kind in HEADS:
            if before is None:
                raise LostError([])
            self._note(section)
            return before
        handle = SECTIONS.get(section.kind)
        if handle is None:
            raise unsupported(
                f"[{section.kind[:60]}] has no layer here",
                help=did_you_mean(section.kind, [*SECTIONS, *HEADS]),
            )
        referred: list[int] = []

        def refer(option: str, number: int) -> int:
            value = self._referred(section, option, number)
            if value is None:
                raise LostError([*([] if before is None else [before]), *referred])
            referred.append(value)
            return value

        if section.kind != "route" and before is None:
            raise LostError([])
        found = handle(Call(self.builder, section, part, before or 0, refer))
        self.builder.notes += section.unread(IN_TRAINING)
        return found

    def _referred(self, section: Section, option: str, number: int) -> int | None:
        """The row of the section that an option names: from the start, or back where negative."""
        at = number if number >= 0 else section.number + number
        if not 0 <= at < section.number:
            message = (
                f"'{option}' names section {number}, but {section.number} stand before this one"
            )
            raise section.bad(option, message)
        return self._at(at)

    def _at(self, number: int) -> int | None:
        """The row of a section, which is then read."""
        if self.kinds[number] in HEADS:
            raise unsupported(f"what [{self.kinds[number]}] puts out is no map of the network")
        self.read.add(number)
        return self.values[number]

    def _note(self, section: Section) -> None:
        if section.kind in WITHOUT_BOXES or any(n.code == "box-heads" for n in self.builder.notes):
            return
        self.builder.notes.append(
            Diagnostic(
                "note",
                "box-heads",
                f"the map before each [{section.kind}] is an output: what turns it into boxes "
                "learns nothing and is not part of the network",
            )
        )

    def network(self) -> Network:
        """The rows that lead to the outputs: all that no later section reads."""
        if self.end is not None:
            return self.builder.network([self.end])
        unread = [value for number, value in enumerate(self.values) if number not in self.read]
        return self.builder.network([value for value in unread if value is not None])


class LostError(Exception):
    """A section reads what is not known; `beside` are rows that it reads as well."""

    def __init__(self, beside: list[int]) -> None:
        super().__init__()
        self.beside = beside


def _part(section: Section) -> Part:
    name = f"{SHORT.get(section.kind, section.kind)}{section.number}"
    origin = f"section {section.number} [{section.kind}] in line {section.span.line}"
    return Part(name, section.kind, origin, section.span)
