"""Networks that no library of models builds, against torch modules put together from the papers."""

import json

import bundled
import pytest

BUILT = json.loads((bundled.DATA / "built.json").read_text())["networks"]
PRINTED = {name: network["printed"] for name, network in BUILT.items() if "printed" in network}


@pytest.mark.parametrize("name", BUILT)
class TestBuilt:
    def test_totals(self, name):
        totals, built = bundled.report(name).totals, BUILT[name]
        assert (totals.params, totals.buffers) == (built["params"], built["buffers"])

    def test_work(self, name):
        """torch's counter sees no work in an LSTM."""
        recurrent = sum(row.macs for row in bundled.of_types(name, "lstm"))
        assert bundled.report(name).totals.macs - recurrent == BUILT[name]["macs"]


@pytest.mark.parametrize("name", [name for name in BUILT if "outputs" in BUILT[name]])
def test_outputs(name):
    shapes = [entry.shape for entry in bundled.report(name).outputs]
    assert [[*shape.spatial, shape.channels] for shape in shapes] == BUILT[name]["outputs"]


@pytest.mark.parametrize("name", PRINTED)
def test_printed_parameters(name):
    """FCN's paper does not count the filters that enlarge, which are fixed."""
    totals, digits = bundled.report(name).totals, PRINTED[name][:-1]
    places = len(digits.partition(".")[2])
    assert f"{totals.trainable / 1e6:.{places}f}" == digits


def test_boxes_of_ssd():
    """torchvision's 8,732 default boxes, each with 91 classes and four offsets."""
    report = bundled.report("ssd300")
    numbers = sum(entry.shape.channels * entry.shape.spatial[0] ** 2 for entry in report.outputs)
    assert numbers == 8732 * (91 + 4)


def test_the_crop_of_fcn_follows_the_input():
    (output,) = bundled.report("fcn32s", input="300x410x3 HWC").outputs
    assert output.shape.spatial == (300, 410)
