"""Every document as readers, scanners and archives find it."""

import hashlib
import io
from dataclasses import replace

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw

from receipts.documents.annual import annual_document
from receipts.documents.certificates import certificate_document, has_certificate
from receipts.documents.counter_slips import counter_slip_document
from receipts.documents.delivery_notes import delivery_note_document, has_delivery_note
from receipts.documents.facts import facts_from_json, facts_to_json
from receipts.documents.hand_over_slips import hand_over_document
from receipts.documents.layouts import Paper, draw_receipt, receipt_document
from receipts.documents.seal_picture import UnusableSeal, seal_rows, seal_text
from receipts.documents.thanks import has_thanks, thanks_document
from receipts.pdf.writing import write_pdf
from receipts.typesetting.shape import UnknownGlyph
from tests.receipts.conformance import faults
from tests.receipts.documents import (
    ALL,
    ENGLISH,
    ENGLISH_HOURS,
    ENGLISH_SLIP,
    ENGLISH_YEAR,
    GOODS,
    HANDED,
    HOURS,
    SIGNED,
    SLIP,
    YEAR,
    documents,
)
from tests.receipts.drawn import CASH, english_facts, facts, pdfium_text, poppler_text, raster

# Of receipts that were issued in layout 1: their files are kept by these hashes.
FIRST_LAYOUT = {
    "853a21f5009b7c0880aa6b55ff6346f1f1e33df1e6867165d37a0a51b3143b67": facts(),
    "e35f69bf3131d7127b4f57d81e21dec6322b00f07facb556d930ce9f8dc00989": english_facts(),
    "09d855bd71d5575b48e753ab4fb25b4226361adec546e5bd6a580ca50e21b6b7": facts(
        is_void=True, void_text="x"
    ),
}
FOUND = {
    "receipt-cash-fa-a5": ("رسید مشارکت نقدی", "اصل", "۲٬۵۰۰٬۰۰۰ ریال", "سیدجواد حسینی"),
    "receipt-goods-fa-a5": ("نو", "۱۱٬۵۰۰٬۰۰۰", "به نظر کارشناس", "مهندس کریمی", "قبض انبار"),
    "receipt-hours-fa-a5": ("۱۴۰۴/۰۷/۰۹ – ۱۴۰۴/۰۷/۲۰", "آموزش ریاضی"),
    "receipt-all-fa-a5": ("۳٬۰۰۰٬۰۰۰ ریال", "پتوی دونفرهٔ نو", "ویزیت پزشکی داوطلبانه"),
    "receipt-goods-en-a5": ("Wheelchairs", "used, in good order", "not valued", "2025-10-13"),
    "receipt-cash-fa-two-up": ("اصل", "نسخهٔ اداره"),
    "receipt-all-fa-roll": ("جمع مبلغ نقدی", "ارزش برآوردی", "3821905746122"),
    "receipt-goods-en-roll": ("Maryam Karimi", "2,500,000 rials", "Tracking code"),
    "receipt-copy-fa-a5": ("رونوشت ۲",),
    "receipt-void-fa-a5": ("این رسید باطل است", "خطای ثبت"),
    "certificate-fa": ("گواهی خدمت داوطلبانه", "۲۰ ساعت", "لاله احمدی", "ارزش مالی ندارد"),
    "certificate-en": ("has given one hour", "Aftab centre, Tabriz", "no monetary value"),
    "thanks-fa": ("لوح سپاس", "علی‌اکبر رضایی‌نژاد", "سپاسگزاریم"),
    "thanks-en": ("Letter of thanks", "Maryam Karimi"),
    "delivery-note-fa": ("رسید تحویل کالا", "تحویل‌دهنده", "انبار", "امضای تحویل‌گیرنده"),
    "delivery-note-en": ("Delivery note for goods", "Deliverer", "Warehouse", "Wheelchairs"),
    "hand-over-fa": (
        "حوالهٔ تحویل کالا",
        "۰۷-۱۲",
        "مرکز توان‌بخشی آفتاب",
        "۱۲٫۵ کیلوگرم",
        "برگشت ۰٫۵",
    ),
    "hand-over-en": ("Hand-over slip for goods", "07-12", "Aftab centre", "2 pieces", "Receiver"),
    "counter-slip-fa-a5": ("1500700012345", "۹۰۱۹۰", "این برگه رسید نیست"),
    "counter-slip-fa-roll": ("1500700012345", "دو میلیون و پانصد هزار ریال تمام"),
    "counter-slip-en-a5": ("Slip for paying at a bank", "2,500,000 rials", "90190"),
    "annual-fa": ("رسید تازه‌ای نیست", "۱۲٬۵۰۰٬۰۰۰ ریال", "۱۴۰۴/۰۰/۰۰۴۷۱۱"),
    "annual-en": ("no additional receipt", "1404/07/000123", "2,500,000 rials"),
}


