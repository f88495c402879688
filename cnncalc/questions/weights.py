"""Whether a file's tensors are those that a network needs, and which layer differs."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from cnncalc.errors import CnncalcError, Diagnostic, counted, failure
from cnncalc.files import SPEC_SUFFIXES
from cnncalc.inference.differences import compared
from cnncalc.inference.parameters import each
from cnncalc.inference.stored import sizes
from cnncalc.inference.weights import read
from cnncalc.spec.load import load, model_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.analysis.report import Report
    from cnncalc.inference.differences import WeightsComparison
    from cnncalc.network import Network

MOST_LISTED = 10  # layers, and tensors that no layer takes

FOLDED = "--against {} --alike inference compares with batch norms folded, as exporters fold them"


def weights_against(network: Network, path: str, input_: str | None = None) -> WeightsComparison:
    """What of a file of weights fits a network: safetensors, JSON, or a model file's own weights.

    No number of a tensor is read, but a JSON file is read whole. `input_` is for a model file that
    leaves sizes open.

    Raises:
        CnncalcError: the file cannot be read, or is none of these.
    """
    if path.endswith(SPEC_SUFFIXES):
        raise failure(
            "bad-weights",
            f"{path} is a spec, which holds no weights",
            help="--against SPEC compares the layers of two specs",
        )
    if not _is_model(path):
        return compared(network, path, {name: tensor.dims for name, tensor in read(path).items()})
    model = load(path, input=input_)
    return compared(network, path, {name: each_.dims for _, each_, name in each(model)})


def _is_model(path: str) -> bool:
    """Whether a path leads to a model; what else is wrong, the reader of weights says."""
    try:
        return model_kind(path) is not None
    except CnncalcError:
        return False


def unlike(found: WeightsComparison, report: Report, prefix: str = "") -> Iterator[Diagnostic]:
    """An error for each layer that differs, and one for the tensors that no layer takes.

    The first ten layers are told, and how many there are. `prefix` names the variant.
    """
    norms = any(layer.kind == "missing" and "running_mean" in layer.here for layer in found.layers)
    folded = FOLDED.format(found.path) if norms and _is_model(found.path) else None
    for layer in found.layers[:MOST_LISTED]:
        yield Diagnostic(
            "error", "weights-differ", f"{prefix}{layer.text}", layer.row.span,
            help=folded if layer is found.layers[0] else None,
            origin=layer.row.origin and f"{report.file}: {layer.row.origin}",
        )  # fmt: skip
    more = len(found.layers) - MOST_LISTED
    if more > 0:
        yield Diagnostic(
            "error", "weights-differ",
            f"{prefix}{counted(more, 'more layer')} {_verb(more)} from {found.path}",
            help="--json lists all of them",
        )  # fmt: skip
    if found.extra:
        count = len(found.extra)
        listed = tuple(
            f"{name} ({sizes(dims)})" for name, dims in islice(found.extra.items(), MOST_LISTED)
        )
        rest = (f"and {count - MOST_LISTED:,} more",) if count > MOST_LISTED else ()
        yield Diagnostic(
            "error", "weights-differ",
            f"{prefix}{found.path} has {counted(count, 'tensor')} that no layer takes",
            notes=(*listed, *rest),
        )  # fmt: skip


def _verb(count: int) -> str:
    return "differs" if count == 1 else "differ"
