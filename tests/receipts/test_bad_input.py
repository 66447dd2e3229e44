"""Whatever people type, a receipt says what they meant or is refused by name."""

import pypdfium2
import pytest

from receipts.documents.layouts import draw_receipt
from receipts.typesetting.shape import UnknownGlyph
from receipts.typesetting.words import BeyondWords, english_words, persian_words
from tests.receipts.drawn import CASH, english_facts, facts, pdfium_text, poppler_text

READERS = pytest.mark.parametrize("read", [poppler_text, pdfium_text], ids=["poppler", "pdfium"])


def amounting_to(amount_rial, printed=CASH):
    line = type(CASH.cash[0])("صندوق", "1", amount_rial)
    return type(printed)(
        **{name: getattr(printed, name) for name in printed.__slots__}
        | {"cash": (line,), "total_rial": amount_rial}
    )


@READERS
@pytest.mark.parametrize(
    "typed",
    [
        "\u202eعلی رضایی\u202c",
        "\u2067علی\u2069 \u2066رضایی",
        "علی\x00\x07 \x1bرضایی\x7f",
        "علی\r\nرضایی",
        "\u200f\ufeffعلی\u00ad رضایی\u200b",
        "علی\ufe0f\tرضایی",
    ],
    ids=["override", "isolates", "controls", "lines", "marks", "selectors"],
)
def test_what_would_reorder_or_hide_is_gone_and_the_name_stays(read, typed):
    found = read(draw_receipt(facts(donor_name=typed)))

    assert "علی رضایی" in found
    for code in (CASH.tracking_code, CASH.trace_number, "دو میلیون و پانصد هزار ریال تمام"):
        assert code in found


@READERS
@pytest.mark.parametrize(
    "name",
    [
        "نمی‌خواهم‌ها و می‌روم",
        "قهوهٔ لالهٔ لاهیجان",
        "خیریهٔ 90190 – ۹۰۱۹۰",
        "آنلاین عبدالله لله",
        "پژمان ژاله ثابت کاظمی مؤید رئیسی",
    ],
)
def test_a_name_is_read_back_as_it_was_written(read, name):
    shown = name.replace("90190", "۹۰۱۹۰")

    assert shown in read(draw_receipt(facts(donor_name=name)))


@pytest.mark.parametrize("name", ["بنیاد «مهر» تهران", "بنیاد (مهر) تهران", "Acme (Tehran) Co"])
def test_brackets_open_and_close_as_they_were_written(name):
    assert name in poppler_text(draw_receipt(facts(donor_name=name)))


@pytest.mark.parametrize("name", ["علی 😀", "漢字", "שלום"])
def test_a_character_without_a_glyph_is_named_and_never_a_box(name):
    with pytest.raises(UnknownGlyph, match=r"U\+"):
        draw_receipt(facts(donor_name=name))


def test_digits_stand_on_paper_from_left_to_right():
    page = pypdfium2.PdfDocument(draw_receipt(facts(donor_name="حساب ۹۰۱۹۰ بانک")))[
        0
    ].get_textpage()
    found = page.search("۹۰۱۹۰")

    start, count = found.get_next()

    lefts = [page.get_charbox(index)[0] for index in range(start, start + count)]
    assert count == 5
    assert page.get_text_range(start, 1) == "۹"
    assert lefts == sorted(lefts)


@READERS
def test_the_largest_amount_is_written_out(read):
    found = read(draw_receipt(amounting_to(10**15)))

    assert "یک میلیون میلیارد ریال تمام" in found
    assert "۱٬۰۰۰٬۰۰۰٬۰۰۰٬۰۰۰٬۰۰۰" in found


def test_the_largest_amount_is_written_out_in_english():
    found = poppler_text(draw_receipt(amounting_to(10**15, english_facts())))

    assert "One quadrillion rials only" in found


@pytest.mark.parametrize("words", [persian_words, english_words])
@pytest.mark.parametrize("amount", [-1, 10**15 + 1, 10**18])
def test_an_amount_beyond_words_is_refused(words, amount):
    with pytest.raises(BeyondWords):
        words(amount)


@pytest.mark.parametrize("language", ["fa", "en"])
def test_a_name_of_two_hundred_letters_is_kept_whole(language):
    name = "همیاران نیکوکار " * 12 + "فرزانگان"
    printed = facts(donor_name=name) if language == "fa" else english_facts()
    if language == "en":
        name = "Benevolent Friends " * 10 + "of Tehran"
        printed = amounting_to(2_500_000, printed)
        printed = type(printed)(
            **{key: getattr(printed, key) for key in printed.__slots__} | {"donor_name": name}
        )

    assert name in poppler_text(draw_receipt(printed))
