"""Report -> text, one file per format. Nothing here computes; nothing here prints."""
