"""A .cfg file of darknet as sections: options with their lines, read as darknet reads them."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import Diagnostic, Span, did_you_mean, failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.errors import CnncalcError

COMMENT = re.compile(r"[#;]")
HEADS = frozenset({"net", "network"})  # what the first section may be called
LARGEST = 2**31 - 1  # darknet keeps whole numbers in 32 bits
WHOLE = re.compile(r"[+-]?[0-9]{1,10}")


class Option(NamedTuple):
    """One line `name=value`."""

    value: str
    span: Span


class Section:
    """One section; an option that is asked for counts as read."""

    def __init__(self, kind: str, number: int, span: Span) -> None:
        self.kind = kind
        self.number = number  # as darknet counts: the first behind [net] is 0
        self.span = span
        self.options: dict[str, Option] = {}
        self.asked: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self.options

    def where(self, name: str) -> Span:
        """The place of an option, or of the section's name where it is not written."""
        option = self.options.get(name)
        return option.span if option else self.span

    def word(self, name: str, default: str) -> str:
        """An option as text."""
        self.asked.add(name)
        option = self.options.get(name)
        return option.value if option else default

    def whole(self, name: str, default: int, least: int = 0) -> int:
        """An option that is a whole number.

        Raises:
            CnncalcError: it is none, or below `least`.
        """
        text = self.word(name, str(default))
        value = int(text) if WHOLE.fullmatch(text) else None
        if value is None or not least <= value <= LARGEST:
            needed = f"a whole number from {least}" if least > -LARGEST else "a whole number"
            raise self.bad(name, f"'{name}' must be {needed}, got '{text[:60]}'")
        return value

    def wholes(self, name: str) -> list[int]:
        """An option that lists whole numbers.

        Raises:
            CnncalcError: one is none, or there are none.
        """
        texts = [text.strip() for text in self.word(name, "").split(",")]
        if not all(WHOLE.fullmatch(text) for text in texts):
            example = "whole numbers with commas between, such as -1, 8"
            raise self.bad(name, f"'{name}' must be {example}")
        return [int(text) for text in texts]

    def real(self, name: str, default: float) -> float:
        """An option that is a number. Raises CnncalcError where it is none."""
        text = self.word(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            raise self.bad(name, f"'{name}' must be a number, got '{text[:60]}'")
        return value

    def bad(self, name: str, message: str, help_: str | None = None) -> CnncalcError:
        """The complaint about an option, at its place."""
        return failure("broken-model", f"[{self.kind}]: {message}", self.where(name), help=help_)

    def unread(self, known: frozenset[str]) -> Iterator[Diagnostic]:
        """A warning for each option that was not asked for, and is not one of training."""
        for name, option in self.options.items():
            if name not in self.asked and name not in known:
                yield Diagnostic(
                    "warning",
                    "unread-option",
                    f"'{name}' of [{self.kind}] is not read, since darknet has no such option here",
                    option.span,
                    help=did_you_mean(name, sorted(self.asked)),
                )


def sections(text: str, file: str) -> list[Section]:
    """The sections of a file; of an option written twice the first counts, as in darknet.

    Raises:
        CnncalcError: a line is neither a section nor an option, or the file does not begin with
            [net].
    """
    found: list[Section] = []
    for number, line in enumerate(text.split("\n"), start=1):
        written = COMMENT.split(line, maxsplit=1)[0].rstrip()
        bare = written.strip()
        if not bare:
            continue
        column = len(written) - len(written.lstrip()) + 1
        span = Span(file, number, column, len(written) + 1)
        if bare.startswith("["):
            found.append(_section(bare, len(found) - 1, span))
        elif not found:
            raise _no_head(span)
        else:
            name, equals, value = bare.partition("=")
            if not equals or not name.strip():
                message = f"'{bare[:60]}' is neither a [section] nor an option"
                raise failure("broken-model", message, span, help="write options as name=value")
            found[-1].options.setdefault("".join(name.split()), Option(value.strip(), span))
    if not found:
        raise failure("broken-model", f"{file} has no section", help="it must begin with [net]")
    if found[0].kind not in HEADS:
        raise _no_head(found[0].span)
    return found


def _section(bare: str, number: int, span: Span) -> Section:
    kind = bare[1:].rstrip("]").strip()
    if not bare.endswith("]") or not kind:
        raise failure(
            "broken-model", f"'{bare[:60]}' is no section", span, help="write it as [convolutional]"
        )
    return Section(kind, number, span)


def _no_head(span: Span) -> CnncalcError:
    message = "a network of darknet begins with the section [net]"
    return failure("broken-model", message, span, help="[net] gives height, width and channels")
