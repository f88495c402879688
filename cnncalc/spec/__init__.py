"""YAML text -> Network: the language that networks are described in."""
