"""Expressions compute what Python computes, within limits; all else is refused with its position."""

# ruff: noqa: E501 - the tables are read by row

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc.spec.expressions import ExpressionError, parse

ENV = {
    "a": 3, "z": 0, "x": 1.5, "width": 1.0, "t": True, "f": False, "act": "relu", "none": None,
    "n": [3, 4, 6, 3], "rows": [[1, 2], [3, 4]], "i": 0, "reps": 3,
}  # fmt: skip


def value(text, **more):
    return parse(text).evaluate({**ENV, **more})


def error(text, **more):
    with pytest.raises(ExpressionError) as caught:
        value(text, **more)
    return caught.value


def same(found, expected):
    assert found == expected
    assert type(found) is type(expected)


# --- what is computed ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("64", 64), ("1_000", 1000), ("1e3", 1000.0), (".5", 0.5), (" a ", 3), ("a\n+ 1", 4),
        ("2 + 3*a", 11), ("(2 + 3)*a", 15), ("-a", -3), ("+a", 3), ("2 - -a", 5), ("-2**2", -4),
        ("2**10", 1024), ("2**-1", 0.5), ("a % 2", 1), ("-7 % 3", 2),
        ("a < 5 < 7", True), ("a < 5 < 4", False), ("a == 3 != z", True), ("1 >= 1.0", True),
        ("act == 'relu'", True), ('act != "relu"', False), ("act == 1", False), ("n == [3,4,6,3]", True),
        ("none == 3", False), ("t == true", True), ("f == False", True), ("true", True), ("False", False),
        ("t and a", 3), ("f and a", False), ("f or a", 3), ("a or 1/z", 3), ("z and 1/z", 0), ("not z", True),
        ("a if t else 1/z", 3), ("1/z if f else act", "relu"), ("(a < 2) == f", True),
        ("n[0]", 3), ("n[-1]", 3), ("n[i + 2]", 6), ("rows[1][0]", 3), ("[5, a][1]", 3), ("[]", []),
    ],
)  # fmt: skip
def test_the_language(text, expected):
    same(value(text), expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8/2", 4), ("-8/2", -4), ("7/2", 3.5), ("8.0/2", 4.0),
        ("7//2", 3), ("-7//2", -4), ("7.5//2", 3), ("64*width//2", 32),
        ("ceil(3.2)", 4), ("floor(-3.2)", -4), ("int(-3.7)", -3), ("int(3.7)", 3),
        ("round(2.5)", 2), ("round(3.5)", 4), ("round(0.99)", 1),
        ("sqrt(16)", 4), ("sqrt(2)", math.sqrt(2)), ("sqrt(0.25)", 0.5),
        ("log2(8)", 3), ("log2(1)", 0), ("log2(0.5)", -1.0), ("log2(6)", math.log2(6)),
        ("64*width", 64.0),
    ],
)  # fmt: skip
def test_whole_numbers_stay_whole(text, expected):
    same(value(text), expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("min(3, 1, 2)", 1), ("max(3, a, 2.5)", 3), ("max(n)", 6), ("min([a, 2])", 2), ("max(7)", 7),
        ("abs(-a)", 3), ("len(n)", 4), ("sum(n)", 16), ("sum([])", 0), ("max(1, round(9*0.33))", 3),
    ],
)  # fmt: skip
def test_functions(text, expected):
    same(value(text), expected)


