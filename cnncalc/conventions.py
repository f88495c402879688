"""How cnncalc counts: the conventions in the words shown to users."""

from __future__ import annotations

MAC = "one multiply and one add"
FLOPS_PER_MAC = 2
PARAMS = "weights + biases, shared counted once"
CONNECTIONS = "weights only"
MACS_COUNT = (
    "convolutions, transposed convolutions, linear and fully connected layers, trainable "
    "subsampling and RBF units; zeros of the padding count as work; bias additions, norms, "
    "activations, pooling and merges do not"
)

# Bytes per number of each --dtype word.
DTYPES: dict[str, int] = {"fp64": 8, "fp32": 4, "fp16": 2, "bf16": 2, "int8": 1}

# Numbers of state that each optimiser keeps for each trained parameter: none for SGD, one for
# momentum (Polyak 1964), two for Adam (Kingma & Ba 2014, arXiv 1412.6980).
OPTIMISERS: dict[str, int] = {"sgd": 0, "momentum": 1, "adam": 2}

# Bytes per bias where they differ from those of other numbers: TensorFlow Lite's quantization
# specification stores int8 weights with int32 biases.
BIAS_BYTES: dict[str, int] = {"int8": 4}
INT8 = (
    "int8 as TensorFlow Lite stores it: a weight 1 byte, a bias 4 (int32); scales and zero points "
    "not counted"
)

LAYOUTS = ("HWC", "CHW", "WHD")


def bytes_per_number(dtype: str) -> int:
    """The bytes of one number; `dtype` is a key of DTYPES or a whole number of bytes.

    Raises:
        KeyError: for anything else.

    >>> bytes_per_number("fp16"), bytes_per_number("3")
    (2, 3)
    """
    return int(dtype) if dtype.isdecimal() and int(dtype) > 0 else DTYPES[dtype]
