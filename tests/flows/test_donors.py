"""A donor is found again by what a clerk may know, and by nothing else."""

import pytest
from sqlalchemy import func, select

from core.digits import digits_only
from donations.models.donor import Donor, DonorWord
from donations.models.pledge import Channel, HiddenFrom
from donations.pledging import CashItem, DonorFacts, GoodsItem
from flows.donors import find_donors
from flows.receiving import receive_at_desk
from offices.scope import EVERYWHERE, NOWHERE, Scope
from tests.factories import NOON, a_desk_contribution, a_pledge, a_staff_member, office_id
from tests.plans import whole_tables_read

MOBILE = "09121234567"


def at(session, code="07"):
    return Scope(frozenset({office_id(session, code)}))


def a_gift(session, name="زهرا احمدی", *, mobile=MOBILE, hidden=HiddenFrom.NOBODY, office="07"):
    """A walk-in of somebody, received."""
    donor = DonorFacts(name=name, mobile=mobile, hidden_from=hidden)
    pledge = a_pledge(session, donor=donor, office=office, channel=Channel.DESK)
    staff = a_staff_member(session, f"c{pledge.id}", office=office)
    receive_at_desk(session, pledge, tender="cash", staff_id=staff.id, now=NOON)
    return pledge


@pytest.mark.parametrize(
    "typed", ["زهرا احمدی", "زهرا", "احمد", "احمدي", "احمدی زهرا", "۰۹۱۲۱۲۳۴۵۶۷", "+989121234567"]
)
def test_a_donor_is_found_by_mobile_or_any_word_of_the_name(session, typed):
    a_gift(session)
    a_gift(session, "مریم کریمی", mobile="09130000000")

    (found,) = find_donors(session, at(session), typed)

    assert (found.name, found.gifts) == ("زهرا احمدی", 1)
    assert found.last_gift_on is not None
    assert digits_only(found.mobile.replace("*", "").replace("•", "")) != MOBILE


def test_a_donor_is_found_by_a_tracking_code(session):
    pledge = a_gift(session)

    assert [one.name for one in find_donors(session, at(session), pledge.tracking_code)] == [
        "زهرا احمدی"
    ]


@pytest.mark.parametrize("typed", ["", "  ", "هرا", "حمدی", "%", "_", "ز%"])
def test_the_middle_of_a_word_or_a_wildcard_finds_nobody(session, typed):
    a_gift(session)

    assert find_donors(session, at(session), typed) == []


@pytest.mark.parametrize("way", ["name", "mobile", "code"])
def test_nobody_is_found_outside_of_the_scope_or_hidden_from_everyone(session, way):
    seen = a_gift(session)
    hidden = a_gift(session, "پنهان نامدار", mobile="09135556677", hidden=HiddenFrom.EVERYONE)
    typed = {
        "name": ("زهرا", "پنهان"),
        "mobile": (MOBILE, "09135556677"),
        "code": (seen.tracking_code, hidden.tracking_code),
    }[way]

    assert len(find_donors(session, at(session), typed[0])) == 1
    assert find_donors(session, at(session, "09"), typed[0]) == []
    assert find_donors(session, NOWHERE, typed[0]) == []
    assert find_donors(session, EVERYWHERE, typed[1]) == []


def test_a_hidden_gift_is_not_counted_with_the_others_of_its_donor(session):
    a_gift(session)
    a_gift(session, hidden=HiddenFrom.EVERYONE)

    (found,) = find_donors(session, EVERYWHERE, "زهرا")

    assert found.gifts == 1


def test_who_promised_online_is_known_where_it_was_received(session):
    donor = DonorFacts(name="زهرا احمدی", mobile=MOBILE)
    pledge = a_pledge(session, GoodsItem("پتو", 3_000, "تخته"), donor=donor)
    assert find_donors(session, at(session), "احمدی") == []

    staff = a_staff_member(session)
    receive_at_desk(
        session, pledge, tender=None, staff_id=staff.id, office_id=office_id(session), now=NOON
    )

    assert [one.gifts for one in find_donors(session, at(session), "احمدی")] == [1]


def test_who_gave_last_stands_first(session):
    a_gift(session, "علی رضایی", mobile="09120000001")
    later = a_gift(session, "علی کریمی", mobile="09120000002")
    a_pledge(session, donor=DonorFacts(name="علی تعهدی"), office="07", channel=Channel.DESK)

    names = [one.name for one in find_donors(session, at(session), "علی")]

    assert names == ["علی کریمی", "علی رضایی", "علی تعهدی"]
    assert later.donor is not None


def test_a_walk_in_of_a_known_mobile_and_name_is_the_same_donor(session):
    first = a_gift(session)
    told_more = DonorFacts(name="زهرا  احمدي", mobile=MOBILE, email="z@example.ir")
    second = a_pledge(session, donor=told_more, office="07", channel=Channel.DESK)
    third = a_gift(session)

    assert first.donor_id == second.donor_id == third.donor_id
    assert session.get_one(Donor, first.donor_id).email == "z@example.ir"


def test_online_a_known_mobile_and_name_reveal_nothing_that_was_not_told(session):
    told = DonorFacts(name="زهرا احمدی", mobile=MOBILE, national_id="0499370899")
    a_pledge(session, donor=told)

    guessed = a_pledge(session, donor=DonorFacts(name="زهرا احمدی", mobile=MOBILE))

    assert guessed.donor.national_id is None


def test_another_desk_takes_no_donor_that_it_does_not_know(session):
    told = DonorFacts(name="زهرا احمدی", mobile=MOBILE, national_id="0499370899")
    first = a_pledge(session, donor=told, office="07", channel=Channel.DESK)
    facts = DonorFacts(name="زهرا احمدی", mobile=MOBILE)

    elsewhere = a_pledge(session, donor=facts, office="09", channel=Channel.DESK)
    here = a_pledge(session, donor=facts, office="07", channel=Channel.DESK)

    assert elsewhere.donor_id != first.donor_id == here.donor_id


def test_the_donor_of_a_hidden_gift_is_not_taken_for_an_open_one(session):
    facts = DonorFacts(
        name="زهرا احمدی",
        mobile=MOBILE,
        national_id="0499370899",
        hidden_from=HiddenFrom.EVERYONE,
    )
    hidden = a_pledge(session, donor=facts, office="07", channel=Channel.DESK)

    other = a_gift(session)

    assert other.donor_id != hidden.donor_id


@pytest.mark.parametrize("typed", ["احمدی", MOBILE, "tracking code"])
@pytest.mark.parametrize("is_national", [False, True], ids=["desk", "nation"])
def test_no_way_to_a_donor_reads_a_whole_table(session, typed, is_national):
    pledge = a_gift(session)
    typed = pledge.tracking_code if typed == "tracking code" else typed
    scope = EVERYWHERE if is_national else at(session)

    assert whole_tables_read(session, lambda: find_donors(session, scope, typed)) == []


def test_an_unnamed_donor_has_no_words(session):
    a_pledge(session, CashItem(1_000), donor=DonorFacts(mobile=MOBILE), office="07")
    staff = a_staff_member(session)
    a_desk_contribution(session, staff_id=staff.id)

    assert session.scalar(select(func.count()).select_from(DonorWord)) == 0
