"""An upsampling has a factor or a size, and aligns corners only where it blends."""

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    scale = fields["scale"] or (2.0,)
    chosen = {"scale": scale, "size": None}
    if draw(st.booleans()):
        chosen = {"scale": None, "size": fields["size"] or (4,)}
    return {**fields, **chosen, "align_corners": fields["align_corners"] and _blends(fields)}


def _blends(fields):
    return fields["mode"] == "bilinear"
