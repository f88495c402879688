"""YAML text becomes values with positions; harmful or misleading YAML is refused."""

import io
import json
import subprocess
import sys
import textwrap

import pytest
import yaml

from cnncalc.errors import CnncalcError, Diagnostic, Span
from cnncalc.lines import line_of, with_lines
from cnncalc.spec import yaml_composer
from cnncalc.spec.yaml_composer import compose
from cnncalc.spec.yaml_source import MAX_BYTES, ListValue, MappingValue, Scalar, plain, read

FILE = "net.yaml"
LOADERS = {yaml.SafeLoader, yaml_composer.LOADER}


@pytest.fixture(params=sorted(LOADERS, key=lambda loader: loader.__name__))
def loader(request, monkeypatch):
    """Both parsers of PyYAML: the C one where there is one, and the Python one."""
    monkeypatch.setattr(yaml_composer, "LOADER", request.param)
    return request.param


def values(text):
    return plain(compose(text, FILE))


def error(text, file=FILE):
    with pytest.raises(CnncalcError) as caught:
        compose(text, file)
    (diagnostic,) = caught.value.diagnostics
    assert caught.value.exit_code == 1
    return diagnostic


def under(diagnostic):
    """The characters that the carets stand under."""
    return diagnostic.line_text[diagnostic.span.column - 1 : diagnostic.span.end_column - 1]


# --- what a scalar means -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0), ("8", 8), ("-2", -2), ("+3", 3), ("1_000_000", 1_000_000),
        ("0.5", 0.5), (".5", 0.5), ("5.", 5.0), ("1e-3", 0.001), ("1e3", 1000.0),
        ("-1.5E+2", -150.0),
        ("true", True), ("false", False), ("null", None), ("~", None),
    ],
)  # fmt: skip
def test_a_plain_scalar_is_a_number_or_a_switch(loader, text, value):
    found = values(f"key: {text}")["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "on", "off", "yes", "no", "y", "True", "FALSE", "Null", "1:30", "010", "00", "0x10", "0o10",
        "1__0", "_1", "1_", "1.2.3", "1e", "e5", ".", "-", "+", "..", ".inf", ".nan", "inf", "nan",
        "2001-01-01", "714M", "4.09G", "32x32x1", "1_000.5", "01.5", "١", "conv 6 5x5", "=",
    ],
)  # fmt: skip
def test_all_else_is_text(loader, text):
    assert values(f"- {text}" if text != "-" else "[-]") == [text]


def test_nothing_at_all_is_null(loader):
    assert values("a:\nb: {c: , d}") == {"a": None, "b": {"c": None, "d": None}}


@pytest.mark.parametrize("text", ["8", "true", "null", "", "1e3"])
def test_a_quoted_scalar_is_text(loader, text):
    assert values(f"['{text}', \"{text}\"]") == [text, text]


def test_a_block_scalar_is_text(loader):
    assert values("a: |-\n  8\nb: >-\n  8\n") == {"a": "8", "b": "8"}


def test_keys_are_text(loader):
    assert values("{on: 1, 8: 2, true: 3, 1e3: 4, null: 5}") == {
        "on": 1, "8": 2, "true": 3, "1e3": 4, "null": 5
    }  # fmt: skip


def test_the_text_of_a_number_is_kept_as_written():
    scalar = compose("1_000", FILE)
    assert (scalar.value, scalar.text) == (1000, "1_000")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9" * 31, "a whole number has at most 30 digits"),
        ("1e999", "the number does not fit in a float"),
        ("-1e999", "the number does not fit in a float"),
        ("1e-999", "the number does not fit in a float"),
    ],
)
def test_a_number_that_cannot_be_held_is_refused(text, message):
    found = error(f"a: {text}")
    assert (found.code, found.message, under(found)) == ("number-range", message, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("9" * 30, 10**30 - 1), ("1e308", 1e308), ("1e-300", 1e-300), ("0e-999", 0.0)],
)
def test_the_largest_and_smallest_numbers_are_read(text, value):
    assert values(text) == value


# --- the tree and its places ---------------------------------------------------------------

