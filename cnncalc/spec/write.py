"""Network -> YAML text that loads again: everything written out, one mapping per layer.

Blocks, repeats, expressions, variables and defaults are replaced by their results.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import failure
from cnncalc.network import Init
from cnncalc.spec.yaml_source import meaning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.errors import CnncalcError
    from cnncalc.layers._base import Layer
    from cnncalc.network import Expectation, Network, Node
    from cnncalc.shapes import Shape

PARAMETERS = {
    "weight": "weights", "factor": "weights", "bias": "bias_values", "shift": "bias_values",
}  # fmt: skip


class AttachedGroup(NamedTuple):
    """A layer with the norms and activations attached to it."""

    owner: Node
    attached: tuple[Node, ...]

    @property
    def last(self) -> int:
        """The row whose output the layer's name refers to."""
        return self.attached[-1].index if self.attached else self.owner.index

    @property
    def norm_first(self) -> bool:
        """Whether a norm comes first; it would remove the bias unless the bias is written out."""
        return bool(self.attached) and self.attached[0].layer.attaches == "norm"


def text(network: Network, folder: Path = Path()) -> str:
    """The network as a spec file in `folder`.

    Raises:
        CnncalcError: the language cannot express the network.

    >>> from cnncalc.layers.conv import Conv
    >>> from cnncalc.network import chain
    >>> from cnncalc.shapes import Shape
    >>> net = chain("one", Shape(1, (32, 32)), [("C1", Conv(filters=6, kernel=(5,)))])
    >>> print(text(net), end="")
    name: one
    input: 32x32x1 HWC
    layers:
      - conv: {name: C1, filters: 6, kernel: 5}
    """
    return "".join(f"{line}\n" for line in _lines(network, folder))


def _lines(network: Network, folder: Path) -> Iterator[str]:
    units = list(_units(network))
    yield from head(network)
    yield "layers:"
    names = {unit.last: unit.owner.name for unit in units}
    names |= {node.index: node.name for node in network.inputs}
    current = 0
    for unit in units:
        yield f"  - {_entry(network, unit, names, current)}"
        current = unit.last
    if not units:  # a spec needs at least one layer
        yield "  - identity"
    if network.outputs != (current,):
        yield f"outputs: {flow([_name(names, network, index) for index in network.outputs])}"
    yield from foot(network, {node.name: node.name for node in network.nodes}, folder)


def head(network: Network) -> Iterator[str]:
    """The lines before the layers: what the network is, and its inputs."""
    yield f"name: {flow(network.name)}"
    if network.description:
        yield f"description: {flow(network.description)}"
    if network.source:
        yield "source:"
        yield from (f"  - {quoted(citation)}" for citation in network.source)
    yield from _inputs(network)


def foot(network: Network, names: Mapping[str, str], folder: Path) -> Iterator[str]:
    """The lines behind the layers; `names` are the rows' names there, by those they have here."""
    yield from _expect(network, names)
    sections = {"budget": network.budget, "init": _init(network.init, folder)}
    yield from (f"{key}: {flow(section)}" for key, section in sections.items() if section)


def _units(network: Network) -> Iterator[AttachedGroup]:
    attached: dict[int, list[Node]] = {}
    for node in network.nodes:
        if node.attached_to is not None:
            attached.setdefault(node.attached_to, []).append(node)
    for node in network.nodes:
        if node.attached_to is None and node.layer.type != "input":
            yield AttachedGroup(node, tuple(attached.get(node.index, ())))


def _inputs(network: Network) -> Iterator[str]:
    inputs = network.inputs
    if len(inputs) == 1 and inputs[0].name == "in":
        yield f"input: {_shape(inputs[0].shape, network)}"
        return
    yield "inputs:"
    yield from (f"  {flow(node.name)}: {_shape(node.shape, network)}" for node in inputs)


def _shape(shape: Shape, network: Network) -> str:
    letters = shape.letters(network.layout)
    sizes = shape.text(network.layout, "x")
    if network.batch == 1:
        return f"{sizes} {letters}".rstrip()
    return f"{network.batch}x{sizes} N{letters or 'C'}"


