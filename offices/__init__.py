"""Provinces, desks, the people who work there, what each may see, and what each did."""
