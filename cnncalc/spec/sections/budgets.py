"""`budget:` -> limits on the figures of a network.

    budget: {params: 5M, macs: 600M, peak_activation_bytes: 256KiB, rf: ">= 64"}
    budget: {dtype: int8, param_bytes: 1MB, training_bytes: {adam: 8GB, batch: 32}}

A figure means "at most"; `<=` and `>=` say it explicitly, and `rf` always needs one of them. Bytes
of inference are those of `dtype`, or else of the run; training has a limit for each optimiser, and
a batch and a number type of its own. A variant's budget replaces the file's, key by key.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.conventions import DTYPES, OPTIMISERS
from cnncalc.errors import CnncalcError, UnplacedError, failure, suggested
from cnncalc.figures import FIGURES, used
from cnncalc.spec.amounts import ADVICE, parse_amount
from cnncalc.spec.yaml_source import MappingValue, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnncalc.errors import Diagnostic, Span
    from cnncalc.spec.yaml_source import Value

LIMIT = re.compile(r"(<=|>=|≤|≥)?\s*(.*)\Z", re.DOTALL)
COUNT = re.compile(r"[1-9][0-9]{0,17}\Z")
DTYPE, BATCH, TRAINING = "dtype", "batch", "training_bytes"  # keys besides those of figures
KEYS = (*used("budget"), TRAINING, DTYPE)
TRAINING_KEYS = (*OPTIMISERS, BATCH, DTYPE)
TRAINING_ADVICE = "write a limit for each optimiser, such as {adam: 8GB, batch: 32}"


class Budget(NamedTuple):
    """One limit on one figure: a lower limit if `least`, else an upper one.

    Bytes are those of numbers of type `dtype`; None stands for the type of the run. `optimiser`
    and `batch` are those of training, where None stands for the batch of the run.
    """

    key: str
    written: str
    limit: int
    least: bool = False
    span: Span | None = None
    dtype: str | None = None
    batch: int | None = None
    optimiser: str | None = None

    @property
    def relation(self) -> str:
        """The words `at least` or `at most`."""
        return "at least" if self.least else "at most"

    def excess(self, actual: int) -> int:
        """How far a figure is beyond the limit: 0 where it holds, negative where it is too small.

        >>> parse_limit("params", "5M").excess(5_000_000), parse_limit("rf", ">= 64").excess(63)
        (0, -1)
        """
        beyond = actual - self.limit
        return min(beyond, 0) if self.least else max(beyond, 0)


def parse_limit(key: str, text: str, span: Span | None = None) -> Budget:
    """A limit as written, which must be a whole number.

    Raises:
        UnplacedError: the text is not a valid limit for that figure.

    >>> parse_limit("params", "5M").limit, parse_limit("peak_activation_bytes", "256KiB").limit
    (5000000, 262144)
    >>> budget = parse_limit("rf", ">= 64")
    >>> budget.limit, budget.relation
    (64, 'at least')
    """
    sign, written = LIMIT.split(text.strip())[1:3]
    amount = parse_amount(written, FIGURES[key].unit)
    if amount is None:
        raise UnplacedError(
            "bad-limit", f"'{text}' is not a valid limit for {key}", help=_advice(key)
        )
    if amount.whole is None:
        below, above = amount.around
        message = f"'{text}' is not a valid limit for {key}: it is not a whole number"
        raise UnplacedError(
            "bad-limit", message, help=f"a whole number, such as {below} or {above}"
        )
    if FIGURES[key].place == "field" and not sign:
        message = f"'{text}' does not say whether the receptive field may be larger or smaller"
        raise UnplacedError("bad-limit", message, help=f"write '>= {written}' or '<= {written}'")
    return Budget(key, text.strip(), amount.whole, sign in {">=", "≥"}, span)


def _advice(key: str) -> str:
    figure = FIGURES[key]
    if figure.place == "field":
        return "such as '>= 64', in input pixels, on the axis where it is smallest"
    return ADVICE[figure.unit]


def budgets(tree: MappingValue, variant: str | None = None) -> tuple[Budget, ...]:
    """The limits of a file, replaced key by key by those of the variant."""
    return tuple(_read(_merged(tree, variant), []))


def budget_as_written(tree: MappingValue, variant: str | None = None) -> dict[str, object]:
    """The same as a spec holds it, with texts such as `5M` as they were written."""
    return {
        key.text: {inner.text: _text(each) for inner, each in value.entries}
        if isinstance(value, MappingValue)
        else _text(value)
        for key, value in _merged(tree, variant)
    }


def _text(value: Value) -> str | int:
    if not isinstance(value, Scalar):
        return ""
    return value.value if isinstance(value.value, int) else value.text.strip()


def budget_problems(section: MappingValue) -> list[Diagnostic]:
    """The mistakes in a budget."""
    errors: list[Diagnostic] = []
    list(_read(section.entries, errors))
    return errors


def _merged(tree: MappingValue, variant: str | None) -> Iterable[tuple[Scalar, Value]]:
    places = [tree.at("budget"), tree.at("variants", variant or "", "budget")]
    sections = (place for place in places if isinstance(place, MappingValue))
    return {entry[0].text: entry for section in sections for entry in section.entries}.values()


def _read(entries: Iterable[tuple[Scalar, Value]], errors: list[Diagnostic]) -> Iterator[Budget]:
    """The limits; mistakes go to `errors`."""
    dtype: str | None = None
    limits: list[Budget] = []
    for key, value in entries:
        with _noting(errors):
            if key.text == TRAINING:
                limits += _training(value, errors)
            elif key.text == DTYPE:
                dtype = _dtype(value)
            else:
                limits.append(_limit(key, value))
    for limit in limits:
        yield limit._replace(dtype=dtype) if FIGURES[limit.key].place == "memory" else limit


def _training(value: Value, errors: list[Diagnostic]) -> list[Budget]:
    """A limit for each optimiser, with the batch and the number type beside them."""
    if not isinstance(value, MappingValue):
        message = "the bytes of training depend on the optimiser"
        raise failure("wrong-type", message, value.span, help=TRAINING_ADVICE)
    batch, dtype = None, None
    limits: list[Budget] = []
    for key, entry in value.entries:
        with _noting(errors):
            if key.text == BATCH:
                batch = _batch(entry)
            elif key.text == DTYPE:
                dtype = _dtype(entry)
            else:
                limits.append(_of_optimiser(key, entry))
    if {key.text for key, _ in value.entries} <= {BATCH, DTYPE}:
        message = "the budget of training names no optimiser"
        raise failure("missing-option", message, value.span, help=TRAINING_ADVICE)
    return [limit._replace(batch=batch, dtype=dtype) for limit in limits]


@contextmanager
def _noting(errors: list[Diagnostic]) -> Iterator[None]:
    """Mistakes within this context are added to `errors`."""
    try:
        yield
    except CnncalcError as error:
        errors += error.diagnostics


def _limit(key: Scalar, value: Value) -> Budget:
    if key.text not in used("budget"):
        raise _unknown(key, "budget", KEYS)
    return _placed_limit(key.text, value)


def _of_optimiser(key: Scalar, value: Value) -> Budget:
    if key.text not in OPTIMISERS:
        raise _unknown(key, f"budget.{TRAINING}", TRAINING_KEYS)
    return _placed_limit(TRAINING, value)._replace(optimiser=key.text)


def _placed_limit(key: str, value: Value) -> Budget:
    if not isinstance(value, Scalar):
        raise failure("wrong-type", "expected a limit", value.span, help=_advice(key))
    try:
        return parse_limit(key, value.text, value.span)
    except UnplacedError as problem:
        raise failure(problem.code, problem.message, value.span, help=problem.help) from None


def _dtype(value: Value) -> str:
    text = value.text if isinstance(value, Scalar) else None
    if text is not None and COUNT.match(text):
        return text
    if text not in DTYPES:
        shown = f"'{text}'" if text is not None else "this"
        message = f"{shown} is neither a number type nor a number of bytes"
        help_ = suggested(text or "", DTYPES, "number types are")
        raise failure("unknown-dtype", message, value.span, help=help_)
    return text


def _batch(value: Value) -> int:
    text = value.text if isinstance(value, Scalar) else ""
    if COUNT.match(text) is None:
        raise failure("wrong-type", "expected the number of samples of a batch", value.span,
                      help="a whole number from 1, such as 32")  # fmt: skip
    return int(text)


def _unknown(key: Scalar, section: str, known: Iterable[str]) -> CnncalcError:
    return failure(
        "unknown-key",
        f"'{section}' has no key '{key.text}'",
        key.span,
        help=suggested(key.text, known, "it has"),
    )
