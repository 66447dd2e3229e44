"""The life of a payment in our own rows: each step one conditional change, each with its evidence.

Nothing here calls a bank. ``flows/paying.py`` alternates these steps with the bank calls, so that
a call never stands inside a transaction: the intention is committed, the bank is asked, the
answer is recorded. Whoever loses a race over a step finds that it changed no row, and re-reads.
"""

import hmac
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from core.refusals import NotFound, Refusal
from donations.models.payment import (
    NEXT_STATES,
    OPEN_STATES,
    ImpossibleStep,
    Payment,
    PaymentState,
    PaymentStep,
)
from donations.models.pledge import ItemKind, ItemState, Pledge, PledgeItem
from payment_gateways.contract import (
    Binds,
    Claim,
    Hint,
    Kind,
    Manifest,
    Outcome,
    StoredPayment,
)

S = PaymentState

# How long a confirm call may be on its way before somebody else may repeat it.
LEASE = timedelta(seconds=60)
FIRST_RETRY = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
AFTER_THE_WINDOW = timedelta(minutes=3)

_BEFORE_CONFIRM = frozenset(
    {
        S.STARTED,
        S.REDIRECTED,
        S.RETURNED,
        S.CANCELLED_CLAIMED,
        S.CONFIRM_UNKNOWN,
        S.CANCELLED,
        S.FAILED,
        S.EXPIRED,
    }
)
_PAID = frozenset({Kind.CONFIRMED, Kind.ALREADY_CONFIRMED})

# What every gift does several times is built once; building costs more than running.
_PAYMENT: Table = Payment.__table__  # type: ignore[assignment]
_STEP: Table = PaymentStep.__table__  # type: ignore[assignment]
_INSERT_STEP = insert(_STEP)
_UPDATE_IF_STILL = update(_PAYMENT).where(  # sets the columns that come with it
    _PAYMENT.c.id == bindparam("the_payment"),
    _PAYMENT.c.state.in_(bindparam("still", expanding=True)),
)
_UPDATE_IF_NOT_FINAL = update(_PAYMENT).where(
    _PAYMENT.c.id == bindparam("the_payment"), _PAYMENT.c.final_at.is_(None)
)
_HOLDING = select(Payment).with_for_update().execution_options(populate_existing=True)
_LOCK = _HOLDING.where(Payment.id == bindparam("payment_id"))
_LOCK_BY_KEY = _HOLDING.where(Payment.return_key == bindparam("return_key"))
_OTHER_OWNER = select(Payment.id).where(
    Payment.gateway == bindparam("gateway"),
    Payment.bank_reference == bindparam("reference"),
    Payment.id != bindparam("payment_id"),
)
_LOCK_PLEDGE = select(Pledge).where(Pledge.id == bindparam("pledge_id")).with_for_update()
_CASH_ITEMS = select(PledgeItem.amount_rial, PledgeItem.state).where(
    PledgeItem.pledge_id == bindparam("pledge_id"),
    PledgeItem.kind == ItemKind.CASH,
    PledgeItem.state != ItemState.WITHDRAWN,
)
_HELD = "payments held by this transaction"


class AlreadyPaid(Refusal):
    """The cash of this pledge has arrived; there is nothing left to pay."""

    code = "payment.already_paid"
    http_status = 409


