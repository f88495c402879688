"""Every option of an answer, in every way of writing it: it changes what is written, or is refused.

What neither changes the output nor is refused stands in NOTHING_TO_CHANGE, with the reason.
"""

import re

import pytest

NET = """\
input: 64x64x3
blocks:
  unit(c):
    - conv c 3x3 p1 bn relu
    - conv c 3x3 s2 p1 bn
layers:
  - stem: conv 8 3x3 s2
  - u1: unit 8
  - u2: unit 16
  - fc 1000
"""
OPTIONS = {
    "depth": ("--depth", 0),
    "expand": ("--expand",),
    "only": ("--only", "conv"),
    "at": ("--at", "u1"),
    "sort": ("--sort", "params"),
    "top": ("--top", 2),
    "totals": ("--totals",),
    "formulas": ("--formulas",),
    "count_buffers": ("--count-buffers",),
    "memory": ("--memory",),
    "training": ("--training", "adam"),
    "as": ("--as", "fvcore"),
    "fold": ("--fold",),
    "columns": ("--columns", "name,rf"),
    "bars": ("--bars", "macs"),
    "layout": ("--layout", "CHW"),
    "units exact": ("--units", "exact"),
    "units si": ("--units", "si"),
}
WAYS = {
    "table": (),
    "totals": ("--totals",),
    "training": ("--training", "sgd"),
    "training totals": ("--training", "sgd", "--totals"),
    "as": ("--as", "thop"),
    **{name: ("--format", name) for name in ("md", "csv", "tsv", "jsonl", "latex")},
    "md totals": ("--format", "md", "--totals"),
    "csv totals": ("--format", "csv", "--totals"),
    "json": ("--json",),
    "json totals": ("--json", "--totals"),
    "json training": ("--json", "--training", "sgd"),
    "json as": ("--json", "--as", "thop"),
    **{f"{name} training": ("--format", name, "--training", "sgd") for name in ("md", "csv")},
    "csv training totals": ("--format", "csv", "--training", "sgd", "--totals"),
    "csv as": ("--format", "csv", "--as", "thop"),
}
NOTHING_TO_CHANGE = {
    ("training totals", "units si"): "bytes have prefixes unless they shall be exact",
    ("md", "units exact"): "a table is exact unless prefixes are asked for; nothing is below it",
    ("latex", "units exact"): "the same",
    ("md training", "units exact"): "the same",
    **{
        (way, "fold"): "tables are folded; whoever says so asks for what there is"
        for way in ("table", "training", "md", "md training", "latex")
    },
    **{(way, "totals"): "it is what is written already" for way in WAYS if way.endswith("totals")},
}


