"""Values -> YAML on one line, quoted only where they would be read as something else."""

from __future__ import annotations

import re

from cnncalc.spec.scalars import meaning

SAFE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._ -]*[A-Za-z0-9._-])?")
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def flow(value: object) -> str:
    """A value on one line of YAML: plain where that is read back the same, quoted elsewhere.

    >>> flow({"kernel": [3, 3], "bias": False, "note": "a: b"})
    '{kernel: [3, 3], bias: false, note: "a: b"}'
    """
    if isinstance(value, dict):
        return f"{{{', '.join(f'{flow(key)}: {flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(flow, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return _scalar(value) if isinstance(value, str) else repr(value)


def _scalar(text_: str) -> str:
    """Words and names are safe without quotes, unless they would mean a number or a switch."""
    return text_ if SAFE.fullmatch(text_) and _means_itself(text_) else quoted(text_)


def _means_itself(text_: str) -> bool:
    """Whether YAML reads plain text as that text, and not as a number or a switch."""
    try:
        return meaning(text_) == text_
    except OverflowError:  # more digits than a number may have
        return False


def quoted(text_: str) -> str:
    r"""Text in double quotes, with everything escaped that would not be read back as it is.

    >>> print(quoted('say "a\\b"' + chr(9)))
    "say \"a\\b\"\t"
    """
    return f'"{"".join(map(_escaped, text_))}"'


def _escaped(char: str) -> str:
    if char in ESCAPES:
        return ESCAPES[char]
    return char if char.isprintable() else f"\\U{ord(char):08x}"
