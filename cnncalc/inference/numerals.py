"""Numbers as people write them: nested lists, CSV and plain text, JSON and YAML."""

from __future__ import annotations

import json
import re
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from cnncalc.errors import counted, failure
from cnncalc.files import title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.errors import CnncalcError


YAML_SUFFIXES = (".yaml", ".yml")
SEPARATORS = re.compile(r"\s*[,;]\s*|\s+")
NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
TYPED = re.compile(r"[-+0-9.eE/,;|\s]+")
ROW_ENDS = re.compile(r"[;\n]")
TYPED_HELP = 'write rows apart by semicolons and maps by |, such as "1 2 3; 4 5 6"'
MAX_DEPTH = 16
Numbers = tuple[tuple[int, ...], list[float]]  # the sizes, outermost first, and the numbers


def read(data: bytes, path: str) -> Numbers:
    r"""The sizes and the numbers of a file's bytes; its suffix decides where the text does not.

    Text is rows of numbers apart by commas, semicolons or spaces; # begins a comment, and an
    empty line may stand between maps. Raises CnncalcError that names line and column, or the
    place in the list, of what is not a finite number.

    >>> read(b"1, 2\n3, 4\n", "x.csv")
    ((2, 2), [1.0, 2.0, 3.0, 4.0])
    >>> read(b"[[1, 2], [3, 4.5]]", "-")
    ((2, 2), [1.0, 2.0, 3.0, 4.5])
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        expected = "numbers as text, JSON or YAML, or a PGM, PPM, PNG or JPEG picture"
        message = f"{title(path)} is not a sample; expected {expected}"
        raise failure("sample-format", message) from None
    start = text.lstrip()
    if path.endswith(YAML_SUFFIXES) or start.startswith(("- ", "---")):
        return _flattened(_yaml(text, path), path)
    if start.startswith(("[", "{")):
        return _flattened(_json(text, path), path)
    return _rows(text, path)


def is_typed(text: str) -> bool:
    """Whether a text is numbers as one types them, and nothing else.

    >>> is_typed("1 2; 3 4"), is_typed("1/9"), is_typed("image.txt"), is_typed("")
    (True, True, False, False)
    """
    return bool(TYPED.fullmatch(text)) and any(map(str.isdigit, text))


def typed(text: str, name: str) -> Numbers:
    """Numbers as one types them: rows apart by semicolons or line ends, maps by upright bars.

    Returns the sizes (maps, rows, columns) and the numbers; a number may be a fraction.
    `name` is what messages call the text. Raises CnncalcError where a row is shorter than the
    first or something is not a number.

    >>> typed("1 2; 3 4 | 0 0; 0 1/2", "x")
    ((2, 2, 2), [1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.5])
    """
    maps = [[_row(row) for row in ROW_ENDS.split(part.strip(" \n;"))] for part in text.split("|")]
    height, width = len(maps[0]), len(maps[0][0])
    if not width:
        raise failure("sample-number", f"{name}: there are no numbers", help=TYPED_HELP)
    several = len(maps) > 1
    values: list[float] = []
    for map_at, rows in enumerate(maps):
        where = f" of map {map_at}" if several else ""
        if len(rows) != height:
            has, first = counted(len(rows), "row"), counted(height, "row")
            message = f"map {map_at} has {has}, but map 0 has {first}"
            raise failure("sample-number", f"{name}: {message}")
        for row_at, row in enumerate(rows):
            if len(row) != width:
                has = counted(len(row), "number")
                message = f"row {row_at}{where} has {has}, but the first row has {width}"
                raise failure("sample-number", f"{name}: {message}", help=TYPED_HELP)
            values += (_typed(word, f"{name}: row {row_at}{where}") for word in row)
    return (len(maps), height, width), values


def _row(text: str) -> list[str]:
    return [word for word in SEPARATORS.split(text.strip()) if word]


def _quotient(over: str, under: str) -> float:
    return float(over) / float(under) if float(under) else inf


def _typed(word: str, place: str) -> float:
    """A number, or a fraction such as 1/9."""
    over, slash, under = word.partition("/")
    if not NUMBER.fullmatch(over) or (slash and not NUMBER.fullmatch(under)):
        message = f"{place}: '{word}' is not a number"
        raise failure("sample-number", message, help=TYPED_HELP)
    value = _quotient(over, under) if slash else float(over)
    if not isfinite(value):
        raise failure("sample-number", f"{place}: '{word}' is not a finite number")
    return value


def bad_number(path: str, why: str) -> CnncalcError:
    """The complaint about what stands where a number should."""
    return failure("sample-number", f"{title(path)}: {why}")


def _flattened(value: object, path: str) -> Numbers:
    try:
        return flatten(value)
    except NotNested as wrong:
        raise bad_number(path, f"{wrong}".strip()) from None


def _json(text: str, path: str) -> object:
    """JSON, or else YAML's lists in brackets, which allow comments and numbers such as .5."""
    try:
        return json.loads(text)
    except RecursionError:
        raise bad_number(path, "its lists are nested too deeply") from None
    except ValueError:
        return _yaml(text, path)


