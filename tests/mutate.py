"""Mutation testing by hand: change one operator, run the tests, see whether they notice.

    python tests/mutate.py                           60 mutants over all packages
    python tests/mutate.py --package questions --count 20 --seed 7
    python tests/mutate.py --only fit.py::nearest_padding        every mutant of one function
    python tests/mutate.py --list                    which mutants would be run

The mutants are found in the syntax trees, so that lines may move and files be renamed, and are
drawn evenly from all packages and from all kinds of operators; equal seeds give equal mutants.
Each is applied to a copy of the project. The doctests of the module and the test files that
import it run first, then the test folder of its package, then the commands, and with `--wide`
all other tests. A mutant is killed when a test fails. One whose tests run out of time may never
end, or the machine was busy: it is listed apart, to be looked at. The exit code is 1 where one
survives that is not proven equivalent in `EQUIVALENT`.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from copy import deepcopy
from pathlib import Path
from queue import Queue
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

ROOT = Path(__file__).parents[1]
PACKAGE = "cnncalc"
LATE = "out of time"
COMMANDS = (
    "tests/cli",
    "tests/inference/test_forward_command.py",
    "tests/test_questions.py",
    "tests/test_public_cases.py",
)

# Mutants that no test can kill: the name as `--list` prints it, and why nothing changes.
EQUIVALENT: dict[str, str] = {}

BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
BUILTINS = {"min", "max", "any", "all"}
CALLS = {"min": "max", "max": "min", "floor": "ceil", "ceil": "floor", "any": "all", "all": "any"}


class Mutant(NamedTuple):
    """One changed expression: where it stands in the file, in bytes, and what stands there then."""

    path: str
    scope: str  # the function or class, dotted; "" at module level
    kind: str
    before: str
    after: str
    start: int
    end: int
    copy: int = 0  # counts expressions of the same text in one scope

    @property
    def name(self) -> str:
        """What identifies it, wherever the lines move."""
        copy = f" #{self.copy + 1}" if self.copy else ""
        return f"{self.path}::{self.scope}::{self.before} -> {self.after}{copy}"

    @property
    def package(self) -> str:
        """The folder below the package's own, "" for modules at the top."""
        return Path(self.path).parent.relative_to(PACKAGE).as_posix().removeprefix(".")

    def apply(self, source: str) -> str:
        """The source with this one expression changed."""
        text = source.encode()
        return (text[: self.start] + f"({self.after})".encode() + text[self.end :]).decode()


class Result(NamedTuple):
    """What became of a mutant: the test that failed, or None where all passed."""

    mutant: Mutant
    killer: str | None
    seconds: float


# --- finding mutants --------------------------------------------------------------------------


def mutants(path: str, source: str) -> list[Mutant]:
    """Every mutant of a module.

    >>> for mutant in mutants("cnncalc/a.py", "def f(a: int | None): return min(a, 2) < 3"):
    ...     print(mutant.name, "|", mutant.kind)
    cnncalc/a.py::f::min(a, 2) < 3 -> min(a, 2) <= 3 | Lt
    cnncalc/a.py::f::min(a, 2) -> max(a, 2) | call
    cnncalc/a.py::f::2 -> 3 | number
    cnncalc/a.py::f::3 -> 4 | number
    >>> mutants("cnncalc/a.py", "x = 'é', 1 + y")[0].apply("x = 'é', 1 + y")
    "x = 'é', (1 - y)"
    """
    lines = source.encode().splitlines(keepends=True)
    starts = [sum(map(len, lines[:index])) for index in range(len(lines))]
    seen: dict[str, int] = {}
    found = []
    tree = ast.parse(source)
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    functions = BUILTINS | {alias.name for node in imports for alias in node.names}
    for scope, node in _expressions(tree, ""):
        for kind, changed in _changes(node, functions):
            mutant = Mutant(
                path,
                scope,
                kind,
                ast.unparse(node),
                ast.unparse(changed),
                starts[node.lineno - 1] + node.col_offset,
                starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0),
            )
            copy = seen[mutant.name] = seen.get(mutant.name, -1) + 1
            found.append(mutant._replace(copy=copy))
    return found