# The channels of MobileNetV2 1.4 and 0.35 as its authors' code rounds them (tensorflow/models,
# slim/nets/mobilenet); the first convolution of EfficientNet-B7, the last of B2 and B6.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("div8(32*1.4)", 48), ("div8(16*1.4)", 24), ("div8(24*1.4)", 32), ("div8(64*1.4)", 88),
        ("div8(96*1.4)", 136), ("div8(160*1.4)", 224), ("div8(320*1.4)", 448),
        ("div8(32*0.35)", 16), ("div8(16*0.35)", 8), ("div8(24*0.35)", 8), ("div8(64*0.35)", 24),
        ("make_divisible(32*2.0, 8)", 64), ("make_divisible(1280*1.1, 8)", 1408),
        ("make_divisible(32*1.4)", 48), ("make_divisible(1280*1.8)", 2304),
        ("make_divisible(30, 4)", 32), ("div8(10)", 16), ("div8(3)", 8), ("ceil_to(33)", 40), ("ceil_to(32)", 32), ("ceil_to(0.5)", 8),
        ("ceil_to(48*0.75, 8)", 40), ("ceil_to(10, 3)", 12), ("ceil_to(64*1.25)", 80),
    ],
)  # fmt: skip
def test_roundings_of_widths(text, expected):
    same(value(text), expected)


@given(st.integers(1, 200), st.integers(1, 64))
def test_a_width_made_divisible_lost_at_most_a_tenth(x, d):
    rounded = value("make_divisible(x, d)", x=x, d=d)
    assert rounded % d == 0
    assert rounded >= max(d, 0.9 * x)
    assert rounded - x <= d


@given(st.floats(0, 10**6), st.integers(1, 64))
def test_ceil_to_is_the_next_multiple(x, d):
    rounded = value("ceil_to(x, d)", x=x, d=d)
    assert rounded % d == 0
    assert rounded - d < x <= rounded


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("first(2)", [2, 1, 1]), ("first(2, 5)", [2, 5, 5]), ("first(2, b=a)", [2, 3, 3]),
        ("last(2)", [1, 1, 2]), ("last(act, b=1)", [1, 1, "relu"]), ("16 + 8*i", [16, 24, 32]),
        ("i % 2 == 0", [True, False, True]),
    ],
)  # fmt: skip
def test_repeats(text, passes):
    assert [value(text, i=i, reps=3) for i in range(3)] == passes


def test_outside_a_repeat_the_only_pass_is_first_and_last():
    assert (value("first(2)", i=0, reps=1), value("last(2)", i=0, reps=1)) == (2, 2)


# --- names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("64", []), ("true", []), ("max(1, c) + len(n)", ["c", "n"]), ("s != 1 or cin != c", ["c", "cin", "s"]),
        ("first(2)", ["i"]), ("last(k)", ["i", "k", "reps"]), ("act == 'relu'", ["act"]),
        ("rows[k][0]", ["k", "rows"]),
    ],
)  # fmt: skip
def test_names_are_the_variables_that_are_read(text, names):
    assert sorted(parse(text).names) == names


def test_the_same_text_is_read_once():
    assert parse("div8(c)") is parse("div8(c)")


# --- what is refused -----------------------------------------------------------------------

NO_PLACE = "is not allowed in an expression"


