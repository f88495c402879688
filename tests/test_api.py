"""The Python API: every public name is used as a user would, and has an example that runs."""

from __future__ import annotations

import subprocess
import sys
from inspect import isfunction

import pytest

import cnncalc
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

FUNCTIONS = [name for name in cnncalc.__all__ if isfunction(getattr(cnncalc, name))]


def test_load_and_analyze():
    network = cnncalc.load("mobilenet_v2", set={"width": 0.5}, input="160x160x3")
    report = cnncalc.analyze(network, batch=8, dtype="fp16")
    assert isinstance(network, cnncalc.Network)
    assert isinstance(report, cnncalc.Report)
    # the 0.5 model of tensorflow/models: 1.97 million parameters; 50 million MACs at 160x160
    assert (report.totals.params, round(report.totals.macs / 1e6)) == (1968680, 50)


def test_explain():
    told = cnncalc.explain(cnncalc.load("lenet5"), "C1")
    steps = {step.field: step for step in told[0].steps}
    assert (steps["params"].numbers, steps["params"].value) == ("150 + 6", 156)


def test_solve():
    """AlexNet's 55: from 227, or from 224 with 1 and 2 zeros."""
    settings = cnncalc.solve(55, f=11, s=4).settings
    assert (227, 0, 0) in {(one.w, one.begin, one.end) for one in settings}


def test_sizes():
    """Four times halved and doubled again: multiples of 16."""
    found = cnncalc.sizes("unet-padded", start=320, stop=340)
    assert found.working == (320, 336)


def test_compare():
    """ResNet-34 against ResNet-18, as published: 21,797,672 and 11,689,512 parameters."""
    found = cnncalc.compare("resnet18", "resnet34")
    params = next(figure for figure in found.figures if figure.key == "params")
    assert params.values == (11689512, 21797672)


def test_sweep():
    """MobileNetV2 at width 1 has torchvision's parameters; at 0.5, 1.97 million."""
    outcomes = cnncalc.sweep("mobilenet_v2", vary={"width": [0.5, 1.0]})
    params = [outcome.figures["params"] for outcome in outcomes]
    assert params == [1968680, 3504872]


def test_check():
    (result,) = cnncalc.check("resnet50", budget={"params": "30M", "macs": "4G"})
    assert not result.ok
    assert {kept.budget.key: kept.ok for kept in result.budget} == {"params": True, "macs": False}


def test_count_as():
    report = cnncalc.analyze(cnncalc.load("resnet50"))
    assert cnncalc.count_as(report, "torch").figures[0].value == 8178368512


def test_training():
    report = cnncalc.analyze(cnncalc.load("resnet50"))
    kept = cnncalc.training(report, "adam").total
    assert (kept.gradients, kept.optimiser) == (4 * 25557032, 8 * 25557032)


def test_forward(tmp_path):
    """The 5x5 picture and 3x3 filter of Stanford's UFLDL tutorial on convolution."""
    from cnncalc.inference.parameters import gather
    from cnncalc.inference.run import forward

    spec = tmp_path / "quiz.yaml"
    spec.write_text(
        "input: 5x5x1\nlayers:\n- C1: conv 1 3x3 nobias\n"
        "  weights: [[1, 0, 1], [0, 1, 0], [1, 0, 1]]\n"
    )
    network = cnncalc.load(spec)
    picture = map(float, "1110001110001110011001100")
    sample = Tensor(Shape(1, (5, 5)), list(picture))
    done = forward(network, {"in": sample}, gather(network))
    assert list(done.tensor("C1").values) == [4, 3, 4, 2, 4, 3, 2, 3, 4]


def test_a_mistake_is_an_error_with_its_place(tmp_path):
    spec = tmp_path / "wrong.yaml"
    spec.write_text("input: 8x8x1\nlayers: [conv 2 9x9]\n")
    with pytest.raises(cnncalc.CnncalcError) as caught:
        cnncalc.load(spec)
    (problem,) = caught.value.diagnostics
    assert isinstance(problem, cnncalc.Diagnostic)
    assert (problem.span.line, problem.message.splitlines()[0]) == (
        2, "the filter (9) is larger than its input (8)",
    )  # fmt: skip
    spec.write_text("input: 8x8x1\nlayers: [conv 2 8x8]\n")
    assert cnncalc.load(spec).nodes[-1].shape == Shape(2, (1, 1))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_shows_how(name):
    assert ">>> " in getattr(cnncalc, name).__doc__


def test_every_public_name_is_used_here():
    used = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert set(FUNCTIONS) - {"load", "analyze"} <= used


def test_an_unknown_name():
    with pytest.raises(AttributeError) as caught:
        cnncalc.analyse  # noqa: B018 - the access is what is tested
    assert str(caught.value) == "module 'cnncalc' has no attribute 'analyse'"
    assert cnncalc.analyze is cnncalc.analyze
    assert cnncalc.__version__.count(".") == 2


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, cnncalc; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"pydantic", "yaml", "rich", "typer", "dataclasses", "inspect"}
    assert not heavy & set(done.stdout.split())
