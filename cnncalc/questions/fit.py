"""Sizes, paddings and output paddings with which a window fits its input exactly.

Pure functions of one `Window` on one axis; the letters are those of the cs231n notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import Diagnostic, UnplacedError
from cnncalc.shapes import POSITION_WORDS
from cnncalc.window import transposed_count

if TYPE_CHECKING:
    from cnncalc.window import Window

# The edge behind the last window, by the letter of the axis.
EDGES = {"l": "end", "d": "far edge", "h": "bottom edge", "w": "right edge"}


class ExactFit(NamedTuple):
    """A size or padding that leaves no remainder, and the output size it gives."""

    value: int
    gives: int


def nearest_sizes(window: Window, size: int) -> tuple[ExactFit, ...]:
    """The nearest sizes below and above for which (W - F + 2P)/S has no remainder.

    Only the size itself where it fits already.

    Raises:
        UnplacedError: where the window is larger than the input.

    >>> from cnncalc.window import Window
    >>> nearest_sizes(Window(11, stride=4), 224)
    (ExactFit(value=223, gives=54), ExactFit(value=227, gives=55))
    """
    window = window._replace(ceil=False)
    window.count(size)
    over = window.slack(size) % window.stride
    sizes = (size - over, size - over + window.stride) if over else (size,)
    return tuple(ExactFit(fitting, window.count(fitting)) for fitting in sizes if fitting > 0)


def nearest_padding(window: Window, size: int, most: int | None = None) -> ExactFit | None:
    """The padding nearest to the window's, equal on both sides, that leaves no remainder.

    None where there is none, since 2P changes W - F + 2P by even numbers only. `most` is the
    largest padding allowed. Of two equally near paddings the smaller is returned.

    >>> from cnncalc.window import Window
    >>> nearest_padding(Window(5, stride=3), 32), nearest_padding(Window(11, stride=4), 224)
    (ExactFit(value=0, gives=10), None)
    >>> nearest_padding(Window(3, stride=3, begin=1, end=1), 32)
    ExactFit(value=2, gives=12)
    """
    now = (window.begin + window.end) // 2
    missing = window.extent - size  # P fits where 2P = missing + n·S for a whole n from 0
    step = window.stride
    if step % 2:
        first = missing * ((step + 1) // 2) % step  # (S + 1)/2 is the inverse of 2 modulo S
    elif missing % 2:
        return None
    else:
        step //= 2
        first = missing // 2 % step
    least = max(0, -(-missing // 2))
    above = max(now, least)
    around = (now - (now - first) % step, above + (first - above) % step)
    fitting = [p for p in around if p >= least and (most is None or p <= most)]
    if not fitting:
        return None
    best = min(fitting, key=lambda p: (abs(p - now), p))
    return ExactFit(best, window._replace(begin=best, end=best).count(size))


def note(
    axis: str, window: Window, size: int, most_padding: int | None = None
) -> Diagnostic | None:
    """A note about input behind the last window, with sizes and paddings that would fit.

    None where the whole input is read, even if some padding is not.

    `axis` is the letter l, d, h or w; `most_padding` the largest padding the layer allows.

    >>> from cnncalc.window import Window
    >>> unread = note("w", Window(11, stride=4), 224)
    >>> unread.message
    'stride 4 does not divide W - F + 2P = 213; 1 column at the right edge is never read'
    >>> unread.help
    'W = 223 or 227 fits exactly (223 gives 54, 227 gives 55); no padding makes 224 fit (the same on both sides)'
    """  # noqa: E501 - the help as it is printed
    unread = window.unused(size)
    if not unread:
        return None
    letter = axis.upper()
    padding = "2P" if window.begin == window.end else "P₁ + P₂"
    extent = "F" if window.dilation == 1 else "(d(F - 1) + 1)"
    slack = f"{letter} - {extent} + {padding} = {window.slack(size)}"
    message = f"stride {window.stride} does not divide {slack}; {_unread(axis, unread)}"
    help_ = f"{_sizes(letter, window, size)}; {_padding(window, size, most_padding)}"
    return Diagnostic("note", "fit", message, help=help_)


def _unread(axis: str, unread: int) -> str:
    """How much of the input is not read, and at which edge."""
    word = POSITION_WORDS[axis][unread > 1]
    return f"{unread} {word} at the {EDGES[axis]} {'is' if unread == 1 else 'are'} never read"


def _sizes(letter: str, window: Window, size: int) -> str:
    fitting = nearest_sizes(window, size)
    values = " or ".join(str(even.value) for even in fitting)
    gives = ", ".join(f"{even.value} gives {even.gives}" for even in fitting)
    return f"{letter} = {values} fits exactly ({gives})"


def _padding(window: Window, size: int, most: int | None) -> str:
    even = nearest_padding(window, size, most)
    if even is None:
        return f"no padding makes {size} fit (the same on both sides)"
    return f"P = {even.value} makes {size} fit ({even.gives})"


def output_padding(window: Window, size: int, out: int) -> int:
    """The output padding with which a transposed convolution gives `out` on one axis.

    Raises:
        UnplacedError: where there is none; the message names the sizes that are possible.

    >>> from cnncalc.window import Window
    >>> output_padding(Window(3, stride=2, begin=1, end=1), 12, 24)
    1
    >>> output_padding(Window(3, stride=2, begin=1, end=1), 12, 25)
    Traceback (most recent call last):
        ...
    cnncalc.errors.UnplacedError: no output padding gives 25: it can be 0 to 1, which give 23 to 24
    """
    most = max(window.stride, window.dilation) - 1
    largest = transposed_count(size, window, most)
    least = max(0, most - largest + 1)
    smallest = largest - most + least
    if smallest <= out <= largest:
        return out - smallest + least
    choices = f"it can be {least} to {most}, which give {smallest} to {largest}"
    can = choices if least < most else f"it can only be {most}, which gives {largest}"
    raise UnplacedError(
        "output-padding", f"no output padding gives {out}: {can}", field="output_padding"
    )
