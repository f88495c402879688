"""Reports and answers -> text, one file per answer. Nothing here computes; nothing here prints."""
