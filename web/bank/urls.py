"""The addresses a bank's pay page sends browsers back to."""

from web.bank.returning import bank_return
from web.pages import Allow, Page, blueprint

PAGES = (Page("/return/<return_key>", bank_return, Allow.BANK, ("GET", "POST")),)

bank = blueprint("bank", PAGES, prefix="/bank")
