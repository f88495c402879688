import csv as stdlib
from io import StringIO

import pytest
from reports import lenet, report, residual, row

from cnncalc.render import report_table
from cnncalc.render.choice import Choice, ChoiceError
from cnncalc.shapes import Shape


def read(text, delimiter=","):
    return list(stdlib.DictReader(StringIO(text, newline=""), delimiter=delimiter))


def test_the_header_and_the_first_row_are_those_of_the_contract():
    header, first, *_ = report_table.separated(residual()).split("\r\n")
    assert header == (
        "index,name,type,out_h,out_w,out_c,kernel,stride,padding,"
        "weights,biases,params,buffers,connections,macs,rf"
    )
    assert first == "1,stem.conv,conv,112,112,64,7x7,2,3,9408,0,9408,0,118013952,118013952,7"


def test_there_is_one_row_per_primitive_layer_and_no_other():
    rows = read(report_table.separated(lenet()))
    assert [line["name"] for line in rows] == [r.name for r in lenet().rows]
    assert sum(int(line["params"]) for line in rows) == 61706
    assert rows[0]["index"] == "1"


def test_axes_that_a_layer_does_not_have_are_blank():
    last = read(report_table.separated(lenet()))[-1]
    assert (last["out_h"], last["out_w"], last["out_c"]) == ("", "", "10")


def test_axis_columns_follow_the_letters_that_occur():
    line, cube = Shape(2, (9,)), Shape(2, (3, 4, 5))
    rows = [row(1, "a", "reshape", "in", line, cube), row(2, "b", "reshape", "a", cube, line)]
    out = report_table.separated(report(rows), columns=["name", "output", "in"]).splitlines()
    letters = "out_l,out_d,out_h,out_w,out_c"
    assert out[0] == f"name,{letters},{letters.replace('out', 'in')}"
    assert out[1] == "a,,3,4,5,2,9,,,,2"


def test_chosen_columns_are_exactly_those_written():
    text = report_table.separated(lenet(), columns=["params", "name"])
    assert text.splitlines()[:2] == ["params,name", "156,C1"]


def test_percentages_are_plain_numbers():
    first = read(report_table.separated(lenet(), columns=["macs%"]))[0]
    assert float(first["macs%"]) == pytest.approx(28.23394, abs=1e-5)


def test_texts_with_commas_and_quotes_come_back_whole_and_line_breaks_replaced():
    shape = Shape(1)
    note = 'a "b", c\nd'
    text = report_table.separated(
        report([row(1, "a", "fc", "in", shape, shape, note=note)]), ["name", "note"]
    )
    assert read(text) == [{"name": "a", "note": 'a "b", c\ufffdd'}]


def test_tsv_is_the_same_with_tabs():
    tabs = read(report_table.separated(lenet(), delimiter="\t"), delimiter="\t")
    assert tabs == read(report_table.separated(lenet()))


def test_an_unknown_column_is_refused():
    with pytest.raises(ChoiceError, match=r"^there is no column 'shape'$"):
        report_table.separated(lenet(), columns=["shape"])


def test_markdown_aligns_numbers_and_ends_in_bold_totals():
    choice = Choice(depth=0, columns=("output", "params"))
    assert report_table.markdown(residual(), choice) == (
        "| Layer | Type | Output | Params |\n"
        "| --- | --- | ---: | ---: |\n"
        "| in | input | 224×224×3 |  |\n"
        "| stem | 4 layers | 56×56×64 | 9,536 |\n"
        "| layer1 | unit x2 | 56×56×64 | 147,968 |\n"
        "| gap1 | gap | 1×1×64 | 0 |\n"
        "| head | fc | 10 | 650 |\n"
        "| **total** |  |  | **158,154** |\n"
    )


def test_markdown_escapes_what_would_leave_the_cell():
    shape = Shape(1)
    of = report([row(1, "a", "fc", "in", shape, shape, note="x | y\\|\n*z* <b>")])
    lines = report_table.markdown(of, Choice(columns=("note",))).splitlines()
    assert lines[-1] == "| a | fc | x \\| y\\\\\\|\ufffd\\*z\\* \\<b> |"
