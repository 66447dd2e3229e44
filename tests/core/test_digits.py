import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.digits import digits_only, folded, isolate, normalise, to_persian, without_isolates


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("۱۲۳٤٥٦", "123456"),
        ("１２", "12"),
        ("علي كريمي", "علی کریمی"),
        ("می\u200cشود", "می\u200cشود"),
        ("\u202eabc\u202c", "abc"),
        ("  دو   فاصله  ", "دو فاصله"),
        ("خط\x00تیره", "خطتیره"),
        ("\ufeffسلام", "سلام"),
        ("کـــاف", "کاف"),
    ],
    ids=[
        "digits",
        "full width",
        "letters",
        "half-space",
        "override",
        "blanks",
        "nul",
        "bom",
        "tatweel",
    ],
)
def test_outside_text_gets_one_form(typed, kept):
    assert normalise(typed) == kept


@given(st.text())
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("۱۴۰۱ ۱۰۰۴۸۲ ۱۹۷", "1401100482197"),
        ("14011-004-82197", "1401100482197"),
        ("12a", None),
        ("", None),
        ("²", None),
    ],
)
def test_an_identifier_is_digits_or_nothing(typed, digits):
    assert digits_only(typed) == digits


def test_names_that_are_typed_alike_are_found_alike():
    assert folded("فاطمة  كاظمي") == folded("فاطمه کاظمی")
    assert folded("می\u200cنا") == folded("می نا")


def test_isolates_can_be_taken_out_again():
    assert without_isolates(f"کد {isolate('1404/07/000123')} است") == "کد 1404/07/000123 است"


def test_digits_are_persian_on_the_way_out():
    assert to_persian("90190") == "۹۰۱۹۰"
