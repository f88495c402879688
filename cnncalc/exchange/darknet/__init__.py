"""Reading networks from the .cfg files of darknet."""
