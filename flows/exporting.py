"""The books on their way out: the journal of the ledger, with the names that people know."""

from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.words import _
from donations.models.cashier import CashierSession
from donations.models.fund import Fund
from flows.checking import hold_still
from ledger.accounts import AccountKind, BankAccount, account_code
from ledger.export import beancount_journal
from ledger.terminals import Terminal
from offices.places import Office


def export_beancount(session: Session) -> Iterator[str]:
    """The lines of the journal, of one moment. Give it a fresh reading session."""
    hold_still(session)
    yield from beancount_journal(session, account_names(session))


def account_names(session: Session) -> Mapping[str, str]:
    """What people call each account, in Persian, by its code."""
    names = {
        account_code(AccountKind.SURPLUS): _("Surplus payments"),
        account_code(AccountKind.FEES): _("Bank fees"),
        account_code(AccountKind.OPENING): _("Opening balances"),
        account_code(AccountKind.OWN): _("The organisation's own money"),
        account_code(AccountKind.WITHDRAWN): _("Withdrawn, not yet on the statement"),
        account_code(AccountKind.REFUNDS): _("Refunds"),
    }
    for account in session.scalars(select(BankAccount)):
        called = f"{account.bank_fa}، {account.branch_fa}، {account.number}"
        names[account_code(AccountKind.BANK, account.number)] = called
        names[account_code(AccountKind.SUSPENSE, account.number)] = _(
            "Not yet explained: {account}"
        ).format(account=called)
    for code, name in session.execute(select(Fund.code, Fund.name_fa)):
        names[account_code(AccountKind.FUND, code)] = name
    for name in session.scalars(select(Terminal.name)):
        names[account_code(AccountKind.GATEWAY, name)] = _("Terminal {name}").format(name=name)
    for code, name in session.execute(select(Office.code, Office.name_fa)):
        names[account_code(AccountKind.DESK, code)] = _("Cash at {office}").format(office=name)
        names[account_code(AccountKind.CHEQUES, code)] = _("Cheques at {office}").format(
            office=name
        )
    for code, number, name in session.execute(
        select(CashierSession.account, CashierSession.number, Office.name_fa).join(
            Office, Office.id == CashierSession.office_id
        )
    ):
        names[code] = _("Drawer of session {number} at {office}").format(number=number, office=name)
    return names
