"""Floor 1: people, and how they prove who they are."""
