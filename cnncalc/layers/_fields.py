"""The kinds of value a layer type's field may hold, their other names, and checks of them.

A layer type is a frozen dataclass whose annotations carry these markers. Pydantic reads them to
validate a layer and to write the JSON Schema; nothing here imports it, because the one-layer
commands build layer types directly and must start fast.

A field with one value per spatial axis is a tuple; a tuple of length one means "the same on
every axis", whatever the rank. What a value means for an input (`spread`), and whether it is
possible there (`require_*`, `check_edges`), is only known with the input's shape.
"""

from __future__ import annotations

from math import gcd, isqrt
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from cnncalc.errors import UnplacedError
from cnncalc.layers._base import Names, Words
from cnncalc.shapes import Shape
from cnncalc.window import PADDING_RULES, PaddingRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


def prepared(function: Callable[[Any], Any], inner: CoreSchema) -> CoreSchema:
    """The core schema of a value that a function prepares for the schema `inner`.

    >>> prepared(str.strip, {"type": "str"})["type"]
    'function-before'
    """
    # As `pydantic_core.core_schema.no_info_before_validator_function` writes it; importing that
    # would slow down every command.
    function_schema: Any = {"type": "no-info", "function": function}
    return {"type": "function-before", "function": function_schema, "schema": inner}


class Exact:
    """No guessing: true is not 1, "64" is not 64, 1.5 is not 1, and infinity is no number.

    Optional limits: the lowest value, a bound that must be exceeded, one not to be reached.
    """

    def __init__(
        self, minimum: int | None = None, *, above: int | None = None, below: int | None = None
    ) -> None:
        self.minimum = minimum
        self.above = above
        self.below = below

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        limits = {"ge": self.minimum, "gt": self.above, "lt": self.below}
        given = {name: limit for name, limit in limits.items() if limit is not None}
        if source is float:
            given["allow_inf_nan"] = False
        return {**handler(source), "strict": True, **given}


class Spread:
    """One value for every axis, or a list with one value per axis: 3 becomes (3,).

    An empty list is refused: a field that has a default of its own says so by being left out.
    """

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        inner: Any = handler(source)
        if inner["type"] == "tuple":
            inner = {**inner, "min_length": 1}
        return prepared(self.spread, inner)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}

    @staticmethod
    def spread(value: Any) -> Any:
        """Wrap a lone value; leave lists to the list validator."""
        return value if isinstance(value, (list, tuple)) else (value,)


