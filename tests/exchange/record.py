"""What came of random settings of every layer type in each target, and the README's table of it.

tests/data/contracts.json holds it. The tests of a target compare afresh what comes of them; where
its framework is installed,

    RECORD_CONTRACTS=1 pytest -m torch tests/exchange  # or keras, or onnx

writes the record anew instead, and `python tests/exchange/record.py` the table made of it.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple

from cnncalc.layers import layer_types

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tests" / "data" / "contracts.json"
README = ROOT / "README.md"
TARGETS = {"pytorch": "PyTorch", "keras": "Keras", "onnx": "ONNX"}
WORDS = ("equal", "in part", "none")

# Settings that are refused, but that random ones seldom have: a spec by target and layer type.
SELDOM = {("onnx", "upsample"): "{input: 10x10x2, layers: [upsample 0.7]}"}


class Outcome(NamedTuple):
    """How many of the settings of a layer type are written, and why how many others are refused.

    >>> Outcome(0, {"it is unknown": 160}).word, Outcome(150, {"no dilation": 10}).word
    ('none', 'in part')
    """

    written: int
    refused: dict

    @property
    def word(self):
        """What is said of it in a word."""
        return "none" if not self.written else "in part" if self.refused else "equal"


def recorded(target):
    """What came of each layer type when it was recorded."""
    kept = json.loads(FILE.read_text(encoding="utf-8"))["targets"][target]
    return {name: Outcome(**each) for name, each in kept.items()}


def keep(target, name, outcome, version):
    """Put what came of a layer type into the record."""
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    kept["hypothesis"] = version
    kept["targets"][target][name] = outcome._asdict()
    FILE.write_text(f"{json.dumps(kept, indent=1, sort_keys=True)}\n", encoding="utf-8")


def words_of(target):
    """What the README's table says of each layer type in a target."""
    found = {name: outcome.word for name, outcome in recorded(target).items()}
    return found | {name: "in part" for each, name in SELDOM if each == target}


def table():
    """The lines of the README's table; layer types that come out alike stand on one line."""
    columns = [words_of(target) for target in TARGETS]
    alike = {}
    for name in layer_types():
        words = tuple(column[name] for column in columns)
        alike.setdefault(words, []).append(f"`{name}`")
    rows = sorted(alike.items(), key=lambda row: [WORDS.index(word) for word in row[0]])
    return [
        f"| layer types | {' | '.join(TARGETS.values())} |",
        f"|---{'|---' * len(TARGETS)}|",
        *(f"| {', '.join(names)} | {' | '.join(words)} |" for words, names in rows),
    ]


def in_readme():
    """The lines of the table as the README has them."""
    text = README.read_text(encoding="utf-8")
    (found,) = re.findall(r"^\| layer types \| PyTorch \|.*\n(?:\|.*\n)+", text, re.MULTILINE)
    return found.splitlines()


if __name__ == "__main__":
    whole = README.read_text(encoding="utf-8")
    README.write_text(whole.replace("\n".join(in_readme()), "\n".join(table())), encoding="utf-8")
