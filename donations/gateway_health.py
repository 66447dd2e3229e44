"""How each gateway answers, counted in the database so that all workers know the same.

Silent answers in a row let a gateway rest, each rest twice as long as the last; a periodic check
lets it back on probation, the first real answer for good. An answer that only we can mend (wrong
credentials, an address that is not let in) pauses it until a person lets it back; of announcements,
which carry what a donor typed, it takes as many in a row as of silence. A gateway that
never failed has no row, and its good answers write nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Table, bindparam, or_, select, update
from sqlalchemy.orm import Session

from core.database import upsert
from core.refusals import Refusal
from donations.models.gateway import GatewayHealth, GatewayState, GatewayTurn

LONGEST_REST = timedelta(minutes=10)
CHECK_TAKES = timedelta(minutes=2)  # how long somebody else leaves a check alone
REASON_MAX = 300
_CODE_MAX = 40

_HEALTH: Table = GatewayHealth.__table__  # type: ignore[assignment]
# Built once: every answer of a bank asks it. Without an earlier failure it matches no row.
_FORGIVE = (
    update(_HEALTH)
    .where(
        _HEALTH.c.gateway == bindparam("the_gateway"),
        _HEALTH.c.state != GatewayState.PAUSED,
        or_(_HEALTH.c.failures > 0, _HEALTH.c.rests > 0),
    )
    .values(failures=0, rests=0)
)
_TROUBLED = select(_HEALTH.c.gateway, _HEALTH.c.state, _HEALTH.c.since, _HEALTH.c.rest_until).where(
    _HEALTH.c.state != GatewayState.ANSWERING
)


class NotPaused(Refusal):
    """The gateway is not paused; there is nothing to let back."""

    code = "gateway.not_paused"
    http_status = 409


class PauseReasonMissing(Refusal):
    """A pause needs a reason."""

    code = "gateway.reason_missing"
    http_status = 422
    field = "reason"


@dataclass(frozen=True, slots=True)
class Breaker:
    """When a gateway is let rest, and for how long at first."""

    failures: int
    rest: timedelta


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a gateway takes no donors just now."""

    state: GatewayState
    since: datetime
    rest_until: datetime | None

    def may_be_tried(self, *, now: datetime) -> bool:
        """Whether its rest is over, and nobody has asked it since."""
        return self.rest_until is not None and self.rest_until <= now


@dataclass(frozen=True, slots=True)
class Why:
    """What led to a change: the call and the bank's answer, or a person and a sentence."""

    fa: str = ""
    en: str = ""
    step: str | None = None
    code: str | None = None
    by_id: int | None = None


def troubled(session: Session) -> Mapping[str, Trouble]:
    """The gateways that rest or are paused, by name; in good times there is none."""
    return {
        row.gateway: Trouble(GatewayState(row.state), row.since, row.rest_until)
        for row in session.execute(_TROUBLED)
    }


def note_good_answer(session: Session, gateway: str, *, now: datetime) -> None:
    """A real call was answered: its failures are forgiven, and its rest is over."""
    forgiven = session.execute(_FORGIVE, {"the_gateway": gateway})
    if forgiven.rowcount:  # type: ignore[attr-defined]
        _end_rest(session, gateway, Why("پاسخ داد", "it answered"), now=now)


def note_silence(
    session: Session, gateway: str, breaker: Breaker, reason: Why, *, now: datetime
) -> bool:
    """Count a silent or unreadable answer; true when the gateway rests from now on."""
    failures, rests = _counted(session, gateway, now=now)
    if failures < breaker.failures:
        return False
    return _change(
        session,
        gateway,
        {GatewayState.ANSWERING},
        GatewayState.RESTING,
        reason,
        now=now,
        rests=rests + 1,
        rest_until=now + _rest(breaker, rests),
    )


def count_failure(session: Session, gateway: str, *, now: datetime) -> int:
    """Count an answer that may be about one payment alone; how many came in a row."""
    return _counted(session, gateway, now=now)[0]


def pause(session: Session, gateway: str, reason: Why, *, now: datetime) -> int | None:
    """Take a gateway out until a person lets it back: the id of the turn, none if it is already.

    Raises PauseReasonMissing where a person gave none.
    """
    if reason.by_id is not None and not 0 < len(reason.fa.strip()) <= REASON_MAX:
        raise PauseReasonMissing(longest=REASON_MAX)
    session.execute(
        upsert(session, GatewayHealth)
        .values(gateway=gateway, state=GatewayState.ANSWERING, since=now, failures=0, rests=0)
        .on_conflict_do_nothing()
    )
    is_new = _change(
        session,
        gateway,
        {GatewayState.ANSWERING, GatewayState.RESTING},
        GatewayState.PAUSED,
        reason,
        now=now,
        rest_until=None,
    )
    return _latest_turn(session, gateway).id if is_new else None


