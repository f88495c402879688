"""One file in several versions, for `compare`: with other variables, and as git had it.

`net.yaml@se=false,w=32` is a file or a bundled network with variables set, and `HEAD:net.yaml` the
file at a revision of its git repository, which may be followed by `@` too. A model file may end
earlier and have another input: `model.onnx@until=layer3,input=3x64x64 CHW`.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from cnncalc import files, zoo
from cnncalc.errors import failure
from cnncalc.revisions import at_revision
from cnncalc.spec.load import as_network, choose, is_model, load, parse
from cnncalc.spec.sections.variables import parse_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.network import Network
    from cnncalc.spec.load import Target

NEXT = re.compile(r",(?=\s*[A-Za-z_]\w*\s*=)")  # between two settings, not within a list
UNREADABLE = 3


def network_of(
    target: Target, set: Mapping[str, object], input: str | None, until: str | None = None
) -> Network:
    """The network that a user means; `set`, `input` and `until` change it further.

    Raises:
        CnncalcError: where it cannot be read, or the revision does not have it.

    >>> network_of("mobilenet_v2@width=0.5", {}, "96x96x3").overrides
    {'width': 0.5, 'input': '96x96x3'}
    """
    if isinstance(target, str) and not os.path.exists(target):  # noqa: PTH110 - as in zoo
        file, words = _split(target)
        if words and os.path.isfile(file) and is_model(file):  # noqa: PTH113 - as in zoo
            return _model_of(file, words, set, input, until)
        target, own = _with_settings(target)
        changed = {**own, **set}
        if not zoo.is_typed(target) and (found := _at_revision(target)) is not None:
            text, variant = found
            file = target.removesuffix(f"@{variant}")
            return parse(text, variant=variant, set=changed, input=input, file=file)
    else:
        changed = dict(set)
    if until is not None:
        return _ended(target, changed, input, until)
    if changed or input:
        return choose(target, set=changed, input=input).network()
    return as_network(target)


def _split(target: str) -> tuple[str, list[str]]:
    """The target without its settings, and those as they were typed."""
    base, at, words = target.rpartition("@")
    return (base, NEXT.split(words)) if at and base and "=" in words else (target, [])


def _with_settings(target: str) -> tuple[str, dict[str, object]]:
    """The target without its settings, and those by name."""
    base, words = _split(target)
    return base, dict(map(parse_setting, words))


def _model_of(
    file: str, words: list[str], set: Mapping[str, object], input: str | None, until: str | None
) -> Network:
    """A model file with settings of its own, which come before those for all networks."""
    own = {"input": input, "until": until}
    for word in words:
        name, _, value = map(str.strip, word.partition("="))
        if name not in own or not value:
            message = f"{file} is a model file, which has no variables; got '{word.strip()}'"
            help_ = "after @ it takes until=NAME, to end there, and input=SHAPE"
            raise failure("unknown-variable", message, help=help_)
        own[name] = value
    return load(file, set=set, input=own["input"], until=own["until"])


def _ended(target: Target, set: Mapping[str, object], input: str | None, until: str) -> Network:
    """A model file up to a node; nothing else ends before its end."""
    if isinstance(target, str) and not zoo.is_typed(target):
        path, _ = zoo.resolve(target)
        if is_model(path):
            return load(path, set=set, input=input, until=until)
    name = target if isinstance(target, str) else "this network"
    help_ = "of several networks, write MODEL@until=NAME for those that it is meant for"
    raise failure("no-model", f"--until is for model files; {name} is a spec", help=help_)


def _at_revision(target: str) -> tuple[str, str | None] | None:
    """The text and the variant of REVISION:FILE; None for any other target."""
    revision, colon, rest = target.partition(":")
    path, _, variant = rest.partition("@")
    if not (colon and revision and path.endswith(files.SPEC_SUFFIXES)):
        return None
    text = at_revision(revision, path)
    if text is None:
        message = f"there was no file '{path}' at the revision '{revision}'"
        raise failure("no-file", message, exit_code=UNREADABLE)
    return text, variant or None
