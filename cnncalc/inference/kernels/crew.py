"""Processes that help: each takes a part of some work while this one does its own.

They are started afresh (never forked, which threads would forbid) when first needed, and kept
for later work. Every helper has a pipe of its own, which this process writes and reads itself:
queues with threads behind them would wait for their turn while this one computes.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager, suppress
from functools import lru_cache
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

Common = TypeVar("Common")
Part = TypeVar("Part")
Result = TypeVar("Result")


class Crew:
    """The helpers of a process. One piece of work at a time has them."""

    def __init__(self, process: int) -> None:
        """For a process by its number: one that is forked off does not use its parent's."""
        self.process = process
        self.pipes: list[Connection] = []
        self.free = Lock()
        self.alive = True  # none has died yet

    def recruited(self, count: int) -> list[Connection]:
        """The pipes to so many helpers."""
        while len(self.pipes) < count:
            self.pipes.append(_started())
        return self.pipes[:count]

    def dismiss(self) -> None:
        """Let all helpers go; who finds the pipe closed ends."""
        for pipe in self.pipes:
            pipe.close()
        self.pipes.clear()


class Answer(NamedTuple):
    """What a helper found: a result, or what was raised."""

    result: Any
    error: Exception | None = None


def together(
    function: Callable[[Common, Part], Result], common: Common, parts: Sequence[Part]
) -> list[Result]:
    """What a function makes of each part: the first is done here, every other by a helper.

    `common` and the parts are what can be pickled. Where there is no help the parts are done
    here: while other work has the helpers, and for good once any of them has died.

    >>> from operator import sub
    >>> together(sub, 10, [1])
    [9]
    """
    crew = _crew(os.getpid())
    if len(parts) > 1 and crew.alive and crew.free.acquire(blocking=False):
        try:
            return _shared(crew, function, common, parts)
        except (EOFError, OSError):
            crew.dismiss()
            crew.alive = False
        except BaseException:  # what the others answer is not waited for
            crew.dismiss()
            raise
        finally:
            crew.free.release()
    return [function(common, part) for part in parts]


def _shared(
    crew: Crew,
    function: Callable[[Common, Part], Result],
    common: Common,
    parts: Sequence[Part],
) -> list[Result]:
    from multiprocessing.reduction import ForkingPickler

    first, *others = parts
    pipes = crew.recruited(len(others))
    message = ForkingPickler.dumps((function, common))
    for pipe, part in zip(pipes, others, strict=True):
        pipe.send_bytes(message)
        pipe.send(part)
    results = [function(common, first)]
    for pipe in pipes:
        answer = pipe.recv()
        if answer.error:
            raise answer.error
        results.append(answer.result)
    return results


@lru_cache(maxsize=1)
def _crew(process: int) -> Crew:
    return Crew(process)


def _started() -> Connection:
    """The pipe to a new helper. Raises OSError where this process may not have any."""
    from multiprocessing import current_process, get_context

    if current_process().daemon:
        raise OSError("a helper of others has no helpers")
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe()
    helper = spawning.Process(target=_help, args=(theirs,), daemon=True)
    with _without_main(), _uninterrupted():
        helper.start()
    theirs.close()
    return ours


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide the program: helpers need nothing of it, and would run it for its functions."""
    program = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = program


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold interrupts from the keyboard back. A helper that is started now never sees any."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # it lets interrupts through again when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _help(pipe: Connection) -> None:
    """What a helper does until the pipe is closed."""
    # An interrupt from the keyboard reaches every process; the first one answers for all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        while True:
            function, common = pipe.recv()
            pipe.send(_answer(function, common, pipe.recv()))


def _answer(function: Callable[[Any, Any], Any], common: Any, part: Any) -> Answer:
    try:
        return Answer(function(common, part))
    except Exception as error:  # noqa: BLE001 - raised where the work came from
        return Answer(None, error)
