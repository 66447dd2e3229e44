"""The life of a payment in our own rows: each step one conditional change, each with its evidence.

Nothing here calls a bank. ``flows/paying.py`` alternates these steps with the bank calls, so that
a call never stands inside a transaction: the intention is committed, the bank is asked, the
answer is recorded. Whoever loses a race over a step finds that it changed no row, and re-reads.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.refusals import NotFound, Refusal
from donations.judging import (
    FIRST_RETRY,
    PAID,
    UNPROVEN,
    belongs_to_another,
    is_ours,
    next_check,
    state_after_confirm,
    state_after_look,
    window_is_over,
)
from donations.models.payment import (
    OPEN_STATES,
    TOKEN_MAX,
    TRACE_NUMBER_MAX,
    Payment,
    PaymentState,
    PaymentStep,
)
from donations.models.pledge import ItemKind, ItemState, Pledge, PledgeItem
from donations.stepping import (
    change_to,
    locked_payment,
    note_step,
    step_to,
    withdraw_reference,
)
from payment_gateways.contract import (
    Claim,
    Hint,
    Kind,
    Manifest,
    Outcome,
    Recovery,
    StoredPayment,
)

S = PaymentState

# Where a donor may still be on the way to the bank, at it, or back from it without proof.
_WAITING = frozenset({S.STARTED, S.REDIRECTED, S.RETURNED, S.CANCELLED_CLAIMED})

# Spelt as the index of open payments spells it.
_IS_DUE = (Payment.final_at.is_(None), Payment.state.in_(sorted(OPEN_STATES)))

# How long a confirm call may be on its way before somebody else may repeat it.
LEASE = timedelta(seconds=60)

_LOCK_PLEDGE = select(Pledge).where(Pledge.id == bindparam("pledge_id")).with_for_update()
_CASH_ITEMS = select(PledgeItem.amount_rial, PledgeItem.state).where(
    PledgeItem.pledge_id == bindparam("pledge_id"),
    PledgeItem.kind == ItemKind.CASH,
    PledgeItem.state != ItemState.WITHDRAWN,
)


_PAID_BY_ANOTHER = (
    select(Payment.id)
    .where(
        Payment.pledge_id == bindparam("pledge_id"),
        Payment.id != bindparam("payment_id"),
        Payment.final_at.is_not(None),
        Payment.is_surplus.is_(False),
        Payment.state.not_in((S.REVERSED, S.REFUNDED)),
    )
    .limit(1)
)


class AlreadyPaid(Refusal):
    """The cash of this pledge has arrived; there is nothing left to pay."""

    code = "payment.already_paid"
    http_status = 409


class AmountOutsideGateway(Refusal):
    """The amount is below or above what this gateway takes."""

    code = "payment.outside_gateway"
    http_status = 422
    field = "gateway"


class AmountBetweenSteps(Refusal):
    """The gateway counts in larger units: this amount could only be sent rounded, so it is not."""

    code = "payment.between_steps"
    http_status = 422
    field = "gateway"


class NothingToPay(Refusal):
    """The pledge holds no cash."""

    code = "payment.no_cash"
    http_status = 409


@dataclass(frozen=True, slots=True)
class Terminal:
    """What the core must know about a gateway to judge its answers."""

    name: str
    manifest: Manifest


def create_payment(
    session: Session, pledge_id: int, terminal: Terminal, *, check_after: timedelta, now: datetime
) -> Payment:
    """Open a new attempt to pay what is still promised in cash. Earlier attempts stay on record.

    The order number is random in 60 bits and unique by constraint: unlike a counter it cannot be
    handed out again after an older backup was restored.
    Raises NotFound, NothingToPay, AlreadyPaid, AmountOutsideGateway, AmountBetweenSteps.
    """
    pledge = locked_pledge(session, pledge_id)
    amount_rial = promised_cash_rial(session, pledge.id)
    _check_amount(amount_rial, terminal.manifest)
    payment = Payment(
        pledge_id=pledge.id,
        gateway=terminal.name,
        order_number=10**17 + secrets.randbelow(9 * 10**17),
        amount_rial=amount_rial,
        state=S.CREATED,
        return_key=secrets.token_hex(16),
        created_at=now,
        changed_at=now,
        check_after=now + check_after,
    )
    session.add(payment)
    session.flush()
    note_step(session, payment.id, "create", S.CREATED, None, now=now)
    return payment


def locked_pledge(session: Session, pledge_id: int) -> Pledge:
    """The pledge, held until the transaction ends; locks go payment, pledge, fund, series."""
    pledge = session.scalars(_LOCK_PLEDGE, {"pledge_id": pledge_id}).one_or_none()
    if pledge is None:
        raise NotFound(subject="pledge")
    return pledge


def promised_cash_rial(session: Session, pledge_id: int) -> int:
    """What is still promised in cash, in rials. Raises AlreadyPaid, NothingToPay."""
    cash = session.execute(_CASH_ITEMS, {"pledge_id": pledge_id}).all()
    if not cash:
        raise NothingToPay
    open_rial = sum(amount or 0 for amount, state in cash if state is ItemState.PROMISED)
    if not open_rial:
        raise AlreadyPaid
    return open_rial


def _check_amount(amount_rial: int, manifest: Manifest) -> None:
    least, most = manifest.amount_rial_min, manifest.amount_rial_max
    if not least <= amount_rial <= most:
        raise AmountOutsideGateway(least=least, most=most)
    if amount_rial % manifest.amount_rial_step:
        raise AmountBetweenSteps(step_rial=manifest.amount_rial_step)


def record_start(session: Session, payment_id: int, outcome: Outcome, *, now: datetime) -> bool:
    """Record how the bank took the announcement; true when the donor can be sent there.

    A token too long to be kept whole is as good as none: its payment could not be found again.
    """
    if outcome.kind is Kind.STARTED and 0 < len(outcome.token or "") <= TOKEN_MAX:
        return step_to(
            session,
            payment_id,
            {S.CREATED},
            S.REDIRECTED,
            "start",
            outcome,
            now=now,
            token=outcome.token,
        )
    unclear = outcome.kind in (Kind.UNKNOWN, Kind.STARTED)
    step_to(
        session,
        payment_id,
        {S.CREATED},
        S.START_UNKNOWN if unclear else S.FAILED,
        "start",
        outcome,
        now=now,
    )
    return False


def record_return(session: Session, payment: Payment, hint: Hint, *, now: datetime) -> bool:
    """Record what a browser brought back; true when it is time to ask the bank.

    A hint whose token or order is not ours changes nothing and is kept as evidence.
    """
    if not is_ours(payment, hint):
        note_step(
            session, payment.id, "return_ignored", payment.state, None, now=now, facts=_facts(hint)
        )
        return False
    claims_nothing = hint.claim in (Claim.CANCELLED, Claim.FAILED) and not hint.bank_reference
    if claims_nothing:
        after = S.CANCELLED_CLAIMED
        step_to(
            session,
            payment.id,
            _WAITING - {after},
            after,
            "return",
            None,
            now=now,
            facts=_facts(hint),
        )
        return False
    step_to(
        session,
        payment.id,
        _WAITING - {S.RETURNED},
        S.RETURNED,
        "return",
        None,
        now=now,
        facts=_facts(hint),
        check_after=now + FIRST_RETRY,
    )
    return True


def claim_confirm(
    session: Session,
    payment_id: int,
    *,
    bank_reference: str | None,
    now: datetime,
    claimed_rial: int | None = None,
    named_by_bank: bool = False,
) -> StoredPayment | None:
    """Take the right to ask the bank to confirm; ``None`` when it is not ours to take.

    The bank's reference is reserved here, before the call: where it already belongs to another
    payment, the UNIQUE constraint refuses and nothing is asked. A reference that is
    ``named_by_bank`` for this payment is taken from one that a browser reserved it for.
    """
    payment = locked_payment(session, payment_id)
    in_flight = payment.state is S.CONFIRMING and payment.check_after > now
    if in_flight or payment.state not in UNPROVEN:
        return None
    reference = bank_reference or payment.bank_reference
    if reference and belongs_to_another(session, payment, reference, named_by_bank=named_by_bank):
        note_step(
            session,
            payment.id,
            "reference_taken",
            payment.state,
            None,
            now=now,
            facts={"bank_reference": reference},
        )
        # Nothing else moves it on: without a pause the sweeper would come back every time.
        payment.check_after = next_check(payment, payment.state, now=now)
        payment.checks += 1
        session.flush()
        return None
    if reference and named_by_bank:
        withdraw_reference(session, payment, reference, UNPROVEN, now=now)
    moved = step_to(
        session,
        payment_id,
        {payment.state},
        S.CONFIRMING,
        "confirm",
        None,
        now=now,
        bank_reference=reference,
        claimed_rial=payment.claimed_rial if claimed_rial is None else claimed_rial,
        check_after=now + LEASE,
    )
    return replace(stored(payment), bank_reference=reference) if moved else None


def record_confirm(
    session: Session, payment_id: int, outcome: Outcome, terminal: Terminal, *, now: datetime
) -> PaymentState:
    """Judge the bank's answer to a confirm and record where it leads.

    The adapter says what the bank said; whether money came is decided here: whatever the answer
    carries must equal ours, and it must bind the order or the amount.
    """
    payment = locked_payment(session, payment_id)
    if payment.final_at is not None or payment.state not in UNPROVEN:
        return payment.state  # somebody else recorded an answer first
    if payment.state is not S.CONFIRMING:
        # Our lease ran out and somebody else recorded an answer. Proof still counts; whatever is
        # less than proof is older than what stands.
        if outcome.kind not in PAID:
            return payment.state
        step_to(session, payment_id, {payment.state}, S.CONFIRMING, "confirm_late", None, now=now)
    after = state_after_confirm(session, payment, outcome, terminal.manifest, now=now)
    changes: dict[str, Any] = {
        "check_after": next_check(payment, after, now=now, manifest=terminal.manifest),
        "checks": 0 if after is S.REDIRECTED else payment.checks + 1,
    }
    if outcome.kind in PAID:
        changes |= {
            "trace_number": (outcome.trace_number or "")[:TRACE_NUMBER_MAX] or payment.trace_number,
            "card_masked": outcome.card_masked or payment.card_masked,
        }
        if after is S.CONFIRMED and outcome.bank_reference not in (None, payment.bank_reference):
            changes["bank_reference"] = outcome.bank_reference
            withdraw_reference(session, payment, outcome.bank_reference, UNPROVEN, now=now)
    elif after in (S.REDIRECTED, S.FAILED, S.CANCELLED, S.EXPIRED):
        changes["bank_reference"] = None  # the bank knows no such money: free the reservation
    step_to(session, payment_id, {payment.state}, after, "confirm", outcome, now=now, **changes)
    return after


def claim_look(
    session: Session, payment_id: int, terminal: Terminal, *, now: datetime
) -> StoredPayment | None:
    """Take the right to look at the bank after a payment whose browser never came back."""
    payment = locked_payment(session, payment_id)
    if payment.check_after > now:
        return None
    return _claimed_look(session, payment, terminal, now=now)


def claim_look_early(
    session: Session, payment_id: int, terminal: Terminal, *, now: datetime
) -> StoredPayment | None:
    """The same before its time has come: the donor is about to pay in another way."""
    payment = locked_payment(session, payment_id)
    return _claimed_look(session, payment, terminal, now=now)


def _claimed_look(
    session: Session, payment: Payment, terminal: Terminal, *, now: datetime
) -> StoredPayment | None:
    if payment.state not in _WAITING:
        return None
    payment.check_after = now + LEASE
    session.flush()
    if terminal.manifest.recovers_by is Recovery.CONFIRM:
        # The look is a confirm: once it is on its way, only its answer says that nothing is ours.
        note_step(session, payment.id, "probe", payment.state, None, now=now)
    return stored(payment)


def record_look(
    session: Session, payment_id: int, outcome: Outcome, terminal: Terminal, *, now: datetime
) -> PaymentState:
    """Record what a look at the bank showed.

    AWAITS_CONFIRM is for the caller to confirm; here it is money that the bank will give back.
    """
    payment = locked_payment(session, payment_id)
    if payment.state not in _WAITING:
        return payment.state
    after = state_after_look(payment, outcome, terminal.manifest, now=now)
    change_to(
        session,
        payment_id,
        {payment.state},
        after,
        now=now,
        check_after=next_check(payment, after, now=now, manifest=terminal.manifest),
        checks=payment.checks + 1,
    )
    note_step(session, payment_id, "look", after, outcome, now=now)
    return after


def supersede(session: Session, payment_id: int, terminal: Terminal, *, now: datetime) -> bool:
    """Whether this payment is left to the bank to give back, because another paid the promise.

    Only money that nobody can have confirmed returns by itself; what may be confirmed already is
    asked about as ever, and becomes surplus.
    """
    if not terminal.manifest.returns_unconfirmed:
        return False
    payment = locked_payment(session, payment_id)
    if payment.final_at is not None or payment.state not in UNPROVEN:
        return False
    if not _is_paid_by_another(session, payment):
        return False
    if _may_be_confirmed(session, payment, terminal.manifest):
        return False
    if not is_superseded(session, [payment_id]):
        note_step(session, payment_id, "superseded", payment.state, None, now=now)
    return True


def is_superseded(session: Session, payment_ids: Collection[int]) -> bool:
    """Whether one of these payments was left to the bank to give back."""
    return bool(superseded_among(session, payment_ids))


def superseded_among(session: Session, payment_ids: Collection[int]) -> frozenset[int]:
    """Which of these payments were left to the bank to give back."""
    noted = select(PaymentStep.payment_id).where(
        PaymentStep.payment_id.in_(sorted(payment_ids)), PaymentStep.step == "superseded"
    )
    return frozenset(session.scalars(noted))


def left_to_bank(session: Session, payments: Sequence[Payment]) -> frozenset[int]:
    """Which attempts of one pledge the bank gives back by itself, while another one stands."""
    if not any(is_standing(payment) for payment in payments):
        return frozenset()
    return superseded_among(session, [each.id for each in payments if not each.is_final])


def is_standing(payment: Payment) -> bool:
    """Whether the promise is paid by this payment; spelt as ``_PAID_BY_ANOTHER`` spells it."""
    is_gone = payment.state in (S.REVERSED, S.REFUNDED)
    return payment.is_final and not payment.is_surplus and not is_gone


def _is_paid_by_another(session: Session, payment: Payment) -> bool:
    asked = {"pledge_id": payment.pledge_id, "payment_id": payment.id}
    return session.execute(_PAID_BY_ANOTHER, asked).first() is not None


def _may_be_confirmed(session: Session, payment: Payment, manifest: Manifest) -> bool:
    """Whether a confirm was sent, now or earlier, whose answer nobody knows."""
    if payment.state in (S.CONFIRMING, S.CONFIRM_UNKNOWN):
        return True
    if manifest.recovers_by is not Recovery.CONFIRM:
        return False
    last = session.execute(
        select(PaymentStep.step, PaymentStep.outcome)
        .where(
            PaymentStep.payment_id == payment.id,
            PaymentStep.step.in_(("probe", "look", "confirm")),
        )
        .order_by(PaymentStep.id.desc())
        .limit(1)
    ).one_or_none()
    return last is not None and (last.step == "probe" or last.outcome == Kind.UNKNOWN)


def expire_unstarted(session: Session, payment_id: int, *, now: datetime) -> bool:
    """End an attempt that never reached the donor: no token came, so nobody can have paid."""
    return step_to(
        session, payment_id, {S.CREATED, S.START_UNKNOWN}, S.EXPIRED, "expire", None, now=now
    )


def expire_without_answer(
    session: Session, payment: Payment, terminal: Terminal, *, now: datetime
) -> bool:
    """End an attempt at a gateway that cannot be asked, once the bank has returned the money."""
    if not window_is_over(payment, terminal.manifest, now=now):
        postpone(session, payment.id, terminal, now=now)
        return False
    return step_to(session, payment.id, _WAITING, S.EXPIRED, "expire", None, now=now)


def postpone(session: Session, payment_id: int, terminal: Terminal, *, now: datetime) -> None:
    """Let the sweeper come back to a payment later, so that it keeps no other waiting."""
    payment = locked_payment(session, payment_id)
    payment.check_after = next_check(payment, payment.state, now=now, manifest=terminal.manifest)
    payment.checks += 1
    session.flush()


def claim_settle(session: Session, payment_id: int, *, now: datetime) -> StoredPayment | None:
    """Take the right to ask for the pay-out of a confirmed payment."""
    payment = locked_payment(session, payment_id)
    in_flight = payment.state is S.SETTLING and payment.check_after > now
    if in_flight or payment.state not in (S.CONFIRMED, S.SETTLING, S.SETTLE_UNKNOWN):
        return None
    asked = stored(payment)
    step_to(
        session,
        payment_id,
        {payment.state},
        S.SETTLING,
        "settle",
        None,
        now=now,
        check_after=now + LEASE,
    )
    return asked


def record_settle(
    session: Session, payment_id: int, outcome: Outcome, *, now: datetime
) -> PaymentState:
    """Record the bank's answer to a settle; RETURNED means that the money went back."""
    payment = locked_payment(session, payment_id)
    if payment.state not in (S.SETTLING, S.SETTLE_UNKNOWN):
        return payment.state
    after = {Kind.DONE: S.SETTLED, Kind.RETURNED: S.REVERSED}.get(outcome.kind, S.SETTLE_UNKNOWN)
    step_to(
        session,
        payment_id,
        {payment.state},
        after,
        "settle",
        outcome,
        now=now,
        check_after=next_check(payment, after, now=now),
        checks=payment.checks + 1,
    )
    return after


