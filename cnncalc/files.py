"""The user's files: read whole and up to a limit, written whole or not at all.

All reading and writing of paths that the user or a spec names goes through this module, so that
an old file survives a failing command in every case, and the same mistake gets the same message.

What only reads uses `os.path`: `pathlib` takes as long to import as a model file of a hundred
layers does to be read.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING

from cnncalc.errors import failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from mmap import mmap
    from pathlib import Path
    from typing import BinaryIO

    from _typeshed import ReadableBuffer

    from cnncalc.errors import CnncalcError

SPEC_SUFFIXES = (".yaml", ".yml")
UNREADABLE = 3  # the exit code of a file that cannot be read or written
# Paths of open descriptors. They may lead to a regular file that a shell has opened for
# appending, so they are never replaced by another file.
DESCRIPTORS = ("/dev/fd/", "/dev/std", "/proc/")
# What asks a process to end, and would end it at once, whatever it has left to tidy up.
ENDING = ("SIGTERM", "SIGHUP")

Identity = tuple[int, int]  # device and inode, the same for every name of one file
_inputs: ContextVar[set[Identity] | None] = ContextVar("inputs", default=None)
# What was read of a standard input to see what it holds, and of which one.
_ahead: tuple[BinaryIO, bytes] | None = None


@contextmanager
def protecting_inputs() -> Iterator[None]:
    """Within this context, `write` refuses to replace a file that was read.

    >>> with protecting_inputs():
    ...     data = read_bytes(__file__, 2**20)
    ...     write(__file__, data)
    Traceback (most recent call last):
        ...
    cnncalc.errors.CnncalcError: unwritable: cannot write '...files.py': this command reads it
    """
    token = _inputs.set(set())
    try:
        yield
    finally:
        _inputs.reset(token)


def read_bytes(path: str, limit: int, remark: str = "") -> bytes:
    """The content of a file, or of the standard input for "-".

    Reading stops behind `limit` bytes, so that an endless input is no trap. `remark` is added to
    the message about a file that is larger.

    Raises:
        CnncalcError: with exit code 3 where the file cannot be read, 1 where it is too large.

    >>> read_bytes("missing.pgm", 100)
    Traceback (most recent call last):
        ...
    cnncalc.errors.CnncalcError: no-file: there is no file 'missing.pgm'
    """
    try:
        if path == "-":
            with _standard_input() as stream:
                data = _taken(stream, limit + 1)
        else:
            with opened(path) as stream:
                data = stream.read(limit + 1)
    except OSError as error:
        raise cannot_read(path, error) from None
    if len(data) > limit:
        raise too_big(path, limit, remark)
    return data


def beginning(path: str, count: int) -> bytes:
    """The first bytes of a file; of the standard input they are read again by whoever reads it.

    Raises:
        CnncalcError: with exit code 3 where the file cannot be read.

    >>> len(beginning(__file__, 16))
    16
    """
    try:
        if path != "-":
            with opened(path) as stream:
                return stream.read(count)
        with _standard_input() as stream:
            return _kept(stream, count)[:count]
    except OSError as error:
        raise cannot_read(path, error) from None


def mapped(path: str, limit: int) -> bytes | mmap:
    """A file of which only the pages that are touched are read; the standard input is read whole.

    Of the standard input at most `limit` bytes are read, which stay in memory for the next call.

    Raises:
        CnncalcError: with exit code 3 where the file cannot be read, 1 where it is too large.

    >>> bytes(mapped(__file__, 100)[:3])
    b'...'
    """
    from mmap import ACCESS_READ, mmap

    try:
        if path == "-":
            with _standard_input() as stream:
                data = _kept(stream, limit + 1)
            if len(data) > limit:
                raise too_big(path, limit)
            return data
        with opened(path) as stream:
            empty = not os.fstat(stream.fileno()).st_size  # which cannot be mapped
            return b"" if empty else mmap(stream.fileno(), 0, access=ACCESS_READ)
    except (OSError, ValueError) as error:
        raise unreadable(f"cannot map {title(path)} into memory: {error}") from None


def _kept(stream: BinaryIO, count: int) -> bytes:
    """The first bytes of a stream, kept so that they can be read again."""
    global _ahead  # noqa: PLW0603 - there is one standard input
    start = _taken(stream, 0) if _ahead is None or _ahead[0] is not stream else _ahead[1]
    if len(start) < count:
        start += stream.read(count - len(start))
        _ahead = stream, start
    return start


def _taken(stream: BinaryIO, count: int) -> bytes:
    """The next bytes of a stream, those first that `_kept` has kept."""
    global _ahead  # noqa: PLW0603 - there is one standard input
    start = _ahead[1] if _ahead is not None and _ahead[0] is stream else b""
    _ahead = None
    return start + stream.read(max(0, count - len(start)))


def opened(path: str) -> BinaryIO:
    """A file open for reading, which the caller closes.

    Raises:
        CnncalcError: with exit code 3 where it cannot be opened.

    >>> with opened(__file__) as stream:
    ...     stream.read(3)
    b'...'
    """
    try:
        stream = open(path, "rb")  # noqa: SIM115, PTH123 - the caller closes it; see above
    except (OSError, ValueError) as error:
        raise cannot_read(path, error) from None
    _remember(stream)
    return stream


@contextmanager
def _standard_input() -> Iterator[BinaryIO]:
    """The standard input, left open afterwards.

    Raises:
        CnncalcError: where it was closed before the program started.
    """
    import sys

    if sys.stdin is None:
        raise unreadable("cannot read the standard input: it is closed")
    _remember(sys.stdin.buffer)
    yield sys.stdin.buffer


def _remember(stream: BinaryIO) -> None:
    """Note that a file is read. A pipe or a device is not noted: it may be written to as well."""
    inputs = _inputs.get()
    if inputs is None:
        return
    with suppress(OSError):  # a stream in memory has no descriptor
        status = os.fstat(stream.fileno())
        if stat.S_ISREG(status.st_mode):
            inputs.add(_identity(status))


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def cannot_read(path: str, error: OSError | ValueError) -> CnncalcError:
    """The error for a path that cannot be opened for reading.

    >>> cannot_read("net.yaml", PermissionError(13, "Permission denied")).diagnostics[0].message
    "cannot read 'net.yaml': permission denied"
    """
    if isinstance(error, FileNotFoundError):
        return unreadable(f"there is no file {title(path)}", "no-file")
    if isinstance(error, IsADirectoryError):
        return unreadable(f"{title(path)} is a directory, not a file")
    return unreadable(f"cannot read {title(path)}: {reason(error)}")


def unreadable(message: str, code: str = "unreadable", help: str | None = None) -> CnncalcError:
    """An error about a file that cannot be read, with exit code 3."""
    return failure(code, message, help=help, exit_code=UNREADABLE)


def too_big(path: str, limit: int, remark: str = "") -> CnncalcError:
    """The error for a file that is larger than `limit` bytes."""
    return failure("too-big", f"{title(path)} is larger than {limit // 2**20} MiB{remark}")


def unwritable(path: str, why: str, *, help: str | None = None) -> CnncalcError:
    """The error for a path that cannot be written to; `why` ends the message."""
    return failure("unwritable", f"cannot write {path}: {why}", help=help, exit_code=UNREADABLE)


def reason(error: OSError | ValueError) -> str:
    """The operating system's own reason, in lower case.

    >>> reason(OSError(28, "No space left on device")), reason(ValueError("embedded null byte"))
    ('no space left on device', 'embedded null byte')
    """
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


def is_file(path: str) -> bool:
    """Whether a path leads to a file; a name that no file can have leads to none.

    >>> is_file(__file__), is_file("a" * 5000)
    (True, False)
    """
    return os.path.isfile(path)  # noqa: PTH113 - a Path raises for names that are too long


def stem(path: str) -> str:
    """The name of a file without its folder and its suffix.

    >>> stem("models/resnet.v2.onnx")
    'resnet.v2'
    """
    return os.path.splitext(os.path.basename(path))[0]  # noqa: PTH119, PTH122 - see above


def suffix(path: str) -> str:
    """The suffix of a file's name, in lower case.

    >>> suffix("models/LENET.Keras"), suffix("Makefile")
    ('.keras', '')
    """
    return os.path.splitext(path)[1].lower()  # noqa: PTH122 - see above


def title(path: str) -> str:
    """The file as messages name it.

    >>> title("-"), title("seven.pgm")
    ('the standard input', "'seven.pgm'")
    """
    return "the standard input" if path == "-" else f"'{path}'"


def write(
    path: str | Path,
    content: Iterable[str | ReadableBuffer] | str | bytes,
    *,
    replace: bool = True,
    remedy: str | None = None,
    piecemeal: bool = False,
) -> None:
    """Write a file: afterwards it holds all of `content`, or still what it held before.

    The whole content is computed first (`piecemeal`: while it is written, so that it need not fit
    into memory), then written to a temporary file in the same folder, which then takes the name of
    the target. Whatever fails or interrupts this, a signal that ends the process too, the old file
    is untouched and no temporary file remains. An existing file keeps its permissions. A symbolic
    link stays, and the file that it leads to is replaced. Devices, pipes and descriptors
    (/dev/stdout) are written to directly. Text is written as UTF-8.

    Raises:
        CnncalcError: with exit code 3 where the operating system refuses it, for a file that this
            command has read (see `protecting_inputs`), and, unless `replace`, for a file that
            exists, with `remedy` as help.
    """
    pieces = [content] if isinstance(content, (str, bytes)) else content
    encoded = (p.encode("utf-8", "replace") if isinstance(p, str) else p for p in pieces)
    data = encoded if piecemeal else list(encoded)
    from pathlib import Path

    name = str(path)
    try:
        status = _status(name)
        with _ending_tidily():
            if status is not None and (name.startswith(DESCRIPTORS) or not _ordinary(status)):
                _write_through(name, data)
            elif not replace:
                _create(Path(name).resolve(), data)
            else:
                _refuse_input(name, status)
                _replace(Path(name).resolve(), data, status)
    except FileExistsError:
        raise failure(
            "exists", f"{name} already exists", help=remedy, exit_code=UNREADABLE
        ) from None
    except (OSError, ValueError) as error:
        raise unwritable(title(name), reason(error)) from None


def create_all(files: Mapping[Path, bytes]) -> None:
    """Write new files, or none of them where one exists or cannot be written.

    Raises:
        CnncalcError: with exit code 3 in these two cases.
    """
    for path in files:
        if path.exists():
            raise failure("exists", f"{path} already exists", exit_code=UNREADABLE)
    written: list[Path] = []
    try:
        for path, data in files.items():
            write(path, data, replace=False)
            written.append(path)
    except BaseException:
        for path in written:
            _remove(path)
        raise


class _EndedError(BaseException):
    """A signal that ends this process has come. Nothing but `_ending_tidily` answers it."""


@contextmanager
def _ending_tidily() -> Iterator[None]:
    """Within this context, a signal that ends the process first lets files be removed.

    It then ends the process as it would have done. Signals that a program answers in its own way
    are left to it, and threads other than the main one cannot say what a signal does.
    """
    import signal

    came: list[int] = []
    inside = True

    def answer(number: int, _: object) -> None:
        came.append(number)
        if inside and len(came) == 1:  # the tidying up itself is not interrupted
            raise _EndedError

    taken = []
    try:
        for name in ENDING:
            number = getattr(signal, name, signal.SIGTERM)  # Windows has no SIGHUP
            with suppress(ValueError):  # in another thread
                if signal.getsignal(number) is signal.SIG_DFL:
                    signal.signal(number, answer)
                    taken.append(number)
        yield
    except _EndedError:
        pass  # the process ends below
    finally:
        inside = False
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
        if came:
            os.kill(os.getpid(), came[0])


def _status(path: str) -> os.stat_result | None:
    """The status of the file that a path leads to, or None where there is none."""
    from pathlib import Path

    try:
        return Path(path).stat()
    except FileNotFoundError:
        return None


def _ordinary(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode)


def _write_through(path: str, data: Iterable[ReadableBuffer]) -> None:
    """Write to a device, a pipe or an open descriptor, where nothing can be replaced."""
    from pathlib import Path

    with Path(path).open("ab") as stream:  # appending, since a shell may have written there before
        stream.writelines(data)


def _refuse_input(name: str, status: os.stat_result | None) -> None:
    """Raise CnncalcError for a target that this command has read."""
    if status is not None and _identity(status) in (_inputs.get() or ()):
        raise unwritable(title(name), "this command reads it", help="write to another file")


def _create(path: Path, data: Iterable[ReadableBuffer]) -> None:
    """Create a file with this content, or none where that fails (OSError)."""
    stream = path.open("xb")
    try:
        with stream:
            stream.writelines(data)
            stream.flush()
            os.fsync(stream.fileno())  # a full disk may be noticed only now
    except BaseException:
        _remove(path)
        raise


def _replace(target: Path, data: Iterable[ReadableBuffer], old: os.stat_result | None) -> None:
    """Write a temporary file and rename it to the target. Raises OSError."""
    if old is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))  # renaming ignores them
    part = target.with_name(f".cnncalc-{os.urandom(8).hex()}.tmp")
    _create(part, data)
    try:
        if old is not None:
            _keep_owner(part, old)
        part.replace(target)
    except BaseException:
        _remove(part)
        raise


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _keep_owner(path: Path, old: os.stat_result) -> None:
    """Give a file the permissions of an old one, and its owner where that is allowed."""
    if hasattr(os, "chown") and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(OSError):
            os.chown(path, old.st_uid, old.st_gid)
    path.chmod(stat.S_IMODE(old.st_mode))
