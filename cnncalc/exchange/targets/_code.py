"""Python code as a value: calls with numbers in them, written as ruff and black format them."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# What is left out where it stands by name, by the kind of number.
USUAL: dict[str, int] = {"stride": 1, "strides": 1, "groups": 1, "dilation": 1, "padding": 0,
                         "output_padding": 0}  # fmt: skip
WIDTH = 88  # what formatters allow unless told otherwise
REPEATED = 3  # equal calls in sequence from which on they are a loop
LONGEST_LOOP = 64  # characters, so that it fits into a line wherever it stands


class Number(NamedTuple):
    """A whole number that may become an argument: its kind and its value, or the term it became.

    It is left out where it stands by name and has its usual value. With `is_held` it stands where
    only attributes are seen, so that the argument becomes one.
    """

    kind: str
    value: int | str
    usual: int | None = None
    is_held: bool = False


class Choice(NamedTuple):
    """A word that may become an argument: how it is written, and what the argument is given."""

    kind: str
    text: str
    value: str
    usual: str | None = None
    is_held: bool = False


class Stepped(NamedTuple):
    """A number that grows by a step with each pass of a loop over `i`."""

    start: Code
    step: Code


class Call(NamedTuple):
    """A call: what is called, its arguments in order, and those by name."""

    function: Code
    arguments: tuple[Code, ...] = ()
    named: tuple[tuple[str, Code], ...] = ()


class Listed(NamedTuple):
    """A list of code."""

    items: tuple[Code, ...]


class Channels(NamedTuple):
    """Some channels of a tensor, from the first to before the last; None is the end."""

    tensor: str
    start: Code | None
    stop: Code | None


Leaf = Number | Choice
Code = str | Leaf | Stepped | Channels | Call | Listed


def one_or_tuple(sizes: Sequence[int]) -> str:
    """The number that all axes have, else one for each.

    >>> one_or_tuple((2, 2)), one_or_tuple((1, 2))
    ('2', '(1, 2)')
    """
    values = list(sizes)
    return str(values[0]) if len(set(values)) == 1 else f"({', '.join(map(str, values))})"


def one_argument(sizes: Sequence[int], kind: str) -> Code:
    """A number that may become an argument, where all axes have the same."""
    return Number(kind, sizes[0]) if len(set(sizes)) == 1 else one_or_tuple(sizes)


def as_tuple(sizes: Sequence[int]) -> str:
    """One number for each axis.

    >>> as_tuple((2, 2)), as_tuple((2,))
    ('(2, 2)', '(2,)')
    """
    values = ", ".join(map(str, sizes))
    return f"({values},)" if len(sizes) == 1 else f"({values})"


def leaves(code: Code) -> Iterator[Leaf]:
    """What may become an argument in a piece of code, in order.

    >>> [n.value for n in leaves(Call("f", (Number("a", 1), Call("g", (Number("b", 2),)))))]
    [1, 2]
    """
    if isinstance(code, (Number, Choice)):
        yield code
    elif isinstance(code, Stepped):
        yield from (*leaves(code.start), *leaves(code.step))
    elif isinstance(code, Channels):
        for bound in (code.start, code.stop):
            yield from leaves(bound or "")
    elif isinstance(code, Listed):
        for item in code.items:
            yield from leaves(item)
    elif isinstance(code, Call):
        for item in (code.function, *code.arguments):
            yield from leaves(item)
        for _, item in code.named:
            yield from leaves(item)


def rebuilt(code: Code, change: Callable[[Leaf], Code]) -> Code:
    """The code with others in place of its leaves, which are changed in order."""
    if isinstance(code, (Number, Choice)):
        return change(code)
    if isinstance(code, Stepped):
        return Stepped(rebuilt(code.start, change), rebuilt(code.step, change))
    if isinstance(code, Channels):
        start, stop = (bound and rebuilt(bound, change) for bound in (code.start, code.stop))
        return code._replace(start=start, stop=stop)
    if isinstance(code, Listed):
        return Listed(tuple([rebuilt(item, change) for item in code.items]))
    if isinstance(code, Call):
        function = rebuilt(code.function, change)
        arguments = tuple([rebuilt(item, change) for item in code.arguments])
        named = tuple([(name, rebuilt(item, change)) for name, item in code.named])
        return Call(function, arguments, named)
    return code


def replaced(code: Code, new: Iterator[int | str]) -> Code:
    """The code with other values or words in place of its leaves, taken in order."""
    return rebuilt(code, lambda leaf: _with(leaf, next(new)))


def _with(leaf: Leaf, new: int | str) -> Leaf:
    if isinstance(leaf, Number):
        return leaf._replace(value=new)
    return leaf._replace(text=str(new))


def shape_of(code: Code) -> Code:
    """The code without the values of its leaves: what two pieces have in common."""
    return rebuilt(code, _blank)


def _blank(leaf: Leaf) -> Leaf:
    if isinstance(leaf, Number):
        return leaf._replace(value=0)
    return leaf._replace(text="", value="")


def flat(code: Code) -> str:
    """The code on one line.

    >>> flat(Call("nn.Conv2d", (Number("in", 3), "64"), (("bias", "False"),)))
    'nn.Conv2d(3, 64, bias=False)'
    """
    if isinstance(code, Call):
        named = (f"{name}={flat(item)}" for name, item in _written(code.named))
        return f"{flat(code.function)}({', '.join([*map(flat, code.arguments), *named])})"
    if isinstance(code, Listed):
        return f"[{', '.join(map(flat, code.items))}]"
    if isinstance(code, Channels):
        return f"{code.tensor}[:, {_range(flat(code.start or ''), flat(code.stop or ''))}]"
    return code if isinstance(code, str) else _term(code)


def _term(code: Leaf | Stepped) -> str:
    if isinstance(code, Choice):
        return code.text
    if isinstance(code, Number):
        return _spaced(code.value) if isinstance(code.value, str) else str(code.value)
    step = flat(code.step)
    return f"{flat(code.start)} + i" if step == "1" else f"{flat(code.start)} + {step} * i"


def _range(start: str, stop: str) -> str:
    """The bounds of a slice, with blanks around the colon unless both are plain words.

    >>> _range("", "64"), _range("2 * c", ""), _range("c", "self.c")
    (':64', '2 * c :', 'c : self.c')
    """
    if all(bound.isalnum() or not bound for bound in (start, stop)):
        return f"{start}:{stop}"
    return f"{start} : {stop}".strip()


def _written(named: tuple[tuple[str, Code], ...]) -> Iterator[tuple[str, Code]]:
    """The named arguments without those that have their usual value."""
    for name, code in named:
        if isinstance(code, Number):
            usual = USUAL.get(code.kind) if code.usual is None else code.usual
            if code.value == usual:
                continue
        if not (isinstance(code, Choice) and code.text == code.usual):
            yield name, code


def _spaced(term: str) -> str:
    """A term with blanks around its operators.

    >>> _spaced("4*c"), _spaced("c//2"), _spaced("c")
    ('4 * c', 'c // 2', 'c')
    """
    for mark in ("//", "*", "+", "-"):
        left, found, right = term.partition(mark)
        if found:
            return f"{left} {mark} {right}"
    return term


def folded(code: Code) -> Code:
    """The code with equal calls in sequence, among the arguments of a call, as a loop.

    >>> flat(folded(Call("f", (Call("g", ("1",)),) * 4)))
    'f(*[g(1) for _ in range(4)])'
    """
    if not isinstance(code, Call):
        return code
    arguments: list[Code] = []
    for item, group in groupby(map(folded, code.arguments)):
        items = list(group)
        loop = f"*[{flat(item)} for _ in range({len(items)})]"
        if isinstance(item, Call) and len(items) >= REPEATED and len(loop) <= LONGEST_LOOP:
            items = [loop]
        arguments += items
    return code._replace(arguments=tuple(arguments))


def stepped(items: Sequence[Code]) -> Code | None:
    """What the pieces of code are in a loop over `i`; None if they do not differ evenly.

    >>> flat(stepped([Call("f", (Number("a", size),)) for size in (64, 96, 128)]))
    'f(64 + 32 * i)'
    """
    first, second, *_ = rows = [list(leaves(item)) for item in items]
    steps = [
        two.value - one.value
        if isinstance(one, Number) and isinstance(two, Number)
        and isinstance(one.value, int) and isinstance(two.value, int) else 0
        for one, two in zip(first, second, strict=False)
    ]  # fmt: skip
    for place, row in enumerate(rows):
        wanted = map(_moved, first, [place * step for step in steps])
        if shape_of(items[place]) != shape_of(items[0]) or row != list(wanted):
            return None
    if min(steps, default=0) < 0:
        return None
    growth = iter(steps)
    return rebuilt(items[0], lambda leaf: _growing(leaf, next(growth)))


def _moved(leaf: Leaf, by: int) -> Leaf:
    if isinstance(leaf, Number) and isinstance(leaf.value, int):
        return leaf._replace(value=leaf.value + by)
    return leaf


def _growing(leaf: Leaf, step: int) -> Code:
    return Stepped(leaf, Number("growth", step)) if step else leaf


def statement(start: str, code: Code, indent: int, end: str = "") -> Iterator[str]:
    """The lines of `start` + code + `end`, broken where they would be too long.

    >>> list(statement("x = ", Call("f", ("a" * 50, "b" * 50)), 0))[0]
    'x = f('
    """
    pad = " " * indent
    line = f"{pad}{start}{flat(code)}{end}"
    if len(line) <= WIDTH or not isinstance(code, (Call, Listed)):
        yield line
        return
    if isinstance(code, Call) and isinstance(code.function, Call):
        opened = f"{start}{flat(code.function)}("
        if len(f"{pad}{opened}") > WIDTH:  # then formatters break the first brackets
            inside = flat(code)[len(flat(code.function)) :]
            yield from statement(start, code.function, indent, f"{inside}{end}")
            return
        yield f"{pad}{opened}"
        yield from _inside(code, indent + 4)
        yield f"{pad}){end}"
        return
    if start and len(f"{pad}{start}{_opened(code)}") > WIDTH:
        yield f"{pad}{start}("
        yield from statement("", code, indent + 4)
        yield f"{pad}){end}"
        return
    yield f"{pad}{start}{_opened(code)}"
    yield from _inside(code, indent + 4)
    yield f"{pad}{']' if isinstance(code, Listed) else ')'}{end}"


def _inside(code: Listed | Call, indent: int) -> Iterator[str]:
    """What stands between the brackets: on one line if it fits, else each on its own."""
    items = code.items if isinstance(code, Listed) else code.arguments
    named = [] if isinstance(code, Listed) else list(_written(code.named))
    every = [("", item) for item in items] + [(f"{name}=", item) for name, item in named]
    line = f"{' ' * indent}{', '.join(f'{start}{flat(item)}' for start, item in every)}"
    if len(line) <= WIDTH and not any(isinstance(item, Call) for _, item in every):
        yield line
        return
    for start, item in every:
        yield from statement(start, item, indent, ",")


def _opened(code: Listed | Call) -> str:
    return "[" if isinstance(code, Listed) else f"{flat(code.function)}("


def definition(name: str, arguments: Sequence[str], indent: int) -> Iterator[str]:
    """The lines of a function's head.

    >>> list(definition("forward", ["self", "x"], 4))
    ['    def forward(self, x):']
    """
    pad, inside = " " * indent, ", ".join(arguments)
    if len(line := f"{pad}def {name}({inside}):") <= WIDTH:
        yield line
        return
    yield f"{pad}def {name}("
    if len(line := f"{pad}    {inside}") <= WIDTH:
        yield line
    else:
        yield from (f"{pad}    {argument}," for argument in arguments)
    yield f"{pad}):"
