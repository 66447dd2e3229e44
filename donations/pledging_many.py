"""Many pledges of one desk at once: what ``make_pledge`` writes for one, with a few statements."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.identifiers import new_tracking_code
from core.rial import checked_rial
from donations.deposit_ids import next_deposit_ids
from donations.donor_words import keep_words_of_many
from donations.merging import is_visible
from donations.models.donor import Donor
from donations.models.fund import MOST_NEEDED
from donations.models.pledge import ItemKind, Pledge, PledgeItem
from donations.pledging import CashItem, DonorFacts, Source, open_funds, told_donor
from offices.scope import Scope

Promised = tuple[CashItem, DonorFacts, str]  # what, from whom (name and mobile alone), its key
_Alike = tuple[str | None, str | None]  # mobile, folded name


def make_pledges(
    session: Session, promised: Sequence[Promised], *, source: Source, now: datetime
) -> list[Pledge]:
    """Write down so many promises of cash, each under a new tracking code and deposit id.

    Raises UnknownFund, UnreadableAmount, UnusableText, UnreadableMobile, SeriesIsFull.
    """
    funds = open_funds(session, {item.fund or MOST_NEEDED for item, _donor, _key in promised})
    donors = _donors(session, [facts for _item, facts, _key in promised], source, now=now)
    day = tehran_date(now)
    deposit_ids = next_deposit_ids(session, source.place, day, len(promised))
    pledges = [
        Pledge(
            tracking_code=new_tracking_code(),
            deposit_id=deposit_id,
            donor=donor,
            hidden_from=facts.hidden_from,
            office_id=source.office_id,
            channel=source.channel,
            request_key=key,
            view_key=secrets.token_hex(16),
            taken_by_id=source.taken_by_id,
            made_at=now,
            items=[
                PledgeItem(
                    position=1,
                    kind=ItemKind.CASH,
                    fund=funds[item.fund or MOST_NEEDED],
                    amount_rial=checked_rial(item.amount_rial),
                )
            ],
        )
        for (item, facts, key), donor, deposit_id in zip(promised, donors, deposit_ids, strict=True)
    ]
    session.add_all(pledges)
    session.flush()
    keep_words_of_many(session, pledges, source.office_id)
    return pledges


def _donors(
    session: Session, facts: Sequence[DonorFacts], source: Source, *, now: datetime
) -> list[Donor | None]:
    """The donor of each, by the rules of ``make_pledge``: the same mobile and name are one."""
    told = [told_donor(one, now=now) for one in facts]
    known = _known(session, [one for one in told if one is not None], source.office_id)
    return [
        known.setdefault(_alike(one), one) if one is not None and one.mobile else one
        for one in told
    ]


def _known(session: Session, told: Sequence[Donor], office_id: int) -> dict[_Alike, Donor]:
    """Who is known by mobile and name: first at this office, else who told nothing more."""
    mobiles = sorted({one.mobile for one in told if one.mobile})
    if not mobiles:
        return {}
    is_known_here = is_visible(Scope(frozenset({office_id})), Donor.id)
    found: dict[_Alike, Donor] = {}
    rows = session.scalars(
        select(Donor)
        .where(Donor.mobile.in_(mobiles), is_known_here | _told_nothing_more())
        .order_by(is_known_here.desc(), Donor.id)
    )
    for donor in rows:
        found.setdefault(_alike(donor), donor)
    return found


def _told_nothing_more() -> ColumnElement[bool]:
    return and_(Donor.email.is_(None), Donor.national_id.is_(None))


def _alike(donor: Donor) -> _Alike:
    return donor.mobile, donor.name_folded
