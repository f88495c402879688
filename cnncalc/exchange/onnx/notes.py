"""What is said of a model file beside its network.

Batch norms that were folded into convolutions, constants of which the file does not say whether
they are learned, outputs that no row puts out, and recurrent layers that an exporter wrote step by
step.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.errors import Diagnostic, counted
from cnncalc.exchange.onnx.rows import left_out
from cnncalc.exchange.onnx.values import Constant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.exchange.onnx.model import Model, Operator
    from cnncalc.exchange.onnx.rows import Rows
    from cnncalc.network import Network

CONVOLUTIONS = frozenset({"conv", "dwconv", "conv_transpose"})
FIXED = frozenset({"factor", "shift"})  # what a `scale` stores that is not learned
FOLDED_NODE = re.compile(r"node_Conv(Transpose)?_\d+")  # rewritten by the newer exporter
PRODUCTS = frozenset({"MatMul", "Gemm"})
SUMS = 3  # of a step: the input, the state and their biases
STEP_BY_STEP = (
    "the file repeats one step with the same weights, as PyTorch's newer exporter writes nn.RNN"
)
AS_ONE = (
    "export it with torch.onnx.export(..., dynamo=False), which writes one operator for all steps"
)
NORMS = frozenset({"bn", "gn", "ln", "instnorm"})


def folded_norms(network: Network, model: Model) -> Iterator[Diagnostic]:
    """A note where convolutions hold, or may hold, the batch norms that stood behind them."""
    convolutions = [node for node in network.nodes if node.layer.type in CONVOLUTIONS]
    biased = [node for node in convolutions if getattr(node.layer, "bias", False)]
    if model.producer.startswith("cnncalc"):  # which folds nothing
        return
    behind = {node.inputs[0] for node in network.nodes if node.layer.type == "bn"}
    if any(node.index in behind for node in convolutions):
        return
    normed = any(node.layer.type in NORMS for node in network.nodes)
    seen = _traces(model) and bool(biased or not normed)
    if not seen and (not biased or normed or model.producer.startswith("pytorch")):
        return  # the names that PyTorch gives would show it
    biases = sum(node.shape.channels for node in biased)
    count = f"{counted(len(biased), 'convolution')} {'has' if len(biased) == 1 else 'have'} a bias"
    count = count if biased else "no convolution has a bias"
    folded = "batch norms were folded into convolutions when this file was written"
    perhaps = "if the model has batch norms, they were folded in when this file was written"
    learned = "a batch norm learns 2 numbers a channel and keeps 2 statistics"
    yield Diagnostic(
        "note",
        "folded-norms",
        f"{folded}: {count}, and no batch norm follows" if seen else f"{count}: {perhaps}",
        notes=(f"{learned}; of it the file has at most 1 bias a channel, here {biases:,}",),
    )


def unnamed_constants(network: Network, model: Model) -> Iterator[Diagnostic]:
    """A note where layers store numbers that may be learned, though no module's name says so."""
    fixed = [
        (node, stored)
        for node in network.nodes
        for parameter, stored in (node.stored or {}).items()
        if node.layer.type == "scale" and parameter in FIXED and stored.numbers is None
    ]
    if not fixed or model.producer.startswith("cnncalc"):  # which names them so
        return
    node, first = fixed[0]
    sizes = {(stored.name, stored.runs): stored.size for _, stored in fixed}
    them = counted(len({each.index for each, _ in fixed}), "layer")
    verb = "multiplies by or adds" if len(fixed) == 1 else "multiply by or add"
    yield Diagnostic(
        "note",
        "unnamed-constants",
        f"{them} {verb} constants that are not named as a module's parameters: "
        f"{counted(sum(sizes.values()), 'number')} are counted as fixed, not as params",
        notes=(f"first: {node.name}, {first.size:,} numbers named '{first.name}' in the file",),
    )


def outputs_left_out(rows: Rows) -> Iterator[Diagnostic]:
    """A note for each output of the file that is none of the network."""
    for name in rows.model.outputs:
        value = rows.values.get(name)
        if isinstance(value, Constant):
            why = f"output '{name}' is left out: it does not depend on an input"
        elif value is None and name in rows.unmade:
            why = f"{left_out(name, rows.unmade[name])} is left out: no layer here puts it out"
        else:
            continue
        yield Diagnostic("note", "output-left-out", why)


def _traces(model: Model) -> bool:
    """Whether names are those that PyTorch's exporters give to what they folded."""
    return any(
        name.startswith("onnx::Conv_") or name.endswith(".weight_bias") for name in _names(model)
    ) or any(FOLDED_NODE.fullmatch(operator.name) for operator in model.operators)


def _names(model: Model) -> Iterator[str]:
    """The tensors that convolutions read."""
    for operator in model.operators:
        if operator.type in {"Conv", "ConvTranspose"}:
            yield from operator.inputs[1:]


def is_step_by_step(model: Model) -> bool:
    """Whether a state goes through tanh and the same weights into the next one, as in nn.RNN."""
    makers = {name: operator for operator in model.operators for name in operator.outputs}
    products = (each for each in model.operators if each.type in PRODUCTS)
    pairs = (each.inputs for each in products if len(each.inputs) > 1)
    return any(
        state in makers
        and makers[state].type == "Tanh"
        and _adds_product(makers[state], weight, makers)
        for state, weight, *_ in pairs
    )


def _adds_product(operator: Operator, weight: str, makers: Mapping[str, Operator]) -> bool:
    """Whether what an operator reads is a sum of which one term is a product by this weight."""
    names = operator.inputs
    for _ in range(SUMS):
        terms = [makers[name] for name in names if name in makers]
        if any(each.type in PRODUCTS and weight in each.inputs[1:2] for each in terms):
            return True
        names = tuple(name for each in terms if each.type == "Add" for name in each.inputs)
    return False
