"""Only zeros may be replaced by another value, and a reflection needs a map of some size."""


def adjust(draw, shape, fields):
    mode, value = fields["mode"], fields["value"]
    if mode in {"reflect", "circular"} and min(shape.spatial, default=0) < 3:
        mode = "replicate"
    return {**fields, "mode": mode, "value": value if mode == "zeros" else 0.0}
