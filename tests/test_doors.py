"""Which door may open where: every import of every module, those inside functions included.

Data flows one way, from the text to the network, the report and the output, so a module may
ask those before it and never those behind it. Names that only annotations need are free
to look further: they are not there when the program runs. But a layer type knows no network.
"""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "cnncalc"
BASE = {"brief", "errors", "figures", "lines", "shapes", "window", "tensor", "conventions"}

# Module or folder -> what it may import of this project when it runs, and why where it is odd.
DOORS = {
    "brief": set(),
    "errors": set(),
    "lines": {"errors"},
    "figures": set(),
    "files": {"errors"},
    "shapes": set(),
    "tensor": {"shapes"},
    "conventions": set(),
    "processes": {"errors"},
    "version": set(),
    "window": {"errors"},
    "layers/": BASE
    | {"layers/_"},  # a layer type knows what layer types share, never another layer type
    "layers/__init__": {"layers/"},  # the folder is the registry: it finds the layer types
    "network": {
        "brief",
        "errors",
        "layers/_base",
        "shapes",
        "tensor",
    },  # it holds the layer type of its inputs
    # one way back from a neuron: `rf --at` and `forward --trace` both ask it
    "neuron_origin": BASE | {"network"},
    "zoo": {"errors", "files"},
    "structure/": {"structure/"},  # it asks the network for what it needs to know
    "revisions": {"errors", "files"},
    "spec/": BASE | {"layers/_", "layers/__init__", "spec/", "network"},
    "spec/shorten": BASE | {"layers/__init__", "spec/", "structure/"},
    "spec/yaml_source": BASE | {"files", "spec/"},
    # the way in takes bundled names and model files too
    "spec/load": BASE | {"spec/", "network", "zoo", "files", "exchange/"},
    # it makes rows as the builder of specs does, and reads --input by the same rules
    "exchange/": BASE
    | {"layers/", "network", "files", "exchange/", "spec/checks/limits", "spec/sections/inputs"},
    # a layer that a file of our own tells is valid where a spec's would be
    "exchange/onnx/told": BASE | {"layers/", "network", "exchange/", "spec/core_schema"},
    # a target writes a network as code; what its classes have in common, `structure` knows
    "exchange/targets/": BASE
    | {"network", "layers/_base", "exchange/targets/", "structure/", "files"},
    # a model file is written in the wire format that models are read in
    "exchange/wire_writer": {"exchange/wire"},
    "exchange/targets/onnx": BASE | {"network", "exchange/targets/", "exchange/wire_writer"},
    "exchange/targets/_onnx_graph": {"exchange/wire_writer"},
    # it makes the layers that another layer is told as
    "exchange/targets/_expressed": {"layers/__init__"},
    # what works number by number keeps the order in which Keras flattens a map
    "exchange/targets/_keras_layers": BASE | {"layers/_kinds", "exchange/targets/"},
    # what Python programs call: it takes what `load` takes
    "exchange/api": BASE | {"network", "exchange/", "spec/load", "inference/own_weights"},
    "analysis/": BASE | {"layers/_", "network", "analysis/"},
    "inference/": BASE
    | {"layers/_", "network", "neuron_origin", "inference/", "files", "processes"},
    # the weights of a model file lie where its reader noted them
    "inference/model_file": BASE | {"network", "inference/", "files", "exchange/"},
    # the way in, as `load` is: it takes names of files and of bundled networks
    "inference/api": BASE | {"network", "inference/", "spec/load", "zoo"},
    # what Python programs call: it stands on everything but the commands
    "api": BASE
    | {"version", "network", "spec/load", "analysis/", "questions/", "render/", "inference/api"},
    # it writes layers in another way
    "questions/alike": BASE | {"layers/_base", "layers/__init__", "network"},
    "questions/": BASE
    | {
        "layers/_base",
        "network",
        "neuron_origin",
        "spec/",
        "analysis/",
        "questions/",
        "zoo",
        "files",
        "processes",
        "revisions",
    },
    # names and sizes of weights files are read as the forward pass reads them
    "questions/weights": BASE | {"network", "inference/", "spec/load", "files"},
    "questions/cluster": {"errors", "version"},  # workers have the same version
    # a box is a line of the table, and its texts are the table's
    "pictures/": {"errors", "figures", "shapes", "pictures/", "render/fold", "render/format"},
    "render/": {"errors", "figures", "shapes", "conventions", "render/"},
    "render/svg": {"pictures/marks", "render/"},
    "render/slide": {"pictures/window", "render/"},
    "render/slide_svg": {"pictures/window", "render/"},
    "render/slide_gif": {"errors", "pictures/window", "render/"},
    "render/tikz": {"pictures/marks", "render/"},
    "cli/": {""},  # anything
    "__init__": {"version"},  # names are imported when they are first used
    "__main__": {"cli/"},
}
# What may not even be named in an annotation.
NOT_EVEN_TYPES = {
    "layers/": {"network", "spec/", "analysis/", "inference/", "questions/", "render/", "cli/"},
    "exchange/": {"analysis/", "inference/", "questions/", "render/", "cli/"},
    "network": {"spec/", "analysis/", "inference/", "questions/", "render/", "cli/"},
    "structure/": {"spec/", "analysis/", "inference/", "questions/", "render/", "cli/"},
    "render/": {"spec/", "cli/"},
    "pictures/": {"spec/", "inference/", "cli/"},
    "analysis/": {"spec/", "inference/", "questions/", "render/", "cli/"},
    "inference/": {"spec/", "analysis/", "questions/", "render/", "cli/"},
    "inference/api": {"analysis/", "questions/", "render/", "cli/"},  # it takes what `load` takes
}
# Modules of others that are slow to import -> who may import them at the top of a file.
HEAVY = {
    "pydantic": set(),
    "pydantic_core": set(),
    "yaml": {"spec/yaml_composer"},
    "rich": {"render/terminal"},
    "typer": {"cli/"},
    "numpy": None,  # nowhere at all
}

