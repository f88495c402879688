"""What kind of file a path leads to: by its first bytes, then by its suffix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from cnncalc import files
from cnncalc.errors import failure

if TYPE_CHECKING:
    from cnncalc.errors import CnncalcError

ModelKind = Literal["onnx", "keras", "darknet"]

ONNX_SUFFIXES = frozenset({".onnx", ".ort"})
KERAS_SUFFIX, DARKNET_SUFFIX = ".keras", ".cfg"
PICKLE_SUFFIXES = frozenset({".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle"})
ZIP = b"PK\x03\x04"
HDF5 = b"\x89HDF\r\n\x1a\n"
ENOUGH = 4096  # bytes: all that tells a file's kind stands there
# A model of Keras as JSON names its class before anything long; no spec has such a key.
KERAS_JSON = re.compile(rb'\s*\{[^{}\[\]]*"class_name"\s*:')
DARKNET = re.compile(rb"(?:\s|[#;][^\n]*\n)*\[(?:net|network)\]\s")
TO_ONNX = (
    "in the program that made the model: "
    "torch.onnx.export(model.eval(), torch.zeros(1, 3, 224, 224), 'model.onnx')"
)


def kind_of(path: str) -> ModelKind | None:
    """The kind of model that a file is; None for anything else, which is read as a spec.

    Raises:
        CnncalcError: "pickle" for a file that only running code from it could read, "hdf5" for
            one of Keras' older format, "weights-only" for weights without a network, "no-file" or
            "unreadable" where it cannot be opened.
    """
    start = files.beginning(path, ENOUGH)
    suffix = files.suffix(path)
    if _is_pickle(start, suffix):
        raise _pickle(path)
    if _is_safetensors(start):
        raise _weights_only(path)
    if suffix in ONNX_SUFFIXES or _begins_like_onnx(start):
        return "onnx"
    if start.startswith(HDF5):
        raise _hdf5(path)
    if suffix == KERAS_SUFFIX or start.startswith(ZIP) or KERAS_JSON.match(start):
        return "keras"
    if suffix == DARKNET_SUFFIX or DARKNET.match(start):
        return "darknet"
    return None


def _is_pickle(start: bytes, suffix: str) -> bool:
    """Pickle's own mark with its version, or a zip under one of its names or from PyTorch."""
    if start.startswith(ZIP) and b"/data.pkl" in start:
        return True
    protocol = start[:1] == b"\x80" and start[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}
    return protocol or (suffix in PICKLE_SUFFIXES and (start.startswith(ZIP) or b"\0" in start))


def _is_safetensors(start: bytes) -> bool:
    """The length of a JSON header in eight bytes, and then the header."""
    return start[5:8] == b"\0\0\0" and start[8:9] == b"{" and start[:8] != bytes(8)


def _begins_like_onnx(start: bytes) -> bool:
    """ModelProto begins with its version: field 1, a small number, then another of its fields."""
    return re.match(rb"\x08[\x01-\x3f][\x12\x1a\x22\x2a\x32\x3a\x42]", start) is not None


def _pickle(path: str) -> CnncalcError:
    return failure(
        "pickle",
        f"{files.title(path)} is a pickle: reading it would run whatever code it holds",
        help=TO_ONNX,
    )


def _hdf5(path: str) -> CnncalcError:
    return failure(
        "hdf5",
        f"{files.title(path)} is an HDF5 file, which is not read here",
        help="in the program that made the model: model.save('model.keras') or "
        "open('model.json', 'w').write(model.to_json())",
    )


def _weights_only(path: str) -> CnncalcError:
    name = "FILE" if path == "-" else path
    return failure(
        "weights-only",
        f"{files.title(path)} holds weights by name, and nothing says how they are connected",
        help=f"write the layers in a spec; 'cnncalc check net.yaml --weights {name}' then says "
        "which layer differs from the file",
    )
