"""Faults put into pictures and pages on purpose, each of which a test has to notice.

Run by hand: python tests/pictures/faults.py [WORD...], with the extra `pages` and chromium

Each is a text of one file that is replaced in a copy of the project, and names the tests that fail
then. It prints the first of them; the exit code is 1 where none fails, or where a text is not found
any more. With words only the faults are tried whose names hold one.
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
PAGE, BROWSER = "test_page.py", "test_page_browser.py"
PICTURES, SLIDE = "test_pictures.py", "test_slide.py"


class Fault(NamedTuple):
    """What is wrong, the tests that notice, and the text of a file in the package that changes."""

    name: str
    tests: str
    file: str
    text: str
    instead: str


FAULTS = (
    Fault(
        "a changed number in the table",
        f"{PAGE}::test_every_row_and_every_part_has_its_numbers",
        "render/html_tree.py",
        'add(cell, "button", grouped(count))',
        'add(cell, "button", grouped(count + 1))',
    ),
    Fault(
        "a changed number in a box",
        f"{PICTURES}::test_texts_in_boxes_are_those_of_the_table",
        "pictures/boxes.py",
        "return shape.text(self.layout)",
        "return shape._replace(channels=9).text(self.layout)",
    ),
    Fault(
        "a font from elsewhere",
        f"{PAGE}::test_a_page_asks_nobody",
        "render/page.css",
        ":root {",
        "@import url(https://fonts.example/sans.css); :root {",
    ),
    Fault(
        "an error in the script, after a click",
        f"{BROWSER}::test_a_box_chooses_its_line",
        "render/page.js",
        'row.classList.add("chosen")',
        'row.clasList.add("chosen")',
    ),
    Fault(
        "an error in the script, at once",
        f"{BROWSER}::test_a_part_opens_and_closes",
        "render/report.js",
        "complete();",
        "complet();",
    ),
    Fault(
        "sorted the wrong way round",
        f"{BROWSER}::test_a_heading_sorts_and_sorts_back",
        "render/page.js",
        "order.falling ? -1 : 1",
        "order.falling ? 1 : -1",
    ),
    Fault(
        "low contrast in the light theme",
        f"{BROWSER}::test_axe_finds_nothing",
        "render/page.css",
        "--pale: #555",
        "--pale: #aaa",
    ),
    Fault(
        "low contrast in the dark theme",
        f"{BROWSER}::test_axe_finds_nothing",
        "render/page.css",
        "--pale: #b9bec8",
        "--pale: #444",
    ),
    Fault(
        "low contrast in a picture",
        f"{PICTURES}::test_texts_and_outlines_stand_out",
        "render/colours.py",
        "#444444",
        "#bbbbbb",
    ),
    Fault(
        "a control without a label",
        f"{BROWSER}::test_axe_finds_nothing",
        "render/report_html.py",
        'add(line, "label", "layer ", **{"for": "field-of"})',
        'add(line, "span", "layer ")',
    ),
    Fault(
        "a box moved onto another",
        f"{PICTURES}::test_a_picture_shows_the_report_and_nothing_is_in_the_way",
        "pictures/cards.py",
        "Rect(x + dx, y + dy, wide, CARD,",
        "Rect(x + dx, min(y + dy, 300), wide, CARD,",
    ),
    Fault(
        "a dropped edge",
        f"{PICTURES}::test_a_picture_shows_the_report_and_nothing_is_in_the_way",
        "pictures/boxes.py",
        "return tuple(edges)\n",
        "return tuple(edges)[:-1]\n",
    ),
    Fault(
        "an edge through a box",
        f"{PICTURES}::test_a_picture_shows_the_report_and_nothing_is_in_the_way",
        "pictures/column.py",
        "abs(x - box) >= self.half + CLEAR for box in between",
        "True for box in between",
    ),
    Fault(
        "text that sticks out of its box",
        f"{PICTURES}::test_a_picture_shows_the_report_and_nothing_is_in_the_way",
        "pictures/cards.py",
        "first = cut(name, NAME, inner, bold=True, front=True)",
        "first = name + 9 * 'M'",
    ),
    Fault(
        "lines drawn over each other",
        f"{PICTURES}::test_a_picture_shows_the_report_and_nothing_is_in_the_way",
        "pictures/cards.py",
        "lines_once(seen, picture.edges)",
        "map(Line, seen)",
    ),
    Fault(
        "numbers under the frames of a slide",
        f"{SLIDE}::test_numbers_stand_over_the_frames_that_mark_their_cells",
        "render/slide_svg.py",
        "        if isinstance(mark, Grid):",
        "        if True:",
    ),
    Fault(
        "headings that are lost in print",
        f"{BROWSER}::test_every_printed_page_of_a_table_has_all_headings",
        "render/page.css",
        "button { display: contents }",
        "",
    ),
    Fault(
        "a field that is told larger than it is",
        f"{BROWSER}::test_a_field_that_is_cut_off_is_told_as_it_is_drawn",
        "render/report.js",
        "Math.round(1000 * length / scale) / 1000",
        "most",
    ),
    Fault(
        "a difference that is not marked",
        f"{PAGE}::test_what_differs_is_marked_and_nothing_else",
        "render/compare_html.py",
        "_cell(line, text, marked=changed,",
        "_cell(line, text, marked=False,",
    ),
    Fault(
        "an id twice",
        f"{PAGE}::test_a_page_of_two_asks_nobody_and_has_no_id_twice",
        "render/compare_html.py",
        'mark=f"-{half.letter}"',
        'mark="-A"',
    ),
    Fault(
        "a wrong line of a very large network",
        f"{BROWSER}::test_lines_that_are_left_to_the_script_are_the_same",
        "render/report.js",
        "data.layers[place]",
        "data.layers[place - 1]",
    ),
    Fault(
        "a table that widens the page of a phone",
        f"{BROWSER}::test_a_phone_scrolls_down_only",
        "render/page.css",
        ".scroll { overflow-x: auto }",
        ".scroll { overflow-x: visible }",
    ),
    Fault(
        "rows that are not there without the script",
        f"{BROWSER}::test_without_javascript_all_rows_are_there",
        "render/html_parts.py",
        "MOST_WRITTEN = 1500",
        "MOST_WRITTEN = 150",
    ),
    Fault(
        "data of another network",
        f"{PAGE}::test_the_data_is_the_json_report",
        "render/report_html.py",
        'data = {"report": document,',
        'data = {"report": {**document, "layers": []},',
    ),
)


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
                   "-m", "page or not page", f"tests/pictures/{fault.tests}"]  # fmt: skip
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
