"""What is wrong with a layer whatever the variables hold.

Values that need no variables are validated before anything is written out: mistakes in
several layers, also in blocks that nobody calls, are then reported together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc import layers
from cnncalc.errors import CnncalcError
from cnncalc.spec.counts import whole_count
from cnncalc.spec.resolve import Follower, resolve
from cnncalc.spec.syntax import Argument, Attached
from cnncalc.spec.validation import layer as validated_layer
from cnncalc.spec.values import names_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.errors import Diagnostic
    from cnncalc.spec.syntax import Use

    Names = frozenset[str]


def is_literal(value: object, variables: Names) -> bool:
    """Whether a value is the same for all values of the variables.

    >>> is_literal((3, 3), frozenset({"k"}))
    True
    """
    return not any(name in variables for name, _ in names_in(value))


def layer_problems(use: Use, defaults: Mapping[str, Use], variables: Names) -> list[Diagnostic]:
    """The complaints about a layer's own values and about those it has by default."""
    layer_type = layers.layer_type(use.head)
    fixed, complete = _fixed(use, variables)
    base = {}
    for name, default in defaults.items():
        base[name], all_of_it = _fixed(default, variables)
        complete &= all_of_it or name != layer_type.type
    try:
        resolved = resolve(fixed, layer_type, base, {})
    except CnncalcError as error:
        return list(error.diagnostics)
    own = Follower(use.head, resolved.fields, resolved.spans, use.span)
    found = [problem for layer in (own, *resolved.attached) for problem in _problems(layer)]
    return [d for d in found if complete or d.code != "missing-option"]


def count_problems(count: Argument | None, variables: Names) -> list[Diagnostic]:
    """The complaint about a repeat count that is no count."""
    if count is None or not is_literal(count.value, variables):
        return []
    try:
        whole_count(count, {})
    except CnncalcError as error:
        return list(error.diagnostics)
    return []


def _fixed(use: Use, variables: Names) -> tuple[Use, bool]:
    """The use with its literal words only; whether that is all of them.

    Behind one bare value that is not known, nobody can tell which fields the others fill.
    """
    words = [word for word in use.words if _is_fixed(word, variables)]
    if len(words) == len(use.words):
        return use, True
    lost = [word for word in use.words if word not in words]
    if any(isinstance(word, Argument) and word.field is None for word in lost):
        words = [word for word in words if not isinstance(word, Argument) or word.field]
    return use._replace(words=tuple(words)), False


def _is_fixed(word: object, variables: Names) -> bool:
    if isinstance(word, Attached):
        return all(is_literal(argument.value, variables) for argument in word.arguments)
    return not isinstance(word, Argument) or is_literal(word.value, variables)


def _problems(layer: Follower) -> Iterator[Diagnostic]:
    try:
        validated_layer(layer.type, layer.fields, layer.spans, layer.span)
    except CnncalcError as error:
        yield from error.diagnostics
