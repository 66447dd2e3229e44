"""The lists about days and their sums: days, pay-outs, what the books and the ages come to."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy.orm import Session

from core.words import Later, _
from reconciliation.day_views import DayState, day_rows
from reconciliation.reviewing import balances, reports_page, settlements_page
from web.exporting import Cell, Column
from web.finance.ageing import age_rows
from web.finance.days import STATES, days_asked_for
from web.finance.exports.lists import CAME_IN, PAGE, WENT_OUT, Export


def _days(session: Session, today: date) -> Iterator[Sequence[Cell]]:
    account, first, last = days_asked_for(session, today)
    for row in day_rows(session, account, first, last):
        told: Sequence[Cell] = (
            row.lines, row.credits_rial, row.debits_rial, row.closing_rial, row.open_lines
        )  # fmt: skip
        if row.state is DayState.NO_STATEMENT:
            told = (None,) * len(told)  # nobody knows, which is not zero
        yield account.number, row.day, str(STATES[row.state][0]), *told


def _reports(session: Session, _today: date) -> Iterator[Sequence[Cell]]:
    before_id = None
    while rows := reports_page(session, before_id=before_id, limit=PAGE):
        before_id = rows[-1].id
        for row in rows:
            yield (
                row.id,
                row.terminal.name,
                row.first_on,
                row.last_on,
                row.paid_on,
                row.payout_reference,
                row.item_count,
                row.gross_rial,
                row.fee_rial,
                row.net_rial,
                _("final") if row.is_final else _("may still grow"),
            )


def _settlements(session: Session, _today: date) -> Iterator[Sequence[Cell]]:
    before_id = None
    while rows := settlements_page(session, before_id=before_id, limit=PAGE):
        before_id = rows[-1].settlement.id
        for row in rows:
            found = row.settlement
            yield (
                row.terminal.name,
                found.business_day,
                row.booked_on,
                found.item_count,
                found.gross_rial,
                found.fee_rial,
                found.net_rial,
                _("stands") if row.stands else _("undone"),
            )


def _ledger(session: Session, _today: date) -> Iterator[Sequence[Cell]]:
    for row in balances(session):
        yield row.code, max(row.rial, 0), max(-row.rial, 0)


def _ages(session: Session, today: date) -> Iterator[Sequence[Cell]]:
    for row in age_rows(session, today):
        yield row.what, row.label, row.count, row.value


DAYS: Mapping[str, Export] = {
    "days": Export(
        Later("Days of an account"),
        (
            Column(Later("Account")),
            Column(Later("Day"), is_day=True),
            Column(Later("State")),
            Column(Later("Rows")),
            CAME_IN,
            WENT_OUT,
            Column(Later("Balance at its end")),
            Column(Later("Open rows")),
        ),
        _days,
    ),
    "reports": Export(
        Later("Reports of the providers"),
        (
            Column(Later("Report")),
            Column(Later("Terminal")),
            Column(Later("First day"), is_day=True),
            Column(Later("Last day"), is_day=True),
            Column(Later("Paid out on"), is_day=True),
            Column(Later("Reference of the pay-out")),
            Column(Later("Payments")),
            Column(Later("Gross"), is_money=True),
            Column(Later("Fee"), is_money=True),
            Column(Later("Net"), is_money=True),
            Column(Later("State")),
        ),
        _reports,
    ),
    "settlements": Export(
        Later("Settlements"),
        (
            Column(Later("Terminal")),
            Column(Later("Business day"), is_day=True),
            Column(Later("Day of the bank"), is_day=True),
            Column(Later("Payments")),
            Column(Later("Gross"), is_money=True),
            Column(Later("Fee"), is_money=True),
            Column(Later("Net"), is_money=True),
            Column(Later("State")),
        ),
        _settlements,
    ),
    "ledger": Export(
        Later("Ledger"),
        (
            Column(Later("Account")),
            Column(Later("Debit"), is_money=True),
            Column(Later("Credit"), is_money=True),
        ),
        _ledger,
    ),
    "ageing": Export(
        Later("Ageing"),
        (
            Column(Later("What")),
            Column(Later("Days")),
            Column(Later("Count")),
            Column(Later("Amount"), is_money=True),
        ),
        _ages,
    ),
}
