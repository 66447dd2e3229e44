"""Needs: published, raised and closed by an office; reserved and received by what donors offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from core.digits import normalise
from core.refusals import NotFound, Refusal
from donations.goods.words import quantity_plain
from donations.models.fund import Fund
from donations.models.goods_category import GoodsCategory
from donations.models.need import Need, NeedKind
from donations.pledging import (
    HOURS_MAX,
    QUANTITY_THOUSANDTHS_MAX,
    TEXT_MAX,
    UnknownFund,
    UnusableQuantity,
    UnusableText,
)
from offices.audit import note
from offices.places import Office
from offices.scope import Scope

TITLE_MAX = 120
UNIT_MAX = 40


class NeedClosed(Refusal):
    """Nothing more is asked for under this need."""

    code = "need.closed"


class NotOpen(Refusal):
    """More than the need has open. Nothing was reserved."""

    code = "need.not_open"
    field = "quantity"


class BelowPromised(Refusal):
    """A need cannot ask for less than donors were promised a place for or brought."""

    code = "need.below_promised"
    http_status = 422
    field = "quantity"


class UnknownCategory(Refusal):
    """A category of goods that does not exist."""

    code = "goods.unknown_category"
    http_status = 422
    field = "category"


@dataclass(frozen=True, slots=True)
class GoodsWanted:
    """Goods that are asked for, in thousandths of their unit."""

    category: str
    unit: str
    quantity_thousandths: int


@dataclass(frozen=True, slots=True)
class HoursWanted:
    """Whole hours of a skill; ``licence_kind`` where only a licensed person may serve them."""

    skill: str
    hours: int
    licence_kind: str | None = None


def publish_need(
    session: Session,
    scope: Scope,
    wanted: GoodsWanted | HoursWanted,
    *,
    office_id: int,
    fund: str,
    title: str,
    details: str = "",
    published_by_id: int,
    request_key: str | None,
    now: datetime,
) -> Need:
    """Ask the public for something, at once. The same form sent twice is one need.

    Raises NotFound for an office outside the scope or closed, UnknownFund, UnknownCategory,
    UnusableText, UnusableQuantity.
    """
    key = f"need:{published_by_id}:{request_key}" if request_key else None
    if key is not None and (known := _of_request(session, key)) is not None:
        return known
    need = Need(
        kind=NeedKind.GOODS if isinstance(wanted, GoodsWanted) else NeedKind.HOURS,
        office_id=_office_in(session, scope, office_id).id,
        fund_id=_open_fund(session, fund).id,
        title=_text("title", title, longest=TITLE_MAX),
        details=_text("details", details, longest=TEXT_MAX) if normalise(details) else None,
        published_by_id=published_by_id,
        published_at=now,
        request_key=key,
    )
    _say_what(session, need, wanted)
    session.add(need)
    session.flush()
    _note(session, "need.publish", need, published_by_id, now, thousandths=need.asked_thousandths)
    return need


def ask_for(
    session: Session,
    scope: Scope,
    need_id: int,
    thousandths: int,
    *,
    reason: str,
    asked_by_id: int,
    now: datetime,
) -> Need:
    """Let a need ask for more or less. Raises NotFound, NeedClosed, BelowPromised, UnusableText."""
    need = _held_in(session, scope, need_id)
    refuse_closed(need)
    before, wanted = need.asked_thousandths, _checked(need.kind, thousandths)
    if wanted < need.reserved_thousandths + need.received_thousandths:
        raise BelowPromised(
            promised=quantity_plain(need.reserved_thousandths + need.received_thousandths)
        )
    need.asked_thousandths = wanted
    clean = _text("reason", reason, longest=TEXT_MAX)
    _write(session, need)
    _note(
        session,
        "need.ask_for",
        need,
        asked_by_id,
        now,
        before_thousandths=before,
        thousandths=wanted,
        reason=clean,
    )
    return need


def close_need(
    session: Session, scope: Scope, need_id: int, *, reason: str, closed_by_id: int, now: datetime
) -> Need:
    """Ask for no more. What was reserved stays so, what waits goes on waiting for nothing.

    Closing twice changes nothing. Raises NotFound, UnusableText.
    """
    need = _held_in(session, scope, need_id)
    if need.is_closed:
        return need
    need.closing_reason = _text("reason", reason, longest=TEXT_MAX)
    need.closed_at = now
    need.closed_by_id = closed_by_id
    _write(session, need)
    _note(session, "need.close", need, closed_by_id, now, reason=need.closing_reason)
    return need


def needs_in(scope: Scope) -> Select[Need]:
    """The needs of the offices of a scope: every staff query on needs starts here."""
    return select(Need).where(scope.narrow(Need.office_id)).options(*_WITH_NAMES)


def need_in(session: Session, scope: Scope, need_id: int) -> Need:
    """One need. Raises NotFound for one outside the scope."""
    need = session.scalars(needs_in(scope).where(Need.id == need_id)).one_or_none()
    if need is None:
        raise NotFound(subject="need")
    return need


def published_need(session: Session, need_id: int) -> Need:
    """One need as the public sees it. Raises NotFound for one that is closed."""
    need = session.scalars(_published().where(Need.id == need_id)).one_or_none()
    if need is None:
        raise NotFound(subject="need")
    return need


def open_needs(
    session: Session,
    *,
    kind: NeedKind | None = None,
    province_id: int | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> Sequence[Need]:
    """One page of what is asked for and not reserved in full, newest first. For everybody."""
    statement = _published().where(Need.open_thousandths > 0)
    if kind is not None:
        statement = statement.where(Need.kind == kind)
    if province_id is not None:
        statement = statement.where(Office.province_id == province_id)
    if before_id is not None:
        statement = statement.where(Need.id < before_id)
    return session.scalars(statement.order_by(Need.id.desc()).limit(limit)).all()


def hold_need(session: Session, need_id: int) -> Need:
    """A need whose quantities nobody else changes until the transaction ends. Raises NotFound.

    After the pledge and before the fund in the order of locks; several needs by their ids.
    """
    need = session.scalars(
        select(Need)
        .where(Need.id == need_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if need is None:
        raise NotFound(subject="need")
    return need


def refuse_closed(need: Need) -> None:
    """Raises NeedClosed."""
    if need.is_closed:
        raise NeedClosed


def reserve(session: Session, need: Need, thousandths: int) -> None:
    """Keep a part of a held need for somebody. Raises NeedClosed, NotOpen."""
    refuse_closed(need)
    if thousandths > need.open_thousandths:
        raise NotOpen(open=quantity_plain(need.open_thousandths))
    need.reserved_thousandths += thousandths
    _write(session, need)


def release(session: Session, need: Need, thousandths: int) -> None:
    """Give a reserved part of a held need free again."""
    need.reserved_thousandths -= thousandths
    _write(session, need)


def receive_reserved(session: Session, need: Need, thousandths: int) -> None:
    """What was reserved of a held need has come."""
    need.reserved_thousandths -= thousandths
    need.received_thousandths += thousandths
    _write(session, need)


def take_back_received(session: Session, need: Need, thousandths: int) -> None:
    """What had come of a held need does not stand: it is reserved again."""
    need.received_thousandths -= thousandths
    need.reserved_thousandths += thousandths
    _write(session, need)


_WITH_NAMES = (
    joinedload(Need.office).joinedload(Office.province),
    joinedload(Need.fund),
    joinedload(Need.category),
)


def _published() -> Select[Need]:
    return (
        select(Need)
        .join(Office, Office.id == Need.office_id)
        .where(Need.closed_at.is_(None), Office.is_open)
        .options(*_WITH_NAMES)
    )


def _say_what(session: Session, need: Need, wanted: GoodsWanted | HoursWanted) -> None:
    if isinstance(wanted, GoodsWanted):
        need.category_id = category_with(session, wanted.category).id
        need.unit = _text("unit", wanted.unit, longest=UNIT_MAX)
        need.asked_thousandths = _checked(need.kind, wanted.quantity_thousandths)
        return
    need.skill = _text("skill", wanted.skill, longest=TEXT_MAX)
    need.licence_kind = wanted.licence_kind
    need.asked_thousandths = _checked(need.kind, wanted.hours * 1000)


def category_with(session: Session, code: str) -> GoodsCategory:
    """The category of a code. Raises UnknownCategory."""
    found = session.scalars(select(GoodsCategory).where(GoodsCategory.code == code)).one_or_none()
    if found is None:
        raise UnknownCategory
    return found


def _checked(kind: NeedKind, thousandths: int) -> int:
    most = QUANTITY_THOUSANDTHS_MAX if kind is NeedKind.GOODS else HOURS_MAX * 1000
    is_whole = kind is NeedKind.GOODS or thousandths % 1000 == 0
    if not (0 < thousandths <= most and is_whole):
        raise UnusableQuantity(text=str(thousandths)[:40])
    return thousandths


def _held_in(session: Session, scope: Scope, need_id: int) -> Need:
    need = hold_need(session, need_id)
    if not scope.covers(need.office_id):
        raise NotFound(subject="need")
    return need


def _write(session: Session, need: Need) -> None:
    """The database checks the three quantities now and computes anew what is open."""
    session.flush()
    session.refresh(need, ["open_thousandths"])


def _of_request(session: Session, key: str) -> Need | None:
    return session.scalars(select(Need).where(Need.request_key == key)).one_or_none()


def _office_in(session: Session, scope: Scope, office_id: int) -> Office:
    office = session.get(Office, office_id)
    if office is None or not office.is_open or not scope.covers(office.id):
        raise NotFound(subject="office")
    return office


def _open_fund(session: Session, code: str) -> Fund:
    fund = session.scalars(select(Fund).where(Fund.code == code, Fund.is_open)).one_or_none()
    if fund is None:
        raise UnknownFund(fund=code[:40])
    return fund


def _text(name: str, text: str, *, longest: int) -> str:
    clean = normalise(text)
    if not 0 < len(clean) <= longest:
        raise UnusableText(name=name, longest=longest)
    return clean


def _note(
    session: Session, action: str, need: Need, actor_id: int, now: datetime, **facts: object
) -> None:
    note(
        session,
        action,
        subject="need",
        subject_id=need.id,
        now=now,
        actor_id=actor_id,
        **facts,
    )
