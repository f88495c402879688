"""`half` is the one padding rule it has, and the output padding stays below the stride."""


def adjust(draw, shape, fields):
    padding = "half" if isinstance(fields["padding"], str) else fields["padding"]
    layer_type = min(fields["stride"]) - 1
    extra = tuple(min(a, layer_type) for a in fields["output_padding"])
    filters = fields["filters"] * fields["groups"]
    return {**fields, "padding": padding, "output_padding": extra, "filters": filters}
