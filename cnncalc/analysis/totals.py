"""Totals: sums over the rows. Numbers that are stored are summed over every row, work over
the rows of inference.

So `params` is what a training checkpoint holds (GoogLeNet with its auxiliary heads), while
`inference_params`, connections, MACs and FLOPs leave out the rows used only for training.
"""  # noqa: D205 - the rule is one sentence

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.analysis.memory import memory
from cnncalc.analysis.report import Totals
from cnncalc.conventions import FLOPS_PER_MAC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.analysis.report import Row
    from cnncalc.network import Network


def totals(
    network: Network, rows: Sequence[Row], *, batch: int, dtype: str, out_of_place: bool = True
) -> Totals:
    """Sum the rows; a row that shares its weights counts 0 for them, its work every time.

    `memory.param_bytes` weighs every stored number: learned, fixed and running statistics,
    train-only rows included, which is what a file of weights holds. Without `out_of_place`,
    that second peak of memory is left out.
    """
    weights = sum(row.weights for row in rows)
    biases = sum(row.biases for row in rows)
    fixed = sum(row.fixed for row in rows)
    buffers = sum(row.buffers for row in rows)
    at_work = [row for row in rows if not row.train_only]
    macs = sum(row.macs for row in at_work)
    return Totals(
        rows=len(rows),
        weights=weights,
        biases=biases,
        params=weights + biases,
        trainable=sum(row.trainable for row in rows),
        fixed=fixed,
        buffers=buffers,
        inference_params=_inference_params(network, rows),
        connections=sum(row.connections for row in at_work),
        connections_with_bias=sum(row.connections_with_bias for row in at_work),
        macs=macs,
        flops=FLOPS_PER_MAC * macs,
        memory=memory(
            network,
            weights + biases + fixed + buffers,
            batch=batch,
            dtype=dtype,
            out_of_place=out_of_place,
        ),
    )


def _inference_params(network: Network, rows: Sequence[Row]) -> int:
    """Learned parameters that some row of inference uses, its own or those it shares."""
    used = {_owner_of_weights(network, row.index) for row in rows if not row.train_only}
    return sum(row.params for row in rows if row.index in used)


def _owner_of_weights(network: Network, index: int) -> int:
    """The node whose weights a node uses: itself, or the first along `shared_with`."""
    shared = network.nodes[index].shared_with
    while shared is not None:
        index, shared = shared, network.nodes[shared].shared_with
    return index