@pytest.mark.parametrize(
    ("text", "at", "code", "message", "advice"),
    [
        ("2*widht", "widht", "unknown-name", "there is no variable 'widht'", "did you mean 'width'?"),
        ("qqq", "qqq", "unknown-name", "there is no variable 'qqq'", None),
        ("cell(3)", "cell", "unknown-name", "there is no function 'cell'", "did you mean 'ceil'?"),
        ("max + 1", "max", "unknown-name", "there is no variable 'max'", "'max' is a function: write max(...)"),
        ("last", "last", "unknown-name", "there is no variable 'last'", "'last' is a function: write last(...)"),
        ("__import__('os')", "__import__", "unknown-name", "there is no function '__import__'", None),
        ("1 + a/z", "z", "division-by-zero", "division by zero", None),
        ("a//(z*2)", "z*2", "division-by-zero", "division by zero", None),
        ("a % z", "z", "division-by-zero", "division by zero", None),
        ("z**-1", "-1", "division-by-zero", "division by zero", None),
        ("9**9**9", "9**9**9", "number-too-big", "powers go up to 4096 ** 16", None),
        ("4097**2", "4097**2", "number-too-big", "powers go up to 4096 ** 16", None),
        ("2**17", "2**17", "number-too-big", "powers go up to 4096 ** 16", None),
        ("1 + 4096**16", "4096**16", "number-too-big", "the number is beyond 2^53", None),
        ("9007199254740993", "9007199254740993", "number-too-big", "the number is beyond 2^53", None),
        ("9007199254740992 + 1", "9007199254740992 + 1", "number-too-big", "the number is beyond 2^53", None),
        ("1e400", "1e400", "number-too-big", "the number is beyond 2^53", None),
        ("x/1e-320", "x/1e-320", "number-too-big", "the number is beyond 2^53", None),
        ("1e-300**-16", "1e-300**-16", "number-too-big", "the number is beyond 2^53", None),
        ("n[4]", "4", "expression", "there is no item 4 in a list of 4", "items are counted from 0"),
        ("n[-5]", "-5", "expression", "there is no item -5 in a list of 4", "items are counted from 0"),
        ("n[1.0]", "1.0", "expression", "a whole number is needed here, not 1.0", None),
        ("n[t]", "t", "expression", "a whole number is needed here, not true", None),
        ("act[0]", "act", "expression", "a list is needed here, not the word 'relu'", None),
        ("2*act", "act", "expression", "a number is needed here, not the word 'relu'", None),
        ("t + 1", "t", "expression", "a number is needed here, not true", None),
        ("n*2", "n", "expression", "a number is needed here, not a list", None),
        ("-none", "none", "expression", "a number is needed here, not nothing", None),
        ("a < act", "act", "expression", "a number is needed here, not the word 'relu'", None),
        ("f < t", "f", "expression", "a number is needed here, not false", None),
        ("a == t", "t", "expression", "3 and true cannot be compared", None),
        ("act == t", "t", "expression", "the word 'relu' and true cannot be compared", None),
        ("act and a", "act", "expression", "a condition must be true, false or a number, not the word 'relu'", None),
        ("not n", "n", "expression", "a condition must be true, false or a number, not a list", None),
        ("1 if none else 2", "none", "expression", "a condition must be true, false or a number, not nothing", None),
        ("'relu'", "'relu'", "expression", "a quoted word may only be compared, with == or !=", None),
        ("'a' + act", "'a'", "expression", "a quoted word may only be compared, with == or !=", None),
        ("act < 'z'", "'z'", "expression", "a quoted word may only be compared, with == or !=", None),
        ("abs(2, act)", "abs(2, act)", "expression", "abs() takes 1 argument, not 2", None),
        ("floor(act)", "act", "expression", "a number is needed here, not the word 'relu'", None),
        ("len(act)", "len(act)", "expression", "a list is needed here, not the word 'relu'", None),
        ("max([])", "max([])", "expression", "the list is empty", None),
        ("sum([1, t])", "sum([1, t])", "expression", "a number is needed here, not true", None),
        ("max()", "max()", "expression", "max() takes 1 or more arguments, not 0", None),
        ("ceil_to(1, 2, 3)", "ceil_to(1, 2, 3)", "expression", "ceil_to() takes 1 or 2 arguments, not 3", None),
        ("first(1, 2, b=3)", "first(1, 2, b=3)", "expression", "first() takes 1 or 2 arguments, not 3", None),
        ("first(b=3)", "first(b=3)", "expression", "first() takes 1 or 2 arguments, not 0", None),
        ("max(a, b=2)", "b=2", "expression", "max() takes no argument named 'b'", None),
        ("last(a, c=2)", "c=2", "expression", "last() takes no argument named 'c'", None),
        ("ceil_to(a, 0)", "ceil_to(a, 0)", "expression", "the divisor must be at least 1, got 0", None),
        ("ceil_to(a, 2.5)", "ceil_to(a, 2.5)", "expression", "a whole number is needed here, not 2.5", None),
        ("sqrt(-a)", "sqrt(-a)", "expression", "sqrt(-3) is not a real number", None),
        ("log2(z)", "log2(z)", "expression", "log2(0) is not defined: the number must be above 0", None),
        ("(-8)**0.5", "(-8)**0.5", "expression", "the root of the negative number -8 is not real", None),
        ("n.pop", "n.pop", "expression", f"'n.pop' {NO_PLACE}", None),
        ("n.pop()", "n.pop", "unknown-name", "there is no function 'n.pop'", None),
        ("[k for k in n]", "[k for k in n]", "expression", f"'[k for k in n]' {NO_PLACE}", None),
        ("a is n", "a is n", "expression", f"'a is n' {NO_PLACE}", None),
        ("a is 3", "a is 3", "expression", f"'a is 3' {NO_PLACE}", None),
        ("None", "None", "expression", f"'None' {NO_PLACE}", None),
        ("(1, 2)", "(1, 2)", "expression", f"'(1, 2)' {NO_PLACE}", "write a size as 1x2"),
        ("max(*n)", "*n", "expression", f"'*n' {NO_PLACE}", None),
        ("lambda: 3", ":", "expression", f"':' {NO_PLACE}", None),
        ("(y := 3)", ":", "expression", f"':' {NO_PLACE}", None),
        ("n[1:2]", ":", "expression", f"':' {NO_PLACE}", None),
        ("{1}", "{", "expression", f"'{{' {NO_PLACE}", None),
        ("a # b", "#", "expression", f"'#' {NO_PLACE}", None),
        ("2×a", "×", "expression", f"'×' {NO_PLACE}", "write *"),
        ("2–a", "–", "expression", f"'–' {NO_PLACE}", "write -"),
        ("８", "８", "expression", f"'８' {NO_PLACE}", "write 8"),
        ("3х3", "х", "expression", f"'х' {NO_PLACE}", "write x, the Latin letter"),
        ("→", "→", "expression", f"'→' {NO_PLACE}", "write ->, with a space on either side"),
        ("3X3", "3X3", "expression", "'3X3' is neither a number nor a name", "write 3x3"),
        ("3x3/2", "3x3", "expression", "'3x3' is neither a number nor a name", "write 3x3 s2"),
        ("3x3->relu", "3x3", "expression", "'3x3' is neither a number nor a name",
         "write spaces around '->': 3x3 -> relu"),
        ("/2", "/2", "expression", "'/2' is not an expression", "write s2 for a stride"),
        ("2^a", "^", "expression", f"'^' {NO_PLACE}", "write **"),
        ("t & f", "&", "expression", f"'&' {NO_PLACE}", "write and"),
        ("f'x'", "f'x'", "expression", f"'f'x'' {NO_PLACE}", None),
        ("...", "...", "expression", f"'...' {NO_PLACE}", None),
        ("2 + 4k", "4k", "expression", "'4k' is neither a number nor a name",
         "write 4*k for a product, and a space before a word"),
        ("0x10", "0x10", "expression", "'0x10' is neither a number nor a name",
         "write 4*k for a product, and a space before a word"),
        ("1if t else 2", "1if", "expression", "'1if' is neither a number nor a name",
         "write 4*k for a product, and a space before a word"),
        (" 2 +", "2 +", "expression", "'2 +' is not an expression", None),
        ("010", "010", "expression", "'010' is not an expression", None),
        ("a=3", "a=3", "expression", "'a=3' is not an expression", None),
        ("(a", "(a", "expression", "'(a' is not an expression", None),
        ("1) + (2", "1) + (2", "expression", "'1) + (2' is not an expression", None),
        ("", "", "expression", "the expression is empty", None),
    ],
)  # fmt: skip
def test_refused_at_its_place(text, at, code, message, advice):
    found = error(text)
    assert (found.code, found.message, found.help) == (code, message, advice)
    assert text[found.start : found.end] == at
    assert str(found) == message


