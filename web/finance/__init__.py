"""The pages of finance: statements, matching, the books."""
