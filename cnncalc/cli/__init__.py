"""Options -> calls -> print -> exit code; no arithmetic here."""
