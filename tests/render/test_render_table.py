import re

from reports import lenet, report, residual, row

from cnncalc.analysis.report import Check
from cnncalc.render import report_table
from cnncalc.render.choice import Choice
from cnncalc.render.page import Page
from cnncalc.render.table import Column, Table
from cnncalc.shapes import Shape

ANSI = re.compile(r"\x1b\[[0-9;]*m")

RESIDUAL = """\
residual                                    H × W × C
Layer   Type         Output   Params         MACs  RF
─────────────────────────────────────────────────────
in      input     224×224×3
stem    4 layers   56×56×64    9,536  118,013,952  11
layer1  unit x2    56×56×64  147,968  462,422,016  43
gap1    gap          1×1×64        0            0
head    fc               10      650          640
─────────────────────────────────────────────────────
total                        158,154  580,436,608
"""


def test_headings_and_totals_are_set_off_by_lines():
    choice = Choice(depth=0, columns=("output", "params", "macs", "rf"))
    assert report_table.text(residual(), choice, Page(100)).startswith(
        f"{RESIDUAL}\nparams 158,154 ("
    )


def test_a_terminal_shows_the_same_texts_as_a_pipe():
    lines = report_table.text(lenet(), page=Page(100)).splitlines()
    words = [line.split() for line in lines if "─" not in line]
    assert words == [line.split() for line in report_table.text(lenet()).splitlines()]


def test_ascii_reaches_the_lines():
    text = report_table.text(lenet(), Choice(ascii=True), Page(100))
    assert text.isascii()
    assert "\n-----" in text


def test_without_colour_there_are_no_escapes_and_with_it_the_same_words():
    failed = Check("params", "60000", 61706, ok=False, delta=1706)
    of = lenet(expect=(failed,))
    bare, colored = (report_table.text(of, page=Page(100, color)) for color in (False, True))
    assert "\x1b" not in bare
    assert "\x1b[1;31mexpect: params expected 60,000, got 61,706 (+1,706) FAILED" in colored
    assert [line.rstrip() for line in ANSI.sub("", colored).splitlines()] == bare.splitlines()


def test_a_narrow_terminal_loses_whole_columns_and_says_which():
    text = report_table.text(lenet(), page=Page(80))
    assert "Connections" not in text
    assert text.endswith(
        "not shown for want of width: connections, biases (--columns shows them)\n"
    )
    assert max(map(len, text.splitlines()[:12])) <= 80


def test_a_terminal_that_is_just_wide_enough_shows_all():
    width = report_table.table(lenet()).texts().width
    assert "not shown" not in report_table.text(lenet(), page=Page(width))
    assert "not shown" in report_table.text(lenet(), page=Page(width - 1))


def test_chosen_columns_are_never_dropped_or_cut_but_stand_below_each_other():
    columns = ("weights", "biases", "connections", "macs", "flops", "neurons")
    text = report_table.text(lenet(), Choice(columns=columns), Page(30))
    assert all(word in text for word in ("Weights", "Connections", "FLOPs", "480,000"))
    assert "…" not in text
    table = text.split("\n\nparams")[0]
    assert max(map(len, table.splitlines())) <= 30
    assert table.count("C3") == 4  # the names stand in every block


def test_names_that_look_like_markup_or_emoji_stand_as_written():
    shape = Shape(1)
    of = report([row(1, "a", "fc", "in", shape, shape, note="[red]:smile:[/x]")], name="[bold]n")
    text = report_table.text(of, Choice(columns=("note",)), Page(100))
    assert text.startswith("[bold]n")
    assert "[red]:smile:[/x]" in text


def small():
    """A table of which two columns may be dropped, `b` before `c`."""
    columns = [Column("Name", "name", "a"), Column("B", key="b", worth=0)]
    rows = [["conv1", 1234567, 12.5, "a remark that is long"], ["fc", None, None, ""]]
    return Table([*columns, Column("C", key="c", worth=1), Column("Remark", "text", "d")], rows)


def test_columns_are_dropped_in_the_order_of_their_worth_and_others_never():
    texts = small().texts()
    assert texts.width == 46
    assert texts.fitted(46) == (texts, [])
    assert texts.fitted(45)[1] == ["b"]
    table, dropped = texts.fitted(1)
    assert (table.titles, dropped) == (["Name", "Remark"], ["b", "c"])
    assert table.rows == [["conv1", "a remark that is long"], ["fc", ""]]


def test_a_column_of_texts_is_cut_to_the_width_but_not_to_nothing():
    texts = small().texts()
    assert texts.shortened(40, "…").rows[0][-1] == "a remark that…"
    assert texts.shortened(40, "…").width <= 40
    assert texts.shortened(37, "...").rows[0][-1] == "a remark..."


def test_names_lose_their_middle_and_prose_takes_several_lines():
    columns = [Column("Name", "name", "a"), Column("Remark", "prose", "b")]
    table = Table(columns, [["a_very_long_name_that_never_stops", "this is long and wide"]])
    assert table.lines(page=Page(38)) == [
        "Name             Remark",
        "─" * 38,
        "a_very_…r_stops  this is long and wide",
    ]


def test_numbers_are_aligned_right_and_words_left():
    assert small().lines() == [
        "Name           B      C  Remark",
        "conv1  1,234,567  12.5%  a remark that is long",
        "fc",
    ]
    assert small().lines(titles=False)[1] == "fc"
    assert small().markdown().splitlines()[1] == "| --- | ---: | ---: | --- |"


def test_csv_has_keys_plain_numbers_and_no_sums():
    table = small()._replace(total=["total", 1, None, ""])
    assert table.separated("\t").split("\r\n") == [
        "a\tb\tc\td",
        "conv1\t1234567\t12.5\ta remark that is long",
        "fc\t\t\t",
        "",
    ]
