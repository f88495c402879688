"""Print the direct dependencies of pyproject.toml for pip: `dependencies.py oldest|newest`.

oldest: the lowest version that is allowed of each, as constraints, for the program and its tests.
newest: the names of those that the program needs, without their bounds.

Needs `packaging`, which comes with pytest.
"""

import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED = [*map(Requirement, PROJECT["dependencies"])]
# What `pip install '.[test]'` adds; of the linters any version will do.
EXTRA = [Requirement(text) for extra in ("dask", "image", "test")
         for text in PROJECT["optional-dependencies"][extra]]  # fmt: skip


def constraint(requirement: Requirement) -> str:
    """The lower bound of a requirement as its only version. Raises ValueError without one."""
    (oldest,) = (bound.version for bound in requirement.specifier if bound.operator == ">=")
    return f"{requirement.name}=={oldest}"


if sys.argv[1:] == ["newest"]:
    print(*(requirement.name for requirement in NEEDED))
elif sys.argv[1:] == ["oldest"]:
    others = (each for each in [*NEEDED, *EXTRA] if each.name != PROJECT["name"])
    print(*map(constraint, others), sep="\n")
else:
    sys.exit(__doc__)
