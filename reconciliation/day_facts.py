"""What a day of an account comes to: by the bank's rows, by our books, and what is still open.

Three legs that were written by different hands: the balances that the bank printed, the postings
of our books, and the lines and payments themselves. A posting that was reversed counts in none of
them, whatever day its reversal is dated: what does not stand proves nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from core.clock import tehran_moment
from core.database import sum_rial
from core.portable import unindexed
from donations.models.contribution import Contribution, Origin
from donations.models.payment import Payment
from ledger.accounts import AccountKind, BankAccount, LedgerAccount, account_code
from ledger.postings import Cause, Entry, Posting
from ledger.terminals import Terminal
from reconciliation.expected import ExpectedTerminalMoney, MoneySource, OpenLine
from reconciliation.lines import LineClass, StatementImportUndo, StatementLine, stands_on
from reconciliation.matches import (
    Match,
    MatchUndo,
    Settlement,
    SettlementItem,
    Target,
    has_target,
)
from reconciliation.splicing import live_lines


@dataclass(frozen=True, slots=True)
class BankDay:
    """A day by the bank: the balances it printed around it, and its rows."""

    opening_rial: int
    credit_count: int
    credits_rial: int
    debit_count: int
    debits_rial: int
    closing_rial: int

    @property
    def adds_up(self) -> bool:
        """Whether opening + credits - debits = closing."""
        return self.opening_rial + self.credits_rial - self.debits_rial == self.closing_rial


@dataclass(frozen=True, slots=True)
class TerminalDay:
    """A terminal's pay-outs of a day, and what it owes at the end of it."""

    terminal_id: int
    lump_count: int
    lumps_rial: int
    gross_rial: int
    fee_rial: int
    net_rial: int
    owed_rial: int
    books_rial: int


def end_of(day: date) -> datetime:
    """The moment at which a day is over in Tehran."""
    return tehran_moment(day + timedelta(days=1), time.min)


def bank_day(session: Session, bank_account_id: int, day: date) -> BankDay:
    """The bank's leg. Zero for an account without rows until then."""
    line = StatementLine
    count, rial = {}, {}
    for is_credit in (True, False):
        side = line.amount_rial > 0 if is_credit else line.amount_rial < 0
        count[is_credit], rial[is_credit] = session.execute(
            select(func.count(), sum_rial(line.amount_rial)).where(
                *_live(bank_account_id), line.booked_on == day, side
            )
        ).one()
    return BankDay(
        opening_rial=_balance_rial(session, bank_account_id, day - timedelta(days=1)),
        credit_count=count[True],
        credits_rial=rial[True],
        debit_count=count[False],
        debits_rial=-rial[False],
        closing_rial=_balance_rial(session, bank_account_id, day),
    )


def broken_links(bank_account_id: int, days: ColumnElement[bool]) -> Select[int]:
    """Lines of some days whose balance is not that of the row before and their own amount."""
    line, before = StatementLine, aliased(StatementLine)
    last_position = (
        select(func.max(before.position))
        .where(*_live_as(before, bank_account_id), before.position < line.position)
        .correlate(line)
        .scalar_subquery()
    )
    previous = (
        select(before.balance_rial)
        .where(*_live_as(before, bank_account_id), before.position == last_position)
        .correlate(line)
        .scalar_subquery()
    )
    follows = line.balance_rial == func.coalesce(previous + line.amount_rial, line.balance_rial)
    return (
        select(line.id)
        .where(*_live(bank_account_id), days, or_(line.balance_rial.is_(None), ~follows))
        .order_by(unindexed(line.position))
    )


def _live_as(line: Any, bank_account_id: int) -> tuple[ColumnElement[bool], ...]:
    """The conditions that an alias of a line is of this account and its import stands."""
    undone = select(StatementImportUndo.statement_file_id)
    return (line.bank_account_id == bank_account_id, line.statement_file_id.not_in(undone))


def has_later_row(session: Session, bank_account_id: int, day: date) -> bool:
    """Whether a later row of the bank begins where the day ends: then nothing of it is missing."""
    return (
        session.scalar(
            select(exists().where(*_live(bank_account_id), StatementLine.booked_on > day))
        )
        or False
    )


def open_at_end(bank_account_id: int, day: date) -> CompoundSelect[int]:
    """The ids of the lines that nothing had explained by the end of a day, of earlier days too."""
    return union_all(
        select(OpenLine.line_id).where(
            OpenLine.bank_account_id == bank_account_id, OpenLine.booked_on <= day
        ),
        _explained_later(bank_account_id, day),
    )