class AmountOutsideGateway(Refusal):
    """The amount is below or above what this gateway takes."""

    code = "payment.outside_gateway"
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
    Raises NotFound, NothingToPay, AlreadyPaid, AmountOutsideGateway.
    """
    pledge = locked_pledge(session, pledge_id)
    amount_rial = promised_cash_rial(session, pledge.id)
    least, most = terminal.manifest.amount_rial_min, terminal.manifest.amount_rial_max
    if not least <= amount_rial <= most:
        raise AmountOutsideGateway(least=least, most=most)
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
    _note(session, payment.id, "create", S.CREATED, None, now=now)
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


def record_start(session: Session, payment_id: int, outcome: Outcome, *, now: datetime) -> bool:
    """Record how the bank took the announcement; true when the donor can be sent there."""
    if outcome.kind is Kind.STARTED and outcome.token:
        return _step(
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
    _step(
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
    if not _is_ours(payment, hint):
        _note(
            session, payment.id, "return_ignored", payment.state, None, now=now, facts=_facts(hint)
        )
        return False
    waiting = {S.STARTED, S.REDIRECTED, S.RETURNED, S.CANCELLED_CLAIMED}
    claims_nothing = hint.claim in (Claim.CANCELLED, Claim.FAILED) and not hint.bank_reference
    if claims_nothing:
        after = S.CANCELLED_CLAIMED
        _step(
            session,
            payment.id,
            waiting - {after},
            after,
            "return",
            None,
            now=now,
            facts=_facts(hint),
        )
        return False
    _step(
        session,
        payment.id,
        waiting - {S.RETURNED},
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
) -> StoredPayment | None:
    """Take the right to ask the bank to confirm; ``None`` when it is not ours to take.

    The bank's reference is reserved here, before the call: where it already belongs to another
    payment, the UNIQUE constraint refuses and nothing is asked.
    """
    payment = _locked(session, payment_id)
    in_flight = payment.state is S.CONFIRMING and payment.check_after > now
    if in_flight or payment.state not in (*_BEFORE_CONFIRM, S.CONFIRMING):
        return None
    reference = bank_reference or payment.bank_reference
    if reference and _belongs_to_another(session, payment, reference):
        _note(
            session,
            payment.id,
            "reference_taken",
            payment.state,
            None,
            now=now,
            facts={"bank_reference": reference},
        )
        return None
    moved = _step(
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
    payment = _locked(session, payment_id)
    if payment.final_at is not None or payment.state not in _BEFORE_CONFIRM | {S.CONFIRMING}:
        return payment.state  # somebody else recorded an answer first
    if payment.state is not S.CONFIRMING:
        # Our lease ran out and somebody else recorded an answer. Proof still counts; whatever is
        # less than proof is older than what stands.
        if outcome.kind not in _PAID:
            return payment.state
        _step(session, payment_id, {payment.state}, S.CONFIRMING, "confirm_late", None, now=now)
    after = _state_after_confirm(session, payment, outcome, terminal.manifest, now=now)
    changes: dict[str, Any] = {"check_after": _next_check(payment, after, now=now)}
    if outcome.kind in _PAID:
        changes |= {
            "trace_number": outcome.trace_number or payment.trace_number,
            "card_masked": outcome.card_masked or payment.card_masked,
        }
        if after is S.CONFIRMED and outcome.bank_reference:
            changes["bank_reference"] = outcome.bank_reference
    elif after in (S.REDIRECTED, S.FAILED, S.CANCELLED, S.EXPIRED):
        changes["bank_reference"] = None  # the bank knows no such money: free the reservation
    _step(session, payment_id, {payment.state}, after, "confirm", outcome, now=now, **changes)
    return after


def claim_look(session: Session, payment_id: int, *, now: datetime) -> StoredPayment | None:
    """Take the right to look at the bank after a payment whose browser never came back."""
    payment = _locked(session, payment_id)
    if payment.state not in (S.STARTED, S.REDIRECTED, S.CANCELLED_CLAIMED):
        return None
    if payment.check_after > now:
        return None
    payment.check_after = now + LEASE
    session.flush()
    return stored(payment)


def record_look(
    session: Session, payment_id: int, outcome: Outcome, terminal: Terminal, *, now: datetime
) -> PaymentState:
    """Record what a look at the bank showed; AWAITS_CONFIRM is for the caller to confirm."""
    payment = _locked(session, payment_id)
    if payment.state not in (S.STARTED, S.REDIRECTED, S.CANCELLED_CLAIMED):
        return payment.state
    after: PaymentState = payment.state
    is_over = now > payment.created_at + terminal.manifest.confirm_window + AFTER_THE_WINDOW
    nothing_there = outcome.kind in (Kind.NOT_FOUND, Kind.OPEN, Kind.NOT_PAID)
    if outcome.kind is Kind.RETURNED:
        after = S.EXPIRED
    elif payment.state is S.CANCELLED_CLAIMED and outcome.kind in (Kind.NOT_FOUND, Kind.NOT_PAID):
        after = S.CANCELLED
    elif outcome.kind is Kind.NOT_PAID:
        after = S.FAILED
    elif nothing_there and is_over:
        after = S.EXPIRED
    _change(
        session,
        payment_id,
        {payment.state},
        after,
        now=now,
        check_after=_next_check(payment, after, now=now),
        checks=payment.checks + 1,
    )
    _note(session, payment_id, "look", after, outcome, now=now)
    return after


def expire_unstarted(session: Session, payment_id: int, *, now: datetime) -> bool:
    """End an attempt that never reached the donor: no token came, so nobody can have paid."""
    return _step(
        session, payment_id, {S.CREATED, S.START_UNKNOWN}, S.EXPIRED, "expire", None, now=now
    )


def expire_without_answer(
    session: Session, payment: Payment, terminal: Terminal, *, now: datetime
) -> bool:
    """End an attempt at a gateway that cannot be asked, once the bank has returned the money."""
    if now <= payment.created_at + terminal.manifest.confirm_window + AFTER_THE_WINDOW:
        return False
    waiting = {S.STARTED, S.REDIRECTED, S.CANCELLED_CLAIMED}
    return _step(session, payment.id, waiting, S.EXPIRED, "expire", None, now=now)


def claim_settle(session: Session, payment_id: int, *, now: datetime) -> StoredPayment | None:
    """Take the right to ask for the pay-out of a confirmed payment."""
    payment = _locked(session, payment_id)
    in_flight = payment.state is S.SETTLING and payment.check_after > now
    if in_flight or payment.state not in (S.CONFIRMED, S.SETTLING, S.SETTLE_UNKNOWN):
        return None
    asked = stored(payment)
    _step(
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
    payment = _locked(session, payment_id)
    if payment.state not in (S.SETTLING, S.SETTLE_UNKNOWN):
        return payment.state
    after = {Kind.DONE: S.SETTLED, Kind.RETURNED: S.REVERSED}.get(outcome.kind, S.SETTLE_UNKNOWN)
    _step(
        session,
        payment_id,
        {payment.state},
        after,
        "settle",
        outcome,
        now=now,
        check_after=_next_check(payment, after, now=now),
        checks=payment.checks + 1,
    )
    return after


def make_final(session: Session, payment: Payment, *, is_surplus: bool, now: datetime) -> bool:
    """Mark that the money is ours, once; false when it already was."""
    facts = {"final_at": now, "is_surplus": is_surplus}
    changed = session.execute(_UPDATE_IF_NOT_FINAL, {"the_payment": payment.id, **facts})
    is_first: bool = changed.rowcount == 1  # type: ignore[attr-defined]
    _keep_up(session, payment.id, facts, is_true=is_first)
    return is_first


def payment_of_return(session: Session, return_key: str) -> Payment:
    """The payment whose way back carries this key, held until the end. Raises NotFound."""
    payment = session.scalars(_LOCK_BY_KEY, {"return_key": return_key}).one_or_none()
    if payment is None:
        raise NotFound(subject="payment")
    _held(session)[payment.id] = payment
    return payment


def due_payments(
    session: Session, *, now: datetime, after_id: int = 0, limit: int = 100
) -> Sequence[int]:
    """The ids of open payments whose time to be looked after has come, oldest first."""
    return session.scalars(
        select(Payment.id)
        .where(
            Payment.final_at.is_(None),
            Payment.state.in_(sorted(OPEN_STATES)),
            Payment.check_after <= now,
            Payment.id > after_id,
        )
        .order_by(Payment.id)
        .limit(limit)
    ).all()


def stored(payment: Payment) -> StoredPayment:
    """What a gateway is told about a payment: our ids, never those of a request."""
    return StoredPayment(
        order_number=payment.order_number,
        amount_rial=payment.amount_rial,
        token=payment.token,
        bank_reference=payment.bank_reference,
        started_at=payment.created_at,
    )


def _state_after_confirm(
    session: Session, payment: Payment, outcome: Outcome, manifest: Manifest, *, now: datetime
) -> PaymentState:
    if outcome.kind in _PAID:
        return _judged(session, payment, outcome, manifest)
    if outcome.kind is Kind.RETURNED:
        return S.REVERSED
    if outcome.kind is Kind.NOT_PAID:
        return S.FAILED
    if outcome.kind is Kind.REFUSED:
        return S.MISMATCH  # the bank has the money and names another amount or owner
    if outcome.kind in (Kind.OPEN, Kind.NOT_FOUND):
        is_over = now > payment.created_at + manifest.confirm_window + AFTER_THE_WINDOW
        return S.EXPIRED if is_over else S.REDIRECTED
    return S.CONFIRM_UNKNOWN


def _judged(
    session: Session, payment: Payment, outcome: Outcome, manifest: Manifest
) -> PaymentState:
    """CONFIRMED when nothing differs, MISMATCH when something does, else still unknown."""
    if manifest.binds_amount is Binds.ANSWER and outcome.amount_rial is None:
        return S.CONFIRM_UNKNOWN
    pairs = (
        (outcome.amount_rial, payment.amount_rial),
        (outcome.order_number, payment.order_number),
        (outcome.token, payment.token),
    )
    if any(theirs is not None and theirs != ours for theirs, ours in pairs):
        return S.MISMATCH
    if payment.claimed_rial is not None and payment.claimed_rial > payment.amount_rial:
        return S.MISMATCH  # less is a discount the bank bears; more is somebody's money
    reference = outcome.bank_reference or payment.bank_reference
    if reference is None:
        return S.CONFIRM_UNKNOWN
    differs = bool(payment.bank_reference) and not _same(payment.bank_reference or "", reference)
    if differs and manifest.binds_order is not Binds.REQUEST:
        return S.MISMATCH  # ours came from a browser, and nothing else ties the answer to us
    if reference == payment.bank_reference:
        return S.CONFIRMED  # reserved before the bank was asked; UNIQUE keeps it ours
    return S.MISMATCH if _belongs_to_another(session, payment, reference) else S.CONFIRMED


def _belongs_to_another(session: Session, payment: Payment, reference: str) -> bool:
    asked = {"gateway": payment.gateway, "reference": reference, "payment_id": payment.id}
    return session.scalars(_OTHER_OWNER, asked).first() is not None


def _is_ours(payment: Payment, hint: Hint) -> bool:
    """Whether everything a hint carries equals what we stored; it must carry token or order."""
    if hint.token is None and hint.order_number is None:
        return False
    if hint.token is not None and not _same(hint.token, payment.token or ""):
        return False
    return hint.order_number is None or hint.order_number == payment.order_number


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _next_check(payment: Payment, after: PaymentState, *, now: datetime) -> datetime:
    """When the sweeper looks again: soon while money may be in doubt, then ever less often."""
    if after in (S.CONFIRMED, S.SETTLING):
        return now + FIRST_RETRY
    doubled = FIRST_RETRY * (1 << min(payment.checks, 10))
    if after in (S.REDIRECTED, S.STARTED, S.CANCELLED_CLAIMED):
        doubled = max(doubled, timedelta(minutes=1))
    return now + min(doubled, LONGEST_WAIT)


def _locked(session: Session, payment_id: int) -> Payment:
    """The payment as it stands, held until the transaction ends; asked for once in each."""
    held = _held(session)
    if payment_id not in held:
        held[payment_id] = session.scalars(_LOCK, {"payment_id": payment_id}).one()
    return held[payment_id]


def _held(session: Session) -> dict[int, Payment]:
    """The payments that this transaction holds; a lock and the memory of it end together."""
    transaction = session.get_transaction() or session.begin()
    of_transaction, held = session.info.get(_HELD, (None, {}))
    if of_transaction is not transaction:
        held = {}
        session.info[_HELD] = (transaction, held)
    known: dict[int, Payment] = held
    return known


def _step(
    session: Session,
    payment_id: int,
    before: Iterable[PaymentState],
    after: PaymentState,
    step: str,
    outcome: Outcome | None,
    *,
    now: datetime,
    facts: Mapping[str, object] | None = None,
    **changes: object,
) -> bool:
    """Move along one arrow and write it down; false when the payment had moved on already."""
    if not _change(session, payment_id, before, after, now=now, **changes):
        return False
    _note(session, payment_id, step, after, outcome, now=now, facts=facts)
    return True


def _change(
    session: Session,
    payment_id: int,
    before: Iterable[PaymentState],
    after: PaymentState,
    *,
    now: datetime,
    **changes: object,
) -> bool:
    before = set(before)
    for state in before:
        if state is not after and after not in NEXT_STATES[state]:
            raise ImpossibleStep(f"payment {payment_id}: {state} -> {after}")
    facts = {"state": after, "changed_at": now, **changes}
    changed = session.execute(
        _UPDATE_IF_STILL, {"the_payment": payment_id, "still": sorted(before), **facts}
    )
    is_ours: bool = changed.rowcount == 1  # type: ignore[attr-defined]
    _keep_up(session, payment_id, facts, is_true=is_ours)
    return is_ours


def _keep_up(
    session: Session, payment_id: int, facts: Mapping[str, object], *, is_true: bool
) -> None:
    """Let the payment in hand say what its row says now, without reading the row again."""
    known = session.identity_map.get(identity_key(Payment, payment_id))
    if known is None:
        return
    if not is_true:  # somebody else changed the row: read it again when it is needed
        session.expire(known)
        return
    for name, value in facts.items():
        set_committed_value(known, name, value)


def _note(
    session: Session,
    payment_id: int,
    step: str,
    state: PaymentState,
    outcome: Outcome | None,
    *,
    now: datetime,
    facts: Mapping[str, object] | None = None,
) -> None:
    evidence = dict(outcome.evidence) if outcome else dict(facts or {})
    session.execute(
        _INSERT_STEP,
        {
            "payment_id": payment_id,
            "at": now,
            "step": step,
            "state": state,
            "outcome": outcome.kind if outcome else None,
            "bank_code": outcome.bank_code if outcome else None,
            "evidence": json.dumps(evidence, ensure_ascii=False, sort_keys=True)
            if evidence
            else None,
        },
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
