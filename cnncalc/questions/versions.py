"""One file in several versions, for `compare`: with other variables, and as git had it.

`net.yaml@se=false,w=32` is a file or a bundled network with variables set, and `HEAD:net.yaml` the
file at a revision of its git repository, which may be followed by `@` too.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from cnncalc import zoo
from cnncalc.errors import failure
from cnncalc.revisions import at_revision
from cnncalc.spec.load import as_network, choose, parse
from cnncalc.spec.sections.variables import parse_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.network import Network
    from cnncalc.spec.load import Target

NEXT = re.compile(r",(?=\s*[A-Za-z_]\w*\s*=)")  # between two settings, not within a list
UNREADABLE = 3


def network_of(target: Target, set: Mapping[str, object], input: str | None) -> Network:
    """The network that a user means; `set` and `input` change it further.

    Raises:
        CnncalcError: where it cannot be read, or the revision does not have it.

    >>> network_of("mobilenet_v2@width=0.5", {}, "96x96x3").overrides
    {'width': 0.5, 'input': '96x96x3'}
    """
    if isinstance(target, str) and not os.path.exists(target):  # noqa: PTH110 - as in zoo
        target, own = _with_settings(target)
        changed = {**own, **set}
        if not zoo.is_typed(target) and (found := _at_revision(target)) is not None:
            text, variant = found
            file = target.removesuffix(f"@{variant}")
            return parse(text, variant=variant, set=changed, input=input, file=file)
    else:
        changed = dict(set)
    if changed or input:
        return choose(target, set=changed, input=input).network()
    return as_network(target)


def _with_settings(target: str) -> tuple[str, dict[str, object]]:
    """The target without its settings, and those by name."""
    base, at, words = target.rpartition("@")
    if not (at and base and "=" in words):
        return target, {}
    return base, dict(parse_setting(word) for word in NEXT.split(words))


def _at_revision(target: str) -> tuple[str, str | None] | None:
    """The text and the variant of REVISION:FILE; None for any other target."""
    revision, colon, rest = target.partition(":")
    path, _, variant = rest.partition("@")
    if not (colon and revision and path.endswith(zoo.SUFFIXES)):
        return None
    text = at_revision(revision, path)
    if text is None:
        message = f"there was no file '{path}' at the revision '{revision}'"
        raise failure("no-file", message, exit_code=UNREADABLE)
    return text, variant or None
