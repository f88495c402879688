import re
from fractions import Fraction
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc.render import format as form
from cnncalc.render.format import printable, without_commands, without_controls


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00 k"),
        (61706, "61.7 k"),
        (999499, "999 k"),
        (999500, "1.00 M"),
        (25557032, "25.6 M"),
        (4089184256, "4.09 G"),
        (8178368512, "8.18 G"),
    ],
)
def test_three_digits_and_a_prefix(number, text):
    assert form.si(number) == text


def test_a_number_beyond_all_prefixes_is_written_out():
    assert form.si(10**33) == f"{10**33:,}"
    assert form.si(10**32) == "100 Q"
    assert form.with_unit(10**33, "FLOPs") == f"{10**33:,} FLOPs"
    assert form.with_unit(10**32, "FLOPs") == "100 QFLOPs"
    assert form.bytes_text(10**33) == f"{10**33:,} B (789 QiB)"


def test_large_counts_do_not_pass_through_a_float():
    assert form.grouped(2**63 + 1) == "9,223,372,036,854,775,809"
    assert form.si(10**24 - 1) == "1.00 Y"


def test_bytes_are_written_in_both_units_each_labelled():
    assert form.bytes_text(4 * 25557032) == "102 MB (97.5 MiB)"
    assert form.bytes_text(999) == "999 bytes"
    assert form.bytes_text(1024) == "1.02 kB (1.00 KiB)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 2), "0.5"),
        (Fraction(-5, 2), "-2.5"),
        (Fraction(223, 2), "111.5"),
        (Fraction(1, 3), "0.333…"),
        (Fraction(1, 1000), "0.001"),
        (Fraction(1, 10000), "0.000…"),
        (Fraction(6, 2), "3"),
        (1600, "1,600"),
    ],
)
def test_decimals_are_exact_or_say_that_more_would_follow(value, text):
    assert form.decimal(value) == text


def test_one_value_stands_for_axes_that_agree():
    assert form.per_axis([3, 3, 3]) == "3"
    assert form.per_axis([1, 3, 3]) == "1×3×3"
    assert form.per_axis([]) == ""


def test_wide_and_combining_characters_are_measured_as_terminals_do():
    assert form.display_width("网络") == 4
    assert form.display_width("e\u0301") == 1
    assert form.pad("网", 4, right=False) == "网  "


def test_ascii_spells_the_projects_signs_and_replaces_all_others():
    assert form.to_ascii("⌈53.25⌉ · 3×3 → é") == "ceil(53.25) * 3x3 -> ?"


# -- what controls a terminal

COLOR = r"\x1b\[[0-9;]*m"
BIDIRECTIONAL = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}  # Unicode: UAX 9, table 4


def controls(sign):
    """Whether a character is a control, a separator of lines, a half of a pair, or rearranges."""
    return category(sign) in {"Cc", "Cs", "Zl", "Zp"} or ord(sign) in BIDIRECTIONAL


def marked(text):
    return "".join("\ufffd" if controls(sign) else sign for sign in text)


PIECES = st.one_of(
    st.characters(),
    st.sampled_from(
        ["\r\n", "\n", "\t", "\r", "\x1b[1;31m", "\x1b[", "\x1b", "\x85", "\ufeff", "×"]
    ),
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@given(TEXTS)
def test_a_name_is_printed_without_its_controls(text):
    assert printable(text) == marked(text)


@given(TEXTS, st.booleans())
def test_output_keeps_its_line_ends_its_tabs_and_the_colours_that_are_allowed(text, colors):
    allowed = rf"({COLOR}|\r\n|[\n\t])" if colors else r"(\r\n|[\n\t])"
    pieces = re.split(allowed, text)
    expected = "".join(piece if index % 2 else marked(piece) for index, piece in enumerate(pieces))
    assert without_controls(text, colors=colors) == expected


def test_every_control_alone():
    for sign in map(chr, sorted({*range(0x100), *BIDIRECTIONAL, 0x2028, 0xD800})):
        assert printable(sign) == marked(sign)
        assert without_controls(sign) == (sign if sign in "\n\t" else marked(sign))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a::b #[c] ##", "a::b #[c] ##"), ("::x", "\ufffd:x"), (" \t::x", " \t\ufffd:x"),
        ("a\n::x", "a\n\ufffd:x"), ("a ##[x]", "a \ufffd#[x]"), ("\x1b[1m::x", "\x1b[1m\ufffd:x"),
    ],
)  # fmt: skip
def test_what_github_would_obey_is_marked(text, shown):
    """A line that begins with :: and, anywhere, ##[: see GitHub's "Workflow commands"."""
    assert without_commands(text) == shown
