"""Where a weights file differs from a network: its names and sizes against what layers need."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import combinations
from math import prod
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncalc.errors import UnplacedError, counted
from cnncalc.inference.matching import bare, ignored
from cnncalc.inference.pairing import Dims, TensorPairs, paired
from cnncalc.inference.parameters import each, needed, owner, stored_by
from cnncalc.inference.stored import sizes
from cnncalc.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cnncalc.layers._base import Layer
    from cnncalc.network import Network, Node

MOST_CHANGES = 3  # that together explain one layer's sizes
MOST_TRIED = 400  # combinations of changes


class LayerDifference(NamedTuple):
    """A layer whose tensors in the file are missing or have other sizes.

    `here` and `there` hold the sizes by parameter, of all that the layer has; `reason` is what
    about the layer would have to be different, where one change or a few say it all.
    """

    row: Node
    here: Mapping[str, Dims]
    there: Mapping[str, Dims]
    reason: str | None = None

    @property
    def kind(self) -> Literal["missing", "shape"]:
        """Whether the file lacks the whole layer, or what it has of it differs."""
        return "missing" if not self.there else "shape"

    @property
    def odd(self) -> list[str]:
        """The parameters whose sizes differ."""
        both = self.here.keys() & self.there.keys()
        return [name for name in self.here if name in both and _other(self, name)]

    @property
    def missing(self) -> list[str]:
        """The parameters that the file does not have."""
        return [name for name in self.here if name not in self.there]

    @property
    def text(self) -> str:
        """What differs: "weight in the file is 16×3×5×5, here 16×6×5×5: so its input ..."."""
        parts = [
            f"{name} in the file is {sizes(self.there[name])}, here {sizes(self.here[name])}"
            for name in self.odd
        ]
        if not self.there:
            parts = ["it is not in the file"]
        elif self.missing:
            parts.append(f"{_listed(self.missing)} not in the file")
        if surplus := [name for name in self.there if name not in self.here]:
            parts.append(f"{_listed(surplus)} only in the file")
        reason = f": so {self.reason}" if self.reason else ""
        return f"{described(self.row)}: {'; '.join(parts)}{reason}"


class WeightsComparison(NamedTuple):
    """What of a weights file fits a network, and what does not."""

    path: str
    pairs: TensorPairs
    layers: tuple[LayerDifference, ...]  # of the network, in its order
    extra: Mapping[str, Dims]  # tensors of the file that no layer takes
    tensors: tuple[int, int]  # here, in the file
    numbers: tuple[int, int]  # here, in the file

    @property
    def ok(self) -> bool:
        """Whether the file holds what the network needs, and nothing else."""
        return not self.layers and not self.extra

    @property
    def how(self) -> str:
        """How tensors were found: "8 tensors by name, 2 by order"."""
        pairs = self.pairs
        told = []
        if pairs.by_name or not pairs.by_order:
            behind = f" behind '{pairs.prefix}'" if pairs.prefix else ""
            without = f" without '{pairs.own_prefix}'" if pairs.own_prefix else ""
            told.append(f"{counted(len(pairs.by_name), 'tensor')} by name{behind or without}")
        if pairs.by_order:
            count = len(pairs.by_order)
            told.append(f"{count:,} by order" if told else f"{counted(count, 'tensor')} by order")
        return ", ".join(told)


def compared(network: Network, path: str, found: Mapping[str, Dims]) -> WeightsComparison:
    """The sizes of a file's tensors, by name, held against what a network needs.

    Axes of size 1 may be left out or be there, as in `forward --weights`.

    >>> from cnncalc.layers.fc import Fc
    >>> from cnncalc.network import chain
    >>> net = chain("net", Shape(4), [("fc1", Fc(units=2))])
    >>> there = {"fc1.weight": (2, 5), "fc1.bias": (2,)}
    >>> compared(net, "w.safetensors", there).layers[0].reason
    'its input has 5 numbers in the file, 4 here'
    """
    given = {name: dims for name, dims in found.items() if not ignored(name)}
    wanted = needed(network)
    pairs = paired(wanted, given)
    optional = {need.name for need in wanted if need.optional and need.name not in pairs.all}
    rows: dict[int, tuple[Node, dict[str, Dims]]] = {}
    for node, parameter, name in each(network):
        if name not in optional:
            rows.setdefault(node.index, (node, {}))[1][parameter.name] = parameter.dims
    taken = set(pairs.all.values())
    left = {name: dims for name, dims in given.items() if name not in taken}
    copies = set(_copies(network, pairs, left))
    extra = {name: dims for name, dims in left.items() if name not in copies}
    layers = tuple(_differing(network, rows.values(), pairs, given, extra))
    kept = [dims for name, dims in given.items() if name not in copies]
    own = [need.dims for need in wanted if need.name not in optional]
    return WeightsComparison(
        path,
        pairs,
        layers,
        extra,
        (len(own), len(kept)),
        (sum(map(prod, own)), sum(map(prod, kept))),
    )


def _copies(network: Network, pairs: TensorPairs, left: Mapping[str, Dims]) -> Iterator[str]:
    """Tensors that rows which share their weights repeat under their own names."""
    for node in network.nodes:
        root = owner(network, node)
        for parameter in stored_by(network, root) if root is not node else ():
            name = f"{node.name}.{parameter.name}".removeprefix(pairs.own_prefix)
            if left.get(pairs.prefix + name) == parameter.dims:
                yield pairs.prefix + name


def _differing(
    network: Network,
    rows: Iterable[tuple[Node, Mapping[str, Dims]]],
    pairs: TensorPairs,
    given: Mapping[str, Dims],
    extra: dict[str, Dims],
) -> Iterator[LayerDifference]:
    """The rows that differ; a bias too many, for one, moves from `extra` to its layer."""
    partner = pairs.all
    words: dict[str, list[str]] = {}  # of the extra ones, by what stands before them
    for name in extra:
        begin, _, word = name.rpartition(".")
        words.setdefault(begin, []).append(word)
    for node, here in rows:
        there = {
            name: given[partner[f"{node.name}.{name}"]]
            for name in here
            if f"{node.name}.{name}" in partner
        }
        found = LayerDifference(node, here, there)
        beside = [
            f"{begin}.{word}"
            for begin in sorted(_beginnings(node, here, partner))
            for word in words.get(begin, ())
        ]
        if found.odd or found.missing or beside:
            whole = {**there, **{name.rpartition(".")[2]: extra.pop(name) for name in beside}}
            yield found._replace(there=whole, reason=_reason(network, node, whole))


def _beginnings(node: Node, here: Iterable[str], partner: Mapping[str, str]) -> set[str]:
    """What stands before the names of a row's tensors in the file."""
    found = ((name, partner.get(f"{node.name}.{name}", "")) for name in here)
    return {full.removesuffix(f".{name}") for name, full in found if full.endswith(f".{name}")}


