"""The names of the commands, as they are typed and as the help groups them."""

from __future__ import annotations

# Command -> the module in this folder that holds its function, which has the command's name.
GROUPS = {
    "One layer": {
        "conv": "one_layer",
        "pool": "one_layer",
        "conv-transpose": "one_layer",
        "fc": "one_layer",
    },
    "A network": {
        "analyze": "analyze",
        "stack": "analyze",
        "explain": "explain",
        "rf": "rf",
        "draw": "draw",
        "check": "check",
        "compare": "compare",
    },
    "Design": {
        "solve": "solve",
        "sizes": "sizes",
        "sweep": "sweep",
        "init": "init",
        "expand": "expand",
    },
    "Run, exchange": {
        "forward": "forward",
        "import": "import_",
    },
    "Reference": {
        "zoo": "zoo",
        "layers": "layers",
        "schema": "schema",
        "help": "help",
    },
}
COMMANDS = {name: module for group in GROUPS.values() for name, module in group.items()}
ALIASES = {"deconv": "conv-transpose"}
# Words that other programs have for what a command does, and that are not like its name.
OTHER_WORDS = {
    "diff": "compare", "summary": "analyze", "info": "analyze", "show": "analyze",
    "run": "forward", "predict": "forward", "list": "zoo", "convert": "expand", "new": "init",
    "validate": "check", "linear": "fc", "dense": "fc", "maxpool": "pool", "avgpool": "pool",
}  # fmt: skip
