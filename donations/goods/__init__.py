"""Goods: what is needed, what was offered for it, how it was found, where it lies and went."""
