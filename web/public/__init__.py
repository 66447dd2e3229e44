"""The pages of donors and of everybody who wants to look: no account, no document, no script."""
