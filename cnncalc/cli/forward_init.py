"""What `init:` of a spec says: how weights begin, whose weights to load, what outputs mean.

`scheme` and `seed` say how weights begin that no file gives. `weights` is a file beside the
spec, and `labels` are what the numbers of its output stand for; options come before both.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import did_you_mean, failure
from cnncalc.inference.initial import SCHEMES, Start
from cnncalc.spec.source import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from cnncalc.cli.forward_request import Request
    from cnncalc.spec.source import Value


class Init(NamedTuple):
    """The entries of `init:`; `weights` is a path from the spec's own folder."""

    start: Start = Start()
    weights: str | None = None
    labels: tuple[str, ...] | None = None

    def completed(self, request: Request, spec: str) -> Request:
        """The request, with the weights and labels that its options do not name."""
        folder = Path() if spec == "-" else Path(spec).parent
        own = None if self.weights is None else str(folder / self.weights)
        return request._replace(
            weights=own if request.weights is None else request.weights,
            labels=self.labels if request.labels is None else request.labels,
        )


def read_init(tree: Value | None) -> Init:
    """What is written under `init:`. Raises CnncalcError at the entry that says nothing."""
    init = Init()
    for key, value in tree.entries if isinstance(tree, Mapping) else ():
        init = _with(init, key, value)
    return init


def _with(init: Init, key: Scalar, value: Value) -> Init:
    """One entry put in."""
    match key.text:
        case "seed":
            return init._replace(start=init.start._replace(seed=_seed(value)))
        case "scheme":
            return init._replace(start=_begun(init.start, value))
        case "weights":
            return init._replace(weights=_path(value))
        case "labels":
            return init._replace(labels=_texts(value))
    known = (*Start._fields, *Init._fields[1:])
    advice = did_you_mean(key.text, known) or f"it takes {', '.join(known)}"
    raise failure("unknown-key", f"'init' has no '{key.text}'", key.span, help=advice)


def _seed(value: Value) -> int:
    given = value.value if isinstance(value, Scalar) else None
    if type(given) is not int or given < 0:
        raise failure("wrong-type", "the seed is a whole number from 0", value.span)
    return given


def _begun(start: Start, value: Value) -> Start:
    given = value.value if isinstance(value, Scalar) else None
    for scheme in SCHEMES:
        if given == scheme:
            return start._replace(scheme=scheme)
    raise failure("wrong-type", f"the scheme is one of {', '.join(SCHEMES)}", value.span)


def _path(value: Value) -> str:
    if isinstance(value, Scalar) and isinstance(value.value, str) and value.text:
        return value.text
    raise failure("wrong-type", "the weights are the path of a file", value.span)


def _texts(value: Value) -> tuple[str, ...]:
    """Labels as written: `7` is the text 7."""
    if isinstance(value, Sequence) and all(isinstance(item, Scalar) for item in value.items):
        return tuple(item.text for item in value.items if isinstance(item, Scalar))
    raise failure("wrong-type", "the labels are a list of texts", value.span)
