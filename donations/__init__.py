"""The heart: what people promise, how it is paid, and what was really received."""
