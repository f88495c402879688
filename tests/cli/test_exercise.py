"""Exercises on typed numbers: `conv --x`, `pool --x`, `conv-transpose --x`.

Outputs: the figure of the Stanford UFLDL tutorial on convolution (4 3 4; 2 4 3; 2 3 4), and sums
that are worked out by hand here. The public cases of this kind are in data/public/cases.yaml.
"""

from __future__ import annotations

from contextlib import suppress
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc.errors import CnncalcError
from cnncalc.inference import numerals

UFLDL = "1 1 1 0 0; 0 1 1 1 0; 0 0 1 1 1; 0 0 1 1 0; 0 1 1 0 0"
CROSS = "1 0 1; 0 1 0; 1 0 1"


def test_every_window_stands_beside_the_filter(cnncalc):
    answer = cnncalc("conv", "--x", UFLDL, "--filter", CROSS)
    assert (answer.status, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[:10] == [
        "output width   ⌊(W - F + 2P)/S⌋ + 1 = ⌊(5 - 3 + 2·0)/1⌋ + 1 = 3",
        "output         3 × 3 × 1   (H × W × C)",
        "",
        "map 0, y 0, x 0 = 4",
        "  map 0",
        "    input      filter     product",
        "    1  1  1    1  0  1    1  0  1",
        "    0  1  1    0  1  0    0  1  0",
        "    0  0  1    1  0  1    0  0  1",
        "  sum       1 + 0 + 1 + 0 + 1 + 0 + 0 + 0 + 1 = 4",
    ]
    assert [line[-1] for line in lines if line.startswith("map 0, y")] == list("434243234")
    assert lines[-5:] == [
        "output: 3×3×1", "  map 0", "    4  3  4", "    2  4  3", "    2  3  4",
    ]  # fmt: skip


def test_several_maps_have_subtotals_and_the_bias_comes_last(cnncalc):
    answer = cnncalc("conv", "--x", "1 2; 3 4 | 0 1; 1 0", "--filter", "1 0; 0 1 | 2 2; 2 2",
                     "--bias", "-1")  # fmt: skip
    # 1·1 + 4·1 = 5; 2·(0 + 1 + 1 + 0) = 4; 5 + 4 - 1 = 8
    assert answer.out.split("\n\n")[1].splitlines() == [
        "map 0, y 0, x 0 = 8",
        "  map 0",
        "    input    filter    product",
        "    1  2     1  0      1  0",
        "    3  4     0  1      0  4",
        "    sum     1 + 0 + 0 + 4 = 5",
        "  map 1",
        "    input    filter    product",
        "    0  1     2  2      0  2",
        "    1  0     2  2      2  0",
        "    sum     0 + 2 + 2 + 0 = 4",
        "  sum       5 + 4 = 9",
        "  result    9 - 1 (bias) = 8",
    ]


def test_a_pooling_names_the_largest(cnncalc):
    words = ("pool", "--x", "1 3 2 1; 4 6 5 0; 7 2 9 8; 1 0 3 4", "-F", 2)
    blocks = cnncalc(*words).out.split("\n\n")
    assert blocks[1].splitlines() == [
        "map 0, y 0, x 0 = 6", "  map 0", "    input", "    1  3", "    4  6",
        "  largest   6   (map 0, y 1, x 1)",
    ]  # fmt: skip
    assert blocks[-1].splitlines()[-2:] == ["    6  5", "    7  9"]
    mean = cnncalc(*words, "--kind", "avg").out
    assert "  sum       1 + 3 + 4 + 6 = 14\n  result    14 / 4 = 3.5\n" in mean


def test_padding_strides_and_a_row_of_numbers(cnncalc):
    out = cnncalc("conv", "--x", "1 2 3 4", "--filter", "1 0 -1", "-P", 1, "-S", 2).out
    assert out.splitlines()[3:5] == ["a point stands for a number of the padding", ""]
    # a 1-D input: 0·1 + 1·0 - 2 = -2, and 2 - 4 = -2
    assert "    .  1  2    1  0  -1    0  0  -2\n  sum       0 + 0 - 2 = -2\n" in out
    assert out.splitlines()[-2:] == ["  map 0", "    -2  -2"]


def test_groups_and_several_filters(cnncalc):
    words = ("conv", "--x", "1 2 | 3 4", "--filter", "10", "--filter", "1/2", "--groups", 2)
    document = cnncalc(*words, "--bias", "1,-1", "--json").json
    assert document["activations"]["conv"]["values"] == [[11, 21], [0.5, 1]]
    assert document["layers"][1]["multiplications"] == 4
    assert [trace["place"] for trace in document["traces"]] == [[0, 0], [0, 1], [1, 0], [1, 1]]
    transposed = ("deconv", "--x", "1 | 2 | 3 | 4", "--groups", 2, "--json",
                  "--filter", "1 | 10", "--filter", "100 | 1000",
                  "--filter", "1 | 10", "--filter", "100 | 1000")  # fmt: skip
    # the filters of a group lie on its own two maps: 1·1 + 2·10, 1·100 + 2·1000, and so on
    values = cnncalc(*transposed).json["activations"]["conv_transpose"]["values"]
    assert values == [[21], [2100], [43], [4300]]


def test_markdown_and_latex_hold_the_same_formulas(cnncalc):
    words = ("conv", "--x", "1 2; 3 4", "--filter", "0 1; -1 2", "--bias", 1)
    formula = (
        r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix} \odot "
        r"\begin{bmatrix} 0 & 1 \\ -1 & 2 \end{bmatrix} + 1 = 7 + 1 = 8"
    )
    markdown = cnncalc(*words, "--format", "md").out.splitlines()
    assert markdown[:5] == ["**map 0, y 0, x 0**", "", "$$", formula, "$$"]
    latex = cnncalc(*words, "--format", "latex").out.splitlines()
    assert latex[:4] == [r"\paragraph{map 0, y 0, x 0}", r"\[", f"  {formula}", r"\]"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["conv", "--x", "1 2; 3", "--filter", "1"],
         ('error[sample-number]: --x: row 1 has 1 number, but the first row has 2\n'
         '  = help: write rows apart by semicolons and maps by |, such as "1 2 3; 4 5 6"\n')),
        (["conv", "--x", "1 2; 3 a", "--filter", "1"],
         ("error[sample-number]: --x: row 1: 'a' is not a number\n"
         '  = help: write rows apart by semicolons and maps by |, such as "1 2 3; 4 5 6"\n')),
        (["conv", "--x", "1 2 | 3 4", "--filter", "1 1"],
         ("error[usage]: --filter has 1 map, but a filter sees 2 maps of --x\n"
         "  = help: write a filter's maps one after the other, apart by |\n")),
        (["conv", "--x", "1 2; 3 4", "--filter", "1 1", "--filter", "1"],
         "error[usage]: --filter 1 is 1×1, but the first is 1×2\n"),
        (["conv", "--x", "1 2; 3 4", "--filter", "1", "-W", "2"],
         "error[usage]: --w: the numbers of --x tell it\n  = help: leave out --w\n"),
        (["conv", "--x", "1 2", "--filter", "1", "--format", "csv"],
         ("error[usage]: an exercise is not written as csv\n"
         "  = help: it is table, json, md, latex\n")),
        (["conv", "--x", "1 2", "--filter", "1", "--bias", "1,2"],
         ("error[usage]: --bias is 1, 2, which is 2 numbers for 1 filter\n"
         "  = help: give one number, or one per filter\n")),
        (["conv", "--x", "1 1/0", "--filter", "1"],
         "error[sample-number]: --x: row 0: '1/0' is not a finite number\n"),
        (["conv", "--x", "", "--filter", "1"],
         ("error[sample-number]: --x: there are no numbers\n"
         '  = help: write rows apart by semicolons and maps by |, such as "1 2 3; 4 5 6"\n')),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(cnncalc, words, said):
    answer = cnncalc(*words)
    assert (answer.out, answer.err) == ("", said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["conv", "--x", "1 2"], "needs the filter's numbers"),
        (["conv", "-W", "8", "--filter", "1 2"], "is the numbers of a filter and needs --x"),
        (["conv", "--x", "1 2", "--filter", "1", "-S", "1,2"], "an exercise is of one setting"),
        (["conv", "--x", "1 2", "--filter", "1", "--vs", "mlp"], "compares sizes, not numbers"),
        (["pool", "--x", "1 2"], "the filter size (--f) is missing"),
    ],
)
def test_an_option_that_does_not_belong_is_refused(cnncalc, words, said):
    answer = cnncalc(*words)
    assert answer.status == 2
    assert said in " ".join(answer.err.replace("│", " ").split())


numbers = st.floats(-100, 100).map(lambda value: round(value, 2))


@given(st.data())
def test_typed_numbers_are_read_as_they_are_written(data):
    dims = tuple(data.draw(st.integers(1, 3)) for _ in range(3))
    values = data.draw(st.lists(numbers, min_size=prod(dims), max_size=prod(dims)))
    left = iter(values)
    text = " | ".join(
        ";".join(", ".join(str(next(left)) for _ in range(dims[2])) for _ in range(dims[1]))
        for _ in range(dims[0])
    )
    assert numerals.is_typed(text)
    assert numerals.typed(text, "x") == (dims, values)


@given(st.text("0123456789.;|,/ -e", max_size=12))
def test_any_text_is_read_or_refused_aloud(text):
    with suppress(CnncalcError):
        (maps, rows, columns), values = numerals.typed(text, "x")
        assert maps * rows * columns == len(values) > 0
