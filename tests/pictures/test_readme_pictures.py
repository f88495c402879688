"""The pictures in the README are those that the commands beside them make."""

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^cnncalc (draw .* -o \.github/\S+)$", README, re.MULTILINE)


@pytest.mark.parametrize("words", COMMANDS)
def test_a_picture_of_the_readme_is_what_its_command_makes(cnncalc, tmp_path, monkeypatch, words):
    *command, name = shlex.split(words)
    monkeypatch.chdir(tmp_path)
    Path(".github").mkdir()
    assert cnncalc(*command, name).status == 0
    assert Path(name).read_bytes() == (ROOT / name).read_bytes()


def test_the_readme_shows_every_picture_that_it_makes():
    made = [words.split()[-1] for words in COMMANDS]
    assert len(made) == 3
    assert re.findall(r"\]\((\.github/[^)]*)\)", README) == made
    assert sorted(path.name for path in (ROOT / ".github").glob("*.svg")) == sorted(
        Path(name).name for name in made
    )
