"""The same request sent again: one effect, one answer."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from werkzeug.test import TestResponse

from core.database import Database
from core.settings import Settings
from donations.models.pledge import Pledge
from offices.api_keys import add_key
from offices.idempotency import (
    TAKE_OVER_AFTER,
    Answer,
    Asked,
    Held,
    StillRunning,
    answer,
    hold,
    opens,
    start_over,
)
from offices.partners import ApiKey, IdempotentRequest
from tests.api.conftest import Partner, cash, count
from tests.factories import NOON
from web.app import create_app
from web.services import Services

BODY = {"items": [cash()]}


def test_the_same_request_gets_the_same_answer_byte_for_byte(
    partner: Partner, database: Database
) -> None:
    first = partner.post("/pledges", BODY, key="k")
    again = partner.post("/pledges", BODY, key="k")

    assert first.status_code == again.status_code == 201
    assert first.data == again.data
    assert "Idempotent-Replay" not in first.headers
    assert again.headers["Idempotent-Replay"] == "true"
    assert count(database, Pledge) == 1


def test_a_body_that_says_the_same_is_the_same(partner: Partner, database: Database) -> None:
    partner.send("/pledges", b'{"items":[{"kind":"cash","amount_rial":1000}]}', key="k")

    again = partner.send(
        "/pledges", b'{ "items": [ {"amount_rial": 1000, "kind": "cash"} ] }', key="k"
    )

    assert again.headers["Idempotent-Replay"] == "true"
    assert count(database, Pledge) == 1


def test_the_same_key_with_another_body_is_declined(partner: Partner, database: Database) -> None:
    partner.post("/pledges", BODY, key="k")

    other = partner.post("/pledges", {"items": [cash(9_000_000)]}, key="k")

    assert other.status_code == 422
    assert other.get_json()["code"] == "idempotency_key.reused"
    assert count(database, Pledge) == 1


def test_the_same_key_at_another_address_is_declined(partner: Partner) -> None:
    code = partner.pledge()["tracking_code"]
    body = {"gateway": "nobody"}
    partner.post(f"/pledges/{code}/payments", body, key="k")

    other = partner.pledge()["tracking_code"]

    answered = partner.post(f"/pledges/{other}/payments", body, key="k")
    assert answered.get_json()["code"] == "idempotency_key.reused"


def test_two_partners_may_choose_the_same_key(partner: Partner, stranger: Partner) -> None:
    first = partner.post("/pledges", BODY, key="k").get_json()
    second = stranger.post("/pledges", BODY, key="k").get_json()

    assert first["tracking_code"] != second["tracking_code"]


@pytest.mark.parametrize("key", [None, "", "k" * 256, "two words", "کلید"])
def test_a_post_without_a_usable_key_is_refused(partner: Partner, key: str | None) -> None:
    headers = {"Authorization": f"Bearer {partner.key}"}
    if key is not None:
        headers["Idempotency-Key"] = key.encode().decode("latin-1")

    answered = partner.app.test_client().post("/api/v1/pledges", json=BODY, headers=headers)

    assert answered.status_code == 400
    assert answered.get_json()["field"] == "Idempotency-Key"


def test_a_refusal_is_repeated_as_it_was(partner: Partner) -> None:
    body = {"items": [cash(fund="77")]}
    first = partner.post("/pledges", body, key="k")

    partner.headers = {"Accept-Language": "fa"}
    again = partner.post("/pledges", body, key="k")

    assert first.status_code == again.status_code == 422
    assert first.data == again.data
    assert again.mimetype == "application/problem+json"


def test_a_body_that_was_not_understood_uses_no_key_up(partner: Partner) -> None:
    partner.post("/pledges", {"items": []}, key="k")

    assert partner.post("/pledges", BODY, key="k").status_code == 201


def test_the_answer_outlives_the_program(
    partner: Partner, settings: Settings, database_url: str
) -> None:
    first = partner.post("/pledges", BODY, key="k")

    reopened = Database(database_url)
    app = create_app(settings, Services(settings, reopened, lambda: NOON, {}))
    again = Partner(app, partner.key).post("/pledges", BODY, key="k")
    reopened.engine.dispose()

    assert again.data == first.data
    assert again.headers["Idempotent-Replay"] == "true"


def test_sixteen_requests_at_once_make_one_pledge(partner: Partner, database: Database) -> None:
    answers = _at_once(16, lambda: partner.post("/pledges", BODY, key="k"))

    assert {answered.status_code for answered in answers} == {201}
    assert len({answered.data for answered in answers}) == 1
    assert sum("Idempotent-Replay" not in answered.headers for answered in answers) == 1
    assert count(database, Pledge) == 1


def test_without_the_unique_constraint_there_would_be_sixteen(
    partner: Partner, database: Database
) -> None:
    _drop_unique_constraint(database)

    answers = _at_once(16, lambda: partner.post("/pledges", BODY, key="k"))

    assert count(database, Pledge) == len({answered.data for answered in answers}) > 1


def test_what_is_being_worked_on_is_not_begun_twice(database: Database) -> None:
    asked = _held_by_somebody(database)

    with database.writing() as session, pytest.raises(StillRunning):
        hold(session, asked, now=NOON + timedelta(seconds=1))


def test_a_dead_holder_blocks_for_less_than_a_minute(database: Database) -> None:
    asked = _held_by_somebody(database)
    later = NOON + TAKE_OVER_AFTER

    with database.writing() as session:
        taken = hold(session, asked, now=later)

    assert isinstance(taken, Held)
    assert timedelta(seconds=60) > TAKE_OVER_AFTER
    with database.writing() as session, pytest.raises(StillRunning):
        hold(session, asked, now=later)  # one successor, not two


@pytest.mark.parametrize(
    "belated",
    [
        lambda session, held: opens(session, held, 1),
        lambda session, held: answer(session, held, Answer(201, "{}")),
        start_over,
    ],
    ids=["opening", "answering", "starting over"],
)
def test_who_was_taken_for_dead_may_not_go_on(
    database: Database, belated: Callable[..., None]
) -> None:
    asked = _held_by_somebody(database)
    slow = Held(_only_request(database), NOON)
    with database.writing() as session:
        hold(session, asked, now=NOON + TAKE_OVER_AFTER)

    with pytest.raises(StillRunning), database.writing() as session:
        belated(session, slow)


def _held_by_somebody(database: Database) -> Asked:
    with database.writing() as session:
        add_key(session, "Mobile payment", now=NOON)
        asked = Asked(session.scalars(select(ApiKey.id)).one(), "k", "0" * 64)
        hold(session, asked, now=NOON)
    return asked


def _only_request(database: Database) -> int:
    with database.reading() as session:
        return session.scalars(select(func.max(IdempotentRequest.id))).one()


def _at_once(times: int, send: Callable[[], TestResponse]) -> list[TestResponse]:
    start = threading.Barrier(times)
    answers: list[TestResponse] = []

    def run() -> None:
        start.wait()
        answers.append(send())

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == times
    return answers


def _drop_unique_constraint(database: Database) -> None:
    with database.engine.begin() as connection:
        if not database.is_sqlite:
            name = "uq_idempotent_request_api_key_id_idempotency_key"
            connection.execute(text(f"ALTER TABLE idempotent_request DROP CONSTRAINT {name}"))
            return
        connection.execute(text("CREATE TABLE looser AS SELECT * FROM idempotent_request"))
        columns = connection.execute(text("SELECT * FROM looser")).keys()
        connection.execute(text("DROP TABLE looser"))
        connection.execute(text("DROP TABLE idempotent_request"))
        others = ", ".join(name for name in columns if name != "id")
        connection.execute(
            text(f"CREATE TABLE idempotent_request (id INTEGER PRIMARY KEY, {others})")
        )
