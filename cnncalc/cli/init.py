"""`cnncalc init`: a starter spec."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cnncalc.cli import output

STARTER = """\
# yaml-language-server: $schema=cnncalc.schema.json
# $schema: cnncalc.schema.json
cnncalc: 1
name: {name}
input: 28x28x1                # height x width x channels

layers:
  - conv 16 5x5 p2 relu       # 16 filters of 5x5, padding 2, then ReLU
  - maxpool 2x2               # stride = window unless given
  - conv 32 5x5 p2 relu
  - maxpool 2x2
  - fc 10 -> softmax          # fc flattens what it gets: 7 x 7 x 32 = 1568

# For an exercise by hand, a layer takes its numbers on the lines below it, and
# "cnncalc forward FILE --sample '1 2; 3 4' --steps" works them out:
#  - c1: conv 1 2x2
#    weights: [[1, 0], [0, 1]]
#    bias_values: [1]
"""


def init(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Name of the network: writes NAME.yaml.")
    ] = "net",
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Starter spec, and beside it the JSON Schema by which editors complete and check it.

    Examples:
        cnncalc init digits && cnncalc analyze digits.yaml
    """
    from json import dumps, loads

    from cnncalc.files import write
    from cnncalc.render.format import printable
    from cnncalc.spec import recorded
    from cnncalc.spec.write import flow

    path = Path(name) if name.endswith((".yaml", ".yml")) else Path(f"{name}.yaml")
    text = STARTER.format(name=flow(path.stem))
    write(path, text, replace=force, remedy="--force overwrites it")
    schema = path.with_name("cnncalc.schema.json")
    there = schema.exists()
    if not there:
        write(schema, f"{dumps(loads(recorded.schema()), indent=2)}\n")
    if not output.settings.quiet:
        beside = "stands beside it" if there else "was written too"
        shown = printable(str(path))
        output.say(
            f"wrote {shown}\n"
            f"  cnncalc analyze {shown}\n"
            f"  cnncalc.schema.json {beside}: by it editors complete and check the file"
        )
