"""Pledges: made by a partner, and seen by that partner alone."""

from flask import Response
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from core.refusals import NotFound, Refusal
from donations.models.contribution import Contribution
from donations.models.payment import Payment
from donations.models.pledge import Channel, Pledge
from donations.paying import left_to_bank
from donations.pledging import (
    CashItem,
    DonorFacts,
    GoodsItem,
    ServiceItem,
    UnknownFund,
)
from donations.pledging import Item as PromisedItem
from donations.timelines import stage_of_items, whole_timeline
from donations.tracking import (
    contributions_of,
    payments_of,
    pledge_state,
    pledge_with_code,
)
from flows.pledging import promise
from offices.idempotency import Answer
from offices.places import Office
from receipts.life.series import Receipt
from web.api.answers import (
    Links,
    PaymentStanding,
    PledgeMade,
    PledgeStanding,
    item_said,
    stage_said,
)
from web.api.bodies import NewCash, NewGoods, NewItem, NewPledge
from web.api.gate import partner
from web.api.problems import PREFIX
from web.api.receipts import receipt_named
from web.api.refusals import UnknownOffice
from web.api.repeating import in_one_transaction, said
from web.services import current

_DONOR_FIELDS = frozenset({"name", "mobile", "email", "national_id"})


def make_pledge(body: NewPledge) -> ResponseReturnValue:
    """Make a pledge of money, goods and hours under one tracking code."""
    return in_one_transaction(lambda session: _made(session, body))


def show_pledge(tracking_code: str) -> ResponseReturnValue:
    """Tell how a pledge stands: its items, payments, receipts and stages."""
    with current.database.reading() as session:
        pledge = own_pledge(session, tracking_code)
        payments = payments_of(session, pledge.id)
        left = left_to_bank(session, payments)
        contributions = contributions_of(session, pledge.id)
        stages = whole_timeline(session, pledge, payments, contributions, left_to_bank=left)
        reached = stage_of_items(pledge, stages)
        places = {item.id: place for place, item in enumerate(pledge.items, start=1)}
        standing = PledgeStanding(
            tracking_code=pledge.tracking_code,
            deposit_id=pledge.deposit_id,
            state=pledge_state(pledge, payments, left_to_bank=left),
            external_reference=pledge.external_reference,
            items=[item_said(item, reached[item.id]) for item in pledge.items],
            payments=[_payment_said(payment) for payment in payments],
            receipts=[receipt_named(receipt) for receipt in _receipts(session, pledge)],
            timeline=[stage_said(stage, places) for stage in stages],
            links=_links(pledge),
        )
    return Response(standing.model_dump_json(exclude_none=True), mimetype="application/json")


def own_pledge(session: Session, tracking_code: str) -> Pledge:
    """The pledge with this code, if this partner made it. Raises NotFound.

    A pledge of somebody else and one that does not exist are the same to a partner.
    """
    pledge = pledge_with_code(session, tracking_code)
    if pledge.api_key_id != partner().api_key_id:
        raise NotFound(subject="pledge")
    return pledge


def _made(session: Session, body: NewPledge) -> Answer:
    try:
        pledge = promise(
            session,
            [_item(item) for item in body.items],
            donor=DonorFacts(**body.donor.model_dump()),
            office_id=_office_id(session, body.office),
            channel=Channel(body.channel),
            language=body.language,
            external_reference=body.external_reference,
            api_key_id=partner().api_key_id,
            now=current.now(),
        )
    except Refusal as refusal:
        refusal.details.setdefault("field", _place(refusal, body))
        raise
    return said(
        PledgeMade(
            tracking_code=pledge.tracking_code,
            deposit_id=pledge.deposit_id,
            state=pledge_state(pledge, []),
            items=[item_said(item) for item in pledge.items],
            links=_links(pledge),
        ),
        201,
    )


def _item(item: NewItem) -> PromisedItem:
    if isinstance(item, NewCash):
        return CashItem(item.amount_rial, item.fund)
    if isinstance(item, NewGoods):
        return GoodsItem(
            item.description, item.quantity, item.unit, item.declared_value_rial, item.fund
        )
    return ServiceItem(item.skill, item.hours, item.fund)


def _office_id(session: Session, code: str | None) -> int | None:
    """The office a gift is for. A key that belongs to an office brings gifts to no other one."""
    own_id = partner().office_id
    if code is None and own_id is None:
        return None
    wanted = Office.id == own_id if code is None else Office.code == code
    office_id = session.scalars(select(Office.id).where(wanted, Office.is_open)).one_or_none()
    if office_id is None or own_id not in (None, office_id):
        raise UnknownOffice
    return office_id


def _place(refusal: Refusal, body: NewPledge) -> str | None:
    """Where in the body the refused value stands."""
    if isinstance(refusal, UnknownFund):
        for place, item in enumerate(body.items):
            if item.fund and item.fund[:40] == refusal.details["fund"]:
                return f"items.{place}.fund"
    name = refusal.field or refusal.details.get("name")
    return f"donor.{name}" if name in _DONOR_FIELDS else refusal.field


def _links(pledge: Pledge) -> Links:
    public_url = current.settings.public_url
    return Links(
        follow=f"{public_url}/follow/{pledge.tracking_code}",
        pay=f"{public_url}{PREFIX}/pledges/{pledge.tracking_code}/payments"
        if pledge.cash_rial
        else None,
    )


def _payment_said(payment: Payment) -> PaymentStanding:
    return PaymentStanding(
        id=payment.id,
        gateway=payment.gateway,
        state=payment.state,
        amount_rial=payment.amount_rial,
        trace_number=payment.trace_number,
    )


def _receipts(session: Session, pledge: Pledge) -> list[Receipt]:
    return list(
        session.scalars(
            select(Receipt)
            .join(Contribution, Contribution.id == Receipt.contribution_id)
            .where(Contribution.pledge_id == pledge.id)
            .options(
                selectinload(Receipt.void),
                selectinload(Receipt.replaced_by),
                selectinload(Receipt.replaces),
            )
            .order_by(Receipt.id)
        )
    )
