"""The configuration in a model file of Keras: plain JSON, alone or as `config.json` in a zip."""

from __future__ import annotations

import json
import zipfile
import zlib
from io import BytesIO
from typing import IO, Any

from cnncalc import files
from cnncalc.exchange.sniff import ZIP
from cnncalc.exchange.wire import broken

LARGEST_CONFIG = 2**26  # bytes, unpacked; that of the largest bundled application has 2**21
MOST_PIPED = 2**30  # bytes of a zip on the standard input, which is read whole
MEMBER = "config.json"
PIECE = 2**16


def load(path: str) -> dict[str, Any]:
    """The JSON of a model file. Of a zip only `config.json` is unpacked.

    Raises:
        CnncalcError: the file cannot be read, or is too large.
        UnplacedError: it is no JSON of a model.
    """
    if files.beginning(path, len(ZIP)) != ZIP:
        return parsed(files.read_bytes(path, LARGEST_CONFIG))
    if path == "-":
        return parsed(_member(BytesIO(files.read_bytes(path, MOST_PIPED))))
    with files.opened(path) as stream:
        return parsed(_member(stream))


def parsed(data: bytes) -> dict[str, Any]:
    """The JSON of a model's configuration.

    Raises:
        UnplacedError: it is none.
    """
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise broken("its JSON is nested too deeply") from None
    except ValueError as error:  # of the text, of its encoding, or of a number with many digits
        raise broken(f"its JSON cannot be read ({error})") from None
    if isinstance(found, str):  # to_json() written with json.dump
        return parsed(found.encode())
    if not isinstance(found, dict) or not isinstance(found.get("config"), (dict, list)):
        raise broken("it has no 'class_name' with a 'config'")
    return found


def _member(stream: IO[bytes]) -> bytes:
    """The unpacked `config.json`, which must keep to the limit whatever the zip says of it."""
    try:
        with zipfile.ZipFile(stream) as archive, archive.open(MEMBER) as member:
            unpacked = BytesIO()
            while piece := member.read(PIECE):
                unpacked.write(piece)
                if unpacked.tell() > LARGEST_CONFIG:
                    raise broken(f"its {MEMBER} has more than {LARGEST_CONFIG >> 20} MiB")
            return unpacked.getvalue()
    except KeyError:
        raise broken(f"the zip holds no {MEMBER}") from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError,
            OSError, ValueError) as error:  # fmt: skip
        raise broken(f"the zip cannot be unpacked ({error})") from None
