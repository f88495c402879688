"""YAML text -> the values of `yaml_source`, built from the events of PyYAML's parser.

PyYAML's own composer is not used: a repeated key must be an error, aliases must not multiply,
and deep nesting must be refused while it is read, before anything recurses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeAlias

import yaml

from cnncalc.errors import CnncalcError, Diagnostic, Span
from cnncalc.lines import BOM, BREAK, line_end, line_of
from cnncalc.spec.yaml_source import MAX_BYTES, ListValue, MappingValue, Scalar, meaning, too_big

if TYPE_CHECKING:
    from cnncalc.spec.yaml_source import Value

MAX_DEPTH = 64
MAX_VALUES = 200_000
PARSER_DEPTH = "nesting depth"  # in the error of libyaml, which from 0.2.6 on allows 1,000 levels

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser where there is one

# Characters that YAML forbids, and the byte order mark, which is invisible inside a text. Listing
# what is refused instead of what is allowed makes the pattern compile six times faster.
NOT_TEXT = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]"
TAB_INDENT = re.compile(r"(?: |[-?:](?=[ \t]))*(\t+)")
TAB_CONTINUATION = re.compile(r"[\n\r] *(\t+)")

TAB = "tab used for indentation; YAML allows only spaces"
TAB_HELP = "replace each tab with two spaces"
EMPTY_HELP = "a network has at least an input and a list of layers"
ALIAS_HELP = "use 'blocks' for repeated layers, 'vars' for repeated values"
TAG_HELP = "write the value without a tag: its type follows from its form"

# The help for a syntax error, by a fragment of the parser's message.
HELP = {
    "mapping values are not allowed": "a text that contains ': ' needs quotes",
    "cannot start any token": "quote a text that begins with this character",
    "',' or ']'": "a list ends with ] and has commas between its items",
    "',' or '}'": "a mapping ends with } and has commas between its entries",
    "expected key": "the entries of one list or mapping must start in the same column",
}


def compose(text: str, file: str) -> Value:
    r"""The one document in a YAML text; `file` is the name shown in errors.

    Raises:
        CnncalcError: the text is not YAML, or uses a part of YAML that is refused here.

    >>> compose("a: 1\na: 2", "net.yaml")
    Traceback (most recent call last):
        ...
    cnncalc.errors.CnncalcError: duplicate-key: the key 'a' is already used
    """
    return Composer(text.removeprefix(BOM), file).compose()


class _OpenCollection:
    """A list or mapping whose end has not been read yet; `keys` is None for a list."""

    __slots__ = ("items", "keys", "start")

    def __init__(self, start: Mark, keys: dict[str, Scalar] | None) -> None:
        self.items: list[Value] = []
        self.keys = keys
        self.start = start


class Composer:
    """Builds the tree of one document with an explicit stack; see `compose`.

    >>> Composer("filters: 6", "net.yaml").compose().get("filters").value
    6
    """

    def __init__(self, text: str, file: str) -> None:
        self.page = SourceText(text, file)
        self.stack: list[_OpenCollection] = []
        self.root: Value | None = None
        self.documents = 0
        self.nodes = 0

    def compose(self) -> Value:
        """Read all events and return the document.

        Raises:
            CnncalcError: at the first mistake.
        """
        self._check_text(self.page.text)
        self._take_events(self.page.text)
        if self.root is None or self.root[:2] == (None, ""):
            self.page.refuse(SourcePosition(0, 0, 0), 1, "empty", "the file is empty", EMPTY_HELP)
        return self.root

    def _take_events(self, text: str) -> None:
        """Build the tree from the events of a text: the whole file, or its beginning."""
        takers = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceStartEvent: self._open,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        try:
            for event in iter(LOADER(text).get_event, None):
                if take := takers.get(type(event)):
                    take(event)
        except yaml.MarkedYAMLError as error:
            if PARSER_DEPTH in (error.problem or "") and error.problem_mark:
                self._refuse_what_the_parser_refused(error.problem_mark)
            _syntax_error(self.page, error)

    def _check_text(self, text: str) -> None:
        if len(text) > MAX_BYTES:
            raise too_big(self.page.file)
        if text.replace("\n", "").isprintable():  # which is faster than to compile the pattern
            return
        if odd := re.search(NOT_TEXT, text):
            name = f"U+{ord(odd.group()):04X}"
            message = f"the file contains a character that is not text ({name})"
            # The line is shown without the character, which could control the terminal.
            page = SourceText(re.sub(NOT_TEXT, "\ufffd", text), self.page.file)
            page.refuse(page.at(odd.start()), 1, "not-text", message)

    def _refuse_what_the_parser_refused(self, end: Mark) -> NoReturn:
        """Report the first collection that is too deep, where the parser itself gave up.

        The parser reads ahead of its events, since what it reads may turn out to be a key, so it
        may fail before the first event. Given only the text before the failure, it returns the
        events, and the ordinary depth check finds the place.
        """
        page = self.page
        Composer(page.text, page.file)._take_events(page.text[: end.index])  # noqa: SLF001 - its own class
        self._refuse_depth(end)

    def _refuse_depth(self, start: Mark) -> NoReturn:
        message = f"lists and mappings are nested more than {MAX_DEPTH} levels deep"
        self.page.refuse(start, 1, "too-deep", message, "use blocks to nest less deeply")

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            message = "a file may hold only one document; a second one begins here"
            self.page.refuse(
                event.start_mark, 3, "yaml-documents", message, "put each in a file of its own"
            )

    def _check_node(self, event: Any) -> None:
        """Refuse anchors and tags, and more nodes than any network needs."""
        start, page = event.start_mark, self.page
        if event.anchor is not None and page.text[start.index] == "&":
            self._refuse_alias(start)
        if event.tag is not None:
            page.refuse(
                start, page.word(start), "yaml-tag", "YAML tags are not used here", TAG_HELP
            )
        self.nodes += 1
        if self.nodes > MAX_VALUES:
            message = f"the file contains more than {MAX_VALUES:,} keys and values"
            page.refuse(start, 1, "too-many", message, "use blocks and repeats")

    def _alias(self, event: Any) -> None:
        self._refuse_alias(event.start_mark)

    def _refuse_alias(self, start: Mark, width: int | None = None) -> NoReturn:
        message = "YAML anchors, aliases and merge keys are not used here"
        width = width or self.page.word(start)
        self.page.refuse(start, width, "yaml-alias", message, ALIAS_HELP)

    def _open(self, event: Any) -> None:
        self._check_node(event)
        start = event.start_mark
        if self._keys_due() is not None:
            self.page.refuse(start, 1, "yaml-key", "a key must be a word or a number")
        if len(self.stack) == MAX_DEPTH:
            self._refuse_depth(start)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self.stack.append(_OpenCollection(start, {} if is_mapping else None))

    def _close(self, event: Any) -> None:
        done = self.stack.pop()
        span = self.page.stretch(done.start, event.end_mark)
        if done.keys is None:
            self._add(ListValue(tuple(done.items), span))
        else:
            self._add(MappingValue(tuple(zip(done.keys.values(), done.items, strict=True)), span))

    def _scalar(self, event: Any) -> None:
        self._check_node(event)
        keys = self._keys_due()
        if keys is None:
            value = self._meaning(event) if not event.style else event.value
            self._add(_scalar(self.page, event, value))
            return
        key = _scalar(self.page, event, event.value)
        self._check_key(key, event)
        if key.text in keys:
            first = f"first used at line {keys[key.text].span.line}"
            width = key.span.end_column - key.span.column
            message = f"the key '{key.text}' is already used"
            self.page.refuse(event.start_mark, width, "duplicate-key", message, notes=(first,))
        keys[key.text] = key

    def _keys_due(self) -> dict[str, Scalar] | None:
        """The keys of the innermost collection, if it is a mapping whose next node is a key."""
        if not self.stack:
            return None
        top = self.stack[-1]
        return top.keys if top.keys is not None and len(top.keys) == len(top.items) else None

    def _check_key(self, key: Scalar, event: Any) -> None:
        if event.style:
            return
        if key.text == "<<":
            self._refuse_alias(event.start_mark, len(key.text))
        if not key.text:
            message = "there is no key before the ':'"
            self.page.refuse(event.start_mark, 1, "yaml-key", message)

    def _meaning(self, event: Any) -> str | int | float | bool | None:
        try:
            return meaning(event.value)
        except OverflowError as error:
            self.page.refuse(event.start_mark, len(event.value), "number-range", str(error))

    def _add(self, value: Value) -> None:
        if self.stack:
            self.stack[-1].items.append(value)
        else:
            self.root = value


def _scalar(page: SourceText, event: Any, value: str | float | bool | None) -> Scalar:
    """The scalar of an event, with the position of its text in the file."""
    start, end, text, style = event.start_mark, event.end_mark, event.value, event.style
    if not style and start.line == end.line:  # the fast path: nearly all are plain and short
        return Scalar(value, text, page.span(start, end.column - start.column))
    if style == "|":
        return Scalar(text, text, page.span(start, page.word(start)), _indent(page, event), True)
    if style == ">":
        return Scalar(text, text, page.span(start, page.word(start)), None)
    span = page.stretch(start, end)
    if start.line != end.line:
        _check_continuation(page, event)
        return Scalar(value, text, span, None)
    # With an escape the quoted text is longer than its value, so positions inside are unknown.
    return Scalar(text, text, span, 1 if end.column - start.column == len(text) + 2 else None)


def _indent(page: SourceText, event: Any) -> int | None:
    """The indentation of a literal block, taken from its first line with text."""
    match = re.search(r"[^\n]+", event.value)
    if match is None:
        return None
    row = event.value.count("\n", 0, match.start())
    raw = page.text[event.start_mark.index : event.end_mark.index]
    return len(line_of(raw, row + 2)) - len(match.group())


def _check_continuation(page: SourceText, event: Any) -> None:
    """Refuse a tab at the start of a continued line, which the C parser takes for a space."""
    match = TAB_CONTINUATION.search(page.text, event.start_mark.index, event.end_mark.index)
    if match and not event.style:
        page.refuse(page.at(match.start(1)), len(match.group(1)), "yaml-tab", TAB, TAB_HELP)


def _syntax_error(page: SourceText, error: yaml.MarkedYAMLError) -> NoReturn:
    """Raise the parser's own error with its position; a tab gets a clearer message."""
    problem = error.problem or "this is not YAML"
    mark: Mark = error.problem_mark or SourcePosition(0, 0, 0)
    tab = TAB_INDENT.match(page.line(mark))
    if tab and mark.column <= tab.start(1):
        start = page.at(mark.index - mark.column + tab.start(1))
        page.refuse(start, len(tab.group(1)), "yaml-tab", TAB, TAB_HELP)
    notes: tuple[str, ...] = ()
    if error.context and error.context_mark:
        notes = (f"{error.context} that begins at line {error.context_mark.line + 1}",)
    last = page.at(len(page.text.rstrip()))
    if mark.index >= len(page.text) or mark.line > last.line:
        mark = last  # the end of the text, which the parser puts on a line of its own
    advice = _options_advice(page, mark) or _bracket_advice(page, mark)
    if advice is None:
        advice = next((text for words, text in HELP.items() if words in problem), None)
    page.refuse(mark, 1, "yaml", problem, advice, notes)


