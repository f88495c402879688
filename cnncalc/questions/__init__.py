"""Questions answered from networks and their reports, one file for each."""
