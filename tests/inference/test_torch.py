"""Whole networks of torchvision, with random weights, compute here what they compute in PyTorch.

Run with `pytest -m torch` where torch, torchvision and safetensors are installed.
"""

import sys
import warnings

import pytest

from cnncalc import load
from cnncalc.inference import weights
from cnncalc.inference.parameters import WeightsFile, gather
from cnncalc.inference.run import forward
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

torch = pytest.importorskip("torch")
save_file = pytest.importorskip("safetensors.torch").save_file

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
SIDES = (64, 80)
CLOSE = 1e-4  # of the largest number of a layer


def import_torchvision():
    """torchvision; beside a torch that its compiled part does not fit, without that part."""
    with warnings.catch_warnings(action="ignore"):
        try:
            return pytest.importorskip("torchvision", exc_type=ImportError)
        except RuntimeError:  # it describes operators that the missing part would define
            for name in [name for name in sys.modules if name.startswith("torchvision")]:
                del sys.modules[name]
            for name in ("nms", "qnms"):
                form = f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
                LIBRARY.define(form)
            return pytest.importorskip("torchvision")


LIBRARY = torch.library.Library("torchvision", "FRAGMENT")
torchvision = import_torchvision()

# Five layers of each network: what torchvision calls them.
INSIDE = {
    "alexnet": ["features.2", "features.5", "features.8", "features.12", "classifier.4"],
    "resnet18": ["bn1", "layer1", "layer2.0.conv2", "layer3.0.downsample.1", "layer4"],
    "mobilenet_v2": ["features.0.1", "features.1", "features.4.conv", "features.14", "features.18"],
    "densenet121": [
        "features.pool0",
        "features.denseblock1",
        "features.denseblock2.denselayer3.conv2",
        "features.transition3.norm",
        "features.norm5",
    ],
    "squeezenet1_1": ["features.2", "features.4", "features.9.squeeze", "features.12",
                      "classifier.1"],
    "googlenet": ["conv1", "inception3a", "inception4a", "inception4e.branch3", "inception5b"],
}  # fmt: skip
# What this project calls the few that have other names here.
HERE = {
    ("densenet121", "features.pool0"): "features.maxpool1",
    ("googlenet", "conv1"): "conv1.relu",
    ("googlenet", "inception4e.branch3"): "inception4e.conv5.relu",
}
MORE = {"googlenet": {"aux_logits": False, "init_weights": False}}


def model_of(name):
    """A torchvision model whose every number is random, running statistics included."""
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None, **MORE.get(name, {})).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.1)
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 1.5)
    return model


def there(model, picture, names):
    """What the named modules make of a picture, and the model itself."""
    seen = {}
    for name in names:

        def keep(_module, _inputs, output, name=name):
            seen[name] = output.clone()  # a later activation may work in place

        model.get_submodule(name).register_forward_hook(keep)
    with torch.no_grad():
        output = model(picture)
    return [*(seen[name] for name in names), output]


def here(network, given, picture, names):
    """What rows, or the last rows of parts, make of the same picture; and the output."""
    groups = network.groups
    rows = [network.nodes[groups[name].last].name if name in groups else name for name in names]
    sample = Tensor(Shape(3, SIDES), picture.flatten().tolist())
    done = forward(network, {"in": sample}, gather(network, file=given), keep=set(rows))
    return [*map(done.tensor, rows), done.outputs[0].output]


@pytest.mark.parametrize("name", INSIDE)
def test_the_output_and_five_layers_are_those_of_torchvision(tmp_path, name):
    model, path = model_of(name), str(tmp_path / "weights.safetensors")
    save_file(model.state_dict(), path)
    picture = torch.rand(1, 3, *SIDES)
    theirs = there(model, picture, INSIDE[name])
    network = load(name, input=f"{SIDES[0]}x{SIDES[1]}x3")
    given = WeightsFile(path, weights.read(path), "order" if name == "googlenet" else "name")
    rows = [HERE.get((name, inside), inside) for inside in INSIDE[name]]
    ours = here(network, given, picture, rows)
    for row, mine, expected in zip([*rows, "output"], ours, theirs, strict=True):
        largest = expected.abs().max().item()
        assert (mine.shape.size, largest > 0) == (expected.numel(), True), row
        values = torch.tensor(list(mine.values), dtype=torch.float64)
        worst = (values - expected.flatten()).abs().max().item()
        assert worst <= CLOSE * largest, f"{row} differs by {worst / largest:.1e} of its maximum"
