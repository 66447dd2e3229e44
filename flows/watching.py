"""Watching the gateways: who rests is asked again, and what banks and we say is held together.

Everything here may be repeated, and every bank is asked beside the others: one that is slow or
silent holds up nobody but itself.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from core.database import Database
from core.refusals import NotFound, Refusal
from donations.comparing import (
    Verdict,
    due_comparisons,
    note_difference,
    note_no_promise,
    payment_of_unverified,
    verdict_on,
)
from donations.gateway_health import (
    Why,
    claim_check,
    let_back,
    pause,
    record_check,
    troubled,
)
from donations.judging import window_is_over
from donations.models.gateway import GatewayState
from donations.models.payment import Payment
from donations.paying import is_superseded, stored
from donations.stepping import locked_payment
from flows.calling import Answered, ask, beside_each_other, breaker_of, keep
from flows.confirming import Clock, finish_found, finish_payment
from flows.receiving import AlreadySettled
from flows.refunding import bank_took_back
from offices.audit import note
from payment_gateways.contract import Kind, Outcome, UnverifiedList
from payment_gateways.registry import Gateway

log = logging.getLogger(__name__)

_UNCLEAR = frozenset({Kind.UNKNOWN, Kind.CONFIG_ERROR})


class AlreadyPaused(Refusal):
    """The gateway was taken out before."""

    code = "gateway.already_paused"
    http_status = 409


@dataclass(slots=True)
class Watched:
    """What one look at a gateway came to: asked about, settled by itself, left for people."""

    asked: int = 0
    resolved: int = 0
    found: int = 0
    troubles: list[Exception] = field(default_factory=list)


def check_resting(database: Database, gateways: Mapping[str, Gateway], *, clock: Clock) -> int:
    """Ask resting gateways whose time has come whether they answer again; returns how many did.

    So no donor has to find out. Where nobody rests this reads one small table.
    """
    now = clock()
    with database.reading() as session:
        due = [
            gateways[name]
            for name, trouble in troubled(session).items()
            if trouble.may_be_tried(now=now) and name in gateways and gateways[name].is_open
        ]
    if not due:
        return 0
    with database.writing() as session:
        ours = claim_check(session, [gateway.name for gateway in due], now=now)
    claimed = [gateway for gateway in due if gateway.name in ours]
    return sum(beside_each_other(claimed, partial(_check, database, clock=clock)))


def take_out(
    session: Session,
    gateways: Mapping[str, Gateway],
    name: str,
    *,
    reason: str,
    staff_id: int,
    now: datetime,
) -> None:
    """Send no donors to a gateway until somebody lets it back; what is open goes on.

    Raises NotFound, AlreadyPaused, PauseReasonMissing.
    """
    if name not in gateways:
        raise NotFound(subject="gateway")
    why = Why(reason.strip(), reason.strip(), by_id=staff_id)
    if pause(session, name, why, now=now) is None:
        raise AlreadyPaused
    _note(session, "gateway.pause", name, staff_id, now=now, reason=reason.strip())


def check_and_let_back(
    database: Database,
    gateways: Mapping[str, Gateway],
    name: str,
    *,
    staff_id: int | None,
    clock: Clock,
) -> Outcome:
    """Ask a paused or resting gateway whether it lets us in; if it does, donors go there again.

    The answer says why not. Raises NotFound, NotPaused.
    """
    gateway = gateways.get(name)
    if gateway is None or not gateway.is_open:
        raise NotFound(subject="gateway")
    answered = ask(gateway, "check", gateway.adapter.check)
    now, outcome = clock(), answered.outcome
    with database.writing() as session:
        if outcome.kind not in _UNCLEAR:
            why = Why("بررسی و بازگردانده شد", "checked and let back", "check", by_id=staff_id)
            let_back(session, name, why, now=now)
            _note(session, "gateway.let_back", name, staff_id, now=now)
        keep(session, answered, now=now)
    return outcome


def find_unverified(
    database: Database, gateways: Mapping[str, Gateway], *, clock: Clock
) -> Watched:
    """Ask for payments that gateways hold unconfirmed: ours are finished, others are findings."""
    listing = [each for each in gateways.values() if each.manifest.lists_unverified]
    look = partial(_find_unverified, database, gateways, clock=clock)
    return _together(beside_each_other(_open(listing), look))


def compare_with_banks(
    database: Database, gateways: Mapping[str, Gateway], *, clock: Clock, limit: int = 200
) -> Watched:
    """Ask about payments that have ended for us whether they have for the bank too.

    What can be settled by itself is: money that the bank holds is finished, money that it gave
    back is void. The rest is a finding. At most ``limit`` payments a bank.
    """
    asking = [each for each in gateways.values() if each.manifest.can_inquire]
    compare = partial(_compare, database, gateways, clock=clock, limit=limit)
    return _together(beside_each_other(_open(asking), compare))


def _check(database: Database, gateway: Gateway, *, clock: Clock) -> bool:
    answered = ask(gateway, "check", gateway.adapter.check)
    now, outcome = clock(), answered.outcome
    has_answered = outcome.kind not in _UNCLEAR
    why = Why("به بررسی پاسخ داد", "it answered a check", "check", outcome.bank_code)
    with database.writing() as session:
        record_check(
            session, gateway.name, breaker_of(gateway), why, has_answered=has_answered, now=now
        )
        keep(session, answered, now=now)
    log.info(
        "resting gateway checked",
        extra={"gateway": gateway.name, "outcome": outcome.kind.value},
    )
    return has_answered


def _find_unverified(
    database: Database, gateways: Mapping[str, Gateway], gateway: Gateway, *, clock: Clock
) -> Watched:
    listed: list[UnverifiedList] = []

    def call() -> Outcome:
        listed.append(gateway.adapter.list_unverified())
        return listed[0].outcome

    answered, now, seen = ask(gateway, "list_unverified", call), clock(), Watched()
    with database.writing() as session:
        keep(session, answered, now=now)
    for unverified in listed[0].payments:
        if not unverified.token:
            continue
        seen.asked += 1
        with database.reading() as session:
            payment = payment_of_unverified(session, gateway.name, unverified)
        if payment is None:
            with database.writing() as session:
                note_no_promise(session, gateway.name, unverified, now=now)
            seen.found += 1
            continue
        with _kept_apart(seen, payment.id):
            finish_payment(database, gateways, payment.id, clock=clock)
            seen.resolved += 1
    return seen


def _compare(
    database: Database,
    gateways: Mapping[str, Gateway],
    gateway: Gateway,
    *,
    clock: Clock,
    limit: int,
) -> Watched:
    with database.reading() as session:
        if gateway.name in _at_rest(session):
            return Watched()
        due = due_comparisons(session, gateway.name, now=clock(), limit=limit)
    seen, unclear = Watched(), 0
    for payment_id in due:
        if unclear >= gateway.breaker_failures:
            break  # silent just now: the next hour asks again
        seen.asked += 1
        with _kept_apart(seen, payment_id):
            said = _compare_one(database, gateways, gateway, payment_id, seen, clock=clock)
            unclear = unclear + 1 if said in _UNCLEAR else 0
    return seen


def _compare_one(
    database: Database,
    gateways: Mapping[str, Gateway],
    gateway: Gateway,
    payment_id: int,
    seen: Watched,
    *,
    clock: Clock,
) -> Kind:
    with database.reading() as session:
        payment = session.get_one(Payment, payment_id)
        asked = stored(payment)
    answered = ask(gateway, "inquire", lambda: gateway.adapter.inquire(asked))
    verdict, now = verdict_on(payment, answered.outcome), clock()
    if verdict is Verdict.TO_FINISH:
        finish_found(database, gateways, payment_id, answered, clock=clock)
        _take_stock(database, gateway, payment_id, answered, seen, now=now)
    elif verdict is Verdict.TAKEN_BACK and _took_back(database, payment_id, answered, now=now):
        seen.resolved += 1
    else:
        agrees = verdict in (Verdict.AGREES, Verdict.NOTHING_SAID)
        with database.writing() as session:
            if not agrees:
                note_difference(session, payment, verdict, answered.outcome, now=now)
                seen.found += 1
            keep(session, answered, payment_id, now=now)
    return answered.outcome.kind


def _take_stock(
    database: Database,
    gateway: Gateway,
    payment_id: int,
    answered: Answered,
    seen: Watched,
    *,
    now: datetime,
) -> None:
    """Say what became of money that was found behind an end: ours, on its way, or a finding."""
    with database.writing() as session:
        payment = locked_payment(session, payment_id)
        is_as_before = verdict_on(payment, answered.outcome) is Verdict.TO_FINISH
        returns_later = is_superseded(session, [payment_id]) and not window_is_over(
            payment, gateway.manifest, now=now
        )
        if is_as_before and not returns_later:
            note_difference(session, payment, Verdict.DIFFERS, answered.outcome, now=now)
            seen.found += 1
        elif not is_as_before:
            seen.resolved += 1


def _took_back(database: Database, payment_id: int, answered: Answered, *, now: datetime) -> bool:
    """Void what the bank gave back; false where people have to look first."""
    try:
        with database.writing() as session:
            payment = locked_payment(session, payment_id)
            is_void = bank_took_back(session, payment, answered.outcome, now=now)
            if is_void:
                keep(session, answered, payment_id, now=now)
            return is_void
    except AlreadySettled:
        return False


def _at_rest(session: Session) -> Iterable[str]:
    return [
        name for name, trouble in troubled(session).items() if trouble.state is GatewayState.RESTING
    ]


def _open(gateways: Iterable[Gateway]) -> list[Gateway]:
    return [gateway for gateway in gateways if gateway.is_open]


def _together(looks: Iterable[Watched]) -> Watched:
    whole = Watched()
    for each in looks:
        whole.asked += each.asked
        whole.resolved += each.resolved
        whole.found += each.found
        whole.troubles += each.troubles
    if whole.troubles:
        raise ExceptionGroup("some payments could not be compared", whole.troubles)
    return whole


@contextmanager
def _kept_apart(seen: Watched, payment_id: int) -> Iterator[None]:
    """Let trouble with one payment keep no other waiting; it is raised when the rest is done."""
    try:
        yield
    except Exception as trouble:
        trouble.add_note(f"payment {payment_id}")
        seen.troubles.append(trouble)


def _note(
    session: Session,
    action: str,
    name: str,
    staff_id: int | None,
    *,
    now: datetime,
    **facts: object,
) -> None:
    note(
        session,
        action,
        subject="gateway",
        subject_id=None,
        now=now,
        actor_id=staff_id,
        gateway=name,
        **facts,
    )
