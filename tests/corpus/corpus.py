"""What every command prints, frozen: the record that a change of structure is held against.

    python tests/corpus/corpus.py compare    # show what differs from the record; status 1 if any
    python tests/corpus/corpus.py write      # record anew what is meant to have changed

A case is a command line. Its exit code, standard output and standard error stand in
`record/GROUP.txt`, every line behind `1| ` or `2| `, so that a change of behaviour is a plain
diff in a commit. Long answers are recorded by their beginning and a digest of the whole.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import io
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RECORD = HERE / "record"
LONGEST = 60  # lines of an answer that are recorded as they are
# What a clock says differs from run to run.
TIMES = re.compile(
    r" +\d[\d.,]* (?:µs|ms|s|min)\b"
    r"|(?<=\()\d[\d.,]* (?:[kMG]? ?MACs|samples)/s"
    r'|(?<=seconds": )[-\d.e]+'
)


# One network of each kind: chain, connection table, residual, gates, branches, dense, 1-D, 3-D,
# two inputs, up and down, side outputs, and one with weights.
SMALL = ("lenet5", "lenet5-1998", "digits", "m5", "siamese")
LARGE = (
    "resnet18", "mobilenet_v3_small", "googlenet", "densenet121", "r3d_18", "unet",
    "fcn_resnet50", "shufflenet_v2_x1_0",
)  # fmt: skip
NETWORKS = (*SMALL, *LARGE)


class Case(NamedTuple):
    """A command line, what it reads from standard input, and whether a person watches."""

    group: str
    arguments: tuple[str, ...]
    stdin: str = ""
    terminal: bool = False

    @property
    def title(self) -> str:
        """The case as its heading in the record shows it."""
        words = shlex.join(("cnncalc", *self.arguments))
        return f"{words}  (on a terminal)" if self.terminal else words


def cases() -> Iterator[Case]:
    """Every command line of the record, in order."""
    yield from _reports()
    yield from _questions()
    yield from _single_layers()
    yield from _passes()
    yield from _references()
    yield from _examples()
    yield from _messages()
    yield from _mistakes()


def _lines(group: str, *texts: str, terminal: bool = False) -> Iterator[Case]:
    for text in texts:
        yield Case(group, tuple(shlex.split(text)), terminal=terminal)


def _reports() -> Iterator[Case]:
    formats = ("table", "json", "jsonl", "csv", "tsv", "md")
    for net, format_ in product(NETWORKS, formats):
        yield from _lines("analyze", f"analyze {net} --format {format_}")
    views = (
        "--expand", "--depth 0", "--totals", "--formulas", "--memory --batch 8", "--units si",
        "--training adam", "--count-buffers", "--columns output,rf,jump,start,fit,neurons",
        "--sort macs --top 5", "--only conv,fc", "--layout CHW", "--ascii", "--as torchinfo",
        "--as fvcore", "--as ptflops", "--as thop", "--as torch", "--as keras", "--json --fold",
        "--json --formulas", "--as torchinfo --json", "--training sgd --json", "--strict",
    )  # fmt: skip
    for net, view in product(NETWORKS, views):
        yield from _lines("analyze-options", f"analyze {net} {view}")
    for net in NETWORKS:
        yield from _lines("terminal", f"analyze {net}", terminal=True)
        yield from _lines("terminal", f"analyze {net} --color always", terminal=True)
        yield from _lines("expand", f"expand {net}")
    yield from _lines(
        "terminal",
        "compare resnet18 resnet34",
        "sizes unet-padded --from 320 --to 340",
        "rf lenet5 --at C3:4,4",
        "zoo --family lenet5",
        "conv -W 32 -F 5 --color always",
        "forward digits --sample digits_7.pgm",
        terminal=True,
    )


def _questions() -> Iterator[Case]:
    for net, format_ in product(NETWORKS, ("table", "md", "json")):
        yield from _lines("rf", f"rf {net} --format {format_}")
    yield from _lines(
        "rf",
        "rf lenet5 --at C3:4,4",
        "rf lenet5 --at C3:4,4 --through --json",
        "rf mobilenet_v3_small --at features.12.0",
        "rf resnet18 --expand",
    )
    for net, format_ in product(SMALL, ("table", "md", "latex", "json")):
        yield from _lines("explain", f"explain {net} --format {format_}")
    for net in LARGE:
        yield from _lines("explain", f"explain {net} --json")
    for format_ in ("table", "md", "json"):
        yield from _lines(
            "compare",
            f"compare resnet18 resnet34 --layers --format {format_}",
            f"compare vgg11 vgg13 vgg16 --format {format_}",
            f"compare mobilenet_v3_small mobilenet_v3_large --layers --format {format_}",
        )
    for format_ in ("full", "concise", "json", "github"):
        yield from _lines(
            "check",
            f"check lenet5 resnet unet --format {format_}",
            f"check lenet5 --max-params 10k --min-rf 500 --format {format_}",
            f"check resnet50 --strict=fit --format {format_}",
        )
    for format_ in ("table", "md", "csv", "tsv", "jsonl", "json"):
        yield from _lines(
            "sweep",
            f"sweep mobilenet_v2 --vary width=0.5:1.5:0.25 --format {format_}",
            f"sweep resnet18 --vary-input 160,224,320 --format {format_}",
        )
    yield from _lines(
        "sweep",
        "sweep mobilenet_v2 --vary width=0.5:1.5:0.25 --pareto macs,max:rf --plot",
        "sweep resnet50 --vary 'n=[2,2,2,2],[3,4,6,3]' --columns help",
    )
    for format_ in ("table", "csv", "json"):
        yield from _lines(
            "sizes",
            f"sizes unet-padded --from 320 --to 360 --format {format_}",
            f"sizes resnet18 --from 200 --to 260 --exact --format {format_}",
            f"sizes unet-padded --from 300 --to 340 --axes w --format {format_}",
        )


def _single_layers() -> Iterator[Case]:
    for format_ in ("", "--json", "--format csv", "--format md"):
        yield from _lines(
            "single-layer",
            f"conv --w 32 --f 5 --s 1 --p 2 {format_}",
            f"conv -W 227 -D 3 -K 96 -F 11 -S 4 {format_}",
            f"conv -W 224 -D 3 -K 96 -F 11 -S 4 {format_}",
            f"conv -W 32 -F 3,5,7 -S 1,2 {format_}",
            f"conv -W 32 -D 16 -K 32 -F 3 -P 1 --no-bias --vs depthwise {format_}",
            f"pool --w 28 --f 2 {format_}",
            f"pool -W 112 -F 3 -S 2 -P 1 --round both {format_}",
            f"conv-transpose --w 12 --f 2 --s 2 --d 128 --k 64 {format_}",
            f"deconv -W 12 -F 3 -S 2 -P 1 --out 24 {format_}",
            f"fc --in 7x7x32 --units 10 {format_}",
            f"fc --in 1568 --units 64,128,256 {format_}",
            f"stack 28x28x1 'conv 16 5x5 p2' 'pool 2x2' 'fc 10' {format_}",
            f"solve -F 11 -S 4 --out 55 {format_}",
            f"solve -W 32 -F 5 --out 32 {format_}",
            f"solve -W 12 --out 24 --transposed {format_}",
        )


def _passes() -> Iterator[Case]:
    for format_ in ("", "--json"):
        yield from _lines(
            "forward",
            f"forward digits --sample digits_7.pgm {format_}",
            f"forward digits --sample digits_3.pgm --top-k 3 {format_}",
            f"forward lenet5 --sample ramp --show C1 --trace C1:0,10,10 {format_}",
            f"forward lenet5-1998 --sample ones --readable {format_}",
            f"forward m5 --sample ramp --count {format_}",
            f"forward quiz.yaml --sample image.txt --steps {format_}",
        )
    yield from _lines("forward", "forward lenet5 --sample ramp --show C1 --as maps")


def _references() -> Iterator[Case]:
    from cnncalc import layers
    from cnncalc.cli.app import COMMANDS

    yield from _lines("help", "--help", "--version", *(f"{name} --help" for name in COMMANDS))
    yield from _lines("layers", "layers", "layers --json")
    for name in sorted(layers.names()):
        yield from _lines("layers", f"layers {name}")
    yield from _lines("schema", *(f"schema {of}" for of in (
        "spec", "report", "check", "compare", "sweep", "as", "explain", "solve", "sizes", "rf",
        "forward", "zoo", "layers",
    )))  # fmt: skip
    for format_ in ("table", "json", "csv", "tsv", "md"):
        yield from _lines(
            "zoo", f"zoo --format {format_}", f"zoo --max-params 5M --format {format_}"
        )
    yield from _lines("zoo", "zoo resnet", "zoo lenet5", "init", "init again", "init again")


def _examples() -> Iterator[Case]:
    """The README's commands, up to the first pipe; what stands in help is run above."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in re.findall(r"^(?:\$ )?cnncalc (.+)$", readme, re.MULTILINE):
        command = re.split(r" [|>] ", line)[0]
        if "nets/" not in command:
            yield Case("readme", tuple(shlex.split(command)))


