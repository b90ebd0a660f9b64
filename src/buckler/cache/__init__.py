"""Floor 1: what was worked out once and need not be worked out again. In two levels, with tags, for one person or for everybody."""