MODULES = sorted(ROOT.rglob("*.py"))


def short(path):
    """layers/conv, spec/__init__, errors."""
    return path.relative_to(ROOT).with_suffix("").as_posix()


NAMES = {short(path) for path in MODULES}


def for_types(tree):
    """The imports that only type checkers see."""
    blocks = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return {inner for block in blocks for line in block.body for inner in ast.walk(line)}


def imported(node):
    """The modules an import statement loads, dotted."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert not node.level, "imports are absolute"
        return [inner(node.module, alias.name) for alias in node.names]
    return []


def inner(module, name):
    """`from cnncalc.spec import load` loads a module, not a name of cnncalc.spec."""
    path = f"{module}.{name}".removeprefix("cnncalc.").replace(".", "/")
    return f"{module}.{name}" if path in NAMES or f"{path}/__init__" in NAMES else module


def own(module):
    """The short name of a module of this project, or None."""
    if module.partition(".")[0] != "cnncalc":
        return None
    path = module.removeprefix("cnncalc").removeprefix(".").replace(".", "/")
    return path if path in NAMES else f"{path}/__init__".removeprefix("/")


def rule(name, table):
    """The longest entry of a table that speaks of this module."""
    entries = [key for key in table if name == key or (key.endswith("/") and name.startswith(key))]
    return table[max(entries, key=len)] if entries else None


def matches(name, prefix):
    """A prefix names a module, a folder (`layers/`), or what a folder's modules share."""
    if prefix in {"", "layers/_"} or prefix.endswith("/"):
        return name.startswith(prefix) and not (prefix == "layers/_" and name.endswith("__init__"))
    return name == prefix


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_doors(path):
    name = short(path)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    types = for_types(tree)
    allowed, forbidden = rule(name, DOORS), rule(name, NOT_EVEN_TYPES) or set()
    assert allowed is not None, f"{name} needs a line in DOORS"
    for node in ast.walk(tree):
        for target in filter(None, map(own, imported(node))):
            if node in types:
                assert not any(matches(target, p) for p in forbidden), f"{name} names {target}"
            else:
                assert any(matches(target, p) for p in allowed), f"{name} imports {target}"


def needed(path):
    """The modules of this project that a module imports anywhere, for annotations too."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    targets = {target for node in nodes for target in filter(None, map(own, imported(node)))}
    return targets - {short(path)}


def test_no_module_imports_itself_by_way_of_others():
    """Not even for its annotations: modules that need each other are one, or lack a third."""
    order = TopologicalSorter({short(path): needed(path) for path in MODULES})
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_nothing_heavy_at_the_top(path):
    name = short(path)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {n for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
    for node in ast.walk(tree):
        for module in imported(node):
            package = module.partition(".")[0]
            if package not in HEAVY or node in for_types(tree):
                continue
            places = HEAVY[package]
            assert places is not None, f"{name} imports {package}"
            assert node in inside or any(matches(name, p) for p in places), f"{name}: {package}"


READS_REPORTS = ("render/", "analysis/", "inference/", "questions/")


@pytest.mark.parametrize(
    "path", [p for p in MODULES if short(p).startswith(READS_REPORTS)], ids=short
)
def test_behind_the_network_nobody_validates(path):
    """What a spec says was settled before; `yaml` may still read a sample for the forward pass."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    packages = {module.partition(".")[0] for node in ast.walk(tree) for module in imported(node)}
    samples = {"yaml"} if short(path) == "inference/numerals" else set()
    assert not packages & {"pydantic", "pydantic_core", "yaml"} - samples


def test_the_walk_sees_what_is_wrong():
    """The rules are held against imports that break them."""
    assert own("cnncalc.layers.conv") == "layers/conv"
    assert own("cnncalc.layers") == "layers/__init__"
    assert own("cnncalc") == "__init__"
    assert own("yaml") is None
    for name, target in [
        ("layers/conv", "layers/pool"), ("layers/_base", "network"), ("errors", "shapes"),
        ("render/json", "analysis/report"), ("spec/expand", "zoo"), ("network", "spec/load"),
        ("analysis/engine", "spec/load"), ("inference/run", "analysis/engine"),
    ]:  # fmt: skip
        assert not any(matches(target, p) for p in rule(name, DOORS)), (name, target)
    statement = ast.parse("from cnncalc.spec import load, compose").body[0]
    assert imported(statement) == ["cnncalc.spec.load", "cnncalc.spec"]


def test_of_typer_only_the_public_interface_is_used():
    """Its inside, and the Click it brings along, change from one version to the next."""
    imports = {
        line.strip()
        for path in MODULES
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s*(import|from) (typer|click)\b", line)
    }
    # The second is what `cls` of typer.Typer is made from, as its documentation says.
    assert imports == {"import typer", "from typer.core import TyperGroup"}
    inside = re.compile(r"\btyper\.(?:[a-z_]+\.|_)")  # such as typer.main.get_command
    assert not [path for path in MODULES if inside.search(path.read_text(encoding="utf-8"))]
