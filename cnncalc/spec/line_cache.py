"""Lines that come again: read, checked and resolved once, then moved to their places.

Only a line that says everything itself is moved: layers with plain values and what is attached
to them. One with a name, a reference or a variable is read afresh wherever it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.spec.resolve import Follower, Resolved
from cnncalc.spec.syntax import Argument, Attached, Chain, Dynamic, Use

if TYPE_CHECKING:
    from cnncalc.errors import Span
    from cnncalc.spec.source import Scalar
    from cnncalc.spec.syntax import Item, Plain

    Word = Argument | Attached | Plain
    Lines = dict[str, tuple[Span, Item]]

BARE = Use._field_defaults
WORDS = Use._fields.index("words") + 1
REST = tuple(BARE[field] for field in Use._fields[WORDS:])


def remember(lines: Lines, scalar: Scalar, item: Item) -> None:
    """Keep a line that may come again, if it can be moved."""
    if scalar.inset == 0 and not scalar.literal and _can_move(item):
        lines[scalar.text] = scalar.span, item


def recall(lines: Lines, scalar: Scalar) -> Item | None:
    """The layers of a line whose text has been read before, in their new place."""
    known = lines.get(scalar.text)
    if known is None or scalar.inset != 0 or scalar.literal:
        return None
    (_, first_line, first_column, _), item = known
    _, line, column, _ = scalar.span
    by = line - first_line, column - first_column
    if isinstance(item, Use):
        return _moved(item, *by)
    return Chain(tuple([_moved(use, *by) for use in item.items]))  # type: ignore[union-attr, arg-type]


def resolved_again(found: Resolved, first: Use, use: Use) -> Resolved:
    """What a line comes to, from what the first of its kind came to."""
    by = use.span.line - first.span.line, use.span.column - first.span.column
    attached = [
        Follower(f.type, f.fields, _all_moved(f.spans, *by), f.span.moved(*by))
        for f in found.attached
    ]
    return Resolved(found.fields, _all_moved(found.spans, *by), tuple(attached))


def _all_moved(spans: dict[str, Span], lines: int, columns: int) -> dict[str, Span]:
    return {field: span.moved(lines, columns) for field, span in spans.items()}


def _can_move(item: Item) -> bool:
    if isinstance(item, Chain):
        return bool(item.items) and all(
            isinstance(use, Use) and _can_move(use) for use in item.items
        )
    return (
        isinstance(item, Use)
        and not item.is_block
        and item[WORDS:] == REST
        and all(map(_is_plain, item.words))
    )


def _is_plain(word: Word) -> bool:
    if isinstance(word, Attached):
        return word.name is None and all(map(_is_plain, word.arguments))
    return not (isinstance(word, Argument) and isinstance(word.value, Dynamic))


def _moved(use: Use, lines: int, columns: int) -> Use:
    words = tuple([_moved_word(word, lines, columns) for word in use.words])
    return Use(use.head, use.span.moved(lines, columns), is_block=False, words=words, like=use)


def _moved_word(word: Word, lines: int, columns: int) -> Word:
    if isinstance(word, Argument):
        span = word.span.moved(lines, columns)
        return Argument(word.field, word.value, span, word.letter, word.key)
    if isinstance(word, Attached):
        arguments = tuple([_moved_word(a, lines, columns) for a in word.arguments])
        return Attached(word.type, arguments, word.span.moved(lines, columns))  # type: ignore[arg-type]
    return word
