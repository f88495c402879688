"""Convolutions on big integers."""
