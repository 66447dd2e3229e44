"""Statements: handing a file in, the imports so far, and taking the latest one back."""

from dataclasses import dataclass

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
from reconciliation.importing import ImportReport
from reconciliation.lines import StatementFile
from reconciliation.reviewing import imports_page
from reconciliation.unimporting import latest_import, undoable_import
from web.fields import SpokenForm, at_most
from web.filters import digits, moment, number
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person
from web.sign_in.stepping_up import demand_fresh_code

PAGE = 50
REASON_MAX = 300
_NAME_MAX = 200
_CODE_MAX = 20


class StatementForm(SpokenForm):
    """A statement file of one account."""

    account = SelectField(Later("Account"))
    file = FileField(Later("File of the bank, Excel or CSV"))
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


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One import as the list shows it."""

    file: StatementFile
    account: str
    imported_by: str
    can_be_undone: bool


def statements() -> ResponseReturnValue:
    """A form for a file and every import so far."""
    form = StatementForm(request.form)
    with current.database.reading() as session:
        numbers = session.scalars(select(BankAccount.number).order_by(BankAccount.number)).all()
    form.account.choices = [(number_, digits(number_)) for number_ in numbers]
    if request.method == "POST" and form.validate():
        try:
            _take_in(form)
        except Refusal as refusal:
            put_beside(form, "file", refusal)
        else:
            return redirect(url_for("finance.statements"), 303)
    with current.database.reading() as session:
        return _page(session, form), 422 if form.errors else 200


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


def _take_in(form: StatementForm) -> None:
    upload = request.files.get("file")
    report = import_statement(
        current.database,
        upload.read() if upload else b"",
        (upload.filename or "" if upload else "")[:_NAME_MAX],
        account=form.account.data or "",
        dry_run=form.dry_run.data,
        imported_by_id=the_person().staff_member_id,
        now=current.now(),
    )
    flash(_told(report, is_trial=form.dry_run.data), "success" if report.new else "info")


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


def _page(session: Session, form: StatementForm) -> str:
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
    return render_template("finance/statements.html", form=form, rows=rows, older_url=older)


def _name(session: Session, staff_member_id: int | None) -> str:
    member = session.get(StaffMember, staff_member_id) if staff_member_id else None
    return member.name if member else ""
