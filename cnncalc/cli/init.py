"""`cnncalc init`: a starter spec."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cnncalc.cli import output

EPILOG = """Examples

cnncalc init digits && cnncalc analyze digits.yaml
"""
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
"""


def init(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Name of the network: writes NAME.yaml.")
    ] = "net",
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there.")
    ] = False,
) -> None:
    """Starter spec with schema lines for editors."""
    with output.guarded():
        from cnncalc.files import write
        from cnncalc.spec.write import flow

        path = Path(name) if name.endswith((".yaml", ".yml")) else Path(f"{name}.yaml")
        write(path, STARTER.format(name=flow(path.stem)), replace=force,
              remedy="--force writes over it")  # fmt: skip
        if not output.settings.quiet:
            output.say(_next(path))


def _next(path: Path) -> str:
    """What to do with the new file."""
    from cnncalc.render.format import printable

    shown = printable(str(path))
    return (
        f"wrote {shown}\n"
        f"  cnncalc analyze {shown}\n"
        "  cnncalc schema > cnncalc.schema.json   (editors then complete and check the file)"
    )
