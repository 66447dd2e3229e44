"""A real browser and the sample site, for the tests of what pages look like and do."""

import threading

import pytest
from werkzeug.serving import make_server

from tests.faces.sample import sample_site


@pytest.fixture(scope="session")
def site():
    """The address of the sample site, served from a thread of its own."""
    server = make_server("127.0.0.1", 0, sample_site(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


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
