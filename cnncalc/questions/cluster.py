"""A running Dask cluster as an executor, so that a sweep is computed by many machines.

Needs the extra `cnncalc[dask]` here and on every worker, where this same version of cnncalc must
be installed: functions and networks are sent by name and by value, code is not.
"""

from __future__ import annotations

import re
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cnncalc.errors import failure
from cnncalc.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from distributed import Client

    from cnncalc.errors import CnncalcError

ADDRESS = re.compile(r"[a-z]+://[^\s/]+:\d{1,5}")
TIMEOUT = 10  # seconds in which a scheduler has to answer


@contextmanager
def connected(address: str) -> Iterator[Executor]:
    """The executor of the cluster whose scheduler listens at this address, `tcp://HOST:PORT`.

    Work of a worker that dies is done again by another.

    Raises:
        CnncalcError: where Dask is not installed, the scheduler does not answer, there is no
            worker, or a worker has another version of cnncalc.
    """
    if not ADDRESS.fullmatch(address):
        message = f"'{address}' is not the address of a Dask scheduler"
        raise failure("usage", message, help="such as tcp://HOST:8786", exit_code=2)
    try:
        from distributed import Client, KilledWorker
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise _failure(
            "no-extra",
            "a sweep on a cluster needs Dask, which is not installed",
            "pip install 'cnncalc[dask]', here and on every worker",
        ) from None
    try:
        client = Client(address, timeout=TIMEOUT, set_as_default=False)
    except (OSError, TimeoutError) as error:
        reason = f"{error}".partition("\n")[0]
        message = f"no Dask scheduler answers at '{address}': {reason}"
        raise _failure("no-cluster", message, "start one: dask scheduler --port 8786") from None
    with client:
        try:
            _require_same_version(client, address)
            yield client.get_executor(pure=False)
        except (KilledWorker, CommClosedError, CancelledError) as error:
            message = f"the cluster at '{address}' failed: {error}".partition("\n")[0]
            raise _failure("no-cluster", message, "its logs tell more") from None


def _version() -> str:
    """The version of cnncalc on a worker."""
    return VERSION


def _require_same_version(client: Client, address: str) -> None:
    """Raise CnncalcError unless there are workers, and all have this version."""
    try:
        versions = client.run(_version)
    except ImportError:
        message = f"a worker of the cluster at '{address}' has no cnncalc"
        raise _failure(
            "no-cluster", message, f"install cnncalc {VERSION} on every worker"
        ) from None
    if not versions:
        message = f"the cluster at '{address}' has no workers"
        raise _failure("no-cluster", message, f"start some: dask worker {address}")
    for worker, version in versions.items():
        if version != VERSION:
            message = f"the worker {worker} has cnncalc {version}, here it is {VERSION}"
            raise _failure("no-cluster", message, "install the same version on every worker")


def _failure(code: str, message: str, help_: str) -> CnncalcError:
    return failure(code, message, help=help_, exit_code=3)