LENET = """\
name: "LeNet-5"   # 1998
layers:
- C1: conv 6 5x5 tanh
- add: [identity, [relu, 'conv 16 1x1']]
- C3: conv 16 5x5
  table: |   # Table I
    X..
    .XX

"""


def test_the_tree_is_typed_and_in_order(loader):
    tree = compose(LENET, FILE)
    assert isinstance(tree, MappingValue)
    assert tree.keys() == ("name", "layers")
    assert isinstance(tree.get("layers"), ListValue)
    assert isinstance(tree.get("name"), Scalar)
    assert tree.get("no such key") is None
    assert plain(tree) == {
        "name": "LeNet-5",
        "layers": [
            {"C1": "conv 6 5x5 tanh"},
            {"add": ["identity", ["relu", "conv 16 1x1"]]},
            {"C3": "conv 16 5x5", "table": "X..\n.XX\n"},
        ],
    }


def test_both_parsers_find_the_same_places(monkeypatch):
    trees = []
    for each in LOADERS:
        monkeypatch.setattr(yaml_composer, "LOADER", each)
        trees.append(compose(LENET, FILE))
    assert trees[0] == trees[-1]


def test_a_collection_spans_its_first_line(loader):
    tree = compose(LENET, FILE)
    layers = tree.get("layers")
    add = layers.items[1].get("add")
    assert tree.span == Span(FILE, 1, 1, 25)
    assert layers.span == Span(FILE, 3, 1, 22)
    assert layers.items[0].span == Span(FILE, 3, 3, 22)
    assert add.span == Span(FILE, 4, 8, 41)
    assert add.items[1].span == Span(FILE, 4, 19, 40)
    assert compose("[a,\n b]", FILE).span == Span(FILE, 1, 1, 4)
    assert compose("{}", FILE).span == Span(FILE, 1, 1, 3)


def slices(text, scalar, word):
    """What stands in the file where `slice` says a word of the scalar's text is."""
    start = scalar.text.index(word)
    span = scalar.slice(start, start + len(word))
    return line_of(text, span.line)[span.column - 1 : span.end_column - 1]


@pytest.mark.parametrize(
    "text",
    [
        "key: conv 6 5x5 rleu # note",
        "ключ: conv 6 5x5 rleu",
        "{key: conv 6 5x5 rleu}",
        "key: 'conv 6 5x5 rleu'",
        '"a×b": "conv 6 5x5 rleu"',
        "a: 1\r\nkey: conv 6 5x5 rleu\r\n",
        "key: |\n   conv 6 5x5 rleu\n",
        "key: |2-   # note\n\n    conv 6\n   5x5 rleu bn\n",
        "🙂: [conv 6 5x5 rleu]",
    ],
)
def test_a_word_of_a_text_is_found_in_the_file(loader, text):
    scalar = compose(text, FILE).entries[-1][1]
    scalar = scalar.items[0] if isinstance(scalar, ListValue) else scalar
    assert slices(text, scalar, "rleu") == "rleu"
    assert slices(text, scalar, "conv 6") == "conv 6"


def test_rows_of_a_picture_have_their_own_lines(loader):
    table = compose(LENET, FILE).get("layers").items[2].get("table")
    assert table.span == Span(FILE, 6, 10, 11)
    assert table.slice(0, 1) == Span(FILE, 7, 5, 6)
    assert table.slice(4, 7) == Span(FILE, 8, 5, 8)
    assert table.slice(2, 6) == Span(FILE, 7, 7, 8)  # a place ends with its line


@pytest.mark.parametrize(
    ("text", "span"),
    [
        (r'a: "x\ty z"', Span(FILE, 1, 4, 12)),
        ("a: 'it''s z'", Span(FILE, 1, 4, 13)),
        ("a: x  # no\nb: y\n  z", Span(FILE, 2, 4, 5)),
        ('b: "y\n  z"', Span(FILE, 1, 4, 6)),
        ("b: >-\n  y\n  z", Span(FILE, 1, 4, 6)),
    ],
)
def test_where_a_word_cannot_be_found_the_scalar_is_meant(loader, text, span):
    scalar = compose(text, FILE).entries[-1][1]
    assert scalar.slice(scalar.text.index("z"), scalar.text.index("z") + 1) == span


