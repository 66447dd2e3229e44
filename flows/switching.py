"""Paying in another way: what was begun before is looked at first, so that nobody pays twice."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import Database
from donations.gateway_health import troubled
from donations.models.payment import Payment, PaymentState
from flows.confirming import Clock
from flows.sweeping import look_after_early
from payment_gateways.registry import Gateway

log = logging.getLogger(__name__)

S = PaymentState
PATIENCE_SECONDS = 5.0  # what a donor waits for banks that were asked before
_BEGUN = frozenset(
    {S.STARTED, S.REDIRECTED, S.CANCELLED_CLAIMED, S.RETURNED, S.CONFIRMING, S.CONFIRM_UNKNOWN}
)
# Money was taken, or may be on its way to us or back: whoever pays now pays twice.
_IN_DOUBT = frozenset(
    {
        S.RETURNED,
        S.CONFIRMING,
        S.CONFIRM_UNKNOWN,
        S.CONFIRMED,
        S.SETTLING,
        S.SETTLE_UNKNOWN,
        S.MISMATCH,
        S.REVERSING,
        S.REVERSE_UNKNOWN,
        S.REFUND_REQUESTED,
        S.REFUND_UNKNOWN,
    }
)
_SIDE_BY_SIDE = 4  # nobody lets us ask more banks at once by beginning many attempts


def look_before_paying_again(
    database: Database,
    gateways: Mapping[str, Gateway],
    pledge_id: int,
    *,
    clock: Clock,
    patience_seconds: float = PATIENCE_SECONDS,
) -> bool:
    """Ask the banks of earlier attempts; true when another may be begun without paying twice.

    What turns out to be paid is finished. A bank that rests or cannot be asked is not waited for,
    one that is slow a few seconds only; its answer still counts when it comes.
    """
    with database.reading() as session:
        begun = _unfinished(session, pledge_id)
        resting = troubled(session) if begun else {}
    to_ask = [
        payment_id
        for payment_id, name, state in begun
        if state in _BEGUN and name not in resting and _can_be_asked(gateways.get(name))
    ]
    _ask_beside_each_other(database, gateways, to_ask, patience_seconds, clock=clock)
    return not begun or not _is_in_doubt(database, pledge_id)


def was_begun_before(session: Session, pledge_id: int) -> bool:
    """Whether an earlier attempt has to be looked at before another one is begun."""
    return bool(_unfinished(session, pledge_id))


def _unfinished(session: Session, pledge_id: int) -> list[tuple[int, str, PaymentState]]:
    found = session.execute(
        select(Payment.id, Payment.gateway, Payment.state)
        .where(
            Payment.pledge_id == pledge_id,
            Payment.final_at.is_(None),
            Payment.state.in_(sorted(_BEGUN | _IN_DOUBT)),
        )
        .order_by(Payment.id.desc())
    )
    return [(payment_id, name, state) for payment_id, name, state in found]


def _can_be_asked(gateway: Gateway | None) -> bool:
    return gateway is not None and gateway.is_open and gateway.manifest.can_recover


def _ask_beside_each_other(
    database: Database,
    gateways: Mapping[str, Gateway],
    payment_ids: list[int],
    patience_seconds: float,
    *,
    clock: Clock,
) -> None:
    if not payment_ids:
        return
    pool = ThreadPoolExecutor(min(_SIDE_BY_SIDE, len(payment_ids)))
    asking = [
        pool.submit(look_after_early, database, gateways, payment_id, clock=clock)
        for payment_id in payment_ids
    ]
    answered = wait(asking, timeout=patience_seconds).done
    # Who is slow goes on without us; whoever was not asked yet is left to the sweeper.
    pool.shutdown(wait=False, cancel_futures=True)
    for done in answered:
        if (trouble := done.exception()) is not None:  # the sweeper comes to it again
            log.error("earlier payment could not be looked at", exc_info=trouble)


def _is_in_doubt(database: Database, pledge_id: int) -> bool:
    with database.reading() as session:
        found = session.execute(
            select(Payment.id)
            .where(
                Payment.pledge_id == pledge_id,
                Payment.final_at.is_(None),
                Payment.state.in_(sorted(_IN_DOUBT)),
            )
            .limit(1)
        ).first()
    return found is not None
