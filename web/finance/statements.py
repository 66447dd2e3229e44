"""Statements: handing a file in, the imports so far, refused files, and taking one back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, FileField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from core.refusals import NotFound, Refusal
from core.words import Later, _
from flows.importing import import_statement, undo_import
from ledger.accounts import BankAccount
from offices.limits import TooManyTries
from offices.signing_in import WrongCode
from offices.staff import StaffMember
from reconciliation.importing import ImportReport, added_lines
from reconciliation.lines import StatementFile
from reconciliation.quarantine import QuarantineSolution, RefusedImport, open_quarantine
from reconciliation.reviewing import imports_page
from reconciliation.setting_aside import (
    Reading,
    quarantined_line,
    refused_import,
    refused_imports,
    rows_set_aside,
    set_aside,
    solve,
)
from reconciliation.statements.doors import formats
from reconciliation.statements.recognise import AUTO
from reconciliation.unimporting import latest_import, undoable_import
from web.fields import DayField, RialField, SpokenForm, at_most
from web.filters import digits, moment, number
from web.refusals import explain_told
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person
from web.sign_in.stepping_up import demand_fresh_code

PAGE = 50
REASON_MAX = 300
_NAME_MAX = 200
_CODE_MAX = 20
_REFUSED_SHOWN = 20
_CREDIT, _DEBIT = "credit", "debit"

# The formats by name; one that another package brings is called as it calls itself.
FORMATS: Mapping[str, Later] = {
    "mellat-xlsx": Later("Bank Mellat, Excel"),
    "mellat-html": Later("Bank Mellat, web page saved as Excel"),
    "csv": Later("Text with separators"),
    "melli": Later("Bank Melli"),
    "sepah": Later("Bank Sepah"),
    "keshavarzi": Later("Bank Keshavarzi"),
    "mt940": Later("Statement of SWIFT"),
    "camt053": Later("Statement of ISO 20022"),
    "ofx": Later("Statement for accounting programs"),
    "bai2": Later("Statement of cash management"),
    "table": Later("Any table, by its headings"),
}


class StatementForm(SpokenForm):
    """A statement file of one account."""

    account = SelectField(Later("Account"))
    file = FileField(Later("File of the bank, as it was exported"))
    format = SelectField(Later("Format"), default=AUTO)
    opening_rial = RialField(Later("Balance before the file"))
    dry_run = BooleanField(Later("Only look what would happen"))


class ReasonForm(SpokenForm):
    """Why something is undone; the code is asked for where the last one is not fresh."""

    reason = TextAreaField(
        Later("Reason"), [InputRequired(Later("Please give the reason.")), at_most(REASON_MAX)]
    )
    code = StringField(Later("One-time code"), [at_most(_CODE_MAX)])

    def refuse(self, refusal: Refusal) -> None:
        """Show why nothing was undone, beside the field it is about."""
        is_code = isinstance(refusal, WrongCode | TooManyTries)
        put_beside(self, "code" if is_code else "reason", refusal)


class SolutionForm(SpokenForm):
    """What the bank says a row was, or why the word of the balances is taken."""

    direction = SelectField(Later("Direction"), default=_CREDIT)
    amount_rial = RialField(Later("Amount, as the bank says"))
    booked_on = DayField(Later("Day, as the bank says"))
    reason = TextAreaField(Later("Reason"), [at_most(REASON_MAX)])

    def reading(self) -> Reading | None:
        """What was read at the bank, if both amount and day were."""
        rial, day = self.amount_rial.value, self.booked_on.value
        if rial is None or not isinstance(day, date):
            return None
        return Reading(-rial if self.direction.data == _DEBIT else rial, day)


@dataclass(frozen=True, slots=True)
class RefusedShown:
    """A refused file with its reason in words."""

    row: RefusedImport
    account: str
    handed_in_by: str
    reason: str
    is_set_aside: bool


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One import as the list shows it."""

    file: StatementFile
    account: str
    imported_by: str
    can_be_undone: bool


def statements() -> ResponseReturnValue:
    """A form for a file, every import so far, and the files that were refused."""
    form = _statement_form()
    foreseen = None
    if request.method == "POST" and form.validate():
        try:
            report = _take_in(form)
        except Refusal as refusal:
            put_beside(form, _field_of(refusal), refusal)
        else:
            if report.file_id is not None:
                return redirect(url_for("finance.statement", file_id=report.file_id), 303)
            foreseen = report
    with current.database.reading() as session:
        return _page(session, form, foreseen), 422 if form.errors else 200


def statement(file_id: int) -> ResponseReturnValue:
    """One import: what it held and what of it was new, every number adding up."""
    with current.database.reading() as session:
        file = session.get(StatementFile, file_id)
        if file is None:
            raise NotFound(subject="statement_file")
        account = session.get_one(BankAccount, file.bank_account_id)
        waiting = [
            line
            for line in open_quarantine(session, account.id)
            if line.line.statement_file_id == file.id
        ]
        return render_template(
            "finance/statement.html",
            file=file,
            account=account.number,
            added=added_lines(session, file),
            imported_by=_name(session, file.imported_by_id),
            waiting=waiting,
            can_be_undone=latest_import(session, account.id) is file,
        )


