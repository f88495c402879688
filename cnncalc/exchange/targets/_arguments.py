"""Code of which there are several versions, as one with arguments: for every framework alike.

What differs may be numbers, such as channels and kernel sizes, and words, such as activations.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from cnncalc.exchange.targets._code import Choice, Number, leaves, replaced
from cnncalc.exchange.targets._names import unused
from cnncalc.structure.arguments import PLAIN, Columns, agree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cnncalc.exchange.targets._code import Code, Leaf
    from cnncalc.structure.tree import Term

T = TypeVar("T")

WITH_DEFAULT = frozenset({"stride", "strides", "groups", "dilation"})  # of 1
WINDOW = frozenset({"kernel_size", "padding", "output_padding"})
NAME = re.compile(r"[A-Za-z_]\w*")
HIDDEN = "hidden_channels"


class Argument(NamedTuple):
    """An argument of parts that are alike, its value in each of them, and its default."""

    name: str
    kind: str
    values: tuple[int | str, ...]
    default: int | str | None = None
    is_held: bool = False  # whether it becomes an attribute

    def given(self, place: int, inner: str) -> Number | Choice:
        """What the call number `place` gives; channels within are called `inner` further out."""
        value = self.values[place]
        if isinstance(value, int):
            usual = self.default if isinstance(self.default, int) else None
            kind = inner if inner and self.name.startswith(HIDDEN) else self.kind
            return Number(kind, value, usual)
        usual_word = None if self.default is None else str(self.default)
        return Choice(self.kind, value, value, usual_word)


class Generalized(NamedTuple):
    """Code with terms in place of the numbers that differ, and the arguments of these."""

    code: tuple[Code, ...]
    arguments: tuple[Argument, ...]

    @property
    def head(self) -> list[str]:
        """The arguments as the head of a function has them, those with a default last."""
        return [
            each.name if each.default is None else f"{each.name}={each.default}"
            for each in self.arguments
        ]

    @property
    def held(self) -> list[Argument]:
        """The arguments that become attributes."""
        return [each for each in self.arguments if each.is_held]

    def given(
        self, place: int, inner: str = ""
    ) -> tuple[tuple[Code, ...], tuple[tuple[str, Code], ...]]:
        """What the call number `place` gives: by place, and by name."""
        required = [each for each in self.arguments if each.default is None]
        optional = [each for each in self.arguments if each.default is not None]
        return (
            tuple([each.given(place, inner) for each in required]),
            tuple([(each.name, each.given(place, inner)) for each in optional]),
        )


class Ends(NamedTuple):
    """The channels that go into and come out of each version: what arguments are called after."""

    entering: Sequence[int]
    leaving: Sequence[int]

    def name(self, kind: str, values: Sequence[int | None]) -> str:
        """The name of an argument with these values."""
        if not kind.endswith("_channels"):
            return kind
        if agree(values, self.entering):
            return "in_channels"
        if agree(values, self.leaving):
            return "out_channels"
        return HIDDEN if kind in ("in_channels", "out_channels") else kind


class _Terms(Columns):
    """The terms of numbers and words that differ; words take none of the names `taken`."""

    def __init__(self, named: Callable[[str, Sequence[int | None]], str], taken: set[str]) -> None:
        super().__init__(None, named)
        self.words: list[tuple[str, str, list[str], bool]] = []
        self.taken = taken
        self.held: set[str] = set()  # the numbers that become attributes

    def _is_taken(self, name: str) -> bool:
        return name in self.taken or super()._is_taken(name)

    def of_attributes(self, term: Term) -> Term:
        """A term where only attributes are seen."""
        if isinstance(term, int):
            return term
        self.held.update(NAME.findall(term))
        return NAME.sub(r"self.\g<0>", term)

    def _computed(self, kind: str, values: Sequence[int | None]) -> Iterator[str]:
        yield from super()._computed(kind, values)
        if kind == "padding":
            yield from self._paddings(values)

    def _paddings(self, values: Sequence[int | None]) -> Iterator[str]:
        """Half a kernel, or a multiple of a dilation."""
        for base in self.arguments:
            if base.kind == "kernel_size" and agree(values, [size // 2 for size in base.values]):
                yield f"{base.term}//2"
            if base.kind == "dilation":
                factors = {
                    divmod(value, other)
                    for value, other in zip(values, base.values, strict=True)
                    if value is not None
                }
                (factor, rest), *others = factors
                if not others and not rest and factor:
                    yield str(base.term) if factor == 1 else f"{factor}*{base.term}"

    def word(self, leaves: Sequence[Choice | None]) -> str:
        """What is written in place of words, of which None may be any."""
        some = next(leaf for leaf in leaves if leaf is not None)
        values = [None if leaf is None else leaf.value for leaf in leaves]
        if {*values} <= {None, some.value}:
            return some.text
        for name, kind, others, is_held in self.words:
            pairs = zip(values, others, strict=True)
            if (kind, is_held) == (some.kind, some.is_held) and all(
                one is None or one == other for one, other in pairs
            ):
                return f"self.{name}" if is_held else name
        name = unused(some.kind, self.taken)
        filled = [some.value if value is None else value for value in values]
        self.words.append((name, some.kind, filled, some.is_held))
        return f"self.{name}" if some.is_held else name

    def found(self) -> tuple[Argument, ...]:
        """The arguments, those with a default last."""
        numbers = [
            Argument(
                str(a.term), a.kind, tuple(a.values), _default(a.kind, a.values),
                a.term in self.held,
            )
            for a in self.arguments
        ]  # fmt: skip
        words = [
            Argument(name, kind, tuple(values), _most_common(values), is_held)
            for name, kind, values, is_held in self.words
        ]
        return tuple(sorted([*numbers, *words], key=lambda each: each.default is not None))


def _default(kind: str, values: Sequence[int]) -> int | None:
    """What an argument is unless given, if there is something usual."""
    if kind in WITH_DEFAULT:
        return 1
    return _most_common(values) if kind in WINDOW else None


def _most_common(values: Sequence[T]) -> T:
    return Counter(values).most_common(1)[0][0]


def generalized(
    members: Sequence[Sequence[Code | None]],
    named: Callable[[str, Sequence[int | None]], str] = lambda kind, _: kind,
    taken: Iterable[str] = (),
) -> Generalized:
    """The same pieces of code in several versions, as one with arguments.

    A piece is None in versions that do without it. The pieces that all have decide which
    arguments there are, the others use them where they can. `named` gives the name of a number
    by its kind and values; words get none of the names `taken`.
    """
    terms = _Terms(named, {*taken})
    pieces = list(zip(*members, strict=True))
    found: dict[int, list[Term]] = {}
    for place in sorted(range(len(pieces)), key=lambda place: None in pieces[place]):
        found[place] = _terms(pieces[place], terms)
    code = tuple([
        replaced(next(each for each in versions if each is not None), iter(found[place]))
        for place, versions in enumerate(pieces)
    ])  # fmt: skip
    return Generalized(code, terms.found())


def _terms(versions: Sequence[Code | None], terms: _Terms) -> list[Term]:
    """The terms of what may be an argument in one piece of code, of which some versions are None.

    The padding comes last, since it may be told by the others.
    """
    held = [None if code is None else list(leaves(code)) for code in versions]
    pattern = next(each for each in held if each is not None)
    found: dict[int, Term] = {}
    for place in sorted(range(len(pattern)), key=lambda place: pattern[place].kind == "padding"):
        column = [None if each is None else each[place] for each in held]
        found[place] = _term(pattern[place], column, terms)
    return [found[place] for place in range(len(pattern))]


def _term(leaf: Leaf, column: Sequence[Leaf | None], terms: _Terms) -> Term:
    """The term of a leaf with these versions.

    A number that is the same wherever it is there may still be one of the arguments.
    """
    if isinstance(leaf, Choice):
        return terms.word([each if isinstance(each, Choice) else None for each in column])
    values = [int(each.value) if isinstance(each, Number) else None for each in column]
    found = _argument_of(leaf.kind, values, terms) if None in values else None
    term = terms.term(leaf.kind, values) if found is None else found
    return terms.of_attributes(term) if leaf.is_held else term


def _argument_of(kind: str, values: Sequence[int | None], columns: Columns) -> Term | None:
    """The argument, or the multiple of one, with values that are all the same and not 1."""
    places = [place for place, value in enumerate(values) if value is not None]
    value, *others = {values[place] for place in places}
    if others or value is None or value == 1 or kind in WINDOW:
        return None
    is_plain = kind in WITH_DEFAULT
    found: list[tuple[int, Term]] = []
    for argument in sorted(columns.arguments, key=lambda argument: argument.kind != kind):
        base, *more = {argument.values[place] for place in places}
        is_like = argument.kind == kind or not (
            is_plain or argument.kind in WITH_DEFAULT or argument.kind in PLAIN
        )
        if is_like and not more and (value == base or (value % base == 0 and not is_plain)):
            found.append((value // base, argument.term))
    factor, term = min(found, key=lambda each: each[0], default=(0, ""))
    return None if not factor else term if factor == 1 else f"{factor}*{term}"
