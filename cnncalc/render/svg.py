"""Placed shapes as an SVG file.

Colours are attributes of the shapes, so that every program draws the light picture; a style sheet
only replaces them where the reader prefers dark. Nothing is embedded and nothing is fetched.
"""

from __future__ import annotations

from functools import cache, partial
from html import escape
from typing import TYPE_CHECKING

from cnncalc.pictures.marks import Group, Line, Polygon, Rect, Text, kinds_of
from cnncalc.render.colours import DARK, LIGHT, Colours
from cnncalc.render.format import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.pictures.marks import Arc, Mark, Placed, Point, Stroke

FONTS = "Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"
BEND = 5  # the radius of corners
NOT_XML = ("\ufffe", "\uffff")  # what no XML file may hold


def text(placed: Placed, theme: str = "auto", *, ascii_only: bool = False) -> str:
    """The SVG text; `theme` is auto (the reader's choice; light in print), light or dark.

    With `ascii_only` other characters are written by their numbers, and look the same.
    """
    writer = _Writer(DARK if theme == "dark" else LIGHT, follows=theme == "auto")
    written = writer.write(placed)
    for sign in NOT_XML:  # `translate` would look at every character
        written = written.replace(sign, "\ufffd")
    return written.encode("ascii", "xmlcharrefreplace").decode() if ascii_only else written


def _escaped(text: str) -> str:
    return escape(text, quote=False) if "&" in text or "<" in text or ">" in text else text


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', "&quot;")


def _attributes(values: Mapping[str, str]) -> str:
    """The attributes of an element, each with a space before it.

    >>> _attributes({"x": "3", "class": 'a"b'})
    ' x="3" class="a&quot;b"'
    """
    return "".join([f' {key}="{_quoted(value)}"' for key, value in values.items()])


def _number(value: float) -> str:
    """A coordinate with at most one decimal.

    >>> _number(3.0), _number(2.25), _number(-0.04)
    ('3', '2.2', '0')
    """
    whole = int(value)
    if whole == value:  # as nearly always, and three times as fast to write
        return str(whole)
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


class _Writer:
    """Writes the marks of one picture in the colours of one theme, an element a line."""

    def __init__(self, colours: Colours, *, follows: bool) -> None:
        self.colours = colours
        self.follows = follows
        self.lines: list[str] = []
        self.inset = ""
        # What many marks share is put together once.
        self.rect_look = cache(partial(_rect_look, colours))
        self.text_look = cache(partial(_text_look, colours))
        self.line_look = cache(partial(_line_look, colours))

    def add(self, tag: str, attributes: Mapping[str, str], text: str = "") -> None:
        """An element without others in it."""
        head = f"{self.inset}<{tag}{_attributes(attributes)}"
        self.lines.append(f"{head}>{_escaped(text)}</{tag}>" if text else f"{head} />")

    def open(self, tag: str, attributes: Mapping[str, str]) -> None:
        """The begin of an element with others in it."""
        self.lines.append(f"{self.inset}<{tag}{_attributes(attributes)}>")
        self.inset += " "

    def close(self, tag: str) -> None:
        """The end of that element."""
        self.inset = self.inset[1:]
        self.lines.append(f"{self.inset}</{tag}>")

    def write(self, placed: Placed) -> str:
        """The whole picture."""
        size = _number(placed.width), _number(placed.height)
        self.open("svg", {
            "xmlns": "http://www.w3.org/2000/svg", "width": size[0], "height": size[1],
            "viewBox": f"0 0 {size[0]} {size[1]}", "role": "img",
            "aria-labelledby": "title description", "font-family": FONTS,
        })  # fmt: skip
        self.add("title", {"id": "title"}, placed.title)
        self.add("desc", {"id": "description"}, placed.description)
        if self.follows:
            self.add("style", {}, _dark_style(kinds_of(placed.marks)))
        self.open("defs", {})
        self.open("marker", {"id": "arrow", "viewBox": "0 0 8 8", "refX": "7", "refY": "4",
                             "markerWidth": "7", "markerHeight": "7",
                             "orient": "auto"})  # fmt: skip
        self.add("path", {"d": "M0,0.5L8,4L0,7.5z", "class": "a", "fill": self.colours.line})
        self.close("marker")
        self.close("defs")
        self.add("rect", {"width": "100%", "height": "100%", "class": "page",
                          "fill": self.colours.page})  # fmt: skip
        for mark in placed.marks:
            if isinstance(mark, Group):
                self.group(mark)
            else:
                self.mark(mark)
        self.close("svg")
        return "\n".join([*self.lines, ""])

    def group(self, group: Group) -> None:
        """The shapes of one box."""
        self.lines.append(f'{self.inset}<g data-name="{_quoted(printable(group.name))}">')
        self.inset += " "
        self.lines.append(f"{self.inset}<title>{_escaped(group.tip)}</title>")
        for mark in group.marks:
            self.mark(mark)
        self.close("g")

    def mark(self, mark: Mark) -> None:
        """One shape."""
        if isinstance(mark, Text):
            self.line_of_text(mark)
        elif isinstance(mark, Rect):
            self.rect(mark)
        elif isinstance(mark, Line):
            self.line(mark)
        elif isinstance(mark, Polygon):
            self.polygon(mark)
        else:
            self.arc(mark)

    def rect(self, mark: Rect) -> None:
        """A rectangle with round corners."""
        self.lines.append(
            f'{self.inset}<rect x="{_number(mark.x)}" y="{_number(mark.y)}" '
            f"{self.rect_look(*mark[2:])} />"
        )

    def line_of_text(self, mark: Text) -> None:
        """One line of text."""
        x, y, text, size, bold, soft, anchor, tip = mark
        look = self.text_look(size, bold, soft, anchor)
        whole = f"<title>{_escaped(tip)}</title>" if tip else ""
        self.lines.append(
            f'{self.inset}<text x="{_number(x)}" y="{_number(y)}" {look}>'
            f"{whole}{_escaped(text)}</text>"
        )

    def line(self, mark: Line) -> None:
        """A line with round corners; edges end in an arrow."""
        self.lines.append(
            f'{self.inset}<path d="{_path(mark.points)}" {self.line_look(mark.stroke)} />'
        )

    def polygon(self, mark: Polygon) -> None:
        """A polygon in the colours of its kind."""
        name, fill, stroke = self.colours.named(mark.kind)
        corners = " ".join(f"{_number(x)},{_number(y)}" for x, y in mark.points)
        look = {"class": name, "fill": fill}
        if mark.shade:
            look = {"class": f"{name}-dark", "fill": stroke}
        if mark.clear:
            look["fill-opacity"] = "0.35"
        self.add("polygon", {"points": corners, **look, "stroke": stroke,
                                          "stroke-linejoin": "round"})  # fmt: skip

    def arc(self, mark: Arc) -> None:
        """The bow beside a closed part, with a plus at its end where tensors are added."""
        name, fill, stroke = self.colours.named(mark.kind)
        x, y, high = map(_number, mark[:3])
        bow = {"d": f"M{x},{y}c9,0 9,{high} 0,{high}", "class": f"{name}-line", "fill": "none",
               "stroke": stroke, "stroke-width": "1.5"}  # fmt: skip
        self.add("path", bow)
        if mark.plus:
            end = mark.y + mark.height
            ring = {"cx": x, "cy": _number(end), "r": "4.5", "class": name, "fill": fill}
            self.add("circle", {**ring, "stroke": stroke})
            plus = f"M{_number(mark.x - 2.5)},{_number(end)}h5m-2.5,-2.5v5"
            self.add("path", {"d": plus, "class": f"{name}-line", "fill": "none",
                                           "stroke": stroke})  # fmt: skip


