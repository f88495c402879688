from cnncalc.errors import Diagnostic, Span, did_you_mean
from cnncalc.render import diagnostics as form

TYPO = Diagnostic(
    "error",
    "unknown-key",
    "'conv' has no option 'kernal'",
    Span("net.yaml", 8, 7, 13),
    help="did you mean 'kernel'?",
    line_text="      kernal: 5",
)


def test_the_place_the_line_the_carets_and_the_help():
    assert form.full(TYPO) == (
        "error[unknown-key]: 'conv' has no option 'kernal'\n"
        " --> net.yaml:8:7\n"
        "  |\n"
        "8 |       kernal: 5\n"
        "  |       ^^^^^^\n"
        "  = help: did you mean 'kernel'?"
    )


def test_notes_come_before_the_help_one_per_line():
    said = TYPO._replace(notes=("branch 1: 56×56×128", "branch 2: 56×56×64"))
    assert form.full(said).splitlines()[-3:] == [
        "  = note: branch 1: 56×56×128",
        "  = note: branch 2: 56×56×64",
        "  = help: did you mean 'kernel'?",
    ]


def test_the_gutter_is_as_wide_as_the_line_number():
    said = TYPO._replace(span=Span("net.yaml", 123, 7, 13))
    assert form.full(said).splitlines()[1:] == [
        "   --> net.yaml:123:7",
        "    |",
        "123 |       kernal: 5",
        "    |       ^^^^^^",
        "    = help: did you mean 'kernel'?",
    ]


def test_without_the_line_there_is_only_the_place():
    said = Diagnostic(
        "error", "missing-input", "no input", Span("net.yaml", 1, 1, 2), help="add it"
    )
    assert form.full(said) == (
        "error[missing-input]: no input\n --> net.yaml:1:1\n  = help: add it"
    )


def test_without_a_place_there_are_only_the_words():
    said = Diagnostic("error", "no-file", "net.yaml does not exist", help="check the path")
    assert form.full(said) == "error[no-file]: net.yaml does not exist\n  = help: check the path"


def test_a_tab_is_seen_and_takes_one_column():
    said = Diagnostic("error", "yaml-tab", "tab", Span("n", 4, 1, 2), line_text="\t- conv 6 5x5")
    assert form.full(said).splitlines()[3:] == ["4 | →- conv 6 5x5", "  | ^"]
    assert form.full(said, ascii_only=True).splitlines()[3:] == ["4 | >- conv 6 5x5", "  | ^"]


def test_carets_stand_under_wide_characters():
    said = Diagnostic("error", "e", "m", Span("n", 1, 4, 6), line_text="畳み: 込み5")
    assert form.full(said).splitlines()[3:] == ["1 | 畳み: 込み5", "  |      ^^^"]


def test_a_span_at_or_past_the_end_of_the_line_has_one_caret():
    for column, end in ((4, 4), (4, 9)):
        said = Diagnostic("error", "e", "m", Span("n", 1, column, end), line_text="abc")
        assert form.full(said).splitlines()[3:] == ["1 | abc", "  |    ^"]


def test_an_empty_span_repeats_nothing_of_the_line():
    said = Diagnostic("error", "e", "m", Span("n", 1, 2, 2), line_text="abc")
    assert form.full(said).splitlines()[3:] == ["1 | abc", "  |  ^"]


def test_a_spec_cannot_send_commands_to_the_terminal():
    said = Diagnostic("error", "e", "no \x1b[2J", Span("n", 1, 1, 2), line_text="\x1b[31mred")
    assert "\x1b" not in form.full(said)
    assert form.full(said).splitlines()[3] == "1 | \ufffd[31mred"


def test_colour_wraps_the_same_words_only_when_asked():
    colored = form.full(TYPO, color=True)
    assert colored.startswith("\x1b[1;31merror[unknown-key]\x1b[0m: 'conv' has")
    assert "\x1b[1;31m^^^^^^\x1b[0m" in colored
    assert "\x1b" not in form.full(TYPO)


