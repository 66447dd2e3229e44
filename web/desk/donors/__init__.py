"""Donors at a desk: finding one again, and saying that two are one person."""
