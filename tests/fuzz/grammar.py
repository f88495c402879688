"""Random specs: every layer type with random words, and every structure of the language.

Most specs should be accepted, or fail late, so that what lies behind the reader is reached: the
values are small and mostly fit. In a third of the specs some values are hostile. What a layer type
takes is read off its class, so a new layer type is fuzzed without a word about it here.
"""

from __future__ import annotations

import re
import sys
from dataclasses import MISSING, fields
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, get_args

from cnncalc import layers
from cnncalc.spec.vocabulary import STRUCTURE

if TYPE_CHECKING:
    from random import Random

HOSTILE_SPECS = 0.3  # so many specs have hostile values
HOSTILE_VALUES = 0.06  # so many of their values
HOSTILE = (
    "1e300", "10**15", "0", "-1", "-0", "00", "1.5", "1e3", "1e400", "-1e-400", ".nan",
    ".inf", "true", "null", "~",
    "''", '""', "[]", "{}", "[[]]", "[1, [2]]", "{a: 1}", "x", "x2", "in", "as", "if", "->", "|",
    "10**9", "2**53", "2**53 + 1", "2**10**9", "9**9**9", "4096**16", "[0]*10**9", "[1,2][5]",
    "1/0", "0//0", "5 % 0", "1/3", "(" * 60 + "1" + ")" * 60, "not " * 60 + "1",
    "1" + "+1" * 119,
    "9" * 15, "9" * 16, "9" * 400, "1" + "0" * 5000, "0x10", "1_000", "1__0", "٣", "²", "①", "１",
    "3x3", "3×3", "1x1x1x1", "3x", "x3", "(k)x1", "s2", "p999999999", "s0", "d0", "g0", "K=",
    "=3", "k==3", "first(2)", "last(2)", "first()", "div8(k)", "sum([1, 2])", "len(7)", "sqrt(-1)",
    "log2(0)", "round(2.5)", "min()", "nosuch(1)", "lambda: 1", "__import__", "k.__class__",
    "x=10**6", "x=10**7", "x=0", "x=-1", "x=1000", "as in", "as fc", "if 0", "if", "share=in",
    "same", "valid", "full", "half", "bn", "relu", "\u202e", "\x1b[31m", "\u2028", "\ufeff", "é",
    "&a 1", "*a", "!!int 3", "<<", "? a", "'", '"', "#", ": ", "- - -", "\t", "%", "@", "`",
)  # fmt: skip
EXPRESSIONS = ("k", "2*k", "k//2 + 1", "w", "max(k, 2)", "div8(8*k)", "k if k > 1 else 3", "n[0]",
               "first(2)", "last(2)", "i + 1", "cin", "cin // 2", "win", "len(n)",
               "(k)")  # fmt: skip
CONDITIONS = ("k > 1", "k != 2 and cin == 4", "true", "false", "i == 0", "cin", "hin > 2", "not k",
              "win % 2 == 0", "on")  # fmt: skip
NAMES = ("a", "b", "c", "d1", "stem", "head", "out", "x1", "C1", "a.b", "_", "conv", "é")
CALLS = ("small", "wide", "skip")
NUMBERS = {
    "Switch": ("true", "false"),
    "Whole": ("0", "1", "-1", "2"),
    "Count": ("1", "2", "2", "3", "4", "8"),
    "Natural": ("0", "0", "1", "1", "2"),
    "Real": ("0", "-0.5", "0.25", "1", "2.5"),
    "NonNegative": ("0", "0.75", "1e-4", "2"),
    "Positive": ("0.5", "1", "1e-5", "2"),
    "Rate": ("0", "0.5", "0.9"),
    "PerAxis": ("1", "1", "2", "2", "3", "3", "3", "[3, 3]", "[2]"),
    "NaturalPerAxis": ("0", "1", "1", "[0, 1]"),
    "FactorPerAxis": ("2", "2", "3", "0.5", "1.5", "[2, 1]"),
    "Padding": ("0", "1", "1", "same", "half", "valid", "full", "[1, 0]", "[[0, 1], [1, 0]]"),
    "PaddingPairs": ("0", "1", "[1, 2]", "[[0, 1], [1, 0]]"),
}
INPUTS = ("8x8x3", "8x8x3", "12x12x4", "16x16x8", "9x7x2 HWC", "3x8x8 CHW", "32x1 LC", "64x2 LC",
          "4x6x6x2 DHWC", "20", "2x3x8x8 NCHW", "16x16x4", "16x16x4",
          "12x12x8", "8x8x2", "32x32x6", "{h: 8, w: 6, c: 3}", "[8, 8, 3]", "8x8x1 WHD",
          "1x1x1", "3x3x3", "8 x 8 x 3", "1000000000x1000000000x3", "28x28")  # fmt: skip
