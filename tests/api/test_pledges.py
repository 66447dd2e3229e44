"""Pledges that partners make and see."""

import pytest
from sqlalchemy import select, update

from core.database import Database
from core.identifiers import is_deposit_id, is_tracking_code
from donations.models.donor import Donor
from donations.models.pledge import Channel, Pledge, PledgeItem
from offices.partners import ApiKey
from offices.places import Office
from tests.api.conftest import Partner, a_partner, cash, count
from tests.factories import a_pledge, office_id

BLANKETS = {"kind": "goods", "description": "پتو", "quantity": 20, "unit": "تخته"}
LESSONS = {"kind": "service", "skill": "آموزش ریاضی", "hours": 12}


def test_a_pledge_of_money_goods_and_hours_gets_one_tracking_code(partner: Partner) -> None:
    made = partner.pledge(cash(fund="19041062101"), BLANKETS, LESSONS)

    assert is_tracking_code(made["tracking_code"])
    assert is_deposit_id(made["deposit_id"])
    assert made["state"] == "open"
    assert [item["kind"] for item in made["items"]] == ["cash", "goods", "service"]
    assert made["links"]["follow"].endswith(f"/follow/{made['tracking_code']}")
    assert made["links"]["pay"].endswith(f"/pledges/{made['tracking_code']}/payments")


def test_what_was_said_is_what_is_stored(partner: Partner, database: Database) -> None:
    partner.pledge(
        {**BLANKETS, "quantity": "۱٫۵", "declared_value_rial": 10**15},
        donor={"name": "علي", "mobile": "+98 912 123 4567", "hidden_from": "everyone"},
        channel="atm",
        office="07",
        language="en",
        external_reference="A-1404-778",
    )

    with database.reading() as session:
        pledge = session.scalars(select(Pledge)).one()
        assert pledge.channel is Channel.ATM
        assert (pledge.language, pledge.external_reference) == ("en", "A-1404-778")
        assert pledge.office_id == office_id(session, "07")
        assert pledge.items[0].quantity_thousandths == 1500
        assert pledge.items[0].declared_value_rial == 10**15
        donor = session.scalars(select(Donor)).one()
        assert (donor.name, donor.mobile) == ("علی", "09121234567")


@pytest.mark.parametrize(
    ("quantity", "said"), [(20, 20), ("20", 20), ("1.5", "1.5"), ("0.001", "0.001")]
)
def test_a_quantity_comes_back_the_way_partners_write_it(
    partner: Partner, quantity: object, said: object
) -> None:
    made = partner.pledge({**BLANKETS, "quantity": quantity})

    assert made["items"][0]["quantity"] == said


def test_a_pledge_can_be_followed_by_the_partner_that_made_it(partner: Partner) -> None:
    code = partner.pledge(cash(), BLANKETS)["tracking_code"]

    standing = partner.get(f"/pledges/{code}").get_json()

    assert standing["tracking_code"] == code
    assert [item["state"] for item in standing["items"]] == ["promised", "promised"]
    assert [stage["kind"] for stage in standing["timeline"]] == ["promised"]
    assert standing["payments"] == standing["receipts"] == []


def test_a_pledge_of_another_partner_is_not_there(partner: Partner, stranger: Partner) -> None:
    code = partner.pledge()["tracking_code"]

    seen = stranger.get(f"/pledges/{code}")
    paid = stranger.post(f"/pledges/{code}/payments", {"gateway": "mellat-main"})

    unknown = stranger.get("/pledges/3000000000003")
    assert (seen.status_code, paid.status_code) == (404, 404)
    assert seen.data == unknown.data


def test_it_is_the_key_alone_that_hides_a_pledge(
    partner: Partner, stranger: Partner, database: Database
) -> None:
    code = partner.pledge()["tracking_code"]
    with database.writing() as session:
        theirs = session.scalars(select(ApiKey.id).where(ApiKey.name == "Somebody else")).one()
        session.execute(update(Pledge).values(api_key_id=theirs))

    assert stranger.get(f"/pledges/{code}").status_code == 200
    assert partner.get(f"/pledges/{code}").status_code == 404


def test_a_pledge_of_the_website_is_no_partner_s(partner: Partner, database: Database) -> None:
    with database.writing() as session:
        code = a_pledge(session).tracking_code

    assert partner.get(f"/pledges/{code}").status_code == 404


@pytest.mark.parametrize("code", ["1", "abc", "%00", "3000000000004", "٣" * 13])
def test_what_is_no_tracking_code_is_not_there(partner: Partner, code: str) -> None:
    assert partner.get(f"/pledges/{code}").status_code == 404


def test_a_key_of_an_office_brings_gifts_to_that_office_only(
    partner: Partner, database: Database
) -> None:
    with database.reading() as session:
        own_id = office_id(session, "07")
    local = a_partner(partner.app, database, "Counter", own_id)

    local.pledge()
    elsewhere = local.post("/pledges", {"items": [cash()], "office": "03"})

    with database.reading() as session:
        assert session.scalars(select(Pledge.office_id)).all() == [own_id]
    assert elsewhere.status_code == 422
    assert elsewhere.get_json()["field"] == "office"


def test_a_key_of_a_closed_office_brings_nothing(partner: Partner, database: Database) -> None:
    with database.writing() as session:
        own_id = office_id(session, "07")
        session.execute(update(Office).where(Office.id == own_id).values(is_open=False))
    local = a_partner(partner.app, database, "Counter", own_id)

    answer = local.post("/pledges", {"items": [cash()]})

    assert (answer.status_code, answer.get_json()["code"]) == (422, "office.unknown")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"items": [cash(), cash(fund="77")]}, "fund.unknown", "items.1.fund"),
        ({"donor": {"mobile": "123"}}, "mobile.unreadable", "donor.mobile"),
        ({"donor": {"national_id": "1234567890"}}, "national_id.unreadable", "donor.national_id"),
        ({"donor": {"email": "nobody"}}, "email.unusable", "donor.email"),
        ({"office": "ZZ"}, "office.unknown", "office"),
    ],
    ids=["fund", "mobile", "national id", "e-mail", "office"],
)
def test_what_is_understood_and_declined_leaves_nothing_behind(
    partner: Partner, database: Database, change: dict[str, object], code: str, field: str
) -> None:
    answer = partner.post("/pledges", {"items": [cash()], **change})

    problem = answer.get_json()
    assert answer.status_code == problem["status"] == 422
    assert answer.mimetype == "application/problem+json"
    assert (problem["code"], problem["field"]) == (code, field)
    assert problem["detail"]
    assert count(database, Pledge) == count(database, PledgeItem) == count(database, Donor) == 0
