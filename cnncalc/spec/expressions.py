"""Safe arithmetic: `div8(32*width)`, `s != 1 or cin != c`, `first(2)`.

Python's own parser reads the text, and `ExpressionCompiler` turns the tree into nested functions
of the variables: one method per kind of node that is allowed, all others are refused. Nothing is
executed as Python. Limits: 300 characters, 120 nodes, numbers up to 2^53, powers to 4096 ** 16.

Numbers, names, + - * / // % **, comparisons (chained), `in` and `not in` a list, and or not,
`a if c else b`, lists and their indexing, true and false, the sizes `here.c here.h here.w here.d
here.l`, and the functions of `arithmetic`, which also says what is whole: 8/2 is 4, `round` takes
a half to the even side. A quoted word may only be compared.
`first(a, b=1)` is a in the first pass of a repeat (i == 0) and b in the others; `last`
likewise (i == reps - 1). Both read `i` and `reps` among the variables.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from cnncalc.errors import UnplacedError, did_you_mean
from cnncalc.spec.arithmetic import (
    FUNCTIONS,
    LIMIT,
    OPERATORS,
    REPEATS,
    describe,
    number,
    numbers,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeAlias

    Run: TypeAlias = Callable[[Mapping[str, object]], Any]

MAX_CHARACTERS = 300

STRANGE = re.compile(r"[^A-Za-z0-9_ \n+\-*/%().,<>=!\[\]'\"]")
# A number with letters after it, such as 4k, 3x3, 0x10 or 1if: 1e5 is a number.
GLUED = re.compile(r"(?<![\w.])[0-9][0-9_.]*+(?:[eE][-+]?[0-9]++)?+[A-Za-z_]\w*")
INSTEAD = {
    "×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "&": "and", "|": "or",
    "→": "->, with a space on either side", "х": "x, the Latin letter",
}  # fmt: skip
# A text in which a size runs into what follows it.
RUN_ON = re.compile(r"(\d+(?:x\d+)+)(/|->)\s*(\w*)")


class Expression(NamedTuple):
    """A parsed expression. `evaluate(variables)` computes it; `names` are the variables it reads.

    Evaluation raises ExpressionError with the code `expression`, `unknown-name`,
    `number-too-big` or `division-by-zero`.

    >>> half = parse("c // 2")
    >>> half.evaluate({"c": 64}), sorted(half.names)
    (32, ['c'])
    """

    text: str
    names: frozenset[str]
    evaluate: Run


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Parse an expression; repeated texts come from a cache.

    Raises:
        ExpressionError: the text is not in the language, or too long.

    >>> parse("first(2)").evaluate({"i": 0, "reps": 3})
    2
    """
    reader = ExpressionCompiler(text)
    evaluate = reader.read(_tree(text))
    return Expression(text, frozenset(reader.names), evaluate)


def _tree(text: str) -> ast.expr:
    _check_characters(text)
    lead = len(text) - len(text.lstrip())
    try:
        tree = ast.parse(text.strip().replace("\n", " "), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError):
        bare = text.strip()
        message = f"'{bare}' is not an expression"
        advice = None
        if bare == "+":  # tables show `conv + relu`, so that people write it
            advice = "leave it out: norms and activations are words"
        elif bare[:1] == "/" and bare[1:].isdecimal():  # as papers write a stride
            advice = f"write s{bare[1:]} for a stride"
        raise ExpressionError("expression", message, lead, len(text), advice) from None
    for node in ast.walk(tree):
        if isinstance(node, (ast.expr, ast.keyword)):
            node.col_offset += lead
            node.end_col_offset = (node.end_col_offset or 0) + lead
    return tree


def _check_characters(text: str) -> None:
    if not text.strip():
        raise ExpressionError("expression", "the expression is empty", 0, len(text))
    if len(text) > MAX_CHARACTERS:
        message = f"the expression has {len(text)} characters; {MAX_CHARACTERS} are allowed"
        raise ExpressionError("expression", message, 0, len(text))
    if odd := STRANGE.search(text):
        mark = odd.group()
        instead = INSTEAD.get(mark) or (str(int(mark)) if mark.isdecimal() else None)
        advice = f"write {instead}" if instead else None
        message = f"'{mark}' is not allowed in an expression"
        raise ExpressionError("expression", message, odd.start(), odd.end(), advice)
    if glued := GLUED.search(text):
        message = f"'{glued.group()}' is neither a number nor a name"
        advice = _as_size(text) or _run_on(text)
        advice = advice or "write 4*k for a product, and a space before a word"
        raise ExpressionError("expression", message, glued.start(), glued.end(), advice)


