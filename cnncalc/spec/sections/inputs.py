"""Input shapes such as `32x32x1`, `3x224x224 CHW`, `{h: 480, w: 640, c: 3}` or `784`.

Letters: H height, W width, C channels, L length, D depth (or the number of maps, where there
is no C, as in the W x H x D of cs231n), T frames, N batch. Without letters the order is height x
width x channels; a shape that is as likely to mean another order is an error or a warning.

A network's inputs come from the command line, else from the variant, else from the file.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.errors import CnncalcError, UnplacedError, counted, did_you_mean, failure
from cnncalc.shapes import AXES, Shape
from cnncalc.spec.yaml_source import MappingValue, Scalar, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from cnncalc.errors import Diagnostic, Span
    from cnncalc.spec.yaml_source import Value

SIZE = re.compile(r"-?[0-9]+")
DIGITS = re.compile("[0-9]+")
TIMES = re.compile("[xX×]")
NAMED = re.compile(r"(?:^|,)([^,=]+)=")
TUPLE = re.compile(r"[(\[]\s*[0-9]+(\s*,\s*[0-9]+)*\s*,?\s*[)\]]|[0-9]+(\s*,\s*[0-9]+)+")
MAX_DIGITS = 15
FEW = 4  # an image has at most this many channels, and more rows than that

LETTERS = {"N": "batch", "C": "channels", "D": "depth", "T": "frames", "H": "height",
           "W": "width", "L": "length"}  # fmt: skip
UNLETTERED = {1: "C", 2: "LC", 3: "HWC", 4: "DHWC"}
HELP = "write height x width x channels, such as 32x32x1, or 784 for a vector"
LETTERS_HELP = "the letters are H W C, L C, D H W C (T for frames), W H D, and N for a batch"


class InputShape(NamedTuple):
    """A shape, its batch size, and the order it was written in.

    `layout` is HWC (channels last), CHW (channels first) or WHD.
    """

    shape: Shape
    batch: int = 1
    layout: str = "HWC"
    warning: str | None = None


def parse_input(value: object) -> InputShape:
    """Read an input shape: a text, a whole number, a list of sizes, or sizes by letter.

    Raises:
        UnplacedError: `input-layout` where the order is unclear, `input-shape` otherwise; its
            field is the letter at fault where sizes are given by letter.

    >>> parse_input("3x224x224 CHW")
    InputShape(shape=Shape(channels=3, spatial=(224, 224)), batch=1, layout='CHW', warning=None)
    >>> parse_input({"w": 640, "h": 480, "c": 3}).shape
    Shape(channels=3, spatial=(480, 640))
    """
    if isinstance(value, dict):
        return _by_letter(value)
    if isinstance(value, (list, tuple)):
        value = "x".join(str(size) for size in value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise UnplacedError(
            "input-shape", f"an input shape must be text or a number, not {value}", help=HELP
        )
    sizes, letters = _split(value)
    if letters:
        return _lettered(value, sizes, letters)
    return _unlettered("x".join(map(str, sizes)), sizes)


def with_sizes(shape: Shape, layout: str, sizes: Sequence[int]) -> str:
    """The text of a shape of other sizes, in the order of the layout, with the same channels.

    >>> with_sizes(Shape(3, (224, 224)), "HWC", (320, 240))
    '320x240x3 HWC'
    """
    letters = shape.letters(layout)
    if not letters:
        return str(sizes[0])
    maps, _ = _axes(letters)
    given = iter(sizes)
    each = [shape.channels if letter == maps else next(given) for letter in letters]
    return f"{'x'.join(map(str, each))} {letters}"


def as_meant(text: str, own: InputShape) -> str:
    """An input as a user types it for a network: sizes alone keep its channels and layout.

    >>> own = parse_input("224x224x3")
    >>> as_meant("320", own), as_meant("320x240", own), as_meant("320x320x1", own)
    ('320x320x3 HWC', '320x240x3 HWC', '320x320x1')
    """
    text = untupled(text)
    parts = TIMES.split(text)
    rank = own.shape.rank
    sizes = [int(part) for part in parts if SIZE.fullmatch(part) and len(part) <= MAX_DIGITS]
    if rank == 0 or len(sizes) != len(parts) or len(sizes) not in {1, rank}:
        return text
    return with_sizes(own.shape, own.layout, sizes * (rank if len(sizes) == 1 else 1))


def asked_shapes(text: str | None, names: Collection[str]) -> dict[str, str]:
    """The shapes that `--input` asks for, by the names of a network's inputs.

    `text` is a shape, or NAME=SHAPE for some of the inputs, with a comma between them.

    Raises:
        CnncalcError: a name is unknown or given twice, or a shape alone is for several inputs.

    >>> asked_shapes("320", ["in"]), asked_shapes("a=8x8x3, b=(3, 8, 8)", ["a", "b", "c"])
    ({'in': '320'}, {'a': '8x8x3', 'b': '(3, 8, 8)'})
    """
    if text is None:
        return {}
    alone, *pairs = NAMED.split(text)
    if not pairs:
        return {_only(names): text}
    asked: dict[str, str] = {}
    for name, shape in zip(map(str.strip, pairs[::2]), pairs[1::2], strict=True):
        if name not in names:
            message = f"there is no input '{name}'"
            help_ = did_you_mean(name, names) or f"the inputs are {', '.join(names)}"
            raise failure("input-shape", message, help=help_)
        if name in asked:
            raise failure("input-shape", f"the shape of '{name}' is given twice")
        asked[name] = shape.strip()
    if alone.strip():
        raise failure("input-shape", f"'{alone.strip()}' does not say which input it is for")
    return asked


def _only(names: Collection[str]) -> str:
    """The name of the only input; several are an error."""
    if len(names) == 1:
        return next(iter(names))
    example = " ".join(f"--input {name}=SHAPE" for name in names)
    raise failure(
        "input-shape",
        f"this network has several inputs ({', '.join(names)}), and --input names none of them",
        help=f"write {example}, or some of them",
    )


def untupled(text: str) -> str:
    """The sizes joined by x where they are typed as a tuple, as Python prints a shape.

    >>> untupled("(3, 224, 224)"), untupled("320x320")
    ('3x224x224', '320x320')
    """
    text = text.strip()
    return "x".join(DIGITS.findall(text)) if TUPLE.fullmatch(text) else text


def _split(text: str) -> tuple[list[int], str]:
    """The sizes, and the letters in capitals (empty where there are none)."""
    *front, last = (part.strip() for part in TIMES.split(text))
    tail, _, letters = last.partition(" ")
    letters = letters.strip()
    if not all(map(SIZE.fullmatch, [*front, tail])) or not (letters + "N").isalpha():
        raise UnplacedError("input-shape", f"'{text.strip()}' is not an input shape", help=HELP)
    for size in (*front, tail):
        if len(size) > MAX_DIGITS:
            raise UnplacedError("input-shape", f"an input of size {size} is too large")
    return [int(size) for size in (*front, tail)], letters.upper()


def _lettered(text: str, sizes: Sequence[int], letters: str) -> InputShape:
    _check_letters(letters)
    if len(letters) != len(sizes):
        message = f"'{text.strip()}' has {len(sizes)} sizes and {len(letters)} letters"
        raise UnplacedError("input-layout", message, help="write one letter for each size")
    named = dict(zip(letters, sizes, strict=True))
    shape, batch = _assemble(named)
    return InputShape(shape, batch, _family(letters))


def _by_letter(sizes: dict[object, object]) -> InputShape:
    """Sizes by letter, in any order."""
    _check_letters(str(letter).upper() for letter in sizes)
    named: dict[str, int] = {}
    for written, size in sizes.items():
        letter = str(written).upper()
        if not isinstance(size, int) or isinstance(size, bool):
            message = f"input {LETTERS[letter]} must be a whole number, got {size}"
            raise UnplacedError("input-shape", message, field=letter.lower())
        named[letter] = size
    shape, batch = _assemble(named)
    return InputShape(shape, batch)


def _check_letters(letters: Iterable[str]) -> None:
    seen: set[str] = set()
    for letter in letters:
        if letter not in LETTERS:
            message = f"'{letter}' is not a letter of an input shape"
            raise UnplacedError("input-layout", message, field=letter.lower(), help=LETTERS_HELP)
        if letter in seen:
            raise UnplacedError(
                "input-layout", f"the letter {letter} is given twice", field=letter.lower()
            )
        seen.add(letter)


def _assemble(sizes: dict[str, int]) -> tuple[Shape, int]:
    """The shape and the batch size from sizes by capital letter."""
    for letter, size in sizes.items():
        if size < 1:
            message = f"input {LETTERS[letter]} must be at least 1, got {size}"
            raise UnplacedError("input-shape", message, field=letter.lower())
    maps, axes = _axes(sizes)
    spatial = tuple(sizes[axis] for axis in axes)
    return Shape(sizes[maps], spatial), sizes.get("N", 1)


def _axes(letters: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """The letter of the channels, and the spatial letters, outermost first."""
    given = set(letters) - {"N"}
    maps = "C" if "C" in given else "D"
    if maps not in given:
        message = "the input shape has no channels"
        raise UnplacedError(
            "input-layout", message, help="add the letter C, with 1 for a greyscale image"
        )
    spatial = given - {maps}
    for axes in AXES.values():
        capitals = tuple(axis.upper() for axis in axes)
        frames = tuple("T" if axis == "D" else axis for axis in capitals)
        for known in (capitals, frames):
            if spatial == set(known):
                return maps, known
    listed = " ".join(letter for letter in LETTERS if letter in given)
    message = f"the letters {listed} do not make an input shape"
    raise UnplacedError("input-layout", message, help=LETTERS_HELP)


def _family(letters: str) -> str:
    """HWC, CHW or WHD: the layout that prints sizes in the order of these letters."""
    order = tuple(letter for letter in letters if letter != "N")
    maps, axes = _axes(order)
    # The last entry wins where orders coincide, as all three do for a vector.
    families = {(*axes[::-1], maps): "WHD", (maps, *axes): "CHW", (*axes, maps): "HWC"}
    if order not in families:
        message = f"sizes cannot be given in the order {''.join(order)}"
        raise UnplacedError(
            "input-layout", message, help="write them by letter: {h: 480, w: 640, c: 3}"
        )
    return families[order]


def _unlettered(text: str, sizes: Sequence[int]) -> InputShape:
    letters = UNLETTERED.get(len(sizes))
    if letters is None:
        message = f"'{text}' has {len(sizes)} sizes, which need letters"
        raise UnplacedError("input-layout", message, help=f"such as '{text} NDHWC'")
    shape, batch = _assemble(dict(zip(letters, sizes, strict=True)))
    if looks_first := _channels_first(sizes):
        message = f"'{text}' could be channels-first or channels-last"
        raise UnplacedError("input-layout", message, help=f"write {looks_first}")
    return InputShape(shape, batch, warning=_warning(text, shape))


def _channels_first(sizes: Sequence[int]) -> str | None:
    """The two unambiguous spellings, where the channels seem to come first; else None."""
    last_letters = UNLETTERED[len(sizes)]
    text = "x".join(map(str, sizes))
    if len(sizes) > 1 and sizes[0] <= FEW < sizes[-1]:
        first = f"'{text} C{last_letters[:-1]}' ({counted(sizes[0], 'channel')})"
        if sizes[1] > FEW:
            return f"{first} or '{'x'.join(map(str, (*sizes[1:], sizes[0])))}'"
        return f"{first} or '{text} {last_letters}' ({counted(sizes[-1], 'channel')})"
    if len(sizes) == len("NCHW") and sizes[1] <= FEW < sizes[-1]:
        first = f"'{text} NCHW' (a batch of {sizes[0]}, {counted(sizes[1], 'channel')})"
        return f"{first} or '{text} DHWC' ({counted(sizes[-1], 'channel')})"
    return None


def _warning(text: str, shape: Shape) -> str | None:
    """The assumption that was made, where another one is as likely."""
    if shape.rank == 1 and shape.channels > FEW:
        return (
            f"'{text}' is read as length {shape.spatial[0]} "
            f"with {counted(shape.channels, 'channel')}; "
            f"write '{text} LC' if that is meant, or '{text}x1' for a greyscale image"
        )
    if shape.rank == 2 and shape.spatial[0] != shape.spatial[1]:  # noqa: PLR2004 - a picture
        height, width = shape.spatial
        return (
            f"'{text}' is read as height {height} and width {width}; "
            f"write '{text} HWC' if that is meant, or '{text} WHD' for width {height}"
        )
    if shape.rank == 3:  # noqa: PLR2004 - a volume
        return (
            f"'{text}' is read as depth {shape.spatial[0]}; "
            f"write '{text} DHWC' if that is meant, or '{text} NHWC' for a batch"
        )
    return None


class NetworkInput(NamedTuple):
    """One input of a network, with its span where it is written in a file."""

    parsed: InputShape
    span: Span | None

    @property
    def shape(self) -> Shape:
        """The shape of one sample."""
        return self.parsed.shape


def read_inputs(
    tree: MappingValue, variant: str | None, text: str | None
) -> dict[str, NetworkInput]:
    """The inputs by name; a single unnamed one is called `in`.

    Raises:
        CnncalcError: there is none, or a shape is wrong.
    """
    written = _written(tree, variant)
    asked = asked_shapes(text, written or ["in"])
    if written or asked:
        return {
            name: _replaced(asked[name], written.get(name))
            if name in asked
            else _network_input(written[name], written[name])
            for name in written or asked
        }
    names = ", ".join(tree.section("variants").keys())
    help_ = f"choose a variant ({names}), or give --input"
    raise failure("missing-input", f"{tree.span.file} has no input of its own", help=help_)


def _written(tree: MappingValue, variant: str | None) -> dict[str, Value]:
    """The inputs as they are written in the file, the variant's own before the network's."""
    for place in ((("variants", variant),) if variant else ()) + ((),):
        single, several = tree.at(*place, "input"), tree.at(*place, "inputs")
        if single is not None:
            return {"in": single}
        if isinstance(several, MappingValue) and several.entries:
            return {key.text: value for key, value in several.entries}
    return {}


def _replaced(asked: str, written: Value | None) -> NetworkInput:
    """An input as it is asked for; what is left out is as in the file, if that is right."""
    own = None
    if written is not None:
        with suppress(CnncalcError):
            own = _network_input(written, written).parsed
    return _network_input(as_meant(asked, own) if own else untupled(asked), None)


def input_problems(tree: MappingValue) -> Iterator[Diagnostic]:
    """The mistakes in the input shapes of a file and of all its variants."""
    for place in (tree, *(variant for _, variant in tree.section("variants").entries)):
        for value in _shapes(place):
            try:
                _network_input(value, value)
            except CnncalcError as error:
                yield from error.diagnostics


def batch_of(inputs: dict[str, NetworkInput]) -> int:
    """The batch size of the inputs.

    Raises:
        CnncalcError: the inputs have different batch sizes.
    """
    batches = {item.parsed.batch for item in inputs.values()} - {1}
    if len(batches) > 1:
        last = list(inputs.values())[-1]
        listed = " and ".join(map(str, sorted(batches)))
        raise failure("input-shape", f"the inputs have different batch sizes: {listed}", last.span)
    return max(batches, default=1)


def _shapes(place: Value) -> Iterator[Value]:
    """The input shapes as written, of a file or of a variant."""
    if isinstance(place, MappingValue):
        single = place.get("input")
        if single is not None:
            yield single
        yield from (value for _, value in place.section("inputs").entries)


def _network_input(written: Value | str, value: Value | None) -> NetworkInput:
    shape = written if isinstance(written, str) else _plain(written)
    try:
        return NetworkInput(parse_input(shape), value.span if value else None)
    except UnplacedError as problem:
        raise _placed(problem, value) from None


def _plain(value: Value) -> object:
    return value.text if isinstance(value, Scalar) else plain(value)


def _placed(problem: UnplacedError, value: Value | None) -> CnncalcError:
    """The error at the size or letter at fault, where sizes are given by letter."""
    span = value.span if value else None
    for key, size in value.entries if isinstance(value, MappingValue) else ():
        if key.text.lower() == problem.field:
            span = size.span if problem.code == "input-shape" else key.span
    return failure(problem.code, problem.message, span, notes=problem.notes, help=problem.help)
