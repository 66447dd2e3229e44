"""Whose address counts: the visitor's where a proxy of ours says it, else whoever connects."""

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from core.settings import Settings
from offices.limits import RateLimit
from tests.factories import NOON
from web.app import create_app
from web.services import Services

SENT = "203.0.113.9, 198.51.100.7"  # the visitor's own invention, then what our proxy saw


@pytest.mark.parametrize(
    ("proxies", "counted"), [(0, "127.0.0.1"), (1, "198.51.100.7"), (2, "203.0.113.9")]
)
def test_tries_are_counted_for_the_address_that_our_proxies_saw(
    settings, database, gateways, proxies, counted
):
    behind = settings.model_copy(update={"trusted_proxies": proxies})
    app = create_app(behind, Services(behind, database, lambda: NOON, gateways))

    answer = app.test_client().get("/follow/3000000000000", headers={"X-Forwarded-For": SENT})

    assert answer.status_code == 404
    with database.reading() as session:
        assert session.scalars(select(RateLimit.bucket)).all() == [f"follow:{counted}"]


@pytest.mark.parametrize("proxies", [-1, 11, "many"])
def test_a_number_of_proxies_that_cannot_be_is_refused(proxies):
    with pytest.raises(ValidationError, match="trusted_proxies"):
        Settings(trusted_proxies=proxies)
