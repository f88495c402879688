"""Where a text is read: how wide the page is, whether it has colours, and what that makes of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from cnncalc.render.format import COLOR, display_width, to_ascii

if TYPE_CHECKING:
    from collections.abc import Iterator

Style = Literal["heading", "faint", "good", "bad", "notable"]

CODES: dict[Style, str] = {
    "heading": "1", "faint": "2", "good": "32", "bad": "1;31", "notable": "33",
}  # fmt: skip
RESET = "\x1b[0m"
GAP = "  "  # between two columns of a table
PAINT = re.compile(COLOR)
PIECES = re.compile(f"{COLOR}|(?s:.)")
GUTTER = re.compile(r"\S {2,}(?=\S)")  # between a label and its text
EIGHTHS = "▏▎▍▌▋▊▉"
STEP = 2  # columns that further lines are indented by where nothing is aligned


class Page(NamedTuple):
    """A terminal has a `width`; a pipe or a file has None, and everything stands there whole."""

    width: int | None = None
    color: bool = False
    ascii: bool = False

    @property
    def ruled(self) -> bool:
        """Whether tables have rules, as people like them and programs do not."""
        return self.width is not None or self.color

    @property
    def mark(self) -> str:
        """What stands in place of letters that were cut."""
        return "..." if self.ascii else "…"

    @property
    def rule(self) -> str:
        """One column of a horizontal rule."""
        return "-" if self.ascii else "─"

    def paint(self, text: str, style: Style | None) -> str:
        r"""The text in a colour, where the page has any.

        >>> Page(color=True).paint("ok", "good"), Page().paint("ok", "good")
        ('\x1b[32mok\x1b[0m', 'ok')
        """
        if not (self.color and style and text.strip()):
            return text
        return f"\x1b[{CODES[style]}m{text}{RESET}"

    def heading(self, text: str) -> str:
        """The text as a heading or a label."""
        return self.paint(text, "heading")

    def signs(self, text: str) -> str:
        """The text in the characters that the page can show."""
        return to_ascii(text) if self.ascii else text


PIPE = Page()


class Marked(str):
    """A text with a meaning that a terminal also shows as a colour; elsewhere it is only a text.

    >>> Marked("FAIL", "bad").style, Marked("FAIL", "bad") == "FAIL"
    ('bad', True)
    """

    __slots__ = ("style",)
    style: Style

    def __new__(cls, text: str, style: Style) -> Self:
        """A text and its meaning."""
        marked = super().__new__(cls, text)
        marked.style = style
        return marked


def style_of(text: object) -> Style | None:
    """The meaning of a text, if it has one."""
    return text.style if isinstance(text, Marked) else None


def bar(value: float, most: float, width: int, page: Page = PIPE) -> str:
    """A bar whose length is to `width` as the value is to `most`; of any value but 0, a trace.

    >>> bar(5, 8, 4), bar(1, 1000, 4), bar(0, 8, 4), bar(5, 8, 4, Page(ascii=True))
    ('██▌', '▏', '', '##')
    """
    if value <= 0 or most <= 0:
        return ""
    eighths = max(round(value / most * width * 8), 1)
    whole, rest = divmod(eighths, 8)
    if page.ascii:
        return "#" * max(round(eighths / 8), 1)
    return "█" * whole + (EIGHTHS[rest - 1] if rest else "")


def visible_width(text: str) -> int:
    r"""The columns that a text takes on a terminal; colours take none.

    >>> visible_width("\x1b[1mbold\x1b[0m")
    4
    """
    return display_width(PAINT.sub("", text) if "\x1b" in text else text)


def cut_end(text: str, width: int, mark: str = "…") -> str:
    """The beginning of a text that takes more than `width` columns, and a mark.

    >>> cut_end("conv + bn + relu", 10), cut_end("conv", 10)
    ('conv + bn…', 'conv')
    """
    if display_width(text) <= width:
        return text
    return f"{_first(text, width - len(mark)).rstrip()}{mark}"


def cut_middle(text: str, width: int, mark: str = "…") -> str:
    """Both ends of a name that takes more than `width` columns: they tell names apart.

    >>> cut_middle("a_very_long_name_that_never_stops", 18)
    'a_very_lo…er_stops'
    """
    if display_width(text) <= width:
        return text
    kept = max(width - len(mark), 0)
    end = _first(text[::-1], kept // 2)[::-1]
    return f"{_first(text, kept - kept // 2)}{mark}{end}"


def _first(text: str, width: int) -> str:
    """The beginning of a text that takes at most so many columns."""
    taken = 0
    for at, char in enumerate(text):
        taken += display_width(char)
        if taken > width:
            return text[:at]
    return text


def folded(text: str, width: int | None) -> str:
    r"""Lines wrapped at spaces; further lines begin under the text of a labelled line.

    >>> print(folded("params  156 of 61,706 in all\nMACs  1", 20))
    params  156 of
            61,706 in
            all
    MACs  1
    """
    if width is None or all(visible_width(line) <= width for line in text.split("\n")):
        return text
    return "\n".join(part for line in text.split("\n") for part in wrapped(line, width))


def wrapped(line: str, width: int, indent: int | None = None) -> Iterator[str]:
    """One line as lines of at most `width` columns, broken at spaces where there are any.

    Without an `indent`, further lines stand under what follows the first gap of two spaces, if
    that is in the left half, or else two columns deeper than the line.
    """
    line = line.rstrip()
    indent = min(_hanging(line, width) if indent is None else indent, width // 2)
    while visible_width(line) > width:
        head, line = _broken(line, width)
        yield head
        line = " " * indent + line
    yield line


def _hanging(line: str, width: int) -> int:
    bare = PAINT.sub("", line)
    gap = GUTTER.search(bare)
    if gap and display_width(bare[: gap.end()]) <= width // 2:
        return display_width(bare[: gap.end()])
    return len(bare) - len(bare.lstrip()) + STEP


def _broken(line: str, width: int) -> tuple[str, str]:
    """What fits on the first line, and the rest: broken at a gap or a space, if there is one."""
    taken, gap, space, cut = 0, 0, 0, len(line)
    before = ""  # the character that came last; none, as long as there were only spaces
    for piece in PIECES.finditer(line):
        char = piece[0]
        if len(char) > 1:  # a colour
            continue
        if char == " " and before:
            space = piece.start()
            gap = space if before == " " and taken > width // 2 else gap
        before = char if char != " " or before else ""
        taken += display_width(char)
        if taken > width:
            cut = gap or space or piece.start()
            break
    return line[:cut].rstrip(), line[cut:].lstrip(" ")
