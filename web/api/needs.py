"""What offices ask the public for, as partners show it to their own people."""

from flask import Response
from flask.typing import ResponseReturnValue

from donations.goods.needs import open_needs
from donations.models.need import Need, NeedKind
from web.api.answers import NeedOpen, Needs, quantity_said
from web.services import current

_NEEDS_MAX = 500


def list_needs() -> ResponseReturnValue:
    """List what is needed and not yet promised in full, newest first."""
    with current.database.reading() as session:
        shown = Needs(needs=[_said(need) for need in open_needs(session, limit=_NEEDS_MAX)])
    return Response(shown.model_dump_json(exclude_none=True), mimetype="application/json")


def _said(need: Need) -> NeedOpen:
    is_goods = need.kind is NeedKind.GOODS
    return NeedOpen(
        id=need.id,
        kind=need.kind,
        title=need.title,
        details=need.details,
        category=need.category.code if need.category else None,
        skill=need.skill,
        licence=need.licence_kind,
        unit=need.unit,
        open=quantity_said(need.open_thousandths) if is_goods else need.open_hours,
        fund=need.fund.code,
        office=need.office.code,
        province=need.office.province.code if need.office.province else None,
        offer_url=f"{current.settings.public_url}/needs/{need.id}",
    )
