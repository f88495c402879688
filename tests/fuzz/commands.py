"""Random command lines: the one-layer calculators, and the commands about a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract import SPEC

if TYPE_CHECKING:
    from random import Random

NUMBERS = ("1", "2", "3", "5", "7", "8", "16", "28", "32", "224", "1,2", "3,5,7", "3x5", "2x2")
HOSTILE = (
    "0", "-1", "", " ", "x", "1e3", "1.5", "9" * 15, "9" * 16, "9" * 400, "1" + "0" * 5000, "3x",
    "x3", "1,", ",", "1,,2", "1:9", "nan", "inf", "²", "１", "1+2", "0+1", "same", "half", "full",
    "valid", "1x2x3x4", "1000000000", "\x1b[31m", "\u202e", "é", "--", "-", "@", "a=b",
    "1,2,3,4,5,6,7,8,9" + ",9" * 200,
)  # fmt: skip
ONE_LAYER = {
    "conv": ("-W", "-H", "-D", "-F", "-K", "-S", "-P", "--dilation", "--groups", "--l"),
    "pool": ("-W", "-H", "-D", "-F", "-S", "-P", "--dilation"),
    "conv-transpose": ("-W", "-H", "-D", "-F", "-K", "-S", "-P", "-A", "--out", "--groups"),
    "fc": ("--in", "-K"),
    "solve": ("-W", "-F", "-S", "-P", "--out", "--dilation", "-A"),
}
SWITCHES = {
    "conv": ("--no-bias", "--vs=depthwise", "--vs=mlp", "--strict=fit", "--layout=CHW"),
    "pool": ("--round=ceil", "--round=both", "--kind=avg", "--kind=sum"),
    "conv-transpose": ("--no-bias",),
    "fc": ("--no-bias",),
    "solve": ("--transposed", "--exact"),
}
ABOUT_A_SPEC = (
    ("analyze", SPEC), ("analyze", SPEC, "--json"), ("analyze", SPEC, "--format=csv"),
    ("analyze", SPEC, "--format=md"), ("analyze", SPEC, "--totals"), ("analyze", SPEC, "--ascii"),
    ("analyze", SPEC, "--explain"), ("analyze", SPEC, "--columns", "all"), ("explain", SPEC),
    ("analyze", SPEC, "--fold"), ("check", SPEC), ("check", SPEC, "--format", "github"),
    ("check", SPEC, "--json"), ("expand", SPEC), ("rf", SPEC), ("rf", SPEC, "--json"),
    ("expand", SPEC, "--short"),
    ("sizes", SPEC, "--from", "4", "--to", "12"), ("compare", SPEC, "lenet5"),
    ("sweep", SPEC, "--vary", "k=1,2"), ("analyze", SPEC, "--set", "k=3"),
    ("analyze", SPEC, "--input", "16x16x3"), ("analyze", SPEC, "--variant", "v"),
    ("analyze", SPEC, "--training"), ("explain", SPEC, "a"), ("analyze", SPEC, "--as", "torchinfo"),
)  # fmt: skip


def number(random: Random) -> str:
    """A number or a list of them; one in twenty is hostile."""
    return random.choice(HOSTILE if random.random() < 0.05 else NUMBERS)


def one_layer(random: Random) -> tuple[str, ...]:
    """A command line of a one-layer calculator."""
    name = random.choice(list(ONE_LAYER))
    words = [name]
    for option in ONE_LAYER[name]:
        wanted = option in ("-W", "-F", "--in", "-K", "--out")
        if random.random() < (0.9 if wanted else 0.2):
            words += [option, number(random)]
    words += [switch for switch in SWITCHES[name] if random.random() < 0.15]
    if random.random() < 0.3:
        words.append("--json")
    return tuple(words)


def about_a_spec(random: Random) -> tuple[str, ...]:
    """A command line about a spec."""
    return random.choice(ABOUT_A_SPEC)
