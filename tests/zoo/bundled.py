"""The bundled networks by name, each analysed once for all tests that look at it."""

from functools import cache
from pathlib import Path

import yaml

from cnncalc import analyze, load

SPECS = Path(__file__).parents[2] / "specs"
DATA = Path(__file__).parents[1] / "data"


@cache
def written(stem):
    """A bundled file as plain YAML, read without the project's own reader."""
    return yaml.safe_load((SPECS / f"{stem}.yaml").read_text())


def files():
    """The stems of all bundled files."""
    return sorted(path.stem for path in SPECS.glob("*.yaml"))


def entries():
    """Every network of every file, as (stem, variant); variant is None where there are none."""
    return [(stem, name) for stem in files() for name in written(stem).get("variants", [None])]


@cache
def report(name, **options):
    """The report of a network by file stem or variant name; options go to `load`."""
    settings = options.pop("set", ())
    return analyze(load(name, set=dict(settings), **options) if settings else load(name, **options))


def of_types(name_or_report, *types):
    """The rows of some layer types, in order."""
    found = report(name_or_report) if isinstance(name_or_report, str) else name_or_report
    return [row for row in found.rows if row.type in types]
