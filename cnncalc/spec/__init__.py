"""YAML text -> Network: the spec language."""
