"""The providers' lists of what they paid out: handing one in, and each beside our own books."""

from typing import BinaryIO, cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from wtforms import BooleanField, FileField, SelectField, StringField

from core.refusals import NotFound, Refusal
from core.words import Later, _
from flows.settlement_reports import Said, import_report
from ledger.terminals import Terminal
from reconciliation.differences import Comparison, Why, compare
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, MatchUndo, Target
from reconciliation.reports import ReportedSettlement, SettlementReport, SettlementReportItem
from reconciliation.reviewing import reports_page
from web.fields import DayField, RialField, SpokenForm, at_most
from web.filters import number
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

PAGE = 50
_ITEMS_SHOWN = 500
_NAME_MAX = 200
_REFERENCE_MAX = 80
WHY = {
    Why.NOT_OURS: Later("in the report, unknown to us"),
    Why.NOT_IN_REPORT: Later("expected by us, not in the report"),
    Why.AMOUNT: Later("other amounts"),
    Why.FEE: Later("another fee than the terms say"),
    Why.REFUNDED: Later("sent back to the donor"),
    Why.REVERSED: Later("taken back by the bank"),
    Why.OTHER_DAY: Later("ours, expected in another pay-out"),
    Why.PAID_OUT: Later("ours, explained by another row already"),
}


class ReportForm(SpokenForm):
    """A list of one terminal, and what it may not say itself."""

    terminal = SelectField(Later("Terminal"))
    file = FileField(Later("List of the provider, Excel or CSV"))
    paid_on = DayField(Later("Day of the pay-out"))
    payout_reference = StringField(
        Later("Reference of the pay-out, as the statement carries it"), [at_most(_REFERENCE_MAX)]
    )
    payout = RialField(Later("What was paid out in all"))
    is_open = BooleanField(Later("The provider may still add to this pay-out"))


def reports() -> ResponseReturnValue:
    """A form for a list, and every list so far."""
    form = ReportForm(request.form)
    with current.database.reading() as session:
        names = session.scalars(select(Terminal.name).order_by(Terminal.name)).all()
    form.terminal.choices = {name: name for name in names}
    if request.method == "POST" and form.validate():
        try:
            _take_in(form)
        except Refusal as refusal:
            put_beside(form, "file", refusal)
        else:
            return redirect(url_for("finance.reports"), 303)
    with current.database.reading() as session:
        return _list(session, form), 422 if form.errors else 200


def report(report_id: int) -> ResponseReturnValue:
    """One list with its payments, and how it differs from what we expected."""
    with current.database.reading() as session:
        shown = session.get(
            SettlementReport, report_id, options=[joinedload(SettlementReport.terminal)]
        )
        if shown is None:
            raise NotFound(subject="settlement_report")
        line = _line_of(session, report_id)
        items = session.scalars(
            select(SettlementReportItem)
            .where(SettlementReportItem.report_id == report_id)
            .order_by(SettlementReportItem.row_number)
            .limit(_ITEMS_SHOWN)
        ).all()
        found: Comparison | None = None if line is not None else compare(session, shown)
        return render_template(
            "finance/report.html", report=shown, items=items, line=line, comparison=found, why=WHY
        )


def _take_in(form: ReportForm) -> None:
    upload = request.files.get("file")
    taken = import_report(
        current.database,
        cast(BinaryIO, upload.stream) if upload else b"",
        (upload.filename or "" if upload else "")[:_NAME_MAX],
        terminal=form.terminal.data or "",
        said=Said(
            is_final=not form.is_open.data,
            paid_on=form.paid_on.value,
            payout_reference=form.payout_reference.data or None,
            payout_rial=form.payout.value,
        ),
        handed_in_by_id=the_person().staff_member_id,
        now=current.now(),
    )
    if taken.new:
        flash(
            _("The list is taken in: %(count)s payments.") % {"count": number(taken.items)},
            "success",
        )
    else:
        flash(_("This very file was taken in before. Nothing was added."), "info")


def _list(session: Session, form: ReportForm) -> str:
    before_id = request.args.get("before", type=int)
    rows = reports_page(session, before_id=before_id, limit=PAGE + 1)
    older = url_for("finance.reports", before=rows[PAGE - 1].id) if len(rows) > PAGE else ""
    return render_template("finance/reports.html", form=form, rows=rows[:PAGE], older_url=older)


def _line_of(session: Session, report_id: int) -> StatementLine | None:
    """The line that a list explains, if the match stands."""
    return session.scalars(
        select(StatementLine)
        .join(Match, Match.line_id == StatementLine.id)
        .join(
            ReportedSettlement,
            (ReportedSettlement.settlement_id == Match.target_id)
            & (Match.target == Target.SETTLEMENT),
        )
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .where(ReportedSettlement.report_id == report_id, MatchUndo.id.is_(None))
    ).first()
