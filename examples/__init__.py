"""Applications that show Buckler at work."""
