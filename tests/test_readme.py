"""The README does what it says: its session is run and its Python is a doctest.

`python tests/test_readme.py` writes the present output into the README's blocks of commands. Those
called `terminal` show a terminal of 80 columns, the others what a pipe gets.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
CONSOLE = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.DOTALL | re.MULTILINE)
TERMINAL = re.compile(r"(?<=^```terminal\n)(.*?)(?=^```$)", re.DOTALL | re.MULTILINE)


def text():
    return README.read_text(encoding="utf-8")


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", text(), re.DOTALL | re.MULTILINE)


def commands(block):
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


def prepare(folder):
    """The README's net.yaml, and a `cnncalc` command on the path."""
    spec = next(block for block in blocks("yaml") if "My first network" in block)
    (folder / "net.yaml").write_text(spec, encoding="utf-8")
    (folder / "bin").mkdir()
    script = folder / "bin" / "cnncalc"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cnncalc "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def play(block, folder, environment):
    """A console block with the output that its commands give now, stderr as a terminal shows it."""
    lines = []
    for command in commands(block):
        done = subprocess.run(
            command,
            shell=True,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        lines.append(f"$ {command}\n{done.stdout}")
    return "".join(lines)


def watched(block, folder, environment):
    """A block with what its commands show on a terminal of 80 columns now, without colours."""
    import pty

    lines = []
    for command in commands(block):
        seen, terminal = pty.openpty()
        running = subprocess.Popen(
            command,
            shell=True,
            cwd=folder,
            env={**environment, "COLUMNS": "80", "TERM": "xterm"},
            stdout=terminal,
            stderr=terminal,
        )
        os.close(terminal)
        shown = bytearray()
        with suppress(OSError):  # the terminal is closed when the command ends
            while data := os.read(seen, 2**16):
                shown += data
        os.close(seen)
        running.wait()
        lines.append(f"$ {command}\n{shown.decode()}".replace("\r\n", "\n"))
    return "".join(lines)


@pytest.mark.parametrize("block", blocks("terminal"), ids=lambda block: commands(block)[0][:40])
def test_the_terminal(block, tmp_path):
    pytest.importorskip("termios", reason="there are no terminals to open")
    assert watched(block, tmp_path, prepare(tmp_path)) == block
    assert max(map(len, block.splitlines())) <= 80


@pytest.mark.parametrize("block", blocks("console"), ids=lambda block: commands(block)[0][:40])
def test_the_session(block, tmp_path):
    if "| jq" in block and shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    assert play(block, tmp_path, prepare(tmp_path)) == block


def test_the_python():
    parser = doctest.DocTestParser()
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    sessions = [block for block in blocks("python") if not block.startswith("# cnncalc/")]
    for number, block in enumerate(sessions):  # the others are files of recipes
        runner.run(parser.get_doctest(block, {}, f"README python {number}", str(README), 0))
    assert runner.summarize(verbose=False).failed == 0
    assert runner.tries > 0


def test_the_specs(tmp_path):
    """Every YAML block that is a whole spec loads and keeps its expectations."""
    from cnncalc import analyze, load

    whole = [block for block in blocks("yaml") if "layers:" in block and "..." not in block]
    assert len(whole) > 1
    for number, block in enumerate(whole):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block, encoding="utf-8")
        report = analyze(load(path))
        assert all(check.ok for check in report.expect)


def test_every_command_is_in_the_table():
    from cnncalc.cli.app import COMMANDS

    section = text().partition("## Commands")[2].partition("\n## ")[0]
    assert not [name for name in COMMANDS if f"`{name}" not in section]


def main():
    """Write the present output into the README."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = prepare(folder)
        new = CONSOLE.sub(lambda found: play(found[1], folder, environment), text())
        new = TERMINAL.sub(lambda found: watched(found[1], folder, environment), new)
    README.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
