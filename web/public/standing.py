"""How a gift stands, put into words for its donor: one state, one advice, what happened so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from core.words import _, spoken
from donations.models.contribution import Contribution
from donations.models.payment import Payment, PaymentState, PaymentStep
from donations.models.pledge import ItemKind, ItemState, Pledge, PledgeItem
from donations.paying import left_to_bank
from donations.routing import needs_purpose, purpose_of
from donations.timelines import stage_of_items, whole_timeline
from donations.tracking import (
    GOING_BACK,
    GONE_BACK,
    PledgeState,
    StageKind,
    contributions_of,
    payments_of,
    pledge_state,
)
from payment_gateways.registry import Gateway
from receipts.life.drawing import shown_facts
from receipts.life.freezing import quantity_text
from receipts.life.numbering import number_in_address
from receipts.life.series import Receipt
from web.filters import digits, rial
from web.public.account import AccountShown, deposit_account
from web.public.choices import Options, gateway_options, name_of
from web.public.documents import further_names
from web.stages import STAGES, StageShown, stages_shown

# How long the page asks again by itself while the bank is being asked.
_ASKS_AGAIN_FOR = timedelta(minutes=2)
_KEPT = ("thanks", "certificate")
_S = PaymentState


class Money(StrEnum):
    """How the money of a gift stands, as far as its donor has to act on it."""

    NONE = "none"  # goods or hours only
    OPEN = "open"
    AT_THE_BANK = "at_the_bank"
    BEING_CHECKED = "being_checked"  # the bank is being asked this minute
    UNDER_REVIEW = "under_review"  # it did not answer, or said something else than we asked
    UNANSWERED = "unanswered"  # the bank never took the announcement
    CANCELLED = "cancelled"
    NOT_PAID = "not_paid"
    RETURNED = "returned"
    PAID = "paid"
    GOING_BACK = "going_back"  # it was paid, and is being sent back
    GIVEN_BACK = "given_back"  # it was paid and sent back for good: nothing more to do


_AS_LEFT = {
    _S.START_UNKNOWN: Money.UNANSWERED,
    _S.CREATED: Money.UNANSWERED,
    _S.CANCELLED_CLAIMED: Money.CANCELLED,
    _S.CANCELLED: Money.CANCELLED,
    _S.FAILED: Money.NOT_PAID,
    _S.EXPIRED: Money.NOT_PAID,
    _S.STARTED: Money.AT_THE_BANK,
    _S.REDIRECTED: Money.AT_THE_BANK,
    _S.REVERSED: Money.RETURNED,
    _S.REFUNDED: Money.RETURNED,
}
_PAYABLE = frozenset(
    {
        Money.OPEN,
        Money.AT_THE_BANK,
        Money.UNANSWERED,
        Money.CANCELLED,
        Money.NOT_PAID,
        Money.RETURNED,
    }
)


@dataclass(frozen=True, slots=True)
class ItemShown:
    """One thing promised, in words."""

    text: str
    fund: str
    kind: ItemKind
    is_received: bool
    stage: str  # where this item stands, which may be further than the others


@dataclass(frozen=True, slots=True)
class ReceiptShown:
    """A receipt of this gift; the key is empty for those who may not read it."""

    number: str
    in_address: str
    is_void: bool
    key: str
    further: Sequence[str]  # names of the documents that fit it


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything the page shows of a gift; the name only when it ``is_opened``."""

    tracking_code: str
    money: Money
    is_complete: bool
    items: Sequence[ItemShown]
    cash_rial: int
    stages: Sequence[StageShown]
    receipts: Sequence[ReceiptShown]
    deposit_id: str  # as long as it can be paid in
    account: AccountShown | None  # as long as it can be paid, like the gateways
    gateways: Options
    is_opened: bool
    can_prove_mobile: bool
    donor_name: str
    asks_again: bool
    paid_twice: bool
    left_to_bank: bool  # a second payment that the bank gives back by itself

    @property
    def can_pay(self) -> bool:
        """Whether paying now cannot be paying twice."""
        return self.money in _PAYABLE

    @property
    def waits_for(self) -> ItemKind | None:
        """Goods or hours that are still expected."""
        waiting = {item.kind for item in self.items if not item.is_received} - {ItemKind.CASH}
        return min(waiting, default=None)