@pytest.fixture
def net(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(NET, encoding="utf-8")
    return path


def refused(answer):
    """Whether an option was refused: exit status 2, the reason on stderr, no answer."""
    if answer.status != 2:
        return False
    assert answer.err.startswith(("error[usage]", "Usage"))
    assert not answer.out or not answer.json["ok"]
    return True


@pytest.mark.parametrize("way", WAYS)
def test_no_option_of_a_report_is_dropped(cnncalc, net, way):
    plain = cnncalc("analyze", net, *WAYS[way])
    assert plain.status == 0
    for option, words in OPTIONS.items():
        if words[0] in WAYS[way] and words[1:]:
            continue  # another value of the option that this way of writing is
        answer = cnncalc("analyze", net, *WAYS[way], *words)
        if (way, option) in NOTHING_TO_CHANGE:
            assert (answer.status, answer.out) == (0, plain.out), option
        elif not refused(answer):
            assert answer.status == 0, (option, answer.err)
            assert answer.out != plain.out, f"--{option} was dropped"


HEEDED = {
    "table": "depth expand only at sort top totals formulas count_buffers memory training as "
    "columns layout units bars fold",
    "md": "depth expand only at sort top totals training as columns layout units bars fold",
    "latex": "depth expand only at sort top totals training as columns layout units fold",
    "csv": "depth only at sort top totals training as columns fold",
    "tsv": "depth only at sort top totals training as columns fold",
    "jsonl": "formulas totals training as fold",
    "md totals": "totals training",
    "csv totals": "totals training",
    "md training": "depth expand only at sort top totals training layout units fold",
    "csv training": "depth only at sort top totals training fold",
    "csv training totals": "training totals",
    "csv as": "as",
    "json": "totals formulas memory training as fold",
    "totals": "count_buffers memory training units totals",
    "training": "depth expand only at sort top totals layout units fold",
}  # fmt: skip


@pytest.mark.parametrize("way", HEEDED)
def test_what_is_refused_and_what_is_not(cnncalc, net, way):
    taken = {
        option.partition(" ")[0]
        for option, words in OPTIONS.items()
        if way != option and not refused(cnncalc("analyze", net, *WAYS[way], *words))
    }
    assert taken == set(HEEDED[way].split()) - {way}


@pytest.mark.parametrize("way", ["table", "md", "csv", "json", "training"])
def test_an_output_file_takes_all_of_it(cnncalc, net, tmp_path, way):
    plain = cnncalc("analyze", net, *WAYS[way])
    answer = cnncalc("analyze", net, *WAYS[way], "-o", tmp_path / "out")
    assert (answer.status, answer.out) == (0, "")
    assert (tmp_path / "out").read_bytes().decode() == plain.out


OTHERS = [
    (("conv", "-W", 9, "-H", 8, "-D", 3, "-F", 3), ("table", "md", "csv", "json", "jsonl"),
     ("--layout", "CHW")),
    (("pool", "-W", 9, "-D", 3, "-F", "2,3"), ("table", "md", "csv", "json", "jsonl"),
     ("--layout", "CHW")),
    (("explain", "lenet5", "C1"), ("table", "md", "latex", "json", "jsonl", "csv", "tsv"),
     ("--layout", "CHW")),
    (("rf", "lenet5", "--at", "C3"), ("table", "json"), ("--layout", "CHW")),
    (("rf", "lenet5"), ("table", "md", "json", "jsonl", "csv", "latex"), ("--expand",)),
    (("rf", "lenet5"), ("table", "md", "json", "jsonl", "csv", "latex"), ("--layout", "CHW")),
    (("solve", "--out", 55), ("table", "md", "csv", "json", "jsonl", "latex"), ("--top", 1)),
    (("sweep", "mobilenet_v2", "--vary-input", "32,64"),
     ("table", "md", "latex", "csv", "jsonl", "json"), ("--columns", "flops")),
    (("sweep", "mobilenet_v2", "--vary-input", "32,64"),
     ("table", "md", "latex", "csv", "jsonl", "json"), ("--plot",)),
    (("zoo",), ("table", "md", "csv", "tsv", "latex", "json", "jsonl"),
     ("--columns", "name,title")),
    (("compare", "vgg11", "vgg13"), ("table", "md", "csv", "jsonl", "latex"), ("--layers",)),
]  # fmt: skip


@pytest.mark.parametrize(("command", "formats", "words"), OTHERS)
def test_no_option_of_another_command_is_dropped(cnncalc, command, formats, words):
    taken = 0
    for style in formats:
        plain = cnncalc(*command, "--format", style)
        assert plain.status == 0
        answer = cnncalc(*command, "--format", style, *words)
        if not refused(answer):
            assert answer.status == 0, (style, answer.err)
            assert answer.out != plain.out, f"{words[0]} was dropped in {style}"
            taken += 1
    assert taken


# Of each command: how it is called, its formats, its options, and those that cannot change what is
# written here, with the reason: a table of (format, option).
CASES = {
    "fc": (
        ("fc", "--in", "7x5x3", "--units", 10),
        ("table", "md", "csv", "tsv", "json", "jsonl"),
        ["--no-bias", "--layout CHW"],
        {},
    ),
    "fc lists": (
        ("fc", "--in", "7x5x3", "--units", "10,20"),
        ("table", "md", "csv", "tsv", "json", "jsonl"),
        ["--no-bias", "--layout CHW"],
        {("md", "--layout CHW"): "a table of settings shows what comes out, which is a vector"},
    ),
    "conv-transpose": (
        ("conv-transpose", "-W", 9, "-H", 8, "-D", 2, "-K", 4, "-F", 3, "-S", 2),
        ("table", "md", "csv", "tsv", "json", "jsonl"),
        ["--no-bias", "--layout CHW", "-A 1", "--out 18x20", "-P 1", "--dilation 2", "--groups 2"],
        {},
    ),
    "forward": (
        ("forward", "net.yaml", "--sample", "ramp"),
        ("table", "json"),
        ["--scale 2", "--mean 1", "--std 2", "--seed 3", "--readable", "--count", "--max-macs 1",
         "--show stem", "--as maps", "--picture png", "--trace stem:0,0,0", "--steps",
         "--labels labels.txt", "--top-k 2", "--strict fit", "--layout CHW", "--match order",
         "--save maps", "--weights gone.st", "--input 66x64x3"],
        {},
    ),
    "forward of several": (
        ("forward", "net.yaml", "--sample", "ramp", "--sample", "ones", "--jobs", 1),
        ("table", "json"),
        ["--scale 2", "--mean 1", "--std 2", "--seed 3", "--count", "--max-macs 1", "--show stem",
         "--as maps", "--picture png", "--trace stem:0,0,0", "--steps", "--labels labels.txt",
         "--top-k 2", "--strict fit", "--match order", "--save maps", "--weights gone.st"],
        {},
    ),
    "sizes": (
        ("sizes", "net.yaml", "--from", 60, "--to", 70),
        ("table", "csv", "md", "latex", "json", "jsonl"),
        ["--exact", "--step 2", "--axes w"],
        {("csv", "--exact"): "it lists all sizes and which are exact; the exit status may change",
         ("md", "--exact"): "the same",
         ("latex", "--exact"): "the same",
         ("jsonl", "--exact"): "the same",
         ("json", "--exact"): "the same; 'ok' may change"},
    ),
    "check": (
        ("check", "net.yaml", "--max-peak-bytes", "100kB"),
        ("full", "concise", "github", "json", "jsonl"),
        ["--strict fit", "--batch 9", "--dtype fp64", "--max-params 1", "--max-macs 1",
         "--min-rf 99999", "--input 66x64x3"],
        {},
    ),
    "layers": (("layers",), ("table", "json", "jsonl", "csv", "md", "latex"), ["conv"], {}),
    "expand": (("expand", "net.yaml"), (None,), ["--input 66x64x3", "--set c=4", "--short"], {}),
    "export": (
        ("export", "net.yaml", "--to", "pytorch"), (None,), ["--input 66x64x3", "--set c=4"], {},
    ),
}  # fmt: skip
VARYING = re.compile(r"\d[\d.,]* ?(?:µs|ms|s)\b|\(\d.*?/s\)|\"seconds\": [^,\n]*")


def lasting(text):
    """An answer without the times in it, and the padding that depends on them."""
    return re.sub(" +", " ", VARYING.sub("", text))


@pytest.mark.parametrize("case", CASES)
def test_no_option_of_these_commands_is_dropped(cnncalc, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(
        NET.replace("1000", "c").replace("blocks", "vars: {c: 3}\nblocks")
    )
    (tmp_path / "labels.txt").write_text("a\nb\nc\n")
    command, formats, options, nothing_to_change = CASES[case]
    taken = set()
    for style in formats:
        words = (*command, "--format", style) if style else command
        plain = cnncalc(*words)
        assert plain.status == 0, plain.err
        for option in options:
            answer = cnncalc(*words, *option.split())
            if (style, option) in nothing_to_change:
                assert (answer.status, answer.out) == (0, plain.out), option
            elif not refused(answer):
                same = (answer.status, lasting(answer.out)) == (0, lasting(plain.out))
                assert not same, f"{option} was dropped in {style}"
                taken.add(option)
    assert taken


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("forward lenet5 --as maps", "needs --show"),
        ("forward lenet5 --picture png", "needs --save"),
        ("forward lenet5 --show C1 --as maps --json", "--as has no effect with --format json"),
        ("forward lenet5 --layout CHW --json", "--layout has no effect with --format json"),
        ("forward lenet5 --sample ones --sample ramp --count", "--count is for a single sample"),
        ("fc --in 9 --units 3 --layout CHW", "--layout has no effect with --format table"),
        ("rf lenet5 --at C3 --expand", "leave out --at"),
        ("rf lenet5 --at C3 --format md", "text, JSON or SVG, not as md"),
        ("rf lenet5 --through", "needs --at"),
        ("solve --out 5 -A 1", "needs --transposed"),
    ],
)  # fmt: skip
def test_an_option_that_needs_another_is_refused_without_it(cnncalc, words, reason):
    answer = cnncalc(*words.split())
    assert refused(answer)
    assert reason in re.sub(r"[\s│]+", " ", answer.err)


