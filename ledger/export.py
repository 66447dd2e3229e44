"""The books as a beancount journal, so that anybody can re-add them with a tool that is not ours.

Debits are positive there as here. Our codes become account names that beancount accepts; the code
and the Persian name stand beside them as metadata. The balances at the end come from a query of
their own, so they prove that the journal is complete.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import groupby

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from core.database import sum_rial
from core.words import Later
from ledger.accounts import AccountKind, LedgerAccount
from ledger.postings import Cause, Entry, Posting

CURRENCY = "IRR"
_FETCHED_AT_ONCE = 2_000
_OTHER_CHARACTER = re.compile(r"[^A-Za-z0-9-]")

# The account above, and the capital letter that the detail of a code is put behind.
_PLACES: Mapping[AccountKind, tuple[str, str]] = {
    AccountKind.BANK: ("Assets:Bank", "N"),
    AccountKind.SUSPENSE: ("Assets:Suspense", "N"),
    AccountKind.GATEWAY: ("Assets:Gateway", "T"),
    AccountKind.DESK: ("Assets:Desk", "D"),
    AccountKind.DRAWER: ("Assets:Drawer", "D"),
    AccountKind.CHEQUES: ("Assets:Cheques", "D"),
    AccountKind.FUND: ("Liabilities:Fund", "F"),
    AccountKind.SURPLUS: ("Liabilities:Surplus", ""),
    AccountKind.WITHDRAWN: ("Liabilities:Withdrawn", ""),
    AccountKind.REFUNDS: ("Liabilities:Refunds", ""),
    AccountKind.FEES: ("Expenses:Fees", ""),
    AccountKind.OWN: ("Equity:Own", ""),
    AccountKind.OPENING: ("Equity:Opening", ""),
}

_CAUSES: Mapping[Cause, Later] = {
    Cause.CONTRIBUTION: Later("Contribution"),
    Cause.SURPLUS: Later("Surplus payment"),
    Cause.STATEMENT_OPENING: Later("Opening balance of the statement"),
    Cause.STATEMENT_LINE: Later("Statement line"),
    Cause.MATCH: Later("Match"),
    Cause.WITHDRAWAL: Later("Withdrawal"),
    Cause.REFUND: Later("Refund"),
    Cause.SESSION_OPENED: Later("Opening of cashier's session"),
    Cause.SESSION_CLOSED: Later("Closing of cashier's session"),
    Cause.REVERSAL: Later("Reversal of posting"),
}


class NamesCollide(Exception):
    """Two codes of ours would be one account of the journal: a defect of the mapping."""


def beancount_journal(session: Session, names: Mapping[str, str]) -> Iterator[str]:
    """The lines of the journal, one after the other; the books are never held in memory.

    ``names`` are what people call the accounts, by code. All lines are of one moment only if the
    session reads so.
    """
    yield 'option "title" "Mosharekat"'
    yield f'option "operating_currency" "{CURRENCY}"'
    first, last = session.execute(
        select(func.min(Posting.booked_on), func.max(Posting.booked_on))
    ).one()
    if first is None:
        return
    accounts = _accounts(session)
    yield ""
    yield f"{first} commodity {CURRENCY}"
    for code, account in accounts.items():
        yield f"{first} open {account} {CURRENCY}"
        yield f"  code: {_quoted(code)}"
        if code in names:
            yield f"  name: {_quoted(names[code])}"
    yield from _transactions(session, accounts)
    yield ""
    yield from _assertions(session, accounts, on=last + timedelta(days=1))


def account_name(kind: AccountKind, code: str) -> str:
    """The beancount account of one of our codes: ``bank:90190`` is ``Assets:Bank:N90190``."""
    above, letter = _PLACES[kind]
    detail = code.partition(":")[2]
    if not detail:
        return above
    # What beancount allows in no name is written as its number.
    return f"{above}:{letter}" + _OTHER_CHARACTER.sub(lambda c: f"-x{ord(c[0]):x}-", detail)


def _accounts(session: Session) -> Mapping[str, str]:
    accounts = {
        code: account_name(kind, code)
        for code, kind in session.execute(
            select(LedgerAccount.code, LedgerAccount.kind).order_by(LedgerAccount.code)
        )
    }
    if len(set(accounts.values())) != len(accounts):
        raise NamesCollide(f"{len(accounts) - len(set(accounts.values()))} names")
    return accounts


def _transactions(session: Session, accounts: Mapping[str, str]) -> Iterator[str]:
    rows = session.execute(
        select(
            Posting.id,
            Posting.cause,
            Posting.cause_id,
            Posting.booked_on,
            Posting.reverses_id,
            LedgerAccount.code,
            Entry.amount_rial,
        )
        .join(Entry, Entry.posting_id == Posting.id)
        .join(LedgerAccount, LedgerAccount.id == Entry.account_id)
        .order_by(Posting.booked_on, Posting.id, Entry.id)
        .execution_options(yield_per=_FETCHED_AT_ONCE)
    )
    for posting, entries in groupby(rows, key=_posting_of):
        posting_id, cause, cause_id, booked_on, reverses_id = posting
        links = f"^posting-{posting_id}" + (f" ^posting-{reverses_id}" if reverses_id else "")
        yield ""
        yield f"{booked_on} * {_quoted(f'{cause.value} {cause_id}')} {links}"
        yield f"  what: {_quoted(f'{_CAUSES[cause]} {cause_id}')}"
        for *_posting, code, amount_rial in entries:
            yield f"  {accounts[code]}  {amount_rial} {CURRENCY}"


def _posting_of(
    row: Row[int, Cause, int, date, int | None, str, int],
) -> tuple[int, Cause, int, date, int | None]:
    return row[0], row[1], row[2], row[3], row[4]


def _assertions(session: Session, accounts: Mapping[str, str], *, on: date) -> Iterator[str]:
    for code, total_rial in session.execute(
        select(LedgerAccount.code, sum_rial(Entry.amount_rial))
        .outerjoin(Entry, Entry.account_id == LedgerAccount.id)
        .group_by(LedgerAccount.code)
        .order_by(LedgerAccount.code)
    ):
        yield f"{on} balance {accounts[code]}  {total_rial} {CURRENCY}"


def _quoted(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{plain}"'
