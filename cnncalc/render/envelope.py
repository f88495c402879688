"""What every JSON document begins with, whichever question it answers."""

from __future__ import annotations

from typing import Any


def envelope(name: str, version: str, *, ok: bool = True) -> dict[str, Any]:
    """The schema's name and number, whether all went well, and the tool.

    >>> envelope("solve", "0.1.0")["schema"]
    'cnncalc.solve/1'
    """
    tool = {"name": "cnncalc", "version": version}
    return {"schema": f"cnncalc.{name}/1", "ok": ok, "tool": tool}
