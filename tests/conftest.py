"""Shared fixtures: a fresh database for every test, an application on it, clients that look."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy.orm import Session

from core.database import Database
from core.settings import Settings
from core.words import DEFAULT_LANGUAGE, speak
from deploy.prepare import chromium
from payment_gateways.accounts import GatewayAccount
from payment_gateways.registry import Gateway, open_gateways
from tests.applications import cheap_applications
from tests.databases import TERMINALS, Template
from tests.factories import NOON
from tests.page_client import PageClient
from tests.sandbox import SandboxBank, running_bank
from web.app import create_app
from web.services import Services

# Chromium's own errands to the outside are refused here, many at a time; it is told to have none.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NOBODY_ANSWERS = "http://127.0.0.1:9"

expect.set_options(timeout=30_000)  # a browser beside another suite is slow, not wrong
cheap_applications()


@pytest.fixture(autouse=True)
def persian() -> None:
    """Every test begins in Persian, whatever the test before it asked a page for."""
    speak(DEFAULT_LANGUAGE)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    made = Template(tmp_path_factory.mktemp("template"))
    yield made
    made.drop()


@pytest.fixture
def database_url(template: Template, tmp_path: Path) -> Iterator[str]:
    with template.copy(tmp_path) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.writing() as session:
        yield session


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(instance_dir=tmp_path / "instance", database_url=database_url)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one browser of this worker; each test opens windows of its own in it."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def sandbox_bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxBank]:
    """A sandbox bank in a process of its own, for all tests of this worker."""
    with running_bank(tmp_path_factory.mktemp("bank")) as bank:
        yield bank


@pytest.fixture
def gateways() -> Mapping[str, Gateway]:
    """The gateways of a bank that nobody can reach; tests that pay ask for ``paying_gateways``."""
    return gateways_at(NOBODY_ANSWERS)


@pytest.fixture
def paying_gateways(sandbox_bank: SandboxBank) -> Mapping[str, Gateway]:
    return gateways_at(sandbox_bank.base_url)


def gateways_at(base_url: str) -> Mapping[str, Gateway]:
    (mellat, mellat_id), (zarinpal, zarinpal_id) = TERMINALS
    merchant_id = "0f8fad5b-d9cb-469f-a165-70867728950e"
    return open_gateways(
        (
            GatewayAccount(
                name=mellat,
                adapter="mellat",
                account="90190",
                settings={"terminal_id": mellat_id, "username": "u", "password": "p"},
                base_url=base_url,
                title_fa="بانک ملت",
                title_en="Bank Mellat",
            ),
            GatewayAccount(
                name=zarinpal,
                adapter="zarinpal",
                account="90190",
                settings={"merchant_id": merchant_id, "terminal_id": zarinpal_id},
                base_url=base_url,
                title_fa="زرین‌پال",
                title_en="Zarinpal",
            ),
        )
    )


@pytest.fixture
def app(settings: Settings, database: Database, gateways: Mapping[str, Gateway]) -> Flask:
    return create_app(settings, Services(settings, database, lambda: NOON, gateways))


@pytest.fixture
def paying_app(
    settings: Settings, database: Database, paying_gateways: Mapping[str, Gateway]
) -> Flask:
    """The application with gateways that lead to the sandbox bank, on the real clock."""
    return create_app(
        settings, Services(settings, database, lambda: datetime.now(UTC), paying_gateways)
    )


@pytest.fixture
def client(app: Flask) -> PageClient:
    return PageClient(app)
