"""A day as people read it: names beside numbers, the age of each difference, and its owner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.digits import to_persian
from core.words import Later
from donations.models.cashier import CashierSession, SessionClosing
from ledger.accounts import BankAccount, LedgerAccount
from ledger.terminals import Terminal
from offices.places import Office
from offices.staff import StaffMember
from reconciliation.day_facts import BankDay, TerminalDay
from reconciliation.day_sheets import (
    FORBIDDING,
    DaySheet,
    DaySheetTerminal,
    DifferenceKind,
)
from reconciliation.difference_owners import Owner, owners
from reconciliation.differences_of_day import DayFacts

K = DifferenceKind

KIND_NAMES: Mapping[DifferenceKind, Later] = {
    K.CHAIN_GAP: Later("Gap in the balances of the bank"),
    K.END_UNKNOWN: Later("End of the day not proved"),
    K.QUARANTINED_ROW: Later("Row set aside and not solved"),
    K.LEDGER_DIFFERS: Later("Our books differ from the bank"),
    K.GATEWAY_DIFFERS: Later("Our books differ from what the gateway owes"),
    K.BATCH_DIFFERS: Later("Pay-out differs from its payments"),
    K.DEPOSITED_NOT_PAID: Later("Deposited, not paid"),
    K.PAID_NOT_DEPOSITED: Later("Paid, not deposited"),
    K.UNMATCHED_CREDIT: Later("Unmatched credit"),
    K.UNMATCHED_DEBIT: Later("Unmatched debit"),
    K.DESK_CASH: Later("Cash of a desk not handed in"),
    K.CASHIER_DIFFERENCE: Later("Cashier's session closed with a difference"),
}
_OF_LINES = frozenset(
    {
        K.CHAIN_GAP, K.QUARANTINED_ROW, K.BATCH_DIFFERS, K.DEPOSITED_NOT_PAID, K.UNMATCHED_CREDIT,
        K.UNMATCHED_DEBIT,
    }
)  # fmt: skip
_OF_TERMINALS = frozenset({K.GATEWAY_DIFFERS, K.PAID_NOT_DEPOSITED})


@dataclass(frozen=True, slots=True)
class ShownDifference:
    """One difference; ``id`` is empty while no sheet has frozen it."""

    id: int | None
    kind: DifferenceKind
    subject: str  # a terminal, office, cashier's session or account of our books, by name
    line_id: int | None
    since_on: date
    age_days: int
    item_count: int
    amount_rial: int
    owner: str

    @property
    def forbids(self) -> bool:
        """Whether a day with it cannot be signed."""
        return self.kind in FORBIDDING


@dataclass(frozen=True, slots=True)
class ShownTerminal:
    """A terminal's leg, under its name."""

    name: str
    day: TerminalDay


@dataclass(frozen=True, slots=True)
class ShownDay:
    """Everything a page or a printed sheet says about a day."""

    account: BankAccount
    day: date
    bank: BankDay
    open_count: int
    open_rial: int
    books_bank_rial: int
    books_open_rial: int
    is_whole: bool
    terminals: Sequence[ShownTerminal]
    differences: Sequence[ShownDifference]


class _Names:
    """Names by id; a day names few things."""

    def __init__(self, session: Session, bank_account_id: int) -> None:
        self.people: Mapping[int, str] = dict(
            session.execute(select(StaffMember.id, StaffMember.name)).all()
        )
        self.offices: Mapping[int, str] = dict(
            session.execute(select(Office.id, Office.name_fa)).all()
        )
        self.terminals: Mapping[int, str] = dict(
            session.execute(
                select(Terminal.id, Terminal.name).where(
                    Terminal.bank_account_id == bank_account_id
                )
            ).all()
        )
        self.sessions: Mapping[int, str] = {
            session_id: f"{office}، {to_persian(str(number))}"
            for session_id, office, number in session.execute(
                select(CashierSession.id, Office.name_fa, CashierSession.number)
                .join(Office, Office.id == CashierSession.office_id)
                .join(SessionClosing, SessionClosing.session_id == CashierSession.id)
                .where(SessionClosing.difference_rial != 0)
            )
        }
        self.books: Mapping[int, str] = dict(
            session.execute(
                select(LedgerAccount.id, LedgerAccount.code).where(
                    LedgerAccount.bank_account_id == bank_account_id
                )
            ).all()
        )

    def subject(self, kind: DifferenceKind, subject_id: int) -> str:
        if kind in _OF_TERMINALS:
            return self.terminals.get(subject_id, "")
        if kind is K.DESK_CASH:
            return self.offices.get(subject_id, "")
        if kind is K.CASHIER_DIFFERENCE:
            return self.sessions.get(subject_id, "")
        return self.books.get(subject_id, "") if kind is K.LEDGER_DIFFERS else ""

    def owner(self, owner: Owner | None) -> str:
        person, office = owner or (None, None)
        return self.people.get(person or 0, "") or self.offices.get(office or 0, "")


