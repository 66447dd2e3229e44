"""The organisation's seal on a file: made, read and trusted."""
