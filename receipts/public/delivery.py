"""Links that somebody asked for: a receipt's once more, a donor's statement of a year.

Both go by SMS and e-mail to the address the donor left, never to a screen: whoever asks may be
somebody else. How often is limited, so that nobody can fill a stranger's telephone.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from core.database import Base, insert_only
from core.refusals import NotFound, Refusal
from donations.models.donor import Donor
from donations.models.pledge import Pledge
from offices.limits import allow
from receipts.life.series import Receipt

OPENS_FOR = timedelta(days=7)
_KEY_BYTES = 16
_OF_ONE, _OF_ONE_PER = 3, timedelta(days=1)
_BY_ONE_PERSON, _BY_ONE_PERSON_PER = 60, timedelta(hours=1)


class NoAddress(Refusal):
    """The donor left neither a mobile number nor an e-mail address."""

    code = "receipt.no_address"


@insert_only
class ReceiptLink(Base):
    """That a desk had the link of a receipt sent once more."""

    __tablename__ = "receipt_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipt.id"), index=True)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    asked_at: Mapped[datetime]

    receipt: Mapped[Receipt] = relationship()


@insert_only
class StatementLink(Base):
    """A link to the statement of one donor and one Jalali year, asked for in a gift's own view."""

    __tablename__ = "statement_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledge.id"), index=True)
    year: Mapped[int]
    key: Mapped[str] = mapped_column(String(32), unique=True)  # 128 bits, in the link only
    asked_at: Mapped[datetime]

    pledge: Mapped[Pledge] = relationship()


def ask_for_receipt(
    session: Session, receipt: Receipt, donor: Donor | None, *, asked_by_id: int, now: datetime
) -> ReceiptLink:
    """Have a receipt's link sent once more. Raises NoAddress, TooManyTries."""
    _refuse_without_address(donor)
    by = f"receipt-link-by:{asked_by_id}"
    allow(session, by, tries=_BY_ONE_PERSON, per=_BY_ONE_PERSON_PER, now=now)
    allow(session, f"receipt-link:{receipt.id}", tries=_OF_ONE, per=_OF_ONE_PER, now=now)
    asked = ReceiptLink(receipt_id=receipt.id, asked_by_id=asked_by_id, asked_at=now)
    session.add(asked)
    session.flush()
    return asked


def ask_for_statement(
    session: Session, pledge: Pledge, *, year: int, now: datetime
) -> StatementLink:
    """Have the link to a year's statement sent to its donor. Raises NoAddress, TooManyTries.

    A gift's own view proves one gift; the statement tells of all gifts of a donor, who is known
    by mobile number and name. So only whoever holds that telephone or mailbox gets it.
    """
    _refuse_without_address(pledge.donor)
    bucket = f"statement-link:{pledge.donor_id}"
    allow(session, bucket, tries=_OF_ONE, per=_OF_ONE_PER, now=now)
    asked = StatementLink(
        pledge_id=pledge.id, year=year, key=secrets.token_hex(_KEY_BYTES), asked_at=now
    )
    session.add(asked)
    session.flush()
    return asked


def statement_link(session: Session, key: str, *, now: datetime) -> StatementLink:
    """The link of a key, as long as it opens. Raises NotFound."""
    link = session.scalars(
        select(StatementLink)
        .where(StatementLink.key == key, StatementLink.asked_at > now - OPENS_FOR)
        .options(joinedload(StatementLink.pledge).joinedload(Pledge.donor))
    ).one_or_none()
    if link is None:
        raise NotFound(subject="statement")
    return link


def has_address(donor: Donor | None) -> bool:
    """Whether a donor can be written to."""
    return donor is not None and bool(donor.mobile or donor.email)


def _refuse_without_address(donor: Donor | None) -> None:
    if not has_address(donor):
        raise NoAddress
