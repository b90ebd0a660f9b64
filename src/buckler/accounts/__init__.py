"""Floor 1: people, and how they prove who they are."""

import buckler.accounts.needs  # noqa: F401  # before everything else: what is not installed is said in one line
