"""The options of the one-layer commands: the letters of the notes, W H D K F S P."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

import typer

from cnncalc.cli.options import OUT
from cnncalc.cli.values import Choices, count, given, padding, per_axis, several

SIZE, FILTER = "Input", "Layer"


def _option(names: str, metavar: str, help_: str, read: Any, panel: str, default: Any) -> Any:
    return typer.Option(
        *names.split(), metavar=metavar, help=help_, parser=several(read),
        rich_help_panel=panel, show_default=default,
    )  # fmt: skip


Width = Annotated[
    Choices | None, _option("--w -W", "INT", "Width of the input.", count, SIZE, default=False)
]
Height = Annotated[
    Choices | None, _option("--h -H", "INT", "Height of the input.", count, SIZE, default="W")
]
Length = Annotated[
    Choices | None,
    _option("--l -L", "INT", "Length of a 1-D input, in place of W.", count, SIZE, default=False),
]
Depth = Annotated[
    Choices | None,
    _option("--d -D", "INT", "Depth of the input: its maps.", count, SIZE, default="1"),
]
Filters = Annotated[
    Choices | None, _option("--k -K", "INT", "Number of filters.", count, FILTER, default="1")
]
Filter = Annotated[
    Choices,
    _option("--f -F", "INT|FxF", "Size of the filter: 5, or 3x7 (height x width).",
            per_axis(count), FILTER, default=False),
]  # fmt: skip
Window = Annotated[
    Choices,
    _option("--f -F", "INT|FxF", "Size of the window: 2, or 3x2 (height x width).",
            per_axis(count), FILTER, default=False),
]  # fmt: skip
Stride = Annotated[
    Choices | None, _option("--s -S", "INT|SxS", "Stride.", per_axis(count), FILTER, default="1")
]
PoolStride = Annotated[
    Choices | None, _option("--s -S", "INT|SxS", "Stride.", per_axis(count), FILTER, default="F")
]
Padding = Annotated[
    Choices | None,
    _option("--p -P", "INT|PxP|RULE",
            "Zeros on each side: 2, 1x2, 0+1 (before + after); or same, half, valid, full.",
            padding, FILTER, default="0"),
]  # fmt: skip
Dilation = Annotated[
    Choices | None,
    _option("--dilation", "INT", "Distance of the taps.", per_axis(count), FILTER, default="1"),
]
Groups = Annotated[
    Choices | None,
    _option("--groups", "INT", "Groups of maps that do not see each other.", count, FILTER,
            default="1"),
]  # fmt: skip
Bias = Annotated[
    bool,
    typer.Option("--bias/--no-bias", help="One bias per filter or unit.", rich_help_panel=FILTER),
]
Strict = Annotated[
    Literal["warnings", "fit"] | None,
    typer.Option(help="With 'fit', fail where an edge is never read.", rich_help_panel=OUT),
]


class Size(NamedTuple):
    """The input: D maps of H x W, or of length L."""

    w: Width = None
    h: Height = None
    length: Length = None
    d: Depth = None

    def given(self) -> dict[str, Choices]:
        """The options that were used."""
        return given(w=self.w, h=self.h, l=self.length, d=self.d)


class Convolution(NamedTuple):
    """The settings of a convolution, or of a transposed one."""

    f: Filter
    k: Filters = None
    s: Stride = None
    p: Padding = None
    dilation: Dilation = None
    groups: Groups = None
    bias: Bias = True

    def given(self) -> dict[str, Choices]:
        """The options that were used."""
        return given(
            k=self.k, f=self.f, s=self.s, p=self.p, dilation=self.dilation, groups=self.groups
        )
