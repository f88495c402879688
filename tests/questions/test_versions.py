"""One file in several versions: with variables set, and as a revision of its repository had it."""

import subprocess

import pytest

import cnncalc

# one filter of 3x3 on one map: 9 weights and a bias for each
OLD = "input: 8x8x1\nvars: {k: 4}\nlayers:\n- conv k 3x3\nvariants:\n  wide: {vars: {k: 8}}\n"
NEW = OLD.replace("3x3", "5x5")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A folder whose last commit has OLD, while the file on disk is NEW."""
    monkeypatch.chdir(tmp_path)
    net = tmp_path / "net.yaml"
    net.write_text(OLD)
    name = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], [*name, "commit", "-qm", "first"]):
        subprocess.run(["git", *words], check=True)
    net.write_text(NEW)
    return net


def params(*targets, **options):
    found = cnncalc.compare(*targets, **options)
    return next(figure.values for figure in found.figures if figure.key == "params")


def test_a_revision_beside_the_file(repository, cnncalc):
    assert params("HEAD:net.yaml", "net.yaml") == (4 * 10, 4 * 26)
    assert params("HEAD:net.yaml@wide", "HEAD:net.yaml@k=2") == (8 * 10, 2 * 10)
    answer = cnncalc("compare", "HEAD:net.yaml", "net.yaml", "--json")
    assert (answer.status, answer.json["networks"][0]["label"]) == (0, "HEAD:net.yaml")


def test_variables_beside_the_file(repository):
    assert params("net.yaml", "net.yaml@k=1", "net.yaml@wide") == (4 * 26, 26, 8 * 26)
    assert params("net.yaml@wide@k=3", "net.yaml") == (3 * 26, 4 * 26)
    assert params("net.yaml@k=3", "net.yaml", set={"k": 5}) == (5 * 26, 5 * 26)


def test_several_variables_and_lists():
    """ResNet-34 as ResNet-18 with other numbers of units: 21,797,672 as published."""
    assert params("resnet18@n=[3,4,6,3],wpg=64", "resnet18") == (21797672, 11689512)


@pytest.mark.parametrize(
    ("target", "status", "message", "help_"),
    [
        ("nosuch:net.yaml", 2, "has no revision 'nosuch'", "'git fetch' brings it"),
        ("HEAD:other.yaml", 3, "there was no file 'other.yaml' at the revision 'HEAD'", ""),
        ("net.yaml@kk=3", 1, "the spec has no variable 'kk'", "did you mean 'k'?"),
        ("net.yaml@k=", 1, "--set takes NAME=VALUE, got 'k='", ""),
        ("HEAD:net.yaml@broad", 1, "HEAD:net.yaml has no variant 'broad'", ""),
    ],
)
def test_what_is_not_there(repository, cnncalc, target, status, message, help_):
    answer = cnncalc("compare", target, "net.yaml")
    assert answer.status == status
    assert message in answer.err
    assert help_ in answer.err