def _entry(network: Network, unit: AttachedGroup, names: Mapping[int, str], current: int) -> str:
    """One layer: its fields, then its inputs and other options."""
    owner = unit.owner
    options: dict[str, object] = {"name": owner.name, **_fields(owner.layer, unit)}
    if owner.inputs != (current,):
        sources = [_name(names, network, index) for index in owner.inputs]
        options["from"] = sources[0] if len(sources) == 1 else sources
    if unit.attached:
        options["attached"] = list(_attached(unit))
    if shared := _shared(network, unit):
        options["share"] = shared
    if owner.tied_to is not None:
        options["tied"] = network.nodes[owner.tied_to].name
    switches = {"frozen": owner.frozen, "train_only": owner.train_only}
    options |= {name: True for name, on in switches.items() if on}
    if owner.note is not None:
        options["note"] = owner.note
    options |= explicit_values(network, owner)
    return f"{owner.layer.type}: {flow(options)}"


def _name(names: Mapping[int, str], network: Network, index: int) -> str:
    if index in names:
        return names[index]
    row = network.nodes[index].name
    raise _unwritable(f"'{row}' is read by another layer and has no name of its own")


def _fields(layer: Layer, unit: AttachedGroup | None = None) -> dict[str, object]:
    """The fields that differ from their defaults; the bias also where a norm would change it."""
    chosen = {}
    for field in fields(layer):  # type: ignore[arg-type]
        value = getattr(layer, field.name)
        decided = field.name == "bias" and unit is not None and unit.norm_first
        if decided or field.default is MISSING or value != field.default:
            chosen[field.name] = simple(value)
    return chosen


def simple(value: object) -> object:
    """A value in its shortest form: equal axes, and equal sides of a padding, are written once.

    >>> simple((5,)), simple(((1, 1), (2, 2))), simple(((0, 1),))
    (5, (1, 2), ((0, 1),))
    """
    if not isinstance(value, tuple):
        return value
    if len(value) == 1 and not isinstance(value[0], tuple):
        return value[0]
    if all(isinstance(side, tuple) and len(side) == 2 and side[0] == side[1] for side in value):  # noqa: PLR2004 - before and after
        return simple(tuple(side[0] for side in value))
    return value


def _attached(unit: AttachedGroup) -> Iterator[object]:
    """The attached layers; one without the usual name is written with its name."""
    seen: Counter[str] = Counter()
    for node in unit.attached:
        type_ = node.layer.type
        seen[type_] += 1
        usual = f"{unit.owner.name}.{type_}{seen[type_] if seen[type_] > 1 else ''}"
        named = {} if node.name == usual else {"name": node.name}
        options = {**named, **_fields(node.layer)}
        yield {type_: options} if options else type_


def _shared(network: Network, unit: AttachedGroup) -> str | None:
    """The layer whose weights a group shares, if all its rows correspond."""
    rows = [unit.owner, *unit.attached]
    roots = {row.index: row.shared_with for row in rows if row.shared_with is not None}
    if not roots:
        return None
    first, root = next(iter(roots.items()))
    start = root - (first - unit.owner.index)
    if any(root - index != start - unit.owner.index for index, root in roots.items()):
        raise _unwritable(f"'{unit.owner.name}' shares weights with several layers")
    return network.nodes[start].name


def explicit_values(network: Network, node: Node) -> dict[str, object]:
    """Explicit weights as nested lists in the shape of the parameter."""
    parameters = node.layer.parameters(*network.shapes_into(node)) if node.values else ()
    values = node.values or {}
    return {
        PARAMETERS[p.name]: _written(values[p.name], p.dims) for p in parameters if p.name in values
    }


def _written(flat: Sequence[float], dims: tuple[int, ...]) -> object:
    """One number where all are equal, nested lists otherwise."""
    return flat[0] if all(number == flat[0] for number in flat) else _nested(flat, dims)


def _nested(flat: Sequence[float], dims: tuple[int, ...]) -> object:
    if not dims:
        return flat[0]
    step = len(flat) // dims[0]
    return [_nested(flat[i * step : (i + 1) * step], dims[1:]) for i in range(dims[0])]


