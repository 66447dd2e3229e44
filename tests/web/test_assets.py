"""Files travel under a name that changes with them, and what is text travels packed."""

import gzip

import pytest
from flask import Flask, url_for

from web import assets

PAGE = "<!doctype html><title>مشارکت</title>" + "<p>هر ریال پیگیری می‌شود.</p>" * 100
PACKS = {"Accept-Encoding": "gzip, br"}


@pytest.fixture
def small_app(tmp_path):
    app = Flask("small", static_folder=str(tmp_path), static_url_path="/static")
    (tmp_path / "app.css").write_text("p { color: green }\n" * 200, "utf-8")
    (tmp_path / "font.woff2").write_bytes(b"font" * 1000)
    app.add_url_rule("/page", "page", lambda: PAGE)
    app.add_url_rule("/short", "short", lambda: "<p>کوتاه</p>")
    assets.register(app)
    return app


def address_of(app, name):
    with app.test_request_context():
        return url_for("static", filename=name)


def test_a_page_is_packed_and_reads_the_same(small_app):
    answer = small_app.test_client().get("/page", headers=PACKS)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data).decode() == PAGE
    assert len(answer.data) == int(answer.headers["Content-Length"]) < len(PAGE) / 10


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/page", {}), ("/page", {"Accept-Encoding": "gzip;q=0"}), ("/short", PACKS)],
    ids=["not asked for", "refused", "not worth it"],
)
def test_a_page_may_travel_as_it_is(small_app, path, headers):
    answer = small_app.test_client().get(path, headers=headers)

    assert "Content-Encoding" not in answer.headers
    assert answer.vary.to_header() == "Accept-Encoding"


def test_a_file_changes_its_address_when_it_changes(small_app, tmp_path):
    before = address_of(small_app, "app.css")
    (tmp_path / "app.css").write_text("p { color: blue }", "utf-8")

    assert address_of(small_app, "app.css") != before


def test_a_file_by_its_version_is_packed_and_kept(small_app):
    client = small_app.test_client()

    address = address_of(small_app, "app.css")
    answer = client.get(address, headers=PACKS, buffered=True)
    known = PACKS | {"If-None-Match": answer.headers["ETag"]}
    again = client.get(address, headers=known, buffered=True)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert again.status_code == 304


def test_a_font_is_packed_already_and_has_the_address_the_stylesheet_knows(small_app):
    address = address_of(small_app, "font.woff2")

    answer = small_app.test_client().get(address, headers=PACKS, buffered=True)

    assert address == "/static/font.woff2"
    assert "Content-Encoding" not in answer.headers
