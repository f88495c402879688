"""`forward --shift`: a sample and its shifted copy, layer by layer.

Expected: a convolution of stride 1 and a pooling move with a sample whose margin is empty (the
definition of translation equivariance), and a stride of 2 moves along by whole steps only.
"""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc import load
from cnncalc.errors import CnncalcError
from cnncalc.inference.parameters import gather
from cnncalc.inference.run import forward
from cnncalc.inference.shift import compare, shifted
from cnncalc.render.forward import schema
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

NET = "20x20x1; conv 2 3x3 p1 nobias relu; maxpool 2; conv 2 3x3 p1 nobias; gap; fc 3"
# A sign in the middle of 20x20, with a margin that no window over it leaves.
SIGN = "; ".join(
    " ".join("1" if {x, y} <= {8, 9, 10, 11} and 9 in {x, y} else "0" for x in range(20))
    for y in range(20)
)


@given(st.integers(-9, 9), st.integers(-9, 9), st.data())
def test_a_shift_moves_every_number_that_stays_inside(dy, dx, data):
    height, width = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    values = [float(i + 1) for i in range(2 * height * width)]
    moved = shifted(Tensor(Shape(2, (height, width)), values), (dy, dx))
    at = {value: index for index, value in enumerate(moved.values) if value}
    for index, value in enumerate(values):
        c, (y, x) = index // (height * width), divmod(index % (height * width), width)
        inside = 0 <= y + dy < height and 0 <= x + dx < width
        place = c * height * width + (y + dy) * width + x + dx
        assert at.get(value) == (place if inside else None)


def test_maps_move_by_whole_steps(cnncalc):
    answer = cnncalc("forward", NET, "--sample", SIGN, "--shift", "2,0", "--json")
    assert answer.status == 0, answer.err
    jsonschema.validate(answer.json, schema())
    assert answer.json["shift"]["by"] == [2, 0]
    layers = {layer["name"]: layer for layer in answer.json["shift"]["layers"]}
    for name, steps in (("conv1", [2, 0]), ("maxpool1", [1, 0]), ("conv2", [1, 0])):
        assert layers[name]["steps"] == steps
        assert layers[name]["moved_back"] == pytest.approx(0, abs=1e-6)
        assert layers[name]["equal"] == 1
        assert layers[name]["as_it_stands"] > 0.1
    # the mean of a map that moved is the same mean: global pooling is invariant
    assert layers["gap1"]["as_it_stands"] == pytest.approx(0, abs=1e-6)
    assert "steps" not in layers["fc1"]


def test_half_a_step_cannot_be_moved_back(cnncalc):
    lines = cnncalc("forward", NET, "--sample", SIGN, "--shift", "1,0").out.splitlines()
    at = lines.index("shifted by 1,0")
    rows = {line.split()[0]: line.split() for line in lines[at + 2 : at + 9]}
    assert rows["conv1"][3:] == ["1,0", "0.0%", "100.0%"]
    assert len(rows["maxpool1"]) == len(["maxpool1", "maxpool", "as it stands"])
    assert lines[-1].startswith("fc1: the largest output stays ")


def test_a_network_compared_with_itself_differs_nowhere():
    network = load("lenet5")
    sample = Tensor(Shape(1, (32, 32)), [float(i % 7) for i in range(1024)])
    done = forward(network, {"in": sample}, gather(network), keep="all")
    found = compare(done, done, (0, 0), {node.name: (1, 1) for node in network.nodes})
    assert all(row.stands == 0 for row in found)
    assert all(row.equal in {1, None} for row in found)


@pytest.mark.parametrize(
    ("shift", "status", "said"),
    [
        ("a", 2, "error[usage]: --shift takes whole numbers such as 1,0, got 'a'\n"),
        ("1", 1, ("error[bad-shift]: the input 20×20×1 has 2 axes to move along, "
                 "but the shift is 1\n")),
    ],
)  # fmt: skip
def test_what_is_refused(cnncalc, shift, status, said):
    answer = cnncalc("forward", NET, "--shift", shift)
    assert (answer.status, answer.out, answer.err) == (status, "", said)
    several = ("forward", NET, "--sample", "ones", "--sample", "ramp", "--shift", "1,0")
    assert "--shift is for a single sample, not for 2" in cnncalc(*several).err
    with pytest.raises(CnncalcError, match="bad-shift"):
        shifted(Tensor(Shape(3), [1.0, 2.0, 3.0]), ())
