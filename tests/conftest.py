"""Shared by all tests: helpers on the path, and property tests that repeat themselves.

`HYPOTHESIS_PROFILE=explore pytest` draws new examples at every run.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from cnncalc.cli.app import run

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("repeat", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))


class Answer(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def cnncalc(capsys, monkeypatch):
    """The command line, run in this process: `cnncalc("conv", "-W", "32", ...)`."""
    for name in ("CNNCALC_FORMAT", "CNNCALC_LAYOUT", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERMINAL_WIDTH", "200")

    def call(*arguments):
        status = run(list(map(str, arguments)))
        return Answer(status, *capsys.readouterr())

    return call
