"""The user's files: read whole and within a limit, written whole or not at all.

Everything that is read from or written to a path the user (or a spec) names goes through this
module, so that there is one answer to what happens to an old file when a command fails, and one
set of words for what can go wrong.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc.errors import failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from _typeshed import ReadableBuffer

    from cnncalc.errors import CnncalcError

UNREADABLE = 3  # the exit code of a file that cannot be read or written
# Names of open descriptors. They may lead to a regular file that a shell has opened for
# appending, so they are never replaced.
DESCRIPTORS = ("/dev/fd/", "/dev/std", "/proc/")

Identity = tuple[int, int]  # device and inode: what a file is, whatever its names are
_inputs: ContextVar[set[Identity] | None] = ContextVar("inputs", default=None)


@contextmanager
def protecting_inputs() -> Iterator[None]:
    """Within this context, `write` refuses every file that was read.

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
    """All of a file, or of the standard input for "-".

    Raises CnncalcError: exit code 3 where there is nothing to read; 1 beyond `limit` bytes, with
    `remark` behind that. At most that much is read, so an endless input ends.

    >>> read_bytes("missing.pgm", 100)
    Traceback (most recent call last):
        ...
    cnncalc.errors.CnncalcError: no-file: there is no file 'missing.pgm'
    """
    try:
        with _standard_input() if path == "-" else opened(path) as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise cannot_read(path, error) from None
    if len(data) > limit:
        raise too_big(path, limit, remark)
    return data


def opened(path: str) -> BinaryIO:
    """A file open for reading. Raises CnncalcError, exit code 3, where it cannot be.

    >>> with opened(__file__) as stream:
    ...     stream.read(3)
    b'...'
    """
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 - the caller closes it
    except (OSError, ValueError) as error:
        raise cannot_read(path, error) from None
    _remember(stream)
    return stream


@contextmanager
def _standard_input() -> Iterator[BinaryIO]:
    """The standard input, which stays open and which the caller of the program may have closed."""
    import sys

    if sys.stdin is None:
        raise unreadable("cannot read the standard input: it is closed")
    _remember(sys.stdin.buffer)
    yield sys.stdin.buffer


def _remember(stream: BinaryIO) -> None:
    """Note which file is being read; a pipe or a device may be written to all the same."""
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
    """The complaint about a path that the system does not open for reading.

    >>> cannot_read("net.yaml", PermissionError(13, "Permission denied")).diagnostics[0].message
    "cannot read 'net.yaml': permission denied"
    """
    if isinstance(error, FileNotFoundError):
        return unreadable(f"there is no file {title(path)}", "no-file")
    if isinstance(error, IsADirectoryError):
        return unreadable(f"{title(path)} is a directory, not a file")
    return unreadable(f"cannot read {title(path)}: {reason(error)}")


def unreadable(message: str, code: str = "unreadable", help: str | None = None) -> CnncalcError:
    """The complaint about a file that cannot be read at all."""
    return failure(code, message, help=help, exit_code=UNREADABLE)


def too_big(path: str, limit: int, remark: str = "") -> CnncalcError:
    """The complaint about a file beyond a limit in bytes."""
    return failure("too-big", f"{title(path)} is larger than {limit // 2**20} MiB{remark}")


def unwritable(path: str, why: str, *, help: str | None = None) -> CnncalcError:
    """The complaint about a place that nothing can be written to."""
    return failure("unwritable", f"cannot write {path}: {why}", help=help, exit_code=UNREADABLE)


def reason(error: OSError | ValueError) -> str:
    """Why the system did not do it, in its own words.

    >>> reason(OSError(28, "No space left on device")), reason(ValueError("embedded null byte"))
    ('no space left on device', 'embedded null byte')
    """
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


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
) -> None:
    """Write a file: afterwards it holds all of `content`, or what it held before.

    The content is made first and written to a temporary file in the same folder, which then
    takes the name of the target; whatever fails or interrupts this, the old file is untouched and
    nothing is left behind. The permissions of an existing file stay, and so does a symbolic link:
    the file that it leads to is replaced. Devices, pipes and descriptors (/dev/stdout) are
    written to directly. Text is written as UTF-8.

    Raises CnncalcError, exit code 3: where the system refuses it; for a file that this command
    has read (see `protecting_inputs`); and, unless `replace`, for a file that exists, with
    `remedy` as help.
    """
    pieces = [content] if isinstance(content, (str, bytes)) else content
    data = [p.encode("utf-8", "replace") if isinstance(p, str) else p for p in pieces]
    name = str(path)
    try:
        status = _status(name)
        if status is not None and (name.startswith(DESCRIPTORS) or not _ordinary(status)):
            _write_through(name, data)
        elif not replace:
            _create(Path(name).resolve(), data)
        else:
            _refuse_input(name, status)
            _replace(Path(name).resolve(), data, status)
    except FileExistsError:
        raise failure(
            "exists", f"{name} exists already", help=remedy, exit_code=UNREADABLE
        ) from None
    except (OSError, ValueError) as error:
        raise unwritable(title(name), reason(error)) from None


def create_all(files: Mapping[Path, bytes]) -> None:
    """Write new files, or none of them where one exists or fails. Raises CnncalcError."""
    for path in files:
        if path.exists():
            raise failure("exists", f"{path} exists already", exit_code=UNREADABLE)
    written: list[Path] = []
    try:
        for path, data in files.items():
            write(path, data, replace=False)
            written.append(path)
    except BaseException:
        for path in written:
            _remove(path)
        raise


def _status(path: str) -> os.stat_result | None:
    """What a path leads to, or None where there is nothing."""
    try:
        return Path(path).stat()
    except FileNotFoundError:
        return None


def _ordinary(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode)


def _write_through(path: str, data: Sequence[ReadableBuffer]) -> None:
    """Write to a device, a pipe or an open descriptor, where nothing can be replaced."""
    with Path(path).open("ab") as stream:  # appending: a shell may have written there before
        stream.writelines(data)


def _refuse_input(name: str, status: os.stat_result | None) -> None:
    """Raises CnncalcError where the target is a file that this command has read."""
    if status is not None and _identity(status) in (_inputs.get() or ()):
        raise unwritable(title(name), "this command reads it", help="write to another file")


def _create(path: Path, data: Sequence[ReadableBuffer]) -> None:
    """Make a file that is not there yet, or leave nothing. Raises OSError."""
    stream = path.open("xb")
    try:
        with stream:
            stream.writelines(data)
            stream.flush()
            os.fsync(stream.fileno())  # a full disk may be noticed only now
    except BaseException:
        _remove(path)
        raise


def _replace(target: Path, data: Sequence[ReadableBuffer], old: os.stat_result | None) -> None:
    """Make a file under a name of its own and give it the target's. Raises OSError."""
    if old is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))  # a rename would not ask
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
