"""What is typed of one layer besides its options: `conv 32x32x3 10 5x5 s2`; and what lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.cli import output
from cnncalc.cli.values import (
    NUMBER,
    OptionValues,
    comma_list,
    count,
    padding,
    per_axis,
    shape,
)
from cnncalc.errors import failure
from cnncalc.window import PADDING_RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cnncalc.errors import CnncalcError

READ: dict[str, Callable[[str], object]] = {
    "k": count, "f": per_axis(count), "units": count, "s": per_axis(count), "p": padding,
}  # fmt: skip
SIZE_OR_LENGTH = "w"
NEEDED = {
    "w": "the width of the input (--w)",
    "f": "the filter size (--f)",
    "in": "the input size (--in)",
    "units": "the number of units (--units)",
}
EXAMPLES = {"w": "--w 32", "f": "--f 5", "in": "--in 784", "units": "--units 10"}


def positional(
    words: Sequence[str] | None, names: tuple[str, ...], *, entering: bool = False
) -> dict[str, OptionValues]:
    """The options that words in order stand for: the input's shape, then `names`, then s and p.

    Of two names the first may be left out. `entering` keeps the shape whole, as `in`.

    Raises:
        CnncalcError: for words that are none of these.

    >>> sizes = positional(["32x28x3", "5", "s2"], ("k", "f"))
    >>> {name: option.values for name, option in sizes.items()}
    {'h': (32,), 'w': (28,), 'd': (3,), 'f': ((5,),), 's': ((2,),)}
    >>> positional(["32x28x3", "5", "same"], ("k", "f"))["p"].values
    ('same',)
    """
    if not words:
        return {}
    first, *rest = words
    found = dict(_input(first, entering=entering))
    plain = [word for word in rest if _setting(word) is None]
    settings = [setting for setting in map(_setting, rest) if setting is not None]
    if len(plain) > len(names) or (entering and settings):
        extra = "".join(settings[0]) if entering else plain[len(names)]
        raise _usage(f"'{extra}' is one word too many", f"the order is SHAPE {_order(names)}")
    chosen = names[-1:] if len(plain) == 1 else names
    pairs = [*zip(chosen, plain, strict=False), *settings]
    for name, word in pairs:
        if name in found:
            written = word if word in PADDING_RULES else f"{name}{word}"
            raise _usage(f"'{written}' is given twice")
        found[name] = comma_list(READ[name])(word)
    return found


def _setting(word: str) -> tuple[str, str] | None:
    """The letter and the value of a word such as `s2`, `p1` or `same`; None for any other."""
    if word in PADDING_RULES:
        return "p", word
    return (word[0], word[1:]) if word[:1] in {"s", "p"} else None


def _input(word: str, *, entering: bool) -> Iterator[tuple[str, OptionValues]]:
    """The shape of the input as options; a number is both sides of a picture."""
    if entering:
        yield "in", comma_list(shape)(word)
    elif all(NUMBER.fullmatch(part.strip()) for part in word.split(",")):
        yield "w", comma_list(count)(word)
    else:
        given: Any = shape(word)
        if given.rank < 2:  # noqa: PLR2004 - a sequence, or a picture whose channels lack
            raise _usage(
                f"'{word}' is not the shape of an image",
                f"write {word}x1 for an image with 1 channel; a 1-D input is -L 8000 -D 1",
            )
        for axis, size in zip(given.axes, given.spatial, strict=True):
            if axis not in {"h", "w"}:
                help_ = f'for a volume: cnncalc stack {word} "conv 8 3x3x3"'
                raise _usage(f"'{word}' has more axes than height and width", help_)
            yield axis, _one(size)
        yield "d", _one(given.channels)


def _one(value: object) -> OptionValues:
    return OptionValues((value,), (str(value),))


def _order(names: tuple[str, ...]) -> str:
    return {"k": "[K] F", "f": "F", "units": "UNITS"}[names[0]]


def merged(
    words: Mapping[str, OptionValues], options: Mapping[str, OptionValues]
) -> dict[str, OptionValues]:
    """Words and options together. Raises CnncalcError where both say the same."""
    for name in words:
        if name in options:
            word = words[name].words[0]
            raise _usage(f"--{name} is given twice: by the word '{word}' and as an option")
    return {**words, **options}


def require(options: Mapping[str, OptionValues], command: str, *names: str) -> None:
    """Raise CnncalcError that names every option that is missing, with an example.

    >>> require({}, "fc", "in", "units")
    Traceback (most recent call last):
        ...
    cnncalc.errors.CnncalcError: usage: the input size (--in) and the number of units (--units) are missing
    """  # noqa: E501 - a message is one line
    given = {*options, *({"w"} if "l" in options else ())}
    missing = [name for name in names if name not in given]
    if not missing:
        return
    verb = "is" if len(missing) == 1 else "are"
    example = " ".join(_example(name, options) for name in missing)
    there = " ".join(f"--{name} {','.join(options[name].words)}" for name in options
                     if name != "round")  # fmt: skip
    line = " ".join(filter(None, ["cnncalc", command, there, example]))
    raise _usage(f"{' and '.join(NEEDED[name] for name in missing)} {verb} missing",
                 f"for example {line}")  # fmt: skip


def _example(name: str, options: Mapping[str, OptionValues]) -> str:
    """An example of a missing option that fits those given: a filter inside its input.

    >>> _example("f", {"w": OptionValues((4,), ("4",))})
    '--f 4'
    """
    wide = [size for key in ("w", "h", "l") for size in _sizes(options, key)]
    reach = max(_sizes(options, "dilation"), default=1)
    if name == "f" and wide:
        return f"--f {min(5, (min(wide) - 1) // reach + 1)}"
    if name == "w":
        filters = _sizes(options, "f")
        return f"--w {max([32, *(reach * (size - 1) + 1 for size in filters)])}"
    return EXAMPLES[name]


def _sizes(options: Mapping[str, OptionValues], key: str) -> list[int]:
    """Every number of an option, whichever way it is written."""
    words = options[key].words if key in options else ()
    return [int(number) for word in words for number in NUMBER.findall(word)]


def refuse_sizes(options: Mapping[str, OptionValues], *names: str) -> None:
    """Raise CnncalcError for sizes that the numbers of --x and --filter tell."""
    for name in names:
        if name in options:
            source = "--filter" if name in {"k", "f"} else "--x"
            raise _usage(f"--{name}: the numbers of {source} tell it", f"leave out --{name}")


def _usage(message: str, help: str | None = None) -> CnncalcError:
    return failure("usage", message, help=help, exit_code=output.USAGE)
