"""Making a pledge: what somebody promises, checked and given its two names."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, bindparam, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.clock import tehran_date
from core.digits import folded, normalise
from core.identifiers import new_tracking_code, parse_mobile, parse_national_id
from core.refusals import Refusal
from core.rial import checked_rial
from donations.deposit_ids import next_deposit_id
from donations.donor_words import keep_words
from donations.merging import is_visible
from donations.models.donor import Donor
from donations.models.fund import MOST_NEEDED, Fund
from donations.models.pledge import Channel, HiddenFrom, ItemKind, Pledge, PledgeItem
from offices.audit import note
from offices.scope import Scope

ITEMS_MAX = 50
NAME_MAX = 200
TEXT_MAX = 500
HOURS_MAX = 10_000
QUANTITY_THOUSANDTHS_MAX = 10**12
# Built once: every gift asks these.
_OF_REQUEST = select(Pledge).where(Pledge.request_key == bindparam("request_key"))
_OPEN_FUNDS = select(Fund).where(Fund.code.in_(bindparam("codes", expanding=True)), Fund.is_open)


class NothingPromised(Refusal):
    """A pledge without an item, or with more than fifty."""

    code = "pledge.items"
    http_status = 422
    field = "items"


class UnknownFund(Refusal):
    """A fund that does not exist or takes no gifts now."""

    code = "fund.unknown"
    http_status = 422
    field = "fund"


class UnusableText(Refusal):
    """A text that is empty where it may not be, or too long; ``name`` says which."""

    code = "text.unusable"
    http_status = 422


class UnusableQuantity(Refusal):
    """A quantity or number of hours that is not above zero, or beyond all reason."""

    code = "quantity.unusable"
    http_status = 422
    field = "quantity"


class UnusableEmail(Refusal):
    """Something that cannot be an e-mail address."""

    code = "email.unusable"
    http_status = 422
    field = "email"


@dataclass(frozen=True, slots=True)
class CashItem:
    """Money, in rials."""

    amount_rial: int
    fund: str | None = None


@dataclass(frozen=True, slots=True)
class GoodsItem:
    """Goods, in thousandths of their unit."""

    description: str
    quantity_thousandths: int
    unit: str
    declared_value_rial: int | None = None
    fund: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceItem:
    """Hours of somebody's skill."""

    skill: str
    hours: int
    fund: str | None = None


Item = CashItem | GoodsItem | ServiceItem


@dataclass(frozen=True, slots=True)
class DonorFacts:
    """What the donor chose to tell. All of it may be empty."""

    name: str | None = None
    mobile: str | None = None
    email: str | None = None
    national_id: str | None = None
    hidden_from: HiddenFrom = HiddenFrom.NOBODY


@dataclass(frozen=True, slots=True)
class Source:
    """Where a pledge comes from: office, the place of its deposit id, channel, who took it."""

    office_id: int
    place: int
    channel: Channel
    taken_by_id: int | None = None
    api_key_id: int | None = None
    external_reference: str | None = None


def make_pledge(
    session: Session,
    items: Sequence[Item],
    *,
    donor: DonorFacts,
    source: Source,
    language: str,
    request_key: str | None,
    now: datetime,
) -> Pledge:
    """Write down a promise under a new tracking code and deposit id.

    Raises NothingPromised, UnknownFund, UnreadableAmount, UnusableText, UnusableQuantity,
    UnreadableMobile, UnreadableNationalId, UnusableEmail.
    """
    if not 1 <= len(items) <= ITEMS_MAX:
        raise NothingPromised(count=len(items))
    funds = open_funds(session, {item.fund or MOST_NEEDED for item in items})
    pledge = Pledge(
        tracking_code=new_tracking_code(),
        deposit_id=next_deposit_id(session, source.place, tehran_date(now)),
        donor=_donor(session, donor, source, now=now),
        hidden_from=donor.hidden_from,
        office_id=source.office_id,
        channel=source.channel,
        language=language,
        external_reference=source.external_reference,
        request_key=request_key,
        view_key=secrets.token_hex(16),
        taken_by_id=source.taken_by_id,
        api_key_id=source.api_key_id,
        made_at=now,
        items=[_item(item, funds, place) for place, item in enumerate(items, start=1)],
    )
    session.add(pledge)
    session.flush()
    keep_words(session, pledge, source.office_id)
    return pledge


def pledge_of_request(session: Session, request_key: str) -> Pledge | None:
    """The pledge that an earlier sending of the same form or request already made."""
    return session.scalars(_OF_REQUEST, {"request_key": request_key}).one_or_none()


def read_quantity(text: str) -> int:
    """Read a quantity, whole or with up to three decimals, into thousandths. Exact, no floats."""
    whole, point, decimals = normalise(text).replace("٫", ".").replace("/", ".").partition(".")
    digits = whole.replace("٬", "").replace(",", "")
    is_number = digits.isascii() and digits.isdigit() and (not point or decimals.isdigit())
    if not is_number or len(digits) > 9 or len(decimals) > 3:
        raise UnusableQuantity(text=text[:40])
    return _checked_quantity(int(digits) * 1000 + int(decimals.ljust(3, "0") if decimals else 0))


def open_funds(session: Session, codes: set[str]) -> dict[str, Fund]:
    """The funds of these codes. Raises UnknownFund."""
    found = session.scalars(_OPEN_FUNDS, {"codes": sorted(codes)})
    funds = {fund.code: fund for fund in found}
    for missing in codes - funds.keys():
        raise UnknownFund(fund=missing[:40])
    return funds


