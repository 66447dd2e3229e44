"""Requests a partner may repeat: each key of its own choosing is worked on once, answered alike.

The life of a row: held by one process, then answered for good; or let go when the work came to
nothing, so that a repeat may try again. A process that died lets go by the passing of time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.database import insert_if_new
from core.refusals import Refusal
from offices.partners import IdempotentRequest

# A holder that has not answered by then is taken for dead: no key blocks for a minute or longer.
# It is more than the 40 seconds a call to a bank may take; who comes later still finds out that
# the request is no longer its own.
TAKE_OVER_AFTER = timedelta(seconds=50)
_ASK_AGAIN_SECONDS = 2


class KeyReused(Refusal):
    """The same key came with another request before. Nothing was done."""

    code = "idempotency_key.reused"
    http_status = 422
    field = "Idempotency-Key"


class StillRunning(Refusal):
    """The first request under this key is still being worked on; ``wait_seconds`` says how long."""

    code = "idempotency_key.in_progress"
    http_status = 409
    field = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which request this is: whose, under which key, and the hash of what it says."""

    api_key_id: int
    idempotency_key: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the partner is told: the status and the exact body."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Held:
    """The right to work on a request, until ``since`` is too long ago.

    ``payment_id`` is the payment that an earlier holder opened before it died.
    """

    request_id: int
    since: datetime
    payment_id: int | None = None


def hold(session: Session, asked: Asked, *, now: datetime) -> Held | Answer:
    """Take a request in hand, or get the answer it already had.

    Raises KeyReused, and StillRunning while another process holds it. Where two processes ask at
    the same moment, the database lets the second wait until the first has committed.
    """
    request_id = session.scalar(
        insert_if_new(
            session,
            IdempotentRequest,
            api_key_id=asked.api_key_id,
            idempotency_key=asked.idempotency_key,
            request_hash=asked.request_hash,
            held_since=now,
            created_at=now,
        ).returning(IdempotentRequest.id)
    )
    if request_id is not None:
        return Held(request_id, now)
    return _hold_known(_request(session, asked), asked, now)


def opens(session: Session, held: Held, payment_id: int) -> None:
    """Write down which payment the request opens, in the transaction that opens it.

    Like all that follows it raises StillRunning if somebody else has taken over meanwhile; then
    the caller's transaction must not be committed.
    """
    _change(session, held, payment_id=payment_id)


def answer(session: Session, held: Held, said: Answer) -> None:
    """Keep the answer for good."""
    _change(session, held, status=said.status, answer=said.body, held_since=None)


def start_over(session: Session, held: Held) -> None:
    """Give the request up, sure that nobody can pay what it opened: a repeat begins anew."""
    _change(session, held, held_since=None, payment_id=None)


def _hold_known(request: IdempotentRequest, asked: Asked, now: datetime) -> Held | Answer:
    if request.request_hash != asked.request_hash:
        raise KeyReused
    if request.status is not None and request.answer is not None:
        return Answer(request.status, request.answer)
    since = request.held_since
    if since is not None and now - since < TAKE_OVER_AFTER:
        raise StillRunning(wait_seconds=_ASK_AGAIN_SECONDS)
    request.held_since = now
    return Held(request.id, now, request.payment_id)


def _request(session: Session, asked: Asked) -> IdempotentRequest:
    return session.scalars(
        select(IdempotentRequest)
        .where(
            IdempotentRequest.api_key_id == asked.api_key_id,
            IdempotentRequest.idempotency_key == asked.idempotency_key,
        )
        .with_for_update()  # one of several repeats takes over, the others see that it did
    ).one()


def _change(session: Session, held: Held, **changes: object) -> None:
    changed = session.execute(
        update(IdempotentRequest)
        .where(
            IdempotentRequest.id == held.request_id,
            IdempotentRequest.held_since == held.since,
            IdempotentRequest.answer.is_(None),
        )
        .values(**changes)
        .returning(IdempotentRequest.id)
    ).first()
    if changed is None:
        raise StillRunning(wait_seconds=_ASK_AGAIN_SECONDS)
