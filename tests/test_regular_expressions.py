"""No regular expression of the package takes time that grows faster than its text.

Every compiled expression of every module is given long texts of one repeated sign or pair of
signs, which is where expressions that may be matched in many ways take forever.
"""

import re
import time
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "cnncalc"
LONG = 20_000  # signs: with time that grows as the square, more than a second
BODIES = (" ", "\t", "a", "1", "_", ".", "-", "(", ")", "x", ",", "#", "[", "=", ":", "⌊", "a.",
          "1_", "1,", "a ", " x", ") ", "#\n", "e1", "- ")  # fmt: skip
BEGINNINGS = ("", "a", "1", "(", "a(", "\n", "<=", "x:")
END = "!"


def patterns():
    """Every compiled expression at the top level of a module, with the methods that are called."""
    for path in sorted(ROOT.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "re.compile" not in source:
            continue
        module = import_module(".".join(path.relative_to(ROOT.parent).with_suffix("").parts))
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and f"{name} = re.compile" in source:
                uses = set(re.findall(rf"\b{name}\.(\w+)\b", source)) or {"search"}
                yield pytest.param(value, uses, id=f"{path.stem}.{name}")


def seconds(pattern, method, text):
    """How long one call takes, the answers read to the end."""
    call = getattr(pattern, method)
    arguments = ("", text) if method in ("sub", "subn") else (text,)
    begun = time.process_time()
    found = call(*arguments)
    for _ in found if method == "finditer" else ():
        pass
    return time.process_time() - begun


METHODS = {"match", "fullmatch", "search", "split", "sub", "finditer", "findall"}


@pytest.mark.parametrize(("pattern", "uses"), list(patterns()))
def test_time_is_linear(pattern, uses):
    texts = [start + body * (LONG // len(body)) + END for start in BEGINNINGS for body in BODIES]
    for text in texts:
        subject = text.encode() if isinstance(pattern.pattern, bytes) else text
        for method in sorted(uses & METHODS):
            took = seconds(pattern, method, subject)
            assert took < 0.3, f"{method} took {took:.1f} s for {text[:9]!r}..."


def test_a_quadratic_expression_is_found():
    """Two stretches of blanks side by side: what the expression of input shapes once was."""
    blanks = f"1{' ' * LONG}!"
    assert seconds(re.compile(r"\s*[x×]\s*"), "split", blanks) > 0.3
