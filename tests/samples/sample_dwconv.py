"""A border that repeats the map needs a map that is larger than the padding."""


def adjust(draw, shape, fields):
    small = min(shape.spatial, default=0) < 4
    return {**fields, "padding_mode": "zeros"} if small else fields
