"""One module for each gateway: the wire facts of a bank, turned into our words."""
