"""Specs that would use up time or memory are refused at once; time is linear in the rows."""

import subprocess
import sys
import time
import tracemalloc

import pytest
from written import error, network, report

from cnncalc.errors import CnncalcError, did_you_mean
from cnncalc.spec.checks.limits import refuse_endless
from cnncalc.spec.document import read_document

SECONDS, MEGABYTES = 2, 200  # of processor time, so that a busy machine does not matter

# Runs the command, and reports what it took beside what it said.
MEASURED = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "cnncalc", "analyze", sys.argv[1]],
                      capture_output=True, text=True, timeout=60)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss)
print(done.stdout, done.stderr, sep="")
"""


def refused(path):
    """What the command says about a file; it must be quick, small and without a traceback."""
    command = [sys.executable, "-c", MEASURED, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures, _, text = done.stdout.partition("\n")
    status, took, peak = map(float, figures.split())
    assert status == 1
    assert "Traceback" not in text
    assert took < SECONDS
    assert peak / 2**10 < MEGABYTES
    return text.splitlines()[0]


def bomb():
    """Nine lists, each holding the one before nine times: a billion laughs."""
    lines = ["a0: &a0 [lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines)


def forty_blocks(words=""):
    """Blocks that each call the next one twice: a trillion layers."""
    blocks = [f"  b{n}:\n    - b{n + 1}{words}\n    - b{n + 1}{words}" for n in range(40)]
    return "\n".join(["input: 4x4x1", "blocks:", *blocks, "  b40: relu", "layers: [b0]"])


def thousands(count):
    inner = f"{{repeat: {count}, layers: [relu]}}"
    return (
        f"input: 4x4x1\nvars: {{n: 1000}}\nlayers:\n  - repeat: {count}\n    layers:\n"
        f"      - repeat: {count}\n        layers: [{inner}]\n"
    )


TOO_MANY = "error[too-many]: the network would have at least"

BLANKS = " " * 60_000
SPECS = {
    "a YAML bomb": (
        bomb(), "error[yaml-alias]: YAML anchors, aliases and merge keys are not used here",
    ),
    "a billion layers by x=": (
        "input: 4x4x1\nlayers: [relu x=1000000000]\n",
        f"{TOO_MANY} 1,000,000,000 layers; 50,000 are allowed",
    ),
    "a billion layers by repeat": (
        "input: 4x4x1\nlayers: [{repeat: 1000000000, layers: [relu]}]\n",
        f"{TOO_MANY} 1,000,000,000 layers; 50,000 are allowed",
    ),
    "a billion layers by a variable of a table": (
        "input: 4x4x1\nlayers: [{for: [n], in: [1000000000], do: relu x=n}]\n",
        "error[too-many]: the enclosing repeats make 1,000,000,000 passes; 50,000 are allowed",
    ),
    "nested repeats": (
        thousands(1000), f"{TOO_MANY} 1,000,000,000 layers; 50,000 are allowed",
    ),
    "nested repeats by a variable": (
        thousands("n"), f"{TOO_MANY} 1,000,000,000 layers; 50,000 are allowed",
    ),
    "nested repeats of nothing": (
        thousands(1000).replace("relu", "relu if cin == 2"),
        "error[too-many]: the enclosing repeats make 1,000,000 passes; 50,000 are allowed",
    ),
    "a million layers in a line": (
        "input: 4x4x1\nlayers: [relu x=10**6]\n",
        f"{TOO_MANY} 1,000,000 layers; 50,000 are allowed",
    ),
    "an input of 60,000 blanks": (
        f"input: '8{BLANKS}!'\nlayers: [relu]\n",
        f"error[input-shape]: '8{BLANKS}!' is not an input shape",
    ),
    "a block of 60,000 blanks": (
        f"input: 8\nblocks:\n  ? 'b{BLANKS}!'\n  : relu\nlayers: [relu]\n",
        f"error[bad-block]: 'b{BLANKS}!' is not a valid block signature",
    ),
    "exponential blocks": (
        forty_blocks(), f"{TOO_MANY} 1,099,511,627,776 layers; 50,000 are allowed",
    ),
    "exponential blocks that only the sizes stop": (
        forty_blocks(" if cin == 1").replace("b40: relu", "b40: relu if cin == 2"),
        "error[too-many]: more than 30,000 lines and passes add no layer to the network",
    ),
    "blocks in blocks": (
        "\n".join(["input: 4x4x1", "blocks:", *(f"  b{n}: b{n + 1}" for n in range(5000)),
                   "  b5000: relu", "layers: [b0]"]),
        "error[too-deep]: blocks are nested more than 60 levels deep",
    ),
    "lists in lists": (
        "input: 4x4x1\nlayers: " + "[" * 10_000 + "relu" + "]" * 10_000,
        "error[too-deep]: lists and mappings are nested more than 64 levels deep",
    ),
    "mappings in mappings": (
        "input: 4x4x1\nlayers: [" + "{a: " * 10_000 + "relu" + "}" * 10_000 + "]",
        "error[too-deep]: lists and mappings are nested more than 64 levels deep",
    ),
    "brackets in an expression": (
        "input: 4x4x1\nlayers:\n  - conv " + "(" * 1_000 + "1" + ")" * 1_000 + " 1x1\n",
        "error[expression]: the expression has 2001 characters; 300 are allowed",
    ),
    "a tower of powers": (
        "input: 4x4x1\nlayers: [conv 9**9**9 1x1]\n",
        "error[number-too-big]: powers go up to 4096 ** 16",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SPECS)
def test_refused_at_once(name, tmp_path):
    spec, message = SPECS[name]
    path = tmp_path / "net.yaml"
    path.write_text(spec)
    assert refused(path) == message


def test_a_file_of_100_megabytes_is_not_read(tmp_path):
    path = tmp_path / "net.yaml"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    message = f"'{path}' is larger than 8 MiB, the limit for a spec"
    assert refused(path) == f"error[too-big]: {message}"


LONG_NAME = "a" * 2**20


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"{LONG_NAME}: relu", "error[yaml]: mapping values are not allowed in this context"),
        (f"{LONG_NAME} 6 5x5", "error[too-long]: this layer text has 1,048,582 characters; 4,000"),
        (f"add {LONG_NAME}", "error[too-long]: this layer text has 1,048,580 characters; 4,000"),
        (f"{{add: {LONG_NAME}}}", "error[too-long]: this layer text has 1,048,576 characters"),
        (f"{{conv: {{filters: {LONG_NAME}}}}}", "error[expression]: the expression has 1048576"),
    ],
    # pytest before 9 hands the name of a test to the processes it starts; a megabyte is too much.
    ids=["name", "type", "input", "mapping", "expression"],
)
def test_lines_of_a_megabyte(line, message, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(f"input: 4x4x1\nlayers:\n  - {line}\n")
    assert refused(path).startswith(message)


class TestNearestLegal:
    """Beside what is refused stands what is not."""

    def test_a_file_that_is_deep_but_not_too_deep(self):
        spec = "input: 4x4x1\nlayers: " + "[" * 60 + "relu" + "]" * 60
        assert len(network(spec).nodes) == 2

    def test_blocks_that_are_deep_but_not_too_deep(self):
        blocks = [f"  b{n}: b{n + 1}" for n in range(59)]
        spec = "\n".join(["input: 4x4x1", "blocks:", *blocks, "  b59: relu", "layers: [b0]"])
        assert len(network(spec).nodes) == 2
        deeper = spec.replace("layers: [b0]", "  c: b0\nlayers: [c]")
        assert error(deeper).diagnostics[0].code == "too-deep"

    def test_blocks_that_call_each_other_a_few_times(self):
        blocks = [f"  b{n}: [b{n + 1}, b{n + 1}]" for n in range(10)]
        spec = "\n".join(["input: 4x4x1", "blocks:", *blocks, "  b10: relu", "layers: [b0]"])
        assert len(network(spec).nodes) == 1 + 2**10

    def test_fifty_thousand_layers_are_the_limit(self):
        document = read_document("input: 4x4x1\nvars: {n: 1}\nlayers: [relu x=n, tanh]\n", "net")
        refuse_endless(document.body, document.blocks, {"n": 49_999})
        with pytest.raises(CnncalcError) as caught:
            refuse_endless(document.body, document.blocks, {"n": 50_000})
        assert caught.value.diagnostics[0].message == (
            "the network would have at least 50,001 layers; 50,000 are allowed"
        )

    def test_conditions_that_hold_are_counted_and_others_are_not(self):
        spec = """
            input: 4x4x1
            vars: {on: false}
            blocks:
              b: relu x=1000000
            layers: [b if on, b if on, tanh]
            """
        assert len(network(spec).nodes) == 2
        assert error(spec, set={"on": True}).diagnostics[0].code == "too-many"

    def test_an_argument_hides_the_variable_of_its_name(self):
        spec = """
            input: 4x4x1
            vars: {n: 9999999}
            blocks:
              b(n): relu x=n
            layers: [b 2]
            """
        assert len(network(spec).nodes) == 3


@pytest.mark.parametrize(
    "line", ["add m{}", "from m{}", "conv m{}+1 3x3", "{{for: [a], in: [[m{}+1]], do: fc a}}"]
)
def test_a_thousand_unknown_names_among_thousands_of_known_ones(line):
    """Mistakes are counted up to a hundred, and each is compared with a few hundred names."""
    known = "".join(f"  - n{number}: relu\n" for number in range(3000))
    unknown = "".join(f"  - {line.format(number)}\n" for number in range(1000))
    (first, *others) = error(f"input: 4x4x1\nlayers:\n{known}{unknown}").diagnostics
    assert "'m0'" in first.message
    assert len(others) == 99


def test_a_word_is_compared_with_the_first_known_ones_only():
    begun = time.process_time()
    assert did_you_mean("m12", (f"n{number}" for number in range(10**9))) == "did you mean 'n12'?"
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize("line", ["upsample 1e300 x=20", "conv_transpose 3 1x1 s=10**15 x=1000"])
def test_sizes_that_grow_without_end(line):
    """At the layer that takes them beyond all figures that can be printed, or held in a float."""
    (found,) = error(f"input: 8x8x3\nlayers: ['{line}']\n").diagnostics
    assert (found.code, found.span.line) == ("too-large", 2)


def test_figures_of_the_largest_tensor_can_be_printed():
    spec = "input: 8x8x3\nlayers: [conv_transpose 3 1x1 s=10**15, conv 4 2x2 s=3, pool 10**9]\n"
    answer = report(spec)
    assert answer.rows[0].out.spatial == (7 * 10**15 + 1,) * 2
    assert len(str(answer.totals.connections)) == 33


@pytest.mark.parametrize("figure", ["9" * 31 + "k", "9" * 5000 + "k", "0." + "1" * 40 + "M"])
def test_figures_have_no_more_digits_than_numbers(figure):
    (found,) = error(f"input: 8x8x3\nlayers: [relu]\nexpect: {{params: {figure}}}\n").diagnostics
    assert (found.code, found.span.line) == ("wrong-type", 3)


LONG = {
    "a layer": "  - conv 8 3x3 p1 x{}",
    "a layer with a norm and an activation": "  - conv 8 3x3 p1 bn relu x={}//3",
    "a named layer": "  - a: conv 8 3x3 p1 x{}",
    "a block": "  - b 8 x={}//4",
    "several layers": "  - repeat: {}//2\n    layers: [a: conv 8 3x3 p1, relu]",
}


def spec_of(line, rows):
    blocks = "blocks:\n  b(c): [conv c 3x3 p1 bn relu, add in]\n"
    return f"input: 32x32x8\n{blocks}layers:\n{line.format(rows)}\n"


@pytest.mark.parametrize("name", LONG)
def test_time_is_linear_in_the_rows(name):
    """Ten times the rows take about ten times the time: 30 to 60 microseconds a row."""

    def seconds(rows):
        begun = time.process_time()
        found = report(spec_of(LONG[name], rows))
        took = time.process_time() - begun
        assert rows * 0.99 <= len(found.rows) <= rows
        return took

    few, many = min(seconds(1000) for _ in range(3)), min(seconds(10_000) for _ in range(2))
    assert many < 25 * few
    assert many / 10_000 < 300e-6


def test_memory_is_linear_in_the_rows():
    """Less than 3 KB a row, for the network and its report together."""
    spec = spec_of(LONG["a layer"], 5000)
    tracemalloc.start()
    try:
        found = report(spec)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.rows) == 5000
    assert peak / 5000 < 3000


def test_layer_text_may_be_long_but_not_absurd():
    spec = "input: 8x8x1\nlayers: ['{}']\n"
    fits = "relu" + " -> relu" * 499
    assert len(fits) == 3_996
    assert len(network(spec.format(fits)).nodes) == 501
    (found,) = error(spec.format(fits + " -> relu")).diagnostics
    assert found.message == "this layer text has 4,004 characters; 4,000 are allowed"
    assert (found.code, found.help) == ("too-long", "write its layers as a list, one per line")
