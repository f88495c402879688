"""Bytes of inference: what the stored numbers weigh, and what the activations take.

These are tensor sizes, each alive from its making to its last use (see `lifetimes`), not a
forecast of what a framework's allocator reserves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.analysis.lifetimes import peak, tenancy
from cnncalc.analysis.report import Held, Memory, Peak
from cnncalc.conventions import DTYPES, bytes_per_number
from cnncalc.errors import CnncalcError, Diagnostic, did_you_mean

if TYPE_CHECKING:
    from cnncalc.analysis.lifetimes import Tenancy
    from cnncalc.network import Network


def memory(
    network: Network, stored: int, *, batch: int, dtype: str, out_of_place: bool = True
) -> Memory:
    """The memory of `batch` samples and of `stored` numbers, all of one type.

    Train-only rows take no part in the activations. `out_of_place` asks for the peak if no
    layer worked in place, too. Raises CnncalcError for an unknown
    dtype (neither a word of `conventions.DTYPES` nor a whole number of bytes) or a batch
    below 1.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("one", Shape(1, (32, 32)), [("C1", Conv(filters=6, kernel=(5,)))])
    >>> found = memory(net, 156, batch=2, dtype="fp16")
    >>> found.param_bytes, found.peak.layer, found.peak.tensors[1]
    (312, 'C1', Held(name='C1', bytes=18816))
    """
    each = _bytes_each(dtype)
    if batch < 1:
        raise CnncalcError(
            Diagnostic("error", "not-positive", f"batch must be at least 1, got {batch}")
        )
    usual = tenancy(network)
    most = _peak(network, usual, batch * each)
    return Memory(
        dtype=dtype,
        batch=batch,
        param_bytes=stored * each,
        activation_bytes=usual.sizes(network) * batch * each,
        peak_activation_bytes=most.bytes,
        peak=most,
        peak_out_of_place=_peak(network, tenancy(network, in_place=False), batch * each)
        if out_of_place
        else None,
    )


def _peak(network: Network, found: Tenancy, each: int) -> Peak:
    numbers, layer, tensors = peak(network, found)
    held = tuple(Held(name, size * each) for name, size in tensors)
    return Peak(numbers * each, layer, held)


def _bytes_each(dtype: str) -> int:
    try:
        return bytes_per_number(dtype)
    except KeyError:
        message = f"'{dtype}' is neither a known number type nor a number of bytes"
        help_ = did_you_mean(dtype, DTYPES) or f"known types: {', '.join(DTYPES)}"
        raise CnncalcError(Diagnostic("error", "unknown-dtype", message, help=help_)) from None
