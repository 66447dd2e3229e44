"""Settlement cycles (چرخهٔ تسویه): up to which time of day a terminal's money is paid out together.

A terminal without cycles has one batch a business day. The clearing house changes its times, so
they are rows with dates; a set holds for one terminal or, where none has its own, for all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    MetaData,
    Table,
    insert,
    select,
    text,
)
from sqlalchemy import Column as Col
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, Id, insert_only
from core.refusals import Refusal
from reconciliation.calendar import Calendar, calendar_of
from reconciliation.expected import DAY_END, ExpectedTerminalMoney
from reconciliation.found import analysed, emptied

# Cycles as the clearing house began them in Khordad 1402: offered in the form, never assumed.
CUSTOMARY = {"working": (225, 585, 765, 1125), "holiday": (765,)}
_NEXT_WITHIN_DAYS = 30
_DAY = timedelta(days=1)


class DayKind(StrEnum):
    """The kind of day on which a cycle is run."""

    WORKING = "working"
    HOLIDAY = "holiday"


class CyclesUnusable(Refusal):
    """No time at all, a time twice, or a set that begins on the same day as one before it."""

    code = "cycles.unusable"
    http_status = 422
    field = "working"


@insert_only
class SettlementCycle(Base):
    """One cut-off of a set. The rows of one terminal, or of all, and one ``valid_from`` are a set.

    What was paid before the cut-off, and after the one before it, is one batch.
    """

    __tablename__ = "settlement_cycle"
    __table_args__ = (
        CheckConstraint(f"cut_off_minute BETWEEN 1 AND {DAY_END}", name="within_a_day"),
        Index(
            "ix_settlement_cycle_of_terminal",
            "terminal_id",
            "valid_from",
            "day_kind",
            "cut_off_minute",
            unique=True,
            sqlite_where=text("terminal_id IS NOT NULL"),
            postgresql_where=text("terminal_id IS NOT NULL"),
        ),
        Index(
            "ix_settlement_cycle_of_all",
            "valid_from",
            "day_kind",
            "cut_off_minute",
            unique=True,
            sqlite_where=text("terminal_id IS NULL"),
            postgresql_where=text("terminal_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    terminal_id: Mapped[int | None] = mapped_column(ForeignKey("terminal.id"))
    valid_from: Mapped[date]
    day_kind: Mapped[DayKind]
    cut_off_minute: Mapped[int]  # of the Tehran day; 1440 is its end
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    entered_at: Mapped[datetime]


# Which batch the minutes of an open business day fall in, for terminals with cycles.
WINDOW = Table(
    "found_window",
    MetaData(),
    Col("terminal_id", Id, primary_key=True, autoincrement=False),
    Col("business_day", Date, primary_key=True),
    Col("from_minute", Id, primary_key=True, autoincrement=False),
    Col("until_minute", Id, nullable=False),  # not itself
    Col("batch_day", Date, nullable=False),
    Col("cut_off_minute", Id, nullable=False),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes of a business day and the batch they fall in."""

    from_minute: int
    until_minute: int
    batch_day: date
    cut_off_minute: int


@dataclass(frozen=True, slots=True)
class CycleSet:
    """Cut-offs that hold together from a day on; ``terminal_id`` is empty for all terminals."""

    terminal_id: int | None
    valid_from: date
    working: tuple[int, ...]
    holiday: tuple[int, ...]