def _listed(names: list[str]) -> str:
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"


def _other(difference: LayerDifference, name: str) -> bool:
    return bare(difference.here[name]) != bare(difference.there[name])


# -- what about the layer would have to be different


class _Change(NamedTuple):
    """One change to a layer or its input, and the words for it."""

    what: str  # of changes to the same thing only one is made
    text: str
    layer: Mapping[str, object] = {}
    input: Shape | None = None


def _reason(network: Network, node: Node, there: Mapping[str, Dims]) -> str | None:
    """The fewest changes under which the layer's own sizes are those of the file."""
    shapes = network.shapes_into(node)
    changes = list(_changes(node.layer, shapes, there))
    tried = 0
    for count in range(1, MOST_CHANGES + 1):
        fitting = []
        for chosen in combinations(changes, count):
            if len({change.what for change in chosen}) < count:
                continue
            tried += 1
            if tried > MOST_TRIED:
                return None
            if _fits(node.layer, shapes, chosen, there):
                fitting.append(", and ".join(change.text for change in chosen))
        if fitting and count > 1:  # the more changes, the less their alternatives say
            return fitting[0]
        if fitting:
            return "; or ".join(dict.fromkeys(fitting))
    here = {parameter.name: parameter.dims for parameter in node.layer.parameters(*shapes)}
    if there.keys() == here.keys() and all(
        sorted(there[name]) == sorted(dims) for name, dims in here.items()
    ):
        return "the file has the same sizes in another order of axes"
    return None


