"""Fast kernels: layers computed in plain Python as quickly as plain Python goes.

`choose` finds the kernel of a layer. A kernel takes what a layer type's `forward` takes and gives
the same tensor, to 1e-5 of the layer's largest absolute value at worst; the layer types keep the
definition.
A kernel's module is imported when a layer needs it.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnncalc.inference.kernels.kernel import Kernel
    from cnncalc.layers._base import Layer
    from cnncalc.shapes import Shape

# Where the kernel of each type of layer is.
KERNELS = {
    "adaptivepool": "pools.AdaptivePool",
    "add": "merges.Add",
    "avgpool": "pools.AvgPool",
    "bn": "norms.Bn",
    "celu": "activations.Celu",
    "concat": "data_movement.Concat",
    "chunk": "data_movement.Slice",
    "clip": "activations.Clip",
    "conv": "convolution.Convolution",
    "conv_transpose": "conv_transpose.Transposed",
    "crop": "data_movement.Crop",
    "depth2space": "data_movement.Depth2Space",
    "dropout": "data_movement.Same",
    "dwconv": "convolution.Depthwise",
    "elu": "activations.Elu",
    "fc": "dense.Dense",
    "flatten": "data_movement.Same",
    "gap": "pools.Gap",
    "gelu": "activations.Gelu",
    "gmp": "pools.Gmp",
    "gn": "norms.Gn",
    "hardtanh": "activations.Hardtanh",
    "hsigmoid": "activations.Hsigmoid",
    "hswish": "activations.Hswish",
    "identity": "data_movement.Same",
    "instnorm": "norms.Gn",
    "leaky": "activations.Leaky",
    "linear": "convolution.Convolution",
    "ln": "norms.Ln",
    "logsigmoid": "activations.Logsigmoid",
    "logsoftmax": "norms.Logsoftmax",
    "lrn": "norms.Lrn",
    "max": "merges.Max",
    "maxpool": "pools.MaxPool",
    "mish": "activations.Mish",
    "mul": "merges.Mul",
    "pad": "data_movement.Pad",
    "relu": "activations.Relu",
    "relu6": "activations.Relu6",
    "reshape": "data_movement.Same",
    "selu": "activations.Selu",
    "shuffle": "data_movement.Shuffle",
    "sigmoid": "activations.Sigmoid",
    "silu": "activations.Silu",
    "slice": "data_movement.Slice",
    "softmax": "norms.Softmax",
    "softplus": "activations.Softplus",
    "space2depth": "data_movement.Space2Depth",
    "sumpool": "pools.SumPool",
    "tanh": "activations.Tanh",
    "upsample": "resize.Upsample",
}


def choose(layer: Layer, *inputs: Shape) -> Kernel | None:
    """The kernel for a layer with inputs of these shapes; None where the definition is used.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.shapes import Shape
    >>> from cnncalc.tensor import Tensor
    >>> kernel = choose(Conv(filters=1, kernel=(2,)), Shape(1, (3,)))
    >>> x = Tensor(Shape(1, (3,)), [1.0, 2.0, 3.0])
    >>> kernel([x], {"weight": [1.0, 10.0], "bias": [0.5]}).values
    [21.5, 32.5]
    """
    kind = nature(layer, *inputs)
    place = KERNELS.get(kind)
    if place is None:
        return None
    module, _, name = place.partition(".")
    plain: Any = layer
    standardized = getattr(layer, "standardize", "none") != "none"
    if standardized:
        plain = replace(plain, standardize="none")
    made: Kernel = getattr(import_module(f"{__name__}.{module}"), name)(plain, inputs)
    if standardized:
        made = import_module(f"{__name__}.convolution").Standardized(layer, inputs, made)
    return made


def nature(layer: Any, *inputs: Shape) -> str:
    """The type of a layer, or of the layer that it is with these inputs.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.shapes import Shape
    >>> nature(Conv(filters=8, kernel=(3,), groups=4), Shape(4, (9, 9)))
    'dwconv'
    """
    kind: str = layer.type
    if kind == "conv" and layer.groups == inputs[0].channels > 1:
        return "dwconv"
    if kind == "linear" and not inputs[0].rank:
        return "fc"
    return kind
