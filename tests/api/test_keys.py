"""Keys of partners: hashed, revocable, and not to be asked with too often."""

import pytest
from sqlalchemy import select

from core.database import Database
from offices.api_keys import UnusableKeyName, add_key, key_holder, revoke_key
from offices.partners import ApiKey
from tests.api.conftest import Clock, Partner
from tests.factories import NOON
from web.api.gate import REQUESTS_A_MINUTE

PATHS = ("/funds", "/offices", "/gateways", "/pledges/3000000000003", "/receipts/1405-00-000001")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("header", [None, "Bearer", "Bearer ", "Bearer wrong", "Basic dTpw"])
def test_without_a_key_nothing_is_told(partner: Partner, path: str, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}

    answer = partner.app.test_client().get(f"/api/v1{path}", headers=headers)

    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.get_json()["code"] == "api_key.unknown"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_is_stored_as_its_hash_only(partner: Partner, database: Database) -> None:
    with database.reading() as session:
        row = session.scalars(select(ApiKey)).one()

    assert partner.key not in str(vars(row))
    assert len(partner.key) >= 43  # 256 bits
    assert partner.get("/funds").status_code == 200


def test_a_revoked_key_counts_no_longer(partner: Partner, database: Database) -> None:
    with database.writing() as session:
        revoke_key(session, "Mobile payment", now=NOON)

    assert partner.get("/funds").status_code == 401


def test_a_key_belongs_to_one_name(database: Database) -> None:
    with database.writing() as session:
        add_key(session, "Mobile payment", now=NOON)
    with database.writing() as session, pytest.raises(UnusableKeyName):
        add_key(session, "Mobile payment", now=NOON)
    with database.writing() as session:
        other = add_key(session, "Another", now=NOON)
        holder = key_holder(session, other, NOON)

    assert holder is not None
    assert holder.name == "Another"


def test_who_asks_too_often_is_told_how_long_to_wait(
    partner: Partner, stranger: Partner, clock: Clock
) -> None:
    last = [partner.get("/gateways") for _ in range(REQUESTS_A_MINUTE + 1)][-1]

    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) >= 1
    assert last.get_json()["code"] == "too_many_tries"
    assert stranger.get("/gateways").status_code == 200
    clock.go_on(60)
    assert partner.get("/gateways").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("DELETE", "/funds", 405), ("GET", "/pledges", 405)],
)
def test_an_address_or_method_that_is_none_is_a_problem_too(
    partner: Partner, method: str, path: str, status: int
) -> None:
    answer = partner.app.test_client().open(
        f"/api/v1{path}", method=method, headers={"Accept-Language": "en"}
    )

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json()["status"] == status
    assert ("Allow" in answer.headers) == (status == 405)
