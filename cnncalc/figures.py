"""The figures of a network in one table: names, units, and where each may be used.

`expect`, budgets, comparisons, sweeps, columns and schemas all read this table, so that a new
figure of the totals takes one line here.
"""

from __future__ import annotations

from functools import cache
from operator import attrgetter
from typing import Literal, NamedTuple

FigureUnit = Literal["count", "bytes", "pixels"]
# Where a report has the figure: in its totals, in their memory, as the receptive field of the
# network, or only in single rows. Training is asked about with an optimiser.
FigurePlace = Literal["totals", "memory", "field", "row", "training"]
# `expect` and `layer`: may be expected of a network, of one layer; `budget`: may be limited;
# `column`: a column that rows can be sorted by; `compare`, `sweep`: shown by that command.
FigureUse = Literal["expect", "layer", "budget", "column", "compare", "sweep"]


class Figure(NamedTuple):
    """One figure. `word` is its name in sentences, `heading` its name above a column.

    `key` is its name in specs, JSON and options; `uses` are FigureUse words between spaces.
    """

    key: str
    word: str
    heading: str
    meaning: str
    uses: str
    unit: FigureUnit = "count"
    place: FigurePlace = "totals"

    def of(self, totals: object) -> int:
        """The value of a figure that a report's `Totals` or their memory hold.

        The type is not named here, since reports build on this table.
        """
        path = f"memory.{self.key}" if self.place == "memory" else self.key
        value: int = attrgetter(path)(totals)
        return value


SUMS = "expect layer budget column sweep"  # sums over rows, so that each layer has them too
BYTES = "expect budget compare sweep"

FIGURES: dict[str, Figure] = {
    figure.key: figure
    for figure in (
        Figure("params", "params", "Params", "weights + biases; shared ones 0", f"{SUMS} compare"),
        Figure("weights", "weights", "Weights", "learned numbers other than biases",
               f"{SUMS} compare"),
        Figure("biases", "biases", "Biases", "learned biases", f"{SUMS} compare"),
        Figure("trainable", "trainable", "Trainable", "parameters that are not frozen",
               f"{SUMS} compare"),
        Figure("buffers", "buffers", "Buffers", "running statistics of batch norms",
               f"{SUMS} compare"),
        Figure("fixed", "fixed", "Fixed", "numbers that are not learned", f"{SUMS} compare"),
        Figure("inference_params", "params at inference", "Params at inference",
               "parameters that inference uses", "expect budget compare sweep"),
        Figure("macs", "MACs", "MACs", "multiply-accumulates, biases not counted",
               f"{SUMS} compare"),
        Figure("flops", "FLOPs", "FLOPs", "2 x MACs", f"{SUMS} compare"),
        Figure("connections", "connections", "Connections",
               "inputs that each neuron reads, summed; biases not counted", f"{SUMS} compare"),
        Figure("connections_with_bias", "connections with biases", "Conn. + bias",
               "connections, and one more for each neuron with a bias", SUMS),
        Figure("neurons", "neurons", "Neurons", "numbers in the output", "layer", place="row"),
        Figure("param_bytes", "parameter bytes", "Param bytes", "bytes of all stored numbers",
               BYTES, "bytes", "memory"),
        Figure("activation_bytes", "activation bytes", "Activation bytes",
               "bytes of all outputs, where norms and activations work in place",
               BYTES, "bytes", "memory"),
        Figure("peak_activation_bytes", "peak activation bytes", "Peak bytes",
               "the most bytes of outputs alive at once", BYTES, "bytes", "memory"),
        Figure("training_bytes", "training bytes", "Training bytes",
               "bytes of a step of training with the optimiser of --training", "", "bytes",
               "training"),
        Figure("rf", "receptive field", "RF", "receptive field in input pixels",
               "expect budget compare sweep", "pixels", "field"),
        Figure("rows", "layers", "Layers", "layers, attached ones too", "compare sweep"),
    )
}  # fmt: skip


@cache
def used(use: FigureUse) -> tuple[str, ...]:
    """The keys of the figures with this use, in the order of the table.

    >>> "weights" in used("expect"), "param_bytes" in used("layer")
    (True, False)
    """
    return tuple(key for key, figure in FIGURES.items() if use in figure.uses.split())


def placed(*places: FigurePlace) -> tuple[str, ...]:
    """The keys of the figures that a report has in these places.

    >>> placed("memory")
    ('param_bytes', 'activation_bytes', 'peak_activation_bytes')
    """
    return tuple(key for key, figure in FIGURES.items() if figure.place in places)
