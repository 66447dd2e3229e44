"""Finding a donor again: by mobile, tracking code or any word of the name, within a scope.

A gift whose donor hides from everyone leads to nobody, and a merged donor is one person. Every way
is a range of an index, so that it takes no longer among a million donors.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Exists, Row, exists, func, or_, select
from sqlalchemy.orm import Session

from core.digits import digits_only
from core.identifiers import UnreadableMobile, is_tracking_code, masked_mobile, parse_mobile
from donations.donor_words import begins, typed_words
from donations.in_scope import pledges_in
from donations.merging import is_visible
from donations.models.contribution import Contribution, ContributionReversal
from donations.models.donor import Donor, DonorIdentity, DonorWord
from donations.models.pledge import HiddenFrom, Pledge
from offices.scope import Scope

LOOKED_AT_MAX = 100  # of so many donors who are called alike, those who gave last are shown
FEW = 1_000  # donors whose pledges are looked up one by one


@dataclass(frozen=True, slots=True)
class FoundDonor:
    """One person as the offices of a scope know them."""

    id: int
    name: str  # may be empty
    mobile: str  # masked; empty where none was told
    last_gift_on: date | None  # the day in Tehran
    gifts: int  # that stand, at the offices of the scope


def find_donors(session: Session, scope: Scope, text: str, limit: int = 8) -> list[FoundDonor]:
    """Who may be meant, the one who gave last first; nobody where nothing was typed."""
    ids = donors_found(session, scope, text, limit=LOOKED_AT_MAX)
    return described(session, scope, ids)[:limit]


def donors_found(session: Session, scope: Scope, text: str, *, limit: int) -> list[int]:
    """The donors that a mobile, a tracking code or the beginning of a name leads to."""
    digits = digits_only(text) or ""
    if is_tracking_code(digits):
        return _by_code(session, scope, digits)
    try:
        mobile = parse_mobile(text)
    except UnreadableMobile:
        return _by_name(session, scope, text, limit=limit)
    return list(
        session.scalars(
            select(Donor.id)
            .where(Donor.mobile == mobile, is_visible(scope, Donor.id))
            .order_by(Donor.id.desc())
            .limit(limit)
        )
    )


def donors_meant(session: Session, scope: Scope, text: str) -> list[int] | None:
    """Everybody who is a person that a mobile or the beginning of a name leads to.

    Nothing where they are too many to be named one by one.
    """
    ids = donors_found(session, scope, text, limit=FEW + 1)
    return sorted(_persons(session, ids)) if len(ids) <= FEW else None


def is_called(scope: Scope, text: str) -> ColumnElement[bool]:
    """That a pledge is of somebody whose name has a word that begins so: one in few is."""
    starts = or_(*(begins(DonorWord.word, start) for start in typed_words(text)))
    return (
        select(DonorWord.donor_id)
        .where(DonorWord.donor_id == Pledge.donor_id, scope.narrow(DonorWord.office_id), starts)
        .exists()
    )


def described(session: Session, scope: Scope, donor_ids: Collection[int]) -> list[FoundDonor]:
    """These donors as persons, the one who gave last first: one row each, however often merged.

    Called by a name that the scope may see: the one told with the latest gift there.
    """
    persons = _persons(session, donor_ids)
    given = {row.donor_id: row for row in _given(session, scope, persons)}
    donors = session.scalars(
        select(Donor).where(Donor.id.in_(donor_ids), is_visible(scope, Donor.id))
    )
    by_person: dict[int, list[Donor]] = {}
    for donor in donors:
        by_person.setdefault(persons[donor.id], []).append(donor)
    found = []
    for person, rows in by_person.items():
        known = max(rows, key=lambda row: (_last(given.get(row.id)), row.id == person, row.id))
        of_person = [given[id_] for id_ in persons if persons[id_] == person and id_ in given]
        found.append(
            FoundDonor(
                id=known.id,
                name=known.name or "",
                mobile=masked_mobile(known.mobile) if known.mobile else "",
                last_gift_on=max((row.last_on for row in of_person), default=None),
                gifts=sum(row.gifts for row in of_person),
            )
        )
    return sorted(found, key=lambda one: (one.last_gift_on or date.min, one.id), reverse=True)


def _by_code(session: Session, scope: Scope, tracking_code: str) -> list[int]:
    pledges = (
        pledges_in(scope)
        .with_only_columns(Pledge.donor_id)
        .where(
            Pledge.tracking_code == tracking_code,
            Pledge.donor_id.is_not(None),
            Pledge.hidden_from != HiddenFrom.EVERYONE,
        )
    )
    return [id_ for id_ in session.scalars(pledges) if id_ is not None]


def _by_name(session: Session, scope: Scope, text: str, *, limit: int) -> list[int]:
    found: dict[int, None] = {}
    for start in typed_words(text):
        under_it = (
            select(DonorWord.donor_id)
            .where(scope.narrow(DonorWord.office_id), begins(DonorWord.word, start))
            .limit(limit)
        )
        found |= dict.fromkeys(session.scalars(under_it))
    return list(found)[:limit]


def _persons(session: Session, donor_ids: Collection[int]) -> dict[int, int]:
    """As whom each donor is read, with everybody else who is the same person."""
    roots = dict(
        session.execute(
            select(DonorIdentity.donor_id, DonorIdentity.stands_for_id).where(
                DonorIdentity.donor_id.in_(donor_ids)
            )
        ).all()
    )
    persons = {id_: roots.get(id_, id_) for id_ in donor_ids}
    for id_, root in session.execute(
        select(DonorIdentity.donor_id, DonorIdentity.stands_for_id).where(
            DonorIdentity.stands_for_id.in_(set(persons.values()))
        )
    ):
        persons[id_] = persons[root] = root
    return persons


def _given(
    session: Session, scope: Scope, donor_ids: Iterable[int]
) -> Sequence[Row[int | None, int, date]]:
    return session.execute(
        select(
            Pledge.donor_id,
            func.count(Contribution.id).label("gifts"),
            func.max(Contribution.received_on).label("last_on"),
        )
        .join(Contribution, Contribution.pledge_id == Pledge.id)
        .where(
            Pledge.donor_id.in_(list(donor_ids)),
            Pledge.hidden_from != HiddenFrom.EVERYONE,
            or_(scope.narrow(Pledge.office_id), scope.narrow(Contribution.office_id)),
            ~_is_reversed(),
        )
        .group_by(Pledge.donor_id)
    ).all()


def _is_reversed() -> Exists:
    return exists().where(ContributionReversal.contribution_id == Contribution.id)


def _last(row: Row[int | None, int, date] | None) -> date:
    return row.last_on if row is not None else date.min
