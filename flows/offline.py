"""Entries that a browser kept while it had no line: taken in once, on their own day."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.portable import sha256_of
from core.refusals import NotFound, Refusal
from core.words import _
from donations.models.contribution import Contribution
from donations.models.desk import DeskEntry
from donations.models.pledge import Pledge
from donations.pledging import CashItem
from flows.desk import WalkIn, record_walk_in, recorded_under
from flows.entries import similar_entry
from offices.audit import note
from offices.scope import Scope
from offices.staff import StaffMember
from receipts.life.blocks import KEPT_DAYS
from receipts.life.number_blocks import OfflineEntry
from receipts.life.numbering import GivenNumber
from receipts.life.series import Receipt
from receipts.life.spending import (
    OtherBrowser,
    desk_of_number,
    give_up_number,
    given_number,
    is_unspent,
    number_on_paper,
    spend_number,
    whole_reason,
)
from reconciliation.locks import AccountLock

_CLOCKS_DIFFER = timedelta(minutes=5)


class MadeByAnother(Refusal):
    """The entry was made by somebody else, under whose name alone it can be sent."""

    code = "offline.made_by_another"


class ContentDiffers(Refusal):
    """An entry with this key was taken in before, and it was another one."""

    code = "offline.content_differs"


class UnlikelyMoment(Refusal):
    """By the browser's clock the entry was made in the future, or too long ago."""

    code = "offline.unlikely_moment"
    http_status = 422


class PerhapsTheSame(Refusal):
    """An entry of the last day has the same mobile and amount: perhaps it is the same gift."""

    code = "offline.perhaps_the_same"


@dataclass(frozen=True, slots=True)
class TakenNumber:
    """A number that a browser took from the block it holds."""

    block_id: int
    serial: int


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """What a browser kept: the visit, and what the browser says of it.

    ``content`` is everything that was typed, in one form of writing, so that the same key is never
    used for two entries. Without a ``number`` the server gives the next one of the desk.
    """

    walk_in: WalkIn
    content: str
    request_key: str
    made_at: datetime
    made_by_id: int
    device: str
    number: TakenNumber | None = None
    is_of_today: bool = False  # a person said that the clock of the browser was wrong
    paper: TakenNumber | None = None  # what the donor's paper says, where it is not ``number``


def take_in(
    session: Session,
    scope: Scope,
    kept: KeptEntry,
    *,
    office_id: int,
    staff_id: int,
    now: datetime,
) -> Receipt:
    """Record an entry that a browser kept; sent again it is still that one entry.

    It stands on the day on which it was made, or today where that day is signed; and at the desk
    of its number, or of that on the donor's paper, at whose counter it lay, also where the clerk
    works elsewhere by now. A number
    that it does not need, because it was saved before the line was cut, is given up with that
    reason. Raises MadeByAnother, ContentDiffers, UnlikelyMoment, PerhapsTheSame, and what
    ``given_number`` and ``record_walk_in`` raise.
    """
    if kept.made_by_id != staff_id:
        raise MadeByAnother
    # Sent by two windows at one moment: the second waits here until the first is saved.
    session.get_one(StaffMember, staff_id, with_for_update={"key_share": True})
    known = recorded_under(session, staff_id=staff_id, request_key=kept.request_key)
    if known is not None:
        told = _told_of(session, kept, known)
        office_id = _office_of(session, kept, office_id)
        _let_go_of_number(session, kept, known, office_id=office_id, now=now)
        if told is None:
            _tell(session, kept, known, _on_paper(session, kept, office_id))
        return known
    received_at = _moment(session, kept, now=now)
    office_id = _office_of(session, kept, office_id)
    given = _given(session, kept, office_id)
    _refuse_similar(session, scope, kept, office_id, now=now)
    receipt = record_walk_in(
        session,
        kept.walk_in,
        office_id=office_id,
        staff_id=staff_id,
        request_key=kept.request_key,
        now=now,
        given=given,
        received_at=received_at,
    )
    if given is not None:
        spend_number(session, given, receipt.contribution_id, told_by_id=staff_id, now=now)
    _tell(session, kept, receipt, _on_paper(session, kept, office_id))
    return receipt


def give_up(
    session: Session,
    *,
    request_key: str,
    number: TakenNumber | None,
    device: str,
    reason: str,
    office_id: int,
    staff_id: int,
    now: datetime,
) -> None:
    """Write down that a kept entry will not be sent, and why; its number is void, if it has one.

    What was recorded under this key or number stays. Raises BlockReasonMissing, OtherBrowser,
    NotFound, NumberSpent.
    """
    reason = whole_reason(reason)
    # While it is being sent by another window, wait: then it is known.
    session.get_one(StaffMember, staff_id, with_for_update={"key_share": True})
    known = recorded_under(session, staff_id=staff_id, request_key=request_key)
    is_ours = number is not None and is_unspent(session, number.block_id, number.serial)
    if known is None and number is not None and is_ours:
        give_up_number(
            session,
            desk_of_number(
                session, number.block_id, device, staff_id=staff_id, office_id=office_id
            ),
            device,
            block_id=number.block_id,
            serial=number.serial,
            reason=reason,
            told_by_id=staff_id,
            now=now,
        )
    note(
        session,
        "offline.give_up",
        subject="offline_entry",
        subject_id=None,
        now=now,
        actor_id=staff_id,
        key=request_key,
        reason=reason,
        recorded_as=known.number if known is not None else None,
    )


