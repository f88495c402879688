"""Layers of Keras that norm, join, move or leave numbers as they are.

Keras keeps channels last, so its flat vectors and its other orders of numbers are not those of
this package: a row `permute` brings them into Keras' order where that matters.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.errors import Diagnostic
from cnncalc.exchange.building import unsupported
from cnncalc.exchange.wire import broken
from cnncalc.shapes import AXES, Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.exchange.keras.call import Call

MOST_SPATIAL = max(AXES)
# The square of what Normalization puts in place of a smaller deviation.
SMALLEST_VARIANCE = 1e-14


def batch_norm(call: Call) -> int:
    """BatchNormalization with its running statistics."""
    call.only(renorm=False)
    if call.axis(call.config.get("axis", -1)) != "c":
        raise unsupported(f"'{call.part.kind}' along axis {call.config['axis']} has no layer here")
    scale, shift = call.switch("scale", True), call.switch("center", True)
    fields: dict[str, Any] = {"eps": _epsilon(call)}
    if not scale and not shift:
        fields["affine"] = False
    elif not scale or not shift:
        fields |= {"scale": scale, "shift": shift}
    return call.add("bn", **fields)


def _epsilon(call: Call) -> float:
    eps = call.number("epsilon", 1e-3)
    if eps <= 0:
        raise unsupported(f"'{call.part.kind}' with epsilon={eps} has no layer here")
    return eps


def layer_norm(call: Call) -> int:
    """LayerNormalization over the channels of each position, or over the whole sample."""
    call.only(rms_scaling=False)
    written = call.config.get("axis", -1)
    axes = {call.axis(axis) for axis in (written if isinstance(written, list) else [written])}
    everything = {*call.shape.axes, "c"}
    if axes not in ({"c"}, everything):
        raise unsupported(f"'{call.part.kind}' over axes {written} has no layer here")
    over = "channels" if axes == {"c"} else "all"
    return _scaled(call, "ln", {"over": over, "eps": _epsilon(call)}, whole=over == "all")


def _scaled(call: Call, type_: str, fields: dict[str, Any], *, whole: bool = False) -> int:
    """A norm whose scale and shift are one switch here; with one of them alone, `scale` follows."""
    scale, shift = call.switch("scale", True), call.switch("center", True)
    if scale == shift:
        return call.add(type_, affine=scale, **fields)
    if whole:
        raise unsupported(f"'{call.part.kind}' of all numbers with one of scale and center alone "
                          "has no layer here")  # fmt: skip
    row = call.add(type_, affine=False, suffix=".norm", **fields)
    factor, offset = ("learned" if there else "none" for there in (scale, shift))
    return call.add("scale", row, factor=factor, shift=offset)


def group_norm(call: Call) -> int:
    """GroupNormalization; -1 groups are as many as channels."""
    if call.axis(call.config.get("axis", -1)) != "c":
        raise unsupported(f"'{call.part.kind}' along axis {call.config['axis']} has no layer here")
    groups = call.config.get("groups", 32)
    fields: dict[str, Any] = {"eps": _epsilon(call)}
    if groups == -1:
        return _scaled(call, "instnorm", fields)
    return _scaled(call, "gn", fields | {"groups": call.whole("groups", 32)})


def normalization(call: Call) -> int:
    """Normalization: by a mean and a variance for each channel, fixed or found in the data.

    Keras divides by the deviation, or by 1e-7 where it is smaller.
    """
    call.only(invert=False)
    axis = call.config.get("axis", -1)
    if axis is None or call.axis(axis) != "c":
        raise unsupported(f"'{call.part.kind}' along axis {axis} has no layer here")
    means, variances = call.numbers("mean"), call.numbers("variance")
    if means is None or variances is None:
        return call.add("bn", affine=False, eps=SMALLEST_VARIANCE)
    return _fixed_norm(call, means, variances)


def _fixed_norm(call: Call, means: list[float], variances: list[float]) -> int:
    channels = call.shape.channels
    if {len(means), len(variances)} - {1, channels} or min(variances) < 0:
        raise broken(f"{len(means)} means and {len(variances)} variances for {channels} channels")
    call.builder.notes.append(
        Diagnostic(
            "note",
            "fixed-numbers",
            f"'{call.part.name}' takes fixed numbers for each channel, which are not kept here: "
            "it is read as a batch norm that learns nothing",
        )
    )
    return call.add("bn", affine=False, eps=SMALLEST_VARIANCE)


def rescaling(call: Call) -> int:
    """Rescaling by a number, or by one for each channel."""
    factors = call.numbers("scale") or [1.0]
    shifts = call.numbers("offset") or [0.0]
    if len(factors) == len(shifts) == 1:
        more: dict[str, Any] = {"shift": shifts[0]} if shifts[0] else {}
        return call.add("scale", factor=factors[0], **more)
    count = max(len(factors), len(shifts))
    factors, shifts = (each * count if len(each) == 1 else each for each in (factors, shifts))
    if len(factors) != len(shifts) or min(factors) <= 0:
        raise unsupported(f"'{call.part.kind}' by these numbers has no layer here")
    means = [-shift / factor for factor, shift in zip(factors, shifts, strict=True)]
    return _fixed_norm(call, means, [factor**-2 for factor in factors])


def layer_scale(call: Call) -> int:
    """ConvNeXt's learned factor for each channel."""
    return call.add("scale", initial=call.number("init_values", 1e-6))


