"""The boxes and edges of a picture as JSON, `cnncalc.draw/1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.render.json import answer_schema, envelope
from cnncalc.render.schema import FLAG, MAYBE_TEXT, SIZE, TEXT, described, listed, record, ref

if TYPE_CHECKING:
    from cnncalc.pictures.picture import Box, Picture
    from cnncalc.render.schema import Schema


def document(picture: Picture, *, version: str) -> dict[str, Any]:
    """The boxes in the order of the network, and who reads whom, by name."""
    names = [box.name for box in picture.boxes]
    return {
        **envelope("draw", version),
        "title": picture.title,
        "boxes": [_box(box, names) for box in picture.boxes],
        "edges": [
            {"source": names[source], "target": names[target]} for source, target in picture.edges
        ],
    }


def _box(box: Box, names: list[str]) -> dict[str, Any]:
    return {
        "name": box.name,
        "kind": box.kind,
        "text": list(box.text),
        "out": box.out.by_letter,
        "layers": [row.name for row in box.rows],
        "count": box.times,
        "part": box.part,
        "skip": box.skip,
        "train_only": box.train_only,
        "shared_with": None if box.owner is None else names[box.owner],
    }


def schema() -> Schema:
    """The schema of the document."""
    box = record({
        "name": described(TEXT, "unique"),
        "kind": described(TEXT, "what its layer does, or block: a closed part of the network"),
        "text": described(listed(TEXT), "the three lines in the box"),
        "out": ref("shape"),
        "layers": described(listed(TEXT), "names of the report's layers; none of an input"),
        "count": described(SIZE, "equal parts that the box stands for"),
        "part": described(MAYBE_TEXT, "the opened part that it stands in"),
        "skip": described(MAYBE_TEXT, "the merge inside that a path around it leads to"),
        "train_only": FLAG,
        "shared_with": described(MAYBE_TEXT, "the box whose weights it uses"),
    })  # fmt: skip
    edge = record({"source": TEXT, "target": described(TEXT, "the box that reads the source")})
    fields = {"title": TEXT, "boxes": listed(box), "edges": listed(edge)}
    return answer_schema("draw", "the boxes and edges of a picture of a network", fields)
