"""The low end lies below the high one."""


def adjust(draw, shape, fields):
    low, high = sorted(fields.values())
    return {"low": low, "high": high + 1.0}
