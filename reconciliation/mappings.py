"""How the columns of an account's files are named, where their headings are not known.

A mapping is never changed: the newest one that has begun holds.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, insert_only
from core.digits import normalise
from core.refusals import Refusal
from reconciliation.statements.day_forms import USUAL, DayCalendar, DayForm, DayOrder
from reconciliation.statements.fields import FIELD_SETS, Purpose


class MappingIncomplete(Refusal):
    """A mapping without a column that every such table must have."""

    code = "mapping.incomplete"
    http_status = 422


class MappingAmbiguous(Refusal):
    """A mapping that reads two fields from one column."""

    code = "mapping.ambiguous"
    http_status = 422


@insert_only
class ColumnMapping(Base):
    """Which heading stands for which field: of an account's statements, or a terminal's reports."""

    __tablename__ = "column_mapping"
    __table_args__ = (
        CheckConstraint(
            "(purpose = 'settlement_report') = (terminal_id IS NOT NULL)",
            name="reports_are_of_a_terminal",
        ),
        Index("ix_column_mapping_of", "bank_account_id", "terminal_id", "valid_from"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_account_id: Mapped[int] = mapped_column(ForeignKey("bank_account.id"))
    purpose: Mapped[Purpose]
    terminal_id: Mapped[int | None] = mapped_column(ForeignKey("terminal.id"))
    headings: Mapped[str]  # field -> heading, canonical JSON
    day_order: Mapped[DayOrder] = mapped_column(
        default=DayOrder.YEAR_FIRST, server_default=DayOrder.YEAR_FIRST.value
    )
    calendar: Mapped[DayCalendar | None]  # of years that have only two digits
    valid_from: Mapped[date]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    created_at: Mapped[datetime]

    @property
    def columns(self) -> Mapping[str, str]:
        """Field -> heading."""
        return dict(json.loads(self.headings))

    @property
    def days(self) -> DayForm:
        """How the table writes its days."""
        return DayForm(self.day_order, self.calendar)


def statement_mapping(
    session: Session, bank_account_id: int, *, today: date
) -> ColumnMapping | None:
    """The mapping that holds for an account's statements, if one was ever saved."""
    return _newest(
        session,
        ColumnMapping.bank_account_id == bank_account_id,
        ColumnMapping.purpose == Purpose.STATEMENT,
        today=today,
    )


def report_mapping(session: Session, terminal_id: int, *, today: date) -> ColumnMapping | None:
    """The same for the settlement reports of a terminal."""
    return _newest(
        session,
        ColumnMapping.terminal_id == terminal_id,
        ColumnMapping.purpose == Purpose.SETTLEMENT_REPORT,
        today=today,
    )


def newest_mappings(session: Session) -> list[ColumnMapping]:
    """The latest mapping of every account and terminal that has one."""
    newest = select(func.max(ColumnMapping.id)).group_by(
        ColumnMapping.bank_account_id, ColumnMapping.purpose, ColumnMapping.terminal_id
    )
    chosen = select(ColumnMapping).where(ColumnMapping.id.in_(newest)).order_by(ColumnMapping.id)
    return list(session.scalars(chosen))


def checked_columns(purpose: Purpose, columns: Mapping[str, str]) -> dict[str, str]:
    """A mapping in the order of its fields, headings in our form of letters.

    Raises MappingIncomplete, MappingAmbiguous.
    """
    fields = FIELD_SETS[purpose]
    chosen = {field: normalise(columns[field]) for field in fields.headings if columns.get(field)}
    missing = next(fields.missing(chosen), None)
    if missing is not None:
        raise MappingIncomplete(field=missing[0])
    seen: set[str] = set()
    for heading in chosen.values():
        if heading in seen:
            raise MappingAmbiguous(heading=heading)
        seen.add(heading)
    return chosen


def save_mapping(
    session: Session,
    bank_account_id: int,
    purpose: Purpose,
    columns: Mapping[str, str],
    *,
    terminal_id: int | None = None,
    days: DayForm = USUAL,
    valid_from: date,
    created_by_id: int,
    now: datetime,
) -> ColumnMapping:
    """Let a mapping hold from a day on. Raises MappingIncomplete, MappingAmbiguous."""
    chosen = checked_columns(purpose, columns)
    mapping = ColumnMapping(
        bank_account_id=bank_account_id,
        purpose=purpose,
        terminal_id=terminal_id,
        headings=json.dumps(chosen, ensure_ascii=False, separators=(",", ":")),
        day_order=days.order,
        calendar=days.calendar,
        valid_from=valid_from,
        created_by_id=created_by_id,
        created_at=now,
    )
    session.add(mapping)
    session.flush()
    return mapping


def _newest(session: Session, *chosen: object, today: date) -> ColumnMapping | None:
    return session.scalars(
        select(ColumnMapping)
        .where(*chosen, ColumnMapping.valid_from <= today)  # type: ignore[arg-type]
        .order_by(ColumnMapping.id.desc())
        .limit(1)
    ).first()
