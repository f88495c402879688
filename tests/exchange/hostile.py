"""What the tests of damaged and harmful model files share: an end in a diagnostic, soon."""

import time

from cnncalc import CnncalcError, analyze
from cnncalc.errors import UnplacedError

# What a layer may be called by somebody who wants it to run, or to write elsewhere.
NAMES = ['x"""; print("RAN"); """', "a\nb: c", "../../etc/passwd", "\x1b[31m", "€" * 300]

# What a spec may say so that it would be code where it is not put in quotes well.
TEXTS = [
    'x"""; print("RAN"); """',
    "a\\",
    'end"',
    "two\nlines",
    "\x1b[31m\u202e\u2028",
    "{0}%s$(touch ran)",
    "class",
    "3d net",
    "é ü 漢",
    "'''",
    "\\N{BULLET}",
    "\\x",
]


def outcome(read, seconds):
    """ "ok", or the code of the refusal; any other exception, or more time, fails the test.

    `read` gives the network.
    """
    start = time.perf_counter()
    try:
        analyze(read())
        code = "ok"
    except CnncalcError as error:
        code = error.diagnostics[0].code
    except UnplacedError as problem:
        code = problem.code
    assert time.perf_counter() - start < seconds
    return code


def is_only_a_name(name):
    """Whether it has nothing but letters, digits, dots and underscores."""
    return name.replace(".", "").replace("_", "").isalnum()
