"""Readers' processes that go wrong, each in its way."""
