"""The smoke test can fail; what it finds out about the program, the CI script shows."""

import smoke

GOOD = smoke.Run("conv -W 5 -F 3", out="3 × 3")


def done(status=0, out="3 × 3\n", err=""):
    return smoke.subprocess.CompletedProcess([], status, out, err)


def test_faults_are_found():
    assert smoke.faults(GOOD, done()) == []
    assert smoke.faults(GOOD, done(status=1)) == ["exit status 1, not 0"]
    assert smoke.faults(GOOD, done(out="")) == ["'3 × 3' is not in stdout"]
    assert smoke.faults(GOOD, done(err="a warning")) == ["stderr is not clean"]
    assert "a traceback" in smoke.faults(GOOD, done(status=1, err="Traceback (most recent"))


def test_faults_of_wrong_command_lines_are_found():
    wrong = smoke.Run("conv --nosuch", 2, err="No such option")
    box = "╭─╮\n│ No such   │\n│ option │\n"
    assert smoke.faults(wrong, done(2, "", box)) == []
    assert smoke.faults(wrong, done(2, "", "")) == ["'No such option' is not in stderr"]
    assert smoke.faults(wrong, done(2, "half a table", box)) == ["stdout is not clean"]


def test_faults_of_documents_are_found():
    asked = smoke.Run("conv -W 5 -F 3 --json", json=True)
    assert smoke.faults(asked, done(out='{"ok": true}')) == []
    assert smoke.faults(asked, done(out='{"ok": false}')) == ["'ok' is wrong in the document"]
    (fault,) = smoke.faults(asked, done(out="{}{}"))
    assert fault.startswith("stdout is not one JSON document")


def test_a_program_that_only_fails_does_not_pass():
    assert smoke.main([smoke.sys.executable, "-c", "raise SystemExit('Traceback')"]) > 60


def test_every_command_is_tried(cnncalc):
    from cnncalc.cli.app import ALIASES, COMMANDS

    assert smoke.listed(cnncalc("--help").out) == [*COMMANDS]
    assert {words.split()[0] for words in smoke.RIGHT} == {*COMMANDS, *ALIASES}
