"""The differences of a day between bank, gateways and books: a closed list, each with its size."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased

from core.database import Id, sum_rial
from donations.models.cashier import CashierSession, SessionClosing
from ledger.accounts import AccountKind, BankAccount, LedgerAccount
from ledger.postings import Entry, Posting
from ledger.terminals import Terminal, TerminalTerms
from offices.places import Office
from reconciliation.calendar import calendar_of
from reconciliation.day_facts import (
    BankDay,
    TerminalDay,
    bank_codes,
    bank_day,
    books_rial,
    broken_links,
    has_later_row,
    money_at_end,
    of_terminal,
    open_at_end,
    terminal_days,
)
from reconciliation.day_sheets import FORBIDDING, DifferenceKind
from reconciliation.lines import LineClass, StatementLine
from reconciliation.quarantine import open_quarantine

K = DifferenceKind
_WHOLE_DAY = 0  # the subject of a difference that is of the day itself


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference at the end of a day; what it is about is in ``DaySheetDifference``."""

    kind: DifferenceKind
    subject_id: int
    since_on: date
    amount_rial: int
    item_count: int = 1


@dataclass(frozen=True, slots=True)
class DayFacts:
    """Everything a day sheet freezes."""

    bank: BankDay
    open_count: int
    open_rial: int
    books_bank_rial: int
    books_open_rial: int
    terminals: Sequence[TerminalDay]
    differences: Sequence[Difference]

    @property
    def is_whole(self) -> bool:
        """Whether nothing forbids to sign the day."""
        return not any(found.kind in FORBIDDING for found in self.differences)


def day_facts(
    session: Session, account: BankAccount, day: date, *, signed_through: date | None
) -> DayFacts:
    """Prove a day and say where it differs.

    Lines are listed that no signed day has answered for: those after ``signed_through``.
    """
    bank = bank_day(session, account.id, day)
    bank_code, suspense_code = bank_codes(account)
    books = books_rial(session, (bank_code, suspense_code), day)
    terminals = terminal_days(session, account.id, day)
    open_count, open_rial = _open(session, account.id, day)
    books_open_rial = -books[suspense_code]
    differences = [
        *_of_the_chain(session, account.id, day, bank, signed_through),
        *_of_the_books(
            session,
            day,
            {bank_code: books[bank_code] - bank.closing_rial},
            {suspense_code: books_open_rial - open_rial},
        ),
        *_of_terminals(terminals, day),
        *_overdue_money(session, account.id, day),
        *_open_lines(session, account.id, day, signed_through),
        *_desk_cash(session, account, day),
        *_of_cashiers(session, account, day, signed_through),
    ]
    return DayFacts(
        bank=bank,
        open_count=open_count,
        open_rial=open_rial,
        books_bank_rial=books[bank_code],
        books_open_rial=books_open_rial,
        terminals=terminals,
        differences=differences,
    )


def _open(session: Session, bank_account_id: int, day: date) -> tuple[int, int]:
    count, rial = session.execute(
        select(func.count(), sum_rial(StatementLine.amount_rial)).where(
            StatementLine.id.in_(open_at_end(bank_account_id, day))
        )
    ).one()
    return count, rial


def _of_the_chain(
    session: Session, bank_account_id: int, day: date, bank: BankDay, signed_through: date | None
) -> Iterator[Difference]:
    days = _unsigned(day, signed_through)
    gaps = session.scalars(broken_links(bank_account_id, days)).all()
    for line_id in gaps:
        yield Difference(K.CHAIN_GAP, line_id, day, 0)
    if not gaps and not bank.adds_up:
        missing_rial = bank.closing_rial - bank.opening_rial - bank.credits_rial + bank.debits_rial
        yield Difference(K.CHAIN_GAP, _WHOLE_DAY, day, missing_rial)
    if not has_later_row(session, bank_account_id, day):
        yield Difference(K.END_UNKNOWN, _WHOLE_DAY, day, 0)
    for row in open_quarantine(session, bank_account_id):
        if row.line.booked_on <= day:
            yield Difference(
                K.QUARANTINED_ROW, row.line_id, row.line.booked_on, row.line.amount_rial
            )


def _of_the_books(
    session: Session, day: date, *excesses: Mapping[str, int]
) -> Iterator[Difference]:
    for excess in excesses:
        for code, rial in excess.items():
            if rial:
                account_id = session.scalars(
                    select(LedgerAccount.id).where(LedgerAccount.code == code)
                ).first()
                yield Difference(K.LEDGER_DIFFERS, account_id or _WHOLE_DAY, day, rial)


def _of_terminals(terminals: Sequence[TerminalDay], day: date) -> Iterator[Difference]:
    for each in terminals:
        if each.books_rial != each.owed_rial:
            rial = each.books_rial - each.owed_rial
            yield Difference(K.GATEWAY_DIFFERS, each.terminal_id, day, rial)


