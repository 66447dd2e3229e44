"""Proofs within the books themselves."""

from collections.abc import Iterator

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.words import _
from flows.checking.exact import exact_sum
from ledger.accounts import AccountKind, LedgerAccount
from ledger.postings import Entry, Posting


def unbalanced_postings(session: Session) -> Iterator[str]:
    """Postings whose entries do not sum to zero, or that have fewer than two."""
    total, count = exact_sum(Entry.amount_rial), func.count(Entry.id)
    for posting_id, total_rial, entries in session.execute(
        select(Posting.id, total, count)
        .outerjoin(Entry, Entry.posting_id == Posting.id)
        .group_by(Posting.id)
        .having(or_(total != 0, count < 2))
        .order_by(Posting.id)
    ):
        yield _("posting {id} has {entries} entries that sum to {total_rial}").format(
            id=posting_id, entries=entries, total_rial=int(total_rial)
        )


def funds_below_zero(session: Session) -> Iterator[str]:
    """Funds from which more went out than came in; only a reversal can lead there."""
    total = exact_sum(Entry.amount_rial)
    for code, total_rial in session.execute(
        select(LedgerAccount.code, total)
        .join(Entry, Entry.account_id == LedgerAccount.id)
        .where(LedgerAccount.kind == AccountKind.FUND)
        .group_by(LedgerAccount.code)
        .having(total > 0)  # a fund is owed to its purpose: credits are negative
        .order_by(LedgerAccount.code)
    ):
        yield _("{account} is {rial} rials below zero").format(account=code, rial=int(total_rial))
