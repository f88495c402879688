"""Modules and functions that PyTorch lacks, as they are written into the code that needs them."""

from __future__ import annotations

LAYER_NORM = '''\
class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels at each position."""

    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
'''

CHANNEL_LINEAR = '''\
class ChannelLinear(nn.Linear):
    """A linear map of the channels at each position."""

    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
'''

TIED_LINEAR = '''\
class TiedLinear(nn.Module):
    """A linear map of the channels with the transposed weight of another, and its own bias."""

    def __init__(self, out_features, *, bias=True):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None

    def forward(self, x, weight):
        return F.linear(x.movedim(1, -1), weight.t(), self.bias).movedim(-1, 1)
'''

TIED_CONV_TRANSPOSE = '''\
class TiedConvTranspose(nn.Module):
    """A transposed convolution with the weight of a convolution, and its own bias."""

    def __init__(self, out_channels, *, bias=True, **settings):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.settings = settings

    def forward(self, x, weight):
        convolve = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[x.dim() - 3]
        return convolve(x, weight, self.bias, **self.settings)
'''

SCALE = '''\
class Scale(nn.Module):
    """Every channel times a learned factor, plus a learned shift."""

    def __init__(self, channels, initial=1.0, *, weight=True, bias=False):
        super().__init__()
        if weight:
            self.weight = nn.Parameter(torch.full((channels,), initial))
        if bias:
            self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        axes = (-1,) + (1,) * (x.dim() - 2)
        if hasattr(self, "weight"):
            x = x * self.weight.view(axes)
        return x + self.bias.view(axes) if hasattr(self, "bias") else x
'''

SCALE_EACH = '''\
class ScaleEach(nn.Module):
    """Times a factor, plus a shift, by a tensor that is spread over the map.

    `weight` and `bias` are learned, the buffers `factor` and `shift` are not; each begins at the
    number given. `ones` axes of size 1 are seen behind those of `size`.
    """

    def __init__(self, *size, ones=0, weight=None, factor=None, bias=None, shift=None):
        super().__init__()
        self.ones = (1,) * ones
        for name, start in (("weight", weight), ("bias", bias)):
            if start is not None:
                self.register_parameter(name, nn.Parameter(torch.full(size, start)))
        for name, start in (("factor", factor), ("shift", shift)):
            if start is not None:
                self.register_buffer(name, torch.full(size, start))

    def forward(self, x):
        for name in ("weight", "factor", "bias", "shift"):
            if hasattr(self, name):
                numbers = getattr(self, name)
                numbers = numbers.view(numbers.shape + self.ones)
                x = x * numbers if name in ("weight", "factor") else x + numbers
        return x
'''

GRN = '''\
class GlobalResponseNorm(nn.Module):
    """The norm of every map, over the mean of these norms, scales the map."""

    def __init__(self, channels, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x):
        axes = (-1,) + (1,) * (x.dim() - 2)
        norm = x.flatten(2).norm(dim=2) if x.dim() > 2 else x.abs()
        share = norm / (norm.mean(1, keepdim=True) + self.eps)
        share = share.view(*share.shape, *axes[1:])
        return x + self.weight.view(axes) * (x * share) + self.bias.view(axes)
'''

SUBSAMPLE = '''\
class Subsample(nn.Module):
    """LeNet-5's trainable subsampling: the sum of a window, times a factor, plus a bias."""

    def __init__(self, channels, kernel, stride):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.kernel, self.stride = kernel, stride

    def forward(self, x):
        window = torch.ones(1, 1, *self.kernel, dtype=x.dtype, device=x.device)
        maps = x.flatten(0, 1).unsqueeze(1)
        pool = (F.conv1d, F.conv2d, F.conv3d)[x.dim() - 3]
        total = pool(maps, window, stride=self.stride).unflatten(0, x.shape[:2])
        total = total.squeeze(2)
        axes = (-1,) + (1,) * (x.dim() - 2)
        return total * self.weight.view(axes) + self.bias.view(axes)
'''

RBF = '''\
class RBF(nn.Module):
    """Squared distances to fixed codes."""

    def __init__(self, inputs, units):
        super().__init__()
        self.register_buffer("weight", torch.randint(0, 2, (units, inputs)) * 2.0 - 1)

    def forward(self, x):
        return (x.flatten(1).unsqueeze(1) - self.weight).square().sum(-1)
'''

TABLE_CONV = '''\
class TableConv(nn.Module):
    """A convolution whose filters see the input maps that a table lists."""

    def __init__(self, table, kernel, *, stride=1, padding=0, dilation=1, bias=True):
        super().__init__()
        self.table = table
        self.window = (stride, padding, dilation)
        count = sum(len(maps) for maps in table)
        self.weight = nn.Parameter(torch.randn(count, *kernel) * 0.1)
        self.bias = nn.Parameter(torch.zeros(len(table))) if bias else None

    def forward(self, x):
        kernel = self.weight.shape[1:]
        full = self.weight.new_zeros(len(self.table), x.shape[1], *kernel)
        rows = [k for k, maps in enumerate(self.table) for _ in maps]
        full[rows, [m for maps in self.table for m in maps]] = self.weight
        convolve = (F.conv1d, F.conv2d, F.conv3d)[x.dim() - 3]
        return convolve(x, full, self.bias, *self.window)
'''

