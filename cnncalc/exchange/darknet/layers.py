"""The sections of darknet, each as rows of layer types; what is not expressed is refused."""

from __future__ import annotations

from operator import gt
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.exchange.building import unsupported
from cnncalc.window import padding_by_rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.exchange.building import Builder, Part
    from cnncalc.exchange.darknet.cfg import Section
    from cnncalc.shapes import Shape

ONE_CELL = 2  # a window this wide has nothing before its first cell
UNSHARED = -1_000_000_000  # what `share_index` is where it is not written
PADDED_LOCAL = 3  # the size of a local window that darknet pads as it counts
# Activations by darknet's word; None changes nothing.
ACTIVATIONS: dict[str, tuple[str, dict[str, object]] | None] = {
    "linear": None,
    "logistic": ("sigmoid", {}),
    "relu": ("relu", {}),
    "relu6": ("relu6", {}),
    "leaky": ("leaky", {"slope": 0.1}),
    "relie": ("leaky", {"slope": 0.01}),
    "elu": ("elu", {}),
    "selu": ("selu", {}),
    "tanh": ("tanh", {}),
    "hardtan": ("hardtanh", {}),
    "mish": ("mish", {}),
    "swish": ("silu", {}),
    "gelu": ("gelu", {"approximate": "tanh"}),
}
# Options of training, and of how weights are loaded: the network is the same with any value.
IN_TRAINING = frozenset({
    "dontload", "dontloadscales", "dontsave", "numload", "learning_rate", "learning_scale",
    "stopbackward", "onlyforward", "train_only_bn", "burnin_update", "clip", "flip", "angle",
    "saturation", "exposure", "shift", "grad_centr",
})  # fmt: skip


class Call(NamedTuple):
    """One section at work: its options, the row before it, and the rows it adds."""

    builder: Builder
    section: Section
    part: Part
    before: int  # the row that the section before puts out
    refer: Callable[[str, int], int]  # an option's number of a section -> that section's row

    @property
    def shape(self) -> Shape:
        """What comes in."""
        return self.builder.shape(self.before)

    def add(self, type_: str, *inputs: int, suffix: str = "", **fields: Any) -> int:
        """Append a row, by default behind the section before."""
        return self.builder.add(
            self.part, type_, *(inputs or (self.before,)), suffix=suffix, **fields
        )

    def activated(self, row: int, default: str) -> int:
        """The row with the activation that the section names."""
        word = self.section.word("activation", default)
        if word not in ACTIVATIONS:
            why = f"the activation '{word[:40]}' has no layer here"
            return self.unknown(why, "activation", row, suffix=".activation")
        found = ACTIVATIONS[word]
        if found is None:
            return row
        type_, fields = found
        return self.add(type_, row, suffix=f".{type_}", **fields)

    def unknown(self, why: str, field: str, *inputs: int, suffix: str = "") -> int:
        """A row of unknown cost, of the first input's shape, where --partial allows it.

        Raises:
            UnplacedError: it does not.
        """
        rows = inputs or (self.before,)
        part = self.part._replace(name=self.part.name + suffix)
        return self.builder.unknown(part, rows, self.builder.shape(rows[0]), why, field)

    def only(self, **values: int) -> None:
        """Refuse the section where an option has another value than this one."""
        for name, value in values.items():
            if self.section.whole(name, value, least=-(2**31)) != value:
                written = f"{name}={self.section.word(name, '')}"
                raise unsupported(
                    f"[{self.section.kind}] with {written} has no layer here", field=name
                )


def convolutional(call: Call) -> int:
    """A convolution without a bias where a batch norm follows, then the activation."""
    section = call.section
    call.only(binary=0, xnor=0, antialiasing=0, share_index=UNSHARED, deform=0)
    size, stride = section.whole("size", 1, 1), _strides(section)
    dilation = 1 if size == 1 else section.whole("dilation", 1, 1)
    padding = _padding(section, size) * dilation
    normed = section.whole("batch_normalize", 0) != 0
    row = call.add(
        "conv",
        filters=section.whole("filters", 1, 1), kernel=(size,), stride=stride,
        padding=((padding, padding),), dilation=(dilation,),
        groups=section.whole("groups", 1, 1), bias=not normed,
    )  # fmt: skip
    return _finished(call, row, normed)


def _strides(section: Section) -> tuple[int, ...]:
    stride = section.whole("stride", 1, 1)
    across, down = section.whole("stride_x", stride, 1), section.whole("stride_y", stride, 1)
    return (down,) if across == down else (down, across)


def _padding(section: Section, size: int) -> int:
    """`pad=1` is half the window; otherwise `padding` counts the cells."""
    cells = section.whole("padding", 0)
    return size // 2 if section.whole("pad", 0) else cells


def _finished(call: Call, row: int, normed: bool) -> int:
    if (
        normed
    ):  # darknet adds 1e-5 to the variance on a GPU, the first one 1e-6 to its root on a CPU
        row = call.add("bn", row, suffix=".bn")
    return call.activated(row, "logistic")


