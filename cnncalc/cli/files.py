"""Files that a command makes for the user: never in place of one that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.cli.output import UNREADABLE
from cnncalc.errors import CnncalcError, Diagnostic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def create_all(files: Mapping[Path, bytes]) -> None:
    """Write new files, or none of them where one exists. Raises CnncalcError (exit code 3)."""
    for path in files:
        if path.exists():
            raise _refused("exists", f"{path} exists already")
    for path, data in files.items():
        create(path, data)


def create(
    path: Path, content: str | bytes, *, replace: bool = False, remedy: str | None = None
) -> None:
    """Write a new file. Raises CnncalcError (exit code 3) where it exists or cannot be made."""
    try:
        with path.open("wb" if replace else "xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
    except FileExistsError:
        raise _refused("exists", f"{path} exists already", remedy) from None
    except OSError as error:
        reason = (error.strerror or "the system refuses").lower()
        raise _refused("unwritable", f"cannot write {path}: {reason}") from None


def _refused(code: str, message: str, remedy: str | None = None) -> CnncalcError:
    return CnncalcError(Diagnostic("error", code, message, help=remedy), exit_code=UNREADABLE)
