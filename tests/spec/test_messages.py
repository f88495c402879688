"""Every message in full, with its position, notes and help, and beside it a correct spec.

The cases are in `tests/data/messages`, a file for each part of the language.
"""

import json
import re
from pathlib import Path

import pytest
from written import complaints, error, network, report, said

from cnncalc.errors import CnncalcError
from cnncalc.network import PartialNetwork
from cnncalc.spec.sections.variables import parse_setting

FOLDER = Path(__file__).parents[1] / "data" / "messages"


def cases():
    for path in sorted(FOLDER.glob("*.txt")):
        for part in re.split(r"^=== ", path.read_text(), flags=re.MULTILINE)[1:]:
            title, _, rest = part.partition("\n")
            spec, _, rest = rest.partition("--- right with ")
            change, _, message = rest.partition("\n")
            yield pytest.param(spec, *json.loads(change), message, id=f"{path.stem}: {title}")


@pytest.mark.parametrize(("spec", "wrong", "right", "message"), list(cases()))
def test_message(spec, wrong, right, message):
    assert said(spec) == message.removesuffix("\n")
    assert wrong in spec
    report(spec.replace(wrong, right, 1))


class TestDesign:
    """The messages that are not about reading a spec."""

    NINE = """
        input: 224x224x3
        layers:
          - stem: conv 64 7x7 s2
        """

    def test_9_a_stride_that_does_not_divide_is_a_note(self):
        (note,) = report(self.NINE).diagnostics
        assert (note.severity, note.code) == ("note", "fit")
        assert note.message == (
            "1 layer leaves part of its input unread: "
            "stem, (224 - 7 + 2·0)/2 = 108.5, 1 column unused"
        )
        assert (note.span.line, note.span.column, note.span.end_column) == (3, 11, 15)

    def test_9_the_first_of_several_stands_for_all(self):
        (note,) = report(self.NINE + "  - conv 64 4x4 s2\n").diagnostics
        assert note.message == (
            "2 layers leave part of their input unread; "
            "first: stem, (224 - 7 + 2·0)/2 = 108.5, 1 column unused"
        )

    def test_9_nothing_is_said_where_the_stride_divides(self):
        assert report(self.NINE.replace("224x224", "223x223")).diagnostics == ()

    def test_9_nothing_is_said_of_padding_that_is_left_over(self):
        """Half of all networks: 224 - 7 + 2·3 = 223 is odd, but what goes unread is a zero."""
        assert report(self.NINE.replace("s2", "s2 p3")).diagnostics == ()

    def test_16_a_failed_expectation_knows_its_place(self):
        spec = "input: 32x32x1\nlayers: [C1: conv 6 5x5]\nexpect: {params: 150}\n"
        (check,) = report(spec).expect
        assert (check.ok, check.actual, check.delta) == (False, 156, 6)
        assert (check.span.line, check.span.column, check.span.end_column) == (3, 18, 21)
        (check,) = report(spec.replace("150", "156")).expect
        assert (check.ok, check.delta) == (True, 0)


class TestTogether:
    """Independent mistakes are reported at once, in the order of the file."""

    SPEC = """
        input: 3x64x64
        colour: blue
        vars: {cin: 4, width: 8}
        defaults: {maxpool: 2x2 stirde=2}
        blocks:
          never(c): conv c 3x3 s=-1
          bad(2): relu
        layers:
          - conv 6 5x5 rleu
          - conv 6 5x5 s=-2
          - cnv 6 5x5
          - concat enc
          - a: conv widht 5x5
          - a: conv 6 5x5 s=0 g=1.5
          - conv: {filters: 6, kernal: 5}
        outputs: [b]
        variants:
          big: {vars: {widht: 16}}
        expect: {parms: 3, layers: {a: {makcs: 1}}}
        """

    def test_all_at_once(self):
        assert complaints(self.SPEC) == [
            ("1:8", "input-layout", "3x64x64"),
            ("2:1", "unknown-key", "colour"),
            ("3:8", "reserved-name", "cin"),
            ("4:25", "unknown-key", "stirde"),
            ("6:26", "not-positive", "-1"),
            ("7:7", "bad-block", "2"),
            ("9:16", "unknown-word", "rleu"),
            ("10:18", "not-positive", "-2"),
            ("11:5", "unknown-type", "cnv"),
            ("12:12", "unknown-reference", "enc"),
            ("13:13", "unknown-word", "widht"),
            ("14:5", "duplicate-name", "a"),
            ("14:21", "not-positive", "0"),
            ("14:25", "wrong-type", "1.5"),
            ("15:24", "unknown-key", "kernal"),
            ("16:11", "unknown-reference", "b"),
            ("18:16", "unknown-variable", "widht"),
            ("19:10", "unknown-key", "parms"),
            ("19:33", "unknown-key", "makcs"),
        ]

    def test_a_value_that_needs_variables_waits_but_its_literal_neighbours_do_not(self):
        spec = """
            input: 32x32x1
            vars: {k: 0}
            layers:
              - conv k 3x3 s=0
              - conv k 3x3 p=-1
            """
        assert complaints(spec) == [("4:18", "not-positive", "0"), ("5:18", "not-positive", "-1")]
        fixed = spec.replace("s=0", "s=1").replace("p=-1", "p=1")
        assert complaints(fixed) == [("4:10", "not-positive", "k")]
        network(fixed, set={"k": 2})

    def test_defaults_that_are_wrong_are_not_missed_by_the_layers(self):
        spec = "input: 32x32x1\ndefaults: {conv: 3x3 bm}\nlayers: [conv 6, conv 5x5 s=0]\n"
        assert complaints(spec) == [("2:22", "unknown-word", "bm"), ("3:29", "not-positive", "0")]

    def test_one_mistake_in_a_block_is_reported_once(self):
        spec = """
            input: 32x32x1
            blocks:
              b: conv 6 3x3 s=0
            layers: [b, b, b]
            """
        assert complaints(spec) == [("3:19", "not-positive", "0")]


