"""One line of the statement: what it is, what it may be, and what a person says of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, FieldList, FormField, SelectField, StringField
from wtforms.validators import InputRequired

from core.digits import digits_only
from core.refusals import NotFound, Refusal
from core.words import Later, _
from donations.models.fund import MOST_NEEDED
from donations.models.pledge import Pledge
from donations.tracking import pledge_with_code
from donations.voiding import ReasonMissing
from flows.by_hand import (
    assign,
    mark_fee,
    mark_refund,
    mark_reversal,
    mark_slip,
    mark_transfer,
    receive_unidentified,
    split,
)
from flows.undoing import undo_line
from offices.limits import TooManyTries
from offices.signing_in import WrongCode
from reconciliation.assigning import LineNotOpen, Part, open_cash_rial
from reconciliation.dismissals import dismissed_pledges
from reconciliation.inbox import awaited_slips, other_sides
from reconciliation.leftovers import Leftover, classified
from reconciliation.lines import StatementLine
from reconciliation.locks import DayLocked
from reconciliation.matches import Match
from reconciliation.reasons import Explained, explanations
from reconciliation.refunds import RefundSuggestion, refund_suggestions
from reconciliation.reviewing import is_open, match_history, standing_line
from reconciliation.suggesting import Suggestion, dismiss, offer_again, suggestions
from reconciliation.undoing import UndoneMeanwhile
from reconciliation.why_not import in_words, why_not, word_of
from web.desk.here import fund_choices, named
from web.fields import RialField, SpokenForm, at_most
from web.finance.statements import ReasonForm
from web.refusals import explain
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person
from web.sign_in.stepping_up import demand_fresh_code

PARTS_MAX = 8
_CODE_MAX = 40


class AssignForm(SpokenForm):
    """Whose money an open credit is."""

    tracking_code = StringField(
        Later("Tracking code of the pledge"),
        [InputRequired(Later("Write the thirteen digits of the code.")), at_most(_CODE_MAX)],
    )
    as_given = BooleanField(Later("Take the amount that came, also if another was promised"))


class PartForm(SpokenForm):
    """One part of a split; an empty row is no part, an empty amount is what was promised."""

    tracking_code = StringField(Later("Tracking code of the pledge"), [at_most(_CODE_MAX)])
    amount_rial = RialField(Later("Amount"))


class SplitForm(SpokenForm):
    """Whose money the parts of an open credit are."""

    parts = FieldList(FormField(PartForm), min_entries=PARTS_MAX, max_entries=PARTS_MAX)


class ReceiveForm(SpokenForm):
    """What a gift of somebody unknown is for."""

    fund = SelectField(Later("Purpose"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A suggestion with what speaks for it, in words."""

    suggestion: Suggestion
    word: str  # how sure
    signs: Sequence[str]


@dataclass(frozen=True, slots=True)
class OpenRow:
    """An open line with its candidates and why no rule took it."""

    line: StatementLine
    candidates: Sequence[Candidate]
    refunds: Sequence[RefundSuggestion]
    leftover: Leftover
    why_not: Sequence[str]

    @property
    def offer(self) -> str:
        """Line and pledge of the best candidate, where it promises exactly what came."""
        best = self.candidates[0].suggestion if self.candidates else None
        if best is None or best.promised_rial != self.line.amount_rial:
            return ""
        return f"{self.line.id}:{best.pledge_id}"


@dataclass(frozen=True, slots=True)
class PastMatch:
    """A match of a line, with its undo if it does not stand."""

    match: Match
    undo_reason: str
    undone_at: object


def line(line_id: int) -> ResponseReturnValue:
    """One line with everything that is known about it."""
    with current.database.reading() as session:
        return _page(session, line_id)


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
            return _booked()
    with current.database.reading() as session:
        return _page(session, line_id, assign_form=form), 422


