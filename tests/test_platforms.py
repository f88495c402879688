"""No command needs what only some systems have; line endings and byte order marks are no matter."""

import json
import re
import subprocess
import sys

import pytest

# What Windows lacks. The names that macOS lacks are among them.
MODULES = ("fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog",
           "termios", "tty")  # fmt: skip
FUNCTIONS = {
    "os": ("chown", "fork", "forkpty", "geteuid", "getuid", "killpg", "mkfifo", "nice",
           "posix_fadvise", "posix_fallocate", "register_at_fork", "sched_getaffinity",
           "sched_setaffinity", "sendfile", "set_blocking", "setsid", "statvfs", "sysconf",
           "uname"),
    "signal": ("SIGALRM", "SIGHUP", "SIGPIPE", "SIGUSR1", "alarm", "pthread_sigmask", "setitimer",
               "sigwait"),
}  # fmt: skip

# Takes all of it away, imports every module, and runs the commands of its arguments.
CODE = """
import sys
for name in {modules!r}:
    sys.modules[name] = None  # an import of it raises ImportError
for owner, names in {functions!r}.items():
    module = __import__(owner)
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
import contextlib, importlib, io, json, pkgutil
import cnncalc
from cnncalc.cli.app import run
for module in pkgutil.walk_packages(cnncalc.__path__, "cnncalc."):
    importlib.import_module(module.name)
answers = []
for words in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        status = run(words)
    answers.append([status, out.getvalue()])
print(json.dumps(answers))
"""

COMMANDS = (
    ("analyze", "resnet18", "--quiet"),
    ("analyze", "net.yaml", "--json"),
    ("analyze", "net.yaml", "-o", "table.txt"),
    ("forward", "digits", "--sample", "digits_7.pgm", "--json"),
    ("forward", "net.yaml", "--sample", "ramp", "--save-weights", "net.safetensors", "--json"),
    ("forward", "net.yaml", "--sample", "ramp", "--weights", "net.safetensors", "--json"),
    ("check", "net.yaml", "lenet5", "--json"),
    ("sweep", "mobilenet_v2", "--vary", "width=0.5,1.0"),
    ("init", "fresh", "--quiet"),
)


def answers(folder, modules=(), functions=()):
    """The exit status and the output of each command, from a process of their own."""
    folder.mkdir()
    (folder / "net.yaml").write_text("input: 8x8x1\nlayers: [conv 2 3x3 relu, fc 3 softmax]\n")
    code = CODE.format(modules=tuple(modules), functions=dict(functions))
    command = [sys.executable, "-c", code, json.dumps(COMMANDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def untimed(found):
    """The answers without the seconds that a pass took."""
    return [(status, re.sub(r'"seconds": [^,}\n]+', "", out)) for status, out in found]


def test_what_only_some_systems_have_is_not_needed(tmp_path):
    lacking, complaints = answers(tmp_path / "lacking", MODULES, FUNCTIONS)
    usual, _ = answers(tmp_path / "usual")
    assert [status for status, _ in lacking] == [0] * len(COMMANDS), complaints
    assert untimed(lacking) == untimed(usual)
    for name in ("table.txt", "net.safetensors", "fresh.yaml"):
        assert (tmp_path / "lacking" / name).read_bytes() == (
            tmp_path / "usual" / name
        ).read_bytes()


# --- line endings --------------------------------------------------------------------------

WRONG = """\
name: "é"
input: 8x8x1
layers:
  - C1: conv 2 3x3 rleu
  - block: |
      conv 2 3x3
      fc 10 sofmax
  - {conv: {filters: 2, kernel: x}}
expect: {parms: 20}
"""
RIGHT = "name: Net\ninput: 8x8x1\nlayers:\n  - conv 2 3x3 relu  # a comment\n  - fc 3\n"
ENDINGS = pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])


def written(path, text, ending, mark):
    path.write_bytes(mark + text.replace("\n", ending).encode())
    return path


@ENDINGS
@pytest.mark.parametrize("ending", ["\r\n", "\r"], ids=["crlf", "cr"])
def test_mistakes_lie_at_the_same_lines_and_columns(cnncalc, tmp_path, monkeypatch, ending, mark):
    monkeypatch.chdir(tmp_path)
    told = []
    for each, begins in (("\n", b""), (ending, mark)):
        written(tmp_path / "net.yaml", WRONG, each, begins)
        told.append(cnncalc("analyze", "net.yaml"))
    assert told[0].status == 1
    assert told[0].err.count("-->") > 1
    assert told[1] == told[0]


@ENDINGS
def test_a_network_is_the_same_by_either_line_ending(cnncalc, tmp_path, monkeypatch, mark):
    monkeypatch.chdir(tmp_path)
    told = []
    for each, begins in (("\n", b""), ("\r\n", mark)):
        written(tmp_path / "net.yaml", RIGHT, each, begins)
        told += [(cnncalc("analyze", "net.yaml"), cnncalc("expand", "net.yaml"))]
    assert told[0][0].status == told[0][1].status == 0
    assert told[1] == told[0]


def test_files_end_their_lines_alike_on_every_system(cnncalc, tmp_path):
    table = tmp_path / "table.txt"
    assert cnncalc("analyze", "lenet5", "-o", table).status == 0
    assert b"\n" in table.read_bytes()
    assert b"\r" not in table.read_bytes()
