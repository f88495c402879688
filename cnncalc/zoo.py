"""The bundled networks: found by file name (`resnet`) or by variant (`resnet50`)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnncalc.errors import did_you_mean, failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.errors import CnncalcError

SUFFIXES = (".yaml", ".yml")
NEXT_SECTION = re.compile(r"^[^ #\n]", re.MULTILINE)
VARIANT = re.compile(r"^  ([\w.-]+):", re.MULTILINE)


@cache
def folder() -> Path:
    """Where the bundled specs are: inside the installed package, or beside it in a checkout."""
    here = Path(__file__).parent
    packaged = here / "specs"
    return packaged if packaged.is_dir() else here.parent / "specs"


@cache
def files() -> Mapping[str, Path]:
    """The bundled spec files by name, in alphabetical order.

    >>> "lenet5" in files()
    True
    """
    return MappingProxyType({path.stem: path for path in sorted(folder().glob("*.yaml"))})


@cache
def variants(path: Path) -> tuple[str, ...]:
    """The variants that a bundled file names, found without parsing it."""
    _, _, section = path.read_text(encoding="utf-8").partition("\nvariants:\n")
    own, *_ = NEXT_SECTION.split(section, maxsplit=1)
    return tuple(VARIANT.findall(own))


def names() -> Iterator[str]:
    """Everything that `resolve` finds in the box: files, then their variants."""
    for stem, path in files().items():
        yield stem
        yield from (name for name in variants(path) if name != stem)


def bundled(name: str) -> Path:
    """The bundled file of this name, or with a variant of this name. Raises CnncalcError.

    >>> bundled("resnet50").name
    'resnet.yaml'
    """
    return Path(_bundled(name)[0])


def resolve(target: str) -> tuple[str, str | None]:
    """A path and a variant for what the user typed: a path, `-`, a bundled name, or X@VARIANT.

    A file on disk comes before a bundled network of the same name.

    >>> path, variant = resolve("resnet50")
    >>> Path(path).name, variant
    ('resnet.yaml', 'resnet50')
    """
    if target == "-" or Path(target).is_file():
        return target, None
    base, at, variant = target.rpartition("@")
    if at and base:
        path, inner = resolve(base)
        return path, variant or inner
    if Path(target).exists():
        return target, None  # reading it will say what is wrong
    if target.endswith(SUFFIXES) or Path(target).name != target:
        raise _missing(target)
    return _bundled(target)


def _missing(target: str) -> CnncalcError:
    """The complaint about a path with nothing at its end; what lies beside it may be meant."""
    path = Path(target)
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    near = [file for file in beside if file.suffix in SUFFIXES]
    alike = [file.name for file in near if file.stem == path.stem]
    own = [path.stem] if path.stem in names() else []
    meant = alike or own or [file.name for file in near]
    help_ = did_you_mean(path.name, meant)
    return failure("no-file", f"there is no file '{target}'", help=help_, exit_code=3)


def _bundled(name: str) -> tuple[str, str | None]:
    known = files()
    if name in known:
        own = name if name in variants(known[name]) else None
        return str(known[name]), own
    for path in known.values():
        if name in variants(path):
            return str(path), name
    here = [f"{name}{suffix}" for suffix in SUFFIXES if Path(f"{name}{suffix}").is_file()]
    help_ = did_you_mean(name, here or names()) or "'cnncalc zoo' lists the bundled networks"
    raise failure(
        "no-file",
        f"there is no file and no bundled network named '{name}'",
        help=help_,
        exit_code=3,
    )


def beside(path: str) -> str:
    """A file that belongs to a bundled network, where there is none of that name here.

    >>> Path(beside("digits_7.pgm")).parent == folder()
    True
    >>> beside("seven.pgm")
    'seven.pgm'
    """
    packaged = folder() / path
    here = Path(path).name != path or Path(path).exists()
    return path if here or not packaged.is_file() else str(packaged)


def display_name(path: str) -> str:
    """The file as errors name it: the path as typed, or just the name of a bundled one.

    >>> display_name(str(files()["lenet5"]))
    'lenet5.yaml'
    """
    return Path(path).name if Path(path).parent == folder() else path
