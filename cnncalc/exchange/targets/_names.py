"""Names of a network as names of Python: nothing of a spec becomes code by accident."""

from __future__ import annotations

import builtins
import keyword
import re


def identifier(text: str, *, otherwise: str = "x") -> str:
    """A text as a Python name, of ASCII letters, digits and underscores.

    >>> identifier("conv-1"), identifier("class"), identifier('x"; y')
    ('conv_1', 'class_', 'x_y')
    """
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_") or otherwise
    if name[0].isdigit():
        name = f"{otherwise}{name}"
    reserved = keyword.iskeyword(name) or keyword.issoftkeyword(name)
    return f"{name}_" if reserved or hasattr(builtins, name) else name


def class_name(text: str) -> str:
    """A text as the name of a class.

    >>> class_name("U-Net (2015, unpadded)"), class_name("lenet5"), class_name("3d")
    ('UNet2015Unpadded', 'Lenet5', 'Net3d')
    """
    words = re.findall(r"[A-Za-z0-9]+", text)
    name = "".join(word[0].upper() + word[1:] for word in words) or "Net"
    return identifier(name if name[0].isalpha() else f"Net{name}")


def unused(name: str, taken: set[str]) -> str:
    """The name, with a number added where it is taken; it is then taken too."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}{number}" if not name[-1].isdigit() else f"{name}_{number}"
    taken.add(found)
    return found


def docstring(text: str) -> str:
    r"""A text on one line as it may stand between three quotes.

    >>> print(docstring('say "a"'))
    say \"a\"
    """
    return "".join(map(_harmless, text))


def _harmless(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else repr(char)[1:-1]
