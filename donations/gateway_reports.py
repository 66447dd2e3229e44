"""What people of finance see of the gateways: how each stands, its calls, what does not agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import case, func, literal, or_, select, true
from sqlalchemy.orm import Session, joinedload

from core.clock import tehran_date, tehran_moment
from core.database import sum_rial
from donations.models.gateway import (
    GatewayCall,
    GatewayFinding,
    GatewayHealth,
    GatewayState,
    GatewayTurn,
)
from donations.models.payment import OPEN_STATES, Payment, PaymentState
from payment_gateways.contract import Kind

_HOUR = timedelta(hours=1)
# Open attempts are counted by age: the first that an age is below.
AGES: tuple[tuple[str, timedelta], ...] = (
    ("under_ten_minutes", timedelta(minutes=10)),
    ("under_an_hour", _HOUR),
    ("under_a_day", timedelta(days=1)),
)
OLDER = "older"
_IS_OPEN = (Payment.final_at.is_(None), Payment.state.in_(sorted(OPEN_STATES)))
_BAD = (Kind.UNKNOWN, Kind.CONFIG_ERROR)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one gateway stands at this moment."""

    state: GatewayState
    turn: GatewayTurn | None  # what led to it; none where nothing ever happened
    rest_until: datetime | None
    last_good: GatewayCall | None
    last_bad: GatewayCall | None
    answers: int  # in the last hour
    unclear: int  # of them
    median_ms: int | None
    open_by_age: Mapping[str, int]
    confirmed_rial: int  # today
    findings: int


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """Which calls of a journal are looked for."""

    step: str = ""
    kind: str = ""
    day: date | None = None
    payment_id: int | None = None


def standing_of_gateway(session: Session, gateway: str, *, now: datetime) -> Standing:
    """Everything the overview shows of one gateway."""
    health = session.get(GatewayHealth, gateway)
    answers, unclear = _answers(session, gateway, since=now - _HOUR)
    return Standing(
        state=health.state if health else GatewayState.ANSWERING,
        turn=_latest_turn(session, gateway),
        rest_until=health.rest_until if health else None,
        last_good=_latest_call(session, gateway, is_bad=False),
        last_bad=_latest_call(session, gateway, is_bad=True),
        answers=answers,
        unclear=unclear,
        median_ms=_median_ms(session, gateway, since=now - _HOUR),
        open_by_age=_open_by_age(session, gateway, now=now),
        confirmed_rial=_confirmed_rial(session, gateway, now=now),
        findings=count_findings(session, gateway),
    )


def gateways_on_record(session: Session) -> set[str]:
    """The gateways of open payments and findings, also those that the file has no more."""
    open_ones = session.scalars(select(Payment.gateway).where(*_IS_OPEN).distinct())
    found = session.scalars(select(GatewayFinding.gateway).distinct())
    return {*open_ones, *found}


def count_paused(session: Session) -> int:
    """How many gateways wait for somebody to let them back."""
    return session.scalars(
        select(func.count())
        .select_from(GatewayHealth)
        .where(GatewayHealth.state == GatewayState.PAUSED)
    ).one()


def count_findings(session: Session, gateway: str | None = None) -> int:
    """How many findings nobody has solved yet."""
    return session.scalars(
        select(func.count(GatewayFinding.id)).where(
            ~GatewayFinding.solution.has(),
            GatewayFinding.gateway == gateway if gateway else true(),
        )
    ).one()


def journal(
    session: Session,
    gateway: str,
    asked: JournalFilter,
    *,
    before_id: int | None,
    limit: int,
) -> Sequence[GatewayCall]:
    """The calls of one gateway, newest first."""
    calls = select(GatewayCall).where(GatewayCall.gateway == gateway)
    if asked.step:
        calls = calls.where(GatewayCall.step == asked.step)
    if asked.kind:
        calls = calls.where(GatewayCall.kind == asked.kind)
    if asked.payment_id is not None:
        calls = calls.where(GatewayCall.payment_id == asked.payment_id)
    if asked.day is not None:
        begins = tehran_moment(asked.day, time())
        calls = calls.where(GatewayCall.at >= begins, GatewayCall.at < begins + timedelta(days=1))
    last = session.get(GatewayCall, before_id) if before_id else None
    if last is not None:
        calls = calls.where(
            or_(
                GatewayCall.at < last.at,
                (GatewayCall.at == last.at) & (GatewayCall.id < last.id),
            )
        )
    newest_first = (GatewayCall.at.desc(), GatewayCall.id.desc())
    return session.scalars(calls.order_by(*newest_first).limit(limit)).all()


