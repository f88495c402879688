"""One layer of Keras at work: its checked options, its inputs, and the rows it adds."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.exchange.building import unsupported
from cnncalc.exchange.wire import broken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.exchange.building import Builder, Part
    from cnncalc.shapes import Shape

LARGEST = 2**31 - 1
CHANNELS_FIRST = "channels_first"


# Options that change no number at inference: of training, of how a layer runs, of its input.
IN_TRAINING = frozenset({
    "name", "trainable", "dtype", "dynamic", "autocast", "momentum", "synchronized", "seed",
    "virtual_batch_size", "noise_shape", "stddev", "dropout", "recurrent_dropout",
    "implementation", "unroll", "time_major", "zero_output_for_mask", "batch_shape",
    "batch_input_shape", "input_shape", "input_length", "flash_attention", "renorm_momentum",
    "renorm_clipping", "unit_forget_bias", "projection_dim", "fill_mode", "fill_value",
})  # fmt: skip
OF_WEIGHTS = ("_initializer", "_regularizer", "_constraint")


class Options(dict[str, Any]):
    """A layer's options; those that are asked for count as read."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        """The value of an option."""
        self.asked.add(name)
        return super().get(name, default)

    def unread(self) -> list[str]:
        """The options that were not asked for and could change the layer."""
        return [
            name
            for name, value in self.items()
            if name not in self.asked and name not in IN_TRAINING
            and not name.endswith(OF_WEIGHTS) and value not in (None, False, "channels_last")
        ]  # fmt: skip


class Reference(NamedTuple):
    """A tensor that a layer reads: which output of which call of which layer."""

    layer: str
    node: int
    tensor: int


class Call(NamedTuple):
    """One layer at work."""

    builder: Builder
    part: Part
    config: Mapping[str, Any]
    inputs: tuple[int, ...]  # the rows that it reads, in order
    keras2: bool
    made: dict[str, int]  # the first row of each name, whose weights later calls share
    arguments: Sequence[Any] = ()  # as written, tensors as `Reference`
    named: Mapping[str, Any] = {}

    # What goes in.

    @property
    def row(self) -> int:
        """The row of the only input. Raises UnplacedError where there are several."""
        if len(self.inputs) != 1:
            raise broken(f"it reads {len(self.inputs)} tensors, not one")
        return self.inputs[0]

    @property
    def shape(self) -> Shape:
        """The shape of the only input."""
        return self.builder.shape(self.row)

    @property
    def rank(self) -> int:
        """How many axes the map has that comes in; 0 of a vector."""
        return self.shape.rank

    def axis(self, written: object) -> str | None:
        """The axis that a number of Keras means: "c" the last, "h", "w" ...; None the batch.

        Raises:
            UnplacedError: there is no such axis.
        """
        axes = (None, *self.builder.shape(self.inputs[0]).axes, "c")
        if isinstance(written, list) and len(written) == 1:
            written = written[0]
        if not isinstance(written, int) or not -len(axes) <= written < len(axes):
            raise broken(f"there is no axis {written}")
        return axes[written]

    # Options.

    def whole(self, name: str, default: int | None = None, least: int = 1) -> int:
        """An option that is a whole number. Raises UnplacedError where it is none."""
        value = self.config.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= LARGEST:
            raise broken(f"'{name}' is {_shown(value)}, a whole number from {least} is needed")
        return value

    def number(self, name: str, default: float) -> float:
        """An option that is a number; older files write it as an array of one."""
        return _number(name, self.config.get(name, default))

    def switch(self, name: str, default: bool) -> bool:
        """An option that is true or false. Raises UnplacedError where it is neither."""
        value = self.config.get(name, default)
        if not isinstance(value, (bool, int)):
            raise broken(f"'{name}' is {_shown(value)}, not true or false")
        return bool(value)

    def word(self, name: str, default: str) -> str:
        """An option that is a text. Raises UnplacedError where it is none."""
        value = self.config.get(name, default)
        if not isinstance(value, str):
            raise broken(f"'{name}' is {_shown(value)}, not a word")
        return value

    def sizes(
        self, name: str, default: object = None, *, least: int = 1, rank: int | None = None
    ) -> tuple[int, ...]:
        """One whole number for each axis, or one for all. Raises UnplacedError for any other."""
        count = self.rank if rank is None else rank
        value = self.config.get(name, default)
        written = [value] * count if isinstance(value, int) else value
        if not isinstance(written, list) or len(written) != count or not count:
            raise broken(f"'{name}' is {_shown(value)} for {count} axes")
        if not all(type(size) is int and least <= size <= LARGEST for size in written):
            raise broken(f"'{name}' is {_shown(value)}; whole numbers from {least} are needed")
        return tuple(written)

    def sides(self, name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What is put or cut at the begin and at the end of each axis."""
        value = self.config.get(name, 1)
        if isinstance(value, list) and self.rank == 1 and not isinstance(value[0], list):
            value = [value]
        if not isinstance(value, list):
            value = [value] * self.rank
        pairs = [side if isinstance(side, list) else [side, side] for side in value]
        ok = all(
            len(pair) == 2 and all(type(n) is int and 0 <= n <= LARGEST for n in pair)  # noqa: PLR2004
            for pair in pairs
        )
        if not ok or len(pairs) != self.rank or not pairs:
            raise broken(f"'{name}' is {_shown(value)} for {self.rank} axes")
        return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)

    def numbers(self, name: str) -> list[float] | None:
        """An option that is an array of numbers, whose axes of size 1 do not count."""
        value = self.config.get(name)
        if isinstance(value, dict):
            value = value.get("config", {}).get("value")
        while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
            value = value[0]
        if value is None:
            return None
        return [_number(name, each) for each in (value if isinstance(value, list) else [value])]

    def only(self, **values: object) -> None:
        """Refuse the layer where an option has another value than this one."""
        for name, value in values.items():
            if self.config.get(name, value) != value:
                found = _shown(self.config[name])
                raise unsupported(f"'{self.part.kind}' with {name}={found} has no layer here")

    def channels_last(self) -> None:
        """Refuse channels in front. Raises UnplacedError."""
        if self.config.get("data_format") == CHANNELS_FIRST and self.rank:
            raise unsupported(
                f"'{self.part.kind}' with data_format={CHANNELS_FIRST} has no layer here",
                help="build the model with channels last, as Keras does where it is not told",
            )

    # What comes out.

    def add(
        self,
        type_: str,
        *inputs: int,
        suffix: str = "",
        **fields: Any,
    ) -> int:
        """Append a row, by default behind the only input; a later call shares its weights."""
        name = self.part.name + suffix
        row = self.builder.add(
            self.part,
            type_,
            *(inputs or (self.row,)),
            suffix=suffix,
            shares=self.made.get(name),
            **fields,
        )
        self.made.setdefault(name, row)
        return row

    def unknown(self, why: str, row: int, suffix: str) -> int:
        """A row of unknown cost that keeps the shape, where --partial allows it."""
        part = self.part._replace(name=self.part.name + suffix)
        return self.builder.unknown(part, [row], self.builder.shape(row), why)


def _number(name: str, value: object) -> float:
    if isinstance(value, dict):  # an array, as Keras 2 writes it
        value = value.get("config", value).get("value", value.get("value"))
    if isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value):
        return value
    raise broken(f"'{name}' is {_shown(value)}, not a number")


def _shown(value: object) -> str:
    return str(value)[:60]
