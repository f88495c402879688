"""Empty maps lie around the ones that come in, and no number of those changes."""

from cnncalc.layers.padmaps import PadMaps
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor


def test_zeros_before_and_behind():
    x = Tensor(Shape(2, (2,)), [1.0, 2.0, 3.0, 4.0])
    wide = PadMaps(begin=1, end=2).forward([x], {})
    assert wide == Tensor(Shape(5, (2,)), [0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0])


def test_no_empty_maps_leave_the_input_alone():
    x = Tensor(Shape(3), [1.0, 2.0, 3.0])
    assert PadMaps().forward([x], {}) == x