@pytest.mark.parametrize(
    "command",
    [
        ("analyze", "lenet5"),
        ("stack", "8x8x1", "fc 2"),
        ("conv", "-W", 9, "-F", 3),
        ("explain", "lenet5"),
        ("solve", "--out", 5),
        ("zoo",),
        ("check", "lenet5"),
        ("layers",),
    ],
)
def test_two_formats_at_once_are_refused(cnncalc, monkeypatch, command):
    other = "full" if command[0] == "check" else "table"
    answer = cnncalc(*command, "--json", "--format", other)
    assert refused(answer)
    assert f"--json contradicts --format {other}" in answer.err
    assert cnncalc(*command, "--json", "--format", "json").status == 0
    monkeypatch.setenv("CNNCALC_FORMAT", "csv")  # a default may be overridden
    assert cnncalc(*command, "--json").status == 0


def test_a_layout_of_the_environment_is_a_default(cnncalc, net, monkeypatch):
    monkeypatch.setenv("CNNCALC_LAYOUT", "CHW")
    assert cnncalc("analyze", net, "--json").status == 0
    assert refused(cnncalc("analyze", net, "--json", "--layout", "CHW"))


def test_rows_cannot_be_expanded_and_folded(cnncalc, net):
    assert refused(cnncalc("analyze", net, "--expand", "--depth", 0))


