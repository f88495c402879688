"""Reading and writing the user's files: an old file is replaced whole, or stays as it was."""

import os
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from signals import heed_signals

from cnncalc import CnncalcError, files

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def old(here):
    """A file with something in it that must not be lost."""
    path = here / "old.txt"
    path.write_bytes(b"precious\r\n")
    return path


def names(folder="."):
    """What lies in a folder."""
    return sorted(path.name for path in Path(folder).iterdir())


@contextmanager
def unprivileged():
    """Without the rights of root, to whom no file is closed; relative paths keep working."""
    if os.geteuid():
        yield
        return
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def refused(path, content="new", **how):
    """The message of the one diagnostic, its exit code being 3."""
    with pytest.raises(CnncalcError) as caught:
        files.write(path, content, **how)
    assert caught.value.exit_code == 3
    (problem,) = caught.value.diagnostics
    return problem.message


def test_text_bytes_and_pieces_are_written(here):
    files.write("text", "é\r\n")
    files.write(Path("bytes"), b"\xff")
    files.write("pieces", (piece for piece in ("a", b"b", memoryview(b"c"))))
    assert [Path(name).read_bytes() for name in ("text", "bytes", "pieces")] == [
        b"\xc3\xa9\r\n", b"\xff", b"abc",
    ]  # fmt: skip


def interrupted():
    yield "new"
    raise KeyboardInterrupt


def test_an_interrupt_while_the_text_is_made_leaves_the_old_file(here, old):
    with pytest.raises(KeyboardInterrupt):
        files.write(old, interrupted())
    assert old.read_bytes() == b"precious\r\n"
    assert names() == ["old.txt"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("what", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_whatever_fails_on_the_way_leaves_the_old_file_and_nothing_else(
    here, old, monkeypatch, step, what
):
    def fail(*_):
        raise what

    monkeypatch.setattr(*((files.os, "fsync") if step == "fsync" else (Path, "replace")), fail)
    with pytest.raises((KeyboardInterrupt, CnncalcError)):
        files.write(old, "new")
    with pytest.raises((KeyboardInterrupt, CnncalcError)):
        files.write("fresh.txt", "new")
    assert old.read_bytes() == b"precious\r\n"
    assert names() == ["old.txt"]


ENDED_WHILE_WRITING = """
import os, signal
from cnncalc import files

def pieces():
    yield "new"
    print(sorted(os.listdir()))
    os.kill(os.getpid(), signal.{name})
    yield "newer"

files.write("old.txt", pieces(), piecemeal=True)
print("goes on")
"""


@POSIX
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_that_ends_the_process_leaves_the_old_file_and_nothing_else(here, old, name):
    code = ENDED_WHILE_WRITING.format(name=name)
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=heed_signals,
    )
    assert run.returncode == -getattr(signal, name)
    assert ".cnncalc-" in run.stdout  # it was being written
    assert "goes on" not in run.stdout
    assert run.stderr == ""
    assert old.read_bytes() == b"precious\r\n"
    assert names() == ["old.txt"]


@POSIX
def test_a_signal_that_the_program_answers_itself_is_left_to_it(here):
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        files.write("w", ask_to_end(), piecemeal=True)
        assert signal.getsignal(signal.SIGTERM)(15, None) is None
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM, 15]
    assert Path("w").read_text() == "new, newer"


def ask_to_end():
    yield "new"
    os.kill(os.getpid(), signal.SIGTERM)
    yield ", newer"


def test_a_file_named_part_is_the_users(here):
    Path("w.part").write_text("mine")
    files.write("w", "new")
    assert names() == ["w", "w.part"]
    assert Path("w.part").read_text() == "mine"


@POSIX
def test_permissions_stay_and_new_files_follow_the_umask(here, old):
    old.chmod(0o640)
    files.write(old, "new")
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    before = os.umask(0o027)
    try:
        files.write("fresh", "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path("fresh").stat().st_mode) == 0o640


@POSIX
def test_a_link_stays_and_what_it_leads_to_is_replaced(here, old):
    Path("folder").mkdir()
    Path("folder/link").symlink_to("../old.txt")
    Path("dangling").symlink_to("folder/made.txt")
    files.write("folder/link", "new")
    files.write("dangling", "made")
    assert Path("folder/link").is_symlink()
    assert Path("dangling").is_symlink()
    assert old.read_text() == "new"
    assert Path("folder/made.txt").read_text() == "made"
    assert names("folder") == ["link", "made.txt"]


@POSIX
def test_pipes_and_devices_are_written_to(here):
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    files.write("pipe", "through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    files.write(os.devnull, "gone")
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs /dev/fd")
def test_an_open_descriptor_is_appended_to(here, old):
    with old.open("ab") as stream:
        inode = old.stat().st_ino
        files.write(f"/dev/fd/{stream.fileno()}", "more")
    assert old.read_bytes() == b"precious\r\nmore"
    assert old.stat().st_ino == inode


def test_new_files_are_never_written_over_old_ones(here, old):
    assert refused(old, replace=False) == f"{old} already exists"
    assert old.read_bytes() == b"precious\r\n"
    with pytest.raises(CnncalcError, match="already exists"):
        files.create_all({Path("a"): b"", old: b""})
    assert names() == ["old.txt"]


def test_of_several_new_files_all_are_written_or_none(here, monkeypatch):
    write = files.write

    def full(path, *rest, **how):
        if path == Path("b"):
            raise files.unwritable("b", "no space left on device")
        write(path, *rest, **how)

    monkeypatch.setattr(files, "write", full)
    with pytest.raises(CnncalcError):
        files.create_all({Path("a"): b"", Path("b"): b""})
    assert names() == []


def test_a_file_that_was_read_is_not_written(here, old):
    Path("copy").write_bytes(b"")
    with files.protecting_inputs():
        files.read_bytes("old.txt", 100)
        assert refused(old) == f"cannot write '{old}': this command reads it"
        files.write("copy", "another file")
    files.write(old, "the next command may")
    assert old.read_text() == "the next command may"


@POSIX
def test_an_input_is_known_by_any_of_its_names(here, old):
    Path("soft").symlink_to(old)
    Path("hard").hardlink_to(old)
    with files.protecting_inputs():
        files.read_bytes("soft", 100)
        for name in ("old.txt", "./old.txt", "soft", "hard"):
            assert refused(name) == f"cannot write '{name}': this command reads it"
    assert old.read_bytes() == b"precious\r\n"


@POSIX
def test_a_protected_file_or_folder_is_not_written(here, old):
    old.chmod(0o444)
    here.chmod(0o777)
    Path("shut").mkdir(mode=0o700)
    with unprivileged():
        assert refused("old.txt") == "cannot write 'old.txt': permission denied"
        assert refused("shut/x") == "cannot write 'shut/x': permission denied"
        with pytest.raises(CnncalcError, match="cannot read 'shut/x': permission denied"):
            files.read_bytes("shut/x", 100)
    assert old.read_bytes() == b"precious\r\n"
    assert names() == ["old.txt", "shut"]


@pytest.mark.parametrize(
    ("name", "why"),
    [("x" * 300, "file name too long"), ("a\0b", "embedded null byte"),
     ("no/where", "no such file or directory"), (".", "is a directory")],
)  # fmt: skip
def test_names_that_the_system_does_not_take(here, name, why):
    assert refused(name) == f"cannot write '{name}': {why}"
    assert names() == []
