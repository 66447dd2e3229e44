"""A donor is found again without scripts too, and only by the desks that know them."""

import pytest
from sqlalchemy import select

from donations.models.contribution import Tender
from donations.models.donor import Donor
from donations.pledging import CashItem, DonorFacts
from flows.desk import WalkIn, record_walk_in
from offices.staff import Role
from tests.factories import NOON, office_id
from tests.staff import at_work

MOBILE = "09121234567"


@pytest.fixture
def clerk(app, database):
    return at_work(app, database, Role.CLERK)


def knows(database, clerk, name, mobile=MOBILE):
    with database.writing() as session:
        record_walk_in(
            session,
            WalkIn([CashItem(1_000)], DonorFacts(name=name, mobile=mobile), tender=Tender.CASH),
            office_id=office_id(session),
            staff_id=clerk.staff_member_id,
            request_key=None,
            now=NOON,
        )


def test_the_only_donor_of_a_name_is_taken_and_goes_with_the_entry(clerk, database):
    knows(database, clerk, "زهرا احمدی")

    page = clerk.send("/desk/walk-in", {"do": "find_donor", "name": "احمدي"})
    assert "زهرا احمدی" in page.words
    assert "۰۹۱۲۱۲۳۴۵۶۷" not in page.words
    hidden = {**clerk.form("/desk/walk-in"), "donor_id": page.fields["donor_id"]}
    clerk.send("/desk/walk-in", {"amount": "2000", "tender": "cash"}, hidden=hidden)

    with database.reading() as session:
        assert set(session.scalars(select(Donor.mobile))) == {MOBILE}


def test_of_several_of_one_name_the_clerk_chooses(clerk, database):
    knows(database, clerk, "زهرا احمدی")
    knows(database, clerk, "مهدی احمدی", "09351234567")

    page = clerk.send("/desk/walk-in", {"do": "find_donor", "name": "احمدی"})

    assert "زهرا احمدی" in page.words
    assert "مهدی احمدی" in page.words


def test_a_donor_of_another_desk_is_neither_listed_nor_taken(app, clerk, database):
    knows(database, clerk, "زهرا احمدی")
    stranger = at_work(app, database, Role.CLERK, office="06")
    with database.reading() as session:
        donor_id = session.scalars(select(Donor.id)).one()

    assert "احمدی" not in stranger.http.get("/desk/walk-in-donors?name=احمدی").text
    page = stranger.send("/desk/walk-in", {"do": f"donor_{donor_id}"})
    assert "احمدی" not in page.words
    hidden = {**stranger.form("/desk/walk-in"), "donor_id": str(donor_id)}
    stranger.send("/desk/walk-in", {"amount": "2000", "tender": "cash"}, hidden=hidden)
    with database.reading() as session:
        assert session.scalars(select(Donor.mobile)).all().count(MOBILE) == 1
