"""Networks as the code of a framework: one file per target, and what targets share."""
