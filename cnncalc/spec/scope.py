"""What the lines of one block, or of the top level, can see."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.shapes import Shape
    from cnncalc.spec.syntax import Chain, Use


class Scope(NamedTuple):
    """Variables, names, and the path of the rows that are written here."""

    env: Mapping[str, object]  # variables
    names: dict[str, int]  # tensors by name
    later: frozenset[str]  # every name this scope declares
    entry: int  # the tensor called `in`
    block: str | None
    prefix: str  # of row names: "layer1.0."
    counters: dict[str, int]  # for rows without a name
    passes: int = 1  # product of the enclosing repeats
    frozen: bool = False
    train_only: bool = False
    numbered: bool = False  # rows without a name are called 0, 1, 2, ...
    here: frozenset[str] = frozenset()  # the names that the text gives the current tensor

    def under(self, name: str) -> Scope:
        """The same scope, its rows one level deeper: `stem.`."""
        return self._replace(prefix=f"{self.prefix}{name}.", counters={}, numbered=False)

    def next_label(self, head: str) -> str:
        """A name for the next row or block without one: `conv1`, or its number."""
        kind = "" if self.numbered else head
        count = self.counters[kind] = self.counters.get(kind, 0) + 1
        return str(count - 1) if self.numbered else f"{head}{count}"

    def marked(self, item: Use | Chain) -> Scope:
        """The same scope with the item's own `frozen` and `train_only`."""
        return self._replace(
            frozen=self.frozen or item.frozen, train_only=self.train_only or item.train_only
        )

    def turn(self, index: int, count: int, more: Mapping[str, object]) -> Scope:
        """The same scope in one pass of a repeat."""
        return self._replace(env={**self.env, "i": index, "reps": count, **more})


def sizes(shape: Shape) -> dict[str, object]:
    """`cin hin win din lin`: the sizes of the tensor that entered.

    >>> from cnncalc.shapes import Shape
    >>> sizes(Shape(3, (224, 224)))
    {'hin': 224, 'win': 224, 'cin': 3}
    """
    return {f"{letter}in": size for letter, size in shape.by_letter.items()}