def books_rial(
    session: Session, codes: Iterable[str], day: date, *, last_posting_id: int | None = None
) -> Mapping[str, int]:
    """What stood in accounts at the end of a day, debits less credits, by their codes.

    ``last_posting_id`` shows the books as they were known when that was the latest posting.
    """
    reversal = aliased(Posting)
    is_reversed = exists().where(reversal.reverses_id == Posting.id)
    conditions = [Posting.booked_on <= day, Posting.reverses_id.is_(None)]
    if last_posting_id is not None:
        is_reversed = is_reversed.where(reversal.id <= last_posting_id)
        conditions.append(Posting.id <= last_posting_id)
    wanted = sorted(codes)
    found: dict[str, int] = dict(
        session.execute(
            select(LedgerAccount.code, sum_rial(Entry.amount_rial))
            .join(Entry, Entry.account_id == LedgerAccount.id)
            .join(Posting, Posting.id == Entry.posting_id)
            .where(LedgerAccount.code.in_(wanted), *conditions, ~is_reversed)
            .group_by(LedgerAccount.code)
        ).all()
    )
    return {code: found.get(code, 0) for code in wanted}


def bank_codes(account: BankAccount) -> tuple[str, str]:
    """The accounts of our books that mirror a bank account: itself, and its suspense."""
    kinds = (AccountKind.BANK, AccountKind.SUSPENSE)
    bank, suspense = (account_code(kind, account.number) for kind in kinds)
    return bank, suspense


def terminal_days(session: Session, bank_account_id: int, day: date) -> list[TerminalDay]:
    """The gateways' leg: every terminal of the account."""
    terminals = session.scalars(
        select(Terminal).where(Terminal.bank_account_id == bank_account_id).order_by(Terminal.id)
    ).all()
    books = books_rial(
        session, {account_code(AccountKind.GATEWAY, each.name) for each in terminals}, day
    )
    owed = _owed_rial(session, bank_account_id, day)
    explained, unexplained = _lumps(session, bank_account_id, day)
    nothing = (0, 0, 0, 0)
    days = []
    for each in terminals:
        count, gross_rial, fee_rial, net_rial = explained.get(each.id, nothing)
        more, more_rial = unexplained.get(each.id, (0, 0))
        days.append(
            TerminalDay(
                terminal_id=each.id,
                lump_count=count + more,
                lumps_rial=net_rial + more_rial,
                gross_rial=gross_rial,
                fee_rial=fee_rial,
                net_rial=net_rial,
                owed_rial=owed.get(each.id, 0),
                books_rial=books[account_code(AccountKind.GATEWAY, each.name)],
            )
        )
    return days


def money_at_end(bank_account_id: int, day: date) -> CompoundSelect[*tuple[Any, ...]]:
    """The payments of an account's terminals that no pay-out had brought by the end of a day.

    Columns: terminal_id, business_day, source, source_id, amount_rial.
    """
    money, item = ExpectedTerminalMoney, SettlementItem
    of_account = Terminal.bank_account_id == bank_account_id
    return union_all(
        select(
            money.terminal_id, money.business_day, money.source, money.source_id, money.amount_rial
        )
        .join(Terminal, Terminal.id == money.terminal_id)
        .where(of_account),
        select(
            Settlement.terminal_id, item.business_day, item.source, item.source_id, item.amount_rial
        )
        .join_from(item, Settlement, Settlement.id == item.settlement_id)
        .join(Terminal, Terminal.id == Settlement.terminal_id)
        .join(Match, has_target(Target.SETTLEMENT, Settlement.id))
        .join(StatementLine, StatementLine.id == Match.line_id)
        .where(
            of_account,
            or_(StatementLine.booked_on > day, StatementLine.id.in_(_posted_later(day))),
            ~_is_undone(Match.id),
        ),
    )


def _balance_rial(session: Session, bank_account_id: int, day: date) -> int:
    """What the bank printed at the end of a day.

    That is the balance after its latest row until then. Where rows of later days stand before it,
    because banks book a little out of order, what they moved is taken out again.
    """
    line = StatementLine
    last = session.execute(
        select(line.position, line.balance_rial)
        .where(*_live(bank_account_id), unindexed(line.booked_on) <= day)
        .order_by(line.position.desc())  # from the end, and not far: days are closed in order
        .limit(1)
    ).one_or_none()
    if last is None:
        first = session.execute(
            select(line.balance_rial, line.amount_rial)
            .where(*_live(bank_account_id))
            .order_by(line.position)
            .limit(1)
        ).one_or_none()
        return 0 if first is None else (first.balance_rial or 0) - first.amount_rial
    early_rial = session.scalars(
        select(sum_rial(line.amount_rial)).where(
            *_live(bank_account_id), line.booked_on > day, line.position < last.position
        )
    ).one()
    return (last.balance_rial or 0) - early_rial