def split_line(line_id: int) -> ResponseReturnValue:
    """Say that an open credit is the money of several pledges."""
    form = SplitForm(request.form)
    if form.validate():
        try:
            _split(form, line_id)
        except LineNotOpen as refusal:
            return _told_at_the_line(line_id, refusal)
        except Refusal as refusal:
            place = int(str(refusal.details.get("part", 1)))
            put_beside(form.parts[place - 1].form, "tracking_code", refusal)
        else:
            return _booked()
    with current.database.reading() as session:
        return _page(session, line_id, split_form=form), 422


def receive_line(line_id: int) -> ResponseReturnValue:
    """Receive an open credit as the gift of somebody unknown."""
    fund = request.form.get("fund") or None

    def receive(session: Session) -> None:
        code = receive_unidentified(
            session, line_id, fund=fund, made_by_id=_who(), now=current.now()
        )
        flash(_("It can be followed under %(code)s.") % {"code": code}, "success")

    return _said(line_id, receive)


def fee_line(line_id: int) -> ResponseReturnValue:
    """Say that an open debit is a fee of the bank."""
    return _said(
        line_id,
        lambda session: mark_fee(session, line_id, made_by_id=_who(), now=current.now()),
    )


def refund_line(line_id: int) -> ResponseReturnValue:
    """Say that an open debit is the money of a refund."""
    refund_id = request.form.get("refund", 0, type=int)
    return _said(
        line_id,
        lambda session: mark_refund(
            session, line_id, refund_id, made_by_id=_who(), now=current.now()
        ),
    )


def slip_line(line_id: int) -> ResponseReturnValue:
    """Say that an open credit is the cash of a slip."""
    slip_id = request.form.get("slip", 0, type=int)
    return _said(
        line_id,
        lambda session: mark_slip(session, line_id, slip_id, made_by_id=_who(), now=current.now()),
    )


def pair_line(line_id: int) -> ResponseReturnValue:
    """Say that another open line is the other side of this one."""
    other_id = request.form.get("other", 0, type=int)

    def pair(session: Session) -> None:
        one, other = (standing_line(session, each) for each in (line_id, other_id))
        is_own = one.bank_account_id == other.bank_account_id
        act = mark_reversal if is_own else mark_transfer
        act(session, line_id, other_id, made_by_id=_who(), now=current.now())

    return _said(line_id, pair)


def dismiss_offer(line_id: int) -> ResponseReturnValue:
    """Say that a line is not the money of a pledge: it is never offered again."""
    pledge_id = request.form.get("pledge", 0, type=int)
    with current.database.writing() as session:
        standing_line(session, line_id)
        dismiss(session, line_id, pledge_id, _who(), current.now())
    flash(_("This pledge is not offered for the line any more."), "success")
    return redirect(_back(line_id), 303)


def offer_pledge_again(line_id: int) -> ResponseReturnValue:
    """Let a pledge that was put aside be offered again."""
    pledge_id = request.form.get("pledge", 0, type=int)
    with current.database.writing() as session:
        standing_line(session, line_id)
        offer_again(session, line_id, pledge_id, _who(), current.now())
    return redirect(url_for("finance.line", line_id=line_id), 303)


def undo(line_id: int) -> ResponseReturnValue:
    """Say that what explains a line does not stand, with a reason."""
    form = ReasonForm(request.form)
    if form.validate():
        try:
            _undo(form, line_id)
        except DayLocked:
            return redirect(url_for("finance.ask_to_undo_line", line_id=line_id), 303)
        except UndoneMeanwhile as refusal:
            return _told_at_the_line(line_id, refusal)
        except (ReasonMissing, WrongCode, TooManyTries) as refusal:
            form.refuse(refusal)
        except NotFound:
            raise
        except Refusal as refusal:
            return _told_at_the_line(line_id, refusal)
        else:
            flash(_("The line is open again; what it had caused was reversed."), "success")
            return redirect(url_for("finance.line", line_id=line_id), 303)
    with current.database.reading() as session:
        return _page(session, line_id, reason_form=form), 422


def open_row(session: Session, of: StatementLine) -> OpenRow:
    """An open line with what it may be, and why no rule took it."""
    return OpenRow(
        line=of,
        candidates=[
            Candidate(found, word_of(found.word), [in_words(sign) for sign in found.signs])
            for found in suggestions(session, of)
        ],
        refunds=refund_suggestions(session, of),
        leftover=classified(session, of),
        why_not=why_not(session, of),
    )


