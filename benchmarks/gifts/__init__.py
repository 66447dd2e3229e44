"""Whole online gifts a second: ours, a bare loop, and a well-known library, under one load."""
