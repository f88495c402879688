"""Streams that are closed, full, or cannot hold a character; and what `-o` does to a file."""

import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

NET = "name: façade ✓\ninput: 28x28x1\nlayers:\n  - conv 6 5x5\n"
COMMANDS = [
    "--help", "--version", "analyze --help", "analyze net.yaml", "analyze net.yaml --json",
    "analyze missing.yaml --json", "check net.yaml", "zoo lenet5", "schema", "nosuch --json",
    "forward net.yaml",
]  # fmt: skip

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


@pytest.fixture
def net(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.yaml"
    path.write_text(NET, encoding="utf-8")
    return path


def names():
    """What lies in the current folder."""
    return sorted(path.name for path in Path().iterdir())


def shell(command, **environment):
    """A command line with its redirections, as a shell runs it."""
    program = f"{shlex.quote(sys.executable)} -m cnncalc"
    return subprocess.run(
        ["sh", "-c", f"{program} {command}"], capture_output=True, check=False, timeout=60,
        stdin=subprocess.DEVNULL, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("where", "why"), [(">&-", "it is closed"), (">/dev/full", "no space left on device")]
)
def test_a_stdout_that_takes_nothing_is_an_error(net, command, where, why):
    if "full" in where and not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    done = shell(f"{command} {where}")
    last = done.stderr.decode().splitlines()[-1]
    assert (done.returncode, last) == (
        3, f"error[unwritable]: cannot write standard output: {why}",
    )  # fmt: skip


@pytest.mark.parametrize("command", ["--help", "analyze --help", "zoo", "layers --json"])
def test_a_reader_that_leaves_early_is_no_error(net, command):
    done = shell(f"{command} | true")
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
@pytest.mark.parametrize(
    ("command", "status"),
    [("analyze missing.yaml", 3), ("nosuch", 2), ("analyze net.yaml --nosuch", 2), ("analyze", 2)],
)
def test_the_exit_code_does_not_need_stderr(net, command, status, where):
    if "full" in where and not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    done = shell(f"{command} {where}")
    assert (done.returncode, done.stdout) == (status, b"")


@pytest.mark.parametrize("command", ["analyze -", "check -", "forward net.yaml --sample -"])
def test_a_closed_stdin_is_an_error(net, command):
    done = shell(f"{command} <&-")
    assert done.returncode == 3
    message = b"error[unreadable]: cannot read the standard input: it is closed\n"
    assert message in done.stdout + done.stderr


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii"])
@pytest.mark.parametrize(
    ("command", "status"),
    [("analyze net.yaml", 0), ("analyze net.yaml --format md", 0), ("analyze fä✓.yaml", 3),
     ("check net.yaml fä✓.yaml", 3), ("analyze net.yaml --vär", 2), ("nosüch", 2),
     ("analyze --help", 0), ("layers conv", 0), ("analyze net.yaml --formulas", 0)],
)  # fmt: skip
def test_a_character_that_a_stream_cannot_hold_is_replaced(net, encoding, command, status):
    done = shell(command, PYTHONIOENCODING=encoding)
    assert done.returncode == status
    text = done.stdout.decode(encoding) + done.stderr.decode(encoding)
    assert "Traceback" not in text


def test_json_loses_nothing_where_a_character_cannot_be_held(net):
    done = shell("analyze net.yaml --json", PYTHONIOENCODING="cp1252")
    assert b'"name": "fa\\u00e7ade \\u2713"' in done.stdout


def test_a_file_name_that_is_no_text_is_shown(net):
    done = shell("analyze \"$(printf '\\377.yaml')\"", PYTHONIOENCODING="utf-8")
    assert done.returncode == 3
    assert done.stderr.startswith("error[no-file]: there is no file '\ufffd.yaml'\n".encode())


@pytest.mark.parametrize(
    "command",
    ["analyze net.yaml", "analyze fä.yaml", "analyze net.yaml --format csv", "check net.yaml",
     "nosüch", "analyze net.yaml --vär", "analyze --help", "--help", "forward net.yaml",
     "compare net.yaml net.yaml", "explain net.yaml conv1 --format md", "zoo --help"],
)  # fmt: skip
def test_ascii_is_ascii_for_names_and_usage_too(net, command):
    done = shell(f"{command} --ascii", PYTHONIOENCODING="utf-8")
    assert (done.stdout + done.stderr).isascii()


def test_ascii_ends_with_the_command(cnncalc, net):
    assert cnncalc("analyze", "net.yaml", "--ascii").out.startswith("fa?ade ? ")
    assert cnncalc("analyze", "net.yaml").out.startswith("façade ✓ ")


@pytest.mark.parametrize(
    "options", ["--columns nosuch", "--at nosuch", "--sort nosuch", "--only nosuch"]
)
def test_a_wrong_option_leaves_the_file_of_o_alone(cnncalc, net, options):
    Path("out.txt").write_text("precious")
    assert cnncalc("analyze", "net.yaml", *options.split(), "-o", "out.txt").status == 2
    assert Path("out.txt").read_text() == "precious"
    assert names() == ["net.yaml", "out.txt"]


def test_a_spec_is_not_overwritten_by_what_is_said_about_it(cnncalc, net, monkeypatch):
    Path("link.yaml").symlink_to("net.yaml")
    Path("link.json").symlink_to("net.yaml")
    Path("ramp.txt").write_text("0 " * 784)
    assert cnncalc("forward", "net.yaml", "--save-weights", "w.safetensors").status == 0
    files = {name: Path(name).read_bytes() for name in names()}
    for command in (
        "expand net.yaml -o net.yaml",
        "analyze net.yaml -o link.json",
        "expand link.yaml -o net.yaml",
        "check . -o link.json",
        "compare lenet5 net.yaml -o link.json",
        "forward net.yaml --sample ramp.txt -o ramp.txt",
        "forward net.yaml --weights w.safetensors --save-weights w.safetensors",
        "forward net.yaml --weights w.safetensors --save-weights net.yaml",
    ):
        answer = cnncalc(*command.split())
        name = command.split()[-1]
        assert answer.status == 3
        assert answer.err.startswith(
            f"error[unwritable]: cannot write '{name}': this command reads it\n"
        )
    assert {name: Path(name).read_bytes() for name in names()} == files


def test_stdin_from_a_file_is_an_input_too(net):
    assert shell("expand - -o net.yaml < net.yaml").returncode == 3
    assert net.read_text(encoding="utf-8") == NET


def test_dev_stdout_is_stdout(net):
    done = shell("analyze net.yaml -o /dev/stdout >> app.txt", PYTHONIOENCODING="utf-8")
    assert done.returncode == 0
    done = shell("analyze net.yaml -o /dev/stdout >> app.txt", PYTHONIOENCODING="utf-8")
    assert Path("app.txt").read_text(encoding="utf-8").count("façade ✓") == 2


def test_names_that_are_too_long_for_the_system(cnncalc, net):
    long = "x" * 300
    answer = cnncalc("analyze", f"{long}.yaml")
    assert (answer.status, answer.err[-20:]) == (3, " file name too long\n")
    assert cnncalc("check", f"{long}.yaml").status == 3
    assert cnncalc("analyze", long).status == 3
    assert cnncalc("init", long).status == 3
    assert cnncalc("analyze", "net.yaml", "-o", long).status == 3
    assert cnncalc("forward", "net.yaml", "--sample", long).status == 3
    assert cnncalc("forward", "net.yaml", "--save", f"d/{long}").status == 3


def test_a_name_of_many_digits_is_a_name(cnncalc, net):
    digits = "1234567890123456789012345678901"  # one more than a number may have
    assert cnncalc("init", digits).status == 0
    assert cnncalc("analyze", f"{digits}.yaml", "--json").json["spec"]["name"] == digits
    assert cnncalc("analyze", f"{digits}.yaml@{digits}").status == 1


def test_check_names_the_file_that_it_cannot_read(cnncalc, net):
    os.mkfifo("pipe.yaml")
    Path("folder.yaml").mkdir()
    Path("dangling.yaml").symlink_to("nowhere")
    answer = cnncalc("check", ".")
    assert (answer.status, answer.err) == (3, "")
    assert "error[unreadable]: 'pipe.yaml' is a pipe or a device, not a file\n" in answer.out
    assert "error[no-file]: there is no file 'dangling.yaml'\n" in answer.out
    assert "3 networks in 3 files: 1 ok, 2 failed\n" in answer.out


def test_check_names_a_folder_below_that_cannot_be_listed(cnncalc, net, monkeypatch):
    def denying(real):
        def listed(path="."):
            if str(path).endswith("closed"):
                raise PermissionError(13, "Permission denied", str(path))
            return real(path)

        return listed

    Path("nets/closed").mkdir(parents=True)
    Path("nets/net.yaml").write_text(Path("net.yaml").read_text("utf-8"), encoding="utf-8")
    monkeypatch.setattr(os, "scandir", denying(os.scandir))
    monkeypatch.setattr(os, "listdir", denying(os.listdir))
    answer = cnncalc("check", "nets")
    assert answer.status == 3
    assert "error[unreadable]: cannot read 'nets/closed': permission denied\n" in answer.out
    assert "2 networks in 2 files: 1 ok, 1 failed\n" in answer.out


def test_check_does_not_blame_stdout_for_a_folder_that_cannot_be_listed(cnncalc, net, monkeypatch):
    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    Path("nets").mkdir()
    monkeypatch.setattr(Path, "iterdir", denied)
    answer = cnncalc("check", "nets")
    assert answer.status == 3
    assert "error[unreadable]: cannot read 'nets': permission denied\n" in answer.out
    assert "standard output" not in answer.out + answer.err


def test_a_pipe_that_a_user_names_is_read(net):
    os.mkfifo("pipe")
    done = shell("check pipe & cat net.yaml > pipe; wait")
    assert b"1 network in 1 file: 1 ok\n" in done.stdout


def test_an_error_of_the_system_that_nobody_expected_has_a_cause(cnncalc, net, monkeypatch):
    def broken(*_):
        raise OSError(5, "Input/output error", "net.yaml")

    monkeypatch.setattr("cnncalc.spec.yaml_source.read", broken)
    answer = cnncalc("analyze", "net.yaml")
    assert (answer.status, answer.out) == (3, "")
    assert answer.err == "error[unreadable]: cannot read 'net.yaml': input/output error\n"


def test_stdin_that_fails_while_it_is_read(cnncalc, net, monkeypatch):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Broken()))
    answer = cnncalc("analyze", "-")
    assert answer.status == 3
    assert answer.err == ("error[unreadable]: cannot read the standard input: input/output error\n")