def standing_of(
    session: Session,
    pledge: Pledge,
    *,
    gateways: Mapping[str, Gateway],
    is_opened: bool,
    now: datetime,
) -> Standing:
    """How a pledge stands at this moment."""
    payments = payments_of(session, pledge.id)
    contributions = contributions_of(session, pledge.id)
    money = _money(session, pledge, payments, now=now)
    left = left_to_bank(session, payments)
    reached = whole_timeline(session, pledge, payments, contributions, left_to_bank=left)
    places = stage_of_items(pledge, reached)
    items = [item for item in pledge.items if item.state is not ItemState.WITHDRAWN]
    donor = pledge.donor
    is_payable = money in _PAYABLE
    return Standing(
        tracking_code=pledge.tracking_code,
        money=money,
        is_complete=pledge_state(pledge, payments) is PledgeState.RECEIVED,
        items=[_item(item, places[item.id]) for item in items],
        cash_rial=pledge.cash_rial,
        stages=stages_shown(reached),
        receipts=_receipts(session, contributions, is_opened=is_opened),
        deposit_id=pledge.deposit_id if is_payable else "",
        account=deposit_account(session) if is_payable else None,
        gateways=_banks_for(session, pledge, gateways, now=now) if is_payable else {},
        is_opened=is_opened,
        can_prove_mobile=bool(donor and donor.mobile),
        donor_name=(donor.name or "") if donor and is_opened else "",
        asks_again=money is Money.BEING_CHECKED,
        paid_twice=any(
            payment.is_surplus and payment.state not in GONE_BACK for payment in payments
        ),
        left_to_bank=bool(left),
    )


def quantity_shown(item: PledgeItem) -> str:
    """A quantity of goods with its unit, a decimal point as the language writes it."""
    quantity = quantity_text(item.quantity_thousandths or 0)
    if spoken() != "en":
        quantity = quantity.replace(".", "٫")
    return f"{digits(quantity)} {own_words(item.unit)}"


def own_words(text: str | None) -> str:
    """What somebody wrote, kept in a direction of its own inside the page's sentence."""
    return f"\u2068{text or ''}\u2069"


def _money(
    session: Session, pledge: Pledge, payments: Sequence[Payment], *, now: datetime
) -> Money:
    cash = [
        item.state
        for item in pledge.items
        if item.kind is ItemKind.CASH and item.state is not ItemState.WITHDRAWN
    ]
    if not cash:
        is_gone = any(payment.state in GONE_BACK for payment in payments)
        return Money.GIVEN_BACK if is_gone else Money.NONE
    if ItemState.PROMISED not in cash:
        gift = [payment for payment in payments if payment.is_final and not payment.is_surplus]
        goes = any(payment.state in GOING_BACK for payment in gift)
        return Money.GOING_BACK if goes else Money.PAID
    unsure = [
        payment for payment in payments if payment.state not in _AS_LEFT and not payment.is_final
    ]
    if unsure:
        since = _asking_since(session, unsure)
        is_mismatch = any(payment.state is _S.MISMATCH for payment in unsure)
        is_fresh = now - since < _ASKS_AGAIN_FOR
        return Money.BEING_CHECKED if is_fresh and not is_mismatch else Money.UNDER_REVIEW
    return _AS_LEFT.get(payments[-1].state, Money.OPEN) if payments else Money.OPEN


def _asking_since(session: Session, payments: Sequence[Payment]) -> datetime:
    """When the bank was first asked about these payments, however often it was asked again."""
    first = session.scalars(
        select(func.min(PaymentStep.at)).where(
            PaymentStep.payment_id.in_([payment.id for payment in payments]),
            PaymentStep.state.in_((_S.RETURNED, _S.CONFIRMING)),
        )
    ).one()
    return first or min(payment.changed_at for payment in payments)


def _banks_for(
    session: Session, pledge: Pledge, gateways: Mapping[str, Gateway], *, now: datetime
) -> Options:
    is_asked = needs_purpose(gateways.values())
    return gateway_options(
        session,
        gateways,
        amount_rial=pledge.cash_rial,
        purpose=purpose_of(session, pledge.id) if is_asked else None,
        now=now,
    )


def _item(item: PledgeItem, stage: StageKind) -> ItemShown:
    if item.kind is ItemKind.CASH:
        text = rial(item.amount_rial or 0)
    elif item.kind is ItemKind.GOODS:
        text = f"{own_words(item.description)} – {quantity_shown(item)}"
    else:
        text = _("%(skill)s, %(hours)s hours") % {
            "skill": own_words(item.skill),
            "hours": digits(item.hours),
        }
    return ItemShown(
        text,
        name_of(item.fund),
        item.kind,
        item.state is ItemState.RECEIVED,
        # Of money the page says more than one word.
        "" if item.kind is ItemKind.CASH else str(STAGES[stage][0]),
    )


def _receipts(
    session: Session, contributions: Sequence[Contribution], *, is_opened: bool
) -> list[ReceiptShown]:
    rows = session.scalars(
        select(Receipt)
        .where(Receipt.contribution_id.in_([contribution.id for contribution in contributions]))
        .options(joinedload(Receipt.void), joinedload(Receipt.replaced_by))
        .order_by(Receipt.id)
    )
    return [
        ReceiptShown(
            number=row.number,
            in_address=number_in_address(row.number),
            is_void=row.void is not None,
            key=row.verify_key if is_opened else "",
            further=_for_donor(session, row) if is_opened else (),
        )
        for row in rows
    ]


def _for_donor(session: Session, receipt: Receipt) -> list[str]:
    """The documents a donor keeps; a delivery note is for the desk."""
    return [name for name in further_names(shown_facts(session, receipt)) if name in _KEPT]
