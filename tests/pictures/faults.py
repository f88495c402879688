"""Faults put into pictures and pages on purpose, each of which a test has to notice.

Run by hand: python tests/pictures/faults.py [WORD...], with the extra `pages` and chromium

Each is a text of one file that is replaced in a copy of the project. It prints the first test that
fails; the exit code is 1 where none does, or where a text is not found any more. With words only
the faults are tried whose names hold one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
TESTS = ("tests/pictures/test_page.py", "tests/pictures/test_styles.py",
         "tests/pictures/test_page_browser.py", "tests/pictures/test_pictures.py",
         "tests/cli/test_draw_command.py")  # fmt: skip


class Fault(NamedTuple):
    """What is wrong, the file in the package, a text in it, and what stands there instead."""

    name: str
    file: str
    text: str
    instead: str


FAULTS = (
    Fault("a changed number in the table", "render/html_tree.py",
          'add(cell, "button", grouped(count))', 'add(cell, "button", grouped(count + 1))'),
    Fault("a changed number in a box", "pictures/boxes.py",
          "return shape.text(self.layout)", "return shape._replace(channels=9).text(self.layout)"),
    Fault("a font from elsewhere", "render/page.css",
          ":root {", "@import url(https://fonts.example/sans.css); :root {"),
    Fault("an error in the script, after a click", "render/page.js",
          'row.classList.add("chosen")', 'row.clasList.add("chosen")'),
    Fault("an error in the script, at once", "render/report.js",
          "complete();", "complet();"),
    Fault("sorted the wrong way round", "render/page.js",
          "order.falling ? -1 : 1", "order.falling ? 1 : -1"),
    Fault("low contrast in the light theme", "render/page.css", "--pale: #555", "--pale: #aaa"),
    Fault("low contrast in the dark theme", "render/page.css", "--pale: #b9bec8", "--pale: #444"),
    Fault("low contrast in a picture", "render/colours.py", "#444444", "#bbbbbb"),
    Fault("a control without a label", "render/report_html.py",
          'add(line, "label", "layer ", **{"for": "field-of"})', 'add(line, "span", "layer ")'),
    Fault("a box moved onto another", "pictures/cards.py",
          "Rect(x + dx, y + dy, wide, CARD,", "Rect(x + dx, min(y + dy, 300), wide, CARD,"),
    Fault("a dropped edge", "pictures/boxes.py",
          "return tuple(edges)\n", "return tuple(edges)[:-1]\n"),
    Fault("an edge through a box", "pictures/column.py",
          "abs(x - box) >= self.half + CLEAR for box in between", "True for box in between"),
    Fault("text that sticks out of its box", "pictures/cards.py",
          "first = cut(name, NAME, inner, bold=True, front=True)", "first = name + 9 * 'M'"),
    Fault("a difference that is not marked", "render/compare_html.py",
          "_cell(line, text, marked=changed,", "_cell(line, text, marked=False,"),
    Fault("an id twice", "render/compare_html.py", 'mark=f"-{half.letter}"', 'mark="-A"'),
    Fault("a wrong line of a very large network", "render/report.js",
          "data.layers[place]", "data.layers[place - 1]"),
    Fault("a table that widens the page of a phone", "render/page.css",
          ".scroll { overflow-x: auto }", ".scroll { overflow-x: visible }"),
    Fault("rows that are not there without the script", "render/html_tree.py",
          "MOST_WRITTEN = 1500", "MOST_WRITTEN = 150"),
    Fault("data of another network", "render/report_html.py",
          'data = {"report": document,', 'data = {"report": {**document, "layers": []},'),
)  # fmt: skip


def noticed(fault: Fault) -> str | None:
    """The first test that fails with this fault; None where none does."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        left_out = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache")
        shutil.copytree(ROOT, copy, ignore=left_out)
        path = copy / "cnncalc" / fault.file
        text = path.read_text(encoding="utf-8")
        if fault.text not in text:
            sys.exit(f"{fault.file} does not hold: {fault.text}")
        path.write_text(text.replace(fault.text, fault.instead, 1), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(copy), "REQUIRE_BROWSER": "1"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider",
                   "-m", "page or not page", *TESTS]  # fmt: skip
        ended = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, check=False
        )
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", ended.stdout, re.MULTILINE)
        if failed is None and ended.returncode:
            sys.exit(ended.stdout[-2000:] + ended.stderr[-2000:])
        return failed[1] if failed else None


def main(words: list[str]) -> int:
    """Try the faults; return how many nobody notices."""
    chosen = [fault for fault in FAULTS if not words or any(word in fault.name for word in words)]
    missed = 0
    for fault in chosen:
        test = noticed(fault)
        missed += test is None
        print(f"{fault.name:45}  {test or 'NO TEST'}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