def test_further_lines_of_a_help_stand_below_its_first():
    said = TYPO._replace(help="write\ninput: 32x32x1")
    assert form.full(said).splitlines()[-2:] == ["  = help: write", "          input: 32x32x1"]


def test_several_are_separated_by_a_blank_line_and_counted():
    warning = Diagnostic("warning", "w", "odd")
    assert form.text([TYPO, warning, TYPO]) == (
        f"{form.full(TYPO)}\n\nwarning[w]: odd\n\n{form.full(TYPO)}\n\n2 errors, 1 warning\n"
    )


def test_one_is_not_counted_and_none_are_nothing():
    assert form.text([TYPO]) == f"{form.full(TYPO)}\n"
    assert form.text([]) == ""


def test_ascii_reaches_the_words():
    said = Diagnostic("note", "fit", "⌊53.25⌋ of 3×3")
    assert form.full(said, ascii_only=True) == "note[fit]: floor(53.25) of 3x3"


def test_a_workflow_command_cannot_be_broken_by_its_texts():
    said = Diagnostic("warning", "w", "a\nb", Span("a,b:c.yaml", 1, 2, 3))
    assert form.github(said) == (
        "::warning file=a%2Cb%3Ac.yaml,line=1,col=2,endColumn=3,title=w::a\ufffdb"
    )


def test_the_concise_form_is_one_line():
    assert (
        form.concise(TYPO._replace(message="a\nb")) == "net.yaml:8:7: error[unknown-key]: a\ufffdb"
    )
    assert form.concise(Diagnostic("note", "n", "m")) == "note[n]: m"


def test_of_a_long_line_the_part_around_the_fault_is_shown():
    line = "x" * 500_000 + "rleu" + "y" * 500_000
    said = TYPO._replace(line_text=line, span=Span("net.yaml", 1, 500_001, 500_005))
    assert form.full(said).splitlines()[3:5] == [
        f"1 | …{'x' * 40}rleu{'y' * 116}…",
        f"  | {' ' * 41}^^^^",
    ]
    assert form.full(said, ascii_only=True).splitlines()[3:5] == [
        f"1 | ...{'x' * 40}rleu{'y' * 116}...",
        f"  | {' ' * 43}^^^^",
    ]


def test_a_line_as_wide_as_is_shown_is_whole_and_one_more_is_cut():
    for length, shown in ((160, "z" * 160), (161, "z" * 160 + "…")):
        said = TYPO._replace(line_text="z" * length, span=Span("net.yaml", 1, 1, 200))
        excerpt, carets = form.full(said).splitlines()[3:5]
        assert excerpt == f"1 | {shown}"
        assert carets == f"  | {'^' * 160}"
    past = TYPO._replace(line_text="z" * 161, span=Span("net.yaml", 1, 162, 163))
    assert form.full(past).splitlines()[3:5] == [f"1 | …{'z' * 160}", f"  | {' ' * 161}^"]


def test_no_word_of_a_message_is_endless():
    long, longer = "a" * 259, "a" * 260
    assert form.full(TYPO._replace(message=f"'{long[2:]}'")).count("a" * 257) == 1
    said = TYPO._replace(message=f"no option '{longer}' here", notes=(longer,), help=longer)
    clipped = f"{'a' * 120}…{'a' * 20}"
    title, *_, note, help_ = form.full(said).splitlines()
    assert title == f"error[unknown-key]: no option '{'a' * 119}…{'a' * 19}' here"
    assert (note, help_) == (f"  = note: {clipped}", f"  = help: {clipped}")
    assert form.concise(said).endswith(f"'{'a' * 119}…{'a' * 19}' here")
    assert form.github(said).endswith(f"'{'a' * 119}…{'a' * 19}' here")


def test_no_suggestion_is_sought_for_a_word_longer_than_words_are():
    assert did_you_mean("k" * 60, ["k" * 59]) == f"did you mean '{'k' * 59}'?"
    assert did_you_mean("k" * 61, ["k" * 60]) is None
