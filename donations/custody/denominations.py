"""Notes and coins: which are counted on a day, and since when each is or is not."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from core.clock import tehran_date
from core.database import insert_if_new
from core.digits import normalise
from core.refusals import Refusal
from donations.models.cash_count import Denomination, DenominationChange
from donations.voiding import REASON_MAX
from offices.audit import note

VALUE_RIAL_MAX = 1_000_000_000


class UnusableDenomination(Refusal):
    """A note or coin of nothing, or of more than any is worth."""

    code = "denomination.unusable"
    http_status = 422
    field = "value"


class DenominationUnknown(Refusal):
    """A note or coin that is to be withdrawn and never was counted."""

    code = "denomination.unknown"
    http_status = 422
    field = "value"


class DenominationReasonMissing(Refusal):
    """A change without a reason, or with one that is too long."""

    code = "denomination.reason_missing"
    http_status = 422
    field = "reason"


class DenominationInThePast(Refusal):
    """A change cannot begin before today: what was counted then stays as it was counted."""

    code = "denomination.in_the_past"
    http_status = 422
    field = "valid_from"


def denominations_on(session: Session, day: date) -> Sequence[Denomination]:
    """What is counted on a day: notes before coins, each the largest first."""
    held = _held_on(session, day)
    rows = session.scalars(
        select(Denomination).order_by(Denomination.is_coin, Denomination.value_rial.desc())
    )
    return [row for row in rows if held.get(row.id)]


def set_denomination(
    session: Session,
    value_rial: int,
    *,
    is_coin: bool,
    is_counted: bool,
    valid_from: date,
    reason: str,
    set_by_id: int,
    now: datetime,
) -> None:
    """Let a note or coin be counted, or not any more, from a day on; today at the earliest.

    Saying again what already holds from that day on writes nothing. Raises UnusableDenomination,
    DenominationUnknown, DenominationReasonMissing, DenominationInThePast.
    """
    if not 0 < value_rial <= VALUE_RIAL_MAX:
        raise UnusableDenomination
    reason = normalise(reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise DenominationReasonMissing(longest=REASON_MAX)
    if valid_from < tehran_date(now):
        raise DenominationInThePast
    names = {"value_rial": value_rial, "is_coin": is_coin}
    if is_counted:
        session.execute(insert_if_new(session, Denomination, **names))
    row = session.scalars(select(Denomination).filter_by(**names)).one_or_none()
    if row is None:
        raise DenominationUnknown
    if _holds_already(session, row, is_counted=is_counted, valid_from=valid_from):
        return
    change = DenominationChange(
        denomination_id=row.id,
        is_counted=is_counted,
        valid_from=valid_from,
        reason=reason,
        set_by_id=set_by_id,
        set_at=now,
    )
    session.add(change)
    session.flush()
    note(
        session,
        "denomination.set",
        subject="denomination",
        subject_id=row.id,
        now=now,
        actor_id=set_by_id,
        value_rial=value_rial,
        is_coin=is_coin,
        is_counted=is_counted,
        valid_from=valid_from.isoformat(),
    )


def denominations_set(session: Session) -> Sequence[DenominationChange]:
    """Everything that was ever set, newest first; what the catalogue brought comes last."""
    return session.scalars(
        select(DenominationChange)
        .order_by(DenominationChange.id.desc())
        .options(joinedload(DenominationChange.denomination))
    ).all()


def _held_on(session: Session, day: date) -> Mapping[int, bool]:
    """Whether each denomination, by its id, is counted on a day."""
    changes = session.execute(
        select(DenominationChange.denomination_id, DenominationChange.is_counted)
        .where(DenominationChange.valid_from <= day)
        .order_by(DenominationChange.valid_from, DenominationChange.id)
    )
    return dict(changes.all())


def _holds_already(
    session: Session, row: Denomination, *, is_counted: bool, valid_from: date
) -> bool:
    """Whether a denomination is as told on a day, and nothing else is said for later."""
    later = select(DenominationChange.id).where(
        DenominationChange.denomination_id == row.id, DenominationChange.valid_from > valid_from
    )
    if session.scalars(later.limit(1)).first() is not None:
        return False
    return _held_on(session, valid_from).get(row.id) is is_counted