def _expressions(node: ast.AST, scope: str) -> Iterator[tuple[str, ast.expr]]:
    """The expressions that run, outermost first, each with its scope.

    Annotations and imports for type checkers do not run, decorators only register, and what
    stands inside an f-string has no position of its own before Python 3.12. The `strict` of a
    `zip` only guards against a slip elsewhere: without one nothing changes.
    """
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.keyword) and node.arg == "strict"):
        return
    if isinstance(node, ast.expr):
        yield scope, node
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        scope = f"{scope}.{node.name}".lstrip(".")
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list", "type_params"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _expressions(child, scope)


def _changes(node: ast.expr, functions: Container[str]) -> Iterator[tuple[str, ast.expr]]:
    """The kinds of change that an expression itself allows, and what it becomes.

    `functions` can be called in the module.
    """
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY and not _is_text(node):
        yield type(node.op).__name__, ast.BinOp(node.left, BINARY[type(node.op)](), node.right)
    elif isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            changed = deepcopy(node)
            changed.ops[index] = COMPARISONS[type(operator)]()
            yield type(operator).__name__, changed
    elif isinstance(node, ast.BoolOp):
        other = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        yield type(node.op).__name__, ast.BoolOp(other, node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield type(node.op).__name__, node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "truth", ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield "number", ast.Constant(node.value + 1)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
        name = CALLS[node.func.id]
        if name in functions:
            yield "call", ast.Call(ast.Name(name, ast.Load()), node.args, node.keywords)


def _is_text(node: ast.BinOp) -> bool:
    """Whether texts, lists or types are joined, which other operators do not do."""
    plain = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp)
    return any(
        isinstance(side, plain)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str | None))
        for side in (node.left, node.right)
    )


