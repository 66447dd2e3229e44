"""What donors and strangers get: proof, statements, links."""
