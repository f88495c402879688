"""A picture as a Mermaid flowchart, which GitHub and many editors draw from Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.render.colours import LIGHT
from cnncalc.render.format import joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.pictures.picture import Picture

# Characters that mean something within a label -> their names.
ENTITIES = {"&": "#amp;", "#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;"}


def text(picture: Picture) -> str:
    """A flowchart from top to bottom, its boxes named b0, b1, ... in the network's order."""
    return joined(_lines(picture))


def _lines(picture: Picture) -> Iterator[str]:
    if picture.heading:
        title = picture.heading.replace("\\", "\\\\").replace('"', '\\"')
        yield from ("---", f'title: "{title}"', "---")
    yield "flowchart TB"
    for n, box in enumerate(picture.boxes):
        name, *more = map(_escaped, box.words)
        label = "<br>".join([f"<b>{name}</b>", *more])
        yield f'  b{n}["{label}"]:::{LIGHT.named(box.kind)[0]}'
    for source, target in picture.edges:
        yield f"  b{source} --> b{target}"
    for owner, n in picture.shared:
        yield f"  b{owner} -.- b{n}"
    for kind in dict.fromkeys(LIGHT.named(box.kind)[0] for box in picture.boxes):
        fill, line = LIGHT.kinds[kind]
        yield f"  classDef {kind} fill:{fill},stroke:{line},color:#1a1a1a"


def _escaped(text: str) -> str:
    """A text in which nothing means more than itself.

    >>> _escaped('C1 "a" <b> #1')
    'C1 #quot;a#quot; #lt;b#gt; #35;1'
    """
    return "".join(ENTITIES.get(char, char) for char in text)
