"""The weights that a network comes with: of its model file, or of the file that its spec names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.inference import model_file, weights
from cnncalc.inference.initial import InitialWeights
from cnncalc.inference.parameters import WeightsFile, gather

if TYPE_CHECKING:
    from cnncalc.inference.parameters import Parameters
    from cnncalc.network import Network


def own_file(network: Network) -> WeightsFile | None:
    """The file with the network's own weights, if there is one.

    Raises:
        CnncalcError: it cannot be read, or the spec's lies outside its folder.
    """
    if model_file.holds_weights(network):
        return WeightsFile(network.file, model_file.read(network))
    path = weights.own_file(network.init)
    return None if path is None else WeightsFile(path, weights.read(path), "name")


def own_parameters(network: Network) -> Parameters:
    """Its own weights, and initial ones for what it brings none.

    Raises:
        CnncalcError: its file cannot be read, or does not fit.

    >>> from cnncalc.spec.load import load
    >>> own_parameters(load("digits")).tally
    {'file': 8}
    """
    start = InitialWeights(network.init.scheme, network.init.seed)
    return gather(network, start, own_file(network))


def held(network: Network) -> Network:
    """The network with the numbers of its model file, which may be removed then.

    Raises:
        CnncalcError: a tensor lies in another file, which is not opened, or was left out.
    """
    tensors = model_file.read(network)
    nodes = [
        node._replace(
            stored={
                parameter: stored._replace(numbers=tensors[f"{node.name}.{parameter}"].read())
                for parameter, stored in node.stored.items()
            }
        )
        if node.stored and node.shared_with is None
        else node
        for node in network.nodes
    ]
    return network._replace(nodes=tuple(nodes))
