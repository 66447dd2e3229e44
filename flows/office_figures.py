"""How offices stand: what came in day by day, open promises, money at hand.

Contributions are summed behind their writers, up to where the facts are sealed: below a seal
nothing appears any more. What came since is added when somebody looks: no figure is ever behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    and_,
    case,
    exists,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session, aliased

from core.database import Database, insert_if_new, sum_rial, upsert
from core.portable import unindexed
from donations.models.contribution import Contribution, ContributionLine, ContributionReversal
from donations.models.office_day import Measure, OfficeDay, OfficeDayMark, OfficeStanding
from donations.models.pledge import ItemKind, ItemState, Pledge, PledgeItem
from ledger.accounts import AccountKind, LedgerAccount
from ledger.postings import Entry
from ledger.seals import Seal
from offices.places import Office
from offices.scope import EVERYWHERE, Scope

OPEN_FOR = timedelta(days=90)  # a promise that nobody kept for so long is not waited for
_LINES_AT_ONCE = 100_000
_MARK = 1
MONEY = (
    Measure.CASH,
    Measure.CARD_TERMINAL,
    Measure.CHEQUE,
    Measure.ONLINE,
    Measure.TRANSFER,
)


@dataclass(frozen=True, slots=True)
class Sum:
    """What came in of one measure: contributions of money or items of goods and hours."""

    count: int = 0
    amount_rial: int = 0
    hours: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(
            self.count + other.count,
            self.amount_rial + other.amount_rial,
            self.hours + other.hours,
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """What came in at some offices in some days, by measure; what is missing is nothing."""

    by_measure: Mapping[Measure, Sum]

    def of(self, measure: Measure) -> Sum:
        return self.by_measure.get(measure, Sum())

    @property
    def money(self) -> Sum:
        return sum((self.of(measure) for measure in MONEY), Sum())


@dataclass(frozen=True, slots=True)
class OpenPromises:
    """What offices still wait for: promises of the last ninety days, and the money in them."""

    promises: int
    amount_rial: int


NOTHING = Figures({})


def figures_by_day(
    session: Session, scope: Scope, *, first: date, last: date
) -> dict[date, Figures]:
    """What the offices of a scope received on each day, by the day in Tehran."""
    return _grouped(session, scope, "day", first, last)


def figures_by_office(
    session: Session, scope: Scope, *, first: date, last: date
) -> dict[int, Figures]:
    """What each office of a scope received in these days, by its id."""
    return _grouped(session, scope, "office_id", first, last)


def open_promises(session: Session, scope: Scope, *, now: datetime) -> OpenPromises:
    """What the offices of a scope wait for at this moment."""
    rows = session.execute(_open_by_office(scope, now)).all()
    return OpenPromises(sum(row.promises for row in rows), sum(row.rial for row in rows))


def standings(session: Session, scope: Scope) -> dict[int, OfficeStanding]:
    """How each office of a scope stood when it was last looked at."""
    rows = session.scalars(select(OfficeStanding).where(scope.narrow(OfficeStanding.office_id)))
    return {row.office_id: row for row in rows}


def sum_days(database: Database) -> int:
    """Add what was sealed since to the sums of days; returns how many lines that were."""
    summed = 0
    while True:
        with database.writing() as session:
            lines, is_all = _sum_some(session)
        summed += lines
        if is_all:
            return summed


def look_at_offices(database: Database, *, now: datetime) -> None:
    """Count open promises and money at hand of every office, and keep what was found."""
    with database.reading() as session:
        waited_for = {
            row.office_id: row for row in session.execute(_open_by_office(EVERYWHERE, now))
        }
        held = _held(session)
        office_ids = dict(session.execute(select(Office.id, Office.code)).all())
    with database.writing() as session:
        for office_id, code in office_ids.items():
            row = waited_for.get(office_id)
            values = {
                "open_promises": row.promises if row else 0,
                "open_rial": row.rial if row else 0,
                "cash_rial": held.get((AccountKind.DESK, code), 0)
                + held.get((AccountKind.DRAWER, code), 0),
                "cheques_rial": held.get((AccountKind.CHEQUES, code), 0),
                "looked_at": now,
            }
            session.execute(
                upsert(session, OfficeStanding)
                .values(office_id=office_id, **values)
                .on_conflict_do_update(index_elements=["office_id"], set_=values)
            )


def _grouped(
    session: Session, scope: Scope, column: str, first: date, last: date
) -> dict[Any, Any]:
    rows = _all_rows(scope, first, last).subquery()
    key = rows.c[column]
    found = session.execute(
        select(
            key,
            rows.c.measure,
            _whole(rows.c.count),
            sum_rial(rows.c.amount_rial),
            _whole(rows.c.hours),
        ).group_by(key, rows.c.measure)
    )
    grouped: dict[Any, dict[Measure, Sum]] = {}
    for value, measure, count, rial, hours in found:
        if count or rial or hours:
            grouped.setdefault(value, {})[Measure(measure)] = Sum(count, rial, hours)
    return {value: Figures(measures) for value, measures in sorted(grouped.items())}


def _all_rows(scope: Scope, first: date, last: date) -> Any:
    """What is summed and what came since, in one statement, and so of one moment."""
    summed = select(
        OfficeDay.office_id,
        OfficeDay.day,
        sql_cast(OfficeDay.measure, String).label("measure"),
        OfficeDay.count,
        OfficeDay.amount_rial,
        OfficeDay.hours,
    ).where(scope.narrow(OfficeDay.office_id), OfficeDay.day.between(first, last))
    here = and_(scope.narrow(Contribution.office_id), Contribution.received_on.between(first, last))
    return union_all(
        summed,
        _lines(ContributionLine.id > _marked(OfficeDayMark.line_id), here),
        _taken_back(ContributionReversal.id > _marked(OfficeDayMark.reversal_id), here),
    )


def _marked(column: Any) -> ColumnElement[int]:
    mark = select(column).where(OfficeDayMark.id == _MARK).scalar_subquery()
    return func.coalesce(mark, 0)


def _lines(*only: ColumnElement[bool], sign: int = 1) -> Select[Any]:
    """Lines of contributions as rows of sums; money counts once a contribution, by its first."""
    earlier = aliased(ContributionLine)
    is_first = ~exists().where(
        earlier.contribution_id == ContributionLine.contribution_id,
        earlier.kind == ItemKind.CASH,
        earlier.id < ContributionLine.id,
    )
    is_cash = ContributionLine.kind == ItemKind.CASH
    return (
        select(
            Contribution.office_id.label("office_id"),
            Contribution.received_on.label("day"),
            case(
                (is_cash, func.coalesce(sql_cast(Contribution.tender, String), Measure.CASH.value)),
                else_=sql_cast(ContributionLine.kind, String),
            ).label("measure"),
            (case((and_(is_cash, ~is_first), 0), else_=1) * literal(sign)).label("count"),
            (func.coalesce(ContributionLine.amount_rial, 0) * literal(sign)).label("amount_rial"),
            (func.coalesce(ContributionLine.hours, 0) * literal(sign)).label("hours"),
        )
        .select_from(ContributionLine)
        .join(Contribution, Contribution.id == ContributionLine.contribution_id)
        .where(*only)
    )


def _taken_back(*only: ColumnElement[bool]) -> Select[Any]:
    return _lines(*only, sign=-1).join(
        ContributionReversal,
        ContributionReversal.contribution_id == ContributionLine.contribution_id,
    )


def _sum_some(session: Session) -> tuple[int, bool]:
    """Sum one slice; how many lines it was, and whether everything sealed is summed now."""
    session.execute(insert_if_new(session, OfficeDayMark, id=_MARK, line_id=0, reversal_id=0))
    mark = session.get_one(OfficeDayMark, _MARK, with_for_update=True, populate_existing=True)
    sealed_line = _sealed(session, ContributionLine.__tablename__)
    line_to = min(sealed_line, mark.line_id + _LINES_AT_ONCE)
    reversal_to = _sealed(session, ContributionReversal.__tablename__)
    if line_to > mark.line_id:
        of_slice = ContributionLine.id.between(mark.line_id + 1, line_to)
        _add(session, _lines(of_slice))
    if reversal_to > mark.reversal_id:
        since = ContributionReversal.id.between(mark.reversal_id + 1, reversal_to)
        _add(session, _taken_back(since))
    summed = max(line_to - mark.line_id, 0)
    mark.line_id = max(mark.line_id, line_to)
    mark.reversal_id = max(mark.reversal_id, reversal_to)
    return summed, line_to >= sealed_line


def _add(session: Session, rows: Select[Any]) -> None:
    source = rows.subquery()
    keys = (source.c.office_id, source.c.day, source.c.measure)
    summed = (
        select(
            *keys,
            _whole(source.c.count),
            _whole(source.c.amount_rial),
            _whole(source.c.hours),
        )
        .where(literal(value=True))  # without a condition SQLite takes ON CONFLICT for a join
        .group_by(*keys)
    )
    statement = upsert(session, OfficeDay).from_select(
        ["office_id", "day", "measure", "count", "amount_rial", "hours"], summed
    )
    more = {
        name: getattr(OfficeDay, name) + statement.excluded[name]
        for name in ("count", "amount_rial", "hours")
    }
    session.execute(
        statement.on_conflict_do_update(index_elements=["office_id", "day", "measure"], set_=more)
    )


def _sealed(session: Session, stream: str) -> int:
    """Up to which id a table is sealed: below it every row is there."""
    last = select(Seal.last_id).where(Seal.stream == stream).order_by(Seal.first_id.desc())
    return session.scalars(last.limit(1)).first() or 0


def _open_by_office(scope: Scope, now: datetime) -> Select[int, int, int]:
    since = now - OPEN_FOR
    # Ids grow with time: the bound leads into the index of an office, the moment is exact.
    first = select(Pledge.id).where(Pledge.made_at >= since).order_by(Pledge.made_at).limit(1)
    return (
        select(
            Pledge.office_id,
            func.count(Pledge.id.distinct()).label("promises"),
            sum_rial(func.coalesce(PledgeItem.amount_rial, 0)).label("rial"),
        )
        .join(PledgeItem, PledgeItem.pledge_id == Pledge.id)
        .where(
            scope.narrow(Pledge.office_id),
            Pledge.id >= first.scalar_subquery(),
            unindexed(Pledge.made_at) >= since,
            PledgeItem.state == ItemState.PROMISED,
        )
        .group_by(Pledge.office_id)
    )


def _held(session: Session) -> dict[tuple[AccountKind, str], int]:
    """The cash and the cheques of every office, by the kind of account and the office's code."""
    kinds = (AccountKind.DESK, AccountKind.DRAWER, AccountKind.CHEQUES)
    rows = session.execute(
        select(LedgerAccount.kind, LedgerAccount.code, sum_rial(Entry.amount_rial))
        .join(Entry, Entry.account_id == LedgerAccount.id)
        .where(LedgerAccount.kind.in_(kinds))
        .group_by(LedgerAccount.id, LedgerAccount.kind, LedgerAccount.code)
    )
    held: dict[tuple[AccountKind, str], int] = {}
    for kind, code, rial in rows:
        office = code.partition(":")[2].partition("-")[0]
        held[kind, office] = held.get((kind, office), 0) + rial
    return held


def _whole(column: ColumnElement[int]) -> ColumnElement[int]:
    # PostgreSQL sums a BIGINT to a NUMERIC.
    return sql_cast(func.sum(column), BigInteger)
