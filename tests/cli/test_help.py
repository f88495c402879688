"""Help that is true: every example is a command line that its command takes."""

import re
import shlex
from importlib import import_module
from keyword import iskeyword

import pytest

from cnncalc.cli import app
from cnncalc.cli.command import epilog
from cnncalc.render import language

EXAMPLE = re.compile(r"^cnncalc ([^|&>(\n]+)", re.MULTILINE)


def examples(text):
    return [shlex.split(example) for example in EXAMPLE.findall(text)]


def ending(command):
    """What the help of a command ends with."""
    module = import_module(f"cnncalc.cli.{app.COMMANDS[command]}")
    word = command.replace("-", "_")
    return epilog(getattr(module, f"{word}_" if iskeyword(word) else word))


OWN = re.compile(
    r"nets/|(quiz|net|old|new)\.yaml|\.(txt|png|safetensors|onnx|keras|cfg)\b"
)  # a user's own files


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
    assert len(overview.splitlines()) < 60
    assert max(map(len, overview.splitlines())) <= 100
    assert overview.index("analyze  ") < overview.index("--version")
    for word in ("CNNCALC_FORMAT", "CNNCALC_LAYOUT", "NO_COLOR", "Exit status", "deconv"):
        assert word in overview


@pytest.mark.parametrize(("words", "other"), [("help", "--help"), ("help conv", "conv --help"),
                                              ("help deconv", "deconv --help"),
                                              ("version", "--version"), ("-V", "--version"),
                                              ("help help", "help --help")])  # fmt: skip
def test_words_for_help_and_version(words, other, cnncalc):
    answer = cnncalc(*words.split())
    assert answer == cnncalc(*other.split())
    assert answer.status == 0
    assert answer.out


def test_unknown_topics(cnncalc):
    cases = {
        "lstm": "help: 'cnncalc layers lstm' describes the layer",
        "se": "help: 'cnncalc layers se' describes the layer",
        "sweeep": "help: did you mean 'sweep'?",
        "qqqqq": "help: 'cnncalc help' lists the commands, 'cnncalc help language' is about specs",
    }
    for word, help_ in cases.items():
        answer = cnncalc("help", word)
        assert (answer.status, answer.out) == (2, "")
        assert answer.err == f"error[usage]: there is no help about '{word}'\n  = {help_}\n"


def test_a_folder_is_checked_not_analysed(cnncalc, tmp_path):
    answer = cnncalc("analyze", str(tmp_path))
    assert answer.status == 3
    assert answer.err == (
        f"error[unreadable]: '{tmp_path}' is a directory, not a file\n"
        f"  = help: 'cnncalc check {tmp_path}' checks the specs in it\n"
    )


def test_the_language_on_one_page(cnncalc):
    """Printed without the marks of Markdown, every line of code and every cell of it is there."""
    page = cnncalc("help", "language").out
    words = " ".join(page.split())
    for line in language.source().splitlines():
        if line.startswith("```") or set(line) <= set("|-: "):
            assert line not in page.splitlines() or not line
        else:
            assert all(" ".join(cell.split()) in words for cell in line.lstrip("# ").split("|"))
    assert max(map(len, page.splitlines())) <= 100
