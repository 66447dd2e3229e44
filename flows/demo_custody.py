"""The charity boxes of the demo: three that stand somewhere, two of them on a round's list."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from donations.custody.boxes import Placing
from donations.custody.rounds import Collector
from donations.models.charity_box import CharityBox
from donations.models.fund import MOST_NEEDED
from flows.collecting import add_box, open_round
from offices.staff import StaffMember

_CLERK, _SECOND = "clerk.azarbaijan", "clerk2.azarbaijan"
_BOXES = (
    (Placing("نانوایی سنگک، خیابان امام", "رحیم نانوا", "09143001001"), "4470"),
    (Placing("داروخانهٔ شفا، میدان ساعت", "دکتر صفایی", "09143001002"), "4471"),
    (Placing("دفتر پست مرکزی", "پروین حیدری"), "4472"),
)


def load_demo_custody(session: Session, now: datetime) -> None:
    """Add the boxes and their round where there are none; the people of the demo must be there."""
    people = dict(
        session.execute(
            select(StaffMember.username, StaffMember).where(
                StaffMember.username.in_((_CLERK, _SECOND))
            )
        ).all()
    )
    clerk, second = people[_CLERK], people[_SECOND]
    if session.scalars(
        select(CharityBox.id).where(CharityBox.office_id == clerk.office_id).limit(1)
    ).first():
        return
    boxes = [
        add_box(
            session,
            clerk.office_id,
            placing,
            fund=MOST_NEEDED,
            seal_number=seal,
            registered_by_id=clerk.id,
            request_key=f"demo:{seal}",
            now=now,
        )
        for placing, seal in _BOXES
    ]
    open_round(
        session,
        clerk.office_id,
        [box.id for box in boxes[:2]],
        (Collector(staff_member_id=second.id), Collector("اکبر رانندهٔ اداره")),
        opened_by_id=clerk.id,
        request_key="demo:round",
        now=now,
    )
