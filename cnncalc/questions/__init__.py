"""Questions asked over settings and reports: what fits, what would."""
