"""`init:` -> initial weights, a file of weights, and the labels of the outputs.

    init: {scheme: he, seed: 7, weights: digits.safetensors, labels: [cat, dog]}

`scheme` and `seed` decide the initial weights that no file gives. `weights` is a file in the
spec's own folder or below it; `labels` name the classes of the output.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc.errors import CnncalcError, did_you_mean, failure
from cnncalc.network import SCHEMES, Init
from cnncalc.spec.yaml_source import ListValue, MappingValue, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.errors import Diagnostic
    from cnncalc.network import InitScheme
    from cnncalc.spec.yaml_source import Value


def read_init(section: Value | None) -> Init:
    """The settings under `init:`.

    Raises:
        CnncalcError: at the first wrong entry.
    """
    init = Init()
    for key, value in section.entries if isinstance(section, MappingValue) else ():
        init = _with(init, key, value)
    return init


def init_problems(section: MappingValue) -> Iterator[Diagnostic]:
    """The mistakes under `init:`."""
    for key, value in section.entries:
        try:
            _with(Init(), key, value)
        except CnncalcError as error:
            yield from error.diagnostics


def with_weights_path(init: Init, spec: str) -> Init:
    """The same settings, with the path of the weights relative to the current folder.

    >>> init = with_weights_path(Init(weights="own.json"), "nets/net.yaml")
    >>> init.weights == str(Path("nets/own.json"))
    True
    """
    if init.weights is None:
        return init
    folder = Path() if spec == "-" else Path(spec).parent
    return init._replace(weights=str(folder / init.weights), folder=str(folder))


def _with(init: Init, key: Scalar, value: Value) -> Init:
    """The settings with one entry added."""
    match key.text:
        case "scheme":
            return init._replace(scheme=_scheme(value))
        case "seed":
            return init._replace(seed=_seed(value))
        case "weights":
            return init._replace(weights=_path(value), span=value.span)
        case "labels":
            return init._replace(labels=_texts(value))
    known = ("scheme", "seed", "weights", "labels")
    advice = did_you_mean(key.text, known) or f"it takes {', '.join(known)}"
    raise failure("unknown-key", f"'init' has no key '{key.text}'", key.span, help=advice)


def _scheme(value: Value) -> InitScheme:
    given = value.value if isinstance(value, Scalar) else None
    for scheme in SCHEMES:
        if given == scheme:
            return scheme
    raise failure("wrong-type", f"'scheme' must be one of {', '.join(SCHEMES)}", value.span)


def _seed(value: Value) -> int:
    given = value.value if isinstance(value, Scalar) else None
    if type(given) is not int or given < 0:
        raise failure("wrong-type", "'seed' must be a whole number from 0", value.span)
    return given


def _path(value: Value) -> str:
    if isinstance(value, Scalar) and isinstance(value.value, str) and value.text:
        return value.text
    raise failure("wrong-type", "'weights' must be the path of a file", value.span)


def _texts(value: Value) -> tuple[str, ...]:
    """Labels as they are written: `7` is the text 7."""
    if isinstance(value, ListValue) and all(isinstance(item, Scalar) for item in value.items):
        return tuple(item.text for item in value.items if isinstance(item, Scalar))
    raise failure("wrong-type", "'labels' must be a list of texts", value.span)
