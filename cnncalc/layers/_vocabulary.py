"""Letters, names and words of the shorthand that mean the same in more than one layer type."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.layers._base import Names, Words

BIAS: Words = {"bias": ("bias", True), "nobias": ("bias", False)}
CEIL: Words = {"ceil": ("ceil", True), "floor": ("ceil", False)}
UNIT_LETTERS: Names = {"k": "units"}
UNIT_NAMES: Names = {"out_features": "units"}
FILTER_NAMES: Names = {"out_channels": "filters"}
DILATION_NAMES: Names = {"dilation_rate": "dilation"}
POOL_NAMES: Names = {"pool_size": "kernel"}
CEIL_NAMES: Names = {"ceil_mode": "ceil"}
