"""Saying that two donors are one person, and taking it back.

A merge is a fact, its undo another; what was given and its receipts stay as they are. Whoever reads
what a person gave asks here which donors that person is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, joinedload

from core.digits import normalise
from core.refusals import NotFound, Refusal
from donations.in_scope import pledges_in
from donations.models.contribution import Contribution
from donations.models.donor import Donor, DonorIdentity, DonorMerge, DonorMergeUndo
from donations.models.pledge import HiddenFrom, Pledge
from offices.audit import note
from offices.scope import Scope

REASON_MAX = 300
_LATEST = 300  # gifts whose donors are looked at for twins
_TWINS_SHOWN = 20


class OnePerson(Refusal):
    """Two donors that are read as one person already, or one donor named twice."""

    code = "donor.one_person"
    field = "donor"


class BeyondScope(Refusal):
    """A donor who also gave at offices outside: only somebody of the nation may merge it."""

    code = "donor.beyond_scope"
    http_status = 403
    field = "donor"


class ReasonMissing(Refusal):
    """A merge or its undo without a reason, or with more than 300 characters."""

    code = "donor.reason_missing"
    http_status = 422
    field = "reason"


class MergeUndone(Refusal):
    """Somebody took this merge back before."""

    code = "donor.merge_undone"


@dataclass(frozen=True, slots=True)
class Same:
    """Another donor who may be the same person, and what speaks for it."""

    donor: Donor
    has_same_mobile: bool
    has_same_name: bool


def person_of(donor_id: InstrumentedAttribute[Any]) -> ColumnElement[int]:
    """The donor as whom a donor is read, in SQL: itself, where it was not merged."""
    stands_for = (
        select(DonorIdentity.stands_for_id)
        .where(DonorIdentity.donor_id == donor_id)
        .scalar_subquery()
    )
    return func.coalesce(stands_for, donor_id)


def donors_of_person(session: Session, donor_id: int) -> list[int]:
    """Every donor that is the same person as this one; the one they are read as stands first."""
    stands_for = session.get(DonorIdentity, donor_id)
    root = stands_for.stands_for_id if stands_for else donor_id
    merged = select(DonorIdentity.donor_id).where(DonorIdentity.stands_for_id == root)
    return [root, *session.scalars(merged.order_by(DonorIdentity.donor_id))]


def visible_donor(session: Session, scope: Scope, donor_id: int) -> Donor:
    """A donor of whom an office of the scope may know. Raises NotFound for any other."""
    donor = session.scalars(
        select(Donor).where(Donor.id == donor_id, is_visible(scope, Donor.id))
    ).one_or_none()
    if donor is None:
        raise NotFound(subject="donor")
    return donor


def is_visible(scope: Scope, donor_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """That a donor gave or promised at an office of the scope, and not hidden from everyone."""
    return (
        pledges_in(scope)
        .where(Pledge.donor_id == donor_id, Pledge.hidden_from != HiddenFrom.EVERYONE)
        .exists()
    )


def perhaps_the_same(session: Session, scope: Scope, donor: Donor) -> list[Same]:
    """Other donors of the scope with the same mobile or the same name, likeliest first."""
    alike = []
    if donor.mobile:
        alike.append(Donor.mobile == donor.mobile)
    if donor.name_folded:
        alike.append(Donor.name_folded == donor.name_folded)
    if not alike:
        return []
    person = donors_of_person(session, donor.id)
    others = session.scalars(
        select(Donor)
        .where(or_(*alike), Donor.id.not_in(person), is_visible(scope, Donor.id))
        .order_by(Donor.id.desc())
        .limit(50)
    )
    found = [
        Same(
            other,
            has_same_mobile=bool(donor.mobile) and other.mobile == donor.mobile,
            has_same_name=bool(donor.name_folded) and other.name_folded == donor.name_folded,
        )
        for other in others
    ]
    return sorted(found, key=lambda same: (-same.has_same_mobile, -same.has_same_name))


def twins_of_latest(session: Session, scope: Scope) -> list[tuple[Donor, Donor]]:
    """Donors of the latest gifts with somebody else of the same mobile, as pairs to look at."""
    latest = (
        select(Pledge.donor_id)
        .where(
            scope.narrow(Pledge.office_id),
            Pledge.donor_id.is_not(None),
            Pledge.hidden_from != HiddenFrom.EVERYONE,
        )
        .order_by(Pledge.id.desc())
        .limit(_LATEST)
    )
    ids = set(session.scalars(latest))
    other = aliased(Donor)
    pairs = session.execute(
        select(Donor, other)
        .join(other, (other.mobile == Donor.mobile) & (other.id < Donor.id))
        .where(
            Donor.id.in_(ids),
            is_visible(scope, other.id),
            person_of(Donor.id) != person_of(other.id),
        )
        .order_by(Donor.id.desc(), other.id)
        .limit(_TWINS_SHOWN)
    )
    return [(donor, twin) for donor, twin in pairs]


def merge_in(session: Session, scope: Scope, merge_id: int) -> DonorMerge:
    """One merge, of donors whom the scope may see. Raises NotFound for any other."""
    fact = session.get(DonorMerge, merge_id)
    if fact is None:
        raise NotFound(subject="donor_merge")
    for donor_id in (fact.kept_id, fact.merged_id):
        visible_donor(session, scope, donor_id)
    return fact


def merge_donors(
    session: Session,
    scope: Scope,
    *,
    kept_id: int,
    merged_id: int,
    reason: str,
    merged_by_id: int,
    now: datetime,
) -> DonorMerge:
    """Say that two donors are one person, who is read as the first of them.

    Raises NotFound, OnePerson, BeyondScope, ReasonMissing.
    """
    words = _reason(reason)
    for donor_id in (kept_id, merged_id):
        visible_donor(session, scope, donor_id)
    kept, merged = _locked_persons(session, kept_id, merged_id)
    if kept[0] == merged[0]:
        raise OnePerson
    _refuse_gifts_outside(session, scope, (*kept, *merged))
    fact = DonorMerge(
        kept_id=kept[0],
        merged_id=merged[0],
        reason=words,
        merged_by_id=merged_by_id,
        merged_at=now,
    )
    session.add(fact)
    session.execute(
        update(DonorIdentity)
        .where(DonorIdentity.stands_for_id == merged[0])
        .values(stands_for_id=kept[0])
    )
    session.add(DonorIdentity(donor_id=merged[0], stands_for_id=kept[0]))
    session.flush()
    _note(session, "donor.merge", fact, merged_by_id, now)
    return fact


def undo_merge(
    session: Session,
    scope: Scope,
    merge_id: int,
    *,
    reason: str,
    undone_by_id: int,
    now: datetime,
) -> DonorMerge:
    """Take a merge back: the donors are two persons again, each with whoever was merged into it.

    Raises NotFound, BeyondScope, ReasonMissing, MergeUndone.
    """
    words = _reason(reason)
    fact = merge_in(session, scope, merge_id)
    kept, _same = _locked_persons(session, fact.kept_id, fact.merged_id)
    session.refresh(fact, ["undo"])
    if fact.undo is not None:
        raise MergeUndone
    _refuse_gifts_outside(session, scope, kept)
    session.add(
        DonorMergeUndo(merge_id=fact.id, reason=words, undone_by_id=undone_by_id, undone_at=now)
    )
    session.flush()
    _part(session, fact.merged_id)
    session.refresh(fact, ["undo"])
    _note(session, "donor.undo_merge", fact, undone_by_id, now)
    return fact


def merges_of(session: Session, scope: Scope, donor_ids: Collection[int]) -> Sequence[DonorMerge]:
    """The merges of these donors with others of the scope, latest first, each with its undo."""
    return session.scalars(
        select(DonorMerge)
        .where(
            or_(DonorMerge.kept_id.in_(donor_ids), DonorMerge.merged_id.in_(donor_ids)),
            is_visible(scope, DonorMerge.kept_id),
            is_visible(scope, DonorMerge.merged_id),
        )
        .options(
            joinedload(DonorMerge.undo), joinedload(DonorMerge.kept), joinedload(DonorMerge.merged)
        )
        .order_by(DonorMerge.id.desc())
    ).all()


def _part(session: Session, root: int) -> None:
    """Let a donor stand for itself again, and for whom it stood by the merges that stand."""
    branch, latest = [root], [root]
    while latest:
        standing = select(DonorMerge.merged_id).where(
            DonorMerge.kept_id.in_(latest),
            ~exists().where(DonorMergeUndo.merge_id == DonorMerge.id),
        )
        latest = list(session.scalars(standing))
        branch += latest
    session.execute(delete(DonorIdentity).where(DonorIdentity.donor_id == root))
    session.execute(
        update(DonorIdentity)
        .where(DonorIdentity.donor_id.in_(branch[1:]))
        .values(stands_for_id=root)
    )
    session.expire_all()


def _locked_persons(session: Session, first_id: int, second_id: int) -> tuple[list[int], list[int]]:
    """Both persons, whom nobody else merges meanwhile. The rows are locked in order of id."""
    persons: tuple[list[int], list[int]] = ([], [])
    while True:
        before, persons = (
            persons,
            (donors_of_person(session, first_id), donors_of_person(session, second_id)),
        )
        if before == persons:  # nothing moved while we waited for the locks
            return persons
        ids = sorted({*persons[0], *persons[1]})
        session.execute(
            select(Donor.id).where(Donor.id.in_(ids)).order_by(Donor.id).with_for_update()
        ).all()
        session.expire_all()


def _refuse_gifts_outside(session: Session, scope: Scope, donor_ids: Collection[int]) -> None:
    if scope.everywhere:
        return
    outside = select(Pledge.id).where(
        Pledge.donor_id.in_(donor_ids),
        or_(
            ~scope.narrow(Pledge.office_id),
            exists().where(
                Contribution.pledge_id == Pledge.id, ~scope.narrow(Contribution.office_id)
            ),
        ),
    )
    if session.scalars(outside.limit(1)).first() is not None:
        raise BeyondScope


def _reason(text: str) -> str:
    reason = normalise(text)
    if not 0 < len(reason) <= REASON_MAX:
        raise ReasonMissing(longest=REASON_MAX)
    return reason


def _note(session: Session, action: str, fact: DonorMerge, actor_id: int, now: datetime) -> None:
    note(
        session,
        action,
        subject="donor",
        subject_id=fact.kept_id,
        now=now,
        actor_id=actor_id,
        merge_id=fact.id,
        merged_id=fact.merged_id,
    )
