"""The suite. A package, because others install one of the same name."""