def _yaml(text: str, path: str) -> object:
    """Lists and numbers of YAML, and nothing else of it: no names, tags or repetitions."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    open_lists: list[list[object]] = [[]]
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.SequenceStartEvent):
                inner: list[object] = []
                open_lists[-1].append(inner)
                open_lists.append(inner)
                _check_depth(len(open_lists), path)
            elif isinstance(event, yaml.SequenceEndEvent):
                open_lists.pop()
            elif isinstance(event, yaml.ScalarEvent):
                open_lists[-1].append(_scalar(event, path))
            elif isinstance(event, (yaml.AliasEvent, yaml.MappingStartEvent)):
                raise _not_a_list(event, path)
    except (yaml.YAMLError, RecursionError) as error:
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise bad_number(path, f"it is neither JSON nor YAML: {problem}") from None
    if len(open_lists[0]) != 1:
        raise bad_number(path, "expected a single list")
    return open_lists[0][0]


def _not_a_list(event: Any, path: str) -> CnncalcError:
    line = event.start_mark.line + 1
    return bad_number(path, f"line {line}: only lists and numbers are allowed")


def _check_depth(depth: int, path: str) -> None:
    if depth > MAX_DEPTH:
        raise bad_number(path, "its lists are nested too deeply")


def _scalar(event: Any, path: str) -> float:
    mark = event.start_mark
    return _number(event.value, path, mark.line + 1, mark.column + 1)


def _rows(text: str, path: str) -> Numbers:
    """Rows of numbers, all of one length."""
    rows = list(_lines(text, path))
    if not rows:
        raise bad_number(path, "it contains no numbers")
    first_line, first = rows[0]
    for line, row in rows:
        if len(row) != len(first):
            counts = f"line {line} has {len(row)}, line {first_line} has {len(first)}"
            raise bad_number(path, f"its rows differ in length: {counts}")
    return (len(rows), len(first)), [number for _, row in rows for number in row]


def _lines(text: str, path: str) -> Iterator[tuple[int, list[float]]]:
    """Every line that holds something: its number and its numbers."""
    for count, line in enumerate(text.splitlines(), start=1):
        content = line.partition("#")[0].rstrip().rstrip(",;")
        if content.strip():
            yield count, list(_line(content, path, count))


def _line(content: str, path: str, count: int) -> Iterator[float]:
    at = len(content) - len(content.lstrip())
    while True:
        separator = SEPARATORS.search(content, at)
        end = separator.start() if separator else len(content)
        yield _number(content[at:end], path, count, at + 1)
        if separator is None:
            return
        at = separator.end()


def _number(word: str, path: str, line: int, column: int) -> float:
    number = float(word) if NUMBER.fullmatch(word) else None
    if number is None or number in (float("inf"), float("-inf")):
        shown = f"'{word[:40]}'" if word else "nothing"
        what = "a finite number" if number is not None else "a number"
        raise bad_number(path, f"line {line}, column {column}: {shown} is not {what}")
    return number


MAX_RANK = 16


class NotNested(ValueError):  # noqa: N818 - the caller knows which file is wrong
    """What is wrong, behind the place where it is: "[0][3] is 'x', not a number"."""


def flatten(value: object) -> tuple[tuple[int, ...], list[float]]:
    """The sizes, outermost first, and the numbers in C order.

    Raises NotNested for lists of unequal length, and for anything but finite numbers in them.

    >>> flatten([[1, 2, 3], [4, 5, 6.5]])
    ((2, 3), [1.0, 2.0, 3.0, 4.0, 5.0, 6.5])
    >>> flatten([[1, 2], [3]])
    Traceback (most recent call last):
        ...
    cnncalc.inference.numerals.NotNested: [1] has 1 entry, where its neighbours have 2
    """
    dims = tuple(_dims(value))
    return dims, list(_numbers(value, dims, ""))


def _dims(value: object) -> Iterator[int]:
    for _ in range(MAX_RANK):
        if not isinstance(value, list) or not value:
            break
        yield len(value)
        value = value[0]


def _numbers(value: object, dims: tuple[int, ...], place: str) -> Iterator[float]:
    if not dims:
        yield _finite(value, place)
        return
    if not isinstance(value, list):
        raise NotNested(f"{place} is {_shown(value)}, where its neighbours are lists")
    if len(value) != dims[0]:
        entries = "1 entry" if len(value) == 1 else f"{len(value)} entries"
        raise NotNested(f"{place} has {entries}, where its neighbours have {dims[0]}")
    if len(dims) == 1 and all(type(item) is float for item in value) and all(map(isfinite, value)):
        yield from value  # the usual case, without a look at each place
        return
    for index, item in enumerate(value):
        yield from _numbers(item, dims[1:], f"{place}[{index}]")


def _finite(value: object, place: str) -> float:
    if type(value) not in (int, float):
        raise NotNested(f"{place} is {_shown(value)}, not a number")
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise NotNested(f"{place} is {_shown(value)}, not a finite number")
    return number


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, str):
        return "a text"  # not which: the file may hold anything
    text = "null" if value is None else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - enough to find it
