"""Accounts, postings and balances: the double entry behind the central account."""
