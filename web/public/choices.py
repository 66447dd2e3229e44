"""What the form of a gift offers: purposes, desks, and gateways with a healthy one first."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.words import _, spoken
from donations.models.fund import Fund, FundKind
from donations.models.payment import Payment, PaymentState
from offices.places import ONLINE_OFFICE_CODE, Office, Province
from payment_gateways.registry import Gateway

Options = dict[str, str]  # value -> text, in the order they are shown

_LATEST = 50  # payments looked at when judging whether a gateway answers
_RECENTLY = timedelta(minutes=10)
_SILENT_AFTER = 2  # announcements without an answer, and none with one, among them

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
_PAYMENTS = (
    select(Payment.gateway, Payment.state, Payment.token, Payment.created_at)
    .order_by(Payment.id.desc())
    .limit(_LATEST)
)


@dataclass(frozen=True, slots=True)
class Choices:
    """The options of every list on the page."""

    funds: dict[str, Options]  # by heading
    offices: Options
    gateways: Options  # enabled ones; those that do not answer just now stand last


def choices(session: Session, gateways: Mapping[str, Gateway], *, now: datetime) -> Choices:
    """Everything the page offers, in the language being spoken."""
    return Choices(
        funds=_funds(session),
        offices=_offices(session),
        gateways=gateway_options(session, gateways, now=now),
    )


def gateway_options(session: Session, gateways: Mapping[str, Gateway], *, now: datetime) -> Options:
    """The enabled gateways, those that do not answer just now last."""
    return {gateway.name: title_of(gateway) for gateway in _ordered(session, gateways, now=now)}


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


def _ordered(session: Session, gateways: Mapping[str, Gateway], *, now: datetime) -> list[Gateway]:
    enabled = [gateway for gateway in gateways.values() if gateway.is_enabled]
    if len(enabled) < 2:
        return enabled
    latest = session.execute(_PAYMENTS).all()
    recent = [row for row in latest if row.created_at > now - _RECENTLY]
    silent = Counter(row.gateway for row in recent if row.state is PaymentState.START_UNKNOWN)
    answered = {row.gateway for row in recent if row.token is not None}
    return sorted(
        enabled,
        key=lambda gateway: silent[gateway.name] >= _SILENT_AFTER and gateway.name not in answered,
    )
