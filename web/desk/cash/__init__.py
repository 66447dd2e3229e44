"""Custody of cash at the desk: sessions, charity boxes, rounds, limits."""
