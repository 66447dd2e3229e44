"""Refused files, setting one unreadable row aside, and solving what came of it: two persons.

Whoever handed the file in may not set its row aside. The line that the row becomes is certain in
its amount and day, because the balances around it leave no other; what it means is for a person to
say, and only then do the rules look at it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.refusals import NotFound, Refusal
from offices.audit import note
from reconciliation.chain import ChainRow
from reconciliation.importing import StatementSource
from reconciliation.lines import StatementFile, StatementImportUndo, StatementLine
from reconciliation.quarantine import (
    QuarantinedLine,
    QuarantinedRow,
    QuarantineSolution,
    RefusedImport,
)
from reconciliation.undoing import checked_reason
from reconciliation.worktables import open_lines

_WRITTEN_MAX = 200


class NotToBeSetAside(Refusal):
    """Nothing around the row says for certain what it was, or nobody is known to have handed it in.

    The bank has to be asked for another export.
    """

    code = "quarantine.not_certain"


class SecondPersonNeeded(Refusal):
    """Whoever handed the file in cannot set its row aside."""

    code = "quarantine.second_person_needed"


class AlreadySetAside(Refusal):
    """The row of this file was set aside before; the file only has to be handed in again."""

    code = "quarantine.already_set_aside"


class AlreadySolved(Refusal):
    """Somebody has solved this line."""

    code = "quarantine.already_solved"


class ReadingDiffers(Refusal):
    """What was read at the bank is not what the balances say: the statement itself is wrong.

    The import has to be taken back and another export asked for.
    """

    code = "quarantine.reading_differs"
    field = "amount_rial"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a person read at the bank: a credit positive, a debit negative, and the bank's day."""

    amount_rial: int
    booked_on: date


def remember_refusal(
    session: Session,
    bank_account_id: int,
    source: StatementSource,
    refusal: Refusal,
    *,
    inferred: ChainRow | None,
    handed_in_by_id: int | None,
    now: datetime,
) -> None:
    """Write down that a file was refused, why and where; the file itself is not kept."""
    details = refusal.details
    row_number = details.get("row")
    session.add(
        RefusedImport(
            bank_account_id=bank_account_id,
            name=source.name,
            sha256=source.sha256,
            code=refusal.code,
            details=json.dumps(details, ensure_ascii=False, default=str),
            row_number=row_number if isinstance(row_number, int) else None,
            column=_written(details.get("column")),
            text=_written(details.get("text")),
            inferred_amount_rial=None if inferred is None else inferred.amount_rial,
            inferred_on=None if inferred is None else date.fromisoformat(inferred.booked_on),
            handed_in_by_id=handed_in_by_id,
            refused_at=now,
        )
    )


def rows_set_aside(session: Session, bank_account_id: int, sha256: str) -> frozenset[int]:
    """The rows of a file that a second person has set aside."""
    return frozenset(
        session.scalars(
            select(QuarantinedRow.row_number).where(
                QuarantinedRow.bank_account_id == bank_account_id, QuarantinedRow.sha256 == sha256
            )
        )
    )


def refused_imports(
    session: Session, *, before_id: int | None = None, limit: int
) -> Sequence[RefusedImport]:
    """Refused files, newest first."""
    chosen = select(RefusedImport).order_by(RefusedImport.id.desc()).limit(limit)
    if before_id is not None:
        chosen = chosen.where(RefusedImport.id < before_id)
    return session.scalars(chosen).all()


def refused_import(session: Session, refused_id: int) -> RefusedImport:
    """One refused file. Raises NotFound."""
    refused = session.get(RefusedImport, refused_id)
    if refused is None:
        raise NotFound(subject="refused_import")
    return refused


def set_aside(
    session: Session, refused_id: int, *, reason: str, set_aside_by_id: int, now: datetime
) -> QuarantinedRow:
    """Set the unreadable row of a refused file aside; handing the file in again then imports it.

    Raises NotFound, ReasonMissing, NotToBeSetAside, SecondPersonNeeded, AlreadySetAside.
    """
    reason = checked_reason(reason)
    refused = refused_import(session, refused_id)
    row_number, uploader = refused.row_number, refused.handed_in_by_id
    if refused.inferred_on is None or row_number is None or uploader is None:
        raise NotToBeSetAside
    if uploader == set_aside_by_id:
        raise SecondPersonNeeded
    if row_number in rows_set_aside(session, refused.bank_account_id, refused.sha256):
        raise AlreadySetAside
    row = QuarantinedRow(
        refused_import_id=refused.id,
        bank_account_id=refused.bank_account_id,
        sha256=refused.sha256,
        row_number=row_number,
        handed_in_by_id=uploader,
        reason=reason,
        set_aside_by_id=set_aside_by_id,
        set_aside_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:  # somebody else did at the same moment
        raise AlreadySetAside from error
    note(
        session,
        "statement.set_row_aside",
        subject="refused_import",
        subject_id=refused.id,
        now=now,
        actor_id=set_aside_by_id,
        row=row.row_number,
        reason=reason,
    )
    return row


def quarantined_line(session: Session, line_id: int) -> QuarantinedLine:
    """A line that came from a row set aside and stands. Raises NotFound."""
    line = session.scalars(
        select(QuarantinedLine)
        .join(QuarantinedLine.line)
        .join(StatementFile, StatementFile.id == StatementLine.statement_file_id)
        .where(
            QuarantinedLine.line_id == line_id,
            StatementFile.id.not_in(select(StatementImportUndo.statement_file_id)),
        )
    ).one_or_none()
    if line is None:
        raise NotFound(subject="quarantined_line")
    return line


def solve(
    session: Session,
    line_id: int,
    *,
    reading: Reading | None,
    reason: str,
    solved_by_id: int,
    now: datetime,
) -> None:
    """Make a quarantined line a line like any other, which the rules may explain.

    Either by what a person read at the bank, which must be what the balances say, or by a reason
    for taking their word. Raises NotFound, AlreadySolved, ReadingDiffers, ReasonMissing.
    """
    line = quarantined_line(session, line_id).line
    if session.get(QuarantineSolution, line_id) is not None:
        raise AlreadySolved
    if reading is None:
        reason = checked_reason(reason)
    elif (reading.amount_rial, reading.booked_on) != (line.amount_rial, line.booked_on):
        raise ReadingDiffers(expected_rial=line.amount_rial)
    solution = QuarantineSolution(
        line_id=line_id,
        read_rial=None if reading is None else reading.amount_rial,
        read_on=None if reading is None else reading.booked_on,
        reason=reason.strip(),
        solved_by_id=solved_by_id,
        solved_at=now,
    )
    try:
        with session.begin_nested():
            session.add(solution)
    except IntegrityError as error:  # somebody else did at the same moment
        raise AlreadySolved from error
    open_lines(session, StatementLine.id == line_id)
    note(
        session,
        "statement.solve_row",
        subject="statement_line",
        subject_id=line_id,
        now=now,
        actor_id=solved_by_id,
        reason=reason.strip(),
    )


def _written(text: object) -> str | None:
    return None if text is None else str(text)[:_WRITTEN_MAX]
