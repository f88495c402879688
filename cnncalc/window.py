"""One sliding window along one axis: output count, padding rules, unread input, and reach.

Layers of any rank use one window per axis. Source: Dumoulin & Visin, "A guide to convolution
arithmetic" (arXiv 1603.07285). The letters W, F, S and P are those of the cs231n notes.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, floor
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from cnncalc.errors import UnplacedError

if TYPE_CHECKING:
    from fractions import Fraction

PaddingRule = Literal["same", "half", "valid", "full", "causal"]
PADDING_RULES: tuple[str, ...] = get_args(PaddingRule)


class Reach(NamedTuple):
    """Output position o reads input positions step*o + low ... step*o + high, on one axis.

    They may be fractions where a layer enlarges its input. With a step of 0 every output reads
    the same positions (global pooling, fully connected layers). Without a spacing, every whole
    number in between is read; with one, as in a dilated filter, only the whole numbers among
    step*o + low, step*o + low + spacing, ...

    >>> Reach(2, -1, 1).size
    3
    """

    step: int | Fraction
    low: int | Fraction
    high: int | Fraction
    spacing: int | Fraction = 0

    @property
    def size(self) -> int:
        """The most input positions that one output spans, from the first it reads to the last."""
        return int((self.high - self.low) // 1) + 1

    def reads(self, output: int) -> range:
        """The input positions that one output reads, including those beyond the edges.

        >>> Reach(1, -2, 2, spacing=2).reads(0)
        range(-2, 3, 2)
        >>> from fractions import Fraction
        >>> stride_2 = Reach(Fraction(1, 2), Fraction(-1, 2), 0)  # of a transposed convolution
        >>> stride_2.reads(5), stride_2.reads(6)
        (range(2, 3), range(3, 4))
        """
        first, last = self.step * output + self.low, self.step * output + self.high
        if not self.spacing:
            return range(ceil(first), floor(last) + 1)
        # Taps lie at first + n*spacing. In units of 1/parts, find the first n for which that is a
        # whole number; further ones follow `apart` positions from each other.
        apart, parts = self.spacing.numerator, self.spacing.denominator
        scaled = first * parts
        if scaled.denominator != 1:
            return range(0)
        skipped = -int(scaled) * pow(apart, -1, parts) % parts
        return range(int(first + self.spacing * skipped), floor(last) + 1, apart)

    def served(self, size: int, outputs: int) -> range:
        """The outputs that read at least one position of an axis of this size.

        Gaps between the taps of a dilated filter are not looked into.

        >>> Reach(1, -4, -4).served(3, outputs=7)  # the second of two inputs laid end to end
        range(4, 7)
        """
        if not self.step:
            return range(outputs)
        first, last = -(self.high // self.step), (size - 1 - self.low) // self.step
        return range(max(first, 0), min(last + 1, outputs))


@lru_cache(maxsize=4096)  # a sweep over sizes meets ever new ones
def ratio(numerator: int, denominator: int) -> int | Fraction:
    """The quotient, as an int where it is whole.

    >>> ratio(6, 3), ratio(1, 2)
    (2, Fraction(1, 2))
    """
    whole, rest = divmod(numerator, denominator)
    if not rest:
        return whole
    from fractions import Fraction

    return Fraction(numerator, denominator)


STILL = Reach(1, 0, 0)  # each output reads the input at its own position only


def whole(size: int) -> Reach:
    """The reach of outputs that all read the whole axis.

    >>> whole(7).reads(3)
    range(0, 7)
    """
    return Reach(0, 0, size - 1)


class Window(NamedTuple):
    """A filter of `kernel` taps, `dilation` apart, moving by `stride` over a padded axis.

    >>> Window(5, stride=1, begin=2, end=2).count(32)
    32
    >>> Window(11, stride=4).count(224), Window(11, stride=4).unused(224)
    (54, 1)
    """

    kernel: int
    stride: int = 1
    begin: int = 0
    end: int = 0
    dilation: int = 1
    ceil: bool = False

    @property
    def extent(self) -> int:
        """Positions from the first tap to the last: dilation * (kernel - 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1

    def slack(self, size: int) -> int:
        """Positions of the padded axis behind the first window: W - F + 2P."""
        return size + self.begin + self.end - self.extent

    def count(self, size: int) -> int:
        """The number of window positions: floor((W - F + 2P) / S) + 1.

        With `ceil`, the quotient is rounded up, but a last window that would start at or past the
        end of the input and its left padding does not count (the rule of PyTorch and Caffe).

        Raises:
            UnplacedError: "filter-too-big" where not even one window fits.
        """
        slack = self.slack(size)
        steps = -(-slack // self.stride) if self.ceil else slack // self.stride
        if steps < 0:
            raise self._too_big(size)
        starts_outside = self.ceil and steps * self.stride >= size + self.begin
        return steps if starts_outside else steps + 1

    def span(self, size: int) -> int:
        """Positions of the padded axis that the windows cover together, from first to last."""
        return (self.count(size) - 1) * self.stride + self.extent

    def leftover(self, size: int) -> int:
        """Positions of the padded axis behind the last window; 0 where the division is exact."""
        return max(0, size + self.begin + self.end - self.span(size))

    def unused(self, size: int) -> int:
        """Positions of the input itself, without padding, behind the last window.

        Positions skipped between windows or taps (by a stride beyond the filter, or dilation)
        lie inside the span and are not counted.

        >>> Window(3, stride=2, begin=1, end=1).leftover(224)
        1
        >>> Window(3, stride=2, begin=1, end=1).unused(224)
        0
        """
        return size - min(max(self.span(size) - self.begin, 0), size)

    @property
    def reach(self) -> Reach:
        """The input positions that one output reads."""
        spacing = self.dilation if self.dilation > 1 < self.kernel else 0
        return Reach(self.stride, -self.begin, self.extent - 1 - self.begin, spacing)

    def _too_big(self, size: int) -> UnplacedError:
        span = f"{self.kernel}" if self.dilation == 1 else f"{self.kernel}, spanning {self.extent}"
        padded = f" plus {self.begin} + {self.end} of padding" if self.begin or self.end else ""
        largest = (size + self.begin + self.end - 1) // self.dilation + 1
        return UnplacedError(
            "filter-too-big",
            f"the filter ({span}) is larger than its input ({size}{padded})",
            field="kernel",
            help=f"use a filter of at most {largest}, add padding, or start from a larger input",
        )


def padding_by_rule(
    rule: str, size: int, kernel: int, stride: int, dilation: int
) -> tuple[int, int]:
    """Zeros before and after the axis for a named rule.

    `same` gives ceil(W/S) outputs and puts an odd zero at the end (TensorFlow's rule); `half` is
    floor(dilation * (kernel - 1) / 2) on both sides, as PyTorch code keeps the size; `valid` adds
    none; `full` adds dilation * (kernel - 1) on both sides, so that every window that overlaps the
    input counts; `causal` adds as many before the axis only, so that no output reads what follows
    its own position (van den Oord et al. 2016, arXiv 1609.03499).

    >>> padding_by_rule("same", 224, 3, 2, 1), padding_by_rule("half", 224, 3, 2, 1)
    ((0, 1), (1, 1))
    """
    reach = dilation * (kernel - 1)
    if rule == "same":
        total = max((-(-size // stride) - 1) * stride + reach + 1 - size, 0)
        return total // 2, total - total // 2
    if rule == "half":
        return reach // 2, reach // 2
    if rule == "full":
        return reach, reach
    return (reach, 0) if rule == "causal" else (0, 0)


class TransposedPadding(NamedTuple):
    """What a transposed convolution cuts off at both ends of an axis, and adds at the end."""

    begin: int
    end: int
    output_padding: int


def transposed_padding(rule: str, kernel: int, stride: int, dilation: int) -> TransposedPadding:
    """The padding and output padding of a transposed convolution for a named rule.

    `same` gives W*S outputs: it cuts off the cells by which the filter is wider than the stride,
    the smaller half of them at the beginning. `valid` cuts nothing off. Where the stride is wider
    than the filter, both add the missing cells at the end, so that every input has S outputs (the
    rules of Keras' Conv2DTranspose). `half` cuts off floor(dilation * (kernel - 1) / 2) on both
    sides, as PyTorch code does.

    Raises:
        UnplacedError: "padding-rule" for `full`, which has no agreed meaning here.

    >>> transposed_padding("same", 5, 2, 1), transposed_padding("valid", 2, 3, 1)[2]
    (TransposedPadding(begin=1, end=2, output_padding=0), 1)
    """
    if rule == "half":
        return TransposedPadding(*padding_by_rule(rule, 1, kernel, stride, dilation), 0)
    if rule not in {"same", "valid"}:
        raise UnplacedError(
            "padding-rule",
            f"'{rule}' padding is not defined for a transposed convolution",
            field="padding",
            help="write the padding as a number, such as p1, or use same, valid or half",
        )
    wider = dilation * (kernel - 1) + 1 - stride
    cut = max(wider, 0) if rule == "same" else 0
    return TransposedPadding(cut // 2, cut - cut // 2, max(-wider, 0))


def transposed_count(size: int, window: Window, output_padding: int) -> int:
    """Output size of a transposed convolution: (W-1)*S - 2P + dilation*(F-1) + output_padding + 1.

    Raises:
        UnplacedError: "empty-output" where the padding takes everything away; "output-padding"
            where the output padding reaches both the stride and the dilation, since no input
            would write to the last cells.

    >>> transposed_count(12, Window(3, stride=2, begin=1, end=1), 1)
    24
    """
    if output_padding >= max(window.stride, window.dilation):
        raise UnplacedError(
            "output-padding",
            f"output_padding={output_padding} must be smaller than the stride "
            f"({window.stride}) or the dilation ({window.dilation})",
            field="output_padding",
        )
    count = (size - 1) * window.stride - window.begin - window.end + window.extent + output_padding
    if count < 1:
        cells = count + window.begin + window.end
        raise UnplacedError(
            "empty-output",
            f"nothing is left: the padding takes away all {cells} cells",
            field="padding",
            help="use less padding",
        )
    return count
