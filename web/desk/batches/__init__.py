"""Batches of envelopes at a desk."""
