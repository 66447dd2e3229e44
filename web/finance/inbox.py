"""Open lines and what a person decides about each; explained lines and their undo."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired

from core.digits import digits_only
from core.refusals import NotFound, Refusal
from core.words import Later, _
from donations.tracking import pledge_with_code
from donations.voiding import ReasonMissing
from flows.reconciling import assign, mark_fee, mark_refund
from flows.undoing import undo_line
from offices.limits import TooManyTries
from offices.signing_in import WrongCode
from reconciliation.assigning import LineNotOpen
from reconciliation.lines import StatementLine
from reconciliation.matches import Match
from reconciliation.reasons import Explained, explanations
from reconciliation.refunds import RefundSuggestion, refund_suggestions
from reconciliation.reporting import totals
from reconciliation.reviewing import (
    is_open,
    match_history,
    open_lines_page,
    standing_line,
)
from reconciliation.suggesting import Suggestion, suggestions
from reconciliation.undoing import UndoneMeanwhile
from reconciliation.why_not import in_words, why_not
from web.fields import SpokenForm, at_most
from web.finance.statements import ReasonForm
from web.refusals import explain
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person
from web.sign_in.stepping_up import demand_fresh_code

_PAGE = 20
_CODE_MAX = 40


class AssignForm(SpokenForm):
    """Whose money an open credit is."""

    tracking_code = StringField(
        Later("Tracking code of the pledge"),
        [InputRequired(Later("Write the thirteen digits of the code.")), at_most(_CODE_MAX)],
    )
    as_given = BooleanField(Later("Take the amount that came, also if another was promised"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A suggestion with what speaks for it, in words."""

    suggestion: Suggestion
    signs: Sequence[str]


@dataclass(frozen=True, slots=True)
class OpenRow:
    """An open line with its candidates and why no rule took it."""

    line: StatementLine
    candidates: Sequence[Candidate]
    refunds: Sequence[RefundSuggestion]
    why_not: Sequence[str]


def inbox() -> ResponseReturnValue:
    """The open lines, oldest first, each with what it may be."""
    after_id = request.args.get("after", 0, type=int)
    with current.database.reading() as session:
        lines = open_lines_page(session, after_id=after_id, limit=_PAGE + 1)
        older = url_for("finance.inbox", after=lines[_PAGE - 1].id) if len(lines) > _PAGE else ""
        return render_template(
            "finance/inbox.html",
            rows=[_open_row(session, line) for line in lines[:_PAGE]],
            totals=totals(session),
            older_url=older,
        )


def line(line_id: int) -> ResponseReturnValue:
    """One line with everything that is known about it."""
    with current.database.reading() as session:
        return _line_page(session, line_id, AssignForm(), ReasonForm())


def assign_line(line_id: int) -> ResponseReturnValue:
    """Say that an open credit is the money of a pledge."""
    form = AssignForm(request.form)
    if form.validate():
        try:
            _assign(form, line_id)
        except LineNotOpen as refusal:
            return _told_at_the_line(line_id, refusal)
        except Refusal as refusal:
            put_beside(form, "tracking_code", refusal)
        else:
            flash(_("The line is explained and booked."), "success")
            return redirect(_back(), 303)
    with current.database.reading() as session:
        return _line_page(session, line_id, form, ReasonForm()), 422


def fee_line(line_id: int) -> ResponseReturnValue:
    """Say that an open debit is a fee of the bank."""
    try:
        with current.database.writing() as session:
            standing_line(session, line_id)
            mark_fee(session, line_id, made_by_id=the_person().staff_member_id, now=current.now())
    except NotFound:
        raise
    except Refusal as refusal:
        return _told_at_the_line(line_id, refusal)
    flash(_("The line is explained and booked."), "success")
    return redirect(_back(), 303)


def refund_line(line_id: int) -> ResponseReturnValue:
    """Say that an open debit is the money of a refund."""
    request_id = request.form.get("refund", 0, type=int)
    try:
        with current.database.writing() as session:
            standing_line(session, line_id)
            mark_refund(
                session,
                line_id,
                request_id,
                made_by_id=the_person().staff_member_id,
                now=current.now(),
            )
    except NotFound:
        raise
    except Refusal as refusal:
        return _told_at_the_line(line_id, refusal)
    flash(_("The line is explained and booked."), "success")
    return redirect(_back(), 303)


def undo(line_id: int) -> ResponseReturnValue:
    """Say that what explains a line does not stand, with a reason."""
    form = ReasonForm(request.form)
    if form.validate():
        try:
            _undo(form, line_id)
        except UndoneMeanwhile as refusal:
            return _told_at_the_line(line_id, refusal)
        except (ReasonMissing, WrongCode, TooManyTries) as refusal:
            form.refuse(refusal)
        else:
            flash(_("The line is open again; what it had caused was reversed."), "success")
            return redirect(url_for("finance.line", line_id=line_id), 303)
    with current.database.reading() as session:
        return _line_page(session, line_id, AssignForm(), form), 422


def _assign(form: AssignForm, line_id: int) -> None:
    code = digits_only(form.tracking_code.data or "") or ""
    with current.database.writing() as session:
        standing_line(session, line_id)
        assign(
            session,
            line_id,
            pledge_with_code(session, code).id,
            as_given=form.as_given.data,
            made_by_id=the_person().staff_member_id,
            now=current.now(),
        )


def _undo(form: ReasonForm, line_id: int) -> None:
    who = the_person()
    demand_fresh_code(who, form.code.data or "")
    with current.database.writing() as session:
        standing_line(session, line_id)
        undo_line(
            session,
            line_id,
            reason=form.reason.data or "",
            undone_by_id=who.staff_member_id,
            now=current.now(),
        )


def _told_at_the_line(line_id: int, refusal: Refusal) -> ResponseReturnValue:
    """Show why not on the page of the line, which shows what became of it meanwhile."""
    flash(explain(refusal), "error")
    return redirect(url_for("finance.line", line_id=line_id), 303)


def _back() -> str:
    """The inbox again, at the page it was on."""
    after_id = request.args.get("after", type=int)
    return url_for("finance.inbox", after=after_id)


def _open_row(session: Session, of: StatementLine) -> OpenRow:
    return OpenRow(
        line=of,
        candidates=[
            Candidate(found, [in_words(sign) for sign in found.signs])
            for found in suggestions(session, of)
        ],
        refunds=refund_suggestions(session, of),
        why_not=why_not(session, of),
    )


@dataclass(frozen=True, slots=True)
class PastMatch:
    """A match of a line, with its undo if it does not stand."""

    match: Match
    undo_reason: str
    undone_at: object


def _line_page(session: Session, line_id: int, form: AssignForm, reason: ReasonForm) -> str:
    shown = standing_line(session, line_id)
    explained: Explained | None = explanations(session, [line_id]).get(line_id)
    return render_template(
        "finance/line.html",
        line=shown,
        explained=explained,
        open_row=_open_row(session, shown) if is_open(session, line_id) else None,
        history=[
            PastMatch(match, match.undo.reason, match.undo.undone_at)
            for match in match_history(session, line_id)
            if match.undo is not None
        ],
        assign_form=form,
        reason_form=reason,
        needs_code=not the_person().is_stepped_up,
    )
