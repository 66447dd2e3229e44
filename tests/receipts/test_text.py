"""Data on its way to paper: cleaned, in the right digits, isolated."""

from datetime import date

import pytest

from core.digits import isolate
from receipts.typesetting.text import (
    code_text,
    day_text,
    free_text,
    printable,
    quantity_text,
    rial_text,
    rial_words,
    toman_text,
)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("علی\u202eرضا", "علیرضا"),
        ("\u2067علی\u2069\u200f", "علی"),
        ("علی\x00\x1b رضا\n\tکریمی", "علی رضا کریمی"),
        ("\ufeffعلی\u00ad\u200b", "علی"),
        ("رضایی\u200cنژاد", "رضایی\u200cنژاد"),
        ("شمارهٔ", "شمارهٔ"),
        ("Cafe\u0301\ufe0f", "Café"),
        ("  a  b ", "a b"),
    ],
    ids=["override", "isolates", "controls", "invisible", "zwnj", "hamza", "composed", "blanks"],
)
def test_nothing_that_reorders_or_hides_text_is_printed(text, printed):
    assert printable(text) == printed


def test_words_take_persian_digits_but_a_model_name_keeps_its_own():
    assert free_text("حساب 90190 و Model-A5", "fa")[1:-1] == "حساب ۹۰۱۹۰ و Model-A5"
    assert free_text("Account 90190", "en")[1:-1] == "Account 90190"


def test_codes_are_isolated_and_latin():
    assert code_text("۶۱۰۴۳۳******1234") == isolate("610433******1234")


def test_days_and_quantities_are_written_for_people():
    assert day_text(date(2025, 10, 13), "fa") == isolate("۱۴۰۴/۰۷/۲۱")
    assert "1404/07/21" in day_text(date(2025, 10, 13), "en")
    assert quantity_text("12.5", "fa") == isolate("۱۲٫۵")


@pytest.mark.parametrize(
    ("amount_rial", "tomans"), [(2_500_000, "۲۵۰٬۰۰۰"), (2_500_001, "۲۵۰٬۰۰۰٫۱"), (5, "۰٫۵")]
)
def test_tomans_lose_no_rial(amount_rial, tomans):
    assert toman_text(amount_rial, "fa") == f"{isolate(tomans)} تومان"


def test_amounts_are_closed_in_words():
    assert rial_text(1_000, "fa") == f"{isolate('۱٬۰۰۰')} ریال"
    assert rial_words(1_000, "fa") == "یک هزار ریال تمام"
    assert rial_words(1_000, "en") == "One thousand rials only"
