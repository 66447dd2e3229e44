"""How old what is open has grown: lines nobody explained, and payments no statement shows yet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.words import _
from ledger.terminals import Terminal
from reconciliation.inbox import owed_by_age
from reconciliation.reviewing import open_by_age
from web.filters import digits, rial
from web.services import current


@dataclass(frozen=True, slots=True)
class AgeRow:
    """One age: what it is of, how many, how much, and as the chart wants it."""

    what: str
    label: str
    count: int
    value: int  # rials

    @property
    def text(self) -> str:
        return rial(self.value)


@dataclass(frozen=True, slots=True)
class AgeChart:
    """The ages of one thing, ready to be drawn."""

    title: str
    rows: Sequence[AgeRow]

    @property
    def count(self) -> int:
        return sum(row.count for row in self.rows)


def ageing() -> ResponseReturnValue:
    """Open credits, open debits, and what each terminal still owes, by age."""
    today = tehran_date(current.now())
    with current.database.reading() as session:
        rows = list(age_rows(session, today))
    titles = dict.fromkeys(row.what for row in rows)
    charts = [AgeChart(title, [row for row in rows if row.what == title]) for title in titles]
    return render_template("finance/ageing.html", charts_of_ages=charts, today=today)


def age_rows(session: Session, today: date) -> Iterator[AgeRow]:
    """Every age of everything that is open, in the words of the page."""
    yield from _lines(session, today, _("Credits that nothing explains"), is_credit=True)
    yield from _lines(session, today, _("Debits that nothing explains"), is_credit=False)
    names = {
        terminal.id: terminal.name
        for terminal in session.scalars(select(Terminal).order_by(Terminal.name))
    }
    owed = owed_by_age(session, today=today)
    for terminal_id, name in names.items():
        title = _("Paid and not deposited: %(terminal)s") % {"terminal": name}
        of_terminal = [each for each in owed if each.terminal_id == terminal_id]
        for each in of_terminal:
            label = age_label(each.from_days, each.to_days)
            yield AgeRow(title, label, each.payments, each.rial)


def age_label(from_days: int, to_days: int | None) -> str:
    """So many days to so many, or more than so many."""
    if to_days is None:
        return _("%(days)s and more") % {"days": digits(from_days)}
    return _("%(first)s to %(last)s") % {"first": digits(from_days), "last": digits(to_days)}


def _lines(session: Session, today: date, title: str, *, is_credit: bool) -> Iterator[AgeRow]:
    for age in open_by_age(session, today=today, credits_only=is_credit):
        yield AgeRow(title, age_label(age.from_days, age.to_days), age.lines, age.rial)