def _item(item: Item, funds: dict[str, Fund], place: int) -> PledgeItem:
    row = PledgeItem(position=place, fund=funds[item.fund or MOST_NEEDED])
    if isinstance(item, CashItem):
        row.kind = ItemKind.CASH
        row.amount_rial = checked_rial(item.amount_rial)
    elif isinstance(item, GoodsItem):
        row.kind = ItemKind.GOODS
        row.description = _text("description", item.description)
        row.quantity_thousandths = _checked_quantity(item.quantity_thousandths)
        row.unit = _text("unit", item.unit)
        if item.declared_value_rial is not None:
            row.declared_value_rial = checked_rial(item.declared_value_rial)
    else:
        row.kind = ItemKind.SERVICE
        row.skill = _text("skill", item.skill)
        if not 0 < item.hours <= HOURS_MAX:
            raise UnusableQuantity(text=str(item.hours)[:40])
        row.hours = item.hours
    return row


def _checked_quantity(thousandths: int) -> int:
    if not 0 < thousandths <= QUANTITY_THOUSANDTHS_MAX:
        raise UnusableQuantity(text=str(thousandths)[:40])
    return thousandths


def _text(name: str, text: str, *, longest: int = TEXT_MAX) -> str:
    clean = normalise(text)
    if not 0 < len(clean) <= longest:
        raise UnusableText(name=name, longest=longest)
    return clean


def told_donor(facts: DonorFacts, *, now: datetime) -> Donor | None:
    """What was told of a donor, if anything was."""
    given_name = (facts.name or "").strip()
    name = _text("name", given_name, longest=NAME_MAX) if given_name else None
    told = Donor(
        name=name,
        name_folded=folded(name) if name else None,
        mobile=parse_mobile(facts.mobile) if facts.mobile else None,
        email=parse_email(facts.email) if facts.email else None,
        national_id=parse_national_id(facts.national_id) if facts.national_id else None,
        created_at=now,
    )
    return told if told.name or told.mobile or told.national_id or told.email else None


def _donor(session: Session, facts: DonorFacts, source: Source, *, now: datetime) -> Donor | None:
    """The donor with what was told; somebody already known by mobile and name is that donor."""
    told = told_donor(facts, now=now)
    if told is None or told.mobile is None:
        return told
    at_a_desk = source.channel is Channel.DESK
    known = _known_at(session, told, facts, source, now=now) if at_a_desk else None
    return known or _told_alike(session, told) or told


def _told_alike(session: Session, told: Donor) -> Donor | None:
    """Who told the very same before. Who told more is not taken: papers would show the rest."""
    return session.scalars(
        _named_alike(told).where(
            Donor.email == told.email if told.email else Donor.email.is_(None),
            Donor.national_id == told.national_id
            if told.national_id
            else Donor.national_id.is_(None),
        )
    ).first()


def _known_at(
    session: Session, told: Donor, facts: DonorFacts, source: Source, *, now: datetime
) -> Donor | None:
    """Who gave at this desk before under this mobile and name, with nothing that contradicts.

    The desk knows that donor, so that nothing is revealed; what was left open is filled in, but
    not from a gift that hides its donor.
    """
    here = Scope(frozenset({source.office_id}))
    known = session.scalars(
        _named_alike(told)
        .where(
            _agrees(Donor.email, told.email),
            _agrees(Donor.national_id, told.national_id),
            is_visible(here, Donor.id),
        )
        .order_by(Donor.id)
        .limit(1)
    ).first()
    if known is None:
        return None
    more = {
        name: value
        for name in ("email", "national_id")
        if (value := getattr(told, name)) and not getattr(known, name)
    }
    if more and facts.hidden_from is HiddenFrom.EVERYONE:
        return None
    for name, value in more.items():
        setattr(known, name, value)
    if more:
        note(
            session,
            "donor.complete",
            subject="donor",
            subject_id=known.id,
            now=now,
            actor_id=source.taken_by_id,
            told=sorted(more),
        )
    return known


def _agrees(column: InstrumentedAttribute[str | None], told: str | None) -> ColumnElement[bool]:
    return or_(column.is_(None), column == told) if told else true()


def _named_alike(told: Donor) -> Select[Donor]:
    has_same_name = (
        Donor.name_folded == told.name_folded if told.name_folded else Donor.name_folded.is_(None)
    )
    return select(Donor).where(Donor.mobile == told.mobile, has_same_name)


def name_donor(pledge: Pledge, name: str, *, now: datetime) -> None:
    """Let a pledge name its donor in this very spelling. Raises UnusableText.

    The donor under the wrong name stays as it is: other pledges may belong to somebody so called.
    """
    clean, told = _text("name", name, longest=NAME_MAX), pledge.donor
    pledge.donor = Donor(
        name=clean,
        name_folded=folded(clean),
        mobile=told.mobile if told else None,
        email=told.email if told else None,
        national_id=told.national_id if told else None,
        created_at=now,
    )


def parse_email(text: str) -> str:
    """Read an e-mail address. Raises UnusableEmail."""
    clean = normalise(text)
    local, at, domain = clean.rpartition("@")
    if not (at and local and "." in domain and clean.isascii() and " " not in clean):
        raise UnusableEmail
    if len(clean) > 254 or any(c in clean for c in "<>,;\"'\n"):
        raise UnusableEmail
    return clean