def dropout(rate: str) -> Callable[[Call], int]:
    """Dropout, SpatialDropout and the stochastic depth of ConvNeXt."""

    def read(call: Call) -> int:
        share = call.number(rate, 0.0)
        if not 0 <= share < 1:
            raise broken(f"'{rate}' is {share}, not from 0 to below 1")
        return call.add("dropout", rate=share)

    return read


def nothing(call: Call) -> int:
    """What changes numbers in training only."""
    return call.add("identity")


# Shapes.


def flatten(call: Call) -> int:
    """Flatten, in Keras' order of numbers."""
    call.channels_last()
    if not call.rank:
        return call.add("identity")
    return _vector(call)


def _vector(call: Call) -> int:
    return call.add("flatten", _in_keras_order(call, call.row))


def _in_keras_order(call: Call, row: int) -> int:
    """The map with its channels behind its positions, where that is another order of numbers."""
    shape = call.builder.shape(row)
    if not _moves(shape):
        return row
    return call.add("permute", row, order=(*range(1, shape.rank + 1), 0), suffix=".order")


def _moves(shape: Shape) -> bool:
    """Whether channels last are another order of numbers than channels first."""
    return shape.channels > 1 and prod(shape.spatial) > 1


def reshape(call: Call) -> int:
    """Reshape of the numbers in Keras' order."""
    shape = call.shape
    wanted = call.config.get("target_shape")
    sizes = wanted if isinstance(wanted, list) else []
    if not sizes or not all(type(n) is int and -1 <= n < 2**31 and n for n in sizes):
        raise broken(f"'target_shape' is {str(wanted)[:60]}")
    if sizes.count(-1) == 1:
        rest = -prod(sizes)
        sizes = [shape.size // rest if n == -1 else n for n in sizes]
    if prod(sizes) != shape.size or min(sizes) < 1:
        raise broken(f"{shape.text('HWC', times='x')} does not become {wanted}")
    if len(sizes) > 1 + MOST_SPATIAL:
        raise unsupported(f"'Reshape' to {len(sizes)} axes has no layer here")
    return _reshaped(call, Shape(sizes[-1], tuple(sizes[:-1])))


def _reshaped(call: Call, wanted: Shape) -> int:
    shape = call.shape
    if shape == wanted:
        return call.add("identity")
    if not wanted.rank:
        return _vector(call)
    size = (*wanted.spatial, wanted.channels)
    if shape.channels == wanted.channels or not (_moves(shape) or _moves(wanted)):
        return call.add("reshape", size=size)
    row = _in_keras_order(call, call.row)
    if not _moves(wanted):
        return call.add("reshape", row, size=size)
    first, *rest = size
    row = call.add("reshape", row, size=(*rest, first), suffix=".numbers")
    return call.add("permute", row, order=(wanted.rank, *range(wanted.rank)))


def permute(call: Call) -> int:
    """Permute. Keras counts axes from 1, the channels being the last."""
    dims = call.config.get("dims")
    count = call.rank + 1
    if not isinstance(dims, list) or sorted(map(str, dims)) != sorted(
        map(str, range(1, count + 1))
    ):
        raise broken(f"'dims' is {str(dims)[:60]} for {count} axes")
    if not call.rank:
        return call.add("identity")
    own = [0 if axis == count else axis for axis in dims]
    return call.add("permute", order=(own[-1], *own[:-1]))


def repeat_vector(call: Call) -> int:
    """RepeatVector: the vector at each of n positions."""
    if call.rank:
        raise broken(f"a vector is needed, not {call.shape.text('HWC')}")
    row = call.add("reshape", size=(1, call.shape.channels), suffix=".reshape")
    return call.add("upsample", row, scale=(call.whole("n"),))


def padded(rank: int) -> Callable[[Call], int]:
    """ZeroPadding."""

    def read(call: Call) -> int:
        begin, end = _sides(call, "padding", rank)
        return call.add("pad", begin=begin, end=end)

    return read


def cropped(rank: int) -> Callable[[Call], int]:
    """Cropping."""

    def read(call: Call) -> int:
        begin, end = _sides(call, "cropping", rank)
        return call.add("crop", begin=begin, end=end)

    return read


def _sides(call: Call, name: str, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    call.channels_last()
    if call.rank != rank:
        raise broken(f"it is for {rank} axes behind the batch, its input has {call.rank}")
    begin, end = call.sides(name)
    if len({*zip(begin, end, strict=True)}) == 1:
        return begin[:1], end[:1]
    return begin, end


def center_crop(call: Call) -> int:
    """CenterCrop of a map that is no smaller."""
    call.channels_last()
    size = call.whole("height"), call.whole("width")
    if call.rank != len(size) or size[0] > call.shape.spatial[0] or size[1] > call.shape.spatial[1]:
        raise unsupported("'CenterCrop' of a smaller map has no layer here")
    begin = tuple((have - want) // 2 for have, want in zip(call.shape.spatial, size, strict=True))
    return call.add("crop", size=size, begin=begin)


def upsampled(rank: int) -> Callable[[Call], int]:
    """UpSampling by repeating, or bilinear."""

    def read(call: Call) -> int:
        call.channels_last()
        if call.rank != rank:
            raise broken(f"it is for {rank} axes behind the batch, its input has {call.rank}")
        mode = call.word("interpolation", "nearest")
        if mode not in {"nearest", "bilinear"}:
            raise unsupported(f"'{call.part.kind}' with {mode[:60]} has no layer here")
        size = call.sizes("size", 2)
        scale = tuple(map(Fraction, size[:1] if len(set(size)) == 1 else size))
        return call.add("upsample", scale=scale, mode=mode)

    return read


def resizing(call: Call) -> int:
    """Resizing, bilinear; the nearest cell only where the size is a multiple."""
    call.channels_last()
    call.only(crop_to_aspect_ratio=False, pad_to_aspect_ratio=False, antialias=False)
    mode = call.word("interpolation", "bilinear")
    size = call.whole("height"), call.whole("width")
    if call.rank != len(size):
        raise broken(f"it is for {len(size)} axes behind the batch, its input has {call.rank}")
    multiple = all(want % have == 0 for want, have in zip(size, call.shape.spatial, strict=True))
    if mode != "bilinear" and not (mode == "nearest" and multiple):
        raise unsupported(f"'{call.part.kind}' with {mode[:60]} has no layer here")
    return call.add("upsample", size=size, mode=mode)


# Joins.


def joined(type_: str) -> Callable[[Call], int]:
    """Add, Multiply and the like, of tensors of one shape, or of a gate of size 1."""

    def read(call: Call) -> int:
        if len(call.inputs) < 2:  # noqa: PLR2004 - a join
            raise broken("it joins fewer than two tensors")
        _one_shape(call, gates=type_ == "mul")
        return call.add(type_, *call.inputs)

    return read


def _one_shape(call: Call, *, gates: bool) -> None:
    """Refuse tensors that are spread over each other, but for a number for each channel.

    Raises:
        UnplacedError: they are.
    """
    shapes = [call.builder.shape(row) for row in call.inputs]
    largest = max(shapes, key=lambda shape: (shape.size, shape.rank))
    for shape in shapes:
        gate = gates and shape.channels == largest.channels == shape.size
        if shape != largest and not gate:
            texts = " and ".join(each.text("HWC", times="x") for each in (largest, shape))
            raise unsupported(f"'{call.part.kind}' of {texts} has no layer here")


def concatenate(call: Call) -> int:
    """Concatenate along one axis."""
    if not call.inputs:
        raise broken("it joins nothing")
    axis = call.axis(call.config.get("axis", -1))
    if axis is None:
        raise unsupported("'Concatenate' along the batch has no layer here")
    if len({call.builder.shape(row).rank for row in call.inputs}) > 1:
        raise broken("it joins tensors with different counts of axes")
    if len(call.inputs) == 1:
        return call.add("identity", call.inputs[0])
    return call.add("concat", *call.inputs, axis=axis)


def scaled_sum(call: Call) -> int:
    """Inception-ResNet's sum of a tensor and a fixed share of another."""
    if len(call.inputs) != 2:  # noqa: PLR2004 - the two
        raise broken(f"it reads {len(call.inputs)} tensors, not two")
    _one_shape(call, gates=False)
    kept, share = call.inputs
    scaled = call.add("scale", share, factor=call.number("scale", 1.0), suffix=".scale")
    return call.add("add", kept, scaled)


def note_of_order(flat: str, names: list[str]) -> Diagnostic:
    """What to know where the numbers of a vector stand in another order than in Keras."""
    count = len(names)
    readers = ", ".join(names[:3]) + (", ..." if count > len(names[:3]) else "")
    return Diagnostic(
        "note",
        "flatten-order",
        f"'{flat}' has the channels first here and last in Keras",
        notes=(f"weights of {readers} that come from Keras must be put into this order",),
    )


LAYERS: dict[str, Callable[[Call], int]] = {
    "BatchNormalization": batch_norm, "SyncBatchNormalization": batch_norm,
    "LayerNormalization": layer_norm, "GroupNormalization": group_norm,
    "Normalization": normalization, "Rescaling": rescaling,
    "Dropout": dropout("rate"), **{f"SpatialDropout{n}D": dropout("rate") for n in (1, 2, 3)},
    **dict.fromkeys(
        ("GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization",
         "RandomBrightness", "RandomContrast", "RandomFlip", "RandomRotation",
         "RandomTranslation", "RandomZoom", "Identity"),
        nothing,
    ),
    "Flatten": flatten, "Reshape": reshape, "Permute": permute, "RepeatVector": repeat_vector,
    **{f"ZeroPadding{n}D": padded(n) for n in (1, 2, 3)},
    **{f"Cropping{n}D": cropped(n) for n in (1, 2, 3)},
    **{f"UpSampling{n}D": upsampled(n) for n in (1, 2, 3)},
    "Resizing": resizing, "CenterCrop": center_crop,
    "Add": joined("add"), "Subtract": joined("sub"), "Multiply": joined("mul"),
    "Average": joined("mean"), "Maximum": joined("max"), "Minimum": joined("min"),
    "Concatenate": concatenate,
}  # fmt: skip
# Layers of keras.applications, by their module.
APPLICATIONS: dict[tuple[str, str], Callable[[Call], int]] = {
    ("keras.src.applications.convnext", "LayerScale"): layer_scale,
    ("keras.src.applications.convnext", "StochasticDepth"): dropout("drop_path_rate"),
    ("keras.src.applications.inception_resnet_v2", "CustomScaleLayer"): scaled_sum,
}
