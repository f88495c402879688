"""Every command once for real, by the installed program: `python tests/smoke.py .venv/bin/cnncalc`.

Needs nothing but the program, so that it runs beside any versions of what the program needs.
Prints what failed, and exits with 1 if anything did.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

SPEC = """\
input: 8x8x1
layers:
  - C1: conv 2 3x3 relu
  - maxpool 2
  - fc 3 softmax
"""

# An ONNX model of one node, Relu on 3x8x8.
MODEL = bytes.fromhex(
    "0808120762792068616e643a420a170a01781201791a092f6163742f52656c75220452656c751205"
    "67726170685a1b0a017812160a14080112100a0208010a0208030a0208080a02080862030a017942"
    "021011"
)

# The same network for darknet and for Keras.
CFG = """[net]
height=8
width=8
channels=1
[convolutional]
filters=2
size=3
activation=relu
"""
KERAS = """{"class_name": "Sequential", "config": {"layers": [{"class_name": "Conv2D", "config":
{"name": "C1", "filters": 2, "kernel_size": [3, 3], "activation": "relu",
"batch_input_shape": [null, 8, 8, 1]}}]}}"""

# One right command line of each command -> what stands in its table.
RIGHT = {
    "analyze net.yaml": "C1",
    "analyze resnet18 --totals --quiet": "11,689,512",
    "analyze model.onnx": "3×8×8",
    "analyze model.cfg": "conv0",
    "analyze model.json": "C1",
    "import model.onnx": "relu",
    "import model.onnx --names": "relu",
    "import model.cfg": "conv 2 3x3",
    "import model.json": "conv 2 3x3",
    "conv -W 32 -F 5 -P 2": "32 × 32 × 1",
    "conv --x 1;2;4 --filter 2;3": "output: 2×1×1",
    "pool -W 28 -F 2": "14 × 14 × 1",
    "conv-transpose -W 12 -F 3 -S 2": "25 × 25 × 1",
    "deconv -W 12 -F 3 -S 2": "25 × 25 × 1",
    "fc --in 7x7x32 --units 10": "15,690",
    "stack 28x28x1 conv(6)5x5 fc(10)": "fc",
    "check net.yaml": "net.yaml",
    "check model.onnx --weights model.onnx": "weights fit",
    "compare lenet5 lenet5-1998": "lenet5-1998",
    "sweep mobilenet_v2 --vary width=0.5,1.0": "1,968,680",
    "explain net.yaml C1": "weights",
    "solve -F 11 -S 4 --out 55": "227",
    "sizes net.yaml --from 8 --to 12": "10",
    "rf net.yaml": "C1",
    "draw net.yaml": "<svg",
    "slide --w 5 --f 3": "step 9 of 9",
    "report net.yaml": "<html",
    "report net.yaml lenet5": "only in B",
    "forward digits --sample digits_7.pgm": "seven",
    "expand net.yaml": "filters: 2",
    "export net.yaml --to pytorch": "nn.Module",
    "export net.yaml --to onnx -o net.onnx": "",
    "layers conv": "conv",
    "schema report": "$schema",
    "init fresh --quiet": "",  # writes fresh.yaml
    "zoo --family lenet5": "lenet5",
    "help language": "The spec language",
}
NO_JSON = {"schema", "init", "expand", "import", "export", "help", "report"}  # they have one form
OPTIONS = "Options, anywhere on the line"  # stands behind the commands in the overview

# A wrong command line -> what the complaint says.
WRONG = {
    "analize net.yaml": "Did you mean 'analyze'?",
    "conv -W 32 --nosuch": "--nosuch",
    "conv -W 0 -F 5": "whole number",
    "diff old.yaml new.yaml": "Did you mean 'compare'?",
    "analyze": "'cnncalc analyze -' reads the standard input",
    "analyze net.yaml lenet5": "'cnncalc compare FILE FILE' puts networks side by side",
    "analyze net.yaml --top 0": "--top",
    "analyze net.yaml --format xml": "--format",
    "rf net.yaml --through": "needs --at",
    "zoo lenet5 --reverse": "is for the list of all networks",
}
# A command line so far, its number of words -> the completion.
COMPLETIONS = {
    ("cnncalc analy", 1): "analyze",
    ("cnncalc analyze lenet5-", 2): "lenet5-1998",
    ("cnncalc analyze lenet5 --at C5", 4): "C5.tanh",
    ("cnncalc pool --kin", 2): "--kind",
}


class Run(NamedTuple):
    """A command line, and what it must come to."""

    words: str
    status: int = 0
    out: str = ""  # stands in stdout
    err: str | None = None  # stands in stderr; None: stderr is empty
    json: bool = False  # stdout is one JSON document
    environment: tuple[tuple[str, str], ...] = ()


def runs(commands: list[str]) -> list[Run]:
    """All that is tried, given the commands that the program lists."""
    found = [Run("--version", out="cnncalc "), Run("--help", out=OPTIONS), Run("", 2, err="")]
    found += [Run(f"{command} --help", out=f"Usage: cnncalc {command}") for command in commands]
    for words, out in RIGHT.items():
        found.append(Run(words, out=out))
        if words.split()[0] not in NO_JSON:
            found.append(Run(f"{words} --json", json=True))
    for words, err in WRONG.items():
        found += [Run(words, 2, err=err), Run(f"{words} --json", 2, err=err, json=True)]
    found += [Run("version", out="cnncalc "), Run("-V", out="cnncalc "), Run("help", out=OPTIONS)]
    found += [Run(f"help {command}", out=f"Usage: cnncalc {command}") for command in commands]
    found.append(Run("help nosuch", 2, err="there is no help about 'nosuch'"))
    found.append(Run("analyze nosuch.yaml", 3, err="error[no-file]"))
    found.append(Run("analyze net.yaml", json=True, environment=(("CNNCALC_FORMAT", "json"),)))
    found.append(Run("layers conv", out="conv", environment=(("CNNCALC_FORMAT", "csv"),)))
    for (typed, at), out in COMPLETIONS.items():
        asked = {"_CNNCALC_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(at)}
        found.append(Run("", out=out, environment=(*asked.items(),)))
    return found


def call(program: list[str], run: Run, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line in a folder that holds net.yaml."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith("CNNCALC_")}
    environment = usual | {"PYTHONUTF8": "1", "TERMINAL_WIDTH": "200"} | dict(run.environment)
    words = [word.replace("(", " ").replace(")", " ") for word in run.words.split()]
    return subprocess.run(
        [*program, *words], cwd=folder, env=environment, capture_output=True, text=True,
        encoding="utf-8", check=False, stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip


def faults(run: Run, done: subprocess.CompletedProcess[str]) -> list[str]:
    """What is wrong with what a command line came to."""
    found = []
    if done.returncode != run.status:
        found.append(f"exit status {done.returncode}, not {run.status}")
    if "Traceback" in done.stderr:
        found.append("a traceback")
    if run.out not in done.stdout:
        found.append(f"{run.out!r} is not in stdout")
    if run.err is None and done.stderr:
        found.append("stderr is not clean")
    if run.err and run.err not in " ".join(done.stderr.replace("│", "").split()):
        found.append(f"{run.err!r} is not in stderr")
    if run.status and not run.json and done.stdout and run.words:
        found.append("stdout is not clean")
    return found + (_json_faults(run, done.stdout) if run.json else [])


def _json_faults(run: Run, text: str) -> list[str]:
    try:
        document = json.loads(text)
    except ValueError as error:
        return [f"stdout is not one JSON document: {error}"]
    return [] if document.get("ok") is (run.status == 0) else ["'ok' is wrong in the document"]


def listed(overview: str) -> list[str]:
    """The commands that the help lists."""
    lines = overview.partition(OPTIONS)[0].splitlines()
    return [line.split()[0] for line in lines if re.match(r"  [a-z]", line)]


def main(program: list[str]) -> int:
    """Try everything; the number of command lines that failed."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = Path(name)
        (folder / "net.yaml").write_text(SPEC, encoding="utf-8")
        (folder / "model.onnx").write_bytes(MODEL)
        (folder / "model.cfg").write_text(CFG, encoding="utf-8")
        (folder / "model.json").write_text(KERAS, encoding="utf-8")
        commands = listed(call(program, Run("--help"), folder).stdout)
        untried = {*commands} - {words.split()[0] for words in RIGHT}
        failed = [f"there is no smoke test of '{command}'" for command in sorted(untried)]
        if not commands:
            failed.append("the help lists no commands")
        tried = runs(commands)
        for run, done in zip(tried, pool.map(lambda run: call(program, run, folder), tried),
                             strict=True):  # fmt: skip
            if found := faults(run, done):
                setting = " ".join(f"{key}={value}" for key, value in run.environment)
                failed.append(f"{setting} cnncalc {run.words}: {'; '.join(found)}\n{done.stderr}")
    for fault in failed:
        print(fault)
    print(f"{len(tried)} command lines tried, {len(failed)} failed")
    return len(failed)


if __name__ == "__main__":
    sys.exit(bool(main([str(Path(sys.argv[1]).absolute()), *sys.argv[2:]])))
