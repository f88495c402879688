"""Small ONNX files, written by hand: the bytes of protobuf messages."""

import struct
from pathlib import Path

from cnncalc import Tensor, forward, load


def varint(value):
    value &= 2**64 - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number, value):
    """One field: a number, a text, or the bytes of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def attribute(name, value):
    head = field(1, name)
    if isinstance(value, float):
        return head + varint(2 << 3 | 5) + struct.pack("<f", value) + field(20, 1)
    if isinstance(value, int):
        return head + field(3, value) + field(20, 2)
    if isinstance(value, str):
        return head + field(4, value) + field(20, 3)
    if isinstance(value, bytes):  # a tensor
        return head + field(5, value) + field(20, 4)
    return head + b"".join(field(8, size) for size in value) + field(20, 7)


def node(type_, inputs, outputs, name="", domain="", **attributes):
    return b"".join(
        [
            *(field(1, name_) for name_ in inputs),
            *(field(2, name_) for name_ in outputs),
            *([field(3, name)] if name else []),
            field(4, type_),
            *(field(5, attribute(key, value)) for key, value in attributes.items()),
            *([field(7, domain)] if domain else []),
        ]
    )


def tensor(name, dims, numbers=None, kind=1):
    """A stored tensor: zeros unless numbers are given; kind 1 is float, 7 a 64-bit integer."""
    letter, size = {1: ("f", 4), 7: ("q", 8)}[kind]
    count = 1
    for dim in dims:
        count *= dim
    raw = struct.pack(f"<{count}{letter}", *numbers) if numbers else bytes(size * count)
    return b"".join(
        [*(field(1, dim) for dim in dims), field(2, kind), field(8, name), field(9, raw)]
    )


def value(name, dims):
    """The type of a tensor; a text among the sizes is an open one."""
    shape = b"".join(
        field(1, field(2, dim) if isinstance(dim, str) else field(1, dim)) for dim in dims
    )
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def model(nodes, stored=(), inputs=(("x", (1, 3, 8, 8)),), outputs=("y",), shapes=(), opset=17):
    """A whole file. Stored tensors and shapes are messages, inputs are names with sizes."""
    graph = b"".join(
        [
            *(field(1, each) for each in nodes),
            field(2, "graph"),
            *(field(5, each) for each in stored),
            *(field(11, value(name, dims)) for name, dims in inputs),
            *(field(12, field(1, name)) for name in outputs),
            *(field(13, value(name, dims)) for name, dims in shapes),
        ]
    )
    return field(1, 8) + field(2, "by hand") + field(7, graph) + field(8, field(2, opset))


def read(path, nodes, stored, dims, **more):
    """The network in a file with one input `x` of these sizes and one output `y`."""
    path = Path(path)
    path.write_bytes(model(nodes, stored, inputs=[("x", dims)], outputs=["y"], **more))
    return load(path)


def computed(network, values):
    """What a network of one input and one output makes of these numbers."""
    (entry,) = network.inputs
    (out,) = forward(network, Tensor(entry.shape, values)).outputs
    return list(out.output.values)
