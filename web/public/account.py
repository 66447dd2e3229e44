"""The bank account that deposit ids lead into, as donors read it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.words import spoken
from ledger.accounts import central_account


@dataclass(frozen=True, slots=True)
class AccountShown:
    """An account in the language being spoken; the Sheba is empty until it is verified."""

    number: str
    bank: str
    branch: str
    holder: str
    sheba: str


def deposit_account(session: Session) -> AccountShown:
    """The account for deposits at an ATM, a bank counter or by transfer."""
    account = central_account(session)
    in_english = spoken() == "en"
    return AccountShown(
        number=account.number,
        bank=account.bank_en if in_english else account.bank_fa,
        branch=account.branch_en if in_english else account.branch_fa,
        holder=account.holder_en if in_english else account.holder_fa,
        sheba=account.sheba or "",
    )