@pytest.mark.parametrize("text", ["big", "big - 1", "[big][0]", "many[0]", "max(many)", "-big"])
def test_a_large_variable_is_refused_like_a_large_number(text):
    value(text, big=2**53, many=[2**53])
    found = error(text, big=2**53 + 1, many=[2**53 + 1])
    assert (found.code, found.message) == ("number-too-big", "the number is beyond 2^53")


@pytest.mark.parametrize("strange", [math.inf, -math.inf, math.nan, 1e300])
def test_a_strange_variable_is_not_calculated_with(strange):
    for text in ("floor(k)", "1 + k", "-k", "k < 3"):
        assert error(text, k=strange).code == "number-too-big"


@pytest.mark.parametrize(
    ("fine", "beyond", "message"),
    [
        ("1" + " " * 298 + " ", "1" + " " * 300, "the expression has 301 characters; 300 are allowed"),
        ("+".join(["1"] * 60), "+".join(["1"] * 61), "the expression has more than 120 parts"),
        ("-" * 119 + "1", "-" * 120 + "1", "the expression has more than 120 parts"),
    ],
)  # fmt: skip
def test_limits_of_length(fine, beyond, message):
    value(fine)
    found = error(beyond)
    assert (found.code, found.message) == ("expression", message)


def test_the_largest_powers():
    assert value("4096**4 / 32") == 2**43
    assert value("2**16") == 65536
    assert value("4096.0**-16") == 4096.0**-16


