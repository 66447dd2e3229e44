"""Money that goes back: a payment with its evidence, asking for a refund, deciding on it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import AnyOf, InputRequired

from core.refusals import NotFound, Refusal
from core.words import Later, _, counted
from donations.models.desk import Decision
from donations.models.gateway import GatewayCall
from donations.models.payment import Payment, PaymentState
from donations.models.refund import Ending, OpenRefund, RefundRequest, Way
from donations.refund_lists import (
    HANGS_AFTER,
    UNSEEN_AFTER,
    ended_refunds,
    open_request,
    payment_with_pledge,
    payments_apart,
    refunds_under_way,
    requests_of,
    steps_of,
    waiting_refunds,
)
from donations.refunding import Asked
from donations.voiding import REASON_MAX
from flows.refunding import approve_refund, ask_for_refund, decline_refund, open_ways
from offices.staff import StaffMember
from payment_gateways.contract import Kind
from reconciliation.refunds import UnseenRefund, unseen_refunds
from web.fields import DayField, RialField, SpokenForm, at_most
from web.filters import digits
from web.finance.bank_words import CALLS, KINDS
from web.public.choices import title_of
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import SignedIn, the_person
from web.sign_in.stepping_up import demand_fresh_code

PAGE = 50
_CODE_MAX = 20
_CALLS_SHOWN = 50
_UNSEEN_SHOWN = 100
APART_PAGE = 100
_S = PaymentState

STATES: Mapping[PaymentState, tuple[Later, str]] = {
    _S.CREATED: (Later("written down"), ""),
    _S.START_UNKNOWN: (Later("the bank did not answer the announcement"), "bad"),
    _S.STARTED: (Later("announced to the bank"), "wait"),
    _S.REDIRECTED: (Later("donor sent to the bank"), "wait"),
    _S.RETURNED: (Later("donor came back"), "wait"),
    _S.CANCELLED_CLAIMED: (Later("cancelled, says the browser"), "wait"),
    _S.CONFIRMING: (Later("the bank is being asked"), "wait"),
    _S.CONFIRM_UNKNOWN: (Later("the bank gave no clear answer"), "wait"),
    _S.CONFIRMED: (Later("confirmed by the bank"), "good"),
    _S.SETTLING: (Later("pay-out being asked for"), "wait"),
    _S.SETTLE_UNKNOWN: (Later("no clear answer about the pay-out"), "wait"),
    _S.SETTLED: (Later("confirmed and accepted for pay-out"), "good"),
    _S.MISMATCH: (Later("paid, but something differs"), "bad"),
    _S.REVERSING: (Later("being undone at the bank"), "wait"),
    _S.REVERSE_UNKNOWN: (Later("no clear answer to the undoing"), "wait"),
    _S.REVERSED: (Later("undone by the bank"), "bad"),
    _S.REFUND_REQUESTED: (Later("refund ordered"), "wait"),
    _S.REFUND_UNKNOWN: (Later("no clear answer to the refund"), "wait"),
    _S.REFUNDED: (Later("refunded"), "bad"),
    _S.CANCELLED: (Later("cancelled; no money was taken"), ""),
    _S.FAILED: (Later("failed; no money was taken"), ""),
    _S.EXPIRED: (Later("expired; no money was taken"), ""),
}
WAYS: Mapping[Way, Later] = {
    Way.REVERSE: Later("undo it at the bank"),
    Way.REFUND: Later("refund through the gateway"),
    Way.OUTSIDE: Later("write down a refund made at the bank"),
}
ENDINGS: Mapping[Ending, tuple[Later, str]] = {
    Ending.DONE: (Later("done"), "good"),
    Ending.REFUSED: (Later("declined by the bank"), "bad"),
    Ending.OVERTAKEN: (Later("the bank took it back by itself"), "bad"),
}
STEPS: Mapping[str, Later] = {
    "create": Later("Payment written down"),
    "start": Later("Announced to the bank"),
    "return": Later("Browser came back from the bank"),
    "return_ignored": Later("Browser brought something that is not ours"),
    "confirm": Later("Confirmation"),
    "confirm_late": Later("Proof of the bank that came late"),
    "probe": Later("Asked the bank before the browser came back"),
    "superseded": Later("Left to the bank to give back, because another payment was received"),
    "reference_taken": Later("Its reference belongs to another payment"),
    "reference_lost": Later("Its reference turned out to be another payment's"),
    "settle": Later("Pay-out"),
    "look": Later("Look at the bank"),
    "expire": Later("Ended without payment"),
    "reverse_approved": Later("Undoing approved"),
    "reverse_send": Later("Undoing ordered"),
    "reverse": Later("Answer to the undoing"),
    "reverse_matched": Later("Undone, but its money is matched with the statement"),
    "refund_approved": Later("Refund approved"),
    "refund_send": Later("Refund ordered"),
    "refund": Later("Answer to the refund"),
    "refund_status": Later("Asked what became of the refund"),
    "refund_late": Later("An answer that came too late"),
    "outside_approved": Later("Refund made at the bank approved"),
    "refund_outside": Later("Refund made at the bank written down"),
    "bank_took_back": Later("The bank took the money back by itself"),
}


class AskForm(SpokenForm):
    """Why the money of a payment goes back; of a refund made at the bank also what and when."""

    way = HiddenField(validators=[AnyOf(list(Way), Later("Not a valid choice."))])
    reason = TextAreaField(
        Later("Reason"), [InputRequired(Later("Please give the reason.")), at_most(REASON_MAX)]
    )
    amount_rial = RialField(Later("What the bank took"))
    outside_reference = StringField(Later("Number of the refund at the bank"), [at_most(60)])
    outside_on = DayField(Later("Day of the refund"))

    def refuse(self, refusal: Refusal) -> None:
        """Show why nothing was asked, beside the field it is about."""
        put_beside(self, refusal.field or "reason", refusal)


class DecisionForm(SpokenForm):
    """The decision on a request; the code is asked for where the last one is not fresh."""

    decision = HiddenField(validators=[AnyOf(list(Decision), Later("Not a valid choice."))])
    code = StringField(Later("One-time code"), [at_most(_CODE_MAX)])


@dataclass(frozen=True, slots=True)
class StepShown:
    """One thing that happened, in words, with its evidence."""

    name: str
    state: str
    at: datetime
    outcome: str
    bank_code: str
    evidence: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RequestShown:
    """One request with the persons behind it."""

    row: RefundRequest
    asked_by: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class OpenShown:
    """A request that has not ended, with who asked and for how long it has been waiting."""

    row: OpenRefund
    asked_by: str
    age: str
    waits: timedelta


@dataclass(frozen=True, slots=True)
class UnseenShown:
    """A refund that the bank carried out and no statement shows, with how long ago that was."""

    row: UnseenRefund
    age: str
    waits: timedelta


def refunds() -> ResponseReturnValue:
    """What could go back, what waits for a second person, what is under way, what is done."""
    before_id = request.args.get("before", type=int)
    after_id = request.args.get("apart_after", 0, type=int)
    now = current.now()
    with current.database.reading() as session:
        apart = payments_apart(session, after_id=after_id, limit=APART_PAGE + 1)
        ended = ended_refunds(session, before_id=before_id, limit=PAGE + 1)
        older = url_for("finance.refunds", before=ended[PAGE - 1][0].id) if ended[PAGE:] else ""
        return render_template(
            "finance/refunds.html",
            waiting=[_open_shown(session, row, now=now) for row in waiting_refunds(session)],
            under_way=[_open_shown(session, row, now=now) for row in refunds_under_way(session)],
            unseen=[
                UnseenShown(row, _age(row.end.ended_at, now=now), now - row.end.ended_at)
                for row in unseen_refunds(session, ended_by=now, limit=_UNSEEN_SHOWN)
            ],
            hangs_after=HANGS_AFTER,
            unseen_after=UNSEEN_AFTER,
            apart=apart[:APART_PAGE],
            more_apart_url=(
                url_for("finance.refunds", apart_after=apart[APART_PAGE - 1].id)
                if apart[APART_PAGE:]
                else ""
            ),
            ended=ended[:PAGE],
            older_url=older,
            me=the_person().staff_member_id,
            titles={name: title_of(gateway) for name, gateway in current.gateways.items()},
            states=STATES,
            ways=WAYS,
            endings=ENDINGS,
        )


def payment(payment_id: int) -> ResponseReturnValue:
    """One payment: its facts, its steps with the evidence, and the way back for its money."""
    forms = {Way.OUTSIDE: AskForm(request.form, prefix="outside-")}
    asked = forms[Way.OUTSIDE]
    if request.method == "POST":
        if "way" in request.form:
            asked = AskForm(request.form)
        if asked.validate():
            try:
                _ask(payment_id, asked)
            except NotFound:
                raise
            except Refusal as refusal:
                asked.refuse(refusal)
            else:
                flash(_("It was asked for. Another person has to approve it."), "success")
                return redirect(url_for("finance.refunds"), 303)
    with current.database.reading() as session:
        page = _payment_page(session, payment_id, asked if "way" in request.form else None, forms)
        return page, 422 if asked.errors else 200


def refund_request(request_id: int) -> ResponseReturnValue:
    """One request: what would go back, which way and why; approve or decline it."""
    who = the_person()
    form = DecisionForm(request.form)
    if request.method == "POST" and form.validate():
        try:
            payment_id = _decide(who, form, request_id)
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "code", refusal)
        else:
            return redirect(url_for("finance.payment", payment_id=payment_id), 303)
    with current.database.reading() as session:
        row = open_request(session, request_id)
        page = render_template(
            "finance/refund_request.html",
            row=row,
            payment=payment_with_pledge(session, row.payment_id),
            asked_by=_name(session, row.asked_by_id),
            is_mine=row.asked_by_id == who.staff_member_id,
            needs_code=not who.is_stepped_up,
            ways=WAYS,
            states=STATES,
            form=form,
        )
        return page, 422 if form.errors else 200


def _ask(payment_id: int, form: AskForm) -> None:
    with current.database.writing() as session:
        ask_for_refund(
            session,
            current.gateways,
            payment_id,
            Asked(
                way=Way(form.way.data or ""),
                reason=form.reason.data or "",
                amount_rial=form.amount_rial.value,
                outside_reference=form.outside_reference.data or "",
                outside_on=form.outside_on.value,
            ),
            asked_by_id=the_person().staff_member_id,
            now=current.now(),
        )


def _decide(who: SignedIn, form: DecisionForm, request_id: int) -> int:
    """Write the decision down and, when approved, order it; the payment it is about."""
    with current.database.reading() as session:
        payment_id = open_request(session, request_id).payment_id
    if Decision(form.decision.data or "") is Decision.DECLINED:
        with current.database.writing() as session:
            decline_refund(
                session,
                current.gateways,
                request_id,
                decided_by_id=who.staff_member_id,
                now=current.now(),
            )
        flash(_("The request was declined; the payment stands."), "success")
        return payment_id
    demand_fresh_code(who, form.code.data or "")
    state = approve_refund(
        current.database,
        current.gateways,
        request_id,
        decided_by_id=who.staff_member_id,
        clock=current.now,
    )
    flash(*_told(state))
    return payment_id


def _told(state: PaymentState) -> tuple[str, str]:
    """What became of an approved request at once, and how it is to be shown."""
    if state in (_S.REVERSED, _S.REFUNDED):
        return _("The money goes back; the receipt is void where there was one."), "success"
    if state in (_S.REVERSING, _S.REVERSE_UNKNOWN, _S.REFUND_REQUESTED, _S.REFUND_UNKNOWN):
        return _("It was ordered, and the bank has not confirmed it yet. We go on asking."), "info"
    return _("The bank declined it; the payment stands as before."), "error"


def _payment_page(
    session: Session, payment_id: int, asked: AskForm | None, forms: Mapping[Way, AskForm]
) -> str:
    row = payment_with_pledge(session, payment_id)
    under_way = session.get(OpenRefund, payment_id)
    ways = () if under_way else open_ways(session, current.gateways, row, now=current.now())
    main = next((way for way in ways if way is not Way.OUTSIDE), None)
    calls = session.scalars(
        select(GatewayCall)
        .where(GatewayCall.payment_id == payment_id)
        .order_by(GatewayCall.id.desc())
        .limit(_CALLS_SHOWN)
    ).all()
    return render_template(
        "finance/payment.html",
        payment=row,
        gateway=current.gateways.get(row.gateway),
        steps=_steps(session, row),
        requests=[
            RequestShown(
                request_row,
                _name(session, request_row.asked_by_id),
                _name(session, request_row.decision.decided_by_id) if request_row.decision else "",
            )
            for request_row in requests_of(session, payment_id)
        ],
        under_way=under_way,
        calls=calls[::-1],
        main=main,
        may_write_down=Way.OUTSIDE in ways,
        is_mismatch=row.state is _S.MISMATCH,
        form=asked or AskForm(),
        outside_form=forms[Way.OUTSIDE],
        states=STATES,
        ways=WAYS,
        endings=ENDINGS,
        call_words=CALLS,
        kinds=KINDS,
        me=the_person().staff_member_id,
    )


def _steps(session: Session, row: Payment) -> list[StepShown]:
    return [
        StepShown(
            name=str(STEPS.get(step.step, step.step)),
            state=str(STATES[step.state][0]),
            at=step.at,
            outcome=_outcome(step.outcome),
            bank_code=step.bank_code or "",
            evidence=_evidence(step.evidence),
        )
        for step in steps_of(session, row.id)
    ]


def _outcome(written: str | None) -> str:
    """What a step came to, in words; a word that is none of ours stays as it was written."""
    if not written:
        return ""
    return str(KINDS[Kind(written)][0]) if written in set(Kind) else written


def _evidence(text: str | None) -> list[tuple[str, str]]:
    facts = json.loads(text) if text else {}
    return [(str(name), str(value)) for name, value in facts.items()]


def _open_shown(session: Session, row: OpenRefund, *, now: datetime) -> OpenShown:
    decision = row.request.decision
    since = decision.decided_at if decision else row.request.asked_at
    asked_by = _name(session, row.request.asked_by_id)
    return OpenShown(row, asked_by, _age(since, now=now), now - since)


def _age(since: datetime, *, now: datetime) -> str:
    minutes = max(0, int((now - since).total_seconds()) // 60)
    days, hours = minutes // (24 * 60), minutes // 60
    if days:
        return counted("%(count)s day", "%(count)s days", days) % {"count": digits(days)}
    if hours:
        return counted("%(count)s hour", "%(count)s hours", hours) % {"count": digits(hours)}
    return counted("%(count)s minute", "%(count)s minutes", minutes) % {"count": digits(minutes)}


def _name(session: Session, staff_member_id: int) -> str:
    return session.get_one(StaffMember, staff_member_id).name
