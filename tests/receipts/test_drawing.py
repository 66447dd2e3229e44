"""Receipts as readers, scanners and other programs find them."""

import io
import re
import subprocess
import sys
import zlib

import pikepdf
import pypdfium2
import pytest
import zxingcpp

from receipts.documents.facts import ReceiptKind, facts_to_json
from receipts.documents.layouts import UnknownLayout, draw_receipt
from receipts.typesetting.shape import UnknownGlyph
from receipts.typesetting.words import BeyondWords
from tests.receipts.drawn import (
    BLANKETS,
    CASH,
    TWO_FUNDS,
    VISITS,
    english_facts,
    facts,
    pdfium_text,
    poppler_text,
    raster,
)

READERS = pytest.mark.parametrize("read", [poppler_text, pdfium_text], ids=["poppler", "pdfium"])


@READERS
@pytest.mark.parametrize(
    "text",
    [
        "علی‌اکبر رضایی‌نژاد",
        "۱۴۰۴/۰۷/۰۰۰۱۲۳",
        "۱۴۰۴/۰۷/۲۱",
        "۱۴۰۴/۰۷/۲۲",
        "۲٬۵۰۰٬۰۰۰",
        "دو میلیون و پانصد هزار ریال تمام",
        "۲۵۰٬۰۰۰",
        "3821905746122",
        "1400700012345",
        "403112233445",
        "کمک به خانواده‌های دارای فرزند معلول",
        "۱۹۰۴۱۰۶۲۱۰۱",
        "۹۰۱۹۰",
        "سازمان بهزیستی کشور",
        "شمارهٔ رسید",
        "مادهٔ",
        "درگاه اینترنتی به‌پرداخت ملت",
    ],
)
def test_what_is_printed_is_found(read, text):
    assert text in read(draw_receipt(CASH))


@READERS
@pytest.mark.parametrize("name", ["لاله بالا اسلامی", "عبدالله", "نصرالله الله‌یاری", "Griffin"])
def test_ligatures_keep_all_their_letters_in_order(read, name):
    assert name in read(draw_receipt(facts(donor_name=name)))


def test_brackets_and_masked_card_are_found_as_written():
    found = poppler_text(draw_receipt(TWO_FUNDS))

    assert "مبلغ (ریال)" in found
    assert "610433******1234" in found
    assert "AF82041aB-0190" in found


def test_the_codes_on_paper_can_be_scanned():
    found = {
        code.format.name: code.text for code in zxingcpp.read_barcodes(raster(draw_receipt(CASH)))
    }

    assert found == {"QRCode": CASH.verify_url, "Code128": CASH.tracking_code}


def test_the_same_facts_give_the_same_bytes_whatever_was_drawn_before(tmp_path):
    rare = facts(donor_name="مُحَمَّد ضَیاءُ الدّین Ångström Żółć")
    (tmp_path / "facts.json").write_text(facts_to_json(rare))
    program = (
        "import sys, pathlib\n"
        "from receipts.documents.facts import facts_from_json\n"
        "from receipts.documents.layouts import draw_receipt\n"
        "facts = facts_from_json(pathlib.Path(sys.argv[1]).read_text())\n"
        "sys.stdout.buffer.write(draw_receipt(facts))\n"
    )
    for other in ("Öğüş", "کَتِبَ ĀāĂă", "علی"):
        draw_receipt(facts(donor_name=other))

    elsewhere = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "facts.json")],
        capture_output=True,
        check=True,
        env={"PYTHONHASHSEED": "7"},
    ).stdout

    assert draw_receipt(rare) == elsewhere


@READERS
def test_rare_letters_are_found_too(read):
    found = read(draw_receipt(facts(donor_name="Żółć")))

    assert "Żółć" in found


def test_other_facts_give_another_identity():
    first, second = (
        re.search(rb"/ID\[<(\w+)>", draw_receipt(frozen)).group(1)
        for frozen in (CASH, facts(donor_name=None))
    )

    assert first != second


def test_an_unnamed_donor_is_thanked_as_such():
    assert "نیکوکار ناشناس" in poppler_text(draw_receipt(facts(donor_name=None)))


def test_money_goods_and_hours_have_a_section_each():
    frozen = facts(kind=ReceiptKind.MIXED, goods=(BLANKETS,), hours=(VISITS,))

    found = poppler_text(draw_receipt(frozen))

    for text in ("پتوی دونفرهٔ نو", "تخته", "۱۲٬۰۰۰٬۰۰۰", "ویزیت پزشکی داوطلبانه", "۸"):
        assert text in found
    assert "۱۴٬۵۰۰٬۰۰۰" not in found


def test_goods_alone_show_no_sum_of_money():
    frozen = facts(kind=ReceiptKind.GOODS, cash=(), total_rial=0, goods=(BLANKETS,))

    found = poppler_text(draw_receipt(frozen))

    assert "جمع مبلغ نقدی" not in found
    assert "رسید مشارکت کالایی" in found


@pytest.mark.parametrize("lines", [1, 6, 40])
def test_many_lines_flow_on_and_none_is_lost(lines):
    goods = tuple(
        type(BLANKETS)(f"بستهٔ غذایی نوع {number}", "1", "بسته") for number in range(lines)
    )
    pdf = draw_receipt(facts(goods=goods))

    found = poppler_text(pdf)

    assert len(re.findall("بستهٔ غذایی نوع", found)) == lines
    assert found.count(CASH.tracking_code) == 1


