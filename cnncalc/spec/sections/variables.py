"""`vars:` -> the variables of a network: allowed names, kinds of values, and precedence.

The command line comes before the variant, and the variant before the file's own `vars`.
"""

from __future__ import annotations

from functools import cache
from keyword import iskeyword
from typing import TYPE_CHECKING

from cnncalc.errors import CnncalcError, Diagnostic, did_you_mean, failure
from cnncalc.spec.validation import shown
from cnncalc.spec.vocabulary import RESERVED, SCOPE_NAMES, is_plain_word
from cnncalc.spec.yaml_composer import compose
from cnncalc.spec.yaml_source import WORDS, MappingValue, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.errors import Span

KINDS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a word",
    list: "a list",
    tuple: "a list",
}


@cache
def may_name(text: str) -> bool:
    """Whether a variable, an argument or a loop variable may have this name.

    The built-in sizes may not, since every block sees them, nor may a word of the language, which
    would hide the variable.

    >>> may_name("width"), may_name("cin"), may_name("relu"), may_name("if")
    (True, False, False, False)
    """
    return text.isidentifier() and not (
        text in SCOPE_NAMES
        or text in RESERVED
        or text in WORDS
        or iskeyword(text)
        or is_plain_word(text)
    )


def variant_sections(tree: MappingValue, key: str) -> Iterator[MappingValue]:
    """The section of that name of every variant, such as its `vars`."""
    for _, variant in tree.section("variants").entries:
        if isinstance(variant, MappingValue):
            yield variant.section(key)


def variable_problems(tree: MappingValue) -> Iterator[Diagnostic]:
    """The mistakes in the variables of a file and of all its variants."""
    declared = tree.section("vars")
    for key, value in declared.entries:
        if not may_name(key.text):
            yield _reserved(key.text, key.span)
        held = plain(value)
        if type(held) not in KINDS:
            message = f"'{key.text}' must be a number, a word, true or false, or a list"
            yield Diagnostic("error", "wrong-type", message, value.span)
    known = {key.text: plain(value) for key, value in declared.entries}
    for changed in variant_sections(tree, "vars"):
        for key, value in changed.entries:
            try:
                checked(key.text, plain(value), known, key.span, value.span)
            except CnncalcError as error:
                yield from error.diagnostics


def _reserved(name: str, span: Span) -> Diagnostic:
    message = f"'{name}' cannot be the name of a variable"
    reason = "it is a reserved word"
    if name in SCOPE_NAMES:
        reason = "it is a built-in size or counter"
    elif not name.isidentifier():
        reason = "a name contains letters, digits and _, and starts with a letter"
    return Diagnostic("error", "reserved-name", message, span, help=reason)


def resolve_variables(
    declared: Mapping[str, object], changed: MappingValue | None, overrides: Mapping[str, object]
) -> dict[str, object]:
    """The variables of one network.

    Raises:
        CnncalcError: a changed variable is not declared, or changes its kind.
    """
    variables = dict(declared)
    for key, value in changed.entries if changed else ():
        variables[key.text] = checked(key.text, plain(value), declared, key.span, value.span)
    for name, override in overrides.items():
        variables[name] = checked(name, override, declared)
    return variables


def checked(
    name: str,
    value: object,
    known: Mapping[str, object],
    key_span: Span | None = None,
    value_span: Span | None = None,
) -> object:
    """A new value for a declared variable, which must be of the same kind.

    Raises:
        CnncalcError: the variable is not declared, or the value is of another kind.

    >>> checked("width", 0.5, {"width": 1})
    0.5
    """
    if name not in known:
        message = f"the spec has no variable '{name}'"
        listed = f"it has {', '.join(known)}" if known else "it declares none under 'vars'"
        raise failure(
            "unknown-variable", message, key_span, help=did_you_mean(name, known) or listed
        )
    wanted = KINDS.get(type(known[name]), "a value")
    if KINDS.get(type(value)) != wanted:
        seen = "a mapping" if isinstance(value, dict) else shown(value)
        raise failure("wrong-type", f"{name} must be {wanted}, got {seen}", value_span)
    return value


def parse_setting(text: str) -> tuple[str, object]:
    """The name and value of `--set name=value`; the value is read as in a spec file.

    Raises:
        CnncalcError: the text is not of that form.

    >>> parse_setting("n=[3, 4, 6, 3]")
    ('n', [3, 4, 6, 3])
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise failure("bad-setting", f"--set takes NAME=VALUE, got '{text}'")
    return name.strip(), plain(compose(value, "--set"))
