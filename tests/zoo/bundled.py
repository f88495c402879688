"""The bundled networks by name, each analysed once for all tests that look at it."""

from functools import cache
from pathlib import Path

import yaml

from cnncalc import analyze, load

SPECS = Path(__file__).parents[2] / "specs"
FIGURES = ("params", "macs", "buffers", "output")
DATA = Path(__file__).parents[1] / "data"


@cache
def written(stem):
    """A bundled file as plain YAML, read without the project's own reader."""
    spec = yaml.safe_load((SPECS / f"{stem}.yaml").read_text())
    table = spec.get("variants") or {}
    if isinstance(names := table.get("for"), list):
        rows = {key: row if isinstance(row, list) else [row] for key, row in table["in"].items()}
        spec["variants"] = {key: dict(zip(names, row, strict=True)) for key, row in rows.items()}
    for variant in (spec.get("variants") or {}).values():
        variant.setdefault("expect", {k: v for k, v in variant.items() if k in FIGURES})
    return spec


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
