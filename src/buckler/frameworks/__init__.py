"""Floor 3: one thin adapter a framework. Each imports its framework itself, and nothing else of Buckler's does."""
