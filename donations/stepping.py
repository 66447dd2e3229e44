"""Moving a payment along one arrow: the lock, the conditional change and the evidence."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from core.refusals import NotFound
from donations.models.payment import (
    NEXT_STATES,
    ImpossibleStep,
    Payment,
    PaymentState,
    PaymentStep,
)
from payment_gateways.contract import Outcome

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
_HELD = "payments held by this transaction"


def locked_payment(session: Session, payment_id: int) -> Payment:
    """The payment as it stands, held until the transaction ends; asked for once in each."""
    held = _held(session)
    if payment_id not in held:
        held[payment_id] = session.scalars(_LOCK, {"payment_id": payment_id}).one()
    return held[payment_id]


def payment_of_return(session: Session, return_key: str) -> Payment:
    """The payment whose way back carries this key, held until the end. Raises NotFound."""
    payment = session.scalars(_LOCK_BY_KEY, {"return_key": return_key}).one_or_none()
    if payment is None:
        raise NotFound(subject="payment")
    _held(session)[payment.id] = payment
    return payment


def step_to(
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
    if not change_to(session, payment_id, before, after, now=now, **changes):
        return False
    note_step(session, payment_id, step, after, outcome, now=now, facts=facts)
    return True


def change_to(
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


def make_final(session: Session, payment: Payment, *, is_surplus: bool, now: datetime) -> bool:
    """Mark that the money is ours, once; false when it already was."""
    facts = {"final_at": now, "is_surplus": is_surplus}
    changed = session.execute(_UPDATE_IF_NOT_FINAL, {"the_payment": payment.id, **facts})
    is_first: bool = changed.rowcount == 1  # type: ignore[attr-defined]
    _keep_up(session, payment.id, facts, is_true=is_first)
    return is_first


def withdraw_reference(
    session: Session,
    payment: Payment,
    reference: str,
    unproven: Collection[PaymentState],
    *,
    now: datetime,
) -> None:
    """Take a reference that the bank names for this payment from one it was only claimed for."""
    lost = session.execute(
        update(_PAYMENT)
        .where(
            _PAYMENT.c.gateway == payment.gateway,
            _PAYMENT.c.bank_reference == reference,
            _PAYMENT.c.id != payment.id,
            _PAYMENT.c.state.in_(sorted(unproven)),
        )
        .values(bank_reference=None)
        .returning(_PAYMENT.c.id, _PAYMENT.c.state)
    ).all()
    for payment_id, state in lost:
        _keep_up(session, payment_id, {"bank_reference": None}, is_true=True)
        note_step(
            session,
            payment_id,
            "reference_lost",
            state,
            None,
            now=now,
            facts={"bank_reference": reference},
        )


def note_step(
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


def _held(session: Session) -> dict[int, Payment]:
    """The payments that this transaction holds; a lock and the memory of it end together."""
    transaction = session.get_transaction() or session.begin()
    of_transaction, held = session.info.get(_HELD, (None, {}))
    if of_transaction is not transaction:
        held = {}
        session.info[_HELD] = (transaction, held)
    known: dict[int, Payment] = held
    return known


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
