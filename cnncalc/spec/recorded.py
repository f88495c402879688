"""What `cnncalc schema` and `cnncalc layers` tell of the code, recorded in files beside this one.

To read a file takes a tenth of the time that it takes to ask every layer type. After a change of
the language or of a layer type's fields or docstrings,

    python -m cnncalc.spec.recorded

records both anew; a test holds the files to the code. A layer type that is added to the folder is
noticed at once: until then both are asked of the code.
"""

from __future__ import annotations

from functools import cache
from json import dumps, loads
from pathlib import Path
from typing import Any

from cnncalc import layers

SCHEMA = Path(__file__).with_name("recorded_schema.json")
REFERENCE = Path(__file__).with_name("recorded_layers.json")


def schema() -> str:
    """The JSON Schema of a spec file, as text that ends with its last brace.

    >>> schema().splitlines()[-1]
    '}'
    """
    return SCHEMA.read_text(encoding="utf-8") if _recorded() else schema_of_code()


def reference() -> dict[str, Any]:
    """The layer types by `layers` and the blocks that need no definition by `blocks`.

    >>> [entry["type"] for entry in reference()["layers"]][:2]
    ['adaptivepool', 'add']
    """
    return _recorded() or reference_of_code()


@cache
def _recorded() -> dict[str, Any] | None:
    """The reference in its file; None where the folder holds other layer types than that."""
    held: dict[str, Any] = loads(REFERENCE.read_text(encoding="utf-8"))
    words = {word for entry in held["layers"] for word in (entry["type"], *entry["aliases"])}
    return held if words == layers.names() else None


def schema_of_code() -> str:
    """The JSON Schema as the layer types and pydantic say it."""
    from cnncalc.spec.schema import spec_schema

    return dumps(spec_schema(), indent=2, ensure_ascii=False)


def reference_of_code() -> dict[str, Any]:
    """The reference as the layer types say it."""
    from cnncalc.spec.ready_blocks import NAMES, definition
    from cnncalc.spec.reference import all_described

    blocks = {name: definition(name) for name in NAMES}
    return {"layers": list(all_described().values()), "blocks": blocks}


def record() -> None:
    """Write both files anew."""
    SCHEMA.write_text(schema_of_code(), encoding="utf-8")
    text = dumps(reference_of_code(), indent=1, ensure_ascii=False)
    REFERENCE.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    record()
