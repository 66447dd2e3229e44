"""Bodies that are not as documented: refused with the field named, and nothing is done."""

import json

import pytest

from core.database import Database
from donations.models.pledge import Pledge
from offices.partners import IdempotentRequest
from tests.api.conftest import Partner, cash, count

GOODS = {"kind": "goods", "description": "پتو", "quantity": 20, "unit": "تخته"}
SERVICE = {"kind": "service", "skill": "آموزش", "hours": 2}


def only(item: dict[str, object]) -> dict[str, object]:
    return {"items": [item]}


WRONG: dict[str, tuple[object, str, str]] = {
    "no items": ({}, "field.missing", "items"),
    "an empty list": ({"items": []}, "field.unreadable", "items"),
    "too many items": ({"items": [cash()] * 51}, "field.unreadable", "items"),
    "items no list": ({"items": "x"}, "field.unreadable", "items"),
    "a list": ([], "field.unreadable", ""),
    "unknown field": ({"items": [cash()], "state": "received"}, "field.unknown", "state"),
    "unknown field of an item": (only(cash(office_id=1)), "field.unknown", "items.0.office_id"),
    "unknown field of a donor": (
        {"items": [cash()], "donor": {"id": 1}},
        "field.unknown",
        "donor.id",
    ),
    "field of another kind": (only({**GOODS, "hours": 2}), "field.unknown", "items.0.hours"),
    "no kind": (only({"amount_rial": 1}), "field.missing", "items.0.kind"),
    "unknown kind": (only({"kind": "gold"}), "field.unreadable", "items.0.kind"),
    "our own channel": ({"items": [cash()], "channel": "desk"}, "field.unreadable", "channel"),
    "unknown language": ({"items": [cash()], "language": "de"}, "field.unreadable", "language"),
    "unknown hiding": (
        {"items": [cash()], "donor": {"hidden_from": "me"}},
        "field.unreadable",
        "donor.hidden_from",
    ),
    "hours in parts": (only({**SERVICE, "hours": 1.5}), "field.unreadable", "items.0.hours"),
    "blank text": (only({**GOODS, "unit": " \u200f "}), "field.unreadable", "items.0.unit"),
    "a card number": (
        only({**GOODS, "description": "کارت 6037-9911-1111-1112"}),
        "text.card_number",
        "items.0.description",
    ),
}
AMOUNTS: dict[str, object] = {
    "text": "2500000",
    "truth": True,
    "fraction": 2500000.5,
    "float": 2500000.0,
    "nothing": None,
    "zero": 0,
    "negative": -1,
    "beyond": 10**15 + 1,
    "beyond 64 bits": 2**64,
}
QUANTITIES: dict[str, object] = {
    "zero": 0,
    "zero as text": "0.000",
    "negative": -1,
    "float": 1.5,
    "truth": True,
    "four places": "1.0001",
    "exponent": "1e3",
    "words": "twenty",
    "nothing": "",
    "beyond": 10**9 + 1,
}


@pytest.mark.parametrize(("body", "code", "field"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_field_is_named(
    partner: Partner, database: Database, body: object, code: str, field: str
) -> None:
    answer = partner.post("/pledges", body)

    problem = answer.get_json()
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert (problem["code"], problem["errors"][0]["field"]) == (code, field)
    assert count(database, Pledge) == count(database, IdempotentRequest) == 0


@pytest.mark.parametrize("amount", AMOUNTS.values(), ids=AMOUNTS.keys())
def test_an_amount_is_a_whole_number_of_rials_or_nothing(
    partner: Partner, database: Database, amount: object
) -> None:
    answer = partner.post("/pledges", only(cash(amount)))

    assert answer.status_code == 400
    assert answer.get_json()["field"] == "items.0.amount_rial"
    assert count(database, Pledge) == 0


@pytest.mark.parametrize("quantity", QUANTITIES.values(), ids=QUANTITIES.keys())
def test_a_quantity_is_exact_or_refused(partner: Partner, quantity: object) -> None:
    answer = partner.post("/pledges", only({**GOODS, "quantity": quantity}))

    problem = answer.get_json()
    assert answer.status_code == 400
    assert (problem["code"], problem["field"]) == ("quantity.unusable", "items.0.quantity")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"items": [NaN]}',
        b'{"items": [Infinity]}',
        '{"items": "علي"}'.encode("cp1256"),
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"donor": {"name": "\\ud800"}}',
        b"[" * 60_000,
        b"[" * 60 + b"]" * 60,
        b'{"items": ' + b"9" * 5_000 + b"}",
    ],
    ids=[
        "nothing",
        "half",
        "not a number",
        "infinity",
        "windows-1256",
        "utf-16",
        "byte-order mark",
        "half a surrogate pair",
        "very deep",
        "too deep",
        "huge number",
    ],
)
def test_what_is_not_one_json_text_in_utf_8_is_refused(partner: Partner, body: bytes) -> None:
    answer = partner.send("/pledges", body)

    assert answer.status_code == 400
    assert answer.get_json()["code"] == "body.unreadable"


def test_a_field_that_stands_twice_is_refused(partner: Partner, database: Database) -> None:
    body = b'{"items": [{"kind": "cash", "amount_rial": 1000, "amount_rial": 9000}]}'

    answer = partner.send("/pledges", body)

    problem = answer.get_json()
    assert answer.status_code == 400
    assert (problem["code"], problem["field"]) == ("field.repeated", "amount_rial")
    assert count(database, Pledge) == 0


def test_a_body_above_64_kilobytes_is_refused(partner: Partner) -> None:
    body = json.dumps({"items": [cash()], "external_reference": "x" * 70_000}).encode()

    answer = partner.send("/pledges", body)

    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")
    assert answer.get_json()["code"] == "body.too_large"


def test_a_body_that_is_not_announced_as_json_is_refused(partner: Partner) -> None:
    answer = partner.send("/pledges", b"items=1", content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 415
    assert answer.get_json()["code"] == "body.not_json"


def test_every_wrong_field_is_listed_in_the_language_asked_for(partner: Partner) -> None:
    partner.headers = {"Accept-Language": "fa"}

    answer = partner.post("/pledges", only({"kind": "cash", "colour": "red"}))

    errors = answer.get_json()["errors"]
    assert [error["field"] for error in errors] == ["items.0.amount_rial", "items.0.colour"]
    assert answer.headers["Content-Language"] == "fa"
    assert not any("a" <= letter <= "z" for error in errors for letter in error["message"])
