"""Which gateways a donor is offered: each bank once, through the terminal that suits the pledge."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from donations.gateway_health import Trouble
from donations.models.fund import Fund
from donations.models.pledge import ItemKind, ItemState, Pledge, PledgeItem
from offices.places import Office, Province
from payment_gateways.registry import Gateway


@dataclass(frozen=True, slots=True)
class Purpose:
    """What decides between several terminals of one bank."""

    province: str | None = None  # code of the province whose office the pledge is for
    funds: frozenset[str] = frozenset()  # codes of all that its cash is meant for


def takes_donors(gateway: Gateway) -> bool:
    """Whether donors are sent through a gateway at all, however it answers just now."""
    return gateway.is_enabled and gateway.is_open


def offered(
    gateways: Iterable[Gateway],
    troubled: Mapping[str, Trouble],
    *,
    now: datetime,
    amount_rial: int | None = None,
    purpose: Purpose | None = None,
) -> list[Gateway]:
    """One terminal for each bank that a donor may pay through, in the order of the file.

    An amount or a purpose that is not known yet excludes nothing. Where every gateway rests, those
    whose rest is over are offered: a donor tries a doubtful bank only when there is no other.
    """
    suiting = [
        gateway
        for gateway in gateways
        if takes_donors(gateway) and _fits(gateway, amount_rial) and _rank(gateway, purpose)
    ]
    healthy = [gateway for gateway in suiting if gateway.name not in troubled]
    to_try = [gateway for gateway in suiting if _may_be_tried(gateway, troubled, now)]
    return _one_a_bank(healthy or to_try, purpose)


def terminal_of_bank(
    gateways: Iterable[Gateway],
    named: Gateway,
    troubled: Mapping[str, Trouble],
    *,
    now: datetime,
    purpose: Purpose | None,
) -> Gateway | None:
    """The terminal of the named one's bank that is used for a pledge; ``None`` where all rest.

    Raises LookupError where that bank has no terminal for such a pledge.
    """
    gateways = list(gateways)
    of_bank = [one for one in gateways if one.slug == named.slug and takes_donors(one)]
    suiting = [one for one in of_bank if _rank(one, purpose)]
    if not suiting:
        raise LookupError(named.name)
    healthy = [one for one in suiting if one.name not in troubled]
    if not healthy and not any(
        takes_donors(one) and one.name not in troubled and _rank(one, purpose) for one in gateways
    ):
        healthy = [one for one in suiting if _may_be_tried(one, troubled, now)]
    # Of two that suit alike it is the one that was named.
    return max(healthy, key=lambda one: (_rank(one, purpose), one.name == named.name), default=None)


def purpose_of(session: Session, pledge_id: int) -> Purpose:
    """What a pledge's cash is meant for, and the province that its office is in."""
    province = session.scalars(
        select(Province.code)
        .join(Office, Office.province_id == Province.id)
        .join(Pledge, Pledge.office_id == Office.id)
        .where(Pledge.id == pledge_id)
    ).one_or_none()
    funds = session.scalars(
        select(Fund.code)
        .join(PledgeItem, PledgeItem.fund_id == Fund.id)
        .where(
            PledgeItem.pledge_id == pledge_id,
            PledgeItem.kind == ItemKind.CASH,
            PledgeItem.state != ItemState.WITHDRAWN,
        )
    )
    return Purpose(province, frozenset(funds))


def needs_purpose(gateways: Iterable[Gateway]) -> bool:
    """Whether any terminal is for a province or a campaign; else nobody has to ask for which."""
    return any(gateway.province or gateway.campaign for gateway in gateways)


def _fits(gateway: Gateway, amount_rial: int | None) -> bool:
    manifest = gateway.manifest
    return amount_rial is None or (
        manifest.amount_rial_min <= amount_rial <= manifest.amount_rial_max
        and amount_rial % manifest.amount_rial_step == 0
    )


def _rank(gateway: Gateway, purpose: Purpose | None) -> int:
    """How well a terminal suits: 0 not at all, 1 a general one, more one that is meant for it."""
    if gateway.campaign is None and gateway.province is None:
        return 4 if purpose is None else 1
    if purpose is None:
        return 1
    is_for_campaign = gateway.campaign is not None and purpose.funds == {gateway.campaign}
    is_for_province = gateway.province is not None and purpose.province == gateway.province
    if gateway.campaign is not None and not is_for_campaign:
        return 0
    if gateway.province is not None and not is_for_province:
        return 0
    return 1 + is_for_province + 2 * is_for_campaign


def _one_a_bank(gateways: Collection[Gateway], purpose: Purpose | None) -> list[Gateway]:
    standing: dict[str, Gateway] = {}
    for gateway in gateways:
        known = standing.get(gateway.slug)
        if known is None or _rank(gateway, purpose) > _rank(known, purpose):
            standing[gateway.slug] = gateway
    return list(standing.values())


def _may_be_tried(gateway: Gateway, troubled: Mapping[str, Trouble], now: datetime) -> bool:
    trouble = troubled.get(gateway.name)
    return trouble is not None and trouble.may_be_tried(now=now)