def let_back(session: Session, gateway: str, reason: Why, *, now: datetime) -> None:
    """Send donors through a gateway again that was paused or rests. Raises NotPaused."""
    if not _change(
        session,
        gateway,
        {GatewayState.PAUSED, GatewayState.RESTING},
        GatewayState.ANSWERING,
        reason,
        now=now,
        failures=0,
        rests=0,
        rest_until=None,
    ):
        raise NotPaused


def claim_check(session: Session, gateways: Collection[str], *, now: datetime) -> Sequence[str]:
    """Take the right to ask resting gateways whose time has come whether they answer again."""
    return session.scalars(
        update(GatewayHealth)
        .where(
            GatewayHealth.gateway.in_(sorted(gateways)),
            GatewayHealth.state == GatewayState.RESTING,
            GatewayHealth.rest_until <= now,
        )
        .values(rest_until=now + CHECK_TAKES)
        .returning(GatewayHealth.gateway)
        .execution_options(synchronize_session=False)
    ).all()


def record_check(
    session: Session,
    gateway: str,
    breaker: Breaker,
    reason: Why,
    *,
    has_answered: bool,
    now: datetime,
) -> None:
    """Let a resting gateway back on probation, or let it rest once more and longer.

    On probation the next silent answer is enough to let it rest again: that a check is answered
    does not prove that payments are.
    """
    if has_answered:
        _change(
            session,
            gateway,
            {GatewayState.RESTING},
            GatewayState.ANSWERING,
            reason,
            now=now,
            failures=breaker.failures - 1,
            rest_until=None,
        )
        return
    rests = session.scalars(
        select(GatewayHealth.rests).where(GatewayHealth.gateway == gateway).with_for_update()
    ).one()
    session.execute(
        update(GatewayHealth)
        .where(GatewayHealth.gateway == gateway, GatewayHealth.state == GatewayState.RESTING)
        .values(rests=rests + 1, rest_until=now + _rest(breaker, rests))
        .execution_options(synchronize_session=False)
    )


def _counted(session: Session, gateway: str, *, now: datetime) -> tuple[int, int]:
    """One failure more: how many came in a row, and how many rests."""
    row = session.execute(
        upsert(session, GatewayHealth)
        .values(gateway=gateway, state=GatewayState.ANSWERING, since=now, failures=1, rests=0)
        .on_conflict_do_update(
            index_elements=["gateway"], set_={"failures": GatewayHealth.failures + 1}
        )
        .returning(GatewayHealth.failures, GatewayHealth.rests)
    ).one()
    return row.failures, row.rests


def _end_rest(session: Session, gateway: str, reason: Why, *, now: datetime) -> None:
    _change(
        session,
        gateway,
        {GatewayState.RESTING},
        GatewayState.ANSWERING,
        reason,
        now=now,
        rest_until=None,
    )


def _change(
    session: Session,
    gateway: str,
    before: Collection[GatewayState],
    after: GatewayState,
    reason: Why,
    *,
    now: datetime,
    **changes: object,
) -> bool:
    """Change how a gateway stands and write it down; false where somebody was faster."""
    changed = session.execute(
        update(GatewayHealth)
        .where(GatewayHealth.gateway == gateway, GatewayHealth.state.in_(sorted(before)))
        .values(state=after, since=now, **changes)
        .execution_options(synchronize_session=False)
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        return False
    session.add(
        GatewayTurn(
            gateway=gateway,
            at=now,
            state=after,
            step=reason.step,
            code=(reason.code or "")[:_CODE_MAX] or None,
            reason_fa=reason.fa,
            reason_en=reason.en,
            by_id=reason.by_id,
        )
    )
    session.flush()
    return True


def _latest_turn(session: Session, gateway: str) -> GatewayTurn:
    return session.scalars(
        select(GatewayTurn)
        .where(GatewayTurn.gateway == gateway)
        .order_by(GatewayTurn.id.desc())
        .limit(1)
    ).one()


def _rest(breaker: Breaker, rests: int) -> timedelta:
    return min(breaker.rest * (1 << min(rests, 10)), LONGEST_REST)
