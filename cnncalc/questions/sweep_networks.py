"""The networks of a sweep, made one after the other from a document that is read once.

Where only the size of the input differs from the setting before, the layers are not read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.spec.load import build
from cnncalc.spec.network_inputs import batch_of, read_ports
from cnncalc.spec.resized import reads_sizes, resized

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.network import Network
    from cnncalc.questions.settings import Grid, Setting
    from cnncalc.shapes import Shape
    from cnncalc.spec.document import Document


class Square(NamedTuple):
    """What a lone number stands for as an input: a square in the network's own kind of shape."""

    own: Shape
    layout: str

    def text(self, size: int) -> str:
        """The shape as `--input` takes it; of a vector, the number is its length."""
        letters = self.own.letters(self.layout)
        if not letters:
            return str(size)
        shape = self.own._replace(spatial=(size,) * self.own.rank)
        return f"{shape.text(self.layout, times='x')} {letters}"


class Plan(NamedTuple):
    """Everything that a worker needs; all of it can be pickled."""

    text: str
    file: str
    variant: str | None
    set: Mapping[str, object]
    batch: int | None
    dtype: str
    grid: Grid
    square: Square | None

    def setting(self, number: int) -> Setting:
        """The setting with that number, its input as `--input` takes it."""
        setting = self.grid.setting(number)
        given = setting.input
        if given is None:
            return setting
        size = str(given).strip()
        text = self.square.text(int(size)) if self.square and size.isdecimal() else size
        return setting._replace(input=text)


class Workshop:
    """Makes the networks of a plan, one after the other, from a document that has been read."""

    def __init__(self, plan: Plan, document: Document) -> None:
        self.plan = plan
        self.document = document
        self.resizable = plan.grid.inputs is not None and not reads_sizes(document)
        self.latest: tuple[str, Network] | None = None

    def network(self, setting: Setting) -> Network:
        """The network under that setting. Raises CnncalcError."""
        text = None if setting.input is None else str(setting.input)
        found = self._resized(setting.vars, text) if text and self.resizable else None
        if found is None:
            settings = {**self.plan.set, **setting.vars}
            found = build(self.document, self.plan.variant, settings, text)
            self.latest = (repr(setting.vars), found) if self.resizable else None
        return found

    def _resized(self, variables: Mapping[str, object], text: str) -> Network | None:
        """The latest network on another input, where only that differs and is of the same kind."""
        if self.latest is None or self.latest[0] != repr(variables):  # 1, 1.0 and true differ
            return None
        network = self.latest[1]
        ports = read_ports(self.document, self.plan.variant, text)
        kinds = {(port.parsed.layout, port.parsed.warning) for port in ports.values()}
        if kinds != {(network.layout, None)} or batch_of(ports) != network.batch:
            return None
        return resized(network, {name: port.shape for name, port in ports.items()})