class Schedule:
    """The cycles of every terminal, in memory: few rows, asked for many days."""

    def __init__(self, sets: Sequence[CycleSet], calendar: Calendar) -> None:
        self._sets: dict[int | None, list[CycleSet]] = {}
        for cycles in sorted(sets, key=lambda each: each.valid_from):
            self._sets.setdefault(cycles.terminal_id, []).append(cycles)
        self._calendar = calendar

    @property
    def is_empty(self) -> bool:
        return not self._sets

    def cut_offs(self, terminal_id: int, day: date) -> tuple[int, ...] | None:
        """The minutes at which a terminal's batches of a day end; nothing where it has no cycles.

        A day on which no cycle is run has an empty answer: its money waits for the next day.
        """
        for of in (terminal_id, None):
            begun = [each for each in self._sets.get(of, ()) if each.valid_from <= day]
            if begun:
                is_working = self._calendar.is_working_day(day)
                return begun[-1].working if is_working else begun[-1].holiday
        return None

    def windows(self, terminal_id: int, business_day: date) -> Iterator[Window]:
        """How the minutes of a day fall into batches; nothing for a terminal without cycles."""
        cut_offs = self.cut_offs(terminal_id, business_day)
        if cut_offs is None:
            return
        begins = 0
        for minute in cut_offs:
            yield Window(begins, minute, business_day, minute)
            begins = minute
        if begins < DAY_END:
            day, minute = self._next(terminal_id, business_day)
            yield Window(begins, DAY_END, day, minute)

    def _next(self, terminal_id: int, after: date) -> tuple[date, int]:
        for ahead in range(1, _NEXT_WITHIN_DAYS):
            day = after + ahead * _DAY
            cut_offs = self.cut_offs(terminal_id, day)
            if cut_offs is None:
                return day, DAY_END
            if cut_offs:
                return day, cut_offs[0]
        return after, DAY_END


def cycle_sets(session: Session) -> list[CycleSet]:
    """Every set that was ever entered, the latest first."""
    rows: dict[tuple[int | None, date], dict[DayKind, list[int]]] = {}
    for cycle in session.scalars(
        select(SettlementCycle).order_by(
            SettlementCycle.valid_from.desc(), SettlementCycle.cut_off_minute
        )
    ):
        kinds = rows.setdefault((cycle.terminal_id, cycle.valid_from), {})
        kinds.setdefault(cycle.day_kind, []).append(cycle.cut_off_minute)
    return [
        CycleSet(
            terminal_id=terminal_id,
            valid_from=valid_from,
            working=tuple(kinds.get(DayKind.WORKING, ())),
            holiday=tuple(kinds.get(DayKind.HOLIDAY, ())),
        )
        for (terminal_id, valid_from), kinds in rows.items()
    ]


def enter_cycles(
    session: Session, cycles: CycleSet, *, entered_by_id: int | None, now: datetime
) -> None:
    """Enter a set of cut-offs; what is open falls into its batches from the next run on.

    Raises CyclesUnusable.
    """
    kinds: Mapping[DayKind, tuple[int, ...]] = {
        DayKind.WORKING: cycles.working,
        DayKind.HOLIDAY: cycles.holiday,
    }
    known = select(SettlementCycle.id).where(
        SettlementCycle.terminal_id.is_not_distinct_from(cycles.terminal_id),
        SettlementCycle.valid_from == cycles.valid_from,
    )
    is_twice = any(len(set(minutes)) < len(minutes) for minutes in kinds.values())
    if not cycles.working or is_twice or session.scalars(known.limit(1)).first() is not None:
        raise CyclesUnusable
    session.add_all(
        SettlementCycle(
            terminal_id=cycles.terminal_id,
            valid_from=cycles.valid_from,
            day_kind=kind,
            cut_off_minute=minute,
            entered_by_id=entered_by_id,
            entered_at=now,
        )
        for kind, minutes in kinds.items()
        for minute in minutes
    )
    session.flush()


def fill_windows(session: Session, *of_terminals: ColumnElement[bool]) -> bool:
    """Put the windows of open days into ``WINDOW``, of all terminals or of some.

    Says whether any terminal has cycles.
    """
    emptied(session, WINDOW)
    sets = cycle_sets(session)
    if not sets:
        return False
    schedule = Schedule(sets, calendar_of(session))
    money = ExpectedTerminalMoney
    rows = [
        {
            "terminal_id": terminal_id,
            "business_day": business_day,
            "from_minute": window.from_minute,
            "until_minute": window.until_minute,
            "batch_day": window.batch_day,
            "cut_off_minute": window.cut_off_minute,
        }
        for terminal_id, business_day in session.execute(
            select(money.terminal_id, money.business_day).where(*of_terminals).distinct()
        )
        for window in schedule.windows(terminal_id, business_day)
    ]
    if rows:
        session.execute(insert(WINDOW), rows)
        analysed(session, WINDOW)
    return bool(rows)
