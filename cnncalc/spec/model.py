"""The top level of a spec file, as pydantic validates it.

Inside `layers` and `blocks`, the mapping form of each layer is validated by its own layer type
(`validation.py`) once variables are known. `schema.py` describes all of it for editors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Text = str | int | float
Words = Text | None


@dataclass(frozen=True)
class VariantModel:
    """A named set of variables, input, expectations and budgets."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = {"extra": "forbid"}

    vars: dict[str, Any] | None = None
    input: Any = None
    inputs: dict[str, Any] | None = None
    expect: dict[str, Any] | None = None
    budget: dict[str, Any] | None = None
    description: str | None = None
    source: str | list[str] | None = None
    note: str | None = None


@dataclass(frozen=True)
class SpecModel:
    """A whole spec file. Only the input and the layers are required."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = {"extra": "forbid"}

    layers: list[Any]
    cnncalc: Literal[1] = 1
    name: Text | None = None
    description: str | None = None
    source: str | list[str] | None = None
    year: int | None = None
    license: str | None = None
    notes: str | list[str] | None = None
    input: Any = None
    inputs: dict[str, Any] | None = None
    vars: dict[str, Any] | None = None
    defaults: dict[str, Words] | None = None
    blocks: dict[str, Any] | None = None
    outputs: list[str] | None = None
    variants: dict[str, VariantModel | None] | None = None
    expect: dict[str, Any] | None = None
    budget: dict[str, Any] | None = None
    init: dict[str, Any] | None = None
