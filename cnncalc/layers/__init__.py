"""The layer types. The folder is the registry: a file `conv.py` is the layer type `conv`.

Each file holds one Layer class. Files that begin with `_` hold what layer types share. A layer
type is imported when a network uses it, so a small network loads few of them.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from os import listdir
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.layers._base import Layer

# Other words for a layer type. They stand here because every spec asks which words are layers:
# as class attributes they would be known only once all layer types were imported.
ALIASES = {"deconv": "conv_transpose", "pool": "maxpool", "upconv": "conv_transpose"}

# Types that came when specs had long used such words as names of layers and blocks. There they
# still are: `attention: conv 1 1x1` is a layer by that name, and a block `scale` is that block.
LATER = frozenset(
    {
        "attention", "blur", "custom", "embedding", "glu", "grn", "gru", "lstm", "matmul", "min",
        "permute", "reduce", "rnn", "scale",
    }
)  # fmt: skip


@cache
def names() -> frozenset[str]:
    """Every word that names a layer type, aliases included.

    >>> {"conv", "deconv", "relu"} <= names()
    True
    """
    return frozenset({*_files(), *ALIASES})


def _files() -> list[str]:
    """The layer types by the names of their files, in alphabetical order."""
    files = listdir(__path__[0])  # noqa: PTH208 - pathlib takes long to import
    return sorted(
        file.removesuffix(".py")
        for file in files
        if file.endswith(".py") and not file.startswith("_")
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
    module = import_module(f"{__name__}.{ALIASES.get(name, name)}")
    for value in vars(module).values():
        if (
            isinstance(value, type)
            and issubclass(value, Layer)
            and value.__module__ == module.__name__
        ):
            return value
    raise KeyError(name)


def layer_types() -> dict[str, type[Layer]]:
    """Every layer type by its own name, without aliases, in alphabetical order.

    >>> "deconv" in layer_types(), "conv_transpose" in layer_types()
    (False, True)
    """
    return {name: layer_type(name) for name in _files()}
