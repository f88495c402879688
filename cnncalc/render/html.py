"""The frame of an HTML page that asks nobody for anything: it holds its style, scripts and data.

A page is XML too, so that programs read it as they read HTML.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from cnncalc.render.format import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
ESCAPES = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"))


def add(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
    """A new element at the end of the parent."""
    element = ET.SubElement(parent, tag, attributes)
    if text:
        element.text = printable(text)
    return element


def body_of(title: str) -> tuple[ET.Element, ET.Element]:
    """A new page with this title, and its empty body."""
    page = ET.Element("html", {"lang": "en", "xmlns": "http://www.w3.org/1999/xhtml"})
    head = add(page, "head")
    add(head, "meta", charset="utf-8")
    add(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    add(head, "meta", **{"http-equiv": "Content-Security-Policy", "content": POLICY})
    add(head, "title", title)
    return page, add(page, "body")


def written(
    page: ET.Element, *, styles: Sequence[str], scripts: Sequence[str], data: Mapping[str, object]
) -> str:
    """The text of a page with files of this folder as style sheets and scripts.

    `data` are JSON documents by the `id` of the element that holds each.
    """
    style = f"<style>{''.join(map(_read, styles))}</style>"
    parts = [
        f'<script type="application/json" id="{name}">{_escaped(document)}</script>'
        for name, document in data.items()
    ]
    parts.append(f"<script>{''.join(map(_read, scripts))}</script>")
    text = ET.tostring(page, encoding="unicode", short_empty_elements=False)
    text = text.replace("</head>", f"{style}</head>", 1)
    body = text.removesuffix("</body></html>")
    return f"<!DOCTYPE html>\n{body}{''.join(parts)}</body></html>\n"


def _escaped(document: object) -> str:
    """JSON that cannot end the element around it, nor needs escapes in XML."""
    from json import dumps

    text = dumps(document, separators=(",", ":"), ensure_ascii=False)
    for sign, escaped in ESCAPES:
        text = text.replace(sign, escaped)
    return text


def _read(name: str) -> str:
    return files("cnncalc.render").joinpath(name).read_text(encoding="utf-8")