def _changes(
    layer: Layer, shapes: tuple[Shape, ...], there: Mapping[str, Dims]
) -> Iterator[_Change]:
    here = {parameter.name: parameter.dims for parameter in layer.parameters(*shapes)}
    ratios = [
        (mine, its)
        for name in here
        if name in there and len(here[name]) == len(there[name])
        for mine, its in zip(here[name], there[name], strict=True)
        if mine != its and mine and its
    ]
    if len(shapes) == 1:
        yield from _input_changes(layer, shapes[0], ratios)
    for field in fields(layer):  # type: ignore[arg-type]
        value = getattr(layer, field.name)
        if field.name == "bias" and isinstance(value, bool):
            word = "nobias" if value else "bias"
            yield _Change("bias", f"it is '{word}' in the file", {"bias": not value})
        elif type(value) is int:
            for other in _scaled(value, [*ratios, *((b, a) for a, b in ratios)]):
                yield _Change(
                    field.name, f"it has {field.name}={other} in the file, {value} here",
                    {field.name: other},
                )  # fmt: skip
        elif field.name == "kernel" and len(there.get("weight", ())) > 2:  # noqa: PLR2004 - K, D
            kernel = there["weight"][2:]
            if kernel != here.get("weight", ())[2:]:
                was = "x".join(map(str, here["weight"][2:]))
                text = f"its filter is {'x'.join(map(str, kernel))} in the file, {was} here"
                yield _Change("kernel", text, {"kernel": kernel})


def _input_changes(layer: Layer, shape: Shape, ratios: list[tuple[int, int]]) -> Iterator[_Change]:
    flat = not shape.spatial or _same(layer, shape, Shape(shape.size))
    word, count = ("numbers", shape.size) if flat else ("channels", shape.channels)
    for other in _scaled(count, ratios):
        changed = Shape(other) if flat else Shape(other, shape.spatial)
        text = f"its input has {other:,} {word} in the file, {count:,} here"
        yield _Change("input", text, input=changed)


def _same(layer: Layer, one: Shape, other: Shape) -> bool:
    """Whether a layer that flattens its input needs the same of both."""
    try:
        return layer.parameters(one) == layer.parameters(other) and not _is_windowed(layer)
    except UnplacedError:
        return False


def _is_windowed(layer: Layer) -> bool:
    return hasattr(layer, "kernel")


def _scaled(value: int, ratios: Iterable[tuple[int, int]]) -> list[int]:
    """The whole numbers that differ from a value as the sizes in the file do from those here."""
    scaled = (divmod(value * its, mine) for mine, its in dict.fromkeys(ratios))
    return [whole for whole, rest in scaled if not rest and whole and whole != value]


def _fits(
    layer: Layer, shapes: tuple[Shape, ...], changes: Iterable[_Change], there: Mapping[str, Dims]
) -> bool:
    fields_: dict[str, object] = {}
    for change in changes:
        fields_ |= change.layer
        shapes = shapes if change.input is None else (change.input,)
    try:
        changed = replace(layer, **fields_)  # type: ignore[type-var]
        changed.output_shape(*shapes)
        sized = {parameter.name: bare(parameter.dims) for parameter in changed.parameters(*shapes)}
    except (UnplacedError, ArithmeticError, ValueError):
        return False  # these settings do not go together
    return sized == {name: bare(dims) for name, dims in there.items()}


def described(node: Node) -> str:
    """A row as messages name it: "C3 (conv 16 5x5)".

    >>> from cnncalc.layers.fc import Fc
    >>> from cnncalc.network import chain
    >>> described(chain("net", Shape(4), [("fc1", Fc(units=2))]).nodes[1])
    'fc1 (fc 2)'
    """
    layer = node.layer
    count = getattr(layer, "filters", getattr(layer, "units", None))
    kernel = getattr(layer, "kernel", None)
    words = [layer.type] + ([str(count)] if isinstance(count, int) else [])
    if isinstance(kernel, tuple) and all(isinstance(size, int) for size in kernel):
        words.append("x".join(map(str, kernel * 2 if len(kernel) == 1 else kernel)))
    return f"{node.name} ({' '.join(words)})"
