"""A recurrent layer reads a sequence; now and then it is given something else."""

from hypothesis import strategies as st

from cnncalc.shapes import Shape


def adjust(draw, shape, fields):
    """Few layers; settings that contradict each other are left so now and then only."""
    contradicts = draw(st.integers(0, 4)) == 4
    both = fields["reverse"] and fields["bidirectional"]
    reverse = fields["reverse"] and (contradicts or not both)
    bias = fields["bias"] or (fields["biases"] == 1 and not contradicts)
    layers = draw(st.sampled_from([1, 1, 2]))
    return {**fields, "reverse": reverse, "bias": bias, "layers": layers}


def suit(draw, shape):
    if not draw(st.integers(0, 4)):
        return shape
    return Shape(min(shape.channels, 3), (draw(st.integers(1, 4)),))
