"""Floor 4: the sheet. What every protection costs, beside the attacks that it alone stops."""
