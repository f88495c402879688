"""The structure of a network: chains, branches and blocks found again in its rows.

It knows no file format: `spec.shorten` writes what is found here as a short spec.
"""
