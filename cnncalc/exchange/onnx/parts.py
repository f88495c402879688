"""Parts of a tensor: some places along an axis, also where the file splits an axis into several."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncalc.exchange.onnx.model import unsupported
from cnncalc.exchange.onnx.rows import one
from cnncalc.exchange.onnx.values import Activation, ManyAxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.exchange.onnx.model import Dims
    from cnncalc.exchange.onnx.rows import Call
    from cnncalc.exchange.onnx.values import Axis

CHANNELS = 1  # the place of this axis in the shape of a tensor


def taken(call: Call, x: Activation, axis: int, places: range) -> Activation:
    """Some places along one axis.

    Raises:
        UnplacedError: there are none, or no layer takes them.
    """
    size, label = x.dims[axis], x.axes[axis]
    if places == range(size):
        return x
    if not places or places.step < 0:
        raise unsupported(f"'{call.operator.type}' of nothing, or backwards, has no layer here")
    dims = (*x.dims[:axis], len(places), *x.dims[axis + 1 :])
    if label == "n":
        raise unsupported(f"'{call.operator.type}' of the batch has no layer here")
    if label is None:
        raise unsupported(f"'{call.operator.type}' of an axis of size 1 has no layer here")
    if label == "c":
        if places.step != 1:
            raise unsupported(f"'{call.operator.type}' of every other channel has no layer here")
        return Activation(
            call.add("slice", x.row, start=places.start, stop=places.stop), x.axes, dims
        )
    rank = call.shape(x).rank
    last = places[-1] + 1
    begin, end = ([0] * rank for _ in range(2))
    begin[label], end[label] = places.start, size - last
    row = x.row
    if any(begin) or any(end):
        row = call.add("crop", row, begin=one(tuple(begin)), end=one(tuple(end)))
    if places.step != 1:
        stride = [1] * rank
        stride[label] = places.step  # a window of one cell takes every second one, or third
        row = call.add("maxpool", row, kernel=(1,), stride=one(tuple(stride)))
    return Activation(row, x.axes, dims)


def sliced_map(call: Call, x: Activation, ranges: Sequence[range]) -> Activation:
    """Some places along every axis: neighbouring ones of several spatial axes by one crop.

    Raises:
        UnplacedError: there are none along an axis, or no layer takes them.
    """
    cut = {
        axis: label
        for axis, (label, places) in enumerate(zip(x.axes, ranges, strict=True))
        if isinstance(label, int) and places and places.step == 1
    }
    rank = call.shape(x).rank
    if len(cut) > 1 and any(ranges[axis] != range(x.dims[axis]) for axis in cut):
        sides = {label: (ranges[k].start, x.dims[k] - ranges[k].stop) for k, label in cut.items()}
        begin, end = (tuple(sides.get(k, (0, 0))[side] for k in range(rank)) for side in (0, 1))
        row = call.add("crop", x.row, begin=one(begin), end=one(end))
        dims = tuple(len(ranges[k]) if k in cut else size for k, size in enumerate(x.dims))
        x = Activation(row, x.axes, dims)
    for axis, places in enumerate(ranges):
        if axis not in cut or len(cut) == 1:
            x = taken(call, x, axis, places)
    return x


# Views with more axes than the row has.


def taken_of_view(call: Call, view: ManyAxes, axis: int, places: range) -> Activation | ManyAxes:
    """Some places along one axis of a view, which must be the outermost part of a row's axis.

    Raises:
        UnplacedError: it is another one, or no layer takes these places.
    """
    if places == range(view.dims[axis]):
        return view
    place = view.order[axis]
    split = _split_axes(call, view) or []
    at = next((k for k, group in enumerate(split) if place in group), None)
    if at is None or prod(view.sizes[split[at][0] : place]) != 1 or places.step != 1:
        raise call.too_many_axes(view.dims)
    inner = prod(view.sizes[place + 1 : split[at][-1] + 1])
    row = _of_stack(call, view, place, places) if at == CHANNELS else None
    if row is None:
        whole = call.seen(view.row)
        row = taken(call, whole, at, range(places.start * inner, places.stop * inner)).row
    sizes = (*view.sizes[:place], len(places), *view.sizes[place + 1 :])
    return as_axes(call, ManyAxes(row, sizes, view.order))


def stacked(call: Call, maps: Sequence[Activation], axis: int) -> ManyAxes | None:
    """Tensors of one shape side by side along an axis that they do not have, else None."""
    first, shape = maps[0], call.shape(maps[0])
    alike = all(x.axes == first.axes and call.shape(x) == shape for x in maps)
    if not alike or first.axes[axis] is not None:
        return None
    row = call.add("concat", *(x.row for x in maps))
    sizes = [call.rows.batch, len(maps), shape.channels, *shape.spatial]
    order: list[int] = []
    for place, label in enumerate(first.axes):
        if place == axis:
            order.append(CHANNELS)
        elif isinstance(label, int):
            order.append(CHANNELS + 2 + label)
        elif label == "c":
            order.append(CHANNELS + 1)
        elif label == "n":
            order.append(0)
        else:
            order.append(len(sizes))
            sizes.append(1)
    return ManyAxes(row, tuple(sizes), tuple(order))


def _of_stack(call: Call, view: ManyAxes, place: int, places: range) -> int | None:
    """The row that is one of those side by side, where just one is taken; else None."""
    row = call.rows.rows[view.row]
    if row.layer.type != "concat" or len(row.inputs) != view.sizes[place] or len(places) != 1:
        return None
    sizes = {call.rows.rows[index].shape for index in row.inputs}
    return row.inputs[places.start] if len(sizes) == 1 else None


def without(call: Call, view: ManyAxes, gone: set[int]) -> Activation | ManyAxes:
    """A view without some of its axes, which have the size 1."""
    dropped = {view.order[axis] for axis in gone} - {0}  # the batch stays in front of the sizes
    if len(dropped) < len(gone):
        raise call.too_many_axes(view.dims)
    left = [place for place in range(len(view.sizes)) if place not in dropped]
    sizes = tuple(view.sizes[place] for place in left)
    order = tuple(left.index(place) for place in view.order if place not in dropped)
    return as_axes(call, ManyAxes(view.row, sizes, order))


def as_axes(call: Call, view: ManyAxes) -> Activation | ManyAxes:
    """A view whose axes are those of the row, in any order, as one that knows so."""
    return with_whole_axes(call, view, view.dims) or view


def with_whole_axes(call: Call, view: ManyAxes, dims: Dims) -> Activation | None:
    """A view under other sizes where each axis is then one of the row's, else None.

    So the two directions of a recurrent layer, apart and moved beside its units, are its channels.
    """
    split = _split_axes(call, view)
    merged = _grouped(view.dims, dims)
    if split is None or merged is None:
        return None
    real = [[place for place in group if view.sizes[place] > 1] for group in split]
    labels: list[Axis] = []
    for group in merged:
        places = [view.order[axis] for axis in group]
        parts = [place for place in places if view.sizes[place] > 1]
        if parts and parts not in real:
            return None
        at = real.index(parts) if parts else 0 if 0 in places else None
        labels.append(None if at is None else _label(at))
    return Activation(view.row, tuple(labels), dims)


def _label(place: int) -> Axis:
    """The axis of a tensor at this place, the batch and the channels in front."""
    return "n" if place == 0 else "c" if place == CHANNELS else place - CHANNELS - 1


def _split_axes(call: Call, view: ManyAxes) -> list[list[int]] | None:
    """For each axis of the row, the batch in front, which of a view's axes it was split into."""
    shape = call.rows.rows[view.row].shape
    return _grouped(view.sizes, (call.rows.batch, shape.channels, *shape.spatial))