def draw(found: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """`count` of the mutants: from all packages alike, and in each from all kinds alike."""
    packages: dict[str, list[Mutant]] = {}
    for mutant in found:
        packages.setdefault(mutant.package, []).append(mutant)
    queues = [_by_kind(each, Random(f"{seed} {name}")) for name, each in sorted(packages.items())]
    return sorted(_round_robin(queues)[:count])


def _by_kind(found: Sequence[Mutant], random: Random) -> list[Mutant]:
    kinds: dict[str, list[Mutant]] = {}
    for mutant in random.sample(found, len(found)):
        kinds.setdefault(mutant.kind, []).append(mutant)
    return _round_robin(list(kinds.values()))


def _round_robin(queues: Sequence[Sequence[Mutant]]) -> list[Mutant]:
    """The first of each, then the second of each.

    >>> _round_robin([[1, 2, 3], [4]])
    [1, 4, 2, 3]
    """
    longest = max(map(len, queues), default=0)
    return [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]


# --- running the tests ------------------------------------------------------------------------


def stages(mutant: Mutant, root: Path, *, wide: bool) -> list[list[str]]:
    """The tests to run, nearest first; no file comes twice."""
    module = mutant.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    package, _, last = module.rpartition(".")
    imported = rf"(from|import) {re.escape(module)}\b|from {re.escape(package)} import .*\b{last}\b"
    files = sorted(path.relative_to(root).as_posix() for path in root.glob("tests/**/test_*.py"))
    near = [path for path in files if re.search(imported, (root / path).read_text("utf-8"))]
    folder = f"tests/{mutant.package.partition('/')[0]}/"
    wanted = [
        near,
        [path for path in files if mutant.package and path.startswith(folder)],
        [path for path in files if path.startswith(COMMANDS)],
        files if wide else [],
    ]
    plan, done = [], set[str]()
    for paths in wanted:
        plan.append([path for path in paths if path not in done])
        done |= set(paths)
    plan[0].insert(0, mutant.path)
    return [paths for paths in plan if paths]


def run_tests(paths: Sequence[str], root: Path, timeout: float) -> str | None:
    """Run pytest until something fails; the test that failed, or None."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *paths]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return LATE
    if done.returncode in {0, 5}:  # 5: there are no tests, such as no doctest in the module
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    return failed[1] if failed else paths[0]  # or even pytest itself could not start


def check(mutant: Mutant, root: Path, arguments: argparse.Namespace) -> Result:
    """Apply a mutant to the copy at `root`, run the tests, and take it back."""
    begin = time.monotonic()
    path = root / mutant.path
    source = path.read_text("utf-8")
    try:
        _write(path, mutant.apply(source))
        plan = stages(mutant, root, wide=arguments.wide)
        killers = (run_tests(paths, root, arguments.timeout) for paths in plan)
        killer = next((each for each in killers if each), None)
    finally:
        _write(path, source)
    if killer and killer != LATE and run_tests([killer], root, arguments.timeout):
        sys.exit(f"fails without any mutant: {killer}")  # it would kill them all
    return Result(mutant, killer, time.monotonic() - begin)


def _write(path: Path, source: str) -> None:
    """Write a module; its compiled form might look as new, and is removed."""
    path.write_text(source, "utf-8")
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
        compiled.unlink()


def copy_project(folder: Path) -> None:
    """Copy the project, and make sure that the tests import the copy."""
    ignore = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, folder, ignore=ignore)
    command = [sys.executable, "-c", f"import {PACKAGE}; print({PACKAGE}.__file__)"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    imported = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=True
    ).stdout
    if not Path(imported).is_relative_to(folder):
        sys.exit(f"the tests would import {imported.strip()} instead of the copy")


def check_all(chosen: Sequence[Mutant], arguments: argparse.Namespace) -> Iterator[Result]:
    """Check the mutants on `--jobs` copies at once; results as they come."""
    with tempfile.TemporaryDirectory() as parent:
        copies: Queue[Path] = Queue()
        for job in range(arguments.jobs):
            folder = Path(parent, str(job)).resolve()
            copy_project(folder)
            copies.put(folder)

        def work(mutant: Mutant) -> Result:
            root = copies.get()
            try:
                return check(mutant, root, arguments)
            finally:
                copies.put(root)

        with ThreadPoolExecutor(arguments.jobs) as pool:
            futures = [pool.submit(work, mutant) for mutant in chosen]
            try:
                yield from (future.result() for future in as_completed(futures))
            finally:
                pool.shutdown(cancel_futures=True)


# --- the command ------------------------------------------------------------------------------


def main() -> None:
    """Draw mutants, check them, and say how many die."""
    arguments = _arguments()
    found = [
        mutant
        for path in sorted(ROOT.glob(f"{PACKAGE}/**/*.py"))
        for mutant in mutants(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
    ]
    if stale := sorted(set(EQUIVALENT) - {mutant.name for mutant in found}):
        sys.exit("EQUIVALENT names mutants that do not exist:\n" + "\n".join(stale))
    wanted = [mutant for mutant in found if _wanted(mutant, arguments)]
    chosen = wanted if arguments.only else draw(wanted, arguments.count, arguments.seed)
    if not chosen:
        sys.exit("no mutant matches")
    if arguments.list:
        print(*(mutant.name for mutant in chosen), sep="\n")
        return
    survivors = _report(chosen, arguments)
    sys.exit(1 if survivors else 0)


def _wanted(mutant: Mutant, arguments: argparse.Namespace) -> bool:
    package = arguments.package is None or mutant.package in arguments.package
    return package and (arguments.only is None or arguments.only in mutant.name)


def _report(chosen: Sequence[Mutant], arguments: argparse.Namespace) -> int:
    """Print each result as it comes and the score; the number of survivors."""
    equivalent = [mutant for mutant in chosen if mutant.name in EQUIVALENT]
    words = Counter[str]()
    for mutant, killer, seconds in check_all(
        [mutant for mutant in chosen if mutant not in equivalent], arguments
    ):
        word = "survived" if killer is None else "late" if killer == LATE else "killed"
        words[word] += 1
        by = f"\n           by {killer}" if word == "killed" else ""
        print(f"{word:8} {seconds:6.1f} s  {mutant.name}{by}", flush=True)
    for mutant in equivalent:
        print(f"equivalent  {mutant.name}\n           {EQUIVALENT[mutant.name]}")
    print(f"{len(chosen)} mutants: {words['killed']} killed, {words['late']} out of time, "
          f"{len(equivalent)} equivalent, {words['survived']} survived")  # fmt: skip
    return words["survived"]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=60, help="how many mutants (60)")
    parser.add_argument("--seed", type=int, default=0, help="which ones (0)")
    parser.add_argument(
        "--package", action="append", help='only of this folder, such as layers; "" is the top'
    )
    parser.add_argument("--only", help="every mutant with this text in its name")
    parser.add_argument("--list", action="store_true", help="print the mutants and stop")
    parser.add_argument("--jobs", type=int, default=1, help="copies worked on at once (1)")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for a stage (300)")
    parser.add_argument("--wide", action="store_true", help="run all tests before one survives")
    return parser.parse_args()


if __name__ == "__main__":
    main()
