"""The pages of a service desk: walk-in gifts, entries, voids and cash for the bank."""
