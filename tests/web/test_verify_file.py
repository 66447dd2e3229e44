"""The page that checks a receipt's file: in a real browser, on a phone and on a screen."""

import io
from dataclasses import replace

import pytest
from sqlalchemy import select

from donations.pledging import CashItem
from flows.jobs import handlers
from jobs.runner import work_off
from receipts.documents.layouts import receipt_document
from receipts.life.drawing import remember_file
from receipts.life.files import ReceiptFiles
from receipts.life.freezing import facts_of
from receipts.life.series import Receipt
from receipts.pdf.writing import write_pdf
from receipts.public.examining import FILE_BYTES_MAX
from receipts.public.publishing import publish_heads
from receipts.seals.seal import read_seal
from tests.factories import NOON, a_desk_contribution, a_staff_member, two_void
from tests.receipts import forging
from tests.serving import served
from web.public import proving


@pytest.fixture
def receipt(database):
    with database.writing() as session:
        clerk = a_staff_member(session)
        a_desk_contribution(session, CashItem(2_500_000), staff_id=clerk.id)
        return session.scalars(select(Receipt)).one()


@pytest.fixture
def pdf(database, settings, receipt):
    """The receipt's sealed file, kept as the first one drawn."""
    with database.writing() as session:
        receipt = session.get_one(Receipt, receipt.id)
        printed = replace(facts_of(receipt), layout_version=2)
        made = write_pdf(*receipt_document(printed), seal=read_seal(settings))
        ReceiptFiles(settings.receipt_files).keep(receipt.number, made)
        remember_file(session, receipt.id, made, now=NOON)
        return made


@pytest.fixture
def address(app):
    """The application behind a real socket."""
    with served(app) as address:
        yield address


def sent(client, file, *, status=200):
    """The page that answers a file."""
    token = client.get("/verify").fields["csrf_token"]
    upload = {"csrf_token": token, "file": (io.BytesIO(file), "receipt.pdf")}
    return client.check(client.http.post("/verify", data=upload), status)


FILES = {
    "good": (lambda pdf: pdf, "genuine", "بی هیچ تغییری"),
    "tampered": (forging.flipped, "changed", "پس از مهر شدن تغییر کرده است"),
    "foreign": (lambda _pdf: forging.foreign(), "foreign", "از ما نیست"),
    "updated": (forging.updated, "appended_to_ours", "سپس چیزی به آن افزوده شده است"),
}


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("name", FILES)
def test_a_file_is_judged_in_words_at_every_width(browser, address, pdf, tmp_path, name, width):
    make, finding, words = FILES[name]
    (tmp_path / "رسید من.pdf").write_bytes(make(pdf))
    with browser.new_context(
        viewport={"width": width, "height": 700}, java_script_enabled=width > 320
    ) as context:
        page = context.new_page()
        page.goto(f"{address}/verify")
        page.get_by_label("پروندهٔ پی‌دی‌اف رسید").set_input_files(tmp_path / "رسید من.pdf")
        page.get_by_role("button", name="بررسی پرونده").click()

        told = page.locator("[data-finding]")
        assert told.get_attribute("data-finding") == finding
        assert words in told.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_our_file_shows_amount_and_name_and_another_no_more_than_its_number(client, pdf):
    genuine, tampered = sent(client, pdf), sent(client, forging.flipped(pdf))

    assert "۲٬۵۰۰٬۰۰۰ ریال" in genuine.words
    assert "۲٬۵۰۰٬۰۰۰" not in tampered.words
    assert "هرچه پرونده نشان دهد: وضعیت معتبر" in tampered.words


def test_a_void_receipt_is_told_whatever_its_file_says(client, database, receipt, pdf):
    with database.writing() as session:
        two_void(session, receipt.contribution_id)

    page = sent(client, pdf)

    assert 'data-finding="void"' in page.html
    assert "وضعیت باطل" in page.words


def test_what_a_donor_downloads_is_what_we_keep_before_and_after_it_is_void(
    client, database, gateways, settings, receipt
):
    """The whole way: drawn by the worker, downloaded, handed in; then voided, and once more."""
    known = handlers(database, gateways, settings, clock=lambda: NOON)
    work_off(database, known, clock=lambda: NOON)
    address = f"/receipts/1405-07-000001.pdf?key={receipt.verify_key}"
    original = client.http.get(address).data

    assert 'data-finding="genuine"' in sent(client, original).html
    with database.writing() as session:
        two_void(session, receipt.contribution_id)
    void_copy = client.http.get(address).data
    assert void_copy != original
    for file in (original, void_copy):
        assert 'data-finding="void"' in sent(client, file).html


def test_a_form_without_a_file_says_so_beside_the_field(client):
    token = client.get("/verify").fields["csrf_token"]

    page = client.post("/verify", status=422, csrf_token=token)

    assert "نخست پرونده را برگزینید" in page.words


def test_a_file_beyond_all_receipts_is_not_read(client):
    body = b"--b\r\n" + bytes(FILE_BYTES_MAX + (1 << 20))
    answer = client.http.post("/verify", data=body, content_type="multipart/form-data; boundary=b")

    page = client.check(answer, 413)

    assert "۵ مگابایت" in page.words


def test_files_are_counted_by_address(client):
    for _ in range(20):
        sent(client, b"")

    sent(client, b"", status=429)


def test_more_readers_than_there_are_places_have_to_wait(client, monkeypatch):
    monkeypatch.setattr(proving, "_WAIT_SECONDS", 0.1)
    with proving._a_reader(), proving._a_reader():
        page = sent(client, b"%PDF-1.7", status=503)

    assert "در حال بررسی" in page.words
    sent(client, b"%PDF-1.7")


def test_a_file_is_not_kept(client, pdf, tmp_path):
    before = sorted(tmp_path.rglob("*"))

    sent(client, pdf)

    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.usefixtures("receipt")
def test_the_signed_list_of_a_day_is_shown_and_downloaded(client, database, settings):
    publish_heads(database, read_seal(settings), now=NOON.replace(day=23))

    days = client.get("/verify/heads")
    page = client.get("/verify/heads/1405-09-01")

    assert "۱۴۰۵/۰۹/۰۱" in days.words
    assert "۱۴۰۵/۰۷/۰۰۰۰۰۱" in page.words
    files = [client.http.get(f"/verify/heads/1405-09-01.{kind}") for kind in ("json", "p7s", "pem")]
    assert [file.status_code for file in files] == [200, 200, 200]
    assert files[0].json["series"][0]["head"] in page.html
    client.get("/verify/heads/1405-09-02", status=404)
    client.get("/verify/heads/soon", status=404)


def test_the_key_shows_the_published_head_of_the_day(client, database, settings, receipt):
    path = f"/verify/1405-07-000001?k={receipt.verify_key}"
    before = client.get(path)
    publish_heads(database, read_seal(settings), now=NOON.replace(day=23))

    after = client.get(path)

    assert "/verify/heads/1405-09-01" not in before.links
    assert "/verify/heads/1405-09-01" in after.links
    assert "/verify/heads/1405-09-01" not in client.get("/verify/1405-07-000001").links