FIGURES = ("params", "macs", "connections", "trainable")  # expected and budgeted alike
ODD_FIGURES = ("weights", "output", "layers", "rf", "flops", "biases", "peak_activation_bytes",
               "buffers", "nosuch")  # fmt: skip
AMOUNTS = (
    "0",
    "10",
    "2k",
    "1.5M",
    "3M",
    "8x8x4",
    "1KiB",
    "3",
    "9G",
    "0.15605k",
    "'<= 5'",
    "'>= 1'",
)


class Field(NamedTuple):
    """What may be written for one field of a layer type."""

    name: str
    kinds: tuple[str, ...]
    required: bool


@cache
def described(name: str) -> tuple[Field, ...]:
    """The fields of a layer type, with the words of their annotations."""
    found = []
    for field in fields(layers.layer_type(name)):
        kinds = tuple(re.findall(r"\w+", str(field.type)))
        required = field.default is MISSING and field.default_factory is MISSING
        found.append(Field(field.name, kinds, required))
    return tuple(found)


@cache
def type_names() -> tuple[str, ...]:
    """Every word for a layer type; those that most networks are made of several times."""
    frequent = ("conv", "conv", "conv", "maxpool", "fc", "add", "concat", "bn", "relu")
    return (*sorted(layers.names()), *frequent * 3)


@cache
def attached() -> tuple[str, ...]:
    """The layer types that may follow as words."""
    return tuple(
        name
        for name in sorted(layers.names())
        if layers.layer_type(name).attaches and not any(field.required for field in described(name))
    )


