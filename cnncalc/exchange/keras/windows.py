"""Layers of Keras with a window or with products: convolution, pooling, Dense, recurrence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.exchange.building import unsupported
from cnncalc.exchange.keras.activations import activated
from cnncalc.exchange.wire import broken

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.exchange.keras.call import Call


def _window(call: Call, kernel: str = "kernel_size", *, rank: int) -> dict[str, Any]:
    """Kernel, stride and padding as fields; a layer for one axis takes no map of two."""
    call.channels_last()
    if call.rank != rank:
        raise broken(f"it is for {rank} axes behind the batch, its input has {call.rank}")
    pooling = kernel == "pool_size"
    size = call.sizes(kernel, 2 if pooling else None)
    stride = size if pooling else (1,) * rank
    if call.config.get("strides") is not None:
        stride = call.sizes("strides")
    padding = call.word("padding", "valid")
    if padding not in {"valid", "same"} and not (padding == "causal" and rank == 1):
        raise broken(f"'padding' is {padding[:60]}")
    return {"kernel": _one(size), "stride": _one(stride),
            "padding": ((0, 0),) if padding == "valid" else padding}  # fmt: skip


def _one(values: tuple[int, ...]) -> tuple[int, ...]:
    return values[:1] if len(set(values)) == 1 else values


def _dilation(call: Call) -> tuple[int, ...]:
    return _one(call.sizes("dilation_rate", 1))


def conv(rank: int) -> Callable[[Call], int]:
    """Conv1D, Conv2D and Conv3D."""

    def read(call: Call) -> int:
        row = call.add(
            "conv", **_window(call, rank=rank),
            filters=call.whole("filters"), dilation=_dilation(call),
            groups=call.whole("groups", 1), bias=call.switch("use_bias", True),
        )  # fmt: skip
        return activated(call, row)

    return read


def depthwise(rank: int) -> Callable[[Call], int]:
    """DepthwiseConv1D and DepthwiseConv2D."""

    def read(call: Call) -> int:
        row = call.add(
            "dwconv", **_window(call, rank=rank), dilation=_dilation(call),
            multiplier=call.whole("depth_multiplier", 1), bias=call.switch("use_bias", True),
        )  # fmt: skip
        return activated(call, row)

    return read


def separable(rank: int) -> Callable[[Call], int]:
    """SeparableConv1D and SeparableConv2D: a depthwise convolution without a bias, then 1x1."""

    def read(call: Call) -> int:
        deep = call.add(
            "dwconv", suffix=".depthwise", **_window(call, rank=rank), dilation=_dilation(call),
            multiplier=call.whole("depth_multiplier", 1), bias=False,
        )  # fmt: skip
        row = call.add(
            "conv", deep, suffix=".pointwise", filters=call.whole("filters"), kernel=(1,),
            bias=call.switch("use_bias", True),
        )  # fmt: skip
        return activated(call, row)

    return read


def transposed(rank: int) -> Callable[[Call], int]:
    """Conv1DTranspose, Conv2DTranspose and Conv3DTranspose."""

    def read(call: Call) -> int:
        call.only(output_padding=None)
        row = call.add(
            "conv_transpose", **_transposed_window(call, rank),
            filters=call.whole("filters"), bias=call.switch("use_bias", True),
        )  # fmt: skip
        return activated(call, row)

    return read


def _transposed_window(call: Call, rank: int) -> dict[str, Any]:
    """As the layer type words it: its `valid` gives more than padding by 0 where strides are wide.

    Dilated ones differ between the backends of Keras.
    """
    fields = _window(call, rank=rank)
    if set(_dilation(call)) != {1}:
        raise unsupported(f"'{call.part.kind}' with a dilation has no layer here")
    return fields | {"padding": call.word("padding", "valid")}


def locally_connected(rank: int) -> Callable[[Call], int]:
    """LocallyConnected1D and LocallyConnected2D of Keras 2."""

    def read(call: Call) -> int:
        call.only(padding="valid")
        row = call.add(
            "localconv", **_window(call, rank=rank),
            filters=call.whole("filters"), bias=call.switch("use_bias", True),
        )  # fmt: skip
        return activated(call, row)

    return read


def pool(type_: str, rank: int) -> Callable[[Call], int]:
    """MaxPooling and AveragePooling; a mean leaves the padding out."""

    def read(call: Call) -> int:
        fields = _window(call, "pool_size", rank=rank)
        if type_ == "avgpool" and fields["padding"] == "same":
            fields["count_include_pad"] = False
        return call.add(type_, **fields)

    return read


def whole_map(type_: str, rank: int) -> Callable[[Call], int]:
    """GlobalAveragePooling and GlobalMaxPooling: a vector, unless axes are kept."""

    def read(call: Call) -> int:
        call.channels_last()
        if call.rank != rank:
            raise broken(f"it is for {rank} axes behind the batch, its input has {call.rank}")
        row = call.add(type_)
        return row if call.switch("keepdims", False) else call.add(
            "flatten", row, suffix=".flatten")  # fmt: skip

    return read


def dense(call: Call) -> int:
    """Dense: of a vector, or of each position by itself."""
    type_ = "linear" if call.rank else "fc"
    if call.config.get("lora_rank") or call.config.get("quantization_config"):
        raise unsupported("'Dense' with added or quantised weights has no layer here")
    row = call.add(type_, units=call.whole("units"), bias=call.switch("use_bias", True))
    return activated(call, row)


def embedding(call: Call) -> int:
    """Embedding of a vector of numbers."""
    call.only(mask_zero=False)
    if call.rank or call.config.get("lora_rank"):
        raise unsupported(f"'Embedding' of {call.shape.text('HWC')} has no layer here")
    return call.add("embedding", entries=call.whole("input_dim"), size=call.whole("output_dim"))


def attention(call: Call) -> int:
    """MultiHeadAttention of a sequence to itself, with heads that share its channels."""
    rows = set(call.inputs)
    if len(rows) != 1 or not 2 <= len(call.inputs) <= 3:  # noqa: PLR2004 - query, value, key
        raise unsupported("'MultiHeadAttention' between sequences has no layer here")
    allowed = {"query", "value", "key"}
    if any(value not in (None, False) for name, value in call.named.items() if name not in allowed):
        raise unsupported("'MultiHeadAttention' with a mask has no layer here")
    one = call._replace(inputs=tuple(rows))
    heads, size = one.whole("num_heads"), one.whole("key_dim")
    value_size = size if one.config.get("value_dim") is None else one.whole("value_dim")
    plain = one.config.get("output_shape") is None and one.config.get("attention_axes") in (
        None, [1])  # fmt: skip
    if one.rank != 1 or not plain or not heads * size == heads * value_size == one.shape.channels:
        raise unsupported(
            "'MultiHeadAttention' whose heads are not a share of the channels has no layer here"
        )
    one.only(use_gate=False)
    return one.add("attention", heads=heads, bias=one.switch("use_bias", True))


def recurrent(type_: str) -> Callable[[Call], int]:
    """SimpleRNN, LSTM and GRU; all but a gated unit with `reset_after` have one bias a unit."""

    def read(call: Call) -> int:
        return _recurrent(call, type_, {})

    return read


def _recurrent(call: Call, type_: str, more: dict[str, Any]) -> int:
    call.only(activation="tanh", return_state=False, stateful=False)
    if type_ != "rnn":
        call.only(recurrent_activation="sigmoid")
    if call.rank != 1:
        raise broken(f"a sequence is needed, not {call.shape.text('HWC')}")
    bias, reset_after = call.switch("use_bias", True), call.switch("reset_after", True)
    if type_ == "gru":
        more = {**more, "reset_after": reset_after}
    if bias and not (type_ == "gru" and reset_after):
        more = {**more, "biases": 1}
    last, backward = not call.switch("return_sequences", False), call.switch("go_backwards", False)
    if backward and not last:
        raise unsupported(
            f"'{call.part.kind}' with go_backwards and return_sequences has no layer here: its "
            "states come from the last step to the first"
        )
    if backward:
        more = {**more, "reverse": True}
    return call.add(type_, units=call.whole("units"), bias=bias, last=last, **more)


RECURRENT = {"SimpleRNN": "rnn", "LSTM": "lstm", "GRU": "gru"}


def bidirectional(call: Call) -> int:
    """Bidirectional, whose directions are joined."""
    call.only(merge_mode="concat")
    inner = _wrapped(call)
    inner.only(go_backwards=False)
    type_ = RECURRENT.get(inner.part.kind)
    backward = call.config.get("backward_layer")
    theirs = backward.get("config", {}) if isinstance(backward, dict) else {}
    free = {"go_backwards", "name"}
    own = {name: value for name, value in inner.config.items() if name not in free}
    if type_ is None or any(theirs.get(name, value) != value for name, value in own.items()):
        raise unsupported(f"'Bidirectional' of '{inner.part.kind}' has no layer here")
    return _recurrent(inner, type_, {"bidirectional": True})


def time_distributed(call: Call) -> int:
    """TimeDistributed of Dense: each position by itself."""
    inner = _wrapped(call)
    if inner.part.kind != "Dense" or not call.rank:
        raise unsupported(f"'TimeDistributed' of '{inner.part.kind}' has no layer here")
    return dense(inner)


def _wrapped(call: Call) -> Call:
    """The layer inside a wrapper, under the wrapper's name."""
    layer = call.config.get("layer")
    kind, config = (layer.get("class_name"), layer.get("config")) if isinstance(layer, dict) else (
        None, None)  # fmt: skip
    if not isinstance(kind, str) or not isinstance(config, dict):
        raise broken("it wraps no layer")
    return call._replace(config=config, part=call.part._replace(kind=kind[:60]))


LAYERS: dict[str, Callable[[Call], int]] = {
    "Dense": dense, "Embedding": embedding, "MultiHeadAttention": attention,
    "Bidirectional": bidirectional, "TimeDistributed": time_distributed,
    **{name: recurrent(type_) for name, type_ in RECURRENT.items()},
    **{f"Conv{n}D": conv(n) for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": transposed(n) for n in (1, 2, 3)},
    **{f"DepthwiseConv{n}D": depthwise(n) for n in (1, 2)},
    **{f"SeparableConv{n}D": separable(n) for n in (1, 2)},
    **{f"LocallyConnected{n}D": locally_connected(n) for n in (1, 2)},
    **{f"MaxPooling{n}D": pool("maxpool", n) for n in (1, 2, 3)},
    **{f"AveragePooling{n}D": pool("avgpool", n) for n in (1, 2, 3)},
    **{f"GlobalMaxPooling{n}D": whole_map("gmp", n) for n in (1, 2, 3)},
    **{f"GlobalAveragePooling{n}D": whole_map("gap", n) for n in (1, 2, 3)},
}  # fmt: skip