def test_a_byte_order_mark_is_dropped(loader):
    tree = compose("\ufeffkey: 1", FILE)
    assert tree.get("key").span == Span(FILE, 1, 6, 7)


# --- what is refused -----------------------------------------------------------------------

ALIAS = "YAML anchors, aliases and merge keys are not used here"
TAG = "YAML tags are not used here"
TAB = "tab used for indentation; YAML allows only spaces"
STRANGE = "the file contains a character that is not text "
SECOND = "a file may hold only one document; a second one begins here"
DEEP = "lists and mappings are nested more than 64 levels deep"


@pytest.mark.parametrize(
    ("text", "code", "message", "where", "word"),
    [
        ("a: 1\nb: 2\n'a': 3", "duplicate-key", "the key 'a' is already used", "3:1", "'a'"),
        ("x: {1: 2, 1: 3}", "duplicate-key", "the key '1' is already used", "1:11", "1"),
        ("a: &x [1]", "yaml-alias", ALIAS, "1:4", "&x"),
        ("- &long_name b", "yaml-alias", ALIAS, "1:3", "&long_name"),
        ("a: [*x, 1]", "yaml-alias", ALIAS, "1:5", "*x"),
        ("<<: {a: 1}", "yaml-alias", ALIAS, "1:1", "<<"),
        ("a: !!int 3", "yaml-tag", TAG, "1:4", "!!int"),
        ("a: !!python/object:os.system {}", "yaml-tag", TAG, "1:4", "!!python/object:os.system"),
        ("a: ! 3", "yaml-tag", TAG, "1:4", "!"),
        ("a: !x &y [3]", "yaml-tag", TAG, "1:4", "!x"),
        ("a: 1\n---\nb: 2", "yaml-documents", SECOND, "2:1", "---"),
        ("[" * 65 + "]" * 65, "too-deep", DEEP, "1:65", "["),
        ("- " * 65 + "x", "too-deep", DEEP, "1:129", "-"),
        ("a: {? [1] : 2}", "yaml-key", "a key must be a word or a number", "1:7", "["),
        ("a:\n\t- b", "yaml-tab", TAB, "2:1", "\t"),
        ("a:\n - b\n \t\t- c", "yaml-tab", TAB, "3:2", "\t\t"),
        ("a: b\n\tc: d", "yaml-tab", TAB, "2:1", "\t"),
        ("-\ta: b", "yaml-tab", TAB, "1:2", "\t"),
        ("- x\n  \t- y", "yaml-tab", TAB, "2:3", "\t"),
        ("a: x\x00y", "not-text", STRANGE + "(U+0000)", "1:5", "�"),
        ("a\nb: \x1b[2J", "not-text", STRANGE + "(U+001B)", "2:4", "�"),
        ("a: \ufeff", "not-text", STRANGE + "(U+FEFF)", "1:4", "�"),
        ("a: \ud800", "not-text", STRANGE + "(U+D800)", "1:4", "�"),
    ],
)  # fmt: skip
def test_refused_at_its_place(loader, text, code, message, where, word):
    found = error(text)
    assert (found.code, found.message) == (code, message)
    assert found.span.where == f"{FILE}:{where}"
    assert under(found) == word


def test_a_key_without_a_name_is_refused(loader):
    found = error("{'': 1, ? : 2}")
    assert (found.code, found.message) == ("yaml-key", "there is no key before the ':'")
    assert found.span.line == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: {a: 2}", {"a": 1, "b": {"a": 2}}),
        ("a: '&x'", {"a": "&x"}),
        ("a: x*y & z", {"a": "x*y & z"}),
        ("'<<': 1", {"<<": 1}),
        ("a: no!", {"a": "no!"}),
        ("---\na: 1\n...\n", {"a": 1}),
        ("{'': 1}", {"": 1}),
        ("{? a : 2}", {"a": 2}),
        ("a: |\n  x\n  \ty\n", {"a": "x\n\ty\n"}),
        ("a: é\u2028b: 🙂", {"a": "é", "b": "🙂"}),
    ],
)
def test_the_nearest_thing_that_is_fine(loader, text, value):
    assert values(text) == value