class Writer:
    """Writes one spec; `names` are those given so far, which references pick from."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.rough = random.random() < HOSTILE_SPECS
        self.names: list[str] = ["in"]
        self.calls: list[str] = []

    # -- small choices

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, choices):
        return choices[int(self.random.random() * len(choices))]

    def hostile(self) -> str | None:
        return self.pick(HOSTILE) if self.rough and self.chance(HOSTILE_VALUES) else None

    def name(self) -> str:
        name = self.pick(NAMES) if self.rough else f"n{len(self.names)}"
        self.names.append(name)
        return name

    def reference(self) -> str:
        return self.pick(NAMES) if self.rough and self.chance(0.1) else self.pick(self.names)

    # -- values and words

    def value(self, kinds: tuple[str, ...], layer_type: type) -> str:
        """A value for a field of these kinds."""
        if odd := self.hostile():
            return odd
        kind = self.pick(kinds)
        if kind == "None":
            kind = kinds[0]
        if kind in NUMBERS:
            countable = kind in ("Count", "PerAxis")
            return self.pick(EXPRESSIONS if countable and self.chance(0.1) else NUMBERS[kind])
        literal = getattr(sys.modules[layer_type.__module__], kind, None)
        if kind == "Table":
            return "[[0], [0]]"
        words = get_args(literal) or tuple(k for k in kinds if k not in ("Literal", "None"))
        return str(self.pick(words))

    def fields(self, type_: str) -> list[tuple[str, str]]:
        """Field names with values: what is required, and some of the rest."""
        layer_type = layers.layer_type(type_)
        return [
            (field.name, self.value(field.kinds, layer_type))
            for field in described(type_)
            if field.required or (field.name != "table" and self.chance(0.2))
        ]

    def word(self, layer_type: type, name: str, value: str) -> str:
        """One field as a word: bare, as a size, by letter, or by a long name."""
        names = [letter for letter, field in layer_type.letters.items() if field == name]
        style = self.random.random()
        if name in layer_type.positional and style < 0.6:
            value = value.replace(" ", "")
            return f"{value}x{value}" if name == layer_type.sized and value.isdigit() else value
        if name == layer_type.sized and value.isdigit() and style < 0.6:
            return f"{value}x{value}"
        if value in layer_type.words:
            return value
        if names and style < 0.5:
            return f"{names[0]}{value}" if value.isdigit() else f"{names[0]}={value}"
        others = [other for other, field in layer_type.other_names.items() if field == name]
        if others and style > 0.9:
            return f"{self.pick(others)}={value}"
        return f"{name}={value.replace(' ', '')}"

    def layer_text(self) -> str:
        """One layer in the short form."""
        if self.calls and self.chance(0.2):
            return self.call()
        type_ = self.pick(type_names())
        layer_type = layers.layer_type(type_)
        words = [self.word(layer_type, *pair) for pair in self.fields(type_)]
        if layer_type.arity[1] != 1:
            words += [self.reference() for _ in range(self.pick((1, 1, 1, 2)))]
        if self.chance(0.25):
            words += [self.pick(attached()) for _ in range(self.pick((1, 1, 2)))]
        return " ".join([type_, *words, *self.extras()])

    def call(self) -> str:
        words = [self.pick(("2", "4", "c=4", "k"))] if self.chance(0.7) else []
        if self.rough:
            words.append(self.pick(("s=2", "s=k", "3", "nosuch=1", "t")))
        return " ".join([self.pick(self.calls), *words, *self.extras()])

    def extras(self) -> list[str]:
        """Words that any layer may have."""
        found = []
        if self.chance(0.06):
            found.append(self.pick(("x2", "x=2", "x=k", "x3", "x=n[0]", "x=0")))
        if self.chance(0.05):
            found.append(f"as {self.name()}")
        if self.chance(0.03):
            found.append(self.pick((f"share={self.reference()}", "frozen", "plain")))
        if odd := self.hostile():
            found.append(odd)
        return found

    def line(self) -> str:
        """A line of text: one layer, or several joined."""
        text = self.layer_text()
        if self.chance(0.05):
            return f"{text} if {self.pick(CONDITIONS)}"
        while self.chance(0.12):
            text += f" -> {self.layer_text()}"
        return text

    # -- items

    def items(self, depth: int, count: int) -> list[str]:
        """A list of items as lines of YAML, each with its dash and without indentation."""
        found: list[str] = []
        for _ in range(count):
            lines = self.item(depth)
            found.append(f"- {lines[0]}")
            found += [f"  {line}" for line in lines[1:]]
        return found

    def item(self, depth: int) -> list[str]:
        """One item as lines of YAML."""
        if depth < 3 and self.chance(0.16):
            return self.structure(depth + 1)
        if self.chance(0.12):
            return self.mapping()
        if self.chance(0.3):
            text = self.line()  # before its name, so that it cannot refer to itself
            return [f"{self.name()}: {text}"]
        return [self.line()]

    def mapping(self) -> list[str]:
        """A layer in mapping form."""
        type_ = self.pick(type_names())
        inner = ", ".join(f"{name}: {value}" for name, value in self.fields(type_))
        lines = [f"{type_}: {{{inner}}}" if inner else f"{type_}: {self.pick(('', '{}'))}"]
        options = (
            f"from: {self.reference()}", f"name: {self.name()}", "note: some words",
            f"share: {self.reference()}", "frozen: true", "train_only: true",
            f"repeat: {self.pick(('2', 'k', '0'))}",
            *(("weights: [1, 2]", "bias_values: [0.5]") if self.rough else ()),
        )  # fmt: skip
        some = [self.pick(options) for _ in range(self.pick((0, 0, 1, 1, 2)))]
        return lines + (some if self.rough else list(dict.fromkeys(some)))

    def structure(self, depth: int) -> list[str]:
        """A structure word with what stands in it."""
        kind = self.pick((*STRUCTURE, "residual", "add", "concat", "mul", "named", "branches"))
        if kind == "for":
            rows = [f"    - [{self.pick(('2', '4', 'k'))}, {self.pick('12')}]" for _ in "ab"]
            text = self.pick(("conv c f1 s=m", "conv c f3 p1 x=m", "conv c f1 bn relu"))
            return ["for: [c, m]", "in:", *(row[2:] for row in rows), f"do: {text}"]
        if kind == "repeat":
            body = indented(self.items(depth, self.pick((1, 2))))
            return [f"repeat: {self.pick(('2', 'k', '0', '3'))}", "layers:", *body]
        if kind in ("add", "concat", "mul", "branches"):
            head = "concat" if kind == "branches" else kind
            branches = [self.branch(depth) for _ in range(self.pick((2, 2, 3)))]
            return [f"{head}:", *indented([line for branch in branches for line in branch])]
        if kind == "named":
            return [f"{self.name()}:", *indented(self.items(depth, self.pick((1, 2))))]
        if kind in ("from", "identity") and not self.rough:
            return [f"from {self.reference()}" if kind == "from" else kind]
        return [f"{kind}:", *indented(self.items(depth, self.pick((1, 2, 2))))]

    def branch(self, depth: int) -> list[str]:
        """One branch of a merge, as lines of YAML."""
        style = self.random.random()
        if style < 0.3:
            return ["- identity"]
        if style < 0.6:
            return [f"- {self.line()}"]
        lines = indented(self.items(depth, self.pick((1, 2))))
        return [f"- {lines[0].lstrip()}", *lines[1:]]

    # -- the whole file

    def spec(self) -> str:
        """A whole spec."""
        sections = [self.input(), "vars: {k: 2, w: 0.5, n: [2, 3], on: true}"]
        if self.chance(0.5):
            sections.append(self.blocks())
        sections.append("\n".join(["layers:", *indented(self.items(0, self.pick((1, 2, 3, 4))))]))
        if self.chance(0.1):
            type_ = self.pick(("conv", "conv", "dwconv", "nosuch" if self.rough else "conv"))
            sections.append(f"defaults: {{{type_}: {self.pick(('bn relu', 'p1', 's2', '', '3'))}}}")
        if self.chance(0.1):
            sections.append(f"outputs: [{self.reference()}]")
        if self.chance(0.12):
            sections.append(f"expect: {self.figures()}")
        if self.chance(0.08):
            sections.append(f"budget: {self.figures()}")
        if self.chance(0.08):
            sections.append(f"variants: {{v: {{vars: {{k: 3}}, expect: {self.figures()}}}}}")
        if self.chance(0.05):
            other = ("notes: some words", "source: [a, b]", "year: 1998", "init: {seed: 3}",
                     "cnncalc: 1", "license: MIT", "description: word")  # fmt: skip
            sections.append(self.pick(other))
        return "\n".join(sections) + "\n"

    def input(self) -> str:
        if self.chance(0.03):
            return f"inputs: {{p: {self.pick(INPUTS)}, q: {self.pick(INPUTS)}}}"
        return f"input: {self.hostile() or self.pick(INPUTS)}"

    def figures(self) -> str:
        names = dict.fromkeys(self.pick(FIGURES) for _ in "ab")
        if self.rough:
            names |= {self.pick(ODD_FIGURES): None}
        amounts = AMOUNTS if self.rough else AMOUNTS[:5]
        pairs = [f"{name}: {self.hostile() or self.pick(amounts)}" for name in names]
        return f"{{{', '.join(pairs)}}}"

    def signatures(self) -> tuple[str, ...]:
        return ("", "(c)", "(c=2; t)", "(c, s=1)") if self.rough else ("(c=2)", "(c=2, s=1)")

    def blocks(self) -> str:
        """Blocks that the layers below may call; a block may call those before it."""
        lines = ["blocks:"]
        for name in CALLS[: self.pick((1, 1, 2, 3))]:
            outer, self.names = self.names, ["in"]
            lines.append(f"  {name}{self.pick(self.signatures())}:")
            lines += indented(indented(self.items(1, self.pick((1, 2)))))
            self.names = outer
            self.calls.append(name)
        return "\n".join(lines)


def indented(lines: list[str]) -> list[str]:
    """The same lines two columns further right."""
    return [f"  {line}" for line in lines]