@pytest.fixture(scope="module")
def files():
    """Every document as its file."""
    return {name: write_pdf(*document) for name, document in documents().items()}


@pytest.mark.parametrize("name", FOUND)
def test_what_is_on_a_document_can_be_searched_and_copied(files, name):
    found = pdfium_text(files[name])

    assert [text for text in FOUND[name] if text not in found] == []


def test_a_masked_national_id_keeps_its_order(files):
    assert "001****678" in poppler_text(files["annual-fa"])


@pytest.mark.parametrize("name", documents())
def test_every_document_keeps_both_standards_and_is_small(files, name):
    assert faults(files[name]) == []
    assert len(files[name]) <= 40_000


@pytest.mark.parametrize(("digest", "printed"), FIRST_LAYOUT.items())
def test_receipts_of_layout_1_keep_their_bytes(digest, printed):
    pdf = draw_receipt(replace(printed, layout_version=1))

    assert hashlib.sha256(pdf).hexdigest() == digest


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("receipt-all-fa-roll", {CASH.verify_url, CASH.tracking_code}),
        ("counter-slip-fa-a5", {SLIP.follow_url, SLIP.deposit_id}),
        ("counter-slip-fa-roll", {SLIP.follow_url, SLIP.deposit_id}),
        ("certificate-fa", {CASH.verify_url}),
        ("thanks-en", {CASH.verify_url}),
        ("delivery-note-fa", {CASH.verify_url, CASH.tracking_code}),
        ("receipt-cash-fa-two-up", {CASH.verify_url, CASH.tracking_code}),
    ],
)
def test_codes_are_scanned_from_every_paper(files, name, codes):
    found = zxingcpp.read_barcodes(raster(files[name], 160))

    assert {code.text for code in found} == codes


def test_a_letter_of_thanks_and_a_certificate_name_no_amount(files):
    for name in ("thanks-fa", "certificate-fa", "delivery-note-fa"):
        assert "ریال" not in pdfium_text(files[name])


def test_hours_carry_no_tax_line():
    assert CASH.tax_line.split()[0] in pdfium_text(draw_receipt(facts()))
    assert "مالیات" not in pdfium_text(draw_receipt(HOURS))


def test_an_original_and_its_copies_are_files_of_their_own():
    digests = {
        hashlib.sha256(draw_receipt(CASH, paper=paper, copy=copy)).hexdigest()
        for paper in (Paper.A5, Paper.TWO_UP, Paper.ROLL)
        for copy in (None, 1, 2)
    }
    again = draw_receipt(CASH, paper=Paper.ROLL)
    identities = {receipt_document(CASH, copy=copy).facts.identity for copy in (None, 0, 1, 2)}

    assert len(digests) == 9
    assert len(identities) == 4
    assert draw_receipt(CASH, paper=Paper.ROLL) == again


def test_a_copy_of_an_old_receipt_says_that_it_is_one():
    copied = draw_receipt(replace(CASH, layout_version=1), copy=1)

    assert "رونوشت ۱" in pdfium_text(copied)


@pytest.mark.parametrize("printed", [CASH, ALL], ids=["short", "long"])
def test_a_roll_is_one_page_as_long_as_it_takes(printed):
    pdf = pypdfium2.PdfDocument(draw_receipt(printed, paper=Paper.ROLL))
    width, height = pdf[0].get_size()

    assert len(pdf) == 1
    assert round(width / 72 * 25.4) == 80
    assert height < 1_200


@pytest.mark.parametrize("name", ["همیاران نیکوکار سرزمین مهربانی " * 6, "ب" * 200], ids=len)
@pytest.mark.parametrize("name_of", ["receipt", "roll", "thanks", "certificate", "slip", "annual"])
def test_a_name_of_200_characters_stays_on_the_paper(name, name_of):
    name = name[:200]
    document = {
        "receipt": lambda: receipt_document(facts(donor_name=name, **SIGNED)),
        "roll": lambda: receipt_document(facts(donor_name=name), paper=Paper.ROLL),
        "thanks": lambda: thanks_document(facts(donor_name=name, **SIGNED)),
        "certificate": lambda: certificate_document(replace(HOURS, donor_name=name)),
        "slip": lambda: counter_slip_document(replace(SLIP, donor_name=name)),
        "annual": lambda: annual_document(replace(YEAR, donor_name=name)),
    }[name_of]()
    picture = raster(write_pdf(*document), 72).convert("L")
    edge = 10 if name_of == "roll" else 30 if name_of not in ("thanks", "certificate") else 60
    inside = 32 if edge == 60 else 10  # past the border
    width, height = picture.size
    strips = [
        picture.crop((inside if edge == 60 else 0, 60, edge, height - 60)),
        picture.crop((width - edge, 60, width - inside if edge == 60 else width, height - 60)),
    ]

    assert [strip.getextrema()[0] for strip in strips] == [255, 255]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: draw_receipt(replace(GOODS, goods=(replace(GOODS.goods[0], appraiser="😀"),))),
        lambda: certificate_document(replace(HOURS, hours=(replace(HOURS.hours[0], place="😀"),))),
        lambda: thanks_document(facts(thanks="سپاس 😀")),
        lambda: counter_slip_document(replace(SLIP, donor_name="😀")),
        lambda: annual_document(replace(YEAR, donor_name="😀")),
        lambda: delivery_note_document(replace(GOODS, organisation="😀")),
        lambda: hand_over_document(replace(HANDED, receiver="😀")),
    ],
)
def test_what_cannot_be_printed_is_refused_by_name(draw):
    with pytest.raises(UnknownGlyph, match="GRINNING FACE"):
        draw()


