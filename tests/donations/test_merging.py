"""Two donors can be read as one person, and as two again; what was given stays as it is."""

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.refusals import NotFound
from donations.merging import (
    BeyondScope,
    MergeUndone,
    OnePerson,
    ReasonMissing,
    donors_of_person,
    merge_donors,
    merges_of,
    perhaps_the_same,
    undo_merge,
)
from donations.models.donor import Donor, DonorMerge
from donations.models.pledge import Channel, HiddenFrom
from donations.pledging import DonorFacts
from flows.donors import find_donors
from flows.entries import latest_entries
from flows.receiving import receive_at_desk
from offices.audit import AuditEntry
from offices.scope import EVERYWHERE, Scope
from receipts.life.series import Receipt
from receipts.public.annual_facts import annual_facts
from receipts.public.yearly import years_of
from tests.factories import NOON, a_pledge, a_staff_member, office_id

MOBILE = "09121234567"


@pytest.fixture
def staff(session):
    return a_staff_member(session, "manager")


def a_donor(session, staff, name, *, mobile=None, office="07", hidden=HiddenFrom.NOBODY):
    """The donor of one received walk-in."""
    facts = DonorFacts(name=name, mobile=mobile, hidden_from=hidden)
    pledge = a_pledge(session, donor=facts, office=office, channel=Channel.DESK)
    receive_at_desk(session, pledge, tender="cash", staff_id=staff.id, now=NOON)
    return pledge.donor


def here(session, *codes):
    return Scope(frozenset(office_id(session, code) for code in codes or ("07",)))


def merged(session, staff, kept, other, *, scope=EVERYWHERE, reason="یک نفرند"):
    return merge_donors(
        session,
        scope,
        kept_id=kept.id,
        merged_id=other.id,
        reason=reason,
        merged_by_id=staff.id,
        now=NOON,
    )


def undone(session, staff, fact, *, scope=EVERYWHERE):
    undo_merge(session, scope, fact.id, reason="اشتباه", undone_by_id=staff.id, now=NOON)


def test_merged_donors_are_one_to_every_reader_and_two_after_the_undo(session, staff):
    one = a_donor(session, staff, "زهرا احمدی", mobile=MOBILE)
    two = a_donor(session, staff, "زهره احمدی", mobile="09129999999")
    receipts = session.execute(select(Receipt.number, Receipt.facts_hash)).all()

    fact = merged(session, staff, one, two)

    (found,) = find_donors(session, here(session), "احمدی")
    assert found.gifts == 2
    assert len(latest_entries(session, here(session), search="زهرا احمدی")) == 2
    assert len(latest_entries(session, here(session), search="09129999999")) == 2
    assert years_of(session, two.id) == years_of(session, one.id) == [1405]
    for donor in (one, two):
        told = annual_facts(session, donor.id, 1405, language="fa", made_on=NOON.date())
        assert (len(told.rows), told.donor_name) == (2, "زهرا احمدی")
    undone(session, staff, fact)
    assert len(find_donors(session, here(session), "احمدی")) == 2
    assert len(latest_entries(session, here(session), search="زهرا احمدی")) == 1
    told = annual_facts(session, two.id, 1405, language="fa", made_on=NOON.date())
    assert (len(told.rows), told.donor_name) == (1, "زهره احمدی")
    assert session.execute(select(Receipt.number, Receipt.facts_hash)).all() == receipts


def test_a_chain_of_merges_is_one_person_and_parts_where_it_was_undone(session, staff):
    a, b, c = (a_donor(session, staff, f"نام {n}", mobile=f"0912000000{n}") for n in (1, 2, 3))
    first = merged(session, staff, b, c)
    merged(session, staff, a, b)
    assert donors_of_person(session, c.id) == [a.id, b.id, c.id]

    undone(session, staff, first)

    assert donors_of_person(session, c.id) == [c.id]
    assert donors_of_person(session, b.id) == [a.id, b.id]


def test_an_undone_merge_takes_along_who_was_merged_before(session, staff):
    a, b, c = (a_donor(session, staff, f"نام {n}", mobile=f"0912000000{n}") for n in (1, 2, 3))
    merged(session, staff, b, c)
    second = merged(session, staff, a, b)

    undone(session, staff, second)

    assert donors_of_person(session, a.id) == [a.id]
    assert donors_of_person(session, c.id) == [b.id, c.id]