class SpreadPairs(Spread):
    """Padding: a rule's word, one number, one per axis, or one (begin, end) pair per axis."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        number = {"type": "integer", "minimum": 0}
        pair = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
        sides = {"type": "string", "description": "before+after, such as 0+1 or (k-1)+0"}
        per_axis = {"type": "array", "items": {"anyOf": [number, pair, sides]}, "maxItems": 3}
        return {"anyOf": [{"enum": list(PADDING_RULES)}, number, per_axis]}

    @staticmethod
    def spread(value: Any) -> Any:
        """Give every lone number its pair; leave words and pairs as they are."""
        if isinstance(value, str):
            return value
        sides = value if isinstance(value, (list, tuple)) else (value,)
        return tuple(side if isinstance(side, (list, tuple)) else (side, side) for side in sides)


class Suffixed:
    """A count that may be written with a suffix: 1.2M is 1,200,000. It must be a whole number."""

    SUFFIXES: ClassVar = {"k": 3, "K": 3, "M": 6, "G": 9, "B": 9, "T": 12}

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return prepared(self.read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        text = {"type": "string", "description": "a count such as 1.2M"}
        return {"anyOf": [handler(schema), text]}

    @classmethod
    def read(cls, value: Any) -> Any:
        """The number behind a text; other values are left alone.

        >>> Suffixed.read("1.2M"), Suffixed.read("7k"), Suffixed.read(5)
        (1200000, 7000, 5)
        """
        if not isinstance(value, str) or value[-1:] not in cls.SUFFIXES:
            return value
        whole, _, fraction = value[:-1].replace("_", "").partition(".")
        digits = fraction.rstrip("0")
        zeros = cls.SUFFIXES[value[-1]] - len(digits)
        if not (whole + digits).isdecimal() or zeros < 0:
            raise ValueError(f"'{value}' is not a whole number")
        return int(whole + digits) * 10**zeros


Switch = Annotated[bool, Exact()]
Whole = Annotated[int, Exact()]
Count = Annotated[int, Exact(1)]
Natural = Annotated[int, Exact(0)]
Amount = Annotated[int, Exact(0), Suffixed()]
Text = Annotated[str, Exact()]
Real = Annotated[float, Exact()]
NonNegative = Annotated[float, Exact(0)]
Positive = Annotated[float, Exact(above=0)]
Rate = Annotated[float, Exact(0, below=1)]
OneOrTwo = Annotated[int, Exact(1, below=3)]
PerAxis = Annotated[tuple[Count, ...], Spread()]
NaturalPerAxis = Annotated[tuple[Natural, ...], Spread()]
FactorPerAxis = Annotated[tuple[Positive, ...], Spread()]
Pairs = tuple[tuple[Natural, Natural], ...]
Padding = Annotated[PaddingRule | Pairs, SpreadPairs()]
PaddingPairs = Annotated[Pairs, SpreadPairs()]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
BlockOrder = Literal["crd", "dcr"]  # channels as (map, place in the block) or the other way
BLOCK_ORDERS: Words = {"crd": ("order", "crd"), "dcr": ("order", "dcr")}
BIAS: Words = {"bias": ("bias", True), "nobias": ("bias", False)}
CEIL: Words = {"ceil": ("ceil", True), "floor": ("ceil", False)}
UNIT_LETTERS: Names = {"k": "units"}
UNIT_NAMES: Names = {"out_features": "units"}
INPUT_NAMES: Names = {"in": "inputs", "in_features": "inputs"}
FILTER_NAMES: Names = {"out_channels": "filters"}
CHANNEL_NAMES: Names = {"in": "inputs", "in_channels": "inputs"}
DILATION_NAMES: Names = {"dilation_rate": "dilation"}
POOL_NAMES: Names = {"pool_size": "kernel"}
CEIL_NAMES: Names = {"ceil_mode": "ceil"}


WRONG_INPUT = "wrong-input"  # the code where a layer is written for another input


def spread(values: tuple[int, ...], rank: int, field: str) -> tuple[int, ...]:
    """One value per spatial axis: a single value serves them all.

    Raises UnplacedError for another number of values.

    >>> spread((3,), 2, "kernel"), spread((1, 7), 2, "kernel")
    ((3, 3), (1, 7))
    """
    if len(values) == 1:
        return values * rank
    if len(values) != rank:
        raise wrong_rank(field, len(values), rank)
    return values


def wrong_rank(field: str, given: int, rank: int) -> UnplacedError:
    """A field has a value for each of `given` axes, but the input has `rank` of them."""
    axes = "1 spatial axis" if rank == 1 else f"{rank} spatial axes"
    return UnplacedError(
        "wrong-rank",
        f"{field} has {given} values, but its input has {axes}",
        field=field,
        help="write one number for all axes, such as f3, or one per axis",
    )


def require_axes(shape: Shape) -> None:
    """Raise UnplacedError for a vector, which has no axis to work along.

    >>> from cnncalc.shapes import Shape
    >>> require_axes(Shape(10))
    Traceback (most recent call last):
        ...
    cnncalc.errors.UnplacedError: this layer works on maps; its input is a vector of 10
    """
    if shape.rank == 0:
        raise UnplacedError(
            "no-axes",
            f"this layer works on maps; its input is a vector of {shape.channels}",
            help="reshape it to maps first, such as reshape 4x4x8",
        )


def check_edges(mode: str, size: int, begin: int, end: int, field: str) -> None:
    """Raise UnplacedError where a padding mode would read more of the axis than there is.

    >>> check_edges("reflect", 4, 3, 3, "padding")
    >>> check_edges("reflect", 4, 4, 0, "padding")
    Traceback (most recent call last):
        ...
    cnncalc.errors.UnplacedError: reflect padding (4) needs an input of at least 5, not 4
    """
    needed = {"reflect": max(begin, end) + 1, "circular": max(begin, end)}.get(mode, 0)
    if needed > size and (begin or end):
        raise UnplacedError(
            "padding-too-big",
            f"{mode} padding ({max(begin, end)}) needs an input of at least {needed}, not {size}",
            field=field,
            help="use less padding, or the mode zeros or replicate",
        )


# Divisors are found by trying all numbers up to the square root: of this in a millisecond.
LARGEST_DIVIDED = 10**8


def require_groups(groups: int, channels: int, filters: int | None = None) -> None:
    """Raise UnplacedError where groups does not divide the input channels, or the filters if any.

    >>> require_groups(2, 6, 16)
    >>> require_groups(4, 6, 16)
    Traceback (most recent call last):
        ...
    cnncalc.errors.UnplacedError: groups=4 does not divide the 6 input channels
    """
    if channels % groups:
        raise _bad_groups(groups, f"{channels} input channels", channels, filters)
    if filters is not None and filters % groups:
        raise _bad_groups(groups, f"{filters} filters", channels, filters)


def _bad_groups(groups: int, undivided: str, channels: int, filters: int | None) -> UnplacedError:
    both = f"{channels}" if filters is None else f"{channels} input channels and {filters} filters"
    common = gcd(channels, filters or 0)
    choices = f": {_divisors(common)}" if common <= LARGEST_DIVIDED else ""
    return UnplacedError(
        "groups",
        f"groups={groups} does not divide the {undivided}",
        field="groups",
        help=f"groups must divide {both}{choices}",
    )


def _divisors(number: int) -> str:
    """All divisors in words, smallest first.

    >>> _divisors(12)
    '1, 2, 3, 4, 6 or 12'
    """
    low = [n for n in range(1, isqrt(number) + 1) if number % n == 0]
    *others, last = map(str, sorted({*low, *(number // n for n in low)}))
    return f"{', '.join(others)} or {last}" if others else last


def require_numbers(stated: int | None, shape: Shape, size: int, units: int) -> None:
    """Raise UnplacedError where a layer of units is written for inputs of another size.

    >>> from cnncalc.shapes import Shape
    >>> require_numbers(None, Shape(1568), 1568, 10)
    >>> require_numbers(1050, Shape(1568), 1568, 10)
    Traceback (most recent call last):
        ...
    cnncalc.errors.UnplacedError: the layer is written for 1050 inputs, but 1568 come in
    """
    if stated is None or stated == size:
        return
    rows = shape.size // size
    product = f"shapes cannot be multiplied ({rows}x{size} and {stated}x{units})"
    raise UnplacedError(
        WRONG_INPUT,
        f"the layer is written for {stated} inputs, but {size} come in",
        field="inputs",
        notes=(f"in PyTorch: mat1 and mat2 {product}",),
        help=f"write in={size}, leave 'in' out, or change the layers before",
    )


def require_channels(stated: int | None, shape: Shape) -> None:
    """Raise UnplacedError where a layer is written for maps of another number of channels.

    >>> from cnncalc.shapes import Shape
    >>> require_channels(8, Shape(8, (28, 28)))
    >>> require_channels(16, Shape(8, (28, 28)))
    Traceback (most recent call last):
        ...
    cnncalc.errors.UnplacedError: the layer is written for 16 input channels, but 8 come in
    """
    if stated is None or stated == shape.channels:
        return
    sizes = ", ".join(map(str, (1, shape.channels, *shape.spatial)))
    wanted = f"expected input[{sizes}] to have {stated} channels"
    refusal = f"{wanted}, but got {shape.channels} channels instead"
    raise UnplacedError(
        WRONG_INPUT,
        f"the layer is written for {stated} input channels, but {shape.channels} come in",
        field="inputs",
        notes=(f"in PyTorch: {refusal}",),
        help=f"write in={shape.channels}, leave 'in' out, or change the layers before",
    )


def require_several(count: int) -> None:
    """Raise UnplacedError where a mean would be taken of one number: nothing of it would be left.

    >>> require_several(2)
    >>> require_several(1)
    Traceback (most recent call last):
        ...
    cnncalc.errors.UnplacedError: normalising a single number always gives 0
    """
    if count == 1:
        raise UnplacedError(
            "one-value",
            "normalising a single number always gives 0",
            help="normalise over more positions or channels, e.g. with bn or ln",
        )