SIZE = re.compile(r"\d++(?:x[0-9A-Za-wyz_]++)++\Z")


def _as_size(text: str) -> str | None:
    """The help for a size with a variable, such as 1x1xc; None for any other text.

    >>> _as_size("1x1xc"), _as_size("4k")
    ('a computed size stands in parentheses: 1x1x(c)', None)
    """
    if not SIZE.match(text):
        return None
    parts = text.split("x")
    if all(map(str.isdecimal, parts)) or not all(p.isdecimal() or p.isidentifier() for p in parts):
        return None
    sizes = [part if part.isdecimal() else f"({part})" for part in parts]
    return f"a computed size stands in parentheses: {'x'.join(sizes)}"


def _run_on(text: str) -> str | None:
    """The help for a size with a capital X, or with a stride or an arrow right behind it.

    >>> _run_on("3X3"), _run_on("3x3/2")
    ('write 3x3', 'write 3x3 s2')
    >>> _run_on("3x3->relu")
    "write spaces around '->': 3x3 -> relu"
    """
    if "X" in text and re.fullmatch(r"\d+(?:[xX]\d+)+", text):
        return f"write {text.lower()}"
    if not (match := RUN_ON.match(text)):
        return None
    size, mark, rest = match.groups()
    if mark == "->":
        return f"write spaces around '->': {size} -> {rest}".rstrip()
    return f"write {size} s{rest}" if rest.isdecimal() else None


