"""Work shared among processes of this machine: how many of them there are, and their pool."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cnncalc.errors import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from multiprocessing.process import BaseProcess

STARTING = 0.5  # seconds of work that are not worth the start of a process
ENDED = 1  # the exit code of a worker whose parent has gone


def processes(jobs: int | None, pieces: int, seconds: float) -> int:
    """How many processes share so many pieces of work, of so many seconds each.

    `jobs`, or one per processor that may be used; but no other process is started unasked for
    less work than starting it takes. Never more than there are pieces.

    >>> processes(8, pieces=3, seconds=9.0), processes(2, pieces=3, seconds=0.001)
    (3, 2)
    >>> processes(None, pieces=5, seconds=0.01)
    1
    """
    if jobs is None and pieces * seconds < STARTING:
        return 1
    return min(jobs or _processors(), pieces)


def _processors() -> int:
    """The processors that this process may use, where the system says so; else all of them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def pool(
    jobs: int,
    begin: Callable[..., object] | None = None,
    arguments: tuple[Any, ...] = (),
    *,
    method: str | None = None,
) -> Iterator[Executor]:
    """Worker processes, each of which first calls `begin` with the arguments.

    They begin as this system's processes usually do, unless a method of `multiprocessing` is
    given. They do not see interrupts from the keyboard, which this process answers for all, and
    end when it does. Those that are still busy when they are left by an exception are ended.

    Raises:
        CnncalcError: "worker" where one of them ended before its work was done.
    """
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import active_children, get_context

    others = set(active_children())
    initial = (begin, arguments)
    workers = ProcessPoolExecutor(
        jobs, get_context(method), initializer=_become_worker, initargs=initial
    )
    try:
        yield workers
    except BaseException as stop:
        for process in set(active_children()) - others:
            process.terminate()
        if isinstance(stop, BrokenProcessPool):
            message = "a worker process ended before its work was done"
            help_ = "it may have run out of memory; --jobs 1 needs the least"
            raise failure("worker", message, help=help_) from None
        raise
    finally:
        workers.shutdown(cancel_futures=True)


def _become_worker(begin: Callable[..., object] | None, arguments: tuple[Any, ...]) -> None:
    """Make this process a worker, which ends when the process that started it does."""
    from multiprocessing import parent_process
    from threading import Thread

    # An interrupt from the keyboard reaches every process; the first one answers for all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(parent_process(),), daemon=True).start()
    if begin is not None:
        begin(*arguments)


def _end_with(parent: BaseProcess) -> None:
    """End this process when another one has ended, killed without a word perhaps."""
    parent.join()
    os._exit(ENDED)


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Hold interrupts from the keyboard back. A process that is started now never sees any."""
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
