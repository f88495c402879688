"""The reference of layer types: all of them with one line each, or one in full."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cnncalc.render.format import joined, labelled
from cnncalc.render.json import answer_schema, envelope
from cnncalc.render.page import PIPE
from cnncalc.render.schema import COUNT, FLAG, SIZE, TEXT, described, listed, record
from cnncalc.render.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cnncalc.render.page import Page
    from cnncalc.render.schema import Schema

LINE_BREAK = re.compile(r"(?<=\S)\n(?=\S)")  # inside a paragraph
KINDS = {
    "weights": "Layers with weights", "pooling": "Pooling", "merges": "Merges",
    "norms": "Normalisations", "activations": "Activations", "others": "Others",
}  # fmt: skip
FRAMEWORKS = {"pytorch": "PyTorch", "keras": "Keras", "onnx": "ONNX"}
EXPLICIT = {
    "weights: [[1, 0], [0, 1]]": "on a line below the layer; nested lists, filter by filter",
    "bias_values: [1]": "likewise; 0 where only weights are given",
}


def overview(
    types: Iterable[Mapping[str, Any]], blocks: Mapping[str, str], page: Page = PIPE
) -> str:
    """One line per type, grouped by kind, and per block with its definition."""
    by_kind: dict[str, list[Mapping[str, Any]]] = {kind: [] for kind in KINDS}
    for entry in types:
        by_kind[entry["kind"]].append(entry)
    parts = []
    for kind, entries in by_kind.items():
        pairs = [(_names(entry), entry["summary"]) for entry in entries]
        parts.append(_section(KINDS[kind], pairs, page))
    # A definition begins with a comment, whose first line says what the block is.
    firsts = [(name, text.partition("\n")[0].lstrip("# ")) for name, text in blocks.items()]
    parts.append(_section("Blocks that need no definition", firsts, page))
    return "\n".join([*parts, "'cnncalc layers TYPE' describes one in full.\n"])


def full(entry: Mapping[str, Any], page: Page = PIPE) -> str:
    """Everything about one type."""
    parts = [
        f"{page.paint(_names(entry), 'heading')}\n{entry['summary']}\n",
        f"{_flowing(entry['description'], page)}\n",
    ]
    if entry["fields"]:
        pairs = [(_heading(field), _field(field)) for field in entry["fields"]]
        parts.append(_section("Fields", pairs, page))
    if entry["words"]:
        parts.append(_section("Words", entry["words"].items(), page))
    if "frameworks" in entry:
        pairs = [(FRAMEWORKS[name], said) for name, said in entry["frameworks"].items()]
        parts.append(_section("In the frameworks, as export writes the example", pairs, page))
    if entry["kind"] == "weights":
        parts.append(_section("Numbers of an exercise", EXPLICIT.items(), page))
    if entry["attaches"]:
        parts.append(f"Can be appended to a layer as a word: {entry['attached']}\n")
    forms = dict.fromkeys([entry.get("line", entry["example"]), entry["example"]])
    title = "Example, as a line and as a mapping" if len(forms) > 1 else "Example"
    parts.append(joined([page.paint(title, "heading"), *(f"  - {form}" for form in forms)]))
    return "\n".join(part for part in parts if part.strip())


def _flowing(description: str, page: Page) -> str:
    """Paragraphs without the line breaks of their source where a terminal is narrower than that."""
    if page.width is None or all(len(line) <= page.width for line in description.split("\n")):
        return description
    return LINE_BREAK.sub(" ", description)


def table(types: Iterable[Mapping[str, Any]]) -> Table:
    """A row per type: its name and aliases, its kind, what it is."""
    columns = [Column(key.title(), "text", key) for key in ("type", "aliases", "kind", "summary")]
    rows = [
        [entry["type"], " ".join(entry["aliases"]), entry["kind"], entry["summary"]]
        for entry in types
    ]
    return Table(columns, rows)


def _names(entry: Mapping[str, Any]) -> str:
    return ", ".join([entry["type"], *entry["aliases"]])


def _heading(field: Mapping[str, Any]) -> str:
    return f"{field['name']}: {field.get('default', '')}".rstrip()


def _field(field: Mapping[str, Any]) -> str:
    """What a field takes, and its other spellings."""
    spellings = [
        "required" if field["required"] else "",
        f"bare number {field['position']}" if "position" in field else "",
        "a size such as 3x3" if "sized" in field else "",
        *(f"{letter}=" for letter in field.get("letters", ())),
        *(f"{name}=" for name in field.get("other_names", ())),
    ]
    value = field["value"]
    if "choices" in field and not value.startswith("one of"):
        value = f"{value}, or {', '.join(field['choices'])}"
    return "; ".join(filter(None, [value, *spellings]))


def _section(title: str, pairs: Iterable[tuple[str, str]], page: Page) -> str:
    return joined([page.heading(title), *labelled(pairs, indent="  ", gap=2)])


def document(types: Iterable[Mapping[str, Any]], *, version: str) -> dict[str, Any]:
    """The document `cnncalc.layers/1`, with one entry per layer type."""
    return {**envelope("layers", version), "layers": list(types)}


def schema() -> Schema:
    """The schema of `cnncalc.layers/1`."""
    words = listed(TEXT)
    field = record(
        {"name": TEXT, "value": described(TEXT, "what it takes, in words"), "required": FLAG},
        {
            "default": TEXT,
            "choices": words,
            "position": described(SIZE, "which bare number of a layer sets it"),
            "sized": described(FLAG, "whether a size such as 3x3 sets it"),
            "letters": words,
            "other_names": words,
        },
    )
    layer = record(
        {
            "type": TEXT,
            "kind": described(TEXT, "the heading it is listed under"),
            "summary": TEXT,
            "aliases": words,
            "description": TEXT,
            "inputs": record({"least": COUNT}, {"most": COUNT}),
            "attaches": described(FLAG, "whether it can be appended to a layer as a word"),
            "fields": listed(field),
            "words": {"type": "object", "additionalProperties": TEXT},
            "example": TEXT,
        },
        {
            "line": described(TEXT, "the example as a line of text"),
            "attached": described(TEXT, "a line to which this layer is appended as a word"),
            "frameworks": described(
                record(dict.fromkeys(FRAMEWORKS, TEXT)),
                "where one type is asked for, what it is in each framework, or why it has no "
                "counterpart",
            ),
        },
    )
    definitions = described(
        {"type": "object", "additionalProperties": TEXT},
        "the blocks that need no definition, as the language would define them",
    )
    return answer_schema(
        "layers",
        "what can be written for each layer type",
        {"layers": listed(layer)},
        {"blocks": definitions},
    )
