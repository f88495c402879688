"""The command line: options -> calls -> output -> exit status; no arithmetic here."""
