"""What spans subjects: what must commit together, and what follows from what happened."""
