"""A repr that fits on a screen, for the results that hold thousands of values."""

from __future__ import annotations

from reprlib import Repr
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    class NamedValue(Protocol):
        """A named tuple."""

        @property
        def _fields(self) -> tuple[str, ...]: ...


WIDTH = 190  # characters, the dots not counted

_REPR = Repr()
_REPR.maxlevel, _REPR.maxtuple, _REPR.maxlist, _REPR.maxdict, _REPR.maxother = 2, 4, 4, 3, 60
_REPR.maxstring = 60


def brief(value: NamedValue) -> str:
    """The repr of a named tuple, cut where it gets long: at most 200 characters.

    >>> from typing import NamedTuple
    >>> class Sizes(NamedTuple):
    ...     name: str
    ...     tried: tuple[int, ...]
    >>> brief(Sizes("unet", tuple(range(1000))))
    "Sizes(name='unet', tried=(0, 1, 2, 3, ...))"
    """
    parts = (f"{name}={_REPR.repr(getattr(value, name))}" for name in value._fields)
    text = ", ".join(parts)
    if len(text) > WIDTH - len(type(value).__name__):
        text = f"{text[: WIDTH - len(type(value).__name__)]} ..."
    return f"{type(value).__name__}({text})"
