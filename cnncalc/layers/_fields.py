"""The kinds of value a layer type's field may hold, declared once for pydantic.

A layer type is a frozen dataclass whose annotations carry these markers. Pydantic reads them to
validate a layer and to write the JSON Schema; nothing here imports it, because the one-layer
commands build layer types directly and must start fast.

A field with one value per spatial axis is a tuple; a tuple of length one means "the same on
every axis", whatever the rank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from cnncalc.window import PADDING_RULES, PaddingRule

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


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
        from pydantic_core import core_schema

        inner: Any = handler(source)
        if inner["type"] == "tuple":
            inner = {**inner, "min_length": 1}
        return core_schema.no_info_before_validator_function(self.spread, inner)

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


Switch = Annotated[bool, Exact()]
Whole = Annotated[int, Exact()]
Count = Annotated[int, Exact(1)]
Natural = Annotated[int, Exact(0)]
Real = Annotated[float, Exact()]
NonNegative = Annotated[float, Exact(0)]
Positive = Annotated[float, Exact(above=0)]
Rate = Annotated[float, Exact(0, below=1)]
PerAxis = Annotated[tuple[Count, ...], Spread()]
NaturalPerAxis = Annotated[tuple[Natural, ...], Spread()]
FactorPerAxis = Annotated[tuple[Positive, ...], Spread()]
Pairs = tuple[tuple[Natural, Natural], ...]
Padding = Annotated[PaddingRule | Pairs, SpreadPairs()]
PaddingPairs = Annotated[Pairs, SpreadPairs()]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
