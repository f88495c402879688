from fractions import Fraction

import pytest
from reports import lenet, report, residual, row, totals, window

from cnncalc.analysis.report import Memory, ReceptiveField
from cnncalc.errors import Span
from cnncalc.render.choice import Choice, ChoiceError
from cnncalc.render.columns import COLUMNS, SORTABLE, CellStyle, help_text, select, sorting
from cnncalc.render.fold import lines
from cnncalc.render.report_table import USUAL, table
from cnncalc.shapes import Shape


def cell(key, of, at=0, **style):
    shown = lines(of, Choice(expand=True))[1 + at]
    return COLUMNS[key].cell(shown, CellStyle(of, **style))


def texts(of, choice=USUAL):
    """The table with its cells written out."""
    return table(of, choice).texts(choice.units, ascii_only=choice.ascii)


def one(**facts):
    """A report on one convolution."""
    shape = facts.pop("out", Shape(4, (5, 5)))
    return report([row(1, "a", "conv", "in", Shape(1, (8, 8)), shape, **facts)])


def test_every_column_answers_for_inputs_layers_and_groups():
    for of in (lenet(), residual()):
        for line in lines(of, Choice(depth=0)):
            for column in COLUMNS.values():
                assert isinstance(column.cell(line, CellStyle(of)), (int, float, str, type(None)))


def test_an_input_has_a_shape_and_no_counts():
    shown = texts(lenet())
    first = dict(zip(shown.titles, shown.rows[0], strict=True))
    assert first["Output"] == "32×32×1"
    assert first["Params"] == first["MACs"] == first["F"] == ""


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("kernel", [5, 5], "5×5"),
        ("kernel", [1, 7], "1×7"),
        ("kernel", [80], "80"),
        ("stride", [2, 2], "2"),
        ("stride", [1, 2], "1×2"),
        ("padding", [[1, 1], [1, 1]], "1"),
        ("padding", [[0, 1], [0, 1]], "0+1"),
        ("padding", [[1, 1], [2, 2]], "1×2"),
        ("padding", [[0, 1], [1, 1]], "0+1×1"),
        ("padding", 3, "3"),
        ("padding", [1, 1], "1"),
        ("dilation", [2, 2], "2"),
        ("groups", 32, "32"),
        ("bias", True, "yes"),
        ("bias", False, "no"),
    ],
)
def test_settings_are_written_as_people_write_them(key, value, text):
    assert cell(key, one(settings={key: value})) == text


def test_settings_that_a_layer_does_not_have_are_blank():
    assert cell("kernel", one(settings={"kernel": None})) is None
    assert cell("kernel", one()) is None


@pytest.mark.parametrize(("layout", "text"), [("HWC", "4×6×3"), ("CHW", "3×4×6"), ("WHD", "6×4×3")])
def test_shapes_follow_the_layout(layout, text):
    assert cell("output", one(out=Shape(3, (4, 6))), layout=layout) == text


def test_percentages_are_of_the_whole_network():
    assert cell("params%", lenet(), 0) == pytest.approx(0.2528, abs=1e-4)
    assert cell("macs%", lenet(), 3) == pytest.approx(57.6203, abs=1e-4)
    assert cell("params%", one()) is None


def test_memory_counts_the_batch_and_the_bytes_of_a_number():
    of = lenet(totals=lenet().totals._replace(memory=Memory("fp16", 8, 0, 0, 0)))
    assert cell("memory", of) == 28 * 28 * 6 * 8 * 2


def test_a_receptive_field_with_a_gate_sees_at_least_its_size():
    field = ReceptiveField((35, 35), (4, 4), (0.5, 0.5), gated=True)
    assert cell("rf", one(receptive_field=field)) == "≥35"
    assert cell("rf", one(receptive_field=field), bare=True) == "35"


def test_the_jump_of_branches_that_disagree_is_not_a_number():
    field = ReceptiveField((9, 7), (4, 4), (Fraction(1, 2), Fraction(-3, 2)))
    assert cell("jump", one(receptive_field=field)) == "4"
    assert cell("jump", one(receptive_field=field._replace(aligned=False))) == "mixed"
    assert cell("rf", one(receptive_field=field)) == "9×7"
    assert cell("start", one(receptive_field=field)) == "0.5×-1.5"


def test_a_vector_network_has_no_field():
    assert cell("rf", one(receptive_field=ReceptiveField((), (), ()))) is None


