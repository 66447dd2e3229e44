"""One reader for each bank's format: files in, lines with whole minor units out; no database."""
