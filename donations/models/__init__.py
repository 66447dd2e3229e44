"""The tables of promises, payments and contributions, one module a subject."""
