"""Network -> Report: counts, shapes and bytes as plain values; `render` formats them."""
