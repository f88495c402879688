"""Answers that come before Typer: the same bytes as from Typer, and what is recorded for them."""

import json
import os
import signal
import subprocess
import sys

import pydantic
import pytest
from signals import heed_signals

from cnncalc.cli import plain
from cnncalc.spec import recorded

THE_PROGRAM = ["-m", "cnncalc"]
BY_TYPER = ["-c", "import sys; from cnncalc.cli.app import run; sys.exit(run(sys.argv[1:]))"]
ANSWERS = sorted(plain.ANSWERS)
OWN = ("CNNCALC_FORMAT", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONIOENCODING")
BARE = {name: value for name, value in os.environ.items() if name not in OWN}


def started(way, word, **settings):
    """A process, its standard output a pipe or what `settings` say."""
    environment = {**BARE, "TERM": "xterm", **settings.pop("environment", {})}
    return subprocess.Popen(
        [sys.executable, *way, word], env=environment, stderr=subprocess.PIPE,
        **{"stdout": subprocess.PIPE, **settings},
    )  # fmt: skip


def piped(way, word, **environment):
    """The exit status, and what is printed to the two streams."""
    with started(way, word, environment=environment) as process:
        return (*process.communicate(timeout=60), process.returncode)


def on_a_terminal(way, word, **environment):
    """The same where the standard output is a terminal."""
    terminal, its_end = os.openpty()
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        with os.fdopen(its_end, "wb") as out:
            process = started(way, word, environment=environment, stdout=out)
        shown = b""
        with process:
            while part := read(screen):
                shown += part
            return shown, process.stderr.read(), process.wait(timeout=60)


def read(screen):
    try:
        return screen.read(2**16)
    except OSError:  # the other end is closed
        return b""


@pytest.mark.parametrize("word", ANSWERS)
@pytest.mark.parametrize(
    "environment",
    [{}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, {"FORCE_COLOR": "1"},
     {"CNNCALC_FORMAT": "json"}, {"CNNCALC_FORMAT": "table"}, {"CNNCALC_FORMAT": "typo"}],
    ids=lambda environment: " ".join(map("=".join, environment.items())) or "bare",
)  # fmt: skip
def test_a_pipe_gets_the_same_as_from_typer(word, environment):
    assert piped(THE_PROGRAM, word, **environment) == piped(BY_TYPER, word, **environment)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("word", ANSWERS)
@pytest.mark.parametrize(
    "environment",
    [{"COLUMNS": "40"}, {"COLUMNS": "200"}, {"NO_COLOR": "1"}, {"TERM": "dumb"}],
    ids=lambda environment: " ".join(map("=".join, environment.items())),
)
def test_a_terminal_gets_the_same_as_from_typer(word, environment):
    shown = on_a_terminal(THE_PROGRAM, word, **environment)
    assert shown == on_a_terminal(BY_TYPER, word, **environment)
    assert (shown[0] != b"", shown[1:]) == (True, (b"", 0))


@pytest.mark.parametrize("word", ANSWERS)
def test_the_answers_need_neither_typer_nor_what_reads_specs(word):
    code = (
        "import sys; from cnncalc.cli import plain; status = plain.run(sys.argv[1:]); "
        "print(status, *sys.modules, file=sys.stderr)"
    )
    out, err, _ = piped(["-c", code], word)
    status, *modules = err.decode().split()
    assert (status, out != b"") == ("0", True)
    heavy = {"typer", "click", "pydantic", "yaml", "dataclasses", "cnncalc.layers._base"}
    assert not heavy.intersection(modules)


@pytest.mark.parametrize("word", ["layers conv", "schema report", "--help", "", "-q version"])
def test_other_command_lines_are_left_to_typer(word):
    assert plain.run(word.split()) is None


COMPLETING = {"_CNNCALC_COMPLETE": "complete_bash", "COMP_CWORD": "1"}


@pytest.mark.parametrize(
    "line",
    ["cnncalc ", "cnncalc s", "./cnncalc conv", "cnncalc conv-", "cnncalc de", "cnncalc e lenet5",
     "cnncalc\ne\nlenet5", "cnncalc e 'my net'", "cnncalc nosuch", "cnncalc 'a"],
)  # fmt: skip
def test_bash_completes_a_command_as_from_typer(line):
    environment = {**COMPLETING, "COMP_WORDS": line}
    found = piped(THE_PROGRAM, "", **environment)
    assert found == piped(BY_TYPER, "", **environment)
    assert found[1:] == (b"", 0)


def test_bash_completes_a_command_without_typer(monkeypatch, capsys):
    for name, value in {**COMPLETING, "COMP_WORDS": "cnncalc ex"}.items():
        monkeypatch.setenv(name, value)
    assert plain.run([]) == 0
    assert capsys.readouterr().out == "explain\nexpand\nexport\n"


@pytest.mark.parametrize(
    "other",
    [{"_CNNCALC_COMPLETE": "complete_zsh"}, {"COMP_CWORD": "2"}, {"COMP_WORDS": "cnncalc -"}],
    ids=["zsh", "second word", "option"],
)
def test_other_completions_are_left_to_typer(other, monkeypatch):
    for name, value in {**COMPLETING, "COMP_WORDS": "cnncalc ", **other}.items():
        monkeypatch.setenv(name, value)
    assert plain.run(["layers"]) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
@pytest.mark.parametrize("way", [THE_PROGRAM, BY_TYPER], ids=["plain", "typer"])
def test_an_interrupt_ends_it_quietly(way):
    with started(way, "schema", preexec_fn=heed_signals) as process:
        assert process.stdout.read(1) == b"{"  # it waits now, as the pipe holds less than the rest
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert (process.wait(timeout=60), process.stderr.read()) == (130, b"")


# -- what is recorded


def test_the_recorded_reference_is_that_of_the_code():
    """Else `python -m cnncalc.spec.recorded` is due."""
    held = json.loads(recorded.REFERENCE.read_text(encoding="utf-8"))
    assert held == recorded.reference_of_code()


@pytest.mark.skipif(
    tuple(map(int, pydantic.VERSION.split(".")[:2])) < (2, 14),
    reason="earlier versions of pydantic say the same in other words",
)
def test_the_recorded_schema_is_that_of_the_code():
    """Else `python -m cnncalc.spec.recorded` is due."""
    assert recorded.SCHEMA.read_text(encoding="utf-8") == recorded.schema_of_code()


def test_recording_writes_what_the_code_says(tmp_path, monkeypatch):
    for name in ("REFERENCE", "SCHEMA"):
        monkeypatch.setattr(recorded, name, tmp_path / name)
    recorded.record()
    written = json.loads((tmp_path / "REFERENCE").read_text(encoding="utf-8"))
    assert written == recorded.reference_of_code()
    assert (tmp_path / "SCHEMA").read_text(encoding="utf-8") == recorded.schema_of_code()


@pytest.fixture
def one_less(tmp_path, monkeypatch):
    """A record from before the layer type `relu` was added."""
    held = json.loads(recorded.REFERENCE.read_text(encoding="utf-8"))
    held["layers"] = [entry for entry in held["layers"] if entry["type"] != "relu"]
    file = tmp_path / "recorded.json"
    file.write_text(json.dumps(held), encoding="utf-8")
    monkeypatch.setattr(recorded, "REFERENCE", file)
    recorded._recorded.cache_clear()
    yield
    recorded._recorded.cache_clear()


def test_a_new_layer_type_is_listed_before_it_is_recorded(one_less, cnncalc):
    assert "\n  relu " in cnncalc("layers").out
    assert cnncalc("layers", "relu").status == 0
    assert recorded.schema() == recorded.schema_of_code()
