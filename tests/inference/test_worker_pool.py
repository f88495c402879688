"""Samples shared among processes: the same numbers, and no process is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from signals import heed_signals

from cnncalc import forward, load
from cnncalc.inference import worker_pool
from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.samples import AS_IS
from cnncalc.inference.worker_pool import Worker, WorkerSetup, run_samples
from cnncalc.processes import processes
from cnncalc.zoo import folder

DIGITS = [str(folder() / f"digits_{digit}.pgm") for digit in range(4)]


@pytest.fixture(scope="module")
def plan():
    network = load("digits")
    return WorkerSetup(network, InitialWeights(), AS_IS, str(network.init.weights))


def values(results):
    return [row.output.values for result in results for row in result.outputs]


def test_the_number_of_processes_changes_no_number(plan):
    alone = list(run_samples(plan, DIGITS, 1))
    assert [result.source for result in alone] == DIGITS
    assert values(alone) == values(run_samples(plan, DIGITS, 2))
    assert values(alone) == [forward("digits", path).outputs[0].output.values for path in DIGITS]


def test_a_sample_that_cannot_be_used_stops_no_other(plan):
    results = list(run_samples(plan, [DIGITS[0], "gone.pgm", DIGITS[1]], 2))
    assert [(result.ok, result.exit_code) for result in results] == [
        (True, 0),
        (False, 3),
        (True, 0),
    ]
    assert results[1].diagnostics[0].message == "there is no file 'gone.pgm'"


def test_weights_that_are_drawn_are_drawn_once(monkeypatch):
    drawn = []
    network = load("lenet5")
    original = worker_pool.gather

    def gather(*arguments):
        parameters = original(*arguments)
        stored = {
            name: tensor._replace(
                read=lambda name=name, read=tensor.read: drawn.append(name) or read()
            )
            for name, tensor in parameters.stored.items()
        }
        return parameters._replace(stored=stored)

    monkeypatch.setattr(worker_pool, "gather", gather)
    worker = Worker(WorkerSetup(network, InitialWeights(), AS_IS))
    assert values([worker("ones")]) != values([worker("ramp")])
    assert sorted(drawn) == sorted(set(drawn)) == sorted(original(network).stored)


def test_as_many_processes_as_processors_may_be_used(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2, 5}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert [processes(jobs, n, 1.0) for jobs, n in ((None, 10), (None, 2), (7, 10))] == [3, 2, 7]
    monkeypatch.delattr(os, "sched_getaffinity")
    assert processes(None, 100, 1.0) == 64
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert processes(None, 100, 1.0) == 1


def test_samples_of_a_worker_that_died_are_errors(plan, monkeypatch):
    monkeypatch.setattr(worker_pool, "_pass", _die)
    results = list(run_samples(plan, DIGITS, 2))
    assert [result.source for result in results] == DIGITS
    assert {result.exit_code for result in results} == {1}
    assert (
        "the worker process ended before the pass was finished" in results[0].diagnostics[0].message
    )


def _die(_):
    os._exit(9)


SLOW = [sys.executable, "-m", "cnncalc", "forward", "squeezenet1_1", "--jobs", "2", "--yes"]


@pytest.fixture
def busy():
    """A run whose two workers are at their passes, and the numbers of all its processes."""
    if not Path("/proc").is_dir():
        pytest.skip("the processes of others are found in /proc")
    words = [word for _ in range(6) for word in ("--sample", "random")]
    pipe = subprocess.PIPE
    run = subprocess.Popen(
        [*SLOW, *words],
        stdout=pipe,
        stderr=pipe,
        text=True,
        process_group=0,
        preexec_fn=heed_signals,  # noqa: PLW1509 - the tests have no threads
    )
    end = time.monotonic() + 60
    while len(children := _children(run.pid)) < 3 and time.monotonic() < end:
        time.sleep(0.05)
    yield run, children
    run.kill()
    run.communicate()


def _children(parent):
    """The processes that a process started: here two workers and multiprocessing's tracker."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = path.read_text().split(" ", 1)
        except OSError:
            continue
        if int(rest.rsplit(")", 1)[1].split()[1]) == parent:
            found.append(int(number))
    return found


def _gone(processes, seconds=30):
    end = time.monotonic() + seconds
    while any(Path(f"/proc/{number}").exists() for number in processes):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("wait", [0.0, 2.0])
def test_an_interrupt_is_quiet_and_leaves_no_process(busy, wait):
    """From the keyboard, which every process of the group gets: while workers start, and later."""
    run, children = busy
    assert len(children) == 3
    time.sleep(wait)
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert _gone(children)


def test_workers_end_with_a_process_that_was_killed(busy):
    run, children = busy
    assert len(children) == 3
    run.kill()
    run.wait()
    assert _gone(children)