def open_attempts(session: Session, gateway: str, *, limit: int) -> Sequence[Payment]:
    """The attempts to pay that are not at their end yet, oldest first."""
    return session.scalars(
        select(Payment)
        .where(*_IS_OPEN, Payment.gateway == gateway)
        .order_by(Payment.created_at, Payment.id)
        .limit(limit)
    ).all()


def findings(
    session: Session, *, is_solved: bool, before_id: int | None, limit: int
) -> Sequence[GatewayFinding]:
    """What does not agree, newest first, with what became of it."""
    has_solution = GatewayFinding.solution.has()
    found = select(GatewayFinding).where(has_solution if is_solved else ~has_solution)
    if before_id is not None:
        found = found.where(GatewayFinding.id < before_id)
    return session.scalars(
        found.options(joinedload(GatewayFinding.solution))
        .order_by(GatewayFinding.id.desc())
        .limit(limit)
    ).all()


def _latest_turn(session: Session, gateway: str) -> GatewayTurn | None:
    return session.scalars(
        select(GatewayTurn)
        .where(GatewayTurn.gateway == gateway)
        .order_by(GatewayTurn.id.desc())
        .limit(1)
    ).one_or_none()


def _latest_call(session: Session, gateway: str, *, is_bad: bool) -> GatewayCall | None:
    # Spelt as the index of bad calls spells it.
    bad = GatewayCall.kind.in_([literal(kind.value, literal_execute=True) for kind in _BAD])
    good = GatewayCall.kind.is_not(None) & GatewayCall.kind.not_in([kind.value for kind in _BAD])
    return session.scalars(
        select(GatewayCall)
        .where(GatewayCall.gateway == gateway, bad if is_bad else good)
        .order_by(GatewayCall.at.desc())
        .limit(1)
    ).one_or_none()


def _answers(session: Session, gateway: str, *, since: datetime) -> tuple[int, int]:
    unclear = func.sum(case((GatewayCall.kind.in_(_BAD), 1), else_=0))
    row = session.execute(
        select(func.count(GatewayCall.id), unclear).where(
            GatewayCall.gateway == gateway,
            GatewayCall.at > since,
            GatewayCall.kind.is_not(None),
        )
    ).one()
    return row[0], int(row[1] or 0)


def _median_ms(session: Session, gateway: str, *, since: datetime) -> int | None:
    waits = session.scalars(
        select(GatewayCall.waited_ms)
        .where(
            GatewayCall.gateway == gateway,
            GatewayCall.at > since,
            GatewayCall.status.is_not(None),
        )
        .order_by(GatewayCall.waited_ms)
    ).all()
    return waits[len(waits) // 2] if waits else None


def _open_by_age(session: Session, gateway: str, *, now: datetime) -> Mapping[str, int]:
    age = case(
        *((Payment.created_at > now - below, name) for name, below in AGES), else_=OLDER
    ).label("age")
    counted = session.execute(
        select(age, func.count(Payment.id))
        .where(*_IS_OPEN, Payment.gateway == gateway)
        .group_by(age)
    )
    found = {row[0]: row[1] for row in counted}
    return {name: found.get(name, 0) for name in (*(name for name, _ in AGES), OLDER)}


def _confirmed_rial(session: Session, gateway: str, *, now: datetime) -> int:
    """What became ours today. The journal knows which payments were asked about today."""
    today = tehran_moment(tehran_date(now), time())
    asked_today = select(GatewayCall.payment_id).where(
        GatewayCall.gateway == gateway, GatewayCall.at >= today
    )
    return session.scalars(
        select(sum_rial(Payment.amount_rial)).where(
            Payment.id.in_(asked_today),
            Payment.final_at >= today,
            Payment.state.in_((PaymentState.CONFIRMED, PaymentState.SETTLED)),
        )
    ).one()
