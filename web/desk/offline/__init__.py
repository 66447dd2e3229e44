"""The desk's work through network cuts: its shell, what browsers kept, blocks of numbers."""
