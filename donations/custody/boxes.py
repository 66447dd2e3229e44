"""Charity boxes: registered, placed and returned, sealed, and found again by number."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, joinedload

from core.digits import digits_only, normalise
from core.identifiers import parse_mobile
from core.refusals import Refusal
from donations.custody.in_scope import box_in, boxes_in
from donations.models.charity_box import BoxSeal, BoxStanding, BoxState, CharityBox
from donations.models.collection_round import RoundBox, RoundClosing
from donations.models.fund import Fund
from donations.pledging import UnknownFund
from offices.audit import note
from offices.places import Office
from offices.scope import Scope

TEXT_MAX = 200
SEAL_MAX = 20
_SERIALS = 10**5


class BoxTextMissing(Refusal):
    """A place or holder that is empty or too long; ``field`` in the details says which."""

    code = "box.text_missing"
    http_status = 422


class SealUnusable(Refusal):
    """A seal without a number, or one that served this box before."""

    code = "box.seal_unusable"
    http_status = 422
    field = "seal"


class BoxInRound(Refusal):
    """The box stands on the list of an open round, which must end first."""

    code = "box.in_round"


class BoxNumbersUsedUp(Refusal):
    """An office has registered as many boxes as its numbers allow."""

    code = "box.numbers_used_up"


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a box stands, and who answers for it there."""

    place: str
    holder_name: str
    holder_mobile: str | None = None


@dataclass(frozen=True, slots=True)
class BoxNow:
    """A box as it is now."""

    box: CharityBox
    standing: BoxStanding
    seal: BoxSeal

    @property
    def is_placed(self) -> bool:
        """Whether it stands somewhere, to be emptied."""
        return self.standing.state is BoxState.PLACED


def register_box(
    session: Session,
    office: Office,
    placing: Placing,
    *,
    fund: str,
    seal_number: str,
    registered_by_id: int,
    request_key: str | None,
    now: datetime,
) -> CharityBox:
    """Give a box its number and say where it stands, for what, under which seal.

    The same form sent twice is one box; the caller holds the office. Raises UnknownFund,
    BoxTextMissing, SealUnusable, UnreadableMobile, BoxNumbersUsedUp.
    """
    key = f"box:{registered_by_id}:{request_key}" if request_key else None
    if key is not None and (known := _box_of_request(session, key)) is not None:
        return known
    found = session.scalars(select(Fund).where(Fund.code == fund, Fund.is_open)).one_or_none()
    if found is None:
        raise UnknownFund(fund=fund[:40])
    box = CharityBox(
        number=_next_number(session, office),
        office_id=office.id,
        fund_id=found.id,
        registered_by_id=registered_by_id,
        registered_at=now,
        request_key=key,
    )
    session.add(box)
    session.flush()
    _stand(session, box, BoxState.PLACED, placing, told_by_id=registered_by_id, now=now)
    write_seal(session, box, seal_number, set_by_id=registered_by_id, now=now)
    _note(session, "box.register", box, registered_by_id, now=now, number=box.number)
    return box


def move_box(
    session: Session,
    scope: Scope,
    box_id: int,
    state: BoxState,
    placing: Placing,
    *,
    told_by_id: int,
    now: datetime,
) -> None:
    """Say that a box stands elsewhere, with somebody else, or was returned.

    Raises NotFound, BoxInRound, BoxTextMissing, UnreadableMobile.
    """
    box = box_in(session, scope, box_id)
    refuse_in_round(session, [box.id])
    _stand(session, box, state, placing, told_by_id=told_by_id, now=now)
    _note(session, f"box.{state}", box, told_by_id, now=now)


def change_seal(
    session: Session,
    scope: Scope,
    box_id: int,
    seal_number: str,
    *,
    reason: str,
    set_by_id: int,
    now: datetime,
) -> None:
    """Seal a box anew, outside of a round. Raises NotFound, BoxInRound, SealUnusable."""
    box = box_in(session, scope, box_id)
    refuse_in_round(session, [box.id])
    reason = normalise(reason)
    if not 0 < len(reason) <= TEXT_MAX:
        raise BoxTextMissing(field="reason", longest=TEXT_MAX)
    write_seal(session, box, seal_number, reason=reason, set_by_id=set_by_id, now=now)
    _note(session, "box.seal", box, set_by_id, now=now)


def write_seal(
    session: Session,
    box: CharityBox,
    seal_number: str,
    *,
    reason: str = "",
    round_id: int | None = None,
    set_by_id: int,
    now: datetime,
) -> None:
    """Say which seal closes a box from now on. Raises SealUnusable."""
    number = read_seal(seal_number)
    seen = exists().where(BoxSeal.box_id == box.id, BoxSeal.seal_number == number)
    if not number or session.scalar(select(seen)):
        raise SealUnusable(number=box.number)
    session.add(
        BoxSeal(
            box_id=box.id,
            seal_number=number,
            round_id=round_id,
            reason=reason,
            set_by_id=set_by_id,
            set_at=now,
        )
    )
    session.flush()


def read_seal(text: str) -> str:
    """The number on a seal, as it is written down: trimmed, in Latin digits. May be empty.

    Raises SealUnusable for one that is too long.
    """
    number = normalise(text).upper()
    if len(number) > SEAL_MAX:
        raise SealUnusable(longest=SEAL_MAX)
    return number