def _overdue_money(session: Session, bank_account_id: int, day: date) -> Iterator[Difference]:
    """Business days whose pay-out should have come by now, with what is missing of each."""
    money = money_at_end(bank_account_id, day).subquery()
    within = dict(
        session.execute(
            select(TerminalTerms.terminal_id, func.max(TerminalTerms.settles_within_days))
            .where(TerminalTerms.valid_from <= day)
            .group_by(TerminalTerms.terminal_id)
        ).all()
    )
    calendar = calendar_of(session)
    for terminal_id, business_day, count, rial in session.execute(
        select(
            money.c.terminal_id,
            money.c.business_day,
            func.count(),
            sum_rial(money.c.amount_rial),
        )
        .where(money.c.business_day < day)
        .group_by(money.c.terminal_id, money.c.business_day)
        .order_by(money.c.business_day, money.c.terminal_id)
    ):
        if calendar.last_day(business_day, within.get(terminal_id, 0)) <= day:
            yield Difference(K.PAID_NOT_DEPOSITED, terminal_id, business_day, rial, count)


def _open_lines(
    session: Session, bank_account_id: int, day: date, signed_through: date | None
) -> Iterator[Difference]:
    line = StatementLine
    money = money_at_end(bank_account_id, day).subquery()
    is_awaited = (
        exists()
        .where(
            of_terminal(line),
            money.c.terminal_id == Terminal.id,
            money.c.business_day <= line.booked_on,
        )
        .correlate(line)
    )
    kind = case(
        (line.amount_rial < 0, literal(K.UNMATCHED_DEBIT.value)),
        (line.line_class != LineClass.SETTLEMENT, literal(K.UNMATCHED_CREDIT.value)),
        (is_awaited, literal(K.BATCH_DIFFERS.value)),
        else_=literal(K.DEPOSITED_NOT_PAID.value),
    )
    for found, line_id, since_on, rial in session.execute(
        select(kind, line.id, line.booked_on, line.amount_rial)
        .where(line.id.in_(open_at_end(bank_account_id, day)), _unsigned(day, signed_through))
        .order_by(line.id)
    ):
        yield Difference(K(found), line_id, since_on, rial)


def _desk_cash(session: Session, account: BankAccount, day: date) -> Iterator[Difference]:
    """Cash that desks took before this day and that has not reached the account they hand it to."""
    if not account.is_central:
        return
    taken = _desk_days(Posting.booked_on < day, is_debit=True).subquery()
    handed = _desk_days(Posting.booked_on <= day, is_debit=False).subquery()
    handed_rial = func.coalesce(
        select(-_whole(func.sum(handed.c.rial)))
        .where(handed.c.office_id == taken.c.office_id)
        .correlate(taken)
        .scalar_subquery(),
        0,
    )
    so_far = _whole(
        func.sum(taken.c.rial).over(partition_by=taken.c.office_id, order_by=taken.c.booked_on)
    )
    held = select(
        taken.c.office_id, taken.c.booked_on, so_far.label("rial"), handed_rial.label("handed")
    ).subquery()
    for office_id, since_on, rial in session.execute(
        select(held.c.office_id, func.min(held.c.booked_on), func.max(held.c.rial - held.c.handed))
        .where(held.c.rial > held.c.handed)
        .group_by(held.c.office_id)
        .order_by(held.c.office_id)
    ):
        yield Difference(K.DESK_CASH, office_id, since_on, rial)


def _desk_days(days: ColumnElement[bool], *, is_debit: bool) -> Select[*tuple[Any, ...]]:
    """What desks took, or gave away, by office and day; of postings that stand.

    What goes between a desk and its cashiers' drawers is neither.
    """
    reversal = aliased(Posting)
    rial = _whole(func.sum(Entry.amount_rial))
    moved = (
        select(Office.id.label("office_id"), Posting.booked_on, rial.label("rial"))
        .select_from(Entry)
        .join(Posting, Posting.id == Entry.posting_id)
        .join(LedgerAccount, LedgerAccount.id == Entry.account_id)
        .outerjoin(CashierSession, CashierSession.account == LedgerAccount.code)
        .join(
            Office,
            or_(
                Office.id == CashierSession.office_id,
                LedgerAccount.code == literal(f"{AccountKind.DESK}:") + Office.code,
            ),
        )
        .where(
            LedgerAccount.kind.in_((AccountKind.DESK, AccountKind.DRAWER)),
            days,
            Posting.reverses_id.is_(None),
            ~exists().where(reversal.reverses_id == Posting.id),
        )
        .group_by(Posting.id, Office.id, Posting.booked_on)
        .having(rial > 0 if is_debit else rial < 0)
        .subquery()
    )
    return select(
        moved.c.office_id, moved.c.booked_on, _whole(func.sum(moved.c.rial)).label("rial")
    ).group_by(moved.c.office_id, moved.c.booked_on)


def _of_cashiers(
    session: Session, account: BankAccount, day: date, signed_through: date | None
) -> Iterator[Difference]:
    """Sessions that were closed short or over, on the first sheet that answers for their day."""
    if not account.is_central:
        return
    closing = SessionClosing
    after = true() if signed_through is None else closing.closed_on > signed_through
    for session_id, closed_on, rial in session.execute(
        select(closing.session_id, closing.closed_on, closing.difference_rial)
        .where(closing.difference_rial != 0, closing.closed_on <= day, after)
        .order_by(closing.session_id)
    ):
        yield Difference(K.CASHIER_DIFFERENCE, session_id, closed_on, rial)


def _unsigned(day: date, signed_through: date | None) -> ColumnElement[bool]:
    line = StatementLine
    after = true() if signed_through is None else line.booked_on > signed_through
    return and_(line.booked_on <= day, after)


def _whole(total: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(total, Id)
