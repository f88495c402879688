"""A sliding window as an animated GIF, by Pillow, which the extra `image` brings."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING, Any

from cnncalc.errors import failure
from cnncalc.pictures.window import Frame, Grid
from cnncalc.render.colours import LIGHT
from cnncalc.render.slide_svg import KINDS

if TYPE_CHECKING:
    from cnncalc.pictures.window import Label, Mark, Scene

SHARP = 2  # pixels that become one, along each axis
COLOURS = 32
CLEAR = 0.2  # how much of a frame's colour lies over the cells


def animated(scene: Scene, speed: float = 1.0) -> bytes:
    """The whole slide, `speed` stops a second, again and again.

    Raises:
        CnncalcError: without Pillow.
    """
    try:
        images = import_module("PIL.Image")
    except ImportError:
        help_ = "pip install 'cnncalc[image]', or write an .svg, which needs nothing"
        raise failure("no-pillow", "writing GIF needs Pillow", help=help_) from None
    size = round(scene.width) * SHARP, round(scene.height) * SHARP
    sheet = images.new("RGB", size, LIGHT.page)
    for mark in scene.still:
        if isinstance(mark, Grid):
            _draw(sheet, mark)
    frames = []
    for step, marks in enumerate(scene.stops):
        shown = sheet.copy()
        for mark in marks:
            if isinstance(mark, Frame):
                _shade(shown, mark)
        for mark in chain(scene.still, marks, scene.numbers[: step + 1]):
            if not isinstance(mark, (Frame, Grid)):
                _draw(shown, mark)
        frames.append(shown.reduce(SHARP).quantize(COLOURS, dither=images.Dither.NONE))
    out = BytesIO()
    frames[0].save(out, format="GIF", save_all=True, append_images=frames[1:], loop=0,
                   duration=max(round(1000 / speed), 20), disposal=1)  # fmt: skip
    return out.getvalue()


def _draw(sheet: Any, mark: Mark) -> None:
    """One shape that covers what is below it."""
    draw = import_module("PIL.ImageDraw").Draw(sheet)
    if isinstance(mark, Grid):
        _grid(draw, mark)
    elif not isinstance(mark, Frame):
        _label(draw, mark)


def _grid(draw: Any, grid: Grid) -> None:
    fill = {"input": LIGHT.kinds["grey"][0], "padding": LIGHT.page}.get(grid.kind)
    outline = LIGHT.faint if grid.kind == "padding" else LIGHT.line
    for row in range(grid.rows):
        for column in range(grid.columns):
            x, y = grid.x + column * grid.side, grid.y + row * grid.side
            box = [place * SHARP for place in (x, y, x + grid.side, y + grid.side)]
            draw.rectangle(box, fill or LIGHT.kinds[KINDS[grid.kind]][0], outline, SHARP)


def _label(draw: Any, label: Label) -> None:
    place = label.x * SHARP, label.y * SHARP
    anchor = "ms" if label.kind == "number" else "ls"
    text = label.text.replace("×", "x")  # which the font lacks
    draw.text(place, text, LIGHT.text, _font(round(label.size * SHARP)), anchor)


def _shade(sheet: Any, frame: Frame) -> None:
    """A rectangle through which the cells are seen, and its outline."""
    colour = LIGHT.kinds[KINDS[frame.kind]][1]
    x, y, wide, high = (round(side * SHARP) for side in frame[:4])
    box = (x, y, x + wide, y + high)
    images = import_module("PIL.Image")
    part = sheet.crop(box)
    sheet.paste(images.blend(part, images.new("RGB", part.size, colour), CLEAR), box)
    import_module("PIL.ImageDraw").Draw(sheet).rectangle(box, None, colour, 3 * SHARP)


@lru_cache(maxsize=16)
def _font(size: int) -> Any:
    """The font that comes with Pillow."""
    return import_module("PIL.ImageFont").load_default(size)
