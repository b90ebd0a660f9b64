"""Writes the pages of docs/ that are made from the code, and the generated regions of hand-written pages."""