def test_documents_are_offered_only_where_they_fit():
    void = replace(ALL, is_void=True)

    assert has_certificate(HOURS)
    assert has_certificate(ENGLISH_HOURS)
    assert not has_certificate(replace(HOURS, donor_name=None))
    assert has_delivery_note(GOODS)
    assert not has_delivery_note(HOURS)
    assert has_thanks(ENGLISH)
    assert not (has_certificate(void))
    assert not (has_delivery_note(void))
    assert not (has_thanks(void))
    with pytest.raises(ValueError, match="no certificate"):
        certificate_document(CASH)


def test_a_year_without_a_receipt_that_stands_says_so():
    found = pdfium_text(write_pdf(*annual_document(replace(YEAR, rows=()))))

    assert "در این سال رسیدی برجا نیست" in found


def test_a_long_year_flows_on_and_lists_every_receipt():
    rows = tuple(replace(YEAR.rows[0], number=f"1404/07/{n:06d}") for n in range(1, 101))
    pdf = write_pdf(*annual_document(replace(ENGLISH_YEAR, rows=rows)))

    found = pdfium_text(pdf)

    assert len(pypdfium2.PdfDocument(pdf)) > 2
    assert all(row.number in found for row in rows)


@pytest.mark.parametrize("funds", range(2, 12))
def test_headings_of_a_table_never_stand_alone_at_the_foot_of_a_page(funds):
    cash = tuple(replace(CASH.cash[0], amount_rial=n) for n in range(1, funds + 1))
    goods = (replace(GOODS.goods[0], description="پتوی بلند " * 40),)
    total = sum(line.amount_rial for line in cash)
    pdf = draw_receipt(facts(cash=cash, total_rial=total, goods=goods))

    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf)]
    (headed,) = [page for page in pages if "ارزش برآوردی" in page]
    assert "پتوی بلند" in headed


def test_an_overlong_certificate_goes_on_another_page_and_loses_nothing():
    hours = tuple(replace(HOURS.hours[0], hours=n) for n in range(1, 31))

    pdf = write_pdf(*certificate_document(replace(HOURS, hours=hours)))

    assert len(pypdfium2.PdfDocument(pdf)) > 1
    assert pdfium_text(pdf).count("ویزیت سالمندان") == 30


def test_facts_with_everything_survive_their_json():
    for printed in (ALL, HOURS, ENGLISH):
        assert facts_from_json(facts_to_json(printed)) == printed


def test_facts_of_an_older_receipt_are_written_without_later_fields():
    text = facts_to_json(replace(CASH, layout_version=1))

    assert '"seal"' not in text
    assert '"signatories"' not in text


def a_picture(kind="PNG", color="navy"):
    drawn = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(drawn).ellipse((100, 50, 300, 250), outline=color, width=24)
    file = io.BytesIO()
    drawn.save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_seal_is_printed_as_dots_of_one_colour(kind):
    text = seal_text(a_picture(kind))
    rows = seal_rows(text)

    pdf = draw_receipt(facts(seal=text, **{**SIGNED, "seal_name": None}))

    assert len(rows) == 160
    assert len(text) < 2_000
    assert rows[80][80] == "0"
    assert "1" in rows[80]
    assert faults(pdf) == []
    assert b"/Image" not in pdf
    assert raster(pdf).tobytes() != raster(draw_receipt(facts(**SIGNED))).tobytes()


@pytest.mark.parametrize(
    "picture",
    [b"no picture", a_picture()[:200], a_picture(color="white"), b"\x00" * (1 << 20) + b"\x00"],
    ids=["text", "cut off", "empty", "too large"],
)
def test_what_is_no_picture_of_a_seal_is_refused(picture):
    with pytest.raises(UnusableSeal):
        seal_text(picture)


def test_a_slip_in_english_asks_for_the_same_money():
    found = pdfium_text(write_pdf(*counter_slip_document(ENGLISH_SLIP, paper=Paper.ROLL)))

    assert "Two million five hundred thousand rials only (250,000 tomans)" in found