@pytest.mark.skipif(
    yaml_composer.LOADER is yaml.SafeLoader, reason="the Python parser takes no tabs"
)
@pytest.mark.parametrize("text", ["a:\n  - b\t# tab", "a:\t[b]", "a: [\n\tb]"])
def test_a_tab_that_indents_nothing_is_fine(text):
    assert values(text) == {"a": ["b"]}


def test_sixty_four_levels_are_fine(loader):
    tree = values("[" * 64 + "]" * 64)
    for _ in range(63):
        (tree,) = tree
    assert tree == []


def test_the_help_says_what_to_do_instead():
    assert error("a: *x").help == "use 'blocks' for repeated layers, 'vars' for repeated values"
    assert error("a: !x 1").help == "write the value without a tag: its type follows from its form"
    assert error("a: 1\n---\n").help == "put each in a file of its own"
    assert error("[" * 65).help == "use blocks to nest less deeply"


def test_a_duplicate_key_tells_of_the_first():
    assert error("a: 1\n\nb: 2\na: 3").notes == ("first used at line 1",)


def test_a_tab_is_told_as_a_tab():
    text = "input: 32x32x1\n\nlayers:\n\t- conv 6 5x5\n"
    assert error(text) == Diagnostic(
        "error", "yaml-tab", "tab used for indentation; YAML allows only spaces",
        Span(FILE, 4, 1, 2), (), "replace each tab with two spaces", "\t- conv 6 5x5",
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "\ufeff"])
def test_an_empty_file_is_called_empty(loader, text):
    found = error(text)
    assert (found.code, found.message) == ("empty", "the file is empty")
    assert found.help == "a network has at least an input and a list of layers"
    assert found.span.where == f"{FILE}:1:1"


@pytest.mark.skipif(yaml_composer.LOADER is yaml.SafeLoader, reason="the words of the C parser")
@pytest.mark.parametrize(
    ("text", "where", "message", "advice", "notes"),
    [
        (
            "a: x: y", "1:5", "mapping values are not allowed in this context",
            "a text that contains ': ' needs quotes", (),
        ),
        (
            "a: @x", "1:4", "found character that cannot start any token",
            "quote a text that begins with this character",
            ("while scanning for the next token that begins at line 1",),
        ),
        (
            "a:\n  [1,\n  2\n\n", "3:4", "did not find expected ',' or ']'",
            "a list ends with ] and has commas between its items",
            ("while parsing a flow sequence that begins at line 2",),
        ),
        (
            "a: {b: 1", "1:9", "did not find expected ',' or '}'",
            "a mapping ends with } and has commas between its entries",
            ("while parsing a flow mapping that begins at line 1",),
        ),
        (
            "a: 1\n- b", "2:1", "did not find expected key",
            "the entries of one list or mapping must start in the same column",
            ("while parsing a block mapping that begins at line 1",),
        ),
        (
            'a: "x', "1:6", "found unexpected end of stream", None,
            ("while scanning a quoted scalar that begins at line 1",),
        ),
    ],
)  # fmt: skip
def test_other_mistakes_are_told_in_the_words_of_the_parser(text, where, message, advice, notes):
    found = error(text)
    assert (found.code, found.message, found.help, found.notes) == ("yaml", message, advice, notes)
    assert found.span.where == f"{FILE}:{where}"


@pytest.mark.parametrize("text", ["a: x: y", "a: @x", "a: [1", "a: {b", "a: 1\n- b", 'a: "x', "]"])
def test_a_mistake_has_a_place_whatever_the_parser(loader, text):
    found = error(text)
    assert found.code == "yaml"
    assert 1 <= found.span.line <= text.count("\n") + 1
    assert found.line_text in text


# --- size ----------------------------------------------------------------------------------

BIG = "is larger than 8 MiB, the limit for a spec"


def test_too_many_values_are_refused(monkeypatch):
    monkeypatch.setattr(yaml_composer, "MAX_VALUES", 6)
    assert values("a: [1, 2, 3]") == {"a": [1, 2, 3]}
    found = error("a: [1, 2, 3,\n 4]")
    assert (found.code, found.span.where) == ("too-many", f"{FILE}:2:2")
    assert found.message == "the file contains more than 6 keys and values"
    assert found.help == "use blocks and repeats"