def deconvolutional(call: Call) -> int:
    """A transposed convolution."""
    section = call.section
    size, padding = section.whole("size", 1, 1), 0
    padding = _padding(section, size)
    normed = section.whole("batch_normalize", 0) != 0
    row = call.add(
        "conv_transpose",
        filters=section.whole("filters", 1, 1), kernel=(size,),
        stride=(section.whole("stride", 1, 1),), padding=((padding, padding),), bias=not normed,
    )  # fmt: skip
    return _finished(call, row, normed)


def local(call: Call) -> int:
    """A convolution without weight sharing; darknet pads it by one cell or by none."""
    section = call.section
    size = section.whole("size", 1, 1)
    padding = section.whole("pad", 0)
    if padding and (padding != 1 or size != PADDED_LOCAL):
        raise unsupported(
            f"[local] with pad={padding} and size={size} counts its outputs for another padding "
            "than it has",
            field="pad",
        )
    row = call.add(
        "localconv",
        filters=section.whole("filters", 1, 1), kernel=(size,),
        stride=(section.whole("stride", 1, 1),), padding=((padding, padding),),
    )  # fmt: skip
    return call.activated(row, "logistic")


def connected(call: Call) -> int:
    """Fully connected; a batch norm behind it has the bias."""
    normed = call.section.whole("batch_normalize", 0) != 0
    row = call.add("fc", units=call.section.whole("output", 1, 1), bias=not normed)
    return _finished(call, row, normed)


