"""What `cnncalc forward` was asked for, and how the words of its options are read."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.cli import values
from cnncalc.cli.output import USAGE
from cnncalc.errors import UnplacedError, failure
from cnncalc.inference.samples import Preparation, Scale

if TYPE_CHECKING:
    from typing import Literal

    from cnncalc.errors import CnncalcError
    from cnncalc.inference.matching import Match


class Request(NamedTuple):
    """The options, as given."""

    file: str
    variant: str | None
    set: tuple[str, ...]
    input: str | None
    strict: str | None
    samples: tuple[str, ...]
    preparation: Preparation
    weights: str | None
    match: Match
    seed: int | None
    save_weights: str | None
    jobs: int | None
    readable: bool
    counting: bool
    max_macs: int | None
    yes: bool
    show: tuple[str, ...]
    maps: bool
    save: str | None
    picture: Literal["pgm", "png"]
    traces: tuple[str, ...]
    steps: bool
    labels: str | tuple[str, ...] | None  # a file, or the labels themselves
    top_k: int | None
    json: bool
    out: str | None
    layout: str | None


def wrong(option: str, what: str, help: str | None = None) -> CnncalcError:
    """The complaint about an option's value."""
    return failure("usage", f"{option} {what}", help=help, exit_code=USAGE)


def preparation(
    scale: str | None,
    mean: str | None,
    std: str | None,
    resize: str | None,
    *,
    crop: bool,
    seed: int,
) -> Preparation:
    """What is to be done to a sample. Raises CnncalcError for words that say nothing.

    >>> preparation("1/255", "0.5", None, "cover", crop=False, seed=0).scale
    Scale(over=1.0, under=255.0)
    """
    factor = None
    if scale is not None:
        over, slash, under = scale.partition("/")
        factor = Scale(real("--scale", over), real("--scale", under) if slash else 1.0)
        if not factor.under:
            raise wrong("--scale", "divides by 0")
    stds = reals("--std", std) if std is not None else (1.0,)
    if 0.0 in stds:
        raise wrong("--std", "divides by 0")
    return Preparation(
        scale=factor,
        mean=reals("--mean", mean) if mean is not None else (0.0,),
        std=stds,
        resize=None if resize is None else _resize(resize),
        crop=crop,
        seed=seed,
    )


def _resize(text: str) -> int | Literal["cover"]:
    if text == "cover":
        return "cover"
    if not re.fullmatch("[1-9][0-9]{0,17}", text):
        raise wrong("--resize", f"takes a number of pixels or 'cover', got '{text}'")
    return int(text)


def real(option: str, text: str) -> float:
    """One finite number. Raises CnncalcError for anything else.

    >>> real("--mean", " 0.485")
    0.485
    """
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or "_" in text:
        raise wrong(option, f"takes numbers, got '{text}'")
    return value


def reals(option: str, text: str) -> tuple[float, ...]:
    """Numbers apart by commas.

    >>> reals("--std", "0.229,0.224,0.225")
    (0.229, 0.224, 0.225)
    """
    return tuple(real(option, word) for word in text.split(","))


def parse_max_macs(text: str | None) -> int | None:
    """A count that may end in k, M, G or T. Raises CnncalcError for anything else.

    >>> parse_max_macs("1.5G")
    1500000000
    """
    if text is None:
        return None
    from cnncalc.spec.sections.expectations import parse_limit

    try:
        return parse_limit("macs", f"<= {text}").limit
    except UnplacedError:
        raise wrong("--max-macs", f"takes a number such as 500M, got '{text}'") from None


def place(text: str) -> tuple[str, tuple[int, ...]]:
    """A layer and a place of it. Raises CnncalcError for anything else.

    >>> place("layer1.0.conv1:3,0,7")
    ('layer1.0.conv1', (3, 0, 7))
    """
    name, position = values.place(text)
    if position is None:
        raise wrong("--trace", f"takes NAME:K,Y,X (NAME:K for a vector), got '{text}'")
    return name, position
