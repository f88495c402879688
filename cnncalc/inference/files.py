"""Files that come from the user, read whole and within a limit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc.errors import failure

if TYPE_CHECKING:
    from typing import BinaryIO

    from cnncalc.errors import CnncalcError

UNREADABLE = 3  # the exit code of a file that cannot be read


def read_bytes(path: str, limit: int) -> bytes:
    """All of a file, or of the standard input for "-".

    Raises CnncalcError: exit code 3 where there is nothing to read, 1 beyond `limit` bytes.

    >>> read_bytes("missing.pgm", 100)
    Traceback (most recent call last):
        ...
    cnncalc.errors.CnncalcError: no-file: there is no file 'missing.pgm'
    """
    if path == "-":
        import sys

        return _within(sys.stdin.buffer, path, limit)
    with opened(path) as stream:
        return _within(stream, path, limit)


def opened(path: str) -> BinaryIO:
    """A file open for reading. Raises CnncalcError, exit code 3, where it cannot be."""
    try:
        return Path(path).open("rb")
    except FileNotFoundError:
        raise unreadable(f"there is no file '{path}'", "no-file") from None
    except IsADirectoryError:
        raise unreadable(f"'{path}' is a directory, not a file") from None
    except OSError as error:
        reason = (error.strerror or "the system refuses").lower()
        raise unreadable(f"cannot read '{path}': {reason}") from None
    except ValueError as error:
        raise unreadable(f"cannot read {path!r}: {error}") from None


def unreadable(message: str, code: str = "unreadable", help: str | None = None) -> CnncalcError:
    """The complaint about a file that cannot be read at all."""
    return failure(code, message, help=help, exit_code=UNREADABLE)


def title(path: str) -> str:
    """The file as messages name it.

    >>> title("-"), title("seven.pgm")
    ('the standard input', "'seven.pgm'")
    """
    return "the standard input" if path == "-" else f"'{path}'"


def _within(stream: BinaryIO, path: str, limit: int) -> bytes:
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise failure("too-big", f"{title(path)} is larger than {limit // 2**20} MiB")
    return data