class ExpressionError(Exception):
    """A mistake in an expression, at the characters from `start` to `end`.

    >>> error = ExpressionError("unknown-name", "there is no variable 'widht'", 2, 7)
    >>> "2*widht"[error.start:error.end]
    'widht'
    """

    def __init__(
        self,
        code: str,
        message: str,
        start: int,
        end: int,
        help: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.start = start
        self.end = end
        self.help = help


def position(node: ast.expr | ast.keyword) -> tuple[int, int]:
    """The start and end of a node in the text."""
    return node.col_offset, node.end_col_offset or node.col_offset


def fail(
    node: ast.expr | ast.keyword, code: str, message: str, advice: str | None = None
) -> NoReturn:
    """Raise an error at a node.

    Raises:
        ExpressionError: always.
    """
    raise ExpressionError(code, message, *position(node), advice) from None


def placed(node: ast.expr, function: Callable[..., Any], *values: object) -> Any:
    """The value of a function; its UnplacedError becomes an ExpressionError at the node."""
    try:
        return function(*values)
    except UnplacedError as problem:
        fail(node, problem.code, problem.message)


def unknown(node: ast.Name, env: Mapping[str, object]) -> NoReturn:
    """Raise an error for an unknown variable, with a suggestion."""
    name = node.id
    if name in FUNCTIONS or name in REPEATS:
        advice: str | None = f"'{name}' is a function: write {name}(...)"
    else:
        advice = did_you_mean(name, [*env, *FUNCTIONS, *REPEATS])
    fail(node, "unknown-name", f"there is no variable '{name}'", advice)


MAX_NODES = 120
# The sizes of the tensor that enters a layer; `rows.Scope.at` sets them.
HERE = ("here.c", "here.h", "here.w", "here.d", "here.l")

CONSTANTS = {"true": True, "false": False}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt,
    ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
EQUALITY = (ast.Eq, ast.NotEq)


class ExpressionCompiler:
    """Turns a tree into nested functions, and collects the `names` of the variables they read.

    >>> ExpressionCompiler("2*c").read(ast.parse("2*c", mode="eval").body)({"c": 3})
    6
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: set[str] = set()
        self.nodes = 0

    def read(self, node: ast.expr) -> Run:
        """Compile one node, by the method named after its type.

        Raises:
            ExpressionError: the node is not in the language, or there are too many.
        """
        self.nodes += 1
        if self.nodes > MAX_NODES:
            message = f"the expression has more than {MAX_NODES} parts"
            raise ExpressionError("expression", message, 0, len(self.text))
        read = getattr(self, f"_read_{type(node).__name__}", self._refuse)
        run: Run = read(node)
        return run

    def _refuse(self, node: ast.expr) -> NoReturn:
        part = self.text[slice(*position(node))]
        advice = None
        if isinstance(node, ast.Tuple) and all(isinstance(e, ast.Constant) for e in node.elts):
            advice = f"write a size as {'x'.join(ast.unparse(e) for e in node.elts)}"
        fail(node, "expression", f"'{part}' is not allowed in an expression", advice)

    def _read_Constant(self, node: ast.Constant) -> Run:
        value = node.value
        if isinstance(value, str):
            message = "a quoted word may only be compared, with == or !="
            fail(node, "expression", message)
        if not isinstance(value, (bool, int, float)):
            self._refuse(node)
        if not isinstance(value, bool):
            placed(node, number, value)
        return _constant(value)

    def _read_Name(self, node: ast.Name) -> Run:
        name = node.id
        if name in CONSTANTS:
            value = CONSTANTS[name]
            return _constant(value)
        self.names.add(name)

        def run(env: Mapping[str, object]) -> object:
            try:
                value = env[name]
            except KeyError:
                unknown(node, env)
            return _within(node, value)

        return run

    def _read_BinOp(self, node: ast.BinOp) -> Run:
        left, right = self._number(node.left), self._number(node.right)
        kind = type(node.op).__name__
        if kind not in OPERATORS:
            self._refuse(node)
        function = OPERATORS[kind]

        def run(env: Mapping[str, object]) -> object:
            a, b = left(env), right(env)
            try:
                value = function(a, b)
            except ZeroDivisionError:
                fail(node.right, "division-by-zero", "division by zero")
            except OverflowError:
                value = math.inf
            except UnplacedError as problem:
                fail(node, problem.code, problem.message)
            if not -LIMIT <= value <= LIMIT:
                placed(node, number, value)
            return value

        return run

    def _read_UnaryOp(self, node: ast.UnaryOp) -> Run:
        if isinstance(node.op, ast.Not):
            operand = self._condition(node.operand)
            return lambda env: not operand(env)
        operand = self._number(node.operand)
        if isinstance(node.op, ast.USub):
            return lambda env: -operand(env)
        return operand

    def _read_Compare(self, node: ast.Compare) -> Run:
        sides = [node.left, *node.comparators]
        if isinstance(node.ops[0], (ast.In, ast.NotIn)):
            return self._membership(node)
        runs = [self._side(side, node.ops[max(k - 1, 0) : k + 1]) for k, side in enumerate(sides)]
        steps = []
        for op, run, side in zip(node.ops, runs[1:], sides[1:], strict=True):
            if type(op) not in COMPARISONS:
                self._refuse(node)
            steps.append((COMPARISONS[type(op)], run, side))

        def compare(env: Mapping[str, object]) -> bool:
            left = runs[0](env)
            for holds, run, side in steps:
                right = run(env)
                if isinstance(left, bool) != isinstance(right, bool):
                    message = f"{describe(left)} and {describe(right)} cannot be compared"
                    fail(side, "expression", message)
                if not holds(left, right):
                    return False
                left = right
            return True

        return compare

    def _membership(self, node: ast.Compare) -> Run:
        """`i in [1, 3, 5]`, `kind not in ['a', 'b']`: equal to an item of a list, or to none."""
        left, right = node.left, node.comparators[0]
        if len(node.ops) > 1:
            advice = "write the two comparisons with 'and' between them"
            fail(node, "expression", "'in' cannot be chained with another comparison", advice)
        value = self._side(left, [ast.Eq()])
        if isinstance(right, ast.List):
            parts = [self._side(item, [ast.Eq()]) for item in right.elts]
            items: Run = lambda env: [part(env) for part in parts]  # noqa: E731 - as elsewhere here
        else:
            items = self.read(right)
        wanted = isinstance(node.ops[0], ast.In)

        def run(env: Mapping[str, object]) -> bool:
            held, found = items(env), value(env)
            if not isinstance(held, (list, tuple)):
                message = f"'in' needs a list, not {describe(held)}"
                fail(right, "expression", message, "such as i in [1, 3, 5]")
            for item in held:
                if isinstance(item, bool) != isinstance(found, bool):
                    message = f"{describe(found)} and {describe(item)} cannot be compared"
                    fail(right, "expression", message)
            return (found in held) is wanted

        return run

    def _read_Attribute(self, node: ast.Attribute) -> Run:
        """`here.c`: a size of the tensor that enters the layer, kept under that name."""
        owner = node.value
        if not isinstance(owner, ast.Name) or owner.id != "here":
            self._refuse(node)
        name = f"here.{node.attr}"
        if name not in HERE:
            message = f"'{name}' is not a size"
            fail(node, "unknown-name", message, f"the sizes are {', '.join(HERE)}")
        self.names.add(name)

        def run(env: Mapping[str, object]) -> object:
            if name not in env:
                present = ", ".join(key for key in env if key.startswith("here."))
                message = f"the tensor that enters this layer has no {name}"
                fail(node, "unknown-name", message, f"it has {present}" if present else None)
            return env[name]

        return run

    def _side(self, node: ast.expr, operators: Sequence[ast.cmpop]) -> Run:
        """One operand of comparisons: anything for == and !=, a number for the others."""
        if not all(isinstance(op, EQUALITY) for op in operators):
            return self._number(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            word = node.value
            return _constant(word)
        return self.read(node)

    def _read_BoolOp(self, node: ast.BoolOp) -> Run:
        parts = [self._condition(value) for value in node.values]
        stop = isinstance(node.op, ast.Or)

        def run(env: Mapping[str, object]) -> object:
            value: object = None
            for part in parts:
                value = part(env)
                if bool(value) is stop:
                    break
            return value

        return run

    def _read_IfExp(self, node: ast.IfExp) -> Run:
        test = self._condition(node.test)
        then, other = self.read(node.body), self.read(node.orelse)
        return lambda env: then(env) if test(env) else other(env)

    def _read_List(self, node: ast.List) -> Run:
        items = [self.read(item) for item in node.elts]
        return lambda env: [item(env) for item in items]

    def _read_Subscript(self, node: ast.Subscript) -> Run:
        items, index = self.read(node.value), self.read(node.slice)

        def run(env: Mapping[str, object]) -> object:
            values = placed(node.value, numbers, items(env))
            k = placed(node.slice, whole, index(env))
            if not -len(values) <= k < len(values):
                message = f"there is no item {k} in a list of {len(values)}"
                fail(node.slice, "expression", message, "items are counted from 0")
            return _within(node, values[k])

        return run

    def _read_Call(self, node: ast.Call) -> Run:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in REPEATS:
            return self._repeat(node, name)
        if name not in FUNCTIONS:
            known = [*FUNCTIONS, *REPEATS]
            part = self.text[slice(*position(node.func))]
            message = f"there is no function '{part}'"
            fail(node.func, "unknown-name", message, did_you_mean(part, known))
        function, least, most, of_numbers = FUNCTIONS[name]
        self._check_arguments(node, name, least, most)
        read = self._number if of_numbers else self.read
        arguments = [read(argument) for argument in node.args]

        def run(env: Mapping[str, object]) -> object:
            value = placed(node, function, *[argument(env) for argument in arguments])
            return placed(node, number, value)

        return run

    def _repeat(self, node: ast.Call, name: str) -> Run:
        """first(a, b=1) and last(a, b=1); only the chosen value is computed."""
        named = [keyword for keyword in node.keywords if keyword.arg == "b"]
        self._check_arguments(node, name, 1, 2, named)
        values = [*node.args, *(keyword.value for keyword in named)]
        then = self.read(values[0])
        other = self.read(values[1]) if values[1:] else _constant(1)
        i = self._number(ast.copy_location(ast.Name("i"), node.func))
        if name == "first":
            return lambda env: then(env) if i(env) == 0 else other(env)
        reps = self._number(ast.copy_location(ast.Name("reps"), node.func))
        return lambda env: then(env) if i(env) == reps(env) - 1 else other(env)

    def _check_arguments(
        self,
        node: ast.Call,
        name: str,
        least: int,
        most: int | None,
        keywords: Sequence[ast.keyword] = (),
    ) -> None:
        if extra := [k for k in node.keywords if k not in keywords]:
            message = f"{name}() takes no argument named '{extra[0].arg}'"
            fail(extra[0], "expression", message)
        count = len(node.args) + len(keywords)
        if len(node.args) < least or (most is not None and count > most):
            wanted = f"{least}" + (
                " or more" if most is None else f" or {most}" if most > 1 else ""
            )
            plural = "" if most == 1 else "s"
            message = f"{name}() takes {wanted} argument{plural}, not {count if node.args else 0}"
            fail(node, "expression", message)

    def _number(self, node: ast.expr) -> Run:
        run = self.read(node)

        def checked(env: Mapping[str, object]) -> object:
            value = run(env)
            kind = value.__class__
            if (kind is int or kind is float) and -LIMIT <= value <= LIMIT:
                return value  # the fast path: nearly every value
            return placed(node, number, value)

        return checked

    def _condition(self, node: ast.expr) -> Run:
        run = self.read(node)

        def checked(env: Mapping[str, object]) -> object:
            value = run(env)
            if not isinstance(value, (bool, int, float)):
                message = f"a condition must be true, false or a number, not {describe(value)}"
                fail(node, "expression", message)
            return value

        return checked


def _within(node: ast.expr, value: Any) -> object:
    """A value of a variable; a whole number must be within the limits."""
    if value.__class__ is int and not -LIMIT <= value <= LIMIT:
        placed(node, number, value)
    return value


def _constant(value: object) -> Run:
    def run(_env: Mapping[str, object]) -> object:
        return value

    return run
