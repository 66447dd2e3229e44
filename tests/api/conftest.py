"""Partners for the tests of the interface: a key, a client that carries it, a clock to move."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from core.database import Base, Database
from core.settings import Settings
from offices.api_keys import add_key
from payment_gateways.registry import Gateway
from tests.factories import NOON
from web.app import create_app
from web.services import Services

_numbers = itertools.count(1)


@dataclass
class Clock:
    """The clock of an application under test."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def go_on(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Partner:
    """Partner software with a key."""

    app: APIFlask
    key: str
    headers: dict[str, str] = field(default_factory=lambda: {"Accept-Language": "en"})

    def get(self, path: str) -> TestResponse:
        return self.app.test_client().get(f"/api/v1{path}", headers=self._headers())

    def post(self, path: str, body: object, *, key: str | None = None) -> TestResponse:
        return self.send(path, json.dumps(body, ensure_ascii=False).encode(), key=key)

    def send(
        self,
        path: str,
        body: bytes,
        *,
        key: str | None = None,
        content_type: str = "application/json",
    ) -> TestResponse:
        headers = {**self._headers(), "Idempotency-Key": key or f"request-{next(_numbers)}"}
        return self.app.test_client().post(
            f"/api/v1{path}", data=body, headers=headers, content_type=content_type
        )

    def pledge(self, *items: Mapping[str, object], **fields: object) -> dict[str, Any]:
        """Make a pledge that must be taken."""
        made = self.post("/pledges", {"items": items or [cash()], **fields})
        assert made.status_code == 201, made.text
        return dict(made.get_json())

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", **self.headers}


def cash(amount_rial: object = 2_500_000, **fields: object) -> dict[str, object]:
    return {"kind": "cash", "amount_rial": amount_rial, **fields}


def a_partner(
    app: APIFlask, database: Database, name: str, office_id: int | None = None
) -> Partner:
    with database.writing() as session:
        return Partner(app, add_key(session, name, office_id=office_id, now=NOON))


def count(database: Database, table: type[Base]) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(
    settings: Settings, database: Database, gateways: Mapping[str, Gateway], clock: Clock
) -> APIFlask:
    return create_app(settings, Services(settings, database, clock, gateways))


@pytest.fixture
def partner(app: APIFlask, database: Database) -> Partner:
    return a_partner(app, database, "Mobile payment")


@pytest.fixture
def stranger(app: APIFlask, database: Database) -> Partner:
    return a_partner(app, database, "Somebody else")
