"""A file dropped into the folder of the layer types is a layer type everywhere, at once."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "cnncalc"
GLU = '''"""Gated linear unit: half of the channels, scaled by the sigmoid of the other half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from cnncalc.layers._base import Layer, Work
from cnncalc.layers._math import exp
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Glu(Layer):
    """D channels become D/2."""

    work: ClassVar[Work] = "uncounted"

    def output_shape(self, *inputs):
        return Shape(inputs[0].channels // 2, inputs[0].spatial)

    def channels_read(self, channel, *inputs):
        return ((channel, channel + inputs[0].channels // 2),)

    def forward(self, inputs, parameters):
        (x,) = inputs
        half = len(x.values) // 2
        pairs = zip(x.values[:half], x.values[half:], strict=True)
        return Tensor(self.output_shape(x.shape), [a / (1 + exp(-b)) for a, b in pairs])
'''
SPEC = "input: 2x2x4\nlayers:\n  - glu\n  - fc 3\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The program with one layer type more."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, folder / "cnncalc", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "cnncalc" / "layers" / "glu.py").write_text(GLU, encoding="utf-8")
    (folder / "net.yaml").write_text(SPEC, encoding="utf-8")

    def call(*words):
        done = subprocess.run(
            [sys.executable, "-m", "cnncalc", *words], cwd=folder, check=False, text=True,
            capture_output=True, encoding="utf-8", env={**os.environ, "PYTHONPATH": str(folder)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def test_it_is_analysed(run):
    glu, fc = json.loads(run("analyze", "net.yaml", "--json"))["layers"]
    assert (glu["type"], glu["out"]) == ("glu", {"h": 2, "w": 2, "c": 2})
    assert fc["weights"] == 24


def test_it_is_run_and_traced(run):
    text = run("forward", "net.yaml", "--sample", "ones", "--trace", "glu1:1,0,1")
    assert "0.731" in text  # 1 times the sigmoid of 1


def test_it_is_explained_and_listed(run):
    assert "2·2·2" in run("explain", "net.yaml", "glu1")
    assert "Gated linear unit" in run("layers", "glu")


def test_it_is_in_the_schema(run):
    assert '"glu"' in run("schema", "spec")