LAYER_TEXT = re.compile(r"\s*- (\w++)(\s[^:]*+)?\Z")
OPTION = re.compile(r"\s+(\w++):")


def _options_advice(page: SourceText, mark: Mark) -> str | None:
    """The help where options stand indented below a line of layer text."""
    option = OPTION.match(page.line(mark))
    if option is None or option.end() - 1 != mark.column or mark.line == 0:
        return None
    above = page.at(mark.index - mark.column - 1)
    layer = LAYER_TEXT.match(page.line(above))
    if layer is None:
        return None
    words = (layer[2] or "").rstrip()
    if "->" in words:
        return f"give the layer with '{option[1]}:' a line of its own"
    return (
        f"a layer with options is a mapping: write '- {layer[1]}:{words}' and '{option[1]}:' "
        "below it"
    )


CLOSERS = re.compile(r"[,\]}]")


def _bracket_advice(page: SourceText, mark: Mark) -> str | None:
    """The help where a text inside [ ] or { } has brackets of its own, as in `[conv 6 x=n[0]]`."""
    line, column = page.line(mark), mark.column
    begin = max(line.rfind(opener, 0, column) for opener in ",[{") + 1
    inner = line.find("]", column)
    if line[column : column + 1] != "[" or inner < 0 or not line[begin:column].strip():
        return None
    closer = CLOSERS.search(line, inner + 1)
    text = line[begin : closer.start() if closer else len(line)].strip()
    layer = text.partition(": ")[2] or text
    return f'put a text with brackets in quotes: "{layer}"'


