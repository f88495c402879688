"""The sections of a spec file other than its layers and blocks, one file each."""
