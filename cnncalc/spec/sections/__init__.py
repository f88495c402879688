"""The sections of a spec file beside its layers: what may be written in them, and its meaning."""
