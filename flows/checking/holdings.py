"""Proofs that what terminals owe us and what desks hold is what the books say."""

from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import sum_rial
from core.words import _
from donations.models.contribution import Contribution, ContributionLine, Tender
from flows.checking.gifts import contribution_stands
from ledger.accounts import AccountKind, LedgerAccount
from ledger.postings import Entry
from ledger.terminals import Terminal
from offices.places import Office
from reconciliation.expected import ExpectedTerminalMoney


def terminal_differences(session: Session) -> Iterator[str]:
    """Terminals that owe something else than the money whose settlement is awaited from them."""
    awaited: Mapping[str, int] = dict(
        session.execute(
            select(Terminal.name, sum_rial(ExpectedTerminalMoney.amount_rial))
            .join(ExpectedTerminalMoney, ExpectedTerminalMoney.terminal_id == Terminal.id)
            .group_by(Terminal.name)
        ).all()
    )
    owed = _balances(session, AccountKind.GATEWAY)
    for name in sorted(awaited.keys() | owed.keys()):
        if awaited.get(name, 0) != owed.get(name, 0):
            told = _("terminal {terminal}: {awaited} rials are awaited, the books say {owed}")
            yield told.format(terminal=name, awaited=awaited.get(name, 0), owed=owed.get(name, 0))


def desks_below_zero(session: Session) -> Iterator[str]:
    """Desks that gave more cash away than they took."""
    for code, rial in sorted(_balances(session, AccountKind.DESK).items()):
        if rial < 0:
            yield _("{account} is {rial} rials below zero").format(
                account=f"{AccountKind.DESK}:{code}", rial=-rial
            )


def cheque_differences(session: Session) -> Iterator[str]:
    """Desks whose cheques by the books are not the cheques of the entries that stand."""
    entered: Mapping[str, int] = dict(
        session.execute(
            select(Office.code, sum_rial(ContributionLine.amount_rial))
            .join(Contribution, Contribution.office_id == Office.id)
            .join(ContributionLine, ContributionLine.contribution_id == Contribution.id)
            .where(Contribution.tender == Tender.CHEQUE, contribution_stands())
            .group_by(Office.code)
        ).all()
    )
    held = _balances(session, AccountKind.CHEQUES)
    for code in sorted(entered.keys() | held.keys()):
        if entered.get(code, 0) != held.get(code, 0):
            yield _("desk {desk}: cheques of {entered} rials entered, the books say {held}").format(
                desk=code, entered=entered.get(code, 0), held=held.get(code, 0)
            )


def _balances(session: Session, kind: AccountKind) -> Mapping[str, int]:
    """What stands in every account of a kind, in rials, by what it is of."""
    rows = session.execute(
        select(LedgerAccount.code, sum_rial(Entry.amount_rial))
        .join(Entry, Entry.account_id == LedgerAccount.id)
        .where(LedgerAccount.kind == kind)
        .group_by(LedgerAccount.code)
    )
    return {code.partition(":")[2]: rial for code, rial in rows}