LOCAL_CONV = '''\
class LocalConv(nn.Module):
    """A convolution with filters of its own at every position."""

    def __init__(self, channels, filters, kernel, out, *, stride, dilation, bias=True):
        super().__init__()
        self.kernel, self.stride, self.dilation = kernel, stride, dilation
        self.weight = nn.Parameter(torch.randn(filters, *out, channels, *kernel) * 0.1)
        self.bias = nn.Parameter(torch.zeros(filters, *out)) if bias else None

    def forward(self, x):
        axes = zip(self.kernel, self.stride, self.dilation)
        for axis, (size, stride, dilation) in enumerate(axes, 2):
            x = x.unfold(axis, dilation * (size - 1) + 1, stride)[..., ::dilation]
        rank = len(self.kernel)
        x = x.movedim(1, 1 + rank).flatten(1 + rank).flatten(1, rank)
        weight = self.weight.flatten(1 + rank).flatten(1, rank)
        y = torch.einsum("npk,fpk->nfp", x, weight)
        y = y.unflatten(2, self.weight.shape[1 : 1 + rank])
        return y if self.bias is None else y + self.bias
'''

STANDARDIZED = '''\
class StandardizedConv{rank}d(nn.Conv{rank}d):
    """A convolution whose filters have mean 0 and variance 1."""

    def __init__(self, *sizes, weight_eps=1e-6, gamma=None, **settings):
        super().__init__(*sizes, **settings)
        self.weight_eps, self.gamma = weight_eps, gamma
        if gamma is not None:
            self.gain = nn.Parameter(torch.ones(self.out_channels))

    def forward(self, x):
        axes = tuple(range(1, self.weight.dim()))
        variance, mean = torch.var_mean(self.weight, axes, correction=0, keepdim=True)
        weight = (self.weight - mean) / torch.sqrt(variance + self.weight_eps)
        if self.gamma is not None:
            factor = self.gamma / (weight[0].numel() ** 0.5)
            weight = weight * (self.gain * factor).view(-1, *[1] * len(axes))
        return self._conv_forward(x, weight, self.bias)
'''

BLUR = '''\
class Blur(nn.Module):
    """A fixed binomial filter over every map."""

    def __init__(self, kernel, stride):
        super().__init__()
        rows = [[math.comb(n - 1, k) for k in range(n)] for n in kernel]
        weight = torch.tensor([math.prod(w) for w in itertools.product(*rows)])
        weight = (weight / weight.sum()).view(*kernel)
        self.register_buffer("filter", weight)
        self.stride = stride

    def forward(self, x):
        maps = x.shape[1]
        weight = self.filter.expand(maps, 1, *self.filter.shape)
        convolve = (F.conv1d, F.conv2d, F.conv3d)[x.dim() - 3]
        return convolve(x, weight, stride=self.stride, groups=maps)
'''

ATTENTION = '''\
class Attention(nn.Module):
    """Multi-head self-attention over the positions of a map."""

    def __init__(self, channels, heads, *, bias=True, qkv_bias=True, project=True):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * channels, channels))
        nn.init.xavier_uniform_(self.in_proj_weight)
        self.in_proj_bias = (
            nn.Parameter(torch.zeros(3 * channels)) if bias and qkv_bias else None
        )
        self.out_proj = (
            nn.Linear(channels, channels, bias=bias) if project else nn.Identity()
        )

    def forward(self, x):
        y = x.flatten(2).transpose(1, 2) if x.dim() > 2 else x.unsqueeze(1)
        y = F.linear(y, self.in_proj_weight, self.in_proj_bias)
        q, k, v = y.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v)
        y = self.out_proj(y.transpose(1, 2).flatten(2))
        return y.transpose(1, 2).reshape(x.shape)
'''

RECURRENT = '''\
class {name}(nn.{name}):
    """{name} over the positions of channels x positions."""

    def __init__(self, *sizes, last=False, **settings):
        super().__init__(*sizes, batch_first=True, **settings)
        self.last = last

    def forward(self, x):
        y, states = super().forward(x.transpose(1, 2))
        if not self.last:
            return y.transpose(1, 2)
        hidden = states[0] if isinstance(states, tuple) else states
        ways = 2 if self.bidirectional else 1
        return hidden[-ways:].transpose(0, 1).flatten(1)
'''

CENTER_CROP = '''\
def center_crop(x, like):
    """The middle of x, as large as `like` in every axis behind the channels."""
    for axis in range(2, x.dim()):
        size = like.shape[axis]
        x = x.narrow(axis, (x.shape[axis] - size) // 2, size)
    return x
'''

HELPERS = {
    "center_crop": CENTER_CROP,
    "ChannelNorm": LAYER_NORM,
    "ChannelLinear": CHANNEL_LINEAR,
    "TiedLinear": TIED_LINEAR,
    "TiedConvTranspose": TIED_CONV_TRANSPOSE,
    "Scale": SCALE,
    "ScaleEach": SCALE_EACH,
    "GlobalResponseNorm": GRN,
    "Subsample": SUBSAMPLE,
    "RBF": RBF,
    "TableConv": TABLE_CONV,
    "LocalConv": LOCAL_CONV,
    "Blur": BLUR,
    "Attention": ATTENTION,
    **{f"StandardizedConv{rank}d": STANDARDIZED.replace("{rank}", str(rank)) for rank in (1, 2, 3)},
    **{name: RECURRENT.replace("{name}", name) for name in ("RNN", "GRU", "LSTM")},
}
