"""The limits that hold at the desks on a day: what the organisation set, else the first ones."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.digits import normalise
from core.refusals import Refusal
from core.rial import AMOUNT_RIAL_MAX
from donations.models.desk_limit import DeskLimit, DeskLimitValue
from donations.voiding import REASON_MAX
from offices.audit import note

# What holds until somebody sets it.
DEFAULTS: Mapping[DeskLimit, int] = {
    DeskLimit.CASH_DIFFERENCE_RIAL: 0,
    DeskLimit.ASSESSED_VALUE_RIAL: 500_000_000,
}


class UnusableLimit(Refusal):
    """A limit below zero or beyond any amount."""

    code = "desk_limit.unusable"
    http_status = 422
    field = "value"


class LimitReasonMissing(Refusal):
    """A limit without a reason, or with one that is too long."""

    code = "desk_limit.reason_missing"
    http_status = 422
    field = "reason"


class LimitInThePast(Refusal):
    """A limit cannot begin before today: what was decided by the old one stays decided."""

    code = "desk_limit.in_the_past"
    http_status = 422
    field = "valid_from"


def limit_on(session: Session, limit: DeskLimit, day: date) -> int:
    """What a limit is on a day, in its own unit."""
    found = session.scalars(
        select(DeskLimitValue.value)
        .where(DeskLimitValue.name == limit, DeskLimitValue.valid_from <= day)
        .order_by(DeskLimitValue.valid_from.desc(), DeskLimitValue.id.desc())
        .limit(1)
    ).one_or_none()
    return DEFAULTS[limit] if found is None else found


def set_limit(
    session: Session,
    limit: DeskLimit,
    value: int,
    *,
    valid_from: date,
    reason: str,
    set_by_id: int,
    now: datetime,
) -> DeskLimitValue:
    """Let a limit hold from a day on, today at the earliest.

    Raises UnusableLimit, LimitReasonMissing, LimitInThePast.
    """
    if not 0 <= value <= AMOUNT_RIAL_MAX:
        raise UnusableLimit
    reason = normalise(reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise LimitReasonMissing(longest=REASON_MAX)
    if valid_from < tehran_date(now):
        raise LimitInThePast
    row = DeskLimitValue(
        name=limit,
        value=value,
        valid_from=valid_from,
        reason=reason,
        set_by_id=set_by_id,
        set_at=now,
    )
    session.add(row)
    session.flush()
    note(
        session,
        "desk_limit.set",
        subject="desk_limit",
        subject_id=row.id,
        now=now,
        actor_id=set_by_id,
        name=limit.value,
        value=value,
        valid_from=valid_from.isoformat(),
    )
    return row


def limits_set(session: Session) -> Sequence[DeskLimitValue]:
    """Everything that was ever set, newest first."""
    return session.scalars(select(DeskLimitValue).order_by(DeskLimitValue.id.desc())).all()
