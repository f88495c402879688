"""The layer types. The folder is the registry: a file `conv.py` is the layer type `conv`.

A file holds either one Layer class (a layer type) or one line `ALIAS = "conv_transpose"`, which
makes its name another word for that layer type. Files that begin with `_` are shared by layer
types. Layer types are imported by the names a network uses, so a small network loads few of them.
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
def layer_type(name: str) -> type[Layer]:
    """The layer class behind a type name or an alias of it.

    Raises KeyError for a word that names no layer.

    >>> layer_type("upconv") is layer_type("conv_transpose")
    True
    """
    from cnncalc.layers._base import Layer

    if name not in names():
        raise KeyError(name)
    module = import_module(f"{__name__}.{name}")
    alias = getattr(module, "ALIAS", None)
    if alias is not None:
        return layer_type(alias)
    here = module.__name__
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Layer) and value.__module__ == here:
            return value
    raise KeyError(name)


def layer_types() -> dict[str, type[Layer]]:
    """Every layer type by its own name, without aliases, in alphabetical order.

    >>> "deconv" in layer_types(), "conv_transpose" in layer_types()
    (False, True)
    """
    return {name: layer_type(name) for name in sorted(names()) if layer_type(name).type == name}


def aliases() -> dict[str, str]:
    """Other words for a layer type, each with the layer type's own name.

    >>> aliases()["pool"]
    'maxpool'
    """
    return {
        name: layer_type(name).type for name in sorted(names()) if layer_type(name).type != name
    }
