"""Layers that Keras lacks, as they are written into the code that needs them."""

from __future__ import annotations

SCALE = '''\
class Scale(layers.Layer):
    """Every channel times a learned factor, plus a learned shift."""

    def __init__(self, initial=1.0, weight=True, bias=False, single=False, **kwargs):
        super().__init__(**kwargs)
        self.initial, self.single = initial, single
        self.has_weight, self.has_bias = weight, bias

    def build(self, input_shape):
        size = (1 if self.single else input_shape[-1],)
        if self.has_weight:
            start = keras.initializers.Constant(self.initial)
            self.weight = self.add_weight(shape=size, initializer=start, name="weight")
        if self.has_bias:
            self.bias = self.add_weight(shape=size, initializer="zeros", name="bias")

    def call(self, x):
        if self.has_weight:
            x = x * self.weight
        return x + self.bias if self.has_bias else x
'''

SCALE_EACH = '''\
class ScaleEach(layers.Layer):
    """Times a factor, plus a shift, by a tensor that is spread over the map.

    `weight` and `bias` are trained, `factor` and `shift` are not; each begins at the number given.
    """

    def __init__(self, size, weight=None, factor=None, bias=None, shift=None, **kwargs):
        super().__init__(**kwargs)
        self.size, self.starts = size, (weight, factor, bias, shift)

    def build(self, input_shape):
        self.numbers = []
        for name, start in zip(("weight", "factor", "bias", "shift"), self.starts):
            if start is not None:
                tensor = self.add_weight(
                    shape=self.size,
                    initializer=keras.initializers.Constant(start),
                    trainable=name in ("weight", "bias"),
                    name=name,
                )
                self.numbers.append((name in ("weight", "factor"), tensor))

    def call(self, x):
        for multiplies, tensor in self.numbers:
            x = x * tensor if multiplies else x + tensor
        return x
'''

LRN = '''\
class LocalResponseNorm(layers.Layer):
    """Each channel over a power of the squares of its neighbours."""

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1.0, **kwargs):
        super().__init__(**kwargs)
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def call(self, x):
        sides = (self.size // 2, (self.size - 1) // 2)
        squares = ops.pad(ops.square(x), [(0, 0)] * (len(x.shape) - 1) + [sides])
        total = sum(squares[..., i : i + x.shape[-1]] for i in range(self.size))
        return x / (self.k + self.alpha * total) ** self.beta
'''

GRN = '''\
class GlobalResponseNorm(layers.Layer):
    """The norm of every map, over the mean of these norms, scales the map."""

    def __init__(self, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape):
        size = (input_shape[-1],)
        self.weight = self.add_weight(shape=size, initializer="zeros", name="weight")
        self.bias = self.add_weight(shape=size, initializer="zeros", name="bias")

    def call(self, x):
        axes = tuple(range(1, len(x.shape) - 1))
        squares = ops.sum(ops.square(x), axis=axes, keepdims=True) if axes else x * x
        norm = ops.sqrt(squares)
        share = norm / (ops.mean(norm, axis=-1, keepdims=True) + self.epsilon)
        return x + self.weight * (x * share) + self.bias
'''

RBF = '''\
class RBF(layers.Layer):
    """Squared distances to fixed codes."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        size = (self.units, input_shape[-1])
        self.codes = self.add_weight(shape=size, trainable=False, name="codes")

    def call(self, x):
        return ops.sum(ops.square(ops.expand_dims(x, 1) - self.codes), axis=-1)
'''

