"""Sending money back: two persons, then our order and the bank's answer in turn, then the books.

A reversal undoes a payment before its money reaches our account: what was posted is reversed. A
refund sends money that was paid out, or will be: it leaves its fund for ``refunds``, until the
debit is seen on the statement. Every function here may be repeated and may die between any two
lines: what it committed is enough for the sweeper to go on.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import exists, literal, select
from sqlalchemy.orm import Session

from core.clock import minute_of_day, tehran_date
from core.database import Database, Id
from core.events import Event, Happening
from core.refusals import NotFound
from core.words import _
from donations.comparing import Verdict, note_difference
from donations.models.contribution import Contribution
from donations.models.desk import Decision
from donations.models.fund import Fund
from donations.models.payment import Payment, PaymentState, PaymentStep
from donations.models.pledge import ItemKind, ItemState
from donations.models.refund import RefundRequest, Way
from donations.paying import pay_out_moment
from donations.refunding import Asked, Means, ask_to_send_back, decide_on_refund, ways_back
from donations.sending_back import (
    TOOK_BACK,
    Claimed,
    Errand,
    claim_sending,
    due_refunds,
    postpone_refund,
    put_off,
    record_outside,
    record_sending,
    record_taken_back,
)
from donations.stepping import locked_payment, make_final
from flows.calling import Answered, ask, keep, open_gateway_of
from flows.events import emit
from flows.receiving import expect_nothing_of_payment, let_go_of_payment
from ledger.accounts import AccountKind, account_code
from ledger.postings import Cause, Leg, move, post, posting_of, reverse
from ledger.terminals import Terminal
from payment_gateways.contract import Kind, Outcome
from payment_gateways.registry import Gateway
from reconciliation.expected import (
    ExpectedTerminalMoney,
    MoneySource,
    expect_refunds,
    expect_terminal_money,
)

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
S = PaymentState
_TURNS = 3  # asked what became of it, sent, asked again: as far as one visit goes


def open_ways(
    session: Session, gateways: Mapping[str, Gateway], payment: Payment, *, now: datetime
) -> tuple[Way, ...]:
    """The ways that are open for the money of this payment now, the best first."""
    gateway = open_gateway_of(gateways, payment.gateway)
    means = (
        Means(gateway.manifest, gateway.may_reverse, gateway.may_refund, gateway.refund_rial_max)
        if gateway is not None
        else None
    )
    is_paid_out = payment.is_final and not _is_awaited(session, payment.id)
    return ways_back(session, payment, means, is_paid_out=is_paid_out, now=now)


def ask_for_refund(
    session: Session,
    gateways: Mapping[str, Gateway],
    payment_id: int,
    asked: Asked,
    *,
    asked_by_id: int,
    now: datetime,
) -> RefundRequest:
    """Ask that the money of a payment goes back; another person decides.

    Raises NotFound, and what ``donations.refunding.ask_to_send_back`` raises.
    """
    payment = _the_payment(session, payment_id)
    ways = open_ways(session, gateways, payment, now=now)
    return ask_to_send_back(session, payment_id, asked, ways, asked_by_id=asked_by_id, now=now)


def approve_refund(
    database: Database,
    gateways: Mapping[str, Gateway],
    request_id: int,
    *,
    decided_by_id: int,
    clock: Clock,
) -> PaymentState:
    """Agree that money goes back, and order it at once; where the payment stands now.

    Raises NotFound, SecondPersonNeeded, AlreadyDecided, NoWayBack.
    """
    with database.writing() as session:
        request = _decided(
            session, gateways, request_id, Decision.APPROVED, decided_by_id, now=clock()
        )
        payment_id = request.payment_id
        if request.way is Way.OUTSIDE:
            record_outside(session, request, now=clock())
            _book_refund(session, request, now=clock())
    return send_back(database, gateways, payment_id, clock=clock)


def decline_refund(
    session: Session,
    gateways: Mapping[str, Gateway],
    request_id: int,
    *,
    decided_by_id: int,
    now: datetime,
) -> None:
    """Say that a request does not stand; the payment is as before.

    Raises NotFound, SecondPersonNeeded, AlreadyDecided.
    """
    _decided(session, gateways, request_id, Decision.DECLINED, decided_by_id, now=now)


def send_back(
    database: Database, gateways: Mapping[str, Gateway], payment_id: int, *, clock: Clock
) -> PaymentState:
    """Bring an approved request as far as the bank allows now. Repeating or racing is harmless."""
    for _turn in range(_TURNS):
        with database.writing() as session:
            payment = _the_payment(session, payment_id)
            gateway, state = open_gateway_of(gateways, payment.gateway), payment.state
            claimed = claim_sending(session, payment_id, now=clock()) if gateway else None
        if gateway is None or claimed is None:
            return state
        answered = _asked(gateway, claimed)
        outcome, now = answered.outcome, clock()
        with database.writing() as session:
            state = _record(session, payment_id, claimed, outcome, now=now)
            keep(session, answered, payment_id, now=now)
        _tell_the_log(payment_id, claimed, outcome, state)
        if outcome.kind is not Kind.NOT_FOUND:
            break
    return state


def sweep_refunds(
    database: Database, gateways: Mapping[str, Gateway], *, clock: Clock, limit: int = 100
) -> int:
    """Go on with every approved request whose time has come; returns how many.

    One that fails keeps no other waiting: the troubles are raised together at the end.
    """
    now = clock()
    with database.reading() as session:
        names = [name for name in gateways if open_gateway_of(gateways, name)]
        due = due_refunds(session, names, now=now, limit=limit)
    troubles: list[Exception] = []
    for payment_id in due:
        try:
            send_back(database, gateways, payment_id, clock=clock)
        except Exception as trouble:
            trouble.add_note(f"refund of payment {payment_id}")
            troubles.append(trouble)
            with database.writing() as session:
                postpone_refund(session, payment_id, now=clock())
    if troubles:
        raise ExceptionGroup("some refunds could not be brought on", troubles)
    return len(due)


def bank_took_back(session: Session, payment: Payment, outcome: Outcome, *, now: datetime) -> bool:
    """Record that the bank undid a final payment by itself; the receipt is void at once.

    What was promised may be paid again. ``outcome`` is the evidence. False where the payment has
    moved on. Raises AlreadySettled where its money was matched with the statement: then people
    have to look at the match first.
    """
    if not record_taken_back(session, payment, outcome, now=now):
        return False
    _undo_books(session, payment, ItemState.PROMISED, None, now=now)
    emit(session, Event(Happening.PAYMENT_TAKEN_BACK, payment.id), now=now)
    return True


def _the_payment(session: Session, payment_id: int) -> Payment:
    if session.get(Payment, payment_id) is None:
        raise NotFound(subject="payment")
    return locked_payment(session, payment_id)


def _decided(
    session: Session,
    gateways: Mapping[str, Gateway],
    request_id: int,
    decision: Decision,
    decided_by_id: int,
    *,
    now: datetime,
) -> RefundRequest:
    request = session.get(RefundRequest, request_id)
    if request is None:
        raise NotFound(subject="refund_request")
    payment = locked_payment(session, request.payment_id)
    ways = open_ways(session, gateways, payment, now=now)
    return decide_on_refund(
        session, request_id, decision, ways, decided_by_id=decided_by_id, now=now
    )


def _asked(gateway: Gateway, claimed: Claimed) -> Answered:
    adapter, payment, refund = gateway.adapter, claimed.payment, claimed.refund
    calls: Mapping[Errand, Callable[[], Outcome]] = {
        Errand.REVERSE: lambda: adapter.reverse(payment),
        Errand.REFUND: lambda: adapter.refund(payment, refund),
        Errand.STATUS: lambda: adapter.refund_status(payment, refund),
    }
    return ask(gateway, claimed.errand.value, calls[claimed.errand])


def _record(
    session: Session, payment_id: int, claimed: Claimed, outcome: Outcome, *, now: datetime
) -> PaymentState:
    """Record an answer, and what follows from it in the books, all or nothing."""
    payment = locked_payment(session, payment_id)
    is_undone = claimed.errand is Errand.REVERSE and outcome.kind is Kind.DONE
    if is_undone and payment.is_final and not _is_awaited(session, payment_id):
        # Matched with the statement meanwhile: people have to undo that match first.
        return put_off(session, payment_id, outcome, "reverse_matched", now=now)
    was = payment.state
    state = record_sending(session, payment_id, claimed, outcome, now=now)
    if state is was or state not in (S.REVERSED, S.REFUNDED):
        if outcome.kind is Kind.DONE and state not in (S.REVERSED, S.REFUNDED):
            # Too late to be believed by itself, and money may have gone: finance has to look.
            note_difference(session, payment, Verdict.DIFFERS, outcome, now=now)
        return state
    request = session.get_one(RefundRequest, claimed.request_id)
    if state is S.REVERSED:
        _undo_books(session, payment, ItemState.WITHDRAWN, request, now=now)
        emit(session, Event(Happening.PAYMENT_SENT_BACK, payment_id), now=now)
    else:
        _book_refund(session, request, now=now)
    return state


def _undo_books(
    session: Session,
    payment: Payment,
    items: ItemState,
    request: RefundRequest | None,
    *,
    now: datetime,
) -> None:
    """Undo what a payment was posted as; one that never became ours was never posted."""
    if not payment.is_final:
        return
    expect_nothing_of_payment(session, payment)
    contribution = _let_go(session, payment, items, request, now=now)
    posting_id = (
        posting_of(session, Cause.SURPLUS, payment.id)
        if contribution is None
        else posting_of(session, Cause.CONTRIBUTION, contribution.id)
    )
    reverse(session, posting_id, booked_on=tehran_date(now), now=now)


def _book_refund(session: Session, request: RefundRequest, *, now: datetime) -> None:
    """Fund or surplus / refunds, and the debit that is to be seen on the statement."""
    payment = locked_payment(session, request.payment_id)
    if not payment.is_final:
        _post_as_surplus(session, payment, request, now=now)
    contribution = _let_go(session, payment, ItemState.WITHDRAWN, request, now=now)
    post(
        session,
        Cause.REFUND,
        request.id,
        [
            *_given_for(session, contribution, request),
            Leg(account_code(AccountKind.REFUNDS), -request.amount_rial),
        ],
        booked_on=tehran_date(now),
        now=now,
    )
    session.flush()
    expect_refunds(session, select(literal(request.id, Id)))
    emit(session, Event(Happening.PAYMENT_SENT_BACK, payment.id), now=now)


def _post_as_surplus(
    session: Session, payment: Payment, request: RefundRequest, *, now: datetime
) -> None:
    """Gateway / surplus: what the bank took for a payment that never became a gift."""
    make_final(session, payment, is_surplus=True, now=now)
    terminal = session.scalars(select(Terminal).where(Terminal.name == payment.gateway)).one()
    taken_at = pay_out_moment(session, payment, now=now)
    expect_terminal_money(
        session,
        terminal.id,
        tehran_date(taken_at),
        MoneySource.PAYMENT,
        payment.id,
        amount_rial=request.amount_rial,
        reference=payment.trace_number or payment.bank_reference,
        taken_minute=minute_of_day(taken_at),
    )
    owed = account_code(AccountKind.GATEWAY, payment.gateway)
    post(
        session,
        Cause.SURPLUS,
        payment.id,
        move(owed, account_code(AccountKind.SURPLUS), request.amount_rial),
        booked_on=tehran_date(now),
        now=now,
    )


def _let_go(
    session: Session,
    payment: Payment,
    items: ItemState,
    request: RefundRequest | None,
    *,
    now: datetime,
) -> Contribution | None:
    decision = request.decision if request is not None else None
    return let_go_of_payment(
        session,
        payment,
        items,
        reason=request.reason if request is not None else _("The bank took the money back."),
        asked_by_id=request.asked_by_id if request is not None else None,
        approved_by_id=decision.decided_by_id if decision is not None else None,
        evidence_id=_words_of_the_bank(session, payment) if request is None else None,
        now=now,
    )


def _words_of_the_bank(session: Session, payment: Payment) -> int:
    """The step that keeps what the bank said when it took the money of a payment back."""
    return session.scalars(
        select(PaymentStep.id)
        .where(PaymentStep.payment_id == payment.id, PaymentStep.step == TOOK_BACK)
        .order_by(PaymentStep.id.desc())
        .limit(1)
    ).one()


def _given_for(
    session: Session, contribution: Contribution | None, request: RefundRequest
) -> list[Leg]:
    """What is taken from each fund again, or from the surplus."""
    if contribution is None:
        return [Leg(account_code(AccountKind.SURPLUS), request.amount_rial)]
    return [
        Leg(
            account_code(AccountKind.FUND, session.get_one(Fund, line.fund_id).code),
            line.amount_rial or 0,
        )
        for line in contribution.lines
        if line.kind is ItemKind.CASH
    ]


def _is_awaited(session: Session, payment_id: int) -> bool:
    """Whether the pay-out of a payment is still to be found on the statement."""
    awaited = exists().where(
        ExpectedTerminalMoney.source == MoneySource.PAYMENT,
        ExpectedTerminalMoney.source_id == payment_id,
    )
    return bool(session.scalar(select(awaited)))


def _tell_the_log(payment_id: int, claimed: Claimed, outcome: Outcome, state: PaymentState) -> None:
    facts = {
        "payment_id": payment_id,
        "errand": claimed.errand.value,
        "outcome": outcome.kind.value,
        "bank_code": outcome.bank_code,
        "state": state.value,
    }
    if outcome.kind is Kind.CONFIG_ERROR:  # nobody but us can mend it, and a donor waits for it
        log.error("the bank takes no order from us to send money back", extra=facts)
    else:
        log.info("payment sent back", extra=facts)
