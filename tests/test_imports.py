"""Start-up is a feature: what a command does not need, it does not import."""

import json
import os
import subprocess
import sys

import pytest

# Runs a command in a process of its own, then lists what was imported.
LISTED = """
import contextlib, io, json, sys
bare = set(sys.modules)
from cnncalc.cli.app import run
with contextlib.redirect_stdout(io.StringIO()):
    status = run(sys.argv[1:])
print(json.dumps([status, sorted(set(sys.modules) - bare)]))
"""


def loaded(*arguments):
    """The modules that a command imports."""
    command = [sys.executable, "-c", LISTED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    status, modules = json.loads(done.stdout)
    assert status == 0, done.stderr
    return set(modules)


def packages(modules):
    return {module.partition(".")[0] for module in modules}


def layer_types(modules):
    """The layer types among them, what layer types share left out."""
    inside = [m.removeprefix("cnncalc.layers.") for m in modules if m.startswith("cnncalc.layers.")]
    return {layer_type for layer_type in inside if not layer_type.startswith("_")}


SINGLE = [
    ("conv", "--w", "32", "--f", "5"),
    ("pool", "--w", "32", "--f", "2"),
    ("fc", "--in", "100", "--units", "10"),
    ("conv-transpose", "--w", "12", "--f", "3"),
]


@pytest.mark.parametrize("arguments", SINGLE, ids=lambda arguments: arguments[0])
def test_a_single_layer_needs_no_validation_no_yaml_and_no_rich(arguments):
    modules = loaded(*arguments)
    assert not packages(modules) & {"pydantic", "pydantic_core", "yaml", "rich", "annotated_types"}
    assert "cnncalc.spec.document" not in modules
    assert len(layer_types(modules)) <= 3


SPEC = "input: 32x32x1\nlayers:\n  - C1: conv 6 5x5 tanh\n  - avgpool 2x2\n  - fc 10\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(SPEC)
    return str(path)


@pytest.mark.parametrize("format", ["json", "csv", "table"])
def test_a_report_of_a_valid_spec_needs_no_pydantic_and_no_rich(file, format):
    found = packages(loaded("analyze", file, "--format", format))
    assert "yaml" in found
    assert not found & {"pydantic", "pydantic_core", "rich", "annotated_types"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_rich_draws_the_table_of_a_terminal_and_a_pipe_does_without(file):
    code = (
        "import sys; from cnncalc.cli.app import run; status = run(sys.argv[1:]); "
        "print(status, 'rich.table' in sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "analyze", file]
    terminal, its_end = os.openpty()
    with os.fdopen(terminal, "rb"), os.fdopen(its_end, "wb") as out:
        shown = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=True)
        assert shown.stderr == "0 True\n"
        assert "─────".encode() in os.read(terminal, 100_000)
    piped = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (piped.stderr, "─" in piped.stdout) == ("0 False\n", False)


def test_lines_with_variables_need_no_pydantic_either():
    found = packages(loaded("analyze", "resnet50", "--json"))
    assert not found & {"pydantic", "pydantic_core", "rich", "annotated_types"}


def test_a_report_loads_the_layer_types_that_its_network_uses(file):
    assert layer_types(loaded("analyze", file, "--json")) == {"conv", "tanh", "avgpool", "fc"}


def test_no_command_imports_the_work_of_another(file):
    modules = loaded("analyze", file, "--json")
    folders = (
        "cnncalc.questions",
        "cnncalc.inference",
        "cnncalc.render.table",
        "cnncalc.cli.one_layer",
    )
    assert not [module for module in modules if module.startswith(folders)]


def test_help_loads_nothing_that_computes():
    modules = loaded("analyze", "--help")
    assert not packages(modules) & {"pydantic", "pydantic_core", "yaml"}
    assert not [m for m in modules if m.startswith(("cnncalc.spec", "cnncalc.analysis"))]


@pytest.mark.parametrize(
    "shell",
    [
        {"_CNNCALC_COMPLETE": "complete_bash", "COMP_WORDS": "cnncalc analyze --fo",
         "COMP_CWORD": "2"},
        {"_CNNCALC_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "cnncalc analyze --fo"},
    ],
    ids=["bash", "zsh"],
)  # fmt: skip
def test_completion_imports_only_the_command_that_is_typed(shell, monkeypatch):
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    commands = {module for module in loaded() if module.startswith("cnncalc.cli.")}
    assert "cnncalc.cli.analyze" in commands
    assert not commands & {"cnncalc.cli.forward", "cnncalc.cli.one_layer", "cnncalc.cli.zoo"}


def test_the_package_alone_is_empty_handed():
    code = "import sys; bare = set(sys.modules); import cnncalc; print(*set(sys.modules) - bare)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert {module for module in modules if module.startswith("cnncalc")} == {"cnncalc"}
    assert packages(modules) <= {"cnncalc", *sys.stdlib_module_names}
    assert not modules & {"ast", "dataclasses", "inspect", "json", "importlib.metadata"}


def test_the_version_needs_no_metadata():
    code = (
        "import cnncalc, sys; cnncalc.__version__; assert 'importlib.metadata' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_spec_needs_nothing_of_model_files(file):
    assert not [name for name in loaded("analyze", file) if name.startswith("cnncalc.exchange")]


def test_a_model_file_needs_no_numbers_and_nothing_that_reads_specs(tmp_path):
    from smoke import MODEL

    path = tmp_path / "model.onnx"
    path.write_bytes(MODEL)
    modules = loaded("analyze", str(path))
    assert "cnncalc.exchange.onnx.read" in modules
    assert "cnncalc.exchange.onnx.ops_moves" not in modules  # it has no operator of that module
    assert {name for name in modules if name.startswith("cnncalc.spec.")} == {"cnncalc.spec.load"}
    assert not packages(modules) & {
        "numpy", "onnx", "onnxruntime", "google", "pydantic", "yaml", "pickle",
    }  # fmt: skip
