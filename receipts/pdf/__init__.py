"""PDF files: pages, structure, and the containers they are written in."""
