"""One module for each gateway that the sandbox bank speaks."""
