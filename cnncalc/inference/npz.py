"""Arrays in NumPy's .npz, which `numpy.load` reads: a zip of .npy files, not compressed.

Source: the description of numpy.lib.format, version 1.0.
"""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import TYPE_CHECKING

from cnncalc import files
from cnncalc.inference.safetensors import little_endian, narrowest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAGIC = b"\x93NUMPY\x01\x00"
ALIGNMENT = 64  # of the numbers behind the header


def write(path: str, tensors: Iterable[tuple[str, tuple[int, ...], Sequence[float]]]) -> None:
    """Write named arrays: as float32 where that loses nothing of an array, else as float64.

    The file is packed before the disk is touched. Raises CnncalcError where it cannot be written,
    as `files.write` does.
    """
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, dims, values in tensors:
            numbers = narrowest(values)
            header = _header("<f4" if numbers.typecode == "f" else "<f8", dims)
            entry = zipfile.ZipInfo(f"{name}.npy")  # of 1980, so that equal weights are equal files
            archive.writestr(entry, header + little_endian(numbers).tobytes())
    files.write(path, [packed.getbuffer()])


def _header(dtype: str, dims: tuple[int, ...]) -> bytes:
    """What stands before the numbers: their type and sizes as a dictionary of Python.

    >>> _header("<f4", (2, 3))[10:70]
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } "
    """
    sizes = f"({dims[0]},)" if len(dims) == 1 else f"({', '.join(map(str, dims))})"
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {sizes}, }}"
    start = len(MAGIC) + 2
    fill = -(start + len(text) + 1) % ALIGNMENT
    text = f"{text}{' ' * fill}\n"
    return MAGIC + len(text).to_bytes(2, "little") + text.encode("ascii")
