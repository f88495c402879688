"""`cnncalc analyze`: the per-layer table and the totals of a network."""

from __future__ import annotations

from cnncalc.cli.groups import Cost, Spec, Table
from cnncalc.cli.options import File

EPILOG = """Examples

cnncalc analyze resnet50

cnncalc analyze vgg16 --only conv --sort macs --top 5

cnncalc analyze vgg16 --memory --batch 64

cnncalc analyze resnet50 --columns rf,jump

cnncalc analyze lenet5-1998 --formulas

cnncalc analyze lenet5 --json | jq .totals.params
"""


def analyze(file: File, *, spec: Spec, cost: Cost, table: Table) -> None:
    """Per-layer table and totals of a network: parameters, MACs, memory, receptive field."""
    from cnncalc.cli.present import show

    show(lambda: spec.load(file), cost, table)
