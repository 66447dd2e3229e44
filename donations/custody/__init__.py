"""Custody of cash: drawers, counts, charity boxes and their rounds."""
