"""Importing a statement, and taking an import back: each whole, in one transaction."""

from dataclasses import replace
from datetime import datetime
from typing import BinaryIO

from core.clock import tehran_date
from core.confined import Limits
from core.database import Database
from core.refusals import Refusal
from core.uploads import Source, on_disk, sha256_of_file
from flows.unbooking import undo_chosen
from ledger.accounts import BankAccount
from offices.audit import note
from reconciliation.chain import SET_ASIDE_MAX, ChainRow
from reconciliation.found import prefer_indexes
from reconciliation.held import Chain
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
from reconciliation.locks import hold_for_taking_back
from reconciliation.mappings import statement_mapping
from reconciliation.parsing import LIMITS, parsed
from reconciliation.running import hold_runs
from reconciliation.setting_aside import remember_refusal, rows_set_aside
from reconciliation.statements.contract import Wanted
from reconciliation.statements.day_forms import USUAL
from reconciliation.statements.recognise import AUTO
from reconciliation.statements.refusals import UnreadableCell
from reconciliation.undoing import checked_reason, choose_to_undo
from reconciliation.unimporting import (
    lines_of,
    refuse_locked_lines,
    take_back,
    undoable_import,
)
from reconciliation.worktables import close_lines


def import_statement(
    database: Database,
    source: Source,
    name: str,
    *,
    account: str,
    now: datetime,
    format: str = AUTO,  # noqa: A002  the word of the command line and of the form
    dry_run: bool = False,
    imported_by_id: int | None = None,
    opening_rial: int | None = None,
    limits: Limits = LIMITS,
) -> ImportReport:
    """Import a statement file of one account, whole or not at all.

    A file that is known, and the part of a file that overlaps what is known, adds nothing. A
    refused file is remembered, with what its unreadable row must have been where that is certain.
    ``opening_rial`` is a person's word for the balance before a file that tells none. Raises the
    Refusals of ``reconciliation``: ``statements.refusals``, ``chain``, ``splicing``, ``days``,
    ``importing``, ``locks``.
    """
    with database.reading() as session:
        register = account_with_number(session, account)
    with on_disk(source) as file:
        handed_in = StatementSource(name=name, format=format, sha256=sha256_of_file(file))
        with database.reading() as session:
            known = same_file(session, register, handed_in.sha256)
            if known is not None:
                return report_of_known(known, register)
            mapping = statement_mapping(session, register.id, today=tehran_date(now))
            wanted = Wanted(
                register.number,
                columns=None if mapping is None else mapping.columns,
                days=USUAL if mapping is None else mapping.days,
                set_aside=rows_set_aside(session, register.id, handed_in.sha256),
            )
        try:
            with parsed(file, wanted, unit=register.unit, asked=format, limits=limits) as read:
                refuse_other_account(register, read.account_digits)
                refuse_ended_account(register, read.chain)
                handed_in = replace(handed_in, format=read.format)
                if dry_run:
                    with database.reading() as session:
                        return foresee(
                            session, register, read.chain, handed_in, opening_rial=opening_rial
                        )
                return _stored(
                    database, register.id, read.chain, handed_in,
                    imported_by_id=imported_by_id, opening_rial=opening_rial, now=now,
                )  # fmt: skip
        except Refusal as refusal:
            if not dry_run:
                inferred = _inferred(file, wanted, register, refusal, format, limits)
                with database.writing() as session:
                    remember_refusal(
                        session, register.id, handed_in, refusal, inferred=inferred,
                        handed_in_by_id=imported_by_id, now=now,
                    )  # fmt: skip
            raise


def undo_import(
    database: Database,
    file_id: int,
    *,
    reason: str,
    undone_by_id: int | None = None,
    now: datetime,
) -> None:
    """Take the latest import of an account back, with everything its lines had explained.

    Raises NotFound, NotTheLatestImport, ReasonMissing, DayLocked.
    """
    reason = checked_reason(reason)
    with database.writing() as session:
        prefer_indexes(session)
        hold_runs(session)
        file = undoable_import(session, file_id)
        lines = lines_of(file)
        hold_for_taking_back(session, file.bank_account_id, lines)
        file = undoable_import(session, file_id)  # an import may have come before the lock
        refuse_locked_lines(session, file)
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
    opening_rial: int | None,
    now: datetime,
) -> ImportReport:
    with database.writing() as session:
        prefer_indexes(session)
        account = locked_account(session, bank_account_id)
        known = same_file(session, account, source.sha256)  # it may have come meanwhile
        if known is not None:
            return report_of_known(known, account)
        report = store(
            session, account, chain, source,
            imported_by_id=imported_by_id, opening_rial=opening_rial, now=now,
        )  # fmt: skip
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


def _inferred(
    file: BinaryIO,
    wanted: Wanted,
    account: BankAccount,
    refusal: Refusal,
    asked: str,
    limits: Limits,
) -> ChainRow | None:
    """What an unreadable row must have been, where the rest of the file leaves one answer only.

    Other rows that cannot be read either are left out of account the same way.
    """
    set_aside = wanted.set_aside
    unreadable = refusal
    while isinstance(unreadable, UnreadableCell) and len(set_aside) < SET_ASIDE_MAX:
        row_number = unreadable.details.get("row")
        if not isinstance(row_number, int) or row_number in set_aside:
            return None
        set_aside |= {row_number}
        try:
            trial = replace(wanted, set_aside=set_aside)
            with parsed(file, trial, unit=account.unit, asked=asked, limits=limits) as read:
                filled = read.chain.ending.filled.values()
                return next(row for row in filled if row.row_number == refusal.details["row"])
        except Refusal as next_one:
            unreadable = next_one
    return None
