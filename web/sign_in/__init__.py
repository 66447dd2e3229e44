"""Signing in and out, and the guard that stands before every staff page."""
