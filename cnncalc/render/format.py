"""How numbers, units and aligned text are written, the same in all formats."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

from cnncalc.errors import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from fractions import Fraction

    from cnncalc.render.choice import Units

SUFFIXES = ("", "k", "M", "G", "T", "P", "E", "Z", "Y", "R", "Q")
ASCII = str.maketrans(
    {
        "×": "x", "·": "*", "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")", "≥": ">=", "−": "-",
        "→": "->", "…": "...", "₁": "1", "₂": "2", "Φ": "Phi", "─": "-", "━": "-", "│": "|",
    }
)  # fmt: skip

# A note on every answer about what one neuron sees, where a gate lies on its way.
GATED = "a gate on the way scales by a global pool of the whole map, which is not counted here"


# What controls a terminal or rearranges a line instead of being shown: control characters
# (C0, DEL, C1), line and paragraph separators, the overrides and isolates of bidirectional text;
# and halves of surrogate pairs, which are no characters. The patterns are compiled when a text has
# something of the kind, since that takes a millisecond.
OTHERS = "\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
CONTROL = f"[\x00-\x1f{OTHERS}]"
COLOR = r"\x1b\[[0-9;]*m"  # as rich and the diagnostics write it
# What GitHub Actions obeys in a log: a line that begins with ::, or ##[ anywhere.
COMMAND = re.compile(rf"(?m)^((?:[^\S\n]|{COLOR})*):(?=:)|#(?=#\[)")
# All but line ends of text and of CSV (CR LF) and the tabs of TSV. What may follow is asked behind
# the character: a pattern that begins with a set is searched for ten times as fast.
STRAY = rf"[\x00-\x08\x0b-\x1f{OTHERS}](?<!\r(?=\n))"
REPLACEMENT = "\ufffd"


def printable(text: str) -> str:
    r"""A name, note, label or path made safe to print inside a line: controls become U+FFFD.

    All text that comes from a spec or a file passes through here on its way into a line, so
    that it can neither control a terminal nor start a new line.

    >>> printable("conv\x1b[31m"), printable("a\n::error::b")
    ('conv�[31m', 'a�::error::b')
    """
    if text.isprintable():  # then it holds none of them, nor of what else Unicode has no sign for
        return text
    return re.sub(CONTROL, REPLACEMENT, text)


def without_commands(text: str) -> str:
    r"""Output in which no line is a GitHub Actions command, whatever a network is called.

    >>> without_commands("::error::net\n  ::debug::a::b\n##[group]")
    '�:error::net\n  �:debug::a::b\n�#[group]'
    """
    if "::" not in text and "##[" not in text:  # as nearly always; found much faster than a line
        return text
    return COMMAND.sub(rf"\1{REPLACEMENT}", text)


def without_controls(text: str, *, colors: bool = False) -> str:
    r"""Output whose only control characters are line ends, tabs and, if allowed, colours.

    >>> without_controls("a\tb\x9b\n"), without_controls("\x1b[1mbold\x1b[0m\x1b[2J", colors=True)
    ('a\tb�\n', '\x1b[1mbold\x1b[0m�[2J')
    """
    if text.replace("\n", "").isprintable():
        return text
    pattern = rf"{STRAY}(?<!\x1b(?=\[[0-9;]*m))" if colors else STRAY
    return re.sub(pattern, REPLACEMENT, text)


def to_ascii(text: str) -> str:
    """Text in ASCII: the project's own signs are spelled out, every other character becomes `?`.

    >>> to_ascii("⌊(32 - 5)/2⌋ + 1, 14×14×6, façade")
    'floor((32 - 5)/2) + 1, 14x14x6, fa?ade'
    """
    return text if text.isascii() else text.translate(ASCII).encode("ascii", "replace").decode()


def grouped(number: int) -> str:
    """A whole number with thousands separators.

    >>> grouped(61706)
    '61,706'
    """
    return f"{number:,}"


def si(number: int) -> str:
    """A whole number to three digits with a decimal prefix; exact below a thousand.

    >>> si(4089184256), si(61706), si(999), si(999999)
    ('4.09 G', '61.7 k', '999', '1.00 M')
    """
    if number < 1000:  # noqa: PLR2004 - the first prefix
        return str(number)
    drop = len(str(number)) - 3
    digits = str((number + 10**drop // 2) // 10**drop)
    exponent = drop + len(digits) - 1
    if exponent // 3 >= len(SUFFIXES):
        return grouped(number)
    point = exponent % 3 + 1
    fraction = f".{digits[point:3]}" if digits[point:3] else ""
    return f"{digits[:point]}{fraction} {SUFFIXES[exponent // 3]}"


def count_text(number: int, units: Units | None) -> str:
    """A count in full, or with a prefix if `units` is "si".

    >>> count_text(61706, "exact"), count_text(61706, None), count_text(61706, "si")
    ('61,706', '61,706', '61.7 k')
    """
    return si(number) if units == "si" else grouped(number)


def work_text(number: int, unit: str, units: Units | None) -> str:
    """An amount of work, with a prefix from a million on unless `units` is "exact".

    >>> [work_text(4089184256, "FLOPs", units) for units in ("exact", None, "si")]
    ['4,089,184,256 FLOPs', '4.09 GFLOPs', '4.09 GFLOPs']
    """
    if units == "exact":
        return f"{grouped(number)} {unit}"
    return with_unit(number, unit)


def with_unit(number: int, unit: str) -> str:
    """A count and its unit, with a prefix from a million on.

    >>> with_unit(8178368512, "FLOPs"), with_unit(833040, "FLOPs")
    ('8.18 GFLOPs', '833,040 FLOPs')
    """
    text = grouped(number) if number < 10**6 else si(number)
    return f"{text} {unit}" if text[-1].isdecimal() else f"{text}{unit}"


def bytes_text(number: int, units: Units | None = None) -> str:
    """Bytes in decimal and binary units, or in full if `units` is "exact".

    >>> bytes_text(102228128), bytes_text(840), bytes_text(102228128, "exact")
    ('102 MB (97.5 MiB)', '840 bytes', '102,228,128 bytes')
    """
    if number < 1000 or units == "exact":  # noqa: PLR2004 - the first prefix
        return counted(number, "byte")
    return f"{with_unit(number, 'B') if number >= 10**6 else f'{si(number)}B'} ({binary(number)}B)"


def binary(number: int) -> str:
    """A whole number to about three digits with a prefix in powers of 1024.

    >>> binary(1048576), binary(1000)
    ('1.00 Mi', '1000 ')
    """
    power = max(0, number.bit_length() - 1) // 10
    if power == 0 or power >= len(SUFFIXES):
        return f"{number} "
    hundredths = (number * 100 + 1024**power // 2) // 1024**power
    decimals = 2 if hundredths < 10**3 else 1 if hundredths < 10**4 else 0
    return f"{hundredths / 100:.{decimals}f} {SUFFIXES[power].upper()}i"


def decimal(value: int | Fraction) -> str:
    """A number with up to three decimals; an ellipsis where more would follow.

    >>> from fractions import Fraction
    >>> decimal(Fraction(213, 4)), decimal(Fraction(-1, 3)), decimal(1600)
    ('53.25', '-0.333…', '1,600')
    """
    if value < 0:
        return f"-{decimal(-value)}"
    whole, rest = divmod(value, 1)
    if not rest:
        return f"{whole:,}"
    thousandths, more = divmod(rest * 1000, 1)
    digits = f"{thousandths:03d}"
    return f"{whole:,}.{digits}…" if more else f"{whole:,}.{digits.rstrip('0')}"


def number(value: float | None) -> str:
    """A real number to six digits.

    >>> number(0.1), number(-1234567.0), number(None)
    ('0.1', '-1.23457e+06', '')
    """
    return "" if value is None else f"{value + 0.0:.6g}"  # -0 is 0


def duration(seconds: float) -> str:
    """A time in milliseconds, seconds or minutes.

    >>> duration(0.00003), duration(0.00123), duration(2.5), duration(180)
    ('0.03 ms', '1.2 ms', '2.5 s', '3.0 min')
    """
    if seconds < 1:
        return f"{1000 * seconds:.{1 if seconds >= 0.001 else 2}f} ms"  # noqa: PLR2004
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"  # noqa: PLR2004


def text_grid(texts: Sequence[str], sizes: tuple[int, ...]) -> Iterator[str]:
    """Texts in rows of aligned columns, with an empty line between planes of three axes.

    >>> list(text_grid(["1", "2.5", "-3", "4"], (2, 2)))
    [' 1  2.5', '-3    4']
    """
    across = sizes[-1] if sizes else len(texts)
    rows = [texts[at : at + across] for at in range(0, len(texts), across)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for index, row in enumerate(rows):
        if index and len(sizes) > 2 and index % sizes[-2] == 0:  # noqa: PLR2004 - more than a plane
            yield ""
        yield "  ".join(f"{text:>{width}}" for text, width in zip(row, widths, strict=True))


def per_axis(values: Sequence[object], times: str = "×") -> str:
    """One value when all axes agree, otherwise one per axis.

    >>> per_axis([2, 2]), per_axis([1, 2])
    ('2', '1×2')
    """
    texts = [str(value) for value in values]
    return texts[0] if texts and len(set(texts)) == 1 else times.join(texts)


def setting_text(value: object, times: str = "×") -> str:
    """A layer's setting: one value where all axes agree; a+b where the two sides of one differ.

    >>> setting_text(3), setting_text([2, 2]), setting_text([[0, 1], [1, 1]])
    ('3', '2', '0+1×1')
    """
    if not isinstance(value, (list, tuple)):
        return str(value)
    sides = [per_axis(item, "+") if isinstance(item, (list, tuple)) else item for item in value]
    return per_axis(sides, times)


def display_width(text: str) -> int:
    """Columns that a text takes on a terminal: wide characters two, combining marks none.

    >>> display_width("5×5"), display_width("畳み込み")
    (3, 8)
    """
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    return 0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1


def pad(text: str, width: int, right: bool) -> str:
    """A text padded with spaces to a width, aligned right or left.

    >>> pad("6", 3, right=True), pad("6", 3, right=False)
    ('  6', '6  ')
    """
    text = printable(text)
    space = " " * (width - display_width(text))
    return space + text if right else text + space


def joined(lines: Iterable[str], *, ascii_only: bool = False) -> str:
    """Lines as text, each with its newline."""
    text = "".join(f"{line}\n" for line in lines)
    return to_ascii(text) if ascii_only else text


def labelled(
    pairs: Iterable[tuple[str, str]],
    *,
    indent: str = "",
    gap: int = 3,
    paint: Callable[[str], str] = str,
) -> list[str]:
    """A line per label and text; the texts begin below each other. `paint` colours the labels.

    >>> labelled([("params", "156"), ("MACs", "117,600")])
    ['params   156', 'MACs     117,600']
    """
    pairs = list(pairs)
    width = max((display_width(label) for label, _ in pairs), default=0) + gap
    labels = [paint(pad(label, width, right=False)) for label, _ in pairs]
    return [f"{indent}{label}{text}" for label, (_, text) in zip(labels, pairs, strict=True)]