# --- against Python ------------------------------------------------------------------------

NAMES = {"a": 3, "b": -7, "c": 0, "x": 0.5, "y": -2.25}
LEAVES = st.one_of(
    st.integers(0, 99).map(str), st.sampled_from(["0.5", "1e-3", "2.75", *NAMES])
)  # fmt: skip


def _grow(trees):
    infix = st.sampled_from(["+", "-", "*", "/", "//", "%", "**"])
    comparison = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    condition = st.tuples(trees, comparison, trees).map(" ".join)
    joined = st.tuples(condition, st.sampled_from(["and", "or"]), condition).map(" ".join)
    test = st.one_of(condition, joined, condition.map("not ({})".format))
    return st.one_of(
        st.tuples(trees, infix, trees).map("({0[0]} {0[1]} {0[2]})".format),
        trees.map("-{}".format),
        st.tuples(trees, test, trees).map("({0[0]} if {0[1]} else {0[2]})".format),
        st.tuples(st.sampled_from(["min", "max"]), trees, trees).map(
            "{0[0]}({0[1]}, {0[2]})".format
        ),
        st.tuples(st.sampled_from(["abs", "int", "round"]), trees).map("{0[0]}({0[1]})".format),
        st.tuples(trees, trees).map("[{0[0]}, {0[1]}][{0[0]} > {0[1]} and 1 or 0]".format),
    )


TREES = st.recursive(LEAVES, _grow, max_leaves=12).filter(lambda text: len(text) <= 250)
PYTHON = {"min": min, "max": max, "abs": abs, "int": int, "round": round}


@given(TREES)
def test_a_value_is_the_value_of_python(text):
    try:
        found = parse(text).evaluate(NAMES)
    except ExpressionError as complaint:
        assert complaint.code in {"number-too-big", "division-by-zero", "expression"}  # noqa: PT017
        return
    assert found == eval(text, {"__builtins__": PYTHON}, dict(NAMES))


SMALL = st.recursive(
    st.integers(0, 9).map(str),
    lambda trees: st.tuples(trees, st.sampled_from(["+", "-", "*", "%", "/", "//"]), trees).map(
        "({0[0]} {0[1]} {0[2]})".format
    ),
    max_leaves=10,
)


@given(SMALL)
def test_small_arithmetic_always_has_a_value_unless_it_divides_by_zero(text):
    try:
        expected = eval(text)
    except ZeroDivisionError:
        assert error(text).code == "division-by-zero"
    else:
        assert value(text) == expected


@given(st.text(alphabet="ab019.+-*/%()[]<>=!,' _eifnotrandxj\"\\:{}#é", max_size=40))
def test_any_text_has_a_value_or_a_place(text):
    try:
        value(text)
    except ExpressionError as complaint:
        assert 0 <= complaint.start <= complaint.end <= len(text)  # noqa: PT017
