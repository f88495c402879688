"""`cnncalc.export` and `cnncalc.from_torch`, as a user calls them."""

import sys
import warnings
from types import ModuleType, SimpleNamespace

import pytest

import cnncalc
from cnncalc.exchange.targets import write
from cnncalc.inference.own_weights import held


@pytest.mark.parametrize("to", ["pytorch", "keras"])
def test_what_is_exported_is_what_the_command_prints(cnncalc, to):
    import cnncalc as package

    exported = package.export("digits", to)
    assert isinstance(exported, package.Exported)
    assert cnncalc("export", "digits", "--to", to).out == exported.content
    assert (
        package.export("resnet34", to, flat=True).content != package.export("resnet34", to).content
    )


def test_a_network_that_was_changed_is_exported():
    network = cnncalc.stack("8x8x3", "conv 4 3x3", "fc 5")
    assert cnncalc.export(network, "keras") == write(network, "keras")
    assert "units" not in cnncalc.export({"input": "8x8x3", "layers": ["fc 5"]}, "keras").content


def test_another_framework_is_refused():
    with pytest.raises(cnncalc.CnncalcError) as caught:
        cnncalc.export("lenet5", "caffe")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "unknown-framework"
    assert diagnostic.message.startswith("networks are written for 'pytorch', 'keras'")
    assert diagnostic.message.endswith("not for 'caffe'")


def test_without_pytorch_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    with pytest.raises(cnncalc.CnncalcError) as caught:
        cnncalc.from_torch(object(), (3, 8, 8))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "no-torch"
    assert diagnostic.help == ("run it where torch is installed, or give cnncalc.load a model.onnx")


class Module:
    """Stands in for a module of PyTorch whose export fails."""

    training = True

    def eval(self):
        self.training = False

    def train(self, on):
        self.training = on

    def parameters(self):
        return iter(())


def stand_in(error):
    """As much of PyTorch as is asked before its export fails."""

    def fail(*_, **__):
        raise error

    torch = ModuleType("torch")
    torch.nn = SimpleNamespace(Module=Module)
    torch.zeros = lambda *sizes: sizes
    torch.no_grad = warnings.catch_warnings
    mode = SimpleNamespace(PRESERVE=1)
    torch.onnx = SimpleNamespace(export=fail, TrainingMode=mode)
    return torch


@pytest.mark.parametrize(
    ("error", "help_"),
    [
        (
            RuntimeError("Module onnx is not installed!"),
            "PyTorch writes ONNX with the package onnx: pip install onnx",
        ),
        (
            RuntimeError("shapes do not fit\nat length"),
            "see that the module takes one tensor of this shape: channels, then spatial sizes",
        ),
    ],
)
def test_an_export_that_fails_is_told_with_its_reason(monkeypatch, error, help_):
    monkeypatch.setitem(sys.modules, "torch", stand_in(error))
    module = Module()
    with pytest.raises(cnncalc.CnncalcError) as caught:
        cnncalc.from_torch(module, (3, 8, 8))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "torch-export"
    why = str(error).splitlines()[0]
    assert diagnostic.message == f"PyTorch could not export Module on 1x3x8x8: RuntimeError: {why}"
    assert diagnostic.help == help_
    assert module.training


def test_what_is_no_module_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", stand_in(None))
    with pytest.raises(cnncalc.CnncalcError, match=r"a torch.nn.Module is wanted, not str"):
        cnncalc.from_torch("resnet50", (3, 224, 224))


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")  # PyTorch's own
def test_a_module_of_pytorch_is_read():
    """The parameters are counted by PyTorch."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    nn = torch.nn
    module = nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.3),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(72, 10),
    )  # fmt: skip
    network = cnncalc.from_torch(module, (3, 8, 8))
    totals = cnncalc.analyze(network).totals
    assert totals.params == sum(p.numel() for p in module.parameters())
    assert module.training
    types = [node.layer.type for node in network.nodes[1:]]
    assert types == ["conv", "bn", "relu", "maxpool", "flatten", "fc"]


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")  # PyTorch's own
def test_a_module_of_pytorch_keeps_its_weights():
    """What PyTorch computes, the network computes, and what is exported of it again."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    nn = torch.nn
    torch.manual_seed(1)
    module = nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(72, 10),
    ).eval()  # fmt: skip
    network = cnncalc.from_torch(module, (3, 8, 8))
    sample = torch.rand(1, 3, 8, 8)
    values = cnncalc.Tensor(network.nodes[0].shape, sample.flatten().tolist())
    got = cnncalc.forward(network, values).outputs[0].output.values
    with torch.no_grad():
        assert list(got) == pytest.approx(module(sample).flatten().tolist(), abs=1e-5)


def test_the_weights_of_a_model_file_outlive_it(tmp_path):
    path = tmp_path / "digits.onnx"
    cnncalc.export("digits", "onnx").save(path)
    network = held(cnncalc.load(path))
    path.unlink()
    scores = cnncalc.forward(network, "digits_7.pgm").outputs[0].output.values
    assert scores == cnncalc.forward("digits", "digits_7.pgm").outputs[0].output.values
    again = cnncalc.export(network, "onnx")
    again.save(path)
    assert cnncalc.forward(path, "digits_7.pgm").outputs[0].output.values == scores


def test_an_onnx_file_is_saved_with_its_weights(tmp_path):
    path = tmp_path / "digits.onnx"
    cnncalc.export("digits", "onnx").save(path)
    scores = cnncalc.forward(str(path), "digits_7.pgm").outputs[0].output.values
    assert max(range(10), key=scores.__getitem__) == 7
    empty = b"".join(cnncalc.export("digits", "onnx", weights=False).content)
    assert len(empty) < 3000 < path.stat().st_size
