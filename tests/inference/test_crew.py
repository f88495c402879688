"""Helpers: they answer, they raise, they die, and nobody gets another's answer."""

import os
import signal
import subprocess
import sys

import pytest

from cnncalc.inference.kernels import crew


def scaled(factor, numbers):
    """Something to do, and by whom it was done."""
    return [factor * number for number in numbers], os.getpid()


def divided(number, by):
    return number // by


def ended(pid, _):
    """Die, where this is not the process that asked."""
    if os.getpid() != pid:
        os.kill(os.getpid(), signal.SIGTERM)
    return os.getpid()


@pytest.fixture(autouse=True)
def _none_left():
    yield
    crew._crew(os.getpid()).dismiss()
    crew._crew.cache_clear()


def test_every_part_is_done_by_a_process_of_its_own():
    parts = [[1], [2, 3], list(range(100_000))]
    results = crew.together(scaled, 2, parts)
    assert [numbers for numbers, _ in results] == [[2], [4, 6], list(range(0, 200_000, 2))]
    who = [pid for _, pid in results]
    assert who[0] == os.getpid()
    assert len(set(who)) == 3
    again = crew.together(scaled, 2, parts)
    assert [pid for _, pid in again] == who


def test_one_part_needs_no_help():
    assert crew.together(scaled, 3, [[1]]) == [([3], os.getpid())]
    assert not crew._crew(os.getpid()).pipes


@pytest.mark.parametrize("parts", [[1, 0, 2], [0, 1, 2]])
def test_what_is_raised_is_raised_and_nobody_gets_an_old_answer(parts):
    with pytest.raises(ZeroDivisionError):
        crew.together(divided, 6, parts)
    assert crew.together(divided, 8, [1, 2, 4]) == [8, 4, 2]


def test_the_parts_of_a_helper_that_died_are_done_here():
    assert crew.together(ended, os.getpid(), [None] * 2) == [os.getpid()] * 2
    results = crew.together(scaled, 2, [[1], [2]])
    assert results == [([2], os.getpid()), ([4], os.getpid())]


def test_work_that_finds_the_helpers_taken_is_done_here():
    with crew._crew(os.getpid()).free:
        results = crew.together(scaled, 2, [[1], [2]])
    assert results == [([2], os.getpid()), ([4], os.getpid())]


def test_a_program_needs_no_guard_and_a_helper_of_others_gets_no_help(tmp_path):
    """Helpers do not run the program again; a daemon may not start any."""
    program = tmp_path / "program.py"
    program.write_text(
        "import multiprocessing, os\n"
        "from operator import pow\n"
        "from cnncalc.inference.kernels import crew\n"
        "print(crew.together(pow, 2, [1, 2, 3]), len(crew._crew(os.getpid()).pipes))\n"
        "crew._crew.cache_clear()\n"
        "multiprocessing.current_process()._config['daemon'] = True\n"
        "print(crew.together(pow, 2, [1, 2, 3]), len(crew._crew(os.getpid()).pipes))\n"
    )
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[2, 4, 8] 2\n[2, 4, 8] 0\n", "")


def test_a_process_that_was_forked_off_has_its_own_helpers():
    crew.together(scaled, 2, [[1], [2]])
    mine = crew._crew(os.getpid())
    assert crew._crew(os.getpid() + 1) is not mine
