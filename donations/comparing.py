"""What a bank says of payments that have ended for us, beside what our rows say."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from core.database import add_if_new
from donations.judging import PAID, names_another
from donations.models.gateway import FindingKind, GatewayCall, GatewayFinding
from donations.models.payment import TOKEN_MAX, Payment, PaymentState
from payment_gateways.contract import Kind, Outcome, Unverified

S = PaymentState

LOOKS_BACK = timedelta(days=3)
NOT_BEFORE = timedelta(minutes=10)  # until then a payment is still being finished
AGAIN_AFTER = timedelta(days=1)

_OURS = frozenset({S.CONFIRMED, S.SETTLED})
_UNPAID = frozenset({S.CANCELLED, S.FAILED, S.EXPIRED})
_SAYS_NOTHING = frozenset({Kind.UNKNOWN, Kind.CONFIG_ERROR, Kind.REFUSED})
_NOT_WITH_US = frozenset({Kind.RETURNED, Kind.NOT_PAID, Kind.NOT_FOUND})


class Verdict(StrEnum):
    """What follows from a bank's answer about a payment that has ended for us."""

    NOTHING_SAID = "nothing_said"
    AGREES = "agrees"
    TAKEN_BACK = "taken_back"  # ours, and the bank has given it back
    TO_FINISH = "to_finish"  # ended unpaid, and the bank holds money for it
    DIFFERS = "differs"  # people look
    ANOTHER_AMOUNT = "another_amount"


def verdict_on(payment: Payment, outcome: Outcome) -> Verdict:
    """Compare a bank's answer to an inquiry with how a payment ended."""
    kind = outcome.kind
    if kind in _SAYS_NOTHING:
        return Verdict.NOTHING_SAID
    if payment.state in _UNPAID:
        is_held = kind in PAID or kind is Kind.AWAITS_CONFIRM
        return Verdict.TO_FINISH if is_held else Verdict.AGREES
    if payment.state not in _OURS:
        return Verdict.AGREES if kind in _NOT_WITH_US else Verdict.DIFFERS
    if kind is Kind.RETURNED:
        return Verdict.DIFFERS if _is_of_another(payment, outcome) else Verdict.TAKEN_BACK
    if kind not in PAID:
        return Verdict.DIFFERS
    if outcome.amount_rial not in (None, payment.amount_rial):
        return Verdict.ANOTHER_AMOUNT
    return Verdict.AGREES


def _is_of_another(payment: Payment, outcome: Outcome) -> bool:
    """Whether an answer is about another payment or a part of this one: that voids no receipt."""
    is_another_amount = outcome.amount_rial not in (None, payment.amount_rial)
    return is_another_amount or names_another(payment, outcome)


def due_comparisons(session: Session, gateway: str, *, now: datetime, limit: int) -> Sequence[int]:
    """Ended payments of the last days that this bank was not asked about today.

    Those that it never was asked about come first. The journal knows both, so that comparing
    changes no payment and needs no index of its own.
    """
    begun, asked = aliased(GatewayCall), aliased(GatewayCall)
    last_asked = func.max(asked.at)
    return session.scalars(
        select(Payment.id)
        .join(begun, and_(begun.payment_id == Payment.id, begun.step == "start"))
        .outerjoin(asked, and_(asked.payment_id == Payment.id, asked.step == "inquire"))
        .where(
            begun.gateway == gateway,
            begun.at > now - LOOKS_BACK,
            begun.at <= now - NOT_BEFORE,
            Payment.token.is_not(None),
            or_(
                Payment.state.in_((*_UNPAID, S.REVERSED)),
                and_(Payment.state.in_(_OURS), Payment.final_at.is_not(None)),
            ),
        )
        .group_by(Payment.id)
        .having(or_(last_asked.is_(None), last_asked <= now - AGAIN_AFTER))
        .order_by(last_asked.asc().nulls_first(), Payment.id)
        .limit(limit)
    ).all()


def note_difference(
    session: Session, payment: Payment, verdict: Verdict, outcome: Outcome, *, now: datetime
) -> None:
    """Write down what does not agree, for finance to solve; the same is noted once."""
    is_amount = verdict is Verdict.ANOTHER_AMOUNT
    add_if_new(
        session,
        GatewayFinding,
        kind=FindingKind.AMOUNTS_DIFFER if is_amount else FindingKind.STATES_DIFFER,
        gateway=payment.gateway,
        payment_id=payment.id,
        token=payment.token or str(payment.order_number),
        ours=str(payment.amount_rial) if is_amount else payment.state.value,
        theirs=str(outcome.amount_rial) if is_amount else outcome.kind.value,
        amount_rial=payment.amount_rial,
        found_at=now,
    )


def payment_of_unverified(session: Session, gateway: str, unverified: Unverified) -> Payment | None:
    """Our payment that the gateway holds money for; by its token alone."""
    return session.scalars(
        select(Payment).where(Payment.gateway == gateway, Payment.token == unverified.token)
    ).one_or_none()


def note_no_promise(
    session: Session, gateway: str, unverified: Unverified, *, now: datetime
) -> None:
    """Write down money that a gateway holds and no promise of ours explains.

    An attempt of ours may still be behind it: one whose token got lost before it was stored.
    """
    behind = session.scalars(
        select(Payment.id).where(
            Payment.gateway == gateway, Payment.order_number == unverified.order_number
        )
    ).one_or_none()
    add_if_new(
        session,
        GatewayFinding,
        kind=FindingKind.NO_PROMISE,
        gateway=gateway,
        payment_id=behind,
        token=unverified.token[:TOKEN_MAX],
        ours="",
        theirs=Kind.AWAITS_CONFIRM.value,
        amount_rial=unverified.amount_rial,
        found_at=now,
    )