def test_a_text_at_the_limit_is_read_and_no_longer_one():
    assert values("'" + "x" * (MAX_BYTES - 2) + "'") == "x" * (MAX_BYTES - 2)
    found = error("'" + "x" * (MAX_BYTES - 1) + "'")
    assert (found.code, found.message) == ("too-big", f"'{FILE}' {BIG}")


HOSTILE = textwrap.dedent("""
    import io, json, sys, time
    from cnncalc.errors import CnncalcError
    from cnncalc.spec.yaml_composer import compose
    from cnncalc.spec.yaml_source import read

    laughs = "".join(f"l{n + 1}: &l{n + 1} [{', '.join([f'*l{n}'] * 10)}]\\n" for n in range(9))
    sys.stdin = open("/dev/zero")
    attacks = {
        "flow": lambda: compose("[" * 10_000 + "]" * 10_000, "f"),
        "mapping": lambda: compose("{a: " * 10_000 + "}" * 10_000, "f"),
        "block": lambda: compose("- " * 10_000, "f"),
        "laughs": lambda: compose("l0: &l0 lol\\n" + laughs, "f"),
        "cycle": lambda: compose("a: &a [*a]", "f"),
        "file": lambda: compose(read(sys.argv[1]), "f"),
        "device": lambda: compose(read("/dev/zero"), "f"),
        "stdin": lambda: compose(read("-"), "f"),
            "keys": lambda: compose("\\n".join(f"k{n}: 1" for n in range(600_000)), "f"),
            "folded": lambda: compose("a: [b\\n" + "ab\\n" * 2_700_000, "f"),
        "literal": lambda: compose("a: |\\n" + " ab\\n" * 2_000_000 + "]", "f"),
    }
    found = {}
    for name, attack in attacks.items():
        start = time.process_time()
        try:
            attack()
        except CnncalcError as error:
            found[name] = [error.diagnostics[0].code, time.process_time() - start]
    # Not getrusage: a child's ru_maxrss begins with what its parent, a test worker, has used.
    with open("/proc/self/status") as status:
        (high,) = (line.split()[1] for line in status if line.startswith("VmHWM"))
    found["peak"] = ["kb", int(high)]
    print(json.dumps(found))
""")

REFUSALS = {
    "flow": "too-deep", "mapping": "too-deep", "block": "too-deep",
    "laughs": "yaml-alias", "cycle": "yaml-alias",
    "file": "too-big", "device": "too-big", "stdin": "too-big",
    "keys": "too-many", "folded": "yaml",
    "literal": "yaml",
    "peak": "kb",
}  # fmt: skip


