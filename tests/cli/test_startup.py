"""What the small commands must not load, seen from a fresh interpreter; and quiet pipes."""

import subprocess
import sys

import pytest

HEAVY = ("pydantic", "pydantic_core", "yaml", "rich", "typing_extensions", "annotated_types")
CODE = """
import sys
from cnncalc.cli.app import run
status = run({arguments!r})
print(status, [name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["conv", "-W", "224", "-F", "11", "-S", "4", "--vs", "mlp"],
        ["pool", "-W", "28", "-F", "2,3", "--json"],
        ["deconv", "-W", "12", "-F", "3", "-S", "2", "-P", "1", "--out", "24", "--json"],
        ["fc", "--in", "7x7x32", "--units", "10", "--format", "csv"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_one_layer_needs_no_heavy_library(arguments):
    code = CODE.format(arguments=arguments, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "0 []"


def test_a_reader_that_leaves_early_is_no_error():
    command = f"{sys.executable} -m cnncalc layers | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "Layers with weights\n", "")


INTERRUPTED = """
import sys
from cnncalc.__main__ import main

class Keyboard:
    def find_spec(self, name, *_):
        if name == "{module}":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Keyboard())
sys.argv = ["cnncalc", "analyze", "lenet5"]
main()
"""


@pytest.mark.parametrize("module", ["typer", "cnncalc.cli.analyze", "yaml"])
def test_an_interrupt_while_modules_are_imported_is_quiet(module):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED.format(module=module)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr
