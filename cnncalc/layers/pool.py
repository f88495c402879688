"""Another word for `maxpool`."""

ALIAS = "maxpool"
