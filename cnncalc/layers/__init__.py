"""The layer rooms. The folder is the registry: a file `conv.py` is the layer type `conv`.

A file holds either one Layer class (a room) or one line `ALIAS = "conv_transpose"`, which
makes its name another word for that room. Files that begin with `_` are shared by rooms.
Rooms are imported by the names a network uses, so a small network loads few of them.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.layers._base import Layer


@cache
def names() -> frozenset[str]:
    """Every word that names a layer type, aliases included.

    >>> {"conv", "deconv", "relu"} <= names()
    True
    """
    files = Path(__file__).parent.iterdir()
    return frozenset(
        path.stem for path in files if path.suffix == ".py" and not path.stem.startswith("_")
    )


@cache
def room(name: str) -> type[Layer]:
    """The layer class behind a type name or an alias of it.

    Raises KeyError for a word that names no layer.

    >>> room("upconv") is room("conv_transpose")
    True
    """
    from cnncalc.layers._base import Layer

    if name not in names():
        raise KeyError(name)
    module = import_module(f"{__name__}.{name}")
    alias = getattr(module, "ALIAS", None)
    if alias is not None:
        return room(alias)
    here = module.__name__
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Layer) and value.__module__ == here:
            return value
    raise KeyError(name)


def rooms() -> dict[str, type[Layer]]:
    """Every room by its own name, without aliases, in alphabetical order.

    >>> "deconv" in rooms(), "conv_transpose" in rooms()
    (False, True)
    """
    return {name: room(name) for name in sorted(names()) if room(name).type == name}


def aliases() -> dict[str, str]:
    """Other words for a room, each with the room's own name.

    >>> aliases()["pool"]
    'maxpool'
    """
    return {name: room(name).type for name in sorted(names()) if room(name).type != name}