def _messages() -> Iterator[Case]:
    """Every spec of `tests/data/messages`, read from standard input."""
    for path in sorted((ROOT / "tests" / "data" / "messages").glob("*.txt")):
        for part in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            spec = part.partition("\n")[2].partition("--- right with ")[0]
            yield Case(f"messages-{path.stem}", ("analyze", "-"), stdin=spec)
            yield Case(f"messages-{path.stem}", ("check", "-", "--format", "json"), stdin=spec)


def _mistakes() -> Iterator[Case]:
    """Command lines that are wrong."""
    yield from _lines(
        "mistakes",
        "", "analize lenet5", "analyze", "analyze missing.yaml", "analyze lenet6", "analyze .",
        "analyze lenet5 --columns rff", "analyze lenet5 --sort cost", "analyze lenet5 --at C9",
        "analyze lenet5 --only convolution", "analyze lenet5 --top 0", "analyze lenet5 --wrong",
        "analyze lenet5 --set width=2", "analyze lenet5 --input 3x32x32", "analyze resnet@resnet5",
        "analyze lenet5 --format xml", "analyze lenet5 --json --columns rff",
        "conv -W 3 -F 5", "conv -W 3 -F 5 --json", "conv -F 5", "conv -W x -F 5", "conv -W 32 -F 0",
        "pool -W 4 -F 2 -P 3", "fc --in 7x7 --units 10", "stack 28x28x1 'conv 6 5x5 relo'",
        "stack 28x28 'conv 6 5x5'", "explain lenet5 C9", "rf lenet5 --at C1",
        "rf lenet5 --at C1:99,99", "sizes lenet5 --from 9 --to 3", "solve --out 0",
        "check missing.yaml",
        "check lenet5 --max-params many", "compare lenet5", "sweep lenet5",
        "sweep lenet5 --vary k=1", "sweep mobilenet_v2 --vary width=",
        "forward lenet5 --sample missing.png",
        "forward vgg16 --max-macs 1M", "forward lenet5 --trace C1:0,99,99", "expand missing",
        "layers convv", "schema nothing", "zoo lenet6", "zoo --sort size", "init again",
    )  # fmt: skip


