"""A picture as DOT, the language of Graphviz, which then places the boxes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.render.colours import LIGHT
from cnncalc.render.format import joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.pictures.picture import Picture


def text(picture: Picture) -> str:
    """A digraph from top to bottom, its boxes named b0, b1, ... in the network's order."""
    return joined(_lines(picture))


def _lines(picture: Picture) -> Iterator[str]:
    yield f"digraph {_quoted(picture.title)} {{"
    if picture.heading:
        yield f"  label={_quoted(picture.heading)}; labelloc=t;"
    yield '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=10];'
    yield '  edge [color="#555555", arrowsize=0.7];'
    for n, box in enumerate(picture.boxes):
        _, fill, line = LIGHT.named(box.kind)
        label = _quoted("\n".join(box.words))
        more = f", peripheries={min(box.times, 3)}" if box.times > 1 else ""
        more += ', style="rounded,filled,dashed"' if box.train_only else ""
        tip = _quoted(box.tip)
        yield f'  b{n} [label={label}, tooltip={tip}, fillcolor="{fill}", color="{line}"{more}];'
    for source, target in picture.edges:
        yield f"  b{source} -> b{target};"
    for owner, n in picture.shared:
        yield f"  b{owner} -> b{n} [style=dotted, dir=none, constraint=false];"
    yield "}"


def _quoted(text: str) -> str:
    r"""A string of DOT, in which a line break is \n, and a backslash is doubled.

    >>> print(_quoted('a "b"'))
    "a \"b\""
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