def test_a_description_longer_than_a_page_is_split_and_kept():
    told = "شرح بسیار بلند کالا " * 260
    pdf = draw_receipt(facts(goods=(type(BLANKETS)(told.strip(), "1", "عدد"),)))

    assert len(pypdfium2.PdfDocument(pdf)) > 2
    assert len(re.findall("بلند", poppler_text(pdf))) == 260


@pytest.mark.parametrize("name", ["همیاران نیکوکار سرزمین مهربانی " * 6, "ب" * 200], ids=len)
def test_a_long_name_stays_within_the_page(name):
    picture = raster(draw_receipt(facts(donor_name=name))).convert("L")
    width, height = picture.size
    margins = [picture.crop((0, 40, 50, height)), picture.crop((width - 50, 40, width, height))]

    assert [margin.getextrema() for margin in margins] == [(255, 255)] * 2


def test_an_english_receipt_reads_in_english():
    found = poppler_text(draw_receipt(english_facts()))

    for text in ("Maryam Karimi", "1404/07/000123", "2,500,000 rials", "2025-10-13"):
        assert text in found
    assert "Two million five hundred thousand rials only (equals 250,000 tomans)" in found


def test_a_void_receipt_says_so_and_why():
    pdf = draw_receipt(facts(is_void=True, void_text="بازگشت وجه از سوی بانک"))

    assert "این رسید باطل است" in poppler_text(pdf)
    assert "بازگشت وجه از سوی بانک" in poppler_text(pdf)
    assert reddish(raster(pdf)) > 20 * (reddish(raster(draw_receipt(CASH))) + 1)


def reddish(picture):
    return sum(
        count
        for count, (red, green, blue) in picture.convert("RGB").getcolors(1 << 24)
        if red > green + 20
    )


def test_a_sample_is_marked_without_touching_the_text():
    sample = draw_receipt(facts(is_sample=True))

    assert poppler_text(sample) == poppler_text(draw_receipt(CASH))
    assert raster(sample).tobytes() != raster(draw_receipt(CASH)).tobytes()


def test_a_replacement_names_what_it_replaces():
    found = poppler_text(draw_receipt(facts(replaces_number="1404/07/000100")))

    assert "۱۴۰۴/۰۷/۰۰۰۱۰۰" in found


def test_a_name_that_cannot_be_printed_is_refused_and_never_a_box():
    with pytest.raises(UnknownGlyph, match="GRINNING FACE"):
        draw_receipt(facts(donor_name="علی 😀"))


def test_an_override_in_a_name_turns_nothing_around():
    found = poppler_text(draw_receipt(facts(donor_name="\u202eعلی\u2066 رضایی")))

    assert "علی رضایی" in found


def test_an_amount_beyond_words_is_refused():
    line = type(CASH.cash[0])("صندوق", "1", 10**15 + 1)

    with pytest.raises(BeyondWords):
        draw_receipt(facts(cash=(line,), total_rial=10**15 + 1))


def test_an_unknown_layout_is_a_defect():
    with pytest.raises(UnknownLayout):
        draw_receipt(facts(layout_version=99))


def test_a_receipt_is_small():
    assert len(draw_receipt(CASH)) <= 40_000


def streams(pdf):
    for match in re.finditer(rb"<<([^\n]*)>>stream\n(.*?)\nendstream", pdf, re.DOTALL):
        if b"FlateDecode" in match[1]:
            yield match[1], zlib.decompress(match[2])


def test_every_mark_on_paper_is_tagged_or_declared_an_artifact():
    (content,) = (text for _, text in streams(draw_receipt(CASH)) if b"BDC" in text)

    rest = re.sub(rb"/ReversedChars BMC (.*?) EMC", rb"\1", content)
    tagged = re.findall(rb"/\w+<</MCID (\d+)>>BDC .*? EMC", rest)
    left = re.sub(rb"/(\w+<</MCID \d+>>BDC|Artifact BMC) .*? EMC", b"", rest)

    assert left.strip() == b""
    assert [int(number) for number in tagged] == list(range(len(tagged)))


def test_every_code_of_a_font_has_one_character():
    pdf = draw_receipt(CASH)

    for _, text in streams(pdf):
        for _, character in re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]*)>", text):
            assert len(bytes.fromhex(character.decode()).decode("utf-16-be")) == 1


def test_screen_readers_find_headings_lists_tables_and_figures():
    found = subprocess.run(
        ["pdfinfo", "-struct", "-"],
        input=draw_receipt(TWO_FUNDS),
        capture_output=True,
        check=False,
    )

    tree = found.stdout.decode()

    assert "Syntax Error" not in found.stderr.decode()
    for role in ("Document", "H1", "H2", "Table", "TR", "TH", "TD", "LI", "Lbl", "LBody"):
        assert re.search(rf"^\s*{role}\b", tree, re.MULTILINE), role
    assert len(re.findall(r"^\s*Figure", tree, re.MULTILINE)) == 2


def test_the_file_says_what_it_is():
    pdf = draw_receipt(CASH)

    with pikepdf.open(io.BytesIO(pdf)) as file:
        said = {key: str(value) for key, value in file.docinfo.items()}
        assert file.Root.Lang == "fa-IR"
    assert said["/Title"] == f"رسید مشارکت نقدی {CASH.number}"
    assert said["/Author"] == CASH.organisation
    assert said["/CreationDate"] == "D:20251014000000+03'30'"
    assert b"<pdf:Producer>Mosharekat</pdf:Producer>" in pdf