def refused_statement(refused_id: int) -> ResponseReturnValue:
    """A refused file: why, what to do next, and setting its unreadable row aside."""
    who, form = the_person(), ReasonForm(request.form)
    if request.method == "POST" and form.validate():
        try:
            demand_fresh_code(who, form.code.data or "")
            with current.database.writing() as session:
                set_aside(
                    session,
                    refused_id,
                    reason=form.reason.data or "",
                    set_aside_by_id=who.staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            flash(_("The row is set aside. Hand the same file in again now."), "success")
            return redirect(url_for("finance.statements"), 303)
    with current.database.reading() as session:
        refused = refused_import(session, refused_id)
        page = render_template(
            "finance/refused_statement.html",
            form=form,
            refused=_refused_shown(session, refused),
            is_mine=refused.handed_in_by_id == who.staff_member_id,
            needs_code=not who.is_stepped_up,
        )
        return page, 422 if form.errors else 200


def solve_line(line_id: int) -> ResponseReturnValue:
    """A line whose row could not be read: confirm it, or give what the bank says it was."""
    form = SolutionForm(request.form)
    form.direction.choices = [(_CREDIT, _("came in")), (_DEBIT, _("went out"))]
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                solve(
                    session,
                    line_id,
                    reading=form.reading(),
                    reason=form.reason.data or "",
                    solved_by_id=the_person().staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, refusal.field or "reason", refusal)
        else:
            flash(_("The line is solved; the rules may explain it now."), "success")
            return redirect(url_for("finance.statements"), 303)
    with current.database.reading() as session:
        found = quarantined_line(session, line_id)
        page = render_template(
            "finance/solve_line.html",
            form=form,
            line=found.line,
            quarantined=found.row,
            set_aside_by=_name(session, found.row.set_aside_by_id),
            is_solved=session.get(QuarantineSolution, line_id) is not None,
        )
        return page, 422 if form.errors else 200


def undo_statement(file_id: int) -> ResponseReturnValue:
    """Take the latest import of an account back, with a reason."""
    who, form = the_person(), ReasonForm(request.form)
    if request.method == "POST" and form.validate():
        try:
            demand_fresh_code(who, form.code.data or "")
            undo_import(
                current.database,
                file_id,
                reason=form.reason.data or "",
                undone_by_id=who.staff_member_id,
                now=current.now(),
            )
        except NotFound:
            raise
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            flash(_("The import was taken back; its lines no longer stand."), "success")
            return redirect(url_for("finance.statements"), 303)
    with current.database.reading() as session:
        file = session.get(StatementFile, file_id)
        if file is None:
            raise NotFound(subject="statement_file")
        if request.method == "GET":
            undoable_import(session, file_id)
        page = render_template(
            "finance/undo_statement.html",
            form=form,
            file=file,
            needs_code=not who.is_stepped_up,
        )
        return page, 422 if form.errors else 200


def _statement_form() -> StatementForm:
    form = StatementForm(request.form)
    with current.database.reading() as session:
        numbers = session.scalars(select(BankAccount.number).order_by(BankAccount.number)).all()
    form.account.choices = [(number_, digits(number_)) for number_ in numbers]
    names = [(name, str(FORMATS.get(name, name))) for name in formats()]
    form.format.choices = [(AUTO, _("Found out from the file")), *names]
    return form


def _take_in(form: StatementForm) -> ImportReport:
    upload = request.files.get("file")
    report = import_statement(
        current.database,
        cast(BinaryIO, upload.stream) if upload else b"",
        (upload.filename or "" if upload else "")[:_NAME_MAX],
        account=form.account.data or "",
        format=form.format.data or AUTO,
        dry_run=form.dry_run.data,
        opening_rial=form.opening_rial.value,
        imported_by_id=the_person().staff_member_id,
        now=current.now(),
    )
    flash(_told(report, is_trial=form.dry_run.data), "success" if report.new else "info")
    return report


def _field_of(refusal: Refusal) -> str:
    return refusal.field if refusal.field in ("account", "opening_rial") else "file"


def _told(report: ImportReport, *, is_trial: bool) -> str:
    if report.known_since is not None:
        return _("This very file was imported on %(moment)s. Nothing was added.") % {
            "moment": moment(report.known_since)
        }
    values = {
        "rows": number(report.rows),
        "new": number(report.new),
        "known": number(report.known),
    }
    if is_trial:
        return _("Of %(rows)s rows %(new)s would be new. Nothing was saved.") % (values)
    return _("Of %(rows)s rows %(new)s are new, %(known)s were known.") % values


def _page(session: Session, form: StatementForm, foreseen: ImportReport | None) -> str:
    before_id = request.args.get("before", type=int)
    files = imports_page(session, before_id=before_id, limit=PAGE + 1)
    accounts = {row.id: row.number for row in session.scalars(select(BankAccount))}
    latest = {id_: latest_import(session, id_) for id_ in accounts}
    rows = [
        ImportRow(
            file=file,
            account=accounts[file.bank_account_id],
            imported_by=_name(session, file.imported_by_id),
            can_be_undone=latest[file.bank_account_id] is file,
        )
        for file in files[:PAGE]
    ]
    older = url_for("finance.statements", before=files[PAGE - 1].id) if len(files) > PAGE else ""
    refused = refused_imports(session, limit=_REFUSED_SHOWN) if before_id is None else []
    return render_template(
        "finance/statements.html",
        form=form,
        foreseen=foreseen,
        rows=rows,
        older_url=older,
        refused=[_refused_shown(session, row) for row in refused],
        waiting=[line for id_ in accounts for line in open_quarantine(session, id_)],
    )


def _refused_shown(session: Session, row: RefusedImport) -> RefusedShown:
    return RefusedShown(
        row=row,
        account=session.get_one(BankAccount, row.bank_account_id).number,
        handed_in_by=_name(session, row.handed_in_by_id),
        reason=explain_told(row.code, json.loads(row.details)),
        is_set_aside=row.row_number is not None
        and row.row_number in rows_set_aside(session, row.bank_account_id, row.sha256),
    )


def _name(session: Session, staff_member_id: int | None) -> str:
    member = session.get(StaffMember, staff_member_id) if staff_member_id else None
    return member.name if member else ""
