"""Floor 0: values and contracts. Standard library only, no I/O; everything else may import from here."""
