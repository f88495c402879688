"""Explicit numbers on a layer: `weights:` and `bias_values:` of hand-worked exercises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.errors import failure
from cnncalc.spec.source import ListValue, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.layers._base import Parameter
    from cnncalc.spec.source import Value


def explicit_values(
    written: Mapping[str, Value], parameters: tuple[Parameter, ...]
) -> dict[str, list[float]]:
    """Flat numbers by parameter name, checked against the shapes the layer needs.

    Axes of size 1 may be left out: filters on a single map need no level for it.
    Raises CnncalcError where there is nothing to fill, or the sizes differ.
    """
    by_name = {parameter.name: parameter for parameter in parameters}
    found = {}
    for key, name in (("weights", "weight"), ("bias_values", "bias")):
        if key not in written:
            continue
        if name not in by_name:
            message = f"this layer has no {name}, so '{key}' has nothing to set"
            raise failure("weights", message, written[key].span)
        found[name] = _flat(key, written[key], by_name[name])
    return found


def _flat(key: str, value: Value, parameter: Parameter) -> list[float]:
    dims = tuple(_dims(value))
    if _squeezed(dims) != _squeezed(parameter.dims):
        raise failure(
            "weights-shape",
            f"'{key}' is {_shown(dims)}, but the layer needs {_shown(parameter.dims)}",
            value.span,
            help="axes of size 1 may be left out",
        )
    return list(_numbers(value, dims))


def _dims(value: Value) -> Iterator[int]:
    while isinstance(value, ListValue):
        yield len(value.items)
        if not value.items:
            return
        value = value.items[0]


def _numbers(value: Value, dims: tuple[int, ...]) -> Iterator[float]:
    if isinstance(value, ListValue) and dims:
        if len(value.items) != dims[0]:
            message = f"this list is {len(value.items)} long, but the first of its kind {dims[0]}"
            raise failure("weights-shape", message, value.span)
        for item in value.items:
            yield from _numbers(item, dims[1:])
    elif isinstance(value, Scalar) and not dims and type(value.value) in (int, float):
        yield float(value.value)  # type: ignore[arg-type]
    else:
        message = "a number is expected here"
        raise failure("wrong-type", message, value.span)


def _squeezed(dims: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in dims if size != 1)


def _shown(dims: tuple[int, ...]) -> str:
    return "×".join(map(str, dims)) or "a single number"
