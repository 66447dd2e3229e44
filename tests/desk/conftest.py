"""A desk on the real clock, served behind a line, and a clerk's browser at it."""

from datetime import UTC, datetime

import pytest

from offices.scope import EVERYWHERE
from offices.staff import Role
from receipts.life.blocks import allot_block
from tests.desk.line import Chromium, line_to
from tests.factories import office_id
from tests.staff import at_work
from web.app import create_app
from web.services import Services


@pytest.fixture
def live_app(settings, database, gateways):
    return create_app(settings, Services(settings, database, lambda: datetime.now(UTC), gateways))


@pytest.fixture
def line(live_app):
    with line_to(live_app) as made:
        yield made


@pytest.fixture
def at_desk(live_app, database):
    return at_work(live_app, database, Role.CLERK)


@pytest.fixture
def numbers(database, at_desk):
    """A block of thirty numbers of desk 07, for whoever takes it first."""
    with database.writing() as session:
        block = allot_block(
            session,
            EVERYWHERE,
            office_id=office_id(session),
            size=30,
            allotted_by_id=at_desk.staff_member_id,
            request_key=None,
            now=datetime.now(UTC),
        )
        return block.prefix


@pytest.fixture
def crashing(browser, tmp_path):
    """A browser of its own, whose process can be killed."""
    made = Chromium(browser.browser_type, tmp_path / "profile")
    yield made
    made.remove()