# -- what is shown of the network


def numbers(line):
    return [int(word.replace(",", "")) for word in line.split()[-3:]]


def table(cnncalc, net, *words):
    lines = cnncalc("analyze", net, "--columns", "weights,biases,params", *words).out.splitlines()
    end = next(n for n, line in enumerate(lines) if line.lstrip().startswith("total"))
    return lines[2:end], lines[end]


@pytest.mark.parametrize(
    ("words", "label"),
    [
        (("--at", "u1"), "shown 2 of 6"),  # stem, two in each unit, fc
        (("--top", 3), "shown 3 of 6"),  # the input is a line, and no layer
        (("--only", "bn"), "shown 4 of 12"),  # rows: 5 conv, 4 bn, 2 relu, fc
        (("--sort", "params", "--top", 1), "shown 1 of 6"),
        (("--expand", "--top", 2), "shown 2 of 12"),
        (("--depth", 0, "--top", 1, "--sort", "params"), "shown 1 of 4"),
    ],
)
def test_a_subtotal_sums_what_is_shown(cnncalc, net, words, label):
    (*lines, subtotal), total = table(cnncalc, net, *words)
    assert subtotal.strip().startswith(label)
    shown = [numbers(line) for line in lines if line.split()[1] != "input"]
    assert numbers(subtotal) == [sum(column) for column in zip(*shown, strict=True)]
    whole, whole_total = table(cnncalc, net)
    assert total.split() == whole_total.split()
    assert "shown" not in whole[-1]


def test_a_whole_network_has_no_subtotal(cnncalc, net):
    for words in ((), ("--sort", "params"), ("--depth", 0), ("--expand",), ("--top", 99)):
        assert "shown" not in cnncalc("analyze", net, *words).out


def test_where_no_column_has_a_sum_a_line_says_it(cnncalc, net):
    answer = cnncalc("analyze", net, "--columns", "rf", "--at", "u1")
    assert "\nshown 2 of 6; totals are of the whole network\n" in answer.out
    assert "shown 2 of 6" in cnncalc("analyze", net, "--at", "u1", "--format", "md").out
    assert "shown 2 of 6" in cnncalc("analyze", net, "--at", "u1", "--training", "sgd").out
    assert "shown 2 of 6" in cnncalc("analyze", net, "--at", "u1", "--color", "always").out


def test_formulas_are_of_the_lines_shown(cnncalc, net):
    told = cnncalc("analyze", net, "--formulas", "--only", "fc").out
    assert "\nfc1   fc " in told
    assert "\nstem   conv" not in told
    assert "\nstem   conv" in cnncalc("analyze", net, "--formulas").out


# -- units


def test_exact_units_shorten_nothing(cnncalc):
    """ResNet-50: 4,089,184,256 MACs (torchvision), 25,557,032 parameters of four bytes."""
    for words in ((), ("--totals",)):
        told = cnncalc("analyze", "resnet50", "--units", "exact", "--memory", *words).out
        assert "MACs 4,089,184,256 (8,178,368,512 FLOPs)" in told
        assert "params 102,440,608 bytes" in told
        assert not {"G", "GFLOPs", "MB", "MiB)", "M", "k"} & set(told.split())
    training = cnncalc("analyze", "resnet50", "--units", "exact", "--training", "sgd").out
    assert "gradients 102,228,128 bytes" in training


def test_si_units_shorten_the_totals_too(cnncalc):
    told = cnncalc("analyze", "resnet50", "--units", "si", "--totals").out
    assert told.startswith("params 25.6 M (25.5 M weights + 27.6 k biases)")
    assert "MACs 4.09 G (8.18 GFLOPs)" in told
