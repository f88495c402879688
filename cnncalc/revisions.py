"""Files as a revision of their git repository holds them; the system's `git` is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc.errors import failure
from cnncalc.files import UNREADABLE

if TYPE_CHECKING:
    from cnncalc.errors import CnncalcError

USAGE = 2  # the exit code of a revision that does not exist
SECONDS = 60  # after which git has failed


def at_revision(revision: str, path: str) -> str | None:
    """The text of a file at a revision of its repository; None if the file was not there.

    Raises:
        CnncalcError: "revision" where there is no git, no repository or no such revision, and
            where the file was no UTF-8.
    """
    folder, name = Path(path).parent, Path(path).name
    if _git(folder, "rev-parse", "--git-dir") is None:
        raise _refused(f"'{path}' is in no git repository", None, UNREADABLE)
    named = revision and not revision.startswith("-")
    commit = named and _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if not commit:
        message = f"the repository of '{path}' has no revision '{revision}'"
        help_ = "'git fetch' brings it; in a GitHub workflow: actions/checkout with fetch-depth: 0"
        raise _refused(message, help_, USAGE)
    data = _git(folder, "show", f"{commit.decode().strip()}:./{name}")
    try:
        return None if data is None else data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(f"'{path}' was no UTF-8 text at '{revision}'", None, UNREADABLE) from None


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git prints; None where it fails. Raises CnncalcError where there is no git."""
    import subprocess

    try:
        done = subprocess.run(  # noqa: S603 - no shell, and no argument is taken for an option
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the git of the user's PATH
            capture_output=True,
            check=False,
            timeout=SECONDS,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        raise _refused("git does not run here", "install git", UNREADABLE) from None
    return done.stdout if done.returncode == 0 else None


def _refused(message: str, help_: str | None, exit_code: int) -> CnncalcError:
    return failure("revision", message, help=help_, exit_code=exit_code)