WORD = re.compile(r"[^\s,\[\]{}]+")  # an alias, an anchor, a tag, or the start of a | block


Mark: TypeAlias = Any  # a mark of either PyYAML parser, or a SourcePosition


class SourcePosition(NamedTuple):
    """A mark of our own: line, column and index in the text, counted from 0."""

    line: int
    column: int
    index: int  # type: ignore[assignment]  # hides tuple.index, which is not used


class SourceText:
    r"""A text and the name of its file.

    >>> page = SourceText("a: 1\nbc: 2", "net.yaml")
    >>> page.at(5), page.word(page.at(5)), page.line(page.at(8))
    (SourcePosition(line=1, column=0, index=5), 3, 'bc: 2')
    """

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file

    def at(self, index: int) -> SourcePosition:
        """The position of text[index]."""
        breaks = [match.end() for match in BREAK.finditer(self.text, 0, index)]
        return SourcePosition(len(breaks), index - (breaks[-1] if breaks else 0), index)

    def line(self, mark: Mark) -> str:
        """The whole line that a mark is on."""
        return self.text[mark.index - mark.column : line_end(self.text, mark.index)]

    def word(self, mark: Mark) -> int:
        """The length of the word that begins at a mark."""
        match = WORD.match(self.text, mark.index)
        return len(match.group()) if match else 1

    def span(self, start: Mark, width: int) -> Span:
        """The span of `width` characters from a mark on."""
        column = start.column + 1
        return Span(self.file, start.line + 1, column, column + width)

    def stretch(self, start: Mark, end: Mark) -> Span:
        """The span between two marks, cut at the end of the first line."""
        if start.line == end.line:
            return self.span(start, end.column - start.column)
        return self.span(start, len(self.line(start).rstrip()) - start.column)

    def refuse(
        self,
        mark: Mark,
        width: int,
        code: str,
        message: str,
        help: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> NoReturn:
        """Raise an error at a mark, with its source line.

        Raises:
            CnncalcError: always.
        """
        span = self.span(mark, width)
        raise CnncalcError(Diagnostic("error", code, message, span, notes, help, self.line(mark)))
