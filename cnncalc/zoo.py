"""The bundled networks, found by the name of a file (`resnet`) or of a variant (`resnet50`)."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnncalc.errors import did_you_mean
from cnncalc.files import SPEC_SUFFIXES, cannot_read, is_file, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.errors import CnncalcError

NEXT_SECTION = re.compile(r"^[^ #\n]", re.MULTILINE)
VARIANT = re.compile(r"^  ([\w.-]+):", re.MULTILINE)
ROW = re.compile(r"^    ([\w.-]+):", re.MULTILINE)  # of a table of variants


@cache
def folder() -> Path:
    """The folder of the bundled specs: in the installed package, or beside it in a checkout."""
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
    """The names of a bundled file's variants, found without parsing YAML, which takes longer."""
    _, _, section = path.read_text(encoding="utf-8").partition("\nvariants:\n")
    body, *_ = NEXT_SECTION.split(section, maxsplit=1)
    is_table = body.startswith("  for: [")
    return tuple((ROW if is_table else VARIANT).findall(body))


def names() -> Iterator[str]:
    """The names of all bundled networks: of each file, then of its variants."""
    for stem, path in files().items():
        yield stem
        yield from (name for name in variants(path) if name != stem)


def bundled(name: str) -> Path:
    """The bundled file of this name, or with a variant of this name.

    Raises:
        CnncalcError: "no-file" where there is none.

    >>> bundled("resnet50").name
    'resnet.yaml'
    """
    return Path(_bundled(name)[0])


def resolve(target: str) -> tuple[str, str | None]:
    """The path and the variant that a user means by a path, `-`, a bundled name, or X@VARIANT.

    A file on disk comes before a bundled network of the same name.

    Raises:
        CnncalcError: "no-file" where there is neither, with exit code 3.

    >>> path, variant = resolve("resnet50")
    >>> Path(path).name, variant
    ('resnet.yaml', 'resnet50')
    """
    if target == "-" or is_file(target):
        return target, None
    base, at, variant = target.rpartition("@")
    if at and base:
        path, inner = resolve(base)
        return path, variant or inner
    if os.path.exists(target):  # noqa: PTH110 - a Path raises for names that are too long
        return target, None  # reading it raises the right error
    if target.endswith(SPEC_SUFFIXES) or Path(target).name != target:
        raise _missing(target)
    return _bundled(target)


def _missing(target: str) -> CnncalcError:
    """The error for a path without a file, with a similar name of its folder as help."""
    try:
        Path(target).stat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        return cannot_read(target, error)
    path = Path(target)
    near: list[Path] = []
    with suppress(OSError):  # a folder that cannot be listed suggests nothing
        near = [file for file in path.parent.iterdir() if file.suffix in SPEC_SUFFIXES]
    alike = [file.name for file in near if file.stem == path.stem]
    bundled_name = [path.stem] if path.stem in names() else []
    meant = alike or bundled_name or [file.name for file in near]
    help_ = did_you_mean(path.name, meant)
    return unreadable(f"there is no file '{target}'", "no-file", help_)


def _bundled(name: str) -> tuple[str, str | None]:
    known = files()
    if name in known:
        return str(known[name]), name if name in variants(known[name]) else None
    # Most variants begin with the name of their file, so that few files have to be read.
    for stem in sorted(known, key=lambda stem: not name.startswith(stem)):
        if name in variants(known[stem]):
            return str(known[stem]), name
    guesses = (f"{name}{suffix}" for suffix in SPEC_SUFFIXES)
    here = [guess for guess in guesses if is_file(guess)]
    close = f"did you mean '{here[0]}'?" if here else did_you_mean(name, names())
    help_ = close or "'cnncalc zoo' lists the bundled networks"
    message = f"there is no file and no bundled network named '{name}'"
    raise unreadable(message, "no-file", help_)


def beside(path: str) -> str:
    """The path of a file that comes with the bundled networks, unless there is such a file here.

    >>> Path(beside("digits_7.pgm")).parent == folder()
    True
    >>> beside("seven.pgm")
    'seven.pgm'
    """
    packaged = folder() / path
    here = Path(path).name != path or os.path.exists(path)  # noqa: PTH110 - as in `resolve`
    return path if here or not is_file(str(packaged)) else str(packaged)


def pictures() -> Iterator[str]:
    """The pictures that come with the bundled networks.

    >>> next(pictures())
    'digits_0.pgm'
    """
    return (path.name for path in sorted(folder().glob("*.pgm")))


def is_bundled(target: str) -> bool:
    """Whether a user's word names a bundled network rather than a file.

    >>> is_bundled("resnet50@resnet18"), is_bundled("-")
    (True, False)
    """
    return not is_typed(target) and Path(resolve(target)[0]).parent == folder()


def is_typed(target: str) -> bool:
    """Whether a user's word is a network itself, its input and layers apart by semicolons.

    >>> is_typed("28x28x1; conv 16 5x5; fc 10"), is_typed("resnet50")
    (True, False)
    """
    return ";" in target and not os.path.exists(target)  # noqa: PTH110 - as in `resolve`


def display_name(path: str) -> str:
    """The file as errors name it: the path as typed, or only the file name of a bundled one.

    >>> display_name(str(files()["lenet5"]))
    'lenet5.yaml'
    """
    return Path(path).name if Path(path).parent == folder() else path