def shown_sheet(
    session: Session, sheet: DaySheet, *, as_of: date, owners_now: bool = True
) -> ShownDay:
    """A frozen sheet. Its owners are those of today, or those that were frozen with it."""
    account = session.get_one(BankAccount, sheet.bank_account_id)
    names = _Names(session, account.id)
    known = owners(session, account.id) if owners_now else {}
    return ShownDay(
        account=account,
        day=sheet.day,
        bank=BankDay(
            opening_rial=sheet.opening_rial,
            credit_count=sheet.credit_count,
            credits_rial=sheet.credits_rial,
            debit_count=sheet.debit_count,
            debits_rial=sheet.debits_rial,
            closing_rial=sheet.closing_rial,
        ),
        open_count=sheet.open_count,
        open_rial=sheet.open_rial,
        books_bank_rial=sheet.books_bank_rial,
        books_open_rial=sheet.books_open_rial,
        is_whole=sheet.is_whole,
        terminals=[
            ShownTerminal(names.terminals.get(each.terminal_id, ""), terminal_day(each))
            for each in sheet.terminals
        ],
        differences=[
            ShownDifference(
                id=found.id,
                kind=found.kind,
                subject=names.subject(found.kind, found.subject_id),
                line_id=_line_id(found.kind, found.subject_id),
                since_on=found.since_on,
                age_days=(as_of - found.since_on).days,
                item_count=found.item_count,
                amount_rial=found.amount_rial,
                owner=names.owner(
                    known.get(
                        (found.kind, found.subject_id, found.since_on),
                        (found.owner_id, found.owner_office_id),
                    )
                ),
            )
            for found in sheet.differences
        ],
    )


def shown_facts(
    session: Session, account: BankAccount, day: date, facts: DayFacts, *, as_of: date
) -> ShownDay:
    """A day that no sheet has frozen, as it stands now."""
    names = _Names(session, account.id)
    known = owners(session, account.id)
    return ShownDay(
        account=account,
        day=day,
        bank=facts.bank,
        open_count=facts.open_count,
        open_rial=facts.open_rial,
        books_bank_rial=facts.books_bank_rial,
        books_open_rial=facts.books_open_rial,
        is_whole=facts.is_whole,
        terminals=[
            ShownTerminal(names.terminals.get(each.terminal_id, ""), each)
            for each in facts.terminals
        ],
        differences=[
            ShownDifference(
                id=None,
                kind=found.kind,
                subject=names.subject(found.kind, found.subject_id),
                line_id=_line_id(found.kind, found.subject_id),
                since_on=found.since_on,
                age_days=(as_of - found.since_on).days,
                item_count=found.item_count,
                amount_rial=found.amount_rial,
                owner=names.owner(known.get((found.kind, found.subject_id, found.since_on))),
            )
            for found in facts.differences
        ],
    )


def terminal_day(row: DaySheetTerminal) -> TerminalDay:
    """A terminal's leg as it was frozen."""
    return TerminalDay(
        terminal_id=row.terminal_id,
        lump_count=row.lump_count,
        lumps_rial=row.lumps_rial,
        gross_rial=row.gross_rial,
        fee_rial=row.fee_rial,
        net_rial=row.net_rial,
        owed_rial=row.owed_rial,
        books_rial=row.books_rial,
    )


def _line_id(kind: DifferenceKind, subject_id: int) -> int | None:
    return subject_id if kind in _OF_LINES and subject_id else None
