"""A real browser and the sample site, for the tests of what pages look like and do."""

import pytest

from tests.faces.sample import sample_site
from tests.serving import served


@pytest.fixture(scope="session")
def site():
    """The address of the sample site, served from a thread of its own."""
    with served(sample_site()) as address:
        yield address


@pytest.fixture
def page(browser):
    """A fresh window of a telephone's size; whatever goes wrong in it fails the test."""
    context = browser.new_context(viewport={"width": 320, "height": 640})
    opened = context.new_page()
    troubles = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()
    assert troubles == []