def _expect(network: Network, rows: Mapping[str, str]) -> Iterator[str]:
    """The expectations; those about groups, which no longer exist, become comments."""
    if not network.expect:
        return
    yield "expect:"
    layered: dict[str, list[Expectation]] = {}
    for expectation in network.expect:
        if expectation.key.startswith("layers."):
            name = expectation.key.removeprefix("layers.").rpartition(".")[0]
            layered.setdefault(name, []).append(expectation)
        else:
            yield f"  {expectation.key}: {_figure(expectation)}"
    if any(name in rows for name in layered):
        yield "  layers:"
    for name, expected in sorted(layered.items(), key=lambda pair: pair[0] not in rows):
        figures = ", ".join(f"{e.key.rpartition('.')[2]}: {_figure(e)}" for e in expected)
        mark = "" if name in rows else "# "
        yield f"    {mark}{flow(rows.get(name, name))}: {{{figures}}}"


def _figure(expectation: Expectation) -> str:
    """A figure as its author wrote it; a whole number is not quoted."""
    written = expectation.written
    return written if isinstance(meaning(written), int) else flow(written)


def _init(init: Init, folder: Path) -> dict[str, object]:
    """The `init` settings that differ from the defaults."""
    if init.weights is not None:
        init = init._replace(weights=_found_from(folder, init.weights), folder=None, span=None)
    pairs = zip(Init._fields, init, Init(), strict=True)
    return {name: value for name, value, usual in pairs if value != usual}


def _found_from(folder: Path, file: str) -> str:
    """The path of a file relative to a folder, or absolute where it is not inside it."""
    path = Path(file).resolve()
    below = path.is_relative_to(folder.resolve())
    return (path.relative_to(folder.resolve()) if below else path).as_posix()


def _unwritable(why: str) -> CnncalcError:
    return failure("unwritable-network", f"cannot be written as a spec: {why}")


PLAIN = (str, int, float, bool, type(None))


def document_text(spec: Mapping[str, object]) -> str:
    """A spec given as dicts and lists, as YAML text with a line for each layer.

    Raises:
        CnncalcError: "bad-argument" for a value that YAML does not have, such as an array.

    >>> print(document_text({"input": "8x8x1", "layers": ["conv 4 3x3", {"act": "relu"}]}), end="")
    input: 8x8x1
    layers:
      - "conv 4 3x3"
      - {act: relu}
    """
    lines: list[str] = []
    for key, value in spec.items():
        try:
            _require_plain(value, str(key))
        except RecursionError:
            raise failure("too-deep", f"{key} is nested too deeply") from None
        if isinstance(value, (list, tuple)):
            entries = (quoted(item) if isinstance(item, str) else flow(item) for item in value)
            lines += [f"{flow(key)}:", *(f"  - {entry}" for entry in entries)]
        else:
            lines.append(f"{flow(key)}: {flow(value)}")
    return "\n".join([*lines, ""])


def _require_plain(value: object, where: str) -> None:
    """Raise CnncalcError unless a value consists of dicts, lists, texts, numbers and switches."""
    if isinstance(value, dict):
        for key, item in value.items():
            _require_plain(item, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            _require_plain(item, f"{where}[{number}]")
    elif type(value) not in PLAIN:
        message = f"{where} is a {type(value).__name__}: a spec holds texts, numbers, dicts, lists"
        raise failure("bad-argument", message)


SAFE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._ -]*[A-Za-z0-9._-])?")
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def flow(value: object) -> str:
    """A value on one line of YAML; text is quoted only where it would be read as something else.

    >>> flow({"kernel": [3, 3], "bias": False, "note": "a: b"})
    '{kernel: [3, 3], bias: false, note: "a: b"}'
    """
    if isinstance(value, dict):
        return f"{{{', '.join(f'{flow(key)}: {flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(flow, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return _scalar(value) if isinstance(value, str) else repr(value)


def _scalar(text_: str) -> str:
    """Text, without quotes where it cannot be read as a number, a switch or YAML syntax."""
    return text_ if SAFE.fullmatch(text_) and _means_itself(text_) else quoted(text_)


def _means_itself(text_: str) -> bool:
    """Whether an unquoted text is read as that text, not as a number or a switch."""
    try:
        return meaning(text_) == text_
    except OverflowError:  # more digits than a number may have
        return False


def quoted(text_: str) -> str:
    r"""Text in double quotes, with escapes where needed.

    >>> print(quoted('say "a\\b"' + chr(9)))
    "say \"a\\b\"\t"
    """
    return f'"{"".join(map(_escaped, text_))}"'


def _escaped(char: str) -> str:
    if char in ESCAPES:
        return ESCAPES[char]
    return char if char.isprintable() else f"\\U{ord(char):08x}"