def maxpool(call: Call) -> int:
    """A window is padded by its size less one, the smaller half in front."""
    section = call.section
    call.only(antialiasing=0, maxpool_depth=0)
    stride = _strides(section)
    size = section.whole("size", section.whole("stride", 1, 1), 1)
    total = section.whole("padding", size - 1)
    pair = (total // 2, total - total // 2)
    usual = total == size - 1 and (size <= ONE_CELL or stride == (1,))
    padding = "same" if usual and _is_same(call, size, stride, pair) else (pair,)
    return call.add("maxpool", kernel=(size,), stride=stride, padding=padding)


def _is_same(call: Call, size: int, stride: tuple[int, ...], pair: tuple[int, int]) -> bool:
    """Whether the padding `same` begins where this one does, and gives as many outputs."""
    steps = stride * (call.shape.rank // len(stride))
    for length, step in zip(call.shape.spatial, steps, strict=True):
        begin, _ = padding_by_rule("same", length, size, step, 1)
        if begin != pair[0] or (length + sum(pair) - size) // step + 1 != -(-length // step):
            return False
    return True


def avgpool(call: Call) -> int:
    """The mean of each whole map."""
    return call.add("gap")


def shortcut(call: Call) -> int:
    """The sum with other sections of the same shape."""
    section = call.section
    if section.word("weights_type", "none") != "none":
        raise unsupported("[shortcut] with weights has no layer here", field="weights_type")
    if section.real("alpha", 1) != 1 or section.real("beta", 1) != 1:
        raise unsupported("[shortcut] with alpha or beta has no layer here", field="alpha")
    others = [call.refer("from", number) for number in section.wholes("from")]
    shapes = [call.builder.shape(row) for row in others]
    for shape in shapes:
        if shape != call.shape:
            ours, theirs = (each.text("HWC", times="x") for each in (call.shape, shape))
            row = call.unknown(
                f"[shortcut] adds {theirs} onto {ours}, of which darknet adds what overlaps; "
                "no layer here does",
                "from",
                call.before,
                *others,
            )
            return call.activated(row, "linear")
    return call.activated(call.add("add", call.before, *others), "linear")


def route(call: Call) -> int:
    """Other sections, or a group of their channels, one behind the other."""
    section = call.section
    rows = [call.refer("layers", number) for number in section.wholes("layers")]
    groups = section.whole("groups", 1, 1)
    chosen = section.whole("group_id", 0)
    if chosen >= groups:
        raise section.bad("group_id", f"there is no group {chosen} of {groups}")
    if groups > 1:
        rows = [_group(call, row, groups, chosen, place) for place, row in enumerate(rows)]
    return rows[0] if len(rows) == 1 else call.add("concat", *rows)


def _group(call: Call, row: int, groups: int, chosen: int, place: int) -> int:
    channels = call.builder.shape(row).channels
    if channels % groups:
        raise call.section.bad("groups", f"groups={groups} does not divide {channels} channels")
    share = channels // groups
    suffix = f".part{place}" if place else ".part"
    return call.add("slice", row, start=chosen * share, stop=(chosen + 1) * share, suffix=suffix)


def upsample(call: Call) -> int:
    """Every cell becomes stride x stride cells."""
    factor = call.section.whole("stride", 2, 1)
    times = call.section.real("scale", 1)
    row = call.add("upsample", scale=(factor,)) if factor > 1 else call.before
    return row if times == 1 else call.add("scale", row, suffix=".scale", factor=times)


def reorg(call: Call) -> int:
    """Blocks become channels. Darknet takes the numbers for a map of fewer, larger channels."""
    call.only(reverse=0, flatten=0, extra=0)
    block = call.section.whole("stride", 1, 1)
    if call.shape.rank != 2:  # noqa: PLR2004 - height and width
        raise unsupported("[reorg] of what is no map has no layer here")
    channels, (height, width) = call.shape.channels, call.shape.spatial
    if channels % block**2 or height % block or width % block:
        raise unsupported(
            f"[reorg] by {block} of {call.shape.text('HWC', times='x')} reads beyond its channels",
            field="stride",
        )
    larger = (height * block, width * block, channels // block**2)
    seen = call.add("reshape", size=larger, suffix=".seen")
    moved = call.add("space2depth", seen, block=block, order="dcr", suffix=".moved")
    return call.add("reshape", moved, size=(height // block, width // block, channels * block**2))


def dropout(call: Call) -> int:
    """Dropout; it does nothing at inference."""
    rate = call.section.real("probability", 0.5)
    if not 0 <= rate < 1:
        raise call.section.bad(
            "probability", f"'probability' must be from 0 to below 1, got {rate}"
        )
    return call.add("dropout", rate=rate)


def softmax(call: Call) -> int:
    """All numbers of a sample, or of each group, add up to 1; with `spatial` those of a place."""
    section = call.section
    if section.real("temperature", 1) != 1:
        return call.unknown("[softmax] with a temperature has no layer here", "temperature")
    if "tree" in section:
        return call.unknown("[softmax] of a tree has no layer here", "tree")
    groups = section.whole("groups", 1, 1)
    over_places = section.whole("spatial", 0) != 0
    single = call.shape.size == call.shape.channels
    if groups > 1 and not (single or over_places):
        raise unsupported("[softmax] of groups of a map has no layer here", field="groups")
    if single or over_places:
        return call.add("softmax", groups=groups)
    return call.add("softmax", over="all")


def crop(call: Call) -> int:
    """The middle of the image; unless told otherwise, from 0..1 to -1..1."""
    section = call.section
    sizes = section.whole("crop_height", 1, 1), section.whole("crop_width", 1, 1)
    if call.shape.rank != 2 or any(map(gt, sizes, call.shape.spatial)):  # noqa: PLR2004 - a map
        shape = call.shape.text("HWC", times="x")
        raise section.bad("crop_height", f"{sizes[0]}x{sizes[1]} is no part of {shape}")
    begin = tuple((have - size) // 2 for size, have in zip(sizes, call.shape.spatial, strict=True))
    row = call.add("crop", size=sizes, begin=begin)
    if section.whole("noadjust", 0):
        return row
    return call.add("scale", row, factor=2.0, shift=-1.0, suffix=".scale")


def batchnorm(call: Call) -> int:
    """A batch norm of its own."""
    return call.add("bn")


def activation(call: Call) -> int:
    """An activation of its own."""
    return call.activated(call.before, "linear")


def logistic(call: Call) -> int:
    """A sigmoid."""
    return call.add("sigmoid")


def scale_channels(call: Call) -> int:
    """Another section's maps, each times its number in the section before."""
    call.only(scale_wh=0)
    other = call.refer("from", section_number(call))
    if call.shape.size != call.shape.channels:
        raise unsupported("[scale_channels] by more than a number a channel has no layer here")
    return call.activated(call.add("mul", other, call.before), "linear")


def sam(call: Call) -> int:
    """The product with another section of the same shape."""
    other = call.refer("from", section_number(call))
    if call.builder.shape(other) != call.shape:
        raise unsupported("[sam] of another shape has no layer here", field="from")
    return call.activated(call.add("mul", call.before, other), "linear")


def section_number(call: Call) -> int:
    """The section that `from` names. Raises CnncalcError where it names several."""
    (number, *more) = call.section.wholes("from")
    if more:
        raise call.section.bad("from", "'from' must be one section")
    return number


SECTIONS: dict[str, Callable[[Call], int]] = {
    "convolutional": convolutional, "conv": convolutional,
    "deconvolutional": deconvolutional, "deconv": deconvolutional,
    "local": local, "connected": connected, "conn": connected,
    "maxpool": maxpool, "max": maxpool, "avgpool": avgpool, "avg": avgpool,
    "shortcut": shortcut, "route": route, "upsample": upsample, "reorg": reorg,
    "dropout": dropout, "softmax": softmax, "soft": softmax, "crop": crop,
    "batchnorm": batchnorm, "activation": activation, "logistic": logistic,
    "scale_channels": scale_channels, "sam": sam,
}  # fmt: skip
# Sections that turn maps into boxes, or measure the error: the maps before them are outputs.
HEADS = frozenset({"yolo", "Gaussian_yolo", "region", "detection", "cost"})
WITHOUT_BOXES = frozenset({"cost"})
# How sections are called in names of rows.
SHORT = {
    "convolutional": "conv", "deconvolutional": "deconv", "connected": "fc", "conn": "fc",
    "max": "maxpool", "avg": "avgpool", "soft": "softmax",
}  # fmt: skip
# A layer type's field: the option that sets it.
OPTION_OF = {"kernel": "size", "units": "output", "size": "crop_height"}