def gateways_with_due(session: Session, *, now: datetime) -> Sequence[str]:
    """The gateways at which an open payment's time to be looked after has come."""
    due = select(Payment.gateway).where(*_IS_DUE, Payment.check_after <= now).distinct()
    return session.scalars(due.order_by(Payment.gateway)).all()


def due_payments(
    session: Session,
    gateways: Collection[str],
    *,
    now: datetime,
    after: tuple[datetime, int] | None = None,
    limit: int = 100,
) -> Sequence[tuple[int, datetime]]:
    """Open payments of these gateways whose time to be looked after has come, longest due first.

    Gives id and due moment; ask again with the last of them to go on.
    """
    due = (
        select(Payment.id, Payment.check_after)
        .where(
            *_IS_DUE,
            Payment.gateway.in_(sorted(gateways)),
            Payment.check_after <= now,
        )
        .order_by(Payment.check_after, Payment.id)
        .limit(limit)
    )
    if after is not None:
        moment, payment_id = after
        due = due.where(
            or_(
                Payment.check_after > moment,
                and_(Payment.check_after == moment, Payment.id > payment_id),
            )
        )
    return [(payment_id, moment) for payment_id, moment in session.execute(due)]


def pay_out_moment(session: Session, payment: Payment, *, now: datetime) -> datetime:
    """The moment by whose Tehran day and time the bank pays out a payment that is final now.

    That is when the deciding call first reached the bank, which is not always the day on which its
    answer reached us.
    """
    if tehran_date(payment.created_at) == tehran_date(now):
        return now
    asked = session.scalars(
        select(PaymentStep.at)
        .where(
            PaymentStep.payment_id == payment.id,
            PaymentStep.state.in_((S.CONFIRMING, S.SETTLING)),
        )
        .order_by(PaymentStep.state.desc(), PaymentStep.id)  # a settle decides before a confirm
        .limit(1)
    ).one_or_none()
    return now if asked is None else asked


def stored(payment: Payment) -> StoredPayment:
    """What a gateway is told about a payment: our ids, never those of a request."""
    return StoredPayment(
        order_number=payment.order_number,
        amount_rial=payment.amount_rial,
        token=payment.token,
        bank_reference=payment.bank_reference,
        started_at=payment.created_at,
    )


def _facts(hint: Hint) -> dict[str, object]:
    carried = {
        "claim": str(hint.claim),
        "order_number": hint.order_number,
        "bank_reference": hint.bank_reference,
        "card": hint.card_masked,
        "code": hint.bank_code or None,
        "amount_rial": hint.amount_rial,
    }
    return {name: value for name, value in carried.items() if value is not None}