def _live(bank_account_id: int) -> tuple[Any, ...]:
    return live_lines(bank_account_id)


def _explained_later(bank_account_id: int, day: date) -> Select[int]:
    """Lines until a day whose explanation our books date later than it."""
    return select(StatementLine.id).where(
        *stands_on(bank_account_id),
        unindexed(StatementLine.booked_on) <= day,
        StatementLine.id.in_(_posted_later(day)),
    )


def _posted_later(day: date) -> Select[int]:
    """Lines that stand explained by something which no posting until this day has booked.

    Whatever is posted later than a day was also decided later, so that older matches need no look.
    One booking taken back by another is never posted; the two cancel out as soon as both are here.
    """
    match, pair = Match, aliased(Match)
    by_match = exists().where(
        Posting.cause == Cause.MATCH, Posting.cause_id == match.id, Posting.booked_on <= day
    )
    by_contribution = exists().where(
        Contribution.origin == Origin.DEPOSIT,
        Contribution.cause_id == match.id,
        Posting.cause == Cause.CONTRIBUTION,
        Posting.cause_id == Contribution.id,
        Posting.booked_on <= day,
    )
    # The debit of a transfer is booked by the posting of its credit.
    by_pair = exists().where(
        match.target == Target.TRANSFER,
        pair.line_id == match.target_id,
        pair.target == Target.TRANSFER,
        pair.target_id == match.line_id,
        Posting.cause == Cause.MATCH,
        Posting.cause_id == pair.id,
        Posting.booked_on <= day,
    )
    stands = and_(match.made_at >= end_of(day), ~_is_undone(match.id))
    posted = select(match.line_id).where(stands, or_(by_match, by_contribution, by_pair))
    return select(match.line_id).where(stands, match.line_id.not_in(posted)).distinct()


def _is_undone(match_id: Any) -> ColumnElement[bool]:
    return exists().where(MatchUndo.match_id == match_id)


def _owed_rial(session: Session, bank_account_id: int, day: date) -> Mapping[int, int]:
    """What terminals had taken until the end of a day and not paid out, by their ids."""
    money = money_at_end(bank_account_id, day).subquery()
    online = exists().where(
        money.c.source == literal(MoneySource.PAYMENT.value),
        Payment.id == money.c.source_id,
        Payment.final_at < end_of(day),
    )
    at_desk = exists().where(
        money.c.source == literal(MoneySource.CONTRIBUTION.value),
        Contribution.id == money.c.source_id,
        Contribution.received_on <= day,
    )
    return dict(
        session.execute(
            select(money.c.terminal_id, sum_rial(money.c.amount_rial))
            .where(or_(online, at_desk))
            .group_by(money.c.terminal_id)
        ).all()
    )


def _lumps(
    session: Session, bank_account_id: int, day: date
) -> tuple[Mapping[int, tuple[int, int, int, int]], Mapping[int, tuple[int, int]]]:
    """The pay-outs of a day by terminal: explained (count, gross, fee, net), and not (count, rial).

    One that was explained only later counts to what the day left open.
    """
    line = StatementLine
    explained = session.execute(
        select(
            Settlement.terminal_id,
            func.count(),
            sum_rial(Settlement.gross_rial),
            sum_rial(Settlement.fee_rial),
            sum_rial(Settlement.net_rial),
        )
        .join(Match, has_target(Target.SETTLEMENT, Settlement.id))
        .join(line, line.id == Match.line_id)
        .where(
            *_live(bank_account_id),
            line.booked_on == day,
            ~_is_undone(Match.id),
            line.id.not_in(_posted_later(day)),
        )
        .group_by(Settlement.terminal_id)
    )
    unexplained = session.execute(
        select(Terminal.id, func.count(), sum_rial(line.amount_rial))
        .join(Terminal, of_terminal(line))
        .where(
            line.id.in_(open_at_end(bank_account_id, day)),
            line.booked_on == day,
            line.amount_rial > 0,
            line.line_class == LineClass.SETTLEMENT,
        )
        .group_by(Terminal.id)
    )
    return (
        {row[0]: (row[1], row[2], row[3], row[4]) for row in explained},
        {row[0]: (row[1], row[2]) for row in unexplained},
    )


def of_terminal(line: Any) -> ColumnElement[bool]:
    """Whether the bank's name of a terminal on a line is that of a terminal of its account."""
    return and_(
        Terminal.bank_account_id == line.bank_account_id,
        func.ltrim(Terminal.bank_terminal_id, "0") == line.terminal,
    )
