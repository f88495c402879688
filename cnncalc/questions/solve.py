"""Find every window setting that gives a required output size, the most usual first.

Whatever is not given is searched: filters of 1 to 11 and of the width of the stride; strides of 1
to 32, or 1 to 4 where the width is not given or the convolution is transposed; padding from 0 to
half the filter, equal on both sides or with one zero more at the end; every width. Dilation is 1
unless given.

The order compares, one after the other: nothing unread before rounding down; no positions skipped
between windows; equal padding on both sides; no output padding; small strides and dilations; odd
filters from 3 to 7, then 1, 9 and 11, then others (transposed: first filters that the stride
divides); widths that can be halved often; no padding, then padding that keeps the size, then the
fewest zeros; small widths; zeros at the end rather than at the beginning.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.brief import brief
from cnncalc.errors import UnplacedError, failure
from cnncalc.window import (
    PADDING_RULES,
    Window,
    padding_by_rule,
    transposed_count,
    transposed_padding,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FILTERS = range(1, 12)
STRIDES, FEW_STRIDES = range(1, 33), range(1, 5)
MOST_TRIED = 50_000  # settings, which take less than a second
HALVINGS = 5  # halving a width more often than this makes it no more usual
ODD_FIRST = (3, 5, 7, 1, 9, 11)

Padding = int | tuple[int, int] | str


class WindowSetting(NamedTuple):
    """A window on one axis, the size it slides over, the output, and how much is unread."""

    w: int
    f: int
    s: int = 1
    begin: int = 0
    end: int = 0
    dilation: int = 1
    output_padding: int = 0
    gives: int = 0
    unread: int = 0

    @property
    def window(self) -> Window:
        """The window of this setting."""
        return Window(self.f, self.s, self.begin, self.end, self.dilation)

    @property
    def exact(self) -> bool:
        """Whether the division has no remainder, so that the last window ends with the input."""
        return self.unread == 0

    @property
    def skipped(self) -> int:
        """Positions between two windows that neither reads."""
        return max(0, self.s - self.window.extent)


class SolveRequest(NamedTuple):
    """The required output, and the values to try for each letter; None is searched."""

    out: int
    w: tuple[int, ...] | None = None
    f: tuple[int, ...] | None = None
    s: tuple[int, ...] | None = None
    p: tuple[Padding, ...] | None = None
    dilation: tuple[int, ...] = (1,)
    transposed: bool = False
    output_padding: tuple[int, ...] | None = None


class SolveResult(NamedTuple):
    """Every setting that gives the required output; if there is none, the nearest ones."""

    asked: SolveRequest
    settings: tuple[WindowSetting, ...]
    nearest: tuple[WindowSetting, ...] = ()

    def __repr__(self) -> str:
        """The fields, cut where they get long."""
        return brief(self)

    @property
    def exact(self) -> tuple[WindowSetting, ...]:
        """The settings that leave nothing unread."""
        return tuple(setting for setting in self.settings if setting.exact)

    @property
    def floored(self) -> tuple[WindowSetting, ...]:
        """The settings that leave something unread."""
        return tuple(setting for setting in self.settings if not setting.exact)


def solve(  # noqa: PLR0913 - one parameter per letter of the formula
    out: int,
    *,
    w: int | Iterable[int] | None = None,
    f: int | Iterable[int] | None = None,
    s: int | Iterable[int] | None = None,
    p: Padding | Iterable[Padding] | None = None,
    dilation: int | Iterable[int] = 1,
    transposed: bool = False,
    output_padding: int | Iterable[int] | None = None,
) -> SolveResult:
    """The settings of one axis that give `out`; what is None is searched.

    A padding is a number, a pair (before, after), or a rule such as "same". With `transposed` the
    window enlarges its input, and output padding below the stride or dilation is searched too.

    Raises:
        CnncalcError: "too-many" where more than 50,000 settings would have to be tried.
        UnplacedError: for an unknown padding rule, and for one that sets a given output padding.

    >>> first, *_ = solve(55, f=11, s=4).settings
    >>> first.w, first.begin, first.exact
    (227, 0, True)
    >>> solve(31, w=32, f=5, s=1, p=[0, 1]).nearest[0].gives
    30
    """
    asked = SolveRequest(
        out, several(w), several(f), several(s),
        (p,) if isinstance(p, tuple) else several(p),
        several(dilation) or (1,), transposed, several(output_padding),
    )  # fmt: skip
    return answer(asked)


def several(values: object) -> tuple[int, ...] | None:
    """The values of a letter to try: one, several, or None for all.

    >>> several(3), several([3, 5]), several(None)
    ((3,), (3, 5), None)
    """
    if values is None:
        return None
    if isinstance(values, (int, str)):
        return (values,)  # type: ignore[return-value]  # a rule stands for a padding
    return tuple(values)  # type: ignore[arg-type]


def answer(asked: SolveRequest) -> SolveResult:
    """As `solve`, for a request."""
    tried = _tried(asked, _widths_for)
    fitting = {setting for setting in tried if setting.gives == asked.out}
    settings = tuple(sorted(fitting, key=_unusualness(asked)))
    return SolveResult(asked, settings, () if settings else _nearest(asked))


def _nearest(asked: SolveRequest) -> tuple[WindowSetting, ...]:
    """The most usual setting that gives the next smaller output, and the next larger."""
    tried = set(_tried(asked, _smallest_width))
    below = max((setting.gives for setting in tried if setting.gives < asked.out), default=None)
    above = min((setting.gives for setting in tried if setting.gives > asked.out), default=None)
    outputs = [size for size in (below, above) if size is not None]
    # Only these are ranked: there can be tens of thousands of settings, and ranking costs most.
    usual = _unusualness(asked)
    return tuple(min((one for one in tried if one.gives == out), key=usual) for out in outputs)


def _tried(
    asked: SolveRequest, widths: Callable[[SolveRequest, WindowSetting, Padding], Iterable[int]]
) -> Iterator[WindowSetting]:
    """Every setting within the ranges that works, with the output it gives.

    Raises CnncalcError ("too-many") once more than MOST_TRIED have been tried.
    """
    tried = 0
    for setting, padding in _choices(asked):
        for w in widths(asked, setting, padding):
            tried += 1
            if tried > MOST_TRIED:
                raise failure(
                    "too-many",
                    f"there are more than {MOST_TRIED:,} settings to try",
                    help="give the width, the filter, the stride or the padding",
                    exit_code=2,
                )
            sized = setting._replace(w=w)
            if isinstance(padding, str):
                begin, end = padding_by_rule(padding, w, sized.f, sized.s, sized.dilation)
                sized = sized._replace(begin=begin, end=end)
            counted = _counted(sized, transposed=asked.transposed)
            if counted is not None:
                yield counted


def _choices(asked: SolveRequest) -> Iterator[tuple[WindowSetting, Padding]]:
    """Every combination without its width; a padding rule becomes zeros once that is known."""
    # An open width multiplies the search, so that fewer strides are tried.
    strides = asked.s or (STRIDES if asked.w and not asked.transposed else FEW_STRIDES)
    for s, dilation in product(strides, asked.dilation):
        for f in asked.f or sorted({*FILTERS, s}):
            plain = WindowSetting(0, f, s, dilation=dilation)
            for padding in asked.p or _paddings(plain.window):
                if asked.transposed and isinstance(padding, str):
                    choice = _by_transposed_rule(asked, plain, padding)
                    yield choice, (choice.begin, choice.end)
                    continue
                sides = _sides(padding)
                for extra in _extras(asked, plain):
                    choice = plain._replace(begin=sides[0], end=sides[1], output_padding=extra)
                    yield choice, padding


def _paddings(window: Window) -> Iterator[tuple[int, int]]:
    """From none to half of what the filter spans, also with one zero more at the end."""
    half = window.extent // 2
    return ((p, end) for p in range(half + 1) for end in (p, p + 1) if end <= half)


def _sides(padding: Padding) -> tuple[int, int]:
    """Zeros before and after; 0 for a rule, whose zeros depend on the width."""
    if isinstance(padding, str):
        if padding not in PADDING_RULES:
            message = f"'{padding}' is not one of {', '.join(PADDING_RULES)}"
            raise UnplacedError("padding-rule", message, field="padding")
        return 0, 0
    return (padding, padding) if isinstance(padding, int) else padding


def _by_transposed_rule(asked: SolveRequest, plain: WindowSetting, rule: str) -> WindowSetting:
    """The setting with the padding and output padding of a rule. Raises UnplacedError."""
    begin, end, extra = transposed_padding(rule, plain.f, plain.s, plain.dilation)
    if asked.output_padding:
        message = f"'{rule}' sets the output padding itself"
        raise UnplacedError("output-padding", message, field="output_padding")
    return plain._replace(begin=begin, end=end, output_padding=extra)


def _extras(asked: SolveRequest, setting: WindowSetting) -> Iterable[int]:
    """The output paddings to try."""
    if not asked.transposed:
        return (0,)
    return asked.output_padding or range(max(setting.s, setting.dilation))


def _widths_for(asked: SolveRequest, setting: WindowSetting, padding: Padding) -> Iterable[int]:
    """The widths to try: the given ones, or all that can give the output."""
    if asked.w is not None:
        return asked.w
    window, out = setting.window, asked.out
    if asked.transposed:
        return _transposed_widths(asked, setting, padding)
    if padding == "same":
        return range((out - 1) * window.stride + 1, out * window.stride + 1)
    begin, end = _of_rule(setting, padding)
    # floor((W - F + 2P)/S) + 1 = out holds for exactly S consecutive widths.
    first = (out - 1) * window.stride + window.extent - begin - end
    return range(max(1, first), first + window.stride)


def _transposed_widths(
    asked: SolveRequest, setting: WindowSetting, padding: Padding
) -> Iterable[int]:
    begin, end = _of_rule(setting, padding)
    left = asked.out + begin + end - setting.window.extent - setting.output_padding
    return [] if left < 0 or left % setting.s else [left // setting.s + 1]


def _of_rule(setting: WindowSetting, padding: Padding) -> tuple[int, int]:
    """The zeros of a padding, where they do not depend on the width."""
    if isinstance(padding, str):
        return padding_by_rule(padding, 1, setting.f, setting.s, setting.dilation)
    return setting.begin, setting.end


def _smallest_width(asked: SolveRequest, setting: WindowSetting, padding: Padding) -> Iterable[int]:
    """The given widths, or two next to the one that would be needed."""
    if asked.w is not None:
        return asked.w
    begin, end = _of_rule(setting, padding)
    size = asked.out + begin + end - setting.window.extent - setting.output_padding
    near = size // setting.s + 1 if asked.transposed else 1
    return range(max(1, near), max(1, near) + 2)


def _counted(setting: WindowSetting, *, transposed: bool) -> WindowSetting | None:
    """The setting with its output and unread input, or None where no window fits."""
    window = setting.window
    try:
        if transposed:
            gives = transposed_count(setting.w, window, setting.output_padding)
            return setting._replace(gives=gives)
        return setting._replace(gives=window.count(setting.w), unread=window.leftover(setting.w))
    except UnplacedError:
        return None


def _unusualness(asked: SolveRequest) -> Callable[[WindowSetting], tuple[int, ...]]:
    """A sort key by which usual settings come first; the module docstring has the order."""

    def key(setting: WindowSetting) -> tuple[int, ...]:
        w, begin, end = setting.w, setting.begin, setting.end
        halvings = min(HALVINGS, (w & -w).bit_length() - 1)  # w & -w: the largest power of 2 in w
        filter_ = _filter_rank(setting, transposed=asked.transposed)
        return (
            not setting.exact, setting.skipped > 0, begin != end, setting.output_padding,
            setting.s, setting.dilation, *filter_, -halvings, _padding_rank(setting),
            begin + end, w, begin,
        )  # fmt: skip

    return key


def _filter_rank(setting: WindowSetting, *, transposed: bool) -> tuple[int, int]:
    """Odd filters first; transposed, those that the stride divides (no checkerboard pattern)."""
    f = setting.f
    if transposed and setting.s > 1:
        return int(f % setting.s != 0), f
    return (0, ODD_FIRST.index(f)) if f in ODD_FIRST else (1, f)


def _padding_rank(setting: WindowSetting) -> int:
    """No padding first, then padding that keeps the size, then any other."""
    zeros = setting.begin + setting.end
    return 0 if not zeros else 1 if zeros == setting.window.extent - 1 else 2
