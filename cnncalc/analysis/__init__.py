"""Network -> Report: plain facts, nothing formatted."""
