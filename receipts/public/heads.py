"""The list of a day's chain heads: one hash stands for all receipts of a series up to that day.

Every receipt is chained to the one before it in its series. Who keeps yesterday's list, or reads
it in a newspaper, can tell if any receipt up to yesterday was changed, taken away or slipped in
later. A list names the one before it, so that none can be left out; it is signed with the seal's
key, so that none can be made up, and it can be checked with OpenSSL alone (see docs/verifying.md).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, insert_only
from core.jalali import jalali_plain
from core.refusals import NotFound
from receipts.life.series import Receipt


@insert_only
class PublishedHeads(Base):
    """The signed list of one day, as it was published."""

    __tablename__ = "published_heads"

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(unique=True)  # in Tehran
    text: Mapped[str]  # the JSON that is signed, byte for byte
    text_hash: Mapped[str] = mapped_column(String(64))
    previous_hash: Mapped[str] = mapped_column(String(64), unique=True)  # lists do not fork
    signature: Mapped[str]  # CMS, detached, DER in base64
    certificates: Mapped[str]  # PEM: the signer's first
    published_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class HeadOfDay:
    """Where the chain of one series ended on one day, and the numbers issued that day."""

    series: str  # year/desk, such as 1404/07
    day: date
    first: str
    last: str
    hash: str

    @property
    def day_in_address(self) -> str:
        """The day as addresses write it."""
        return day_in_address(self.day)


def day_in_address(day: date) -> str:
    """A day in Tehran as addresses write it: 1405-09-01."""
    return jalali_plain(day).replace("/", "-")


def heads_in(published: PublishedHeads) -> list[HeadOfDay]:
    """The rows of a list, by series."""
    return [
        HeadOfDay(row["series"], published.day, row["first"], row["last"], row["head"])
        for row in json.loads(published.text)["series"]
    ]


def head_of(session: Session, receipt: Receipt) -> HeadOfDay | None:
    """The head of a receipt's series on its day; none before that day's list is published."""
    published = session.scalars(
        select(PublishedHeads).where(PublishedHeads.day == receipt.issued_on)
    ).one_or_none()
    series = receipt.number.rpartition("/")[0]
    heads = heads_in(published) if published else []
    return next((head for head in heads if head.series == series), None)


def published_on(session: Session, day: date) -> PublishedHeads:
    """The list of a day. Raises NotFound."""
    published = session.scalars(
        select(PublishedHeads).where(PublishedHeads.day == day)
    ).one_or_none()
    if published is None:
        raise NotFound(subject="list of chain heads")
    return published


def latest_lists(
    session: Session, *, before: date | None = None, limit: int
) -> Sequence[PublishedHeads]:
    """One page of lists, newest first; ask again with the last day to go on."""
    statement = select(PublishedHeads).order_by(PublishedHeads.day.desc()).limit(limit)
    if before is not None:
        statement = statement.where(PublishedHeads.day < before)
    return session.scalars(statement).all()