@pytest.mark.skipif(yaml_composer.LOADER is yaml.SafeLoader, reason="the C parser's speed")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_hostile_texts_are_refused_in_no_time_and_little_memory(tmp_path):
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as stream:
        stream.truncate(100_000_000)
    command = [sys.executable, "-c", HOSTILE, str(huge)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    kilobytes = found["peak"][1]
    assert {name: code for name, (code, _) in found.items()} == REFUSALS
    assert kilobytes < 200_000
    for name in ("flow", "mapping", "block", "laughs", "cycle", "file", "device", "stdin"):
        assert found[name][1] < 1, name  # processor seconds; without the limits, minutes


@pytest.mark.parametrize("depth", [65, 999, 1_001, 10_000])
@pytest.mark.parametrize(
    ("before", "level", "where"),
    [
        ("", "[", "1:65"),
        ("", "{a: ", "1:257"),
        ("", "- ", "1:129"),
        ("", "[{a: ", "1:161"),
        ("", "[\n", "65:1"),
        ("a: é\r\nb:\r\n  - ", "[", "3:67"),
    ],
)
def test_deep_nesting_is_refused_at_one_place_by_every_parser(loader, before, level, depth, where):
    # libyaml from 0.2.6 on gives up at a depth of 1,000 itself, before any event of "[[[[".
    found = error(before + level * depth)
    assert (found.code, found.message) == ("too-deep", DEEP)
    assert found.span.where == f"{FILE}:{where}"


def test_an_earlier_mistake_goes_before_nesting_that_the_parser_refuses(loader):
    assert error("a: 1\na: 2\nb: " + "[" * 2_000).code == "duplicate-key"


# --- files ---------------------------------------------------------------------------------


def refused(path):
    with pytest.raises(CnncalcError) as caught:
        read(str(path))
    (diagnostic,) = caught.value.diagnostics
    return caught.value.exit_code, diagnostic.code, diagnostic.message


def test_a_file_is_read_as_utf_8(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_bytes("\ufeffname: Ünet ×\r\n".encode())
    assert read(str(path)) == "name: Ünet ×\r\n"


def test_a_file_that_cannot_be_read(tmp_path):
    missing = tmp_path / "missing.yaml"
    assert refused(missing) == (3, "no-file", f"there is no file '{missing}'")
    assert refused(tmp_path) == (3, "unreadable", f"'{tmp_path}' is a directory, not a file")
    under_file = tmp_path / "file"
    under_file.write_text("a: 1")
    message = f"cannot read '{under_file / 'x'}': not a directory"
    assert refused(under_file / "x") == (3, "unreadable", message)
    assert refused("a\0b")[:2] == (3, "unreadable")
    assert refused("a\0b")[2] == "cannot read 'a\0b': embedded null byte"


def test_a_file_in_another_encoding(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_bytes("a: 1\nname: Ünet\n".encode("latin-1"))
    assert refused(path) == (3, "not-utf8", f"line 2 of '{path}' is not UTF-8 text")
    path.write_bytes("a: 1".encode("utf-16"))
    assert refused(path) == (3, "not-utf8", f"line 1 of '{path}' is not UTF-8 text")


def test_a_file_of_the_largest_size_is_read_and_no_larger_one(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_bytes(b"#" * MAX_BYTES)
    assert len(read(str(path))) == MAX_BYTES
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert refused(path) == (1, "too-big", f"'{path}' {BIG}")


def test_the_standard_input_is_read_to_the_limit(monkeypatch):
    def feed(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    feed("a: ×".encode())
    assert read("-") == "a: ×"
    feed(b"#" * (MAX_BYTES + 1))
    assert refused("-") == (1, "too-big", f"the standard input {BIG}")
    feed(b"\xff")
    assert refused("-") == (3, "not-utf8", "line 1 of the standard input is not UTF-8 text")


# --- source lines --------------------------------------------------------------------------


def test_diagnostics_get_the_lines_they_lack():
    here, there = Span(FILE, 2, 1, 2), Span("other.yaml", 2, 1, 2)
    bare = CnncalcError(
        Diagnostic("error", "x", "in the file", here),
        Diagnostic("error", "x", "with its line", here, line_text="own"),
        Diagnostic("error", "x", "elsewhere", there),
        Diagnostic("error", "x", "nowhere"),
        exit_code=3,
        partial="so far",
    )
    text = "\ufeffa: 1\r\nb: 2\r\n"
    shown = with_lines(bare, text, FILE)
    assert [d.line_text for d in shown.diagnostics] == ["b: 2", "own", None, None]
    assert (shown.exit_code, shown.partial) == (3, "so far")
    assert [d.line_text for d in with_lines(bare, text).diagnostics] == [
        "b: 2",
        "own",
        "b: 2",
        None,
    ]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\x85", "\u2028"])
def test_lines_are_counted_as_yaml_counts(line_break):
    text = line_break.join(["a: 1", "", "b: 2"])
    assert [line_of(text, n) for n in (1, 2, 3, 4)] == ["a: 1", "", "b: 2", ""]
    assert compose(text, FILE).get("b").span == Span(FILE, 3, 4, 5)


def test_the_parser_is_not_trusted_with_the_end_of_the_text():
    """Where it gives up at the end of a text, it names a line that the text does not have."""
    text = "input: 20\n" + "[" * 1000
    with pytest.raises(CnncalcError) as caught:
        compose(text, "net.yaml")
    (problem,) = caught.value.diagnostics
    assert problem.span.line == 2
    assert problem.span.column <= 1001
