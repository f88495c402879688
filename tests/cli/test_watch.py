"""`analyze --watch`, as a real process beside real saves, in a pipe and on a terminal."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from signals import heed_signals

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends interrupts as a shell does")

HEAD = "input: 28x28x1\nlayers:\n"
PATIENCE = 60  # seconds until a test fails; a save is seen in a fraction of one


class Watch:
    """A running `cnncalc analyze ... --watch`, and what it printed so far."""

    def __init__(self, process, streams):
        self.process = process
        self.texts = dict.fromkeys(streams, "")
        for name, stream in streams.items():
            Thread(target=self._read, args=(name, stream), daemon=True).start()

    def _read(self, name, stream):
        while True:
            try:
                data = os.read(stream, 2**16)
            except OSError:  # the terminal of a process that ended
                return
            if not data:
                return
            self.texts[name] += data.decode()

    def until(self, pattern, stream="out"):
        """Wait for a text; returns all that was printed to the stream."""
        ends = time.monotonic() + PATIENCE
        while not re.search(pattern, self.texts[stream]):
            assert time.monotonic() < ends, (pattern, self.texts)
            assert self.process.poll() is None, self.texts
            time.sleep(0.02)
        return self.texts[stream]

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


@contextmanager
def watching(*arguments, terminal=False):
    command = [sys.executable, "-m", "cnncalc", "analyze", *map(str, arguments), "--watch"]
    environment = {**os.environ, "COLUMNS": "200", "TERM": "xterm", "NO_COLOR": "1"}
    if terminal:
        import pty

        seen, end = pty.openpty()
        process = subprocess.Popen(
            command,
            stdout=end,
            stderr=end,
            stdin=subprocess.DEVNULL,
            env=environment,
            preexec_fn=heed_signals,  # noqa: PLW1509 - the threads only read
        )
        os.close(end)
        streams = {"out": seen}
    else:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env=environment,
            preexec_fn=heed_signals,  # noqa: PLW1509 - the threads only read
        )
        streams = {"out": process.stdout.fileno(), "err": process.stderr.fileno()}
    try:
        yield Watch(process, streams)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


@pytest.fixture
def net(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(f"{HEAD}  - conv 6 5x5\n  - fc 10\n", encoding="utf-8")
    return path


def test_a_save_shows_the_new_figures_and_what_changed(net):
    """150 + 6 and 3456 * 10 + 10 parameters; then 3456 * 12 + 12 in the last layer."""
    with watching(net) as watch:
        assert "since" not in watch.until(r"MACs 120,960 .*\n")
        net.write_text(f"{HEAD}  - conv 6 5x5\n  - fc 12\n", encoding="utf-8")
        text = watch.until(r"most of the change.*\n")
        assert watch.interrupt() == 0
    assert watch.texts["err"] == ""
    second = text[text.index("\n\nnet") + 2 :]
    assert second.startswith("net  ")
    assert second[second.index("since") :].splitlines() == [
        "since the last good state:",
        "output       10  →       12",
        "params   34,726  →   41,640  +6,914  +19.9 %",
        "MACs    120,960  →  127,872  +6,912   +5.7 %",
        "layers of the last state and this one: 1 changed, 1 the same",
        "~  fc1  units 10 → 12, out 10 → 12, params 34,570 → 41,484, MACs 34,560 → 41,472",
        "most of the change: fc1, +6,914 of +6,914 params and +6,912 of +6,912 MACs",
    ]


def test_a_broken_file_shows_its_error_and_the_next_state_is_compared_with_the_last_good_one(net):
    with watching(net) as watch:
        watch.until("MACs 120,960")
        net.write_text(f"{HEAD}  - conv 6 5x5\n  - fc ten\n", encoding="utf-8")
        error = watch.until("saved again", "err")
        assert f"--> {net}:4:8\n" in error
        assert "since" not in watch.texts["out"]
        net.write_text(f"{HEAD}  - conv 6 5x5\n  - relu\n  - fc 10\n", encoding="utf-8")
        text = watch.until(r"since(.*\n){3}")
        assert watch.interrupt() == 0
    assert "1 only in this one" in text or "1 changed" in text
    assert "params" not in text[text.index("since") :].splitlines()[1]


def test_a_file_that_is_broken_from_the_start_waits_for_its_first_good_state(net):
    net.write_text(f"{HEAD}  - convolve\n", encoding="utf-8")
    with watching(net) as watch:
        watch.until("saved again", "err")
        net.write_text(f"{HEAD}  - fc 10\n", encoding="utf-8")
        assert "since" not in watch.until("MACs 7,840 ")
        assert watch.interrupt() == 0


def test_editors_that_replace_the_file_and_files_that_are_gone_meanwhile(net):
    with watching(net) as watch:
        watch.until("MACs 120,960")
        new = net.with_suffix(".new")
        new.write_text(f"{HEAD}  - fc 10\n", encoding="utf-8")
        new.replace(net)
        watch.until("MACs 7,840 ")
        net.unlink()
        assert "there is no file" in watch.until("saved again", "err")
        net.write_text(f"{HEAD}  - fc 11\n", encoding="utf-8")
        watch.until("MACs 8,624 ")
        assert watch.interrupt() == 0


def test_a_save_of_the_same_size_in_the_same_moment_is_seen(net):
    with watching(net) as watch:
        watch.until("MACs 120,960")
        status = net.stat()
        net.write_text(f"{HEAD}  - conv 6 5x5\n  - fc 12\n", encoding="utf-8")
        os.utime(net, ns=(status.st_atime_ns, status.st_mtime_ns))
        watch.until("MACs 127,872")


def test_a_save_of_comments_says_that_nothing_changed(net):
    with watching(net) as watch:
        watch.until("MACs 120,960")
        net.write_text("# a remark\n" + net.read_text(encoding="utf-8"), encoding="utf-8")
        watch.until("since the last good state: no figure and no layer changed\n")


def test_a_touched_file_is_not_shown_again(net):
    with watching(net, "--totals") as watch:
        watch.until("MACs 120,960")
        net.touch()
        time.sleep(1)
        net.write_text(f"{HEAD}  - fc 10\n", encoding="utf-8")
        text = watch.until("most of the change")
    assert text.count("since the last") == 1


def test_variables_inputs_and_variants_stay(tmp_path):
    path = tmp_path / "net.yaml"

    def save(units):
        path.write_text(
            f"input: 28x28x1\nvars: {{n: 4}}\nvariants:\n  small: {{vars: {{n: 2}}}}\n"
            f"layers:\n  - fc n\n  - fc {units}\n", encoding="utf-8",
        )  # fmt: skip

    save(10)
    with watching(path, "--variant", "small", "--input", "4x4x1", "--totals") as watch:
        watch.until("MACs 52 ")  # 16 * 2 + 2 * 10
        save(20)
        watch.until("MACs 72 ")
    with watching(path, "--set", "n=3", "--totals") as watch:
        watch.until("MACs 2,412 ")  # 784 * 3 + 3 * 20
        save(10)
        watch.until("MACs 2,382 ")


def test_model_files_are_watched_too(tmp_path):
    path, models = tmp_path / "model.onnx", Path(__file__).parents[1] / "data" / "onnx"
    shutil.copy(models / "vgg11_bn.ts17.folded.onnx", path)
    with watching(path, "--totals") as watch:
        watch.until("MACs 7.6")  # torchvision says 7.61 G
        shutil.copy(models / "convnext_tiny.ts17.folded.onnx", path)
        watch.until("most of the change")


def test_a_terminal_is_emptied_and_keeps_the_last_good_figures_above_the_error(net):
    pytest.importorskip("termios", reason="there are no terminals to open")
    with watching(net, terminal=True) as watch:
        watch.until("MACs 120,960")
        net.write_text(f"{HEAD}  - fc ten\n", encoding="utf-8")
        text = watch.until("saved again").replace("\r\n", "\n")
        assert watch.interrupt() == 0
    _, first, second = text.split("\x1b[H\x1b[2J")
    assert second.startswith(first)
    error = second.removeprefix(first)
    assert re.search(r"\nerror\[[a-z-]+\]: .*\n --> .*net.yaml:3:8\n", error)
    assert error.endswith(
        f"the figures above are those of the last good state; waiting until {net} is saved again\n"
    )


@pytest.mark.parametrize(
    ("words", "message", "help_"),
    [
        ("-", "--watch needs a file that can be saved again", "name one in place of it"),
        ("8x8x1;fc|2", "--watch needs a file that can be saved again", "name one in place of it"),
        ("lenet5 --json", "--watch draws tables one after the other, and nothing else",
         "leave out -o, --json, --format and CNNCALC_FORMAT"),
        ("lenet5 -o a.txt", "--watch draws tables one after the other, and nothing else",
         "leave out -o, --json, --format and CNNCALC_FORMAT"),
        ("lenet5 --format md", "--watch draws tables one after the other, and nothing else",
         "leave out -o, --json, --format and CNNCALC_FORMAT"),
    ],
)  # fmt: skip
def test_what_cannot_be_watched_is_refused(cnncalc, words, message, help_):
    words = [word.replace("|", " ") for word in words.split()]
    answer = cnncalc("analyze", *words, "--watch")
    assert answer.status == 2
    assert answer.err == f"error[usage]: {message}\n  = help: {help_}\n"


def test_what_no_edit_of_the_file_can_mend_fails_at_once(cnncalc, net, tmp_path):
    answer = cnncalc("analyze", net, "--columns", "parms", "--watch")
    assert (answer.status, answer.out) == (2, "")
    assert cnncalc("analyze", tmp_path / "none.yaml", "--watch").status == 3
    assert cnncalc("analyze", tmp_path, "--watch").status in {2, 3}
