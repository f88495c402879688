"""The chapter about the spec language, as a page to read in a terminal."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from cnncalc.render.page import PIPE, Page, folded, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "language.md"  # the README has the same chapter
WIDEST = 100
TITLE = "The spec language"


def source() -> str:
    """The chapter in Markdown, without its title."""
    return files("cnncalc").joinpath(FILE).read_text(encoding="utf-8")


def text(page: Page = PIPE) -> str:
    """The chapter without the marks of Markdown: code is indented, tables are aligned."""
    width = min(page.width or WIDEST, WIDEST)
    blocks = "\n\n".join("\n".join(_written(block, page, width)) for block in _blocks(source()))
    return f"{page.paint(TITLE, 'heading')}\n\n{page.signs(blocks)}\n"


def _blocks(markdown: str) -> Iterator[list[str]]:
    """The lines of each paragraph, table, heading, and block of code."""
    block, code = list[str](), False
    for line in [*markdown.splitlines(), ""]:
        code ^= line.startswith("```")
        if line or code:
            block.append(line)
        elif block:
            yield block
            block = []


def _written(block: list[str], page: Page, width: int) -> Iterator[str]:
    if block[0].startswith("```"):
        yield from (folded(f"    {line}", page.width) for line in block[1:-1])
    elif block[0].startswith("|"):
        cells = [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in block]
        del cells[1]  # the rule below the titles
        column = max(len(row[0]) for row in cells) + 2
        for first, *rest in cells:
            yield from wrapped(f"  {first:<{column}}{' '.join(rest)}", width)
    elif block[0].startswith("#"):
        yield page.paint(block[0].lstrip("# "), "heading")
    else:
        yield from wrapped(" ".join(block), width, 0)
