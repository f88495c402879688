"""Mistakes that are found before a network is built: in names, in words, in its size."""
