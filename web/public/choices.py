"""What the form of a gift offers: purposes, desks, and the banks that answer just now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.words import _, spoken
from donations.gateway_health import troubled
from donations.models.fund import Fund, FundKind
from donations.routing import Purpose, offered
from offices.places import ONLINE_OFFICE_CODE, Office, Province
from payment_gateways.registry import Gateway
from web.filters import rial

Options = dict[str, str]  # value -> text, in the order they are shown

# A bank that takes less than this at once says so beside its name; hardly a gift is larger.
_WORTH_SAYING_RIAL = 10_000_000_000

# Columns, not objects: every gift reads these hundred rows.
_FUNDS = (
    select(Fund.id, Fund.parent_id, Fund.kind, Fund.code, Fund.name_fa, Fund.name_en)
    .where(Fund.is_open)
    .order_by(Fund.id)
)
_OFFICES = (
    select(Office.code, Office.name_fa, Office.name_en)
    .where(Office.is_open, Office.code != ONLINE_OFFICE_CODE)
    .order_by(Office.code)
)


@dataclass(frozen=True, slots=True)
class Choices:
    """The options of every list on the page."""

    funds: dict[str, Options]  # by heading
    offices: Options
    gateways: Options  # each bank once; none where no bank answers just now


def choices(session: Session, gateways: Mapping[str, Gateway], *, now: datetime) -> Choices:
    """Everything the page offers, in the language being spoken."""
    banks = gateway_options(session, gateways, now=now)
    return Choices(
        funds=_funds(session),
        offices=_offices(session),
        gateways={name: _with_limit(title, gateways[name]) for name, title in banks.items()},
    )


def gateway_options(
    session: Session,
    gateways: Mapping[str, Gateway],
    *,
    now: datetime,
    amount_rial: int | None = None,
    purpose: Purpose | None = None,
) -> Options:
    """The banks that donors can be sent to, for an amount and a purpose where they are known."""
    found = offered(
        gateways.values(), troubled(session), amount_rial=amount_rial, purpose=purpose, now=now
    )
    return {gateway.name: title_of(gateway) for gateway in found}


def _with_limit(title: str, gateway: Gateway) -> str:
    """A bank's name, with the most it takes at once where that is not much."""
    most = gateway.manifest.amount_rial_max
    if most >= _WORTH_SAYING_RIAL:
        return title
    limit = _("up to %(amount)s") % {"amount": rial(most)}
    return Markup("{} <small>{}</small>").format(title, limit)


def title_of(gateway: Gateway) -> str:
    """What donors call a gateway."""
    return gateway.title_en if spoken() == "en" else gateway.title_fa


def name_of(named: Fund | Office | Province) -> str:
    """The name of a fund, office or province in the language being spoken."""
    return named.name_en if spoken() == "en" else named.name_fa


def _funds(session: Session) -> dict[str, Options]:
    under: dict[int | None, list[Any]] = {}
    for fund in session.execute(_FUNDS):
        under.setdefault(fund.parent_id, []).append(fund)
    general = [fund for fund in under.get(None, ()) if fund.kind is FundKind.GENERAL]
    found = {_("In general"): {fund.code: name_of(fund) for fund in general}}
    for service in under.get(None, ()):
        if service.kind is FundKind.SERVICE:
            below = {fund.code: name_of(fund) for fund in under.get(service.id, ())}
            whole = _("%(service)s, in general") % {"service": name_of(service)}
            found[name_of(service)] = {service.code: whole, **below}
    return found


def _offices(session: Session) -> Options:
    found: Iterable[Any] = session.execute(_OFFICES)
    return {office.code: name_of(office) for office in found}
