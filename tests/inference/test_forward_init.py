"""`init:` of a spec: the weights and labels of `cnncalc forward` where no option gives any."""

import json
from typing import NamedTuple

import pytest

from cnncalc import CnncalcError, network
from cnncalc import forward as cnncalc_forward
from cnncalc.cli.app import run
from cnncalc.inference import initial
from cnncalc.layers.fc import Fc
from cnncalc.shapes import Shape

NET = "input: 2\nlayers: [fc 2 as fc]\ninit: {weights: own.json, labels: [cat, 7]}\n"
OWN = {"fc": {"weight": [[1, 0], [0, 1]], "bias": [0, 0]}}
OTHER = {"fc": {"weight": [[0, 1], [1, 0]], "bias": [0, 0]}}


class Answer(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def top(self):
        """The largest output: which one, how large, its label."""
        return tuple(json.loads(self.out)["outputs"][0]["top"][0].values())


@pytest.fixture
def forward(capsys, monkeypatch, tmp_path):
    folder = tmp_path / "nets"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    (folder / "own.json").write_text(json.dumps(OWN))
    (tmp_path / "other.json").write_text(json.dumps(OTHER))
    (tmp_path / "sample.txt").write_text("5 3\n")

    def call(*options, spec=NET):
        (folder / "net.yaml").write_text(spec)
        status = run(["forward", "nets/net.yaml", "--sample", "sample.txt", *options])
        return Answer(status, *capsys.readouterr())

    return call


def test_weights_lie_beside_the_spec(forward):
    assert forward("--json").top == (0, 5.0, "cat")
    assert "weights nets/own.json" in forward().out


def test_the_option_comes_before_them(forward):
    assert forward("--json", "--weights", "other.json").top == (1, 5.0, "7")


def test_so_does_a_file_of_labels(forward, tmp_path):
    (tmp_path / "labels.txt").write_text("dog\nowl\n")
    assert forward("--json", "--labels", "labels.txt").top == (0, 5.0, "dog")


def test_without_an_entry_weights_are_drawn(forward):
    answer = forward(spec="input: 2\nlayers: [fc 2]\ninit: {scheme: zeros, seed: 3}\n")
    assert "weights initial (zeros, seed 3)" in answer.out


def test_one_label_per_number(forward):
    answer = forward(spec=NET.replace("cat, 7", "cat"))
    assert answer.status == 1
    assert answer.err == "error[labels]: 'init' has 1 label, but fc has 2 numbers\n"


def test_weights_that_are_not_there(forward):
    answer = forward(spec=NET.replace("own", "lost"))
    assert answer.status == 3
    assert answer.err == "error[no-file]: there is no file 'nets/lost.json'\n"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("weights: [a]", "error[wrong-type]: 'weights' must be the path of a file\n"),
        ("weights: 5", "error[wrong-type]: 'weights' must be the path of a file\n"),
        ("labels: cat", "error[wrong-type]: 'labels' must be a list of texts\n"),
        ("labels: [[cat], dog]", "error[wrong-type]: 'labels' must be a list of texts\n"),
        ("seed: -1", "error[wrong-type]: 'seed' must be a whole number from 0\n"),
        ("scheme: be", "error[wrong-type]: 'scheme' must be one of default, he, xavier, zeros\n"),
    ],
)
def test_an_entry_that_says_nothing(forward, entry, said):
    answer = forward(spec=f"input: 2\nlayers: [fc 2]\ninit: {{{entry}}}\n")
    value = entry.partition(": ")[0]
    assert answer.status == 1
    assert answer.err.startswith(f"{said} --> nets/net.yaml:3:{len(value) + 10}\n")


def test_an_entry_that_there_is_not(forward):
    answer = forward(spec=NET.replace("labels", "label"))
    assert answer.status == 1
    assert answer.err.startswith(
        "error[unknown-key]: 'init' has no key 'label'\n --> nets/net.yaml:3:27\n"
    )
    assert answer.err.endswith("= help: did you mean 'labels'?\n")


