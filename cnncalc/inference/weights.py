"""Weights files: safetensors, or JSON with nested lists by name."""

from __future__ import annotations

import json
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncalc.errors import failure
from cnncalc.files import opened, read_bytes
from cnncalc.inference import safetensors
from cnncalc.inference.numerals import NotNested, flatten
from cnncalc.inference.stored import StoredTensor
from cnncalc.network import Init  # noqa: TC001 - the example of own_file needs it

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.errors import CnncalcError

MAX_JSON = 256 * 2**20
MAX_DEPTH = 64  # of the dots in a name
PROTOCOLS = frozenset({b"\x02", b"\x03", b"\x04", b"\x05"})  # of pickle
TO_SAFETENSORS = (
    "in the program that made it: "
    "safetensors.torch.save_file(model.state_dict(), 'model.safetensors')"
)
BLANK = b" \t\r\n\xef\xbb\xbf"


def read(path: str) -> dict[str, StoredTensor]:
    """The tensors of a weights file by name, in the file's order.

    A file whose first sign is { is JSON: {"conv1.weight": [[...]], ...}, or the same by levels,
    {"conv1": {"weight": [[...]]}}. Everything else has to be safetensors.
    Raises CnncalcError for a file that cannot be read or breaks its format's rules.

    >>> read("missing.json")
    Traceback (most recent call last):
        ...
    cnncalc.errors.CnncalcError: no-file: there is no file 'missing.json'
    """
    with opened(path) as stream:
        start = stream.read(64)
    if _is_pickle(start):
        raise failure(
            "pickle",
            f"'{path}' is a pickle: reading it would run whatever code it holds",
            help=TO_SAFETENSORS,
        )
    first = next((byte for byte in start if byte not in BLANK), None)
    if first != ord("{"):
        return safetensors.read(path)
    return _from_json(path, read_bytes(path, MAX_JSON))


def _is_pickle(start: bytes) -> bool:
    """A zip, as PyTorch saves weights, or pickle's own mark with its version."""
    return start.startswith(b"PK\x03\x04") or (start[:1] == b"\x80" and start[1:2] in PROTOCOLS)


def own_file(init: Init) -> str | None:
    """The weights file that a spec names, if any.

    A spec may come from anybody, so it reads files of its own folder only, whatever links lie
    there. Raises CnncalcError where the path leads out of it.

    >>> own_file(Init(weights="nets/../../secret.json", folder="nets"))
    Traceback (most recent call last):
        ...
    cnncalc.errors.CnncalcError: weights-outside: the weights of the spec, \
'nets/../../secret.json', are not in its folder
    """
    if init.weights is None or init.folder is None:
        return init.weights
    try:
        inside = Path(init.weights).resolve().is_relative_to(Path(init.folder).resolve())
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name that is none
        return init.weights  # opening it says what is wrong
    if not inside:
        message = f"the weights of the spec, '{init.weights}', are not in its folder"
        help_ = "if you trust it, name the file yourself with --weights"
        raise failure("weights-outside", message, init.span, help=help_)
    return init.weights


def from_lists(name: str, tensors: object) -> dict[str, StoredTensor]:
    """The tensors of a mapping from names to nested lists, or to further such mappings.

    Raises CnncalcError where there is anything else in it; `name` is the mapping's in messages.

    >>> from_lists("weights", {"fc": {"bias": [0.5, 1]}})["fc.bias"].dims
    (2,)
    """
    return dict(_tensors(name, "", tensors, MAX_DEPTH))


def _from_json(path: str, data: bytes) -> dict[str, StoredTensor]:
    try:
        document = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unique)
        return from_lists(path, document)
    except UnicodeDecodeError:  # whose own text shows a byte of what may be any file
        raise _broken(path, "it is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise _broken(path, str(error)) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name appears twice")
    return found


def _tensors(
    path: str, prefix: str, value: object, depth: int
) -> Iterator[tuple[str, StoredTensor]]:
    """Every tensor below a level, its name joined by dots."""
    if not depth:
        raise _broken(path, "its levels are nested too deeply")
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _tensors(path, f"{prefix}.{name}" if prefix else name, below, depth - 1)
        return
    try:
        dims, numbers = flatten(value)
    except NotNested as wrong:
        raise _broken(path, f"{prefix}{wrong}") from None
    values = array("d", numbers)
    yield prefix, StoredTensor(dims, lambda: values)


def _broken(path: str, why: str) -> CnncalcError:
    return failure("bad-weights", f"'{path}' is not a weights file: {why}")