def tracking_code_of(session: Session, receipt: Receipt) -> str:
    """The tracking code of the gift that a receipt documents."""
    contribution = session.get_one(Contribution, receipt.contribution_id)
    return session.get_one(Pledge, contribution.pledge_id).tracking_code


def desk_of_entry(
    session: Session,
    number: TakenNumber | None,
    paper: TakenNumber | None,
    device: str,
    *,
    staff_id: int,
    office_id: int,
) -> int:
    """The desk of a kept entry's number, or of that on its paper; without either the clerk's."""
    taken = number or paper
    if taken is None:
        return office_id
    return desk_of_number(session, taken.block_id, device, staff_id=staff_id, office_id=office_id)


def _tell(session: Session, kept: KeptEntry, receipt: Receipt, paper_number: str | None) -> None:
    """Write down what the browser said of an entry."""
    session.add(
        OfflineEntry(
            desk_entry_id=session.get_one(Contribution, receipt.contribution_id).cause_id,
            made_at=kept.made_at,
            content_hash=sha256_of(kept.content),
            provisional_number=paper_number,
        )
    )


def _on_paper(session: Session, kept: KeptEntry, office_id: int) -> str | None:
    """The number on the donor's paper, as far as it is one of this browser's."""
    taken = kept.number or kept.paper
    if taken is None:
        return None
    return number_on_paper(
        session, office_id, kept.device, block_id=taken.block_id, serial=taken.serial
    )


def _told_of(session: Session, kept: KeptEntry, known: Receipt) -> OfflineEntry | None:
    """What a browser said of an entry before. Raises ContentDiffers where that was another one."""
    told = session.scalars(
        select(OfflineEntry)
        .join(DeskEntry, DeskEntry.id == OfflineEntry.desk_entry_id)
        .join(Contribution, Contribution.cause_id == DeskEntry.id)
        .where(Contribution.id == known.contribution_id)
    ).one_or_none()
    if told is not None and told.content_hash != sha256_of(kept.content):
        raise ContentDiffers(number=known.number)
    return told


def _let_go_of_number(
    session: Session, kept: KeptEntry, known: Receipt, *, office_id: int, now: datetime
) -> None:
    """Void the number of an entry that bears another one, where it is this browser's to void."""
    taken = kept.number
    if taken is None or not is_unspent(session, taken.block_id, taken.serial):
        return
    with suppress(NotFound, OtherBrowser):
        give_up_number(
            session,
            office_id,
            kept.device,
            block_id=taken.block_id,
            serial=taken.serial,
            reason=_("saved before the line was cut, as {number}").format(number=known.number),
            told_by_id=kept.made_by_id,
            now=now,
        )


def _moment(session: Session, kept: KeptEntry, *, now: datetime) -> datetime:
    """When the gift lay on the counter, as the books have it."""
    if kept.is_of_today:
        return now
    if kept.made_at > now + _CLOCKS_DIFFER or kept.made_at < now - timedelta(days=KEPT_DAYS):
        raise UnlikelyMoment(days=KEPT_DAYS)
    locked = session.scalars(select(func.max(AccountLock.closed_through))).one()
    is_signed = locked is not None and tehran_date(kept.made_at) <= locked
    return now if is_signed else min(kept.made_at, now)


def _office_of(session: Session, kept: KeptEntry, office_id: int) -> int:
    return desk_of_entry(
        session,
        kept.number,
        kept.paper,
        kept.device,
        staff_id=kept.made_by_id,
        office_id=office_id,
    )


def _given(session: Session, kept: KeptEntry, office_id: int) -> GivenNumber | None:
    taken = kept.number
    if taken is None:
        return None
    return given_number(
        session,
        office_id,
        kept.device,
        block_id=taken.block_id,
        serial=taken.serial,
        made_on=tehran_date(kept.made_at),
    )


def _refuse_similar(
    session: Session, scope: Scope, kept: KeptEntry, office_id: int, *, now: datetime
) -> None:
    """Raise PerhapsTheSame; the desk of the entry is asked also where its clerk has moved away."""
    mobile = kept.walk_in.donor.mobile
    cash_rial = sum(item.amount_rial for item in kept.walk_in.items if isinstance(item, CashItem))
    if kept.walk_in.is_another or mobile is None or not cash_rial:
        return
    asked = scope if scope.covers(office_id) else Scope(frozenset({office_id}))
    seen = similar_entry(session, asked, mobile=mobile, amount_rial=cash_rial, now=now)
    if seen is not None:
        raise PerhapsTheSame(number=seen.receipt.number)
