"""What a picture shows, before anything has a place: boxes, edges and the parts around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.analysis.report import Row
    from cnncalc.shapes import Shape

BLOCK = "block"  # the kind of a box that stands for a closed part; other kinds are those of rows


class Box(NamedTuple):
    """One box: an input, a layer with what belongs to it, a closed part, or a stack of equal ones.

    `name` is unique in the picture; `text` are the three lines that are written in the box, and
    `short` is the first of them without the name of the part that the box stands in. `rows` are
    the report's; inputs, and what a picture of one part reads from outside, have none.
    """

    name: str
    kind: str
    text: tuple[str, str, str]
    short: str
    tip: str
    out: Shape
    rows: tuple[Row, ...] = ()
    times: int = 1  # equal parts that the box stands for
    part: str | None = None  # the opened part that it stands in
    skip: str | None = None  # the merge inside a closed part that a path around it leads to
    train_only: bool = False
    owner: int | None = None  # the box whose weights it uses

    @property
    def words(self) -> tuple[str, ...]:
        """The lines in the box, and for a closed part in words what SVG draws as a bow.

        >>> from cnncalc.shapes import Shape
        >>> text = ("layer1", "basic_block", "8×8×1")
        >>> Box("layer1", "block", text, "layer1", "", Shape(1, (8, 8)), skip="add").words
        ('layer1', 'basic_block', '8×8×1', 'parallel paths, joined by add')
        """
        return (*self.text, f"parallel paths, joined by {self.skip}") if self.skip else self.text


class Edge(NamedTuple):
    """The box `target` reads the box `source`; both are places in the list of boxes."""

    source: int
    target: int


class Picture(NamedTuple):
    """Boxes in the order of the network, the edges between them, and the opened parts' titles."""

    title: str
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    parts: Mapping[str, str]  # name -> what stands at its outline
    heading: str | None = None  # written above the picture
    legend: bool = True
    scale: str = "auto"  # how sizes become lengths, where a style draws them: or linear, or sqrt

    @property
    def sources(self) -> list[list[int]]:
        """For each box, those it reads."""
        read: list[list[int]] = [[] for _ in self.boxes]
        for source, target in self.edges:
            read[target].append(source)
        return read

    @property
    def readers(self) -> list[list[int]]:
        """For each box, those that read it."""
        reading: list[list[int]] = [[] for _ in self.boxes]
        for source, target in self.edges:
            reading[source].append(target)
        return reading

    @property
    def shared(self) -> list[Edge]:
        """From each box that owns weights to every other that uses them too."""
        owners = ((box.owner, n) for n, box in enumerate(self.boxes))
        return [Edge(owner, n) for owner, n in owners if owner is not None and owner != n]

    @property
    def is_chain(self) -> bool:
        """Whether every box reads the one before it, and no other."""
        pairs = [Edge(n - 1, n) for n in range(1, len(self.boxes))]
        return list(self.edges) == pairs

    @property
    def description(self) -> str:
        """All boxes in words, for those who do not see the picture."""
        number = len(self.boxes)
        words = "; ".join(", ".join(box.words) for box in self.boxes)
        return f"{number} {'box' if number == 1 else 'boxes'} in the order of the network: {words}."
