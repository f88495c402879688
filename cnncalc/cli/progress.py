"""A progress bar on one line of stderr, with the time that is left."""

from __future__ import annotations

from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from cnncalc.render.page import Page

ERASE = "\r\x1b[K"
REDRAWN = 0.1  # seconds between two drawings
MINUTE, HOUR = 60, 3600
LONGEST = 40  # columns of the bar


class Bar:
    """The bar of some work of `total` units; it is drawn once the work takes `patience` seconds."""

    def __init__(
        self, stream: TextIO, page: Page, work: str, total: float, patience: float
    ) -> None:
        self.stream, self.page, self.work, self.total = stream, page, work, total
        self.begun = perf_counter()
        self.next = self.begun + patience
        self.done = 0.0
        self.drawn = False

    def advance(self, units: float = 1) -> None:
        """Note that so much of the work is done."""
        self.done += units
        now = perf_counter()
        if now >= self.next and self.done < self.total:
            self.next = now + REDRAWN
            self._write(
                f"{ERASE}{line(self.work, self.done / self.total, now - self.begun, self.page)}"
            )
            self.drawn = True

    def erase(self) -> None:
        """Clear the line for something else that is printed; the bar comes back later."""
        if self.drawn:
            self._write(ERASE)
            self.drawn = False

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self.stream.write(text)
            self.stream.flush()


def line(work: str, share: float, elapsed: float, page: Page) -> str:
    """The bar as it stands: what is done, how much of it, and the time left at this speed.

    >>> from cnncalc.render.page import Page
    >>> line("check", 0.25, 30, Page(width=40, ascii=True))
    'check  ###............   25%  1:30 left'
    """
    left = clock(elapsed / share - elapsed) if share else "?"
    head, tail = f"{work}  ", f"  {int(100 * share):3}%  {left} left"
    length = min((page.width or LONGEST) - len(head) - len(tail) - 1, LONGEST)
    if length < 1:
        return f"{work}{tail}"[: (page.width or LONGEST) - 1]
    full = int(share * length)
    whole, empty = ("#", ".") if page.ascii else ("█", "░")
    return f"{head}{page.paint(whole * full, 'good')}{empty * (length - full)}{tail}"


def clock(seconds: float) -> str:
    """A time as minutes and seconds, with hours where there are any.

    >>> clock(9.6), clock(75), clock(3700)
    ('0:10', '1:15', '1:01:40')
    """
    whole = round(seconds)
    minutes = f"{whole % HOUR // MINUTE}:{whole % MINUTE:02d}"
    return f"{whole // HOUR}:{minutes:0>5}" if whole >= HOUR else minutes
