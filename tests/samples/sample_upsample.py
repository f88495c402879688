"""An upsampling has a factor or a size; rules go with what they rule."""

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    scale = fields["scale"] or (2.0,)
    chosen = {"scale": scale, "size": None}
    if draw(st.booleans()):
        chosen = {"scale": None, "size": fields["size"] or (4,)}
    if fields["mode"] == "bilinear":
        aligned = fields["align_corners"] and fields["rule"] is None
        return {**fields, **chosen, "align_corners": aligned, "nearest_mode": None}
    rounding = fields["nearest_mode"] or (fields["rule"] and "round_prefer_floor")
    return {**fields, **chosen, "align_corners": False, "nearest_mode": rounding}
