"""What a gift can be meant for, where it can be brought, and through whom it can be paid."""

from flask import Response
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import aliased, joinedload

from donations.gateway_health import troubled
from donations.models.fund import Fund
from donations.routing import offered
from offices.places import Office
from web.api.answers import (
    FundOffered,
    Funds,
    GatewayOffered,
    Gateways,
    OfficeOpen,
    Offices,
)
from web.services import current


def list_funds() -> ResponseReturnValue:
    """List the funds that take gifts now."""
    parent = aliased(Fund)
    with current.database.reading() as session:
        rows = session.execute(
            select(Fund, parent.code)
            .outerjoin(parent, parent.id == Fund.parent_id)
            .where(Fund.is_open)
            .order_by(Fund.id)
        ).all()
    return _shown(
        Funds(
            funds=[
                FundOffered(
                    code=fund.code,
                    kind=fund.kind,
                    name_fa=fund.name_fa,
                    name_en=fund.name_en,
                    parent=parent_code,
                )
                for fund, parent_code in rows
            ]
        )
    )


def list_offices() -> ResponseReturnValue:
    """List the open offices."""
    with current.database.reading() as session:
        rows = session.scalars(
            select(Office)
            .where(Office.is_open)
            .options(joinedload(Office.province))
            .order_by(Office.code)
        ).all()
    return _shown(
        Offices(
            offices=[
                OfficeOpen(
                    code=office.code,
                    kind=office.kind,
                    name_fa=office.name_fa,
                    name_en=office.name_en,
                    province=office.province.code if office.province else None,
                )
                for office in rows
            ]
        )
    )


def list_gateways() -> ResponseReturnValue:
    """List the gateways that take payments now: each bank once, and only those that answer."""
    with current.database.reading() as session:
        found = offered(current.gateways.values(), troubled(session), now=current.now())
    return _shown(
        Gateways(
            gateways=[
                GatewayOffered(
                    name=gateway.name,
                    adapter=gateway.slug,
                    title_fa=gateway.title_fa or gateway.manifest.name_fa,
                    title_en=gateway.title_en or gateway.manifest.name_en,
                    amount_rial_min=gateway.manifest.amount_rial_min,
                    amount_rial_max=gateway.manifest.amount_rial_max,
                )
                for gateway in found
            ]
        )
    )


def _shown(model: BaseModel) -> Response:
    return Response(model.model_dump_json(exclude_none=True), mimetype="application/json")
