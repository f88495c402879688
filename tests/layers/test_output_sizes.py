"""Output sizes on one axis, as PyTorch 2.13 and Dumoulin & Visin's figures have them.

data/shapes.json says where each table comes from; a size of null is a setting PyTorch refuses.
"""

import json
from pathlib import Path

import pytest

from cnncalc.errors import UnplacedError
from cnncalc.layers.avgpool import AvgPool
from cnncalc.layers.conv import Conv
from cnncalc.layers.conv_transpose import ConvTranspose
from cnncalc.layers.maxpool import MaxPool
from cnncalc.layers.upsample import Upsample
from cnncalc.shapes import Shape

TABLES = json.loads((Path(__file__).parents[1] / "data" / "shapes.json").read_text())

FIELDS = {"kernel": "kernel", "stride": "stride", "dilation": "dilation",
          "output_padding": "output_padding", "scale_factor": "scale"}  # fmt: skip


def settings(case):
    """The case's numbers as fields: per axis, and padding as a pair."""
    fields = {FIELDS[name]: (value,) for name, value in case.items() if name in FIELDS}
    if "padding" in case:
        fields["padding"] = ((case["padding"], case["padding"]),)
    if "ceil_mode" in case:
        fields["ceil"] = case["ceil_mode"]
    return fields


LAYERS = {
    "conv": lambda case: Conv(filters=1, **settings(case)),
    "max_pool": lambda case: MaxPool(**settings(case)),
    "avg_pool": lambda case: AvgPool(**settings(case)),
    "conv_transpose": lambda case: ConvTranspose(filters=1, **settings(case)),
    "conv_same_stride1": lambda case: Conv(filters=1, padding="same", **settings(case)),
    "upsample": lambda case: Upsample(**settings(case)),
    "guide_conv": lambda case: Conv(filters=1, **settings(case)),
    # The guide gives the settings of the convolution that is transposed.
    "guide_transposed": lambda case: ConvTranspose(filters=1, **settings(case)),
}
CASES = [
    (table, dict(zip(TABLES[table]["fields"], row, strict=True)))
    for table in LAYERS
    for row in TABLES[table]["cases"]
]


def test_no_case_is_left_out():
    assert len(CASES) == 565
    assert set(LAYERS) == {name for name, table in TABLES.items() if isinstance(table, dict)}


@pytest.mark.parametrize(("table", "case"), CASES)
def test_output_size(table, case):
    layer = LAYERS[table](case)
    if case["out"] is None:
        with pytest.raises(UnplacedError):
            layer.output_shape(Shape(1, (case["in"],)))
    else:
        assert layer.output_shape(Shape(1, (case["in"],))) == Shape(1, (case["out"],))
