"""The names of the program, of its variables and of its commands, which the help groups."""

from __future__ import annotations

PROGRAM = "cnncalc"
COMPLETION_VARIABLE = f"_{PROGRAM.upper()}_COMPLETE"  # set by the shell that asks for completions
FORMAT_VARIABLE = "CNNCALC_FORMAT"  # the environment's default of --format

# Command -> the module in this folder that holds its function, which has the command's name.
GROUPS = {
    "One layer": {
        "conv": "one_layer",
        "pool": "one_layer",
        "conv-transpose": "one_layer",
        "fc": "one_layer",
        "slide": "slide",
    },
    "A network": {
        "analyze": "analyze",
        "stack": "analyze",
        "explain": "explain",
        "rf": "rf",
        "draw": "draw",
        "report": "report_page",
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
        "export": "export",
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
