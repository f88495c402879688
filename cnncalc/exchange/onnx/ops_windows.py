"""Operators with a window, and products with stored weights: convolution, pooling, Gemm, MatMul."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.exchange.onnx.model import unsupported
from cnncalc.exchange.onnx.ops_norms import channels_last
from cnncalc.exchange.onnx.rows import one, one_pair
from cnncalc.exchange.onnx.values import Activation, Filters
from cnncalc.exchange.sizes import text
from cnncalc.exchange.wire import broken
from cnncalc.window import padding_by_rule

if TYPE_CHECKING:
    from cnncalc.exchange.onnx.model import Dims
    from cnncalc.exchange.onnx.rows import Call
    from cnncalc.exchange.onnx.values import Value
    from cnncalc.network import Stored

Pairs = tuple[tuple[int, int], ...]


def conv(call: Call) -> Activation:
    """Conv; one group a channel is a depthwise convolution."""
    row = call.plain(call.map())
    given = _filters(call)
    rank = _rank(call, row, given.dims)
    filters, inner, *kernel = given.dims
    groups, cin = call.whole("group", 1), call.rows.rows[row].shape.channels
    if groups < 1 or inner * groups != cin:
        raise broken(
            f"its weights are {text(given.dims)} in {groups} groups, its input has {cin} channels"
        )
    bias = call.bias(2, filters)
    fields = {**_window(call, row, tuple(kernel), rank), **given.fields}
    learned = {**given.stored, "bias": bias}
    if given.type == "blur":
        return _blurred(call, row, given, bias, fields)
    if not given.fields and groups == cin > 1 and inner == 1 and filters % cin == 0:
        return call.plainly("dwconv", row, stored=learned, bias=bias is not None,
                            multiplier=filters // cin, **fields)  # fmt: skip
    if "table" in given.fields and groups > 1:
        raise call.computed_weights()
    return call.plainly("conv", row, stored=learned, bias=bias is not None, filters=filters,
                        groups=groups, **fields)  # fmt: skip


def _filters(call: Call) -> Filters:
    """The filters of a convolution, stored or computed from stored ones.

    Raises:
        UnplacedError: they are computed in another way.
    """
    constant = call.constant(1)
    if constant is None or constant.stored is not None:
        weight, stored = call.learned(1)
        return Filters(weight.dims, {"weight": stored}, {})
    from cnncalc.exchange.onnx.filters import computed

    found = computed(call, call.operator.inputs[1])
    if found is None:
        raise call.computed_weights()
    return found


def _blurred(
    call: Call, row: int, given: Filters, bias: Stored | None, fields: dict[str, object]
) -> Activation:
    """One filter for every channel. Raises UnplacedError where `blur` does not have it all."""
    channels = call.rows.rows[row].shape.channels
    if bias is not None or fields.pop("dilation") != (1,) or given.dims[0] != channels:
        raise call.computed_weights()
    if fields["padding"] != ((0, 0),):  # of zeros unless a Pad said another mode
        fields.setdefault("padding_mode", "zeros")
    return call.plainly("blur", row, stored=given.stored, **fields)


def conv_transpose(call: Call) -> Activation:
    """ConvTranspose. Its weights are (in, out/groups, *kernel)."""
    row = call.plain(call.map())
    weight, stored = call.learned(1)
    rank = _rank(call, row, weight.dims)
    cin, outer, *kernel = weight.dims
    groups = call.whole("group", 1)
    if groups < 1 or cin != call.rows.rows[row].shape.channels:
        raise broken(f"its weights are {text(weight.dims)}, which its input does not fit")
    bias = call.bias(2, outer * groups)
    fields = _window(call, row, tuple(kernel), rank, transposed=True)
    return call.plainly(
        "conv_transpose", row, stored={"weight": stored, "bias": bias}, filters=outer * groups,
        groups=groups, bias=bias is not None, **fields,
    )  # fmt: skip


def _rank(call: Call, row: int, dims: Dims) -> int:
    """For how many axes filters of these sizes are. Raises UnplacedError where those do not fit."""
    rank = len(dims) - 2
    if rank != call.rows.rows[row].shape.rank or rank < 1 or min(dims) < 1:
        shape = call.rows.rows[row].shape.text("CHW", times="x")
        raise broken(f"weights of {text(dims)} do not fit an input of {shape}")
    return rank


def _window(
    call: Call, row: int, kernel: tuple[int, ...], rank: int, *, transposed: bool = False
) -> dict[str, object]:
    """Kernel, stride, padding and dilation as fields."""
    if call.sizes("kernel_shape", rank, 0, least=0) not in {kernel, (0,) * rank}:
        raise broken("kernel_shape is not the size of its weights")
    strides = call.sizes("strides", rank, 1)
    dilations = call.sizes("dilations", rank, 1)
    sizes = call.rows.rows[row].shape.spatial
    extra: tuple[int, ...] = ()
    if transposed:
        extra = call.sizes("output_padding", rank, 0, least=0)
        pads = _transposed_pads(call, kernel, strides, dilations, sizes, extra)
    else:
        pads = _pads(call, kernel, strides, dilations, sizes)
    fields: dict[str, object] = {
        "kernel": one(kernel), "stride": one(strides), "padding": one_pair(pads),
        "dilation": one(dilations),
    }  # fmt: skip
    return fields | ({"output_padding": one(extra)} if any(extra) else {})


def _pads(
    call: Call,
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    sizes: tuple[int, ...],
) -> Pairs:
    """What is put before and after each axis. Raises UnplacedError for negative padding."""
    rank, rule = len(kernel), call.word("auto_pad", "NOTSET")
    if rule == "VALID":
        return ((0, 0),) * rank
    if rule in {"SAME_UPPER", "SAME_LOWER"}:
        axes = zip(sizes, kernel, strides, dilations, strict=True)
        pairs = tuple(padding_by_rule("same", *axis) for axis in axes)
        return pairs if rule == "SAME_UPPER" else tuple((after, before) for before, after in pairs)
    if rule not in {"NOTSET", ""}:
        raise unsupported(f"'{call.operator.type}' with auto_pad={rule} has no layer here")
    pads = call.sizes("pads", 2 * rank, 0, least=0)
    return tuple(zip(pads[:rank], pads[rank:], strict=True))


def _transposed_pads(
    call: Call,
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    sizes: tuple[int, ...],
    extra: tuple[int, ...],
) -> Pairs:
    """What is cut off before and after each axis; `output_shape` says it in another way."""
    rank = len(kernel)
    wanted = call.operator.attributes.get("output_shape")
    rule = call.word("auto_pad", "NOTSET")
    same = rule in {"SAME_UPPER", "SAME_LOWER"}
    if wanted is None and not same:
        return _pads(call, kernel, strides, dilations, sizes)
    out = tuple(s * t for s, t in zip(sizes, strides, strict=True))
    if wanted is not None:
        out = call.sizes("output_shape", rank, 1)
    pairs = []
    for size, k, s, d, o, e in zip(sizes, kernel, strides, dilations, out, extra, strict=True):
        total = s * (size - 1) + e + (k - 1) * d + 1 - o
        if total < 0:
            raise unsupported("'ConvTranspose' to a larger size than it reaches has no layer here")
        half = total // 2
        pairs.append((half, total - half) if rule == "SAME_UPPER" else (total - half, half))
    return tuple(pairs)


def pool(call: Call, type_: str) -> Activation:
    """MaxPool and AveragePool."""
    row = call.plain(call.map())
    shape = call.rows.rows[row].shape
    kernel = call.sizes("kernel_shape", shape.rank, 0)
    if not kernel or min(kernel) < 1:
        raise broken("it has no kernel_shape")
    strides = call.sizes("strides", shape.rank, 1)
    dilations = call.sizes("dilations", shape.rank, 1)
    pads = _pads(call, kernel, strides, dilations, shape.spatial)
    fields: dict[str, object] = {
        "kernel": one(kernel), "stride": one(strides), "padding": one_pair(pads),
        "ceil": call.whole("ceil_mode", 0) == 1,
    }  # fmt: skip
    if type_ == "maxpool":
        if len([name for name in call.operator.outputs if name]) > 1:
            raise unsupported("'MaxPool' that also puts out indices has no layer here")
        return call.plainly("maxpool", row, dilation=one(dilations), **fields)
    if set(dilations) != {1}:
        raise unsupported("'AveragePool' with dilation has no layer here")
    counted = call.whole("count_include_pad", 0) == 1 or not any(map(any, pads))
    return call.plainly("avgpool", row, count_include_pad=counted, **fields)


def max_pool(call: Call) -> Activation:
    """MaxPool."""
    return pool(call, "maxpool")


def average_pool(call: Call) -> Activation:
    """AveragePool."""
    return pool(call, "avgpool")


def global_average(call: Call) -> Activation:
    """GlobalAveragePool."""
    return call.plainly("gap", call.plain(call.map()))


def global_max(call: Call) -> Activation:
    """GlobalMaxPool."""
    return call.plainly("gmp", call.plain(call.map()))


def gemm(call: Call) -> Activation:
    """Gemm by stored weights: fully connected."""
    x = call.map()
    weight, stored = call.learned(1)
    if len(weight.dims) != 2 or len(x.dims) != 2:  # noqa: PLR2004 - matrices
        raise broken(f"it multiplies {text(x.dims)} by {text(weight.dims)}, which are no matrices")
    if call.whole("transA", 0):
        raise unsupported("'Gemm' with a transposed first input has no layer here")
    turned = call.whole("transB", 0) == 0
    units, inner = weight.dims[::-1] if turned else weight.dims
    if call.number("alpha", 1.0) != 1 or call.number("beta", 1.0) not in {0, 1}:
        raise unsupported("'Gemm' with an alpha or a beta other than 1 has no layer here")
    bias = call.bias(2, units) if call.number("beta", 1.0) else None
    return _dense(call, x, stored, turned, units, inner, bias)


def _dense(
    call: Call, x: Activation, stored: Stored, turned: bool, units: int, inner: int,
    bias: Stored | None = None,
) -> Activation:  # fmt: skip
    """A fully connected row. Cnncalc keeps its weights as (units, inputs)."""
    weight = transposed(stored) if turned else stored
    if call.rows.batch == 1 != x.dims[0] and units > 0:  # many vectors of the one sample
        if inner != x.dims[1]:
            raise broken(f"its weights take {inner} numbers, its input has {x.dims[1]}")
        last = channels_last(call, call.lifted(x))
        linear = call.add("linear", last.row, stored={"weight": weight, "bias": bias},
                          units=units, bias=bias is not None)  # fmt: skip
        return Activation(linear, last.axes[1:], (x.dims[0], units))
    row = _before_own_flatten(call, call.plain(x))
    if inner != call.rows.rows[row].shape.size or units < 1:
        size = call.rows.rows[row].shape.size
        raise broken(f"its weights take {inner} numbers, its input has {size}")
    return call.plainly("fc", row, stored={"weight": weight, "bias": bias}, units=units,
                        bias=bias is not None)  # fmt: skip


def _before_own_flatten(call: Call, row: int) -> int:
    """The row that a Flatten reads which our own exports name as a part of this operator."""
    above = call.rows.rows[row]
    name = f"{call.operator.name}/Flatten"
    own = above.operator is not None and above.operator.name == name
    return above.inputs[0] if own and above.layer.type == "flatten" else row


def transposed(stored: Stored) -> Stored:
    """A stored matrix read by its columns."""
    if len(stored.dims) != 2:  # noqa: PLR2004 - a matrix
        return stored
    return stored._replace(order=(1, 0) if stored.order in {None, (0, 1)} else None)


def matmul(call: Call) -> Activation:
    """MatMul: by stored weights along the last axis, or of two maps."""
    first, second = call.value(0), call.value(1)
    if isinstance(first, Activation) and isinstance(second, Activation):
        return _product(call, first, second)
    if not isinstance(first, Activation):
        return _weights_first(call, second)
    weight, stored = call.learned(1)
    if len(weight.dims) != 2:  # noqa: PLR2004 - a matrix
        raise unsupported(f"'MatMul' by {text(weight.dims)} has no layer here")
    inner, units = weight.dims
    if len(first.dims) == 2:  # noqa: PLR2004 - the batch and a vector
        return _dense(call, first, stored, turned=True, units=units, inner=inner)
    if first.axes[-1] != "c":
        first = channels_last(call, first)
    if inner != first.dims[-1] or units < 1:
        raise broken(f"its weights take {inner} numbers, its input has {first.dims[-1]}")
    row = call.add("linear", first.row, stored={"weight": transposed(stored)}, units=units,
                   bias=False)  # fmt: skip
    return Activation(row, first.axes, (*first.dims[:-1], units))


def _weights_first(call: Call, second: Value) -> Activation:
    """A stored matrix times the columns of a map: the same along its last axis but one."""
    if not isinstance(second, Activation):
        raise unsupported("'MatMul' of two constants has no layer here")
    weight, stored = call.learned(0)
    if len(weight.dims) != 2 or len(second.dims) < 3:  # noqa: PLR2004 - a matrix by matrices
        raise unsupported(
            f"'MatMul' of {text(weight.dims)}, stored, by {text(second.dims)} has no layer here"
        )
    units, inner = weight.dims
    if inner != second.dims[-2] or units < 1:
        raise broken(f"its weights take {inner} numbers, its input has {second.dims[-2]}")
    x = channels_last(call, _turned(second))
    row = call.add("linear", x.row, stored={"weight": stored}, units=units, bias=False)
    return _turned(Activation(row, x.axes, (*x.dims[:-1], units)))


def _turned(x: Activation) -> Activation:
    """The tensor with its last two axes exchanged."""
    *axes, a, b = x.axes
    *sizes, m, n = x.dims
    return Activation(x.row, (*axes, b, a), (*sizes, n, m))


def _product(call: Call, first: Activation, second: Activation) -> Activation:
    """Channels x positions times channels x positions; of more axes, matrix by matrix.

    Where there is one sample, the first of three axes may be heads, not the batch.
    """
    ranks = {len(first.dims), len(second.dims)}
    lifted = [call.lifted(x) for x in (first, second)]
    heads = ranks == {4} or (ranks == {3} and call.rows.batch == 1 != first.dims[0])
    if heads and lifted[0].dims[:2] == lifted[1].dims[:2] and len(lifted[0].dims) == 4:  # noqa: PLR2004 - batch, heads, rows, columns
        a, b = (_matrices(call, x) for x in lifted)
        product = call.plainly(
            "matmul", a[0], b[0], by_channel=True, transpose_a=a[1], transpose_b=b[1]
        )
        return call.lowered(product, first.dims)
    if ranks != {3}:
        raise unsupported(
            f"'MatMul' of {text(first.dims)} by {text(second.dims)}, both computed by the "
            "network, has no layer here"
        )
    return call.plainly("matmul", call.plain(first), call.plain(second))


def _matrices(call: Call, x: Activation) -> tuple[int, bool]:
    """A row whose channels' maps are the matrices, and whether they lie there transposed."""
    turned = Activation(x.row, (*x.axes[:2], x.axes[3], x.axes[2]), (*x.dims[:2], *x.dims[:1:-1]))
    if not _in_order(x) and _in_order(turned):
        return call.plain(turned), True
    return call.plain(x), False


def _in_order(x: Activation) -> bool:
    """Whether the axes that count are those of the row, in their order."""
    places = [
        -1 if axis == "c" else axis
        for axis, size in zip(x.axes, x.dims, strict=True)
        if axis not in {"n", None} and size > 1
    ]
    return places == sorted(places, key=int)


OPERATORS = {
    "Conv": conv, "ConvTranspose": conv_transpose, "MaxPool": max_pool,
    "AveragePool": average_pool, "GlobalAveragePool": global_average,
    "GlobalMaxPool": global_max, "Gemm": gemm, "MatMul": matmul,
}  # fmt: skip