@pytest.mark.parametrize("command", ["analyze", "check", "explain", "expand"])
def test_every_command_tells_what_is_wrong_with_it(command, capsys, tmp_path):
    """All mistakes at once, beside those of the layers, as with every other part of a spec."""
    spec = tmp_path / "net.yaml"
    spec.write_text("input: 2\nlayers: [fc 2]\ninit: {seed: -1, label: [a]}\n")
    assert run([command, str(spec)]) == 1
    told = "".join(capsys.readouterr())
    assert "error[wrong-type]: 'seed' must be a whole number from 0\n" in told
    assert "error[unknown-key]: 'init' has no key 'label'\n" in told
    spec.write_text("input: 2\nlayers: [fc 2]\ninit: {seed: 1, labels: [a, b]}\n")
    assert run([command, str(spec)]) == 0


def test_every_scheme_that_may_be_written_draws_weights_of_its_own():
    layer, shape = Fc(units=30), Shape(50)
    weight = layer.parameters(shape)[0]
    drawn = [
        tuple(initial.initial("fc.weight", weight, layer, [shape], initial.InitialWeights(scheme)))
        for scheme in network.SCHEMES
    ]
    assert len(set(drawn)) == len(network.SCHEMES)
    assert {len(values) for values in drawn} == {1500}


@pytest.mark.parametrize("path", ["../own.json", "/etc/passwd", "out/own.json", "a/../../own.json"])
def test_a_spec_reads_no_weights_outside_of_its_folder(cnncalc, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "out").symlink_to(tmp_path)
    (tmp_path / "own.json").write_text('{"fc.weight": [[1, 2], [3, 4]], "fc.bias": [0, 0]}')
    spec = tmp_path / "nets" / "net.yaml"
    spec.write_text(f"input: 2\nlayers: [fc 2 as fc]\ninit: {{weights: {path}}}\n")
    answer = cnncalc("forward", "nets/net.yaml")
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith("error[weights-outside]: the weights of the spec, '")
    assert f"\n --> nets/net.yaml:3:17\n  |\n3 | init: {{weights: {path}}}\n" in answer.err
    with pytest.raises(CnncalcError, match="are not in its folder"):
        cnncalc_forward("nets/net.yaml")
    assert cnncalc("analyze", "nets/net.yaml").status == 0  # which reads no weights
    named = cnncalc("forward", "nets/net.yaml", "--weights", "own.json")
    assert named.status == 0
    spec.write_text(spec.read_text().replace(path, "below/../own.json"))
    (tmp_path / "nets" / "own.json").write_bytes((tmp_path / "own.json").read_bytes())
    (tmp_path / "nets" / "below").mkdir()
    assert cnncalc("forward", "nets/net.yaml").status == 0


@pytest.mark.parametrize(
    "data", [b"SECRET-TOKEN-1234", b'{"a": "SECRET"}', b'{"a": [1, "SECRET"]}', b'{"a": \xffSECRET',
             b"SECRET", (9).to_bytes(8, "little") + b"SECRET..."],
)  # fmt: skip
def test_an_error_shows_nothing_of_a_file_that_holds_no_weights(
    cnncalc, tmp_path, monkeypatch, data
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text("input: 2\nlayers: [fc 2]\ninit: {weights: w}\n")
    (tmp_path / "w").write_bytes(data)
    answer = cnncalc("forward", "net.yaml")
    told = answer.out + answer.err
    assert answer.status == 1
    assert "SECRET" not in told
    for number in (int.from_bytes(data[:8], "little"), 0xFF):
        assert f"{number:,}" not in told
    assert "0xff" not in told


def test_a_large_weight_is_drawn_whole_and_no_longer():
    layer, shape = Fc(units=401), Shape(250)
    weight = layer.parameters(shape)[0]
    values = initial.initial("fc.weight", weight, layer, [shape], initial.InitialWeights())
    assert len(values) == 401 * 250
    assert 0.0 not in values
