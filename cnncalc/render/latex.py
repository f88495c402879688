"""Text for LaTeX documents."""

from __future__ import annotations

from cnncalc.render.format import printable

SPECIAL = str.maketrans(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
        "_": r"\_", "%": r"\%", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
        "×": r"$\times$",
    }
)  # fmt: skip


def latex_text(text: str) -> str:
    r"""Text with LaTeX's special signs escaped.

    >>> print(latex_text("layer_1 & 50%"))
    layer\_1 \& 50\%
    """
    return printable(text).translate(SPECIAL)
