"""One house for all stories of a worker, and a fresh visitor for each."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.databases import fresh_database
from tests.end_to_end.house import House, running_house


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database())
        folder = tmp_path_factory.mktemp("house")
        yield stack.enter_context(running_house(folder, url))


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """Somebody with an empty browser on a narrow phone."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, accept_downloads=True)
    yield context
    context.close()


@pytest.fixture
def at_a_desk(browser: Browser) -> Iterator[BrowserContext]:
    """Somebody of the staff, with a screen and a keyboard."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def without_scripts(browser: Browser) -> Iterator[BrowserContext]:
    """Somebody with an old phone on which no script runs."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    yield context
    context.close()