def refuse_in_round(session: Session, box_ids: Collection[int]) -> None:
    """Let boxes of an open round alone until it ends. Raises BoxInRound."""
    in_round = session.scalars(
        select(CharityBox.number)
        .join(RoundBox, RoundBox.box_id == CharityBox.id)
        .where(
            CharityBox.id.in_(box_ids),
            ~exists().where(RoundClosing.round_id == RoundBox.round_id),
        )
        .limit(1)
    ).first()
    if in_round is not None:
        raise BoxInRound(number=in_round)


def box_with_number(session: Session, scope: Scope, number: str) -> CharityBox | None:
    """The box of a number as typed or read by a scanner; nothing for one outside the scope."""
    return session.scalars(
        boxes_in(scope).where(CharityBox.number == (digits_only(number) or ""))
    ).one_or_none()


def boxes_now(
    session: Session, scope: Scope, *, after_id: int = 0, limit: int = 100
) -> Sequence[BoxNow]:
    """One page of boxes as they are now, by number of registering; go on after the last id."""
    boxes = session.scalars(
        boxes_in(scope)
        .where(CharityBox.id > after_id)
        .order_by(CharityBox.id)
        .limit(limit)
        .options(joinedload(CharityBox.office), joinedload(CharityBox.fund))
    ).all()
    return as_they_are(session, boxes)


def as_they_are(session: Session, boxes: Sequence[CharityBox]) -> Sequence[BoxNow]:
    """Boxes with their latest standing and seal."""
    ids = [box.id for box in boxes]
    standings, seals = _latest_standings(session, ids), latest_seals(session, ids)
    return [BoxNow(box, standings[box.id], seals[box.id]) for box in boxes]


def boxes_to_empty(session: Session, office_id: int) -> Sequence[BoxNow]:
    """The boxes of an office that stand somewhere and are on no open round's list."""
    busy = exists().where(
        RoundBox.box_id == CharityBox.id,
        ~exists().where(RoundClosing.round_id == RoundBox.round_id),
    )
    boxes = session.scalars(
        select(CharityBox)
        .where(CharityBox.office_id == office_id, ~busy)
        .order_by(CharityBox.id)
        .options(joinedload(CharityBox.fund))
    ).all()
    return [each for each in as_they_are(session, boxes) if each.is_placed]


def latest_seals(session: Session, box_ids: Collection[int]) -> Mapping[int, BoxSeal]:
    """The seal that closes each box now."""
    latest = (
        select(func.max(BoxSeal.id)).where(BoxSeal.box_id.in_(box_ids)).group_by(BoxSeal.box_id)
    )
    return {
        row.box_id: row for row in session.scalars(select(BoxSeal).where(BoxSeal.id.in_(latest)))
    }


def standings_of(session: Session, box_id: int) -> Sequence[BoxStanding]:
    """Where a box stood, the latest first."""
    return session.scalars(
        select(BoxStanding).where(BoxStanding.box_id == box_id).order_by(BoxStanding.id.desc())
    ).all()


def seals_of(session: Session, box_id: int) -> Sequence[BoxSeal]:
    """The seals of a box, the latest first."""
    return session.scalars(
        select(BoxSeal).where(BoxSeal.box_id == box_id).order_by(BoxSeal.id.desc())
    ).all()


def _latest_standings(session: Session, box_ids: Collection[int]) -> Mapping[int, BoxStanding]:
    latest = (
        select(func.max(BoxStanding.id))
        .where(BoxStanding.box_id.in_(box_ids))
        .group_by(BoxStanding.box_id)
    )
    rows = session.scalars(select(BoxStanding).where(BoxStanding.id.in_(latest)))
    return {row.box_id: row for row in rows}


def _stand(
    session: Session,
    box: CharityBox,
    state: BoxState,
    placing: Placing,
    *,
    told_by_id: int,
    now: datetime,
) -> None:
    mobile = parse_mobile(placing.holder_mobile) if placing.holder_mobile else None
    session.add(
        BoxStanding(
            box_id=box.id,
            state=state,
            place=_text("place", placing.place),
            holder_name=_text("holder_name", placing.holder_name),
            holder_mobile=mobile,
            told_by_id=told_by_id,
            told_at=now,
        )
    )
    session.flush()


def _text(field: str, text: str) -> str:
    clean = normalise(text)
    if not 0 < len(clean) <= TEXT_MAX:
        raise BoxTextMissing(field=field, longest=TEXT_MAX)
    return clean


def _next_number(session: Session, office: Office) -> str:
    """Place of the office and a serial within it; the caller holds the office."""
    prefix = f"{office.place:03d}"
    last = session.scalars(
        select(func.max(CharityBox.number)).where(CharityBox.number.startswith(prefix))
    ).one()
    serial = int(last[len(prefix) :]) + 1 if last else 1
    if serial >= _SERIALS:
        raise BoxNumbersUsedUp
    return f"{prefix}{serial:05d}"


def _box_of_request(session: Session, request_key: str) -> CharityBox | None:
    return session.scalars(
        select(CharityBox).where(CharityBox.request_key == request_key)
    ).one_or_none()


def _note(
    session: Session, action: str, box: CharityBox, actor_id: int, *, now: datetime, **facts: object
) -> None:
    note(
        session,
        action,
        subject="charity_box",
        subject_id=box.id,
        now=now,
        actor_id=actor_id,
        **facts,
    )