class TestShapes:
    """Shape errors stop at the first: the rest would be echoes."""

    SPEC = """
        input: 32x32x1
        layers:
          - C1: conv 6 5x5 tanh
          - C3: conv 16 30x30
          - C5: conv 120 30x30
        """

    def test_only_the_first_is_reported(self):
        assert complaints(self.SPEC) == [("4:17", "filter-too-big", "30x30")]

    def test_the_error_carries_what_worked(self):
        stopped = error(self.SPEC).partial
        assert isinstance(stopped, PartialNetwork)
        assert [node.name for node in stopped.nodes] == ["in", "C1", "C1.tanh"]
        assert (stopped.name, stopped.type, stopped.inputs) == ("C3", "conv", ("C1.tanh",))
        assert [shape.text() for shape in stopped.shapes] == ["28×28×6"]
        assert stopped.fields == {"filters": 16, "kernel": (30, 30)}

    def test_shapes_are_printed_in_the_layout_of_the_input(self):
        notes = error(self.SPEC.replace("32x32x1", "1x32x40 CHW")).diagnostics[0].notes
        assert notes == ("C3 receives 6×28×36 from C1.tanh; the network input was 1×32×40",)


COMMANDS = """
    input: 32x32x1
    vars: {width: 1, act: relu}
    layers: [relu]
    variants: {small: {vars: {width: 0.5}}}
    """
TWO = "inputs: {a: 4x4x1, b: 4x4x1}\nlayers: [relu]\n"
NONE = "layers: [relu]\nvariants: {a: {input: 4x4x1}, b: {input: 8x8x1}}\n"
SHAPE_HELP = "write height x width x channels, such as 32x32x1, or 784 for a vector"


@pytest.mark.parametrize(
    ("spec", "wrong", "right", "message", "help"),
    [
        (
            COMMANDS, {"variant": "smal"}, {"variant": "small"},
            "unknown-variant: net.yaml has no variant 'smal'", "did you mean 'small'?",
        ),
        (
            COMMANDS, {"variant": "x"}, {}, "unknown-variant: net.yaml has no variant 'x'",
            "it has small",
        ),
        (
            TWO, {"variant": "small"}, {},
            "unknown-variant: net.yaml has no variant 'small'", "it has no variants",
        ),
        (
            COMMANDS, {"set": {"widht": 2}}, {"set": {"width": 2}},
            "unknown-variable: the spec has no variable 'widht'", "did you mean 'width'?",
        ),
        (
            TWO, {"set": {"width": 2}}, {},
            "unknown-variable: the spec has no variable 'width'", "it declares none under 'vars'",
        ),
        (
            COMMANDS, {"set": {"width": "wide"}}, {"set": {"width": 0.5}},
            "wrong-type: width must be a number, got 'wide'", None,
        ),
        (
            COMMANDS, {"set": {"width": True}}, {"set": {"width": 1}},
            "wrong-type: width must be a number, got true", None,
        ),
        (
            COMMANDS, {"set": {"act": 3}}, {"set": {"act": "tanh"}},
            "wrong-type: act must be a word, got 3", None,
        ),
        (
            COMMANDS, {"input": "3x64x64"}, {"input": "3x64x64 CHW"},
            "input-layout: '3x64x64' could be channels-first or channels-last",
            "write '3x64x64 CHW' (3 channels) or '64x64x3'",
        ),
        (
            COMMANDS, {"input": "big"}, {"input": "784"},
            "input-shape: 'big' is not an input shape", SHAPE_HELP,
        ),
        (
            TWO, {"input": "8x8x1"}, {"input": "a=8x8x1, b=8x8x1"},
            "input-shape: this network has several inputs (a, b), and --input names none of them",
            "write --input a=SHAPE --input b=SHAPE, or some of them",
        ),
        (
            TWO, {"input": "left=8x8x1"}, {"input": "b=4"},
            "input-shape: there is no input 'left'", "the inputs are a, b",
        ),
        (
            TWO, {"input": "a=8x8x1,a=4x4x1"}, {"input": "a=(8, 8, 1),b=8x8"},
            "input-shape: the shape of 'a' is given twice", None,
        ),
        (
            TWO, {"input": "8x8x1, b=8x8x1"}, {},
            "input-shape: '8x8x1' does not say which input it is for", None,
        ),
        (
            NONE, {}, {"variant": "a"},
            "missing-input: net.yaml has no input of its own",
            "choose a variant (a, b), or give --input",
        ),
    ],
)  # fmt: skip
def test_what_the_command_line_asks_for(spec, wrong, right, message, help):
    (diagnostic,) = error(spec, **wrong).diagnostics
    assert f"{diagnostic.code}: {diagnostic.message}" == message
    assert (diagnostic.help, diagnostic.span) == (help, None)
    network(spec, **right)


def test_a_setting_has_a_name_and_a_value():
    assert parse_setting("width=0.5") == ("width", 0.5)
    for text in ("width", "width=", "=3"):
        with pytest.raises(CnncalcError) as caught:
            parse_setting(text)
        assert str(caught.value) == f"bad-setting: --set takes NAME=VALUE, got '{text}'"
