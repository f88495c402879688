"""`Resize` by every rule of ONNX, against the onnx package's own evaluation."""

from itertools import product

import pytest

from cnncalc.errors import CnncalcError
from cnncalc.inference.api import forward
from cnncalc.spec.load import load
from cnncalc.tensor import Tensor

RULES = ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners", "tf_crop_and_resize")
ROUNDINGS = ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")
MODES = [("linear", None), *product(["nearest"], ROUNDINGS)]
SIZES = [(7, 9), (3, 4), (12, 16), (1, 4)]


@pytest.mark.onnx
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("mode", "rounding"), MODES)
def test_places_are_those_of_onnx(rule, mode, rounding, tmp_path):
    onnx = pytest.importorskip("onnx", reason="compares with the onnx package")
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    numpy = pytest.importorskip("numpy")
    outcomes = []
    for size in SIZES:
        node = helper.make_node(
            "Resize", ["x", "", "", "sizes"], ["y"], mode=mode,
            coordinate_transformation_mode=rule, **({"nearest_mode": rounding} if rounding else {}),
        )  # fmt: skip
        x, y = (
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 2, *dims])
            for name, dims in (("x", (6, 8)), ("y", size))
        )
        sizes = helper.make_tensor("sizes", onnx.TensorProto.INT64, [4], [1, 2, *size])
        model = helper.make_model(helper.make_graph([node], "resize", [x], [y], [sizes]))
        path = tmp_path / "resize.onnx"
        onnx.save(model, path)
        try:
            network = load(path)
        except CnncalcError:
            outcomes.append("refused")
            continue
        values = numpy.random.default_rng(1).random((1, 2, 6, 8), dtype=numpy.float32)
        sample = Tensor(network.nodes[0].shape, values.ravel().tolist())
        (output,) = forward(network, {"x": sample}).outputs
        (wanted,) = ReferenceEvaluator(model).run(None, {"x": values})
        assert list(output.output.values) == pytest.approx(wanted.ravel().tolist(), abs=1e-6)
        outcomes.append("equal")
    unlike = {"pytorch_half_pixel": 1, "tf_crop_and_resize": len(SIZES)}.get(rule, 0)
    assert outcomes.count("refused") <= unlike