TABLE_CONV = '''\
class TableConv(layers.Layer):
    """A convolution whose filters see the input maps that a table lists."""

    def __init__(
        self, table, kernel, strides=1, padding="valid", use_bias=True, **kwargs
    ):
        super().__init__(**kwargs)
        self.table, self.kernel_size = table, kernel
        self.strides, self.padding, self.use_bias = strides, padding, use_bias

    def build(self, input_shape):
        links = [
            m * len(self.table) + k for k, maps in enumerate(self.table) for m in maps
        ]
        self.maps = input_shape[-1]
        cells = self.maps * len(self.table)
        self.place = [
            links.index(c) if c in links else len(links) for c in range(cells)
        ]
        size = (len(links), *self.kernel_size)
        self.kernel = self.add_weight(shape=size, name="kernel")
        if self.use_bias:
            size = (len(self.table),)
            self.bias = self.add_weight(shape=size, initializer="zeros", name="bias")

    def call(self, x):
        zeros = ops.zeros((1, *self.kernel_size), dtype=self.kernel.dtype)
        filters = ops.concatenate([ops.convert_to_tensor(self.kernel), zeros])
        filters = ops.take(filters, self.place, axis=0)
        filters = ops.reshape(filters, (self.maps, len(self.table), *self.kernel_size))
        rank = len(self.kernel_size)
        filters = ops.transpose(filters, (*range(2, 2 + rank), 0, 1))
        y = ops.conv(
            x,
            filters,
            strides=self.strides,
            padding=self.padding,
            data_format="channels_last",
        )
        return y + self.bias if self.use_bias else y
'''

STANDARDIZED = '''\
class StandardizedConv{rank}D(layers.Conv{rank}D):
    """A convolution whose filters have mean 0 and variance 1."""

    def __init__(self, *args, weight_eps=1e-6, gamma=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.weight_eps, self.gamma = weight_eps, gamma

    def build(self, input_shape):
        super().build(input_shape)
        if self.gamma is not None:
            size = (self.filters,)
            self.gain = self.add_weight(shape=size, initializer="ones", name="gain")

    def call(self, x):
        axes = tuple(range(len(self.kernel.shape) - 1))
        mean = ops.mean(self.kernel, axis=axes, keepdims=True)
        variance = ops.var(self.kernel, axis=axes, keepdims=True)
        kernel = (self.kernel - mean) / ops.sqrt(variance + self.weight_eps)
        if self.gamma is not None:
            count = math.prod(self.kernel.shape[:-1])
            kernel = kernel * (self.gain * (self.gamma / count**0.5))
        y = self.convolution_op(x, kernel)
        return y + self.bias if self.use_bias else y
'''

BLUR = '''\
class Blur(layers.Layer):
    """A fixed binomial filter over every map."""

    def __init__(self, kernel, strides=1, **kwargs):
        super().__init__(**kwargs)
        self.kernel, self.strides = kernel, strides

    def build(self, input_shape):
        height, width = ([math.comb(n - 1, i) for i in range(n)] for n in self.kernel)
        total = sum(height) * sum(width)
        start = keras.initializers.Constant(
            [[a * b / total for b in width] for a in height]
        )
        size = self.kernel
        self.filter = self.add_weight(
            shape=size, initializer=start, trainable=False, name="filter"
        )

    def call(self, x):
        weight = ops.reshape(ops.convert_to_tensor(self.filter), (*self.kernel, 1, 1))
        weight = ops.tile(weight, (1, 1, x.shape[-1], 1))
        return ops.depthwise_conv(
            x, weight, strides=self.strides, data_format="channels_last"
        )
'''

LOAD_WEIGHTS = '''\
def load_weights(model, path):
    """Set the weights to the arrays of an .npz file, called layer/variable."""
    with np.load(path) as arrays:
        for weight in model.weights:
            weight.assign(arrays[weight.path.removeprefix(f"{model.name}/")])
'''

HELPERS = {
    "Scale": SCALE,
    "ScaleEach": SCALE_EACH,
    "LocalResponseNorm": LRN,
    "GlobalResponseNorm": GRN,
    "RBF": RBF,
    "TableConv": TABLE_CONV,
    "Blur": BLUR,
    **{f"StandardizedConv{rank}D": STANDARDIZED.replace("{rank}", str(rank)) for rank in (1, 2, 3)},
}
