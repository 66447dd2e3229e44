"""The gifts of the demo: promises of every kind, and walk-ins at the desks of two provinces."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from donations.models.contribution import Tender
from donations.models.pledge import Channel, HiddenFrom
from donations.pledging import CashItem, DonorFacts, GoodsItem, Item, ServiceItem
from flows.desk import WalkIn, record_walk_in
from flows.pledging import promise
from offices.staff import StaffMember

# Who promised what through the website; nothing of it has arrived yet.
_PROMISES: Sequence[tuple[DonorFacts, Sequence[Item]]] = (
    (
        DonorFacts(name="زهرا موسوی", mobile="09121234567"),
        (CashItem(2_500_000, "19041062101"),),
    ),
    (
        DonorFacts(name="علی حسینی", hidden_from=HiddenFrom.PUBLIC),
        (CashItem(12_000_000), ServiceItem("آموزش رایانه", 8)),
    ),
    (DonorFacts(), (GoodsItem("صندلی چرخ‌دار", 2_000, "دستگاه"),)),
)

# What was laid on a counter: by which clerk it was taken, and in what form its money came.
_WALK_INS: Sequence[tuple[str, WalkIn]] = (
    (
        "clerk.azarbaijan",
        WalkIn(
            items=(CashItem(1_500_000), GoodsItem("پتو", 20_000, "تخته")),
            donor=DonorFacts(name="ناصر قاسمی", mobile="09141112233"),
            tender=Tender.CASH,
        ),
    ),
    (
        "clerk.ardabil",
        WalkIn(
            items=(CashItem(5_000_000, "19041062101"),),
            donor=DonorFacts(name="فاطمه نجفی"),
            tender=Tender.CHEQUE,
            cheque_number="123456",
        ),
    ),
)


def load_demo_gifts(session: Session, now: datetime) -> None:
    """Add the gifts that are not there yet; the people of the demo must be there."""
    for number, (donor, items) in enumerate(_PROMISES, start=1):
        promise(
            session,
            items,
            donor=donor,
            office_id=None,
            channel=Channel.WEBSITE,
            request_key=f"demo:{number}",
            now=now,
        )
    for number, (username, walk_in) in enumerate(_WALK_INS, start=1):
        clerk = session.scalars(select(StaffMember).where(StaffMember.username == username)).one()
        record_walk_in(
            session,
            walk_in,
            office_id=clerk.office_id,
            staff_id=clerk.id,
            request_key=f"demo:{number}",
            now=now,
        )
