"""The pages of the headquarters: who may do what, and who did what."""
