"""Print the oldest versions that pyproject.toml allows, as constraints for pip.

Needs `packaging`, which comes with pytest.
"""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = ("image", "test")  # what `pip install '.[test]'` brings; the linters are no promise


def constraint(requirement: Requirement) -> str:
    """The lower bound of a requirement as its only version. Raises ValueError without one."""
    (oldest,) = (bound.version for bound in requirement.specifier if bound.operator == ">=")
    return f"{requirement.name}=={oldest}"


def main() -> None:
    """Print a line for each direct dependency but the project itself."""
    extras = [text for extra in EXTRAS for text in PROJECT["optional-dependencies"][extra]]
    for requirement in map(Requirement, [*PROJECT["dependencies"], *extras]):
        if requirement.name != PROJECT["name"]:
            print(constraint(requirement))


if __name__ == "__main__":
    main()