def _said(line_id: int, say: Callable[[Session], None]) -> ResponseReturnValue:
    """Book what was said of an open line, or show at the line why not."""
    try:
        with current.database.writing() as session:
            standing_line(session, line_id)
            say(session)
    except NotFound:
        raise
    except Refusal as refusal:
        return _told_at_the_line(line_id, refusal)
    return _booked()


def _booked() -> ResponseReturnValue:
    flash(_("The line is explained and booked."), "success")
    return redirect(_back(), 303)


def _assign(form: AssignForm, line_id: int) -> None:
    with current.database.writing() as session:
        standing_line(session, line_id)
        assign(
            session,
            line_id,
            pledge_with_code(session, digits_only(form.tracking_code.data or "") or "").id,
            as_given=form.as_given.data,
            made_by_id=_who(),
            now=current.now(),
        )


def _split(form: SplitForm, line_id: int) -> None:
    with current.database.writing() as session:
        standing_line(session, line_id)
        parts = list(_parts(session, form))
        split(session, line_id, parts, made_by_id=_who(), now=current.now())


def _parts(session: Session, form: SplitForm) -> Iterator[Part]:
    for place, row in enumerate(form.parts, start=1):
        code = digits_only(row.form.tracking_code.data or "") or ""
        amount_rial = row.form.amount_rial.value
        if not code and amount_rial is None:
            continue
        try:
            pledge_id = pledge_with_code(session, code).id
            rial = open_cash_rial(session, pledge_id) if amount_rial is None else amount_rial
        except Refusal as refusal:
            refusal.details["part"] = place
            raise
        yield Part(pledge_id, rial)


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


def _who() -> int:
    return the_person().staff_member_id


def _told_at_the_line(line_id: int, refusal: Refusal) -> ResponseReturnValue:
    """Show why not on the page of the line, which shows what became of it meanwhile."""
    flash(explain(refusal), "error")
    return redirect(url_for("finance.line", line_id=line_id), 303)


def _back(line_id: int | None = None) -> str:
    """The inbox again, narrowed as it was, at the line that came next or at this one."""
    narrowed: dict[str, Any] = request.args.to_dict()
    following = narrowed.pop("next", "")
    here = following if line_id is None else str(line_id)
    anchor = f"line-{here}" if here.isdigit() else None
    return url_for("finance.inbox", **narrowed, _anchor=anchor)


def _page(
    session: Session,
    line_id: int,
    *,
    assign_form: AssignForm | None = None,
    split_form: SplitForm | None = None,
    reason_form: ReasonForm | None = None,
) -> str:
    shown = standing_line(session, line_id)
    explained: Explained | None = explanations(session, [line_id]).get(line_id)
    is_waiting = is_open(session, line_id)
    receive_form = ReceiveForm(data={"fund": MOST_NEEDED})
    receive_form.fund.choices = fund_choices(session)
    return render_template(
        "finance/line.html",
        line=shown,
        explained=explained,
        open_row=open_row(session, shown) if is_waiting else None,
        dismissed=_dismissed(session, line_id) if is_waiting else (),
        other_sides=other_sides(session, shown) if is_waiting else (),
        awaited_slips=[
            (slip, named(office))
            for slip, office in (awaited_slips(session, shown) if is_waiting else ())
        ],
        history=[
            PastMatch(match, match.undo.reason, match.undo.undone_at)
            for match in match_history(session, line_id)
            if match.undo is not None
        ],
        assign_form=assign_form or AssignForm(),
        split_form=split_form or SplitForm(),
        receive_form=receive_form,
        reason_form=reason_form or ReasonForm(),
        needs_code=not the_person().is_stepped_up,
        is_split_refused=split_form is not None,
    )


def _dismissed(session: Session, line_id: int) -> Sequence[Pledge]:
    chosen = Pledge.id.in_(dismissed_pledges(session, line_id))
    return session.scalars(select(Pledge).where(chosen).order_by(Pledge.id)).all()
