"""Making an example smaller while it keeps its fault."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from contract import Example

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from contract import Fault, Judge

SECONDS = 20  # to make one example smaller


def minimised(example: Example, fault: Fault, judge: Judge) -> Example:
    """The example without the lines, words and bytes that its fault does not need."""
    stop = time.monotonic() + SECONDS

    def faulty(other: Example) -> bool:
        if time.monotonic() > stop:
            return False
        found = judge.fault(other) or (None if other.command else judge.fault(other, thorough=True))
        return found is not None and found.label == fault.label

    data, command = example

    def with_data(pieces: Sequence[bytes]) -> bool:
        return faulty(Example(b"".join(pieces), command))

    for split in (rb"(?<=\n)", rb"(?<=\W)|(?=\W)", rb"(?<=.)(?=.)"):
        pieces = [piece for piece in re.split(split, data) if piece]
        data = b"".join(shortened(pieces, with_data))
    words = shortened(command[1:], lambda w: faulty(Example(data, (*command[:1], *w))))
    return Example(data, (*command[:1], *words))


def shortened(pieces: Sequence, holds: Callable[[Sequence], bool]) -> Sequence:
    """A subsequence of which no stretch can be left out while `holds` stays true.

    >>> shortened("a big haystack", lambda text: "h" in text and "k" in text)
    'hk'
    """
    size = max(len(pieces) // 2, 1)
    while pieces:
        at = 0
        while at < len(pieces):
            fewer = pieces[:at] + pieces[at + size :]
            if holds(fewer):
                pieces = fewer
            else:
                at += size
        if size == 1:
            break
        size //= 2
    return pieces
