"""Placed shapes as an SVG file.

Colours are attributes of the shapes, so that every program draws the light picture; a style sheet
only replaces them where the reader prefers dark. Nothing is embedded and nothing is fetched.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

from cnncalc.pictures.marks import Group, Line, Polygon, Rect, Text, kinds_of
from cnncalc.render.colours import DARK, LIGHT, Colours
from cnncalc.render.format import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.pictures.marks import Arc, Mark, Placed, Point

FONTS = "Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"
BEND = 5  # the radius of corners
SPECIAL = re.compile('[&<>"]')  # few texts have one, so they are looked at once
QUOTE = '"'
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
    return escape(text, quote=False) if SPECIAL.search(text) else text


def _attributes(values: Mapping[str, str]) -> str:
    """The attributes of an element, each with a space before it.

    >>> _attributes({"x": "3", "class": 'a"b'})
    ' x="3" class="a&quot;b"'
    """
    text = "".join([f' {key}="{value}"' for key, value in values.items()])
    if text.count('"') == 2 * len(values) and not ("&" in text or "<" in text or ">" in text):
        return text
    safe = {key: escape(value, quote=False) for key, value in values.items()}
    return "".join([f' {key}="{value.replace(QUOTE, "&quot;")}"' for key, value in safe.items()])


@lru_cache(maxsize=4096)
def _number(value: float) -> str:
    """A coordinate with at most one decimal.

    >>> _number(3.0), _number(2.25), _number(-0.04)
    ('3', '2.2', '0')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


class _Writer:
    """Writes the marks of one picture in the colours of one theme, an element a line."""

    def __init__(self, colours: Colours, *, follows: bool) -> None:
        self.colours = colours
        self.follows = follows
        self.lines: list[str] = []
        self.inset = ""

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
                self.open("g", {"data-name": printable(mark.name)})
                self.add("title", {}, mark.tip)
                for inner in mark.marks:
                    self.mark(inner)
                self.close("g")
            else:
                self.mark(mark)
        self.close("svg")
        return "\n".join([*self.lines, ""])

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
        name, fill, stroke = self.colours.named(mark.kind)
        x, y, wide, high = map(_number, mark[:4])
        dashed = ' stroke-dasharray="5 3"' if mark.dashed else ""
        self.lines.append(
            f'{self.inset}<rect x="{x}" y="{y}" width="{wide}" height="{high}" '
            f'rx="{_number(mark.round)}" class="{name}" fill="{fill}" stroke="{stroke}"{dashed} />'
        )

    def line_of_text(self, mark: Text) -> None:
        """One line of text."""
        name, fill = ("s", self.colours.soft) if mark.soft else ("t", self.colours.text)
        bold = ' font-weight="bold"' if mark.bold else ""
        whole = f"<title>{_escaped(mark.tip)}</title>" if mark.tip else ""
        self.lines.append(
            f'{self.inset}<text x="{_number(mark.x)}" y="{_number(mark.y)}" '
            f'font-size="{_number(mark.size)}" text-anchor="{mark.anchor}" class="{name}" '
            f'fill="{fill}"{bold}>{whole}{_escaped(mark.text)}</text>'
        )

    def line(self, mark: Line) -> None:
        """A line with round corners; edges end in an arrow."""
        faint = mark.stroke in ("guide", "rule")
        name, stroke = ("f", self.colours.faint) if faint else ("e", self.colours.line)
        arrow = ' marker-end="url(#arrow)"' if mark.stroke == "edge" else ""
        dashes = {"shared": "2 3", "guide": "2 4"}.get(mark.stroke)
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.lines.append(
            f'{self.inset}<path d="{_path(mark.points)}" class="{name}" fill="none" '
            f'stroke="{stroke}"{arrow}{dashed} />'
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


def _path(points: Sequence[Point]) -> str:
    """A path through points, its corners rounded as far as the pieces are long."""
    (x, y), *rest = points
    steps = [f"M{_number(x)},{_number(y)}"]
    before = points[0]
    for n, here in enumerate(rest, start=1):
        if n + 1 == len(points):
            steps.append(f"L{_number(here[0])},{_number(here[1])}")
            break
        after = points[n + 1]
        near, far = _towards(here, before), _towards(here, after)
        steps.append(f"L{_number(near[0])},{_number(near[1])}")
        steps.append(f"Q{_number(here[0])},{_number(here[1])} {_number(far[0])},{_number(far[1])}")
        before = here
    return "".join(steps)


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
