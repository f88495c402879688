"""The one receptive field that stands for a whole network: expectations, budgets and tables."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.analysis.report import Row


def largest_field(rows: Iterable[Row]) -> tuple[int, ...] | None:
    """The largest receptive field among a network's rows, in pixels per axis of its input.

    Only rows of inference whose units see different parts of the input count: behind global
    pooling or a fully connected layer every unit sees all of it, which tells nothing. So it is
    the field of the last map of features, as published ones are (Araujo, Norris, Sim 2019,
    "Computing Receptive Fields of Convolutional Neural Networks", Distill). None where no layer
    slides over the input.

    >>> from cnncalc import analyze, load
    >>> largest_field(analyze(load("lenet5")).rows)
    (32, 32)
    """
    fields = [
        row.receptive_field.size
        for row in rows
        if row.receptive_field and any(row.receptive_field.jump) and not row.train_only
    ]
    return max(fields, key=prod, default=None)
