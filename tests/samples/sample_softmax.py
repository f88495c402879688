"""Groups and a radix go with some of the sets only, and must divide the channels."""

from hypothesis import strategies as st


def adjust(draw, shape, fields):
    axes = st.sampled_from(["channels", "groups", "positions", "all", "radix", *shape.axes])
    over = draw(axes)
    groups = radix = 1
    if over in {"channels", "groups", "radix"}:
        groups = draw(st.sampled_from([n for n in (1, 2, 3) if shape.channels % n == 0]))
    if over == "radix":
        share = shape.channels // groups
        radix = draw(st.sampled_from([n for n in (1, 2, 3) if share % n == 0]))
    return {"over": over, "groups": groups, "radix": radix}
