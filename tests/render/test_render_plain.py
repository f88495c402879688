from fractions import Fraction

from reports import lenet, report, residual, row, totals

from cnncalc.analysis.report import Check, Port
from cnncalc.render import report_table, summary
from cnncalc.render.choice import Choice
from cnncalc.shapes import Shape

LENET = """\
LeNet-5                                                                                H × W × C
#  Layer  Type                  F  S  P    Output  Weights  Biases  Params  Connections     MACs
0  in     input                           32×32×1
1  C1     conv + tanh         5×5  1  0   28×28×6      150       6     156      117,600  117,600
2  S2     avgpool             2×2  2  0   14×14×6        0       0       0        4,704        0
3  C3     conv + tanh         5×5  1  0  10×10×16    2,400      16   2,416      240,000  240,000
4  S4     avgpool             2×2  2  0    5×5×16        0       0       0        1,600        0
5  C5     conv + tanh         5×5  1  0   1×1×120   48,000     120  48,120       48,000   48,000
6  F6     fc 120→84 + tanh                     84   10,080      84  10,164       10,080   10,080
7  out    fc 84→10 + softmax                   10      840      10     850          840      840
   total                                            61,470     236  61,706      422,824  416,520

params 61,706 (61,470 weights + 236 biases)   connections 422,824 (429,342 with biases)
MACs 416,520 (833,040 FLOPs)
expect: 1 of 1 ok
"""

RESIDUAL = """\
residual                                    H x W x C
Layer   Type         Output   Params         MACs  RF
in      input     224x224x3
stem    4 layers   56x56x64    9,536  118,013,952  11
layer1  unit x2    56x56x64  147,968  462,422,016  43
gap1    gap          1x1x64        0            0
head    fc               10      650          640
total                        158,154  580,436,608
"""


def test_the_whole_table_of_lenet():
    assert report_table.text(lenet()) == LENET


def test_a_folded_table_of_chosen_columns_in_ascii():
    choice = Choice(depth=0, columns=("output", "params", "macs", "rf"), ascii=True)
    table, _, foot = report_table.text(residual(), choice).partition("\n\n")
    assert f"{table}\n" == RESIDUAL
    assert foot == (
        "params 158,154 (157,824 weights + 330 biases)   buffers 640   "
        "connections 580,436,608 (580,436,618 with biases)\n"
        "MACs 580 M (1.16 GFLOPs)   2 layers leave input unread (--columns fit)\n"
    )


def test_wide_characters_keep_the_columns_aligned():
    shape = Shape(1)
    rows = [
        row(1, "a", "fc", "in", shape, shape, note="全連接層"),
        row(2, "b", "fc", "a", shape, shape, note="plain"),
    ]
    lines = report_table.text(report(rows), Choice(columns=("note", "params"))).splitlines()
    assert lines[3:5] == ["a      fc     全連接層       0", "b      fc     plain          0"]


def test_markup_and_other_signs_of_the_user_stand_as_written():
    shape = Shape(1)
    of = report([row(1, "a", "fc", "in", shape, shape, note="[bold]x[/x]")])
    assert "[bold]x[/x]" in report_table.text(of, Choice(columns=("note",)))


def test_the_title_names_the_order_of_the_axes():
    def letters(shape, **choice):
        of = report([row(1, "a", "identity", "in", shape, shape)], inputs=(Port("in", shape),))
        return report_table.title(of, Choice(**choice))[1]

    picture = Shape(3, (8, 8))
    assert letters(picture) == "H × W × C"
    assert letters(picture, layout="CHW") == "C × H × W"
    assert letters(picture, layout="WHD") == "W × H × D"
    assert letters(picture, ascii=True) == "H x W x C"
    assert letters(Shape(1, (8,))) == "L × C"
    assert letters(Shape(1, (8, 8, 8))) == "D × H × W × C"
    assert letters(Shape(9)) == ""


def test_the_summary_says_what_differs_and_only_that():
    sums = totals(
        [], weights=90, biases=10, params=100, trainable=40, inference_params=80, fixed=840
    )
    of = report(lenet().rows, totals=sums)
    assert summary.lines(of)[0] == (
        "params 100 (90 weights + 10 biases)   at inference 80   trainable 40   fixed 840   "
        "connections 0 (0 with biases)"
    )


def test_one_layer_that_rounds_is_told_in_the_singular():
    shape = Shape(1, (4, 4))
    of = report([row(1, "a", "maxpool", "in", shape, shape, unused=(0, 1))])
    assert summary.lines(of)[1] == "MACs 0 (0 FLOPs)   1 layer leaves input unread (--columns fit)"


def test_memory_is_told_with_its_assumptions():
    assert summary.lines(lenet(), memory=True)[2] == (
        "memory (fp32, batch 1)   params 247 kB (241 KiB)   "
        "activations 36.5 kB (35.6 KiB)   peak while running 23.5 kB (23.0 KiB)"
    )


def test_buffers_are_added_only_on_their_own_line():
    assert summary.with_buffers(residual().totals) == "params + buffers 158,794\n"


def test_the_rows_alone_are_the_table_without_title_and_foot():
    assert report_table.lines(lenet()) == LENET.split("\n\n", maxsplit=1)[0].splitlines()[1:]


def test_expectations_are_met_or_say_by_how_much_not():
    failed = Check("params", "60000", 61706, ok=False, delta=1706)
    written = Check("macs", "714M", 61706, ok=False, delta=-713438294)
    shape = Check("output", "7x7x512", "6x6x512", ok=False)
    assert summary.expectation(failed) == (
        "expect: params expected 60,000, got 61,706 (+1,706) FAILED"
    )
    assert summary.expectation(written) == (
        "expect: macs expected 714M, got 61,706 (-713,438,294) FAILED"
    )
    assert summary.expectation(shape) == "expect: output expected 7x7x512, got 6x6x512 FAILED"
    assert summary.expectation(shape._replace(ok=True)) == "expect: output 6x6x512 ok"


def test_a_network_without_groups_or_fields_prints():
    shape = Shape(2)
    of = report([row(1, "a", "upsample", "in", shape, shape, settings={"scale": Fraction(3, 2)})])
    assert report_table.text(of).startswith("net\n#  Layer  Type")
