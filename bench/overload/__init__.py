"""More visitors than can be served: what is still served in time, and what becomes of the rest."""
