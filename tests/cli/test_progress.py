"""Progress bars: of long work only, on a terminal only, gone when something else is printed."""

import io
import re
import sys

import pytest

from cnncalc.cli import output
from cnncalc.cli.progress import ERASE, Bar, line
from cnncalc.render.page import Page, visible_width

LONG = [
    "check lenet5 alexnet lenet5-1998",
    "sweep lenet5 --vary-input 32,36,40",
    "sizes lenet5 --from 30 --to 40",
    "forward digits",
    "forward digits --sample zeros --sample ones",
    "report digits --sample digits_7.pgm",
    "slide digits conv2 --format json",
]


@pytest.fixture
def watched(monkeypatch):
    """A person watches stderr, and any work is long."""
    monkeypatch.setattr(output, "WORTH_WATCHING", 0)
    monkeypatch.setattr(output, "terminal", lambda stream=None: stream is sys.stderr)
    monkeypatch.setenv("COLUMNS", "60")


@pytest.mark.parametrize("command", LONG)
def test_long_work_has_a_bar_on_stderr(cnncalc, watched, command):
    answer = cnncalc(*command.split())
    drawn = [text for text in re.split(r"\r|\x1b\[K|\n", answer.err) if text]
    word = command.split()[0]
    bars = [text for text in drawn if text.startswith(word)]
    assert bars
    assert all(re.search(r" \d+%  \S+ left$", text) for text in bars)
    assert all(visible_width(text) < 60 for text in bars)
    assert answer.err.endswith(ERASE)
    assert ERASE not in answer.out


@pytest.mark.parametrize("command", LONG)
def test_short_work_quiet_work_and_work_in_a_pipe_have_none(cnncalc, monkeypatch, command):
    assert cnncalc(*command.split()).err == ""
    monkeypatch.setattr(output, "terminal", lambda stream=None: stream is sys.stderr)
    monkeypatch.setattr(output, "WORTH_WATCHING", 1000)
    assert cnncalc(*command.split()).err == ""
    monkeypatch.setattr(output, "WORTH_WATCHING", 0)
    assert cnncalc(*command.split(), "--quiet").err == ""


def test_a_bar_gives_way_to_what_is_printed():
    stream = io.StringIO()
    bar = Bar(stream, Page(60), "check", 4, 0)
    bar.advance()
    bar.erase()
    bar.erase()
    assert stream.getvalue().count(ERASE) == 2  # before the bar, and instead of it
    assert " 25%" in stream.getvalue()


@pytest.mark.parametrize("width", [10, 20, 40, 200])
@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.999])
def test_a_bar_fits_its_terminal(width, share):
    assert visible_width(line("sweep", share, 1000, Page(width, color=True))) < max(width, 11)
