from fractions import Fraction

import pytest

from cnncalc.render import format as form


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