def test_fit_names_what_is_unread_and_counts_it_in_groups():
    assert cell("fit", one(unused=(0, 1))) == "0×1 unused"
    assert cell("fit", one(unused=(0, 0))) == "exact"
    assert cell("fit", one()) is None
    stem = lines(residual(), Choice(depth=0))[1]
    assert COLUMNS["fit"].cell(stem, CellStyle(residual())) == "unused in 2 layers"


def test_facts_about_the_source_are_texts():
    of = one(span=Span("net.yaml", 1234, 1, 2), block="unit", shared_with="b", note="see Table I")
    assert [cell(key, of) for key in ("source", "block", "shared", "note", "inputs", "in")] == [
        "1234", "unit", "b", "see Table I", "in", "8×8×1",
    ]  # fmt: skip


def test_a_merge_shows_all_its_input_shapes():
    a, b = Shape(3, (4, 4)), Shape(5, (4, 4))
    merge = row(1, "c", "concat", "x", a, Shape(8, (4, 4)))
    of = report([merge._replace(inputs=("x", "y"), in_shapes=(a, b))])
    assert cell("in", of) == "4×4×3, 4×4×5"
    assert cell("inputs", of) == "x, y"


def test_an_unknown_column_says_what_may_be_meant():
    assert len(select(["params", "macs"])) == 2
    with pytest.raises(ChoiceError) as caught:
        select(["params", "mcas"])
    assert str(caught.value) == "there is no column 'mcas'"
    assert caught.value.help == "did you mean 'macs'?"


def test_only_numbers_can_be_sorted_by():
    assert sorting("neurons").key == "neurons"
    with pytest.raises(ChoiceError) as caught:
        sorting("type")
    assert str(caught.value) == "there is no number to sort by called 'type'"


def test_sorting_puts_the_largest_first_and_top_keeps_the_totals():
    shown = texts(lenet(), Choice(columns=("params",), sort="params", top=2))
    assert [cells[0] for cells in shown.rows] == ["C5", "F6"]
    assert shown.total == ["total", "", "61,706"]


def test_equal_lines_keep_their_order():
    shown = texts(residual(), Choice(columns=("macs",), sort="macs", top=3))
    assert [cells[0] for cells in shown.rows] == ["stem.conv", "layer1.0.conv1", "layer1.0.conv2"]


def test_the_help_tells_of_every_column_once():
    listed = [line.split()[0] for line in help_text().splitlines()]
    assert listed == list(COLUMNS)
    assert set(SORTABLE) <= set(listed)


def test_usual_columns_that_would_be_empty_are_left_out():
    shape = Shape(10)
    of = report([row(1, "a", "fc", "in", shape, shape, weights=100)])
    assert texts(of).titles == [
        "#", "Layer", "Type", "Output", "Weights", "Biases", "Params", "Connections", "MACs",
    ]  # fmt: skip


def test_chosen_columns_stay_even_when_empty_and_follow_the_name():
    shape = Shape(10)
    of = report([row(1, "a", "fc", "in", shape, shape)])
    assert texts(of, Choice(columns=("kernel",))).titles == ["Layer", "Type", "F"]
    assert texts(of, Choice(columns=("kernel", "type"))).titles == ["Layer", "F", "Type"]
    assert texts(of, Choice(columns=("kernel", "name"))).titles == ["F", "Layer"]


def test_columns_without_sums_have_no_totals_row():
    assert texts(lenet(), Choice(columns=("kernel", "rf"))).total == []


def test_si_units_shorten_counts_and_leave_sizes():
    shown = texts(lenet(), Choice(columns=("kernel", "macs"), units="si"))
    assert shown.rows[1] == ["C1", "conv + tanh", "5×5", "118 k"]
    assert shown.total[-1] == "417 k"


def test_ascii_cells_use_no_other_signs():
    of = lenet()
    every = texts(of, Choice(columns=tuple(COLUMNS), ascii=True))
    assert all(text.isascii() for cells in every.rows for text in cells)


def test_totals_are_read_not_added_up():
    of = one(weights=3)
    lone = report(of.rows, totals=totals(of.rows, params=7))
    assert texts(lone, Choice(columns=("params",))).total == ["total", "", "7"]


def test_window_settings_of_a_group_are_blank():
    of = residual()
    stem = lines(of, Choice(depth=0))[1]
    assert stem.rows[0].settings == window(7, 2, 3, bias=False)
    assert COLUMNS["kernel"].cell(stem, CellStyle(of)) is None
