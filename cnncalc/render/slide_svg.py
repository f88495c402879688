"""A sliding window as an SVG file: animated by its style sheet alone, or one still of it.

Without animation, as on paper or for readers who asked for no motion, the last stop is shown with
the whole output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from cnncalc.pictures.window import Frame, Grid
from cnncalc.render.colours import DARK, LIGHT
from cnncalc.render.svg import FONTS

if TYPE_CHECKING:
    from cnncalc.pictures.window import Label, Mark, Scene
    from cnncalc.render.colours import Colours

# What is drawn -> the kind of box whose colours it has.
KINDS = {"input": "conv", "filter": "pool", "output": "dense"}
DASHES = "3 3"


def coordinate(value: float, digits: int = 1) -> str:
    """A number of the picture, without needless digits.

    >>> coordinate(3.0), coordinate(2.25), coordinate(100 / 3, 3)
    ('3', '2.2', '33.333')
    """
    return f"{round(value, digits):g}"


def animated(scene: Scene, speed: float = 1.0) -> str:
    """The whole slide, `speed` stops a second, again and again."""
    seconds = len(scene.stops) / speed
    root = _root(scene, _motion(len(scene.stops), seconds))
    last = len(scene.stops) - 1
    for index, marks in enumerate(scene.stops):
        delay = coordinate((index - len(scene.stops)) / speed, 2)
        group = ET.SubElement(root, "g", {"class": "f", "style": f"animation-delay:{delay}s"})
        group.set("opacity", "1" if index == last else "0")
        for mark in marks:
            _mark(group, mark)
    _texts(root, scene)
    for index, number in enumerate(scene.numbers):
        text = _mark(root, number)
        if index:
            text.set("style", f"animation-name:n{index}")
            text.set("class", "v o")
    return _text(root)


def still(scene: Scene, stop: int) -> str:
    """One stop, with the output as far as it is known there."""
    root = _root(scene, "")
    for mark in scene.stops[stop]:
        _mark(root, mark)
    _texts(root, scene)
    for number in scene.numbers[: stop + 1]:
        _mark(root, number)
    return _text(root)


def _texts(root: ET.Element, scene: Scene) -> None:
    """The texts that always stand there, over the frames that mark cells."""
    for mark in scene.still:
        if not isinstance(mark, Grid):
            _mark(root, mark)


def _text(root: ET.Element) -> str:
    return f"{ET.tostring(root, encoding='unicode')}\n"


def _root(scene: Scene, motion: str) -> ET.Element:
    """The file with the maps that always stand there, still without numbers."""
    size = {"width": coordinate(scene.width), "height": coordinate(scene.height)}
    root = ET.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", **size, "viewBox": f"0 0 {' '.join(size.values())}",
        "role": "img", "aria-labelledby": "title description", "font-family": FONTS,
    })  # fmt: skip
    ET.SubElement(root, "title", {"id": "title"}).text = scene.title
    ET.SubElement(root, "desc", {"id": "description"}).text = scene.description
    dark = f"@media screen and (prefers-color-scheme:dark){{{_colours(DARK)}}}"
    # The light colours are attributes, for programs that read no style sheet.
    ET.SubElement(root, "style").text = f".v{{text-anchor:middle}}{motion}{dark}"
    ET.SubElement(root, "rect", {"width": "100%", "height": "100%", "class": "page",
                                 "fill": LIGHT.page})  # fmt: skip
    for mark in scene.still:
        if isinstance(mark, Grid):
            _mark(root, mark)
    return root


def _motion(stops: int, seconds: float) -> str:
    """Each stop is shown for its share of the time; numbers appear at their stop and stay."""
    share = coordinate(100 / stops, 3)
    length = coordinate(seconds, 2)
    names = [f"@keyframes f{{0%{{opacity:1}}{share}%,to{{opacity:0}}}}"] if stops > 1 else []
    names += [
        f"@keyframes n{stop}{{0%{{opacity:0}}{coordinate(100 * stop / stops, 3)}%{{opacity:1}}}}"
        for stop in range(1, stops)
    ]
    return (
        f".f{{animation:f {length}s infinite step-end}}.o{{animation:{length}s infinite step-end}}"
        f"{''.join(names)}@media print,(prefers-reduced-motion:reduce){{.f,.o{{animation:none}}}}"
    )


def _colours(theme: Colours) -> str:
    """The rules that give everything the colours of a theme."""
    rules = [f".page{{fill:{theme.page}}}", f"text{{fill:{theme.text}}}"]
    rules.append(f".g{{stroke:{theme.line}}}.padding{{fill:{theme.page}}}")
    for name, kind in KINDS.items():
        fill, stroke = theme.kinds[kind]
        pale = theme.kinds["grey"][0] if name == "input" else fill
        rules.append(f".{name}{{fill:{pale}}}.m-{name}{{fill:{stroke};stroke:{stroke}}}")
    return "".join(rules)


def _mark(parent: ET.Element, mark: Mark) -> ET.Element:
    """One shape, in light colours."""
    if isinstance(mark, Grid):
        return _grid(parent, mark)
    if isinstance(mark, Frame):
        stroke = LIGHT.kinds[KINDS[mark.kind]][1]
        sides = dict(zip(("x", "y", "width", "height"), map(coordinate, mark[:4]), strict=True))
        look = {"fill": stroke, "stroke": stroke, "fill-opacity": ".2", "stroke-width": "3"}
        return ET.SubElement(parent, "rect", {**sides, "class": f"m-{mark.kind}", **look})
    return _label(parent, mark)


def _grid(parent: ET.Element, grid: Grid) -> ET.Element:
    """Cells as one path: the outline, then the lines between rows and between columns."""
    wide, high = grid.columns * grid.side, grid.rows * grid.side
    x, y, w, h = map(coordinate, (grid.x, grid.y, wide, high))
    path = f"M{x},{y}h{w}v{h}h-{w}z"
    path += "".join(
        f"M{x},{coordinate(grid.y + row * grid.side)}h{w}" for row in range(1, grid.rows)
    )
    path += "".join(
        f"M{coordinate(grid.x + column * grid.side)},{y}v{h}" for column in range(1, grid.columns)
    )
    fill = {"input": LIGHT.kinds["grey"][0], "padding": LIGHT.page}.get(grid.kind)
    look = {"fill": fill or LIGHT.kinds[KINDS[grid.kind]][0], "stroke": LIGHT.line}
    if grid.kind == "padding":
        look["stroke-dasharray"] = DASHES
    return ET.SubElement(parent, "path", {"d": path, "class": f"g {grid.kind}", **look})


def _label(parent: ET.Element, label: Label) -> ET.Element:
    """A line of text."""
    place = {"x": coordinate(label.x), "y": coordinate(label.y)}
    look = {"font-size": coordinate(label.size), "fill": LIGHT.text}
    centred = {"class": "v"} if label.kind == "number" else {}
    text = ET.SubElement(parent, "text", {**place, **look, **centred})
    text.text = label.text
    return text
