"""Offices for the demo: a centre below a desk, and a partner centre with leaves of its book."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from donations.models.pledge import ItemKind
from donations.partner_receipts import PartnerGift, record_partner_receipt
from offices.changing import Change, NewOffice, open_office
from offices.places import Office
from offices.scope import EVERYWHERE
from offices.staff import StaffMember

DESK = "01"
_CENTRES = (
    NewOffice("مرکز توان‌بخشی سهند", "Sahand rehabilitation centre", parent=DESK),
    NewOffice("خیریهٔ همکار آذر", "Azar partner charity", parent=DESK, is_partner=True),
)
_LEAVES = (
    ("۱۰۱", {"kind": ItemKind.CASH, "amount_rial": 12_000_000}),
    (
        "۱۰۲",
        {
            "kind": ItemKind.GOODS,
            "description": "پتو",
            "quantity_thousandths": 15_000,
            "unit": "تخته",
        },
    ),
    ("۱۰۳", {"kind": ItemKind.SERVICE, "description": "آموزش خیاطی", "hours": 12}),
)


def load_demo_offices(session: Session, now: datetime) -> int:
    """Open the centres that are not there yet; returns how many."""
    admin_id = session.scalars(select(StaffMember.id).order_by(StaffMember.id.desc())).first()
    if admin_id is None:
        return 0
    known = set(session.scalars(select(Office.name_en)))
    today = tehran_date(now)
    made = [
        open_office(session, new, Change(today, "", admin_id, now))
        for new in _CENTRES
        if new.name_en not in known
    ]
    for office in made:
        if office.centre is not None and office.centre.is_partner:
            _record(session, office, admin_id, now)
    return len(made)


def _record(session: Session, partner: Office, staff_id: int, now: datetime) -> None:
    for number, facts in _LEAVES:
        gift = PartnerGift(
            office=partner.code,
            number=number,
            received_on=tehran_date(now - timedelta(days=1)),
            **facts,  # type: ignore[arg-type]
        )
        record_partner_receipt(session, EVERYWHERE, gift, recorded_by_id=staff_id, now=now)
