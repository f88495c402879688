r"""Placed shapes as a TikZ picture, to be read into a LaTeX document with \input.

One unit is a point of print (bp), and y runs downward as in the SVG. Colours are the light ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.pictures.marks import Group, Line, Polygon, Rect, Text, kinds_of
from cnncalc.render.colours import LIGHT
from cnncalc.render.format import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnncalc.pictures.marks import Arc, Mark, Placed, Point

SCALE = 0.75  # points of print for a pixel
BASELINE = {"start": "base west", "middle": "base", "end": "base east"}
STROKES = {"edge": "edge", "branch": "branch", "shared": "line, dotted", "guide": "faint, dotted",
           "rule": "faint", "sight": "line"}  # fmt: skip
# Characters that LaTeX reads as something else -> how it prints them.
ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "&": r"\&", "%": r"\%",
    "$": r"\$", "#": r"\#", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "×": r"$\times$", "…": r"\ldots{}", "≈": r"$\approx$", "·": r"$\cdot$",
}  # fmt: skip


def text(placed: Placed) -> str:
    """A `tikzpicture`; the comment before it names what its document has to load."""
    return joined(_lines(placed))


def _lines(placed: Placed) -> Iterator[str]:
    yield "% needs \\usepackage[T1]{fontenc}, \\usepackage{tikz}, \\usetikzlibrary{arrows.meta}"
    yield f"% {placed.title}"
    for name, fill, line in sorted({LIGHT.named(kind) for kind in kinds_of(placed.marks)}):
        if fill != "none":
            yield f"\\definecolor{{cnn-{name}}}{{HTML}}{{{fill[1:].upper()}}}"
        if line != "none":
            yield f"\\definecolor{{cnn-{name}-line}}{{HTML}}{{{line[1:].upper()}}}"
    yield f"\\begin{{tikzpicture}}[x={SCALE}bp, y=-{SCALE}bp, font=\\sffamily,"
    yield f"  line/.style={{draw={_grey(LIGHT.line)}}},"
    yield f"  faint/.style={{draw={_grey(LIGHT.faint)}}},"
    yield "  branch/.style={line, rounded corners=3bp},"
    yield "  edge/.style={branch, -{Stealth[length=4bp]}}]"
    for mark in placed.marks:
        yield from _each(mark.marks if isinstance(mark, Group) else [mark])
    yield "\\end{tikzpicture}"


def _grey(colour: str) -> str:
    """A grey as TikZ mixes it.

    >>> _grey("#555555")
    'black!67'
    """
    return f"black!{round(100 - int(colour[1:3], 16) / 2.55)}"


def _each(marks: Iterable[Mark]) -> Iterator[str]:
    for mark in marks:
        if isinstance(mark, Rect):
            yield f"  {_rect(mark)}"
        elif isinstance(mark, Text):
            yield f"  {_text(mark)}"
        elif isinstance(mark, Line):
            yield f"  \\draw[{STROKES[mark.stroke]}] {_path(mark.points)};"
        elif isinstance(mark, Polygon):
            yield f"  {_polygon(mark)}"
        else:
            yield f"  {_arc(mark)}"


def _rect(mark: Rect) -> str:
    name, fill, _ = LIGHT.named(mark.kind)
    look = [f"draw=cnn-{name}-line", f"rounded corners={_n(mark.round * SCALE)}bp"]
    look += [f"fill=cnn-{name}"] if fill != "none" else []
    look += ["dashed"] if mark.dashed else []
    corner = f"({_n(mark.x)},{_n(mark.y)})"
    return f"\\draw[{', '.join(look)}] {corner} rectangle +({_n(mark.width)},{_n(mark.height)});"


def _text(mark: Text) -> str:
    size = f"\\fontsize{{{_n(mark.size * SCALE)}}}{{{_n(mark.size)}}}\\selectfont"
    weight = "\\bfseries" if mark.bold else ""
    colour = f", text={_grey(LIGHT.soft)}" if mark.soft else ""
    look = f"inner sep=0, anchor={BASELINE[mark.anchor]}{colour}, font=\\sffamily{size}{weight}"
    return f"\\node[{look}] at ({_n(mark.x)},{_n(mark.y)}) {{{_escaped(mark.text)}}};"


def _polygon(mark: Polygon) -> str:
    name, _, _ = LIGHT.named(mark.kind)
    fill = f"cnn-{name}-line" if mark.shade else f"cnn-{name}"
    clear = ", fill opacity=0.35" if mark.clear else ""
    return f"\\draw[draw=cnn-{name}-line, fill={fill}{clear}] {_path(mark.points)} -- cycle;"


def _arc(mark: Arc) -> str:
    name, _, _ = LIGHT.named(mark.kind)
    x, end = _n(mark.x), _n(mark.y + mark.height)
    bow = f"({x},{_n(mark.y)}) .. controls +(9,0) and +(9,0) .. ({x},{end})"
    draw = f"\\draw[draw=cnn-{name}-line] {bow};"
    if mark.plus:
        plus = (
            f"({_n(mark.x - 2.5)},{end}) -- +(5,0) ({x},{_n(mark.y + mark.height - 2.5)}) -- +(0,5)"
        )
        draw += f" \\draw[draw=cnn-{name}-line, fill=cnn-{name}] ({x},{end}) circle (4.5);"
        draw += f" \\draw[draw=cnn-{name}-line] {plus};"
    return draw


def _path(points: Iterable[Point]) -> str:
    return " -- ".join(f"({_n(x)},{_n(y)})" for x, y in points)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _escaped(text: str) -> str:
    r"""A text that LaTeX prints as it is.

    >>> print(_escaped("a_b 3×3"))
    a\_b 3$\times$3
    """
    return "".join(ESCAPES.get(char, char) for char in text)