def _rect_look(
    colours: Colours, width: float, height: float, kind: str, radius: float, dashed: bool
) -> str:
    name, fill, stroke = colours.named(kind)
    dashes = ' stroke-dasharray="5 3"' if dashed else ""
    return (
        f'width="{_number(width)}" height="{_number(height)}" rx="{_number(radius)}" '
        f'class="{name}" fill="{fill}" stroke="{stroke}"{dashes}'
    )


def _text_look(colours: Colours, size: float, bold: bool, soft: bool, anchor: str) -> str:
    name, fill = ("s", colours.soft) if soft else ("t", colours.text)
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'font-size="{_number(size)}" text-anchor="{anchor}" class="{name}" fill="{fill}"{weight}'
    )


def _line_look(colours: Colours, stroke: Stroke) -> str:
    name, colour = ("f", colours.faint) if stroke in ("guide", "rule") else ("e", colours.line)
    arrow = ' marker-end="url(#arrow)"' if stroke == "edge" else ""
    dashes = {"shared": "2 3", "guide": "2 4"}.get(stroke)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'class="{name}" fill="none" stroke="{colour}"{arrow}{dashed}'


def _path(points: Sequence[Point]) -> str:
    """A path through points, its corners rounded as far as the pieces are long."""
    x, y = points[0]
    text = f"M{_number(x)},{_number(y)}"
    for n in range(1, len(points) - 1):
        x, y = here = points[n]
        near_x, near_y = _towards(here, points[n - 1])
        far_x, far_y = _towards(here, points[n + 1])
        text += (
            f"L{_number(near_x)},{_number(near_y)}Q{_number(x)},{_number(y)} "
            f"{_number(far_x)},{_number(far_y)}"
        )
    x, y = points[-1]
    return f"{text}L{_number(x)},{_number(y)}"


def _towards(corner: Point, other: Point) -> Point:
    """The point at which a rounded corner begins, on the way to another corner."""
    length = abs(other[0] - corner[0]) + abs(other[1] - corner[1])
    share = min(BEND, length / 2) / length if length else 0
    return (corner[0] + (other[0] - corner[0]) * share, corner[1] + (other[1] - corner[1]) * share)


def _dark_style(kinds: Sequence[str]) -> str:
    """The dark colours of these kinds, for readers who prefer them on a screen."""
    rules = [
        f".page{{fill:{DARK.page}}}", f".t{{fill:{DARK.text}}}", f".s{{fill:{DARK.soft}}}",
        f".e{{stroke:{DARK.line}}}", f".a{{fill:{DARK.line}}}", f".f{{stroke:{DARK.faint}}}",
    ]  # fmt: skip
    for name, fill, stroke in sorted({DARK.named(kind) for kind in kinds}):
        rules.append(f".{name}{{fill:{fill};stroke:{stroke}}}")
        rules.append(f".{name}-line{{stroke:{stroke}}}.{name}-dark{{fill:{stroke}}}")
    return f"@media screen and (prefers-color-scheme:dark){{{''.join(rules)}}}"
