"""Taking the latest import of an account back: its lines do not stand, its postings reverse."""

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.refusals import NotFound, Refusal
from ledger.postings import Cause, Posting
from ledger.setwise import reverse_each
from reconciliation.lines import StatementFile, StatementImportUndo, StatementLine
from reconciliation.worktables import close_lines


class NotTheLatestImport(Refusal):
    """A later import of the account builds on this one and must be undone first."""

    code = "statement.not_the_latest"


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


def take_back(
    session: Session,
    file: StatementFile,
    *,
    reason: str,
    undone_by_id: int | None,
    now: datetime,
) -> None:
    """Close the lines of a file and reverse their postings; nothing explains them any more."""
    lines = select(StatementLine.id).where(StatementLine.statement_file_id == file.id)
    close_lines(session, lines)
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
