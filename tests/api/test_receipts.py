"""Receipts of what partners brought, and the lists a partner chooses from."""

import pytest

from core.database import Database
from donations.models.contribution import Tender
from donations.tracking import pledge_with_code
from flows.receiving import receive_at_desk
from tests.api.conftest import Partner, cash
from tests.factories import NOON, a_staff_member, two_void

BLANKETS = {"kind": "goods", "description": "پتو", "quantity": "1.5", "unit": "بسته"}


@pytest.fixture
def received(partner: Partner, database: Database) -> str:
    """The number of the receipt of a pledge that was brought to a desk."""
    code = partner.pledge(cash(fund="19041062101"), BLANKETS, office="07")["tracking_code"]
    with database.writing() as session:
        receipt = receive_at_desk(
            session,
            pledge_with_code(session, code),
            tender=Tender.CASH,
            staff_id=a_staff_member(session).id,
            now=NOON,
        )
        return receipt.number.replace("/", "-")


def test_a_receipt_says_what_was_received(partner: Partner, received: str) -> None:
    said = partner.get(f"/receipts/{received}").get_json()

    assert received == said["number"] == "1405-07-000001"
    assert (said["kind"], said["amount_rial"], said["is_void"]) == ("mixed", 2_500_000, False)
    assert (said["issued_on"], said["issued_on_jalali"]) == ("2026-11-22", "1405/09/01")
    assert said["lines"] == [
        {"kind": "cash", "fund": "19041062101", "amount_rial": 2_500_000},
        {"kind": "goods", "fund": "most-needed", "quantity": "1.5"},
    ]


def test_a_pledge_names_its_receipts(partner: Partner, received: str) -> None:
    code = partner.get(f"/receipts/{received}").get_json()["tracking_code"]

    standing = partner.get(f"/pledges/{code}").get_json()

    (receipt,) = standing["receipts"]
    assert standing["state"] == "received"
    assert (receipt["number"], receipt["amount_rial"]) == (received, 2_500_000)
    assert receipt["pdf_url"].endswith(f"/api/v1/receipts/{received}.pdf")
    assert f"/verify/{received}?k=" in receipt["verify_url"]


def test_a_receipt_comes_as_the_same_pdf_each_time(partner: Partner, received: str) -> None:
    first, again = (partner.get(f"/receipts/{received}.pdf") for _ in range(2))

    assert (first.status_code, first.mimetype) == (200, "application/pdf")
    assert first.data.startswith(b"%PDF-")
    assert first.data == again.data


def test_a_void_receipt_says_so(partner: Partner, received: str, database: Database) -> None:
    with database.writing() as session:
        two_void(session, 1)

    assert partner.get(f"/receipts/{received}").get_json()["is_void"] is True


@pytest.mark.parametrize("ending", ["", ".pdf"])
def test_a_receipt_of_another_partner_is_not_there(
    partner: Partner, stranger: Partner, received: str, ending: str
) -> None:
    theirs = stranger.get(f"/receipts/{received}{ending}")

    unknown = partner.get(f"/receipts/1405-07-999999{ending}")
    assert (theirs.status_code, unknown.status_code) == (404, 404)
    assert theirs.data == unknown.data


@pytest.mark.parametrize("number", ["1", "x", "1405-07", "1405-07-000001-1", "%00", ".pdf"])
def test_what_is_no_number_of_a_receipt_is_not_there(partner: Partner, number: str) -> None:
    assert partner.get(f"/receipts/{number}").status_code == 404


def test_funds_stand_in_their_tree(partner: Partner) -> None:
    funds = {fund["code"]: fund for fund in partner.get("/funds").get_json()["funds"]}

    assert {"most-needed", "19041062101"} <= funds.keys()
    assert funds[funds["19041062101"]["parent"]]["kind"] == "service"
    assert all(fund["name_fa"] and fund["name_en"] for fund in funds.values())


def test_offices_are_those_that_are_open(partner: Partner) -> None:
    offices = {office["code"]: office for office in partner.get("/offices").get_json()["offices"]}

    assert "07" in offices
    assert offices["07"]["name_fa"]


def test_gateways_are_those_that_take_payments(partner: Partner) -> None:
    gateways = partner.get("/gateways").get_json()["gateways"]

    assert [gateway["name"] for gateway in gateways] == ["mellat-main", "zarinpal-main"]
    assert gateways[0]["adapter"] == "mellat"
    assert 0 < gateways[0]["amount_rial_min"] < gateways[0]["amount_rial_max"]
