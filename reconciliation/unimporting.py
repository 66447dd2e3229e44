"""Taking the latest import of an account back: its lines do not stand, its postings reverse."""

from datetime import datetime

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.refusals import NotFound, Refusal
from ledger.postings import Cause, Posting
from ledger.setwise import reverse_each
from reconciliation.lines import StatementFile, StatementImportUndo, StatementLine
from reconciliation.locks import refuse_locked_day
from reconciliation.matches import Match, MatchUndo
from reconciliation.worktables import close_lines


class NotTheLatestImport(Refusal):
    """A later import of the account builds on this one and must be undone first."""

    code = "statement.not_the_latest"


class StillExplained(Exception):
    """A line of an import that is being taken back still has a match."""


def lines_of(file: StatementFile) -> Select[int]:
    """The ids of the lines that an import added."""
    return select(StatementLine.id).where(StatementLine.statement_file_id == file.id)


def latest_import(session: Session, bank_account_id: int) -> StatementFile | None:
    """The last import of an account that stands."""
    return session.scalars(
        select(StatementFile)
        .outerjoin(StatementImportUndo)
        .where(StatementFile.bank_account_id == bank_account_id, StatementImportUndo.id.is_(None))
        .order_by(StatementFile.id.desc())
        .limit(1)
    ).one_or_none()


def undoable_import(session: Session, file_id: int) -> StatementFile:
    """An import that can be undone. Raises NotFound, NotTheLatestImport."""
    file = session.get(StatementFile, file_id)
    if file is None:
        raise NotFound(subject="statement_file")
    latest = latest_import(session, file.bank_account_id)
    if latest is None or latest.id != file.id:
        raise NotTheLatestImport(latest=latest.id if latest else None)
    return file


def refuse_locked_lines(session: Session, file: StatementFile) -> None:
    """Raise DayLocked where an import added a line to a day that is signed."""
    earliest = session.scalars(
        select(func.min(StatementLine.booked_on)).where(StatementLine.statement_file_id == file.id)
    ).one()
    if earliest is not None:
        refuse_locked_day(session, file.bank_account_id, earliest)


def take_back(
    session: Session,
    file: StatementFile,
    *,
    reason: str,
    undone_by_id: int | None,
    now: datetime,
) -> None:
    """Close the lines of a file and reverse their postings.

    The caller has undone what explained them. Raises StillExplained where something still does: a
    defect.
    """
    lines = lines_of(file)
    close_lines(session, lines)
    standing = (
        select(Match.id)
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .where(Match.line_id.in_(lines), MatchUndo.id.is_(None))
    )
    if (match_id := session.scalars(standing.limit(1)).first()) is not None:
        raise StillExplained(f"match {match_id} of file {file.id} stands")
    reverse_each(
        session,
        or_(
            and_(Posting.cause == Cause.STATEMENT_LINE, Posting.cause_id.in_(lines)),
            and_(Posting.cause == Cause.STATEMENT_OPENING, Posting.cause_id == file.id),
        ),
        booked_on=tehran_date(now),
        now=now,
    )
    session.add(
        StatementImportUndo(
            statement_file_id=file.id, reason=reason, undone_by_id=undone_by_id, undone_at=now
        )
    )
    session.flush()