def _grouped(sizes: Sequence[int], onto: Sequence[int]) -> list[list[int]] | None:
    """Neighbouring axes whose sizes multiply to those wanted, by their places; else None.

    >>> _grouped((7, 1, 2, 5), (7, 1, 10))
    [[0], [1], [2, 3]]
    >>> _grouped((7, 2, 5), (14, 5)), _grouped((7, 2, 5), (5, 14))
    ([[0, 1], [2]], None)
    """
    groups: list[list[int]] = []
    place = 0
    for wanted in onto:
        group: list[int] = []
        size = 1
        while place < len(sizes) and (size != wanted or (not group and sizes[place] == 1)):
            size *= sizes[place]
            group.append(place)
            place += 1
            if size > wanted:
                return None
        if size != wanted:
            return None
        groups.append(group)
    if any(size != 1 for size in sizes[place:]):
        return None
    if groups:
        groups[-1] += range(place, len(sizes))
    return groups


def put_together(call: Call, maps: Sequence[Activation]) -> Activation | None:
    """The last states of a recurrent layer's directions, taken apart before; else None."""
    layers = [call.row(x) for x in maps]
    sources = {row.inputs for row in layers}
    if len(sources) != 1 or any(row.layer.type != "slice" for row in layers):
        return None
    ((source,),) = sources
    channels = call.rows.rows[source].shape.channels
    if not getattr(call.rows.rows[source].layer, "last", False):
        return None
    spans = [getattr(row.layer, "start", None) for row in layers]
    stops = [getattr(row.layer, "stop", None) for row in layers]
    follow = all(stop == start for stop, start in zip(stops, spans[1:], strict=False))
    if not follow or (spans[0], stops[-1]) != (0, channels):
        return None
    first = maps[0]
    dims = tuple(channels if a == "c" else d for a, d in zip(first.axes, first.dims, strict=True))
    return Activation(source, first.axes, dims)
