"""Help that is true: every example is a command line that its command takes."""

import re
import shlex
from importlib import import_module

import pytest

from cnncalc.cli import app
from cnncalc.cli.command import epilog

EXAMPLE = re.compile(r"^cnncalc ([^|&>(\n]+)", re.MULTILINE)


def examples(text):
    return [shlex.split(example) for example in EXAMPLE.findall(text)]


def ending(command):
    """What the help of a command ends with."""
    module = import_module(f"cnncalc.cli.{app.COMMANDS[command]}")
    return epilog(getattr(module, command.replace("-", "_")))


OWN = re.compile(r"nets/|(quiz|net|old|new)\.yaml|\.(txt|png|safetensors)\b")  # a user's own files


@pytest.mark.parametrize("command", app.COMMANDS)
def test_the_examples_of_every_command_are_taken(command, cnncalc, tmp_path, monkeypatch):
    own = [
        words
        for words in examples(ending(command))
        if app.ALIASES.get(words[0], words[0]) == command
    ]
    assert own
    monkeypatch.chdir(tmp_path)
    for words in own:
        if OWN.search(str(words)):  # the others run below
            answer = cnncalc(*words)
            assert answer.status in {0, 3}, answer.err  # the command line is right, its files lack


def runnable():
    texts = map(ending, app.COMMANDS)
    return [words for text in texts for words in examples(text) if not OWN.search(str(words))]


@pytest.mark.parametrize("words", runnable(), ids=" ".join)
def test_an_example_without_files_of_ones_own_can_be_pasted(words, cnncalc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cnncalc(*words).status == 0


def test_nearly_all_can():
    assert len(runnable()) > 40


def test_the_overview_shows_where_to_begin(cnncalc):
    overview = cnncalc("--help").out
    assert [words[0] for words in examples(app.EPILOG)] == ["conv", "stack", "analyze"]
    for words in examples(app.EPILOG):
        assert f"cnncalc {words[0]} " in overview
        assert cnncalc(*words).status == 0
    for word in ("CNNCALC_FORMAT", "CNNCALC_LAYOUT", "NO_COLOR", "Exit status", "deconv"):
        assert word in overview