def test_two_donors_are_merged_once(session, staff):
    one, two = a_donor(session, staff, "الف"), a_donor(session, staff, "ب")
    fact = merged(session, staff, one, two)

    for kept, other in ((one, two), (two, one), (one, one)):
        with pytest.raises(OnePerson):
            merged(session, staff, kept, other)
    undone(session, staff, fact)
    with pytest.raises(MergeUndone):
        undone(session, staff, fact)
    merged(session, staff, two, one)


def test_a_manager_merges_only_who_gave_nowhere_else(session, staff):
    one = a_donor(session, staff, "زهرا احمدی", mobile=MOBILE)
    two = a_donor(session, staff, "زهره احمدی", mobile=MOBILE)
    elsewhere = a_pledge(session, office="09", channel=Channel.DESK)
    elsewhere.donor = two
    session.flush()

    with pytest.raises(BeyondScope):
        merged(session, staff, one, two, scope=here(session))
    merged(session, staff, one, two, scope=here(session, "07", "09"))


@pytest.mark.parametrize("office", ["07", "09"])
def test_a_donor_who_is_not_seen_is_not_found(session, staff, office):
    hidden = HiddenFrom.EVERYONE if office == "07" else HiddenFrom.NOBODY
    one = a_donor(session, staff, "زهرا احمدی", mobile=MOBILE)
    other = a_donor(
        session, staff, "زهرا احمدی", mobile="09125555555", office=office, hidden=hidden
    )

    assert perhaps_the_same(session, here(session), one) == []
    with pytest.raises(NotFound):
        merged(session, staff, one, other, scope=here(session))


def test_who_may_be_the_same_is_named_with_what_speaks_for_it(session, staff):
    one = a_donor(session, staff, "زهرا احمدی", mobile=MOBILE)
    namesake = a_donor(session, staff, "زهرا احمدي", mobile="09125555555")
    same_mobile = a_donor(session, staff, "ز. احمدی", mobile=MOBILE)
    a_donor(session, staff, "کس دیگر", mobile="09126666666")

    found = perhaps_the_same(session, here(session), one)

    assert [(same.donor.id, same.has_same_mobile) for same in found] == [
        (same_mobile.id, True),
        (namesake.id, False),
    ]
    merged(session, staff, one, namesake)
    found = perhaps_the_same(session, here(session), one)
    assert [same.donor.id for same in found] == [same_mobile.id]


@pytest.mark.parametrize("reason", ["", "   ", "ا" * 301])
def test_a_merge_has_a_reason(session, staff, reason):
    one, two = a_donor(session, staff, "الف"), a_donor(session, staff, "ب")

    with pytest.raises(ReasonMissing):
        merged(session, staff, one, two, reason=reason)


def test_merges_stay_on_record_with_who_did_what(session, staff):
    one, two = a_donor(session, staff, "الف"), a_donor(session, staff, "ب")
    undone(session, staff, merged(session, staff, one, two))

    (fact,) = merges_of(session, EVERYWHERE, [two.id])

    assert fact.undo is not None
    assert fact.reason == "یک نفرند"
    actions = select(AuditEntry.action).where(AuditEntry.subject == "donor")
    assert session.scalars(actions).all() == ["donor.merge", "donor.undo_merge"]


def test_the_database_itself_keeps_merges(database):
    with database.writing() as session:
        person = a_staff_member(session, "manager")
        one, two = a_donor(session, person, "الف"), a_donor(session, person, "ب")
        fact = merged(session, person, one, two)
        undone(session, person, fact)
        ids = {"a": one.id, "by": person.id, "fact": fact.id}

    for wrong in (
        "UPDATE donor_merge SET reason = 'x'",
        "DELETE FROM donor_merge_undo",
        "INSERT INTO donor_merge (kept_id, merged_id, reason, merged_by_id, merged_at)"
        " VALUES (:a, :a, 'r', :by, '2026-11-22 00:00:00')",
        "INSERT INTO donor_merge_undo (merge_id, reason, undone_by_id, undone_at)"
        " VALUES (:fact, 'r', :by, '2026-11-22 00:00:00')",
        "INSERT INTO donor_identity (donor_id, stands_for_id) VALUES (:a, :a)",
    ):
        with pytest.raises((IntegrityError, DBAPIError)), database.writing() as session:
            session.execute(text(wrong), ids)


def test_no_donor_is_lost_by_a_merge(session, staff):
    one, two = a_donor(session, staff, "الف"), a_donor(session, staff, "ب")
    merged(session, staff, one, two)

    assert session.scalar(select(func.count()).select_from(Donor)) == 2
    assert session.scalar(select(func.count()).select_from(DonorMerge)) == 1
