"""Another word for `conv_transpose`."""

ALIAS = "conv_transpose"
