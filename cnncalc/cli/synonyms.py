"""The long names of frameworks and of the notes for the options of a one-layer command."""

from __future__ import annotations

SYNONYMS = {
    "width": "w", "height": "h", "depth": "d", "length": "l", "channels": "d", "in-channels": "d",
    "in_channels": "d", "filters": "k", "out-channels": "k", "out_channels": "k", "kernel": "f",
    "kernel-size": "f", "kernel_size": "f", "pool-size": "f", "pool_size": "f", "stride": "s",
    "strides": "s", "padding": "p", "dilation-rate": "dilation", "dilation_rate": "dilation",
    "output_padding": "output-padding", "in-features": "in", "in_features": "in",
    "out-features": "units", "out_features": "units",
}  # fmt: skip


def own_name(option: str) -> str:
    """The option that another tool's name for it stands for.

    >>> own_name("kernel_size"), own_name("W")
    ('f', 'W')
    """
    return SYNONYMS.get(option, option)
