"""What the demo needs beyond the catalogue: people of every role, and card terminals at desks."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from flows.catalogue import enter_terminal
from ledger.accounts import central_account
from offices.granting import add_staff
from offices.places import ONLINE_OFFICE_CODE, Office
from offices.staff import Role, StaffMember

PASSWORD = "mosharekat-demo"  # noqa: S105  of the demo only, and printed when it starts


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of the demo."""

    username: str
    name: str
    role: Role
    office_code: str


DEMO_STAFF = (
    DemoPerson("clerk.azarbaijan", "سولماز محمدی", Role.CLERK, "01"),
    DemoPerson("clerk2.azarbaijan", "یاشار رضایی", Role.CLERK, "01"),
    DemoPerson("manager.azarbaijan", "آیدین کریمی", Role.OFFICE_MANAGER, "01"),
    DemoPerson("clerk.ardabil", "نرگس اکبری", Role.CLERK, "03"),
    DemoPerson("manager.nation", "پروانه سلطانی", Role.NATIONAL_MANAGER, ONLINE_OFFICE_CODE),
    DemoPerson("finance1", "مینا صادقی", Role.FINANCE, ONLINE_OFFICE_CODE),
    DemoPerson("finance2", "بهرام نوری", Role.FINANCE, ONLINE_OFFICE_CODE),
    DemoPerson("auditor", "لیلا عباسی", Role.AUDITOR, ONLINE_OFFICE_CODE),
    DemoPerson("admin", "کاوه شریفی", Role.ADMINISTRATOR, ONLINE_OFFICE_CODE),
)

CARD_TERMINALS = {"01": "5101", "03": "5103"}  # office code -> the bank's number of the terminal


def load_demo(session: Session, now: datetime) -> int:
    """Add the people and card terminals that are not there yet; returns how many people came.

    Never to be called where real people are reached: everybody knows the password.
    """
    known = set(session.scalars(select(StaffMember.username)))
    missing = [person for person in DEMO_STAFF if person.username not in known]
    for person in missing:
        add_staff(
            session,
            username=person.username,
            name=person.name,
            role=person.role,
            office_code=person.office_code,
            password=PASSWORD,
            now=now,
        )
    _load_card_terminals(session)
    return len(missing)


def _load_card_terminals(session: Session) -> None:
    account_id = central_account(session).id
    for code, bank_terminal_id in CARD_TERMINALS.items():
        office_id = session.scalars(select(Office.id).where(Office.code == code)).one()
        enter_terminal(
            session,
            f"pos-{code}",
            bank_terminal_id,
            bank_account_id=account_id,
            office_id=office_id,
        )
