"""Mistakes that can be found before a network is built: in names, in words, in its size."""
