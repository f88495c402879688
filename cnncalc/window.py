"""ONE sliding window along ONE axis; every rank zips it over its axes.

Output count, padding rules, the ceiling rule, what is left over at the edge, and reach.
Source: Dumoulin & Visin, "A guide to convolution arithmetic" (arXiv 1603.07285); the
teaching letters are those of the cs231n notes (W, F, S, P).
"""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from cnncalc.errors import UnplacedError

if TYPE_CHECKING:
    from fractions import Fraction

PaddingRule = Literal["same", "half", "valid", "full"]
PADDING_RULES: tuple[str, ...] = get_args(PaddingRule)


class Reach(NamedTuple):
    """Output position o reads input positions step*o + low ... step*o + high, on one axis.

    They may be fractions where a layer enlarges its input; a step of 0 means that every output
    sees the same stretch (global pooling, fully connected layers). A dilated filter reads only
    the whole numbers among low, low + spacing, ... (from step*o on); without a spacing every
    whole number in between is read.

    >>> Reach(2, -1, 1).size
    3
    """

    step: int | Fraction
    low: int | Fraction
    high: int | Fraction
    spacing: int | Fraction = 0

    @property
    def size(self) -> int:
        """The largest number of input positions that one output can read."""
        return int((self.high - self.low) // 1) + 1

    def reads(self, output: int) -> range:
        """The input positions that one output reads, those beyond the edges included.

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
        apart, parts = self.spacing.numerator, self.spacing.denominator
        behind = first * parts  # counted in the parts of a position between which taps can lie
        if behind.denominator != 1:
            return range(0)
        skipped = -int(behind) * pow(apart, -1, parts) % parts  # taps before the first whole one
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


STILL = Reach(1, 0, 0)  # an output reads the input at its own position


def whole(size: int) -> Reach:
    """Every output reads the whole axis.

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
        """How much of the axis the taps span: dilation * (kernel - 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1

    def slack(self, size: int) -> int:
        """What is left of the padded axis after the first window: W - F + 2P."""
        return size + self.begin + self.end - self.extent

    def count(self, size: int) -> int:
        """The number of window positions: floor((W - F + 2P) / S) + 1.

        With `ceil`, the ceiling instead, less one when the last window would start at or
        past the end of the input and its left padding (the rule of PyTorch and Caffe).
        Raises UnplacedError where not even one window fits.
        """
        slack = self.slack(size)
        steps = -(-slack // self.stride) if self.ceil else slack // self.stride
        if steps < 0:
            raise self._too_big(size)
        starts_outside = self.ceil and steps * self.stride >= size + self.begin
        return steps if starts_outside else steps + 1

    def span(self, size: int) -> int:
        """Columns of the padded axis from the start of the first window to the end of the last."""
        return (self.count(size) - 1) * self.stride + self.extent

    def leftover(self, size: int) -> int:
        """Columns of the padded axis behind the last window: 0 where the division has no rest."""
        return max(0, size + self.begin + self.end - self.span(size))

    def unused(self, size: int) -> int:
        """Columns of the input itself behind the last window: padding that is left over is no loss.

        What windows or taps skip in between (a stride beyond the filter, dilation) lies inside
        the span and is not counted.

        >>> Window(3, stride=2, begin=1, end=1).leftover(224)
        1
        >>> Window(3, stride=2, begin=1, end=1).unused(224)
        0
        """
        return size - min(max(self.span(size) - self.begin, 0), size)

    @property
    def reach(self) -> Reach:
        """What one output reads of the axis, in input positions."""
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

    `same` keeps ceil(W/S) outputs and puts the odd zero at the end (TensorFlow's rule);
    `half` is symmetric, floor(dilation * (kernel - 1) / 2), the usual "keep the size" of PyTorch;
    `valid` adds none; `full` adds all that still touches, dilation * (kernel - 1).

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
    return 0, 0


class TransposedPadding(NamedTuple):
    """What a transposed convolution cuts off an axis, before and after, and adds at its end."""

    begin: int
    end: int
    output_padding: int


def transposed_padding(rule: str, kernel: int, stride: int, dilation: int) -> TransposedPadding:
    """The padding and output padding of a transposed convolution for a named rule.

    `same` gives W*S outputs: of the cells by which the filter is wider than the stride, the
    smaller half is cut off before; `valid` cuts nothing off. Where the stride is wider than the
    filter, both add the cells that are missing at the end, so that every input has S outputs
    (the rules of Keras' Conv2DTranspose). `half` cuts off floor(dilation * (kernel - 1) / 2) on
    both sides, as PyTorch code does. Raises UnplacedError for `full`, which has no one meaning
    here.

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

    Raises UnplacedError where nothing would be left, or where the output padding is not smaller
    than the stride or the dilation (the surplus would be cells nothing writes to).

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
