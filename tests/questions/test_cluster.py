"""Sweeps on a Dask cluster: real processes, one of which is killed midway."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

distributed = pytest.importorskip("distributed")
SWEEP = [sys.executable, "-m", "cnncalc", "sweep", "resnet18", "--vary-input", "64:383:1"]
CSV = ["--format", "csv"]

# Dask's own event loops may still be closing their sockets when a test ends.
pytestmark = pytest.mark.filterwarnings("default::ResourceWarning")


@pytest.fixture
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as started:
        yield started


def test_every_setting_is_there_though_a_worker_is_killed_midway(cluster):
    alone = subprocess.run([*SWEEP, *CSV], capture_output=True, text=True, check=True)
    command = [*SWEEP, *CSV, "--scheduler", cluster.scheduler_address]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = [running.stdout.readline() for _ in range(5)]
    with distributed.Client(cluster) as client:
        workers = client.run(os.getpid)
    os.kill(min(workers.values()), signal.SIGKILL)
    rest = running.stdout.read()  # `communicate` would skip what is buffered
    assert running.wait() == 0, running.stderr.read()
    running.stdout.close()
    running.stderr.close()
    assert "".join(first) + rest == alone.stdout
    assert len(alone.stdout.splitlines()) == 1 + 320


def told(*options):
    answer = subprocess.run([*SWEEP, *options], capture_output=True, text=True, check=False)
    assert answer.stdout == ""
    return answer.returncode, answer.stderr.splitlines()


def test_a_text_that_is_no_address():
    status, lines = told("--scheduler", "nonsense")
    assert status == 2
    assert lines == [
        "error[usage]: 'nonsense' is not the address of a Dask scheduler",
        "  = help: such as tcp://HOST:8786",
    ]


def test_a_scheduler_that_is_not_there():
    status, lines = told("--scheduler", "tcp://127.0.0.1:9")
    assert status == 3
    assert lines[0].startswith("error[no-cluster]: no Dask scheduler answers at 'tcp://127.0.0.1")
    assert lines[1] == "  = help: start one: dask scheduler --port 8786"


def test_a_cluster_without_workers():
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as empty:
        status, lines = told("--scheduler", empty.scheduler_address)
    assert status == 3
    assert lines[0].endswith("has no workers")


def test_the_work_is_shared_in_one_way_only():
    status, lines = told("--scheduler", "tcp://127.0.0.1:9", "--jobs", "2")
    assert status == 2
    assert "the cluster shares the work: leave out --jobs" in " ".join(lines)


def test_a_worker_with_another_version(cluster, monkeypatch):
    from cnncalc.errors import CnncalcError
    from cnncalc.questions import cluster as module

    monkeypatch.setattr(module, "VERSION", "0.0.0")  # here alone, not in the workers
    with pytest.raises(CnncalcError, match=r"here it is 0\.0\.0"):  # noqa: SIM117 - the whole is tried
        with module.connected(cluster.scheduler_address):
            pass


def test_without_dask(monkeypatch):
    from cnncalc.errors import CnncalcError
    from cnncalc.questions.cluster import connected

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CnncalcError) as caught, connected("tcp://127.0.0.1:9"):
        pass
    assert caught.value.diagnostics[0].help == (
        "pip install 'cnncalc[dask]', here and on every worker"
    )