class Answer(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


class _Stream(io.TextIOWrapper):
    """A stream that keeps its bytes, and may say that a person watches."""

    def __init__(self, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="\n", write_through=True)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode()


def answer(case: Case) -> Answer:
    """Run a case in this process."""
    from cnncalc.cli.app import run

    out, err = _Stream(case.terminal), _Stream(case.terminal)
    stdin = io.TextIOWrapper(io.BytesIO(case.stdin.encode()), encoding="utf-8")
    with (
        mock.patch.object(sys, "stdin", stdin),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        status = run(list(case.arguments))
    return Answer(status, out.text(), err.text())


def written(case: Case, result: Answer) -> str:
    """A case as the record shows it."""
    lines = [f"$ {case.title}", f"status {result.status}"]
    return "\n".join([*lines, *_shown("1", result.out), *_shown("2", result.err)]) + "\n\n"


def _shown(sign: str, text: str) -> list[str]:
    text = TIMES.sub(" (time)", text.replace(str(ROOT), "(project)"))
    lines = text.split("\n")
    end = [] if lines[-1] == "" else [f"{sign}| {lines[-1]}", f"{sign}| (no line break at the end)"]
    shown = [
        f"{sign}| {line}".rstrip(" ") if not line else f"{sign}| {line}" for line in lines[:-1]
    ]
    if len(shown) > LONGEST:
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        rest = f"{sign}| ({len(shown):,} lines in all, sha256 {digest})"
        return [*shown[: LONGEST // 3], rest]
    return [*shown, *end]


@contextlib.contextmanager
def workplace() -> Iterator[None]:
    """An empty folder with the files that the examples name, and a plain environment."""
    kept = {key: value for key, value in os.environ.items() if not _matters(key)}
    before = Path.cwd()
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict(
            os.environ, {**kept, "TERMINAL_WIDTH": "100", "COLUMNS": "100"}, clear=True
        ),
    ):
        for path in (HERE / "files").iterdir():
            shutil.copy(path, folder)
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def _matters(variable: str) -> bool:
    return variable.startswith("CNNCALC_") or variable in {"NO_COLOR", "FORCE_COLOR", "TERM"}


def present(only: str = "") -> dict[str, str]:
    """The record's files as the commands of today would fill them."""
    texts: dict[str, list[str]] = {}
    with workplace():
        for case in cases():
            if only in case.group:
                texts.setdefault(case.group, []).append(written(case, answer(case)))
    if not only or only in "public-names":
        texts["public-names"] = [_public_names()]
    return {group: "".join(parts) for group, parts in texts.items()}


def _public_names() -> str:
    import cnncalc

    return json.dumps(cnncalc.__all__, indent=2) + "\n"


def recorded(group: str) -> str:
    """A group's part of the record; nothing where there is none yet."""
    path = RECORD / f"{group}.txt"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def differences(texts: dict[str, str]) -> Iterator[str]:
    """The lines of a diff from the record to the texts."""
    for group, text in texts.items():
        name = f"record/{group}.txt"
        before, after = recorded(group).splitlines(), text.splitlines()
        yield from difflib.unified_diff(before, after, name, f"{name} now", lineterm="", n=2)


def main(arguments: list[str]) -> int:
    """Write or compare; the exit status."""
    mode, only = (*arguments, "", "")[:2]
    if mode not in {"write", "compare"}:
        print(__doc__)
        return 2
    texts = present(only)
    if mode == "write":
        RECORD.mkdir(exist_ok=True)
        for group, text in texts.items():
            (RECORD / f"{group}.txt").write_text(text, encoding="utf-8", newline="\n")
        print(f"{len(texts)} groups recorded")
        return 0
    return _report(differences(texts), len(texts))


def _report(lines: Iterable[str], groups: int) -> int:
    found = list(lines)
    print("\n".join(found) if found else f"{groups} groups, nothing differs")
    return int(bool(found))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    raise SystemExit(main(sys.argv[1:]))
