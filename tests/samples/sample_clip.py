"""One bound or two, the low one below the high one."""


def adjust(draw, shape, fields):
    low, high = fields["low"], fields["high"]
    if low is None and high is None:
        return {"low": 0.5, "high": None}
    if low is None or high is None:
        return fields
    return {"low": min(low, high), "high": max(low, high) + 1.0}
