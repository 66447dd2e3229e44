"""Importing a statement, and taking an import back: each whole, in one transaction."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from core.database import Database
from flows.unbooking import undo_chosen
from offices.audit import note
from reconciliation.chain import Chain, read_chain
from reconciliation.found import prefer_indexes
from reconciliation.importing import (
    ImportReport,
    StatementSource,
    account_with_number,
    foresee,
    locked_account,
    refuse_ended_account,
    refuse_other_account,
    report_of_known,
    same_file,
    store,
)
from reconciliation.running import hold_runs
from reconciliation.statements.contract import Wanted
from reconciliation.statements.recognise import AUTO, opened, reader_for
from reconciliation.undoing import checked_reason, choose_to_undo
from reconciliation.unimporting import lines_of, take_back, undoable_import
from reconciliation.worktables import close_lines

_CHUNK_BYTES = 1 << 20


def import_statement(
    database: Database,
    source: Path | str | bytes,
    name: str,
    *,
    account: str,
    now: datetime,
    format: str = AUTO,  # noqa: A002  the word of the command line and of the form
    dry_run: bool = False,
    imported_by_id: int | None = None,
) -> ImportReport:
    """Import a statement file of one account, whole or not at all.

    A file that is known, and the part of a file that overlaps what is known, adds nothing. Raises
    the Refusals of ``reconciliation.statements.refusals``, ``chain``, ``splicing``, ``importing``.
    """
    with database.reading() as session:
        register = account_with_number(session, account)
    with opened(source) as file:
        sha256 = _sha256(file)
        with database.reading() as session:
            known = same_file(session, register, sha256)
            if known is not None:
                return report_of_known(known, register)
        reader = reader_for(file, format)
        statement = reader.open(file, Wanted(register.number))
        refuse_other_account(register, statement.account_digits)
        handed_in = StatementSource(name=name, format=statement.format, sha256=sha256)
        with read_chain(statement, account_number=register.number, unit=register.unit) as chain:
            refuse_ended_account(register, chain)
            if dry_run:
                with database.reading() as session:
                    return foresee(session, register, chain, handed_in)
            return _stored(
                database, register.id, chain, handed_in, imported_by_id=imported_by_id, now=now
            )


def undo_import(
    database: Database,
    file_id: int,
    *,
    reason: str,
    undone_by_id: int | None = None,
    now: datetime,
) -> None:
    """Take the latest import of an account back, with everything its lines had explained.

    Raises NotFound, NotTheLatestImport, ReasonMissing.
    """
    reason = checked_reason(reason)
    with database.writing() as session:
        prefer_indexes(session)
        hold_runs(session)
        account_id = undoable_import(session, file_id).bank_account_id
        locked_account(session, account_id)
        file = undoable_import(session, file_id)  # an import may have come before the lock
        lines = lines_of(file)
        # Whoever is just now explaining one of them is waited for; nobody explains them from here.
        close_lines(session, lines)
        if choose_to_undo(session, lines):
            undo_chosen(session, reason=reason, undone_by_id=undone_by_id, now=now)
        take_back(session, file, reason=reason, undone_by_id=undone_by_id, now=now)
        note(
            session,
            "statement.undo_import",
            subject="statement_file",
            subject_id=file_id,
            now=now,
            actor_id=undone_by_id,
            reason=reason,
        )


def _stored(
    database: Database,
    bank_account_id: int,
    chain: Chain,
    source: StatementSource,
    *,
    imported_by_id: int | None,
    now: datetime,
) -> ImportReport:
    with database.writing() as session:
        prefer_indexes(session)
        account = locked_account(session, bank_account_id)
        known = same_file(session, account, source.sha256)  # it may have come meanwhile
        if known is not None:
            return report_of_known(known, account)
        report = store(session, account, chain, source, imported_by_id=imported_by_id, now=now)
        note(
            session,
            "statement.import",
            subject="statement_file",
            subject_id=report.file_id,
            now=now,
            actor_id=imported_by_id,
            account=account.number,
            rows=report.rows,
            new=report.new,
        )
        return report


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
