"""Set text: every character in one code, order for readers, lines that fit."""

import re

import pytest

from core.digits import isolate
from receipts.typesetting.bidi import LTR, RTL
from receipts.typesetting.cids import cells, cid_table
from receipts.typesetting.fonts import Weight, face
from receipts.typesetting.shape import (
    Style,
    UnknownGlyph,
    number_rare,
    require_printable,
    set_paragraph,
    text_width,
)

FIRST_RARE = 0x8000


class _RareNumbers(dict):
    """Numbers a rare pair after its character."""

    def __missing__(self, pair):
        return FIRST_RARE + ord(pair.character)


RARE_NUMBERS = _RareNumbers()
PERSIAN = Style(Weight.REGULAR, 10, RTL)
LATIN = Style(Weight.REGULAR, 10, LTR)


def shown(line, weight=Weight.REGULAR):
    """The characters of a line as they stand on paper, from left to right."""
    pairs = cid_table(weight).pairs
    operators = number_rare(line.operators, {weight: RARE_NUMBERS})
    codes = "".join(re.findall("<([0-9A-F]+)>", operators))
    numbers = [int(codes[i : i + 4], 16) for i in range(0, len(codes), 4)]
    return "".join(chr(n - FIRST_RARE) if n >= FIRST_RARE else pairs[n].character for n in numbers)


def logical(line):
    """What a reader that honours ReversedChars copies, for a line of right-to-left runs."""
    return shown(line)[::-1]


@pytest.mark.parametrize(
    "text",
    ["آنلاین", "الله‌یار", "شمارهٔ رسید", "می‌رود", "(ریال)", "«مشارکت» [مردمی]", "مُحَمَّد", "سلاً"],
)
def test_every_character_is_copied_once_and_in_order(text):
    (line,) = set_paragraph(text, PERSIAN)

    assert logical(line) == text


@pytest.mark.parametrize("text", ["لا", "هٔ", "الله", "لأ"])
def test_a_ligature_has_a_code_for_each_character(text):
    ligature = cells(face(Weight.REGULAR), text, is_rtl=True)

    assert "".join(cell.pair.character for cell in ligature) == text
    assert len({cell.pair.glyph_id for cell in ligature}) > 1
    assert sorted(cell.advance for cell in ligature)[:-1] == [0] * (len(text) - 1)


@pytest.mark.parametrize("number", ["۹۰۱۹۰", "۲٬۵۰۰٬۰۰۰", "90190", "۱۴۰۴/۰۷/۲۱"])
def test_digits_are_never_reversed(number):
    (line,) = set_paragraph(f"حساب {isolate(number)} است", PERSIAN)

    assert f" {number} " in shown(line)


def test_brackets_face_inwards_on_paper_and_copy_as_written():
    (line,) = set_paragraph("(ریال)", PERSIAN)
    first, *_, last = cells(face(Weight.REGULAR), "(ریال)", is_rtl=True)
    ink = cells(face(Weight.REGULAR), "()", is_rtl=False)

    assert (first.pair.glyph_id, last.pair.glyph_id) == (
        ink[1].pair.glyph_id,
        ink[0].pair.glyph_id,
    )
    assert logical(line) == "(ریال)"


@pytest.mark.parametrize("weight", Weight)
def test_a_word_is_as_wide_alone_as_in_its_phrase(weight):
    text = "دو میلیون و پانصد هزار ریال تمام پر تخمی گل‌های شمارهٔ لا"
    whole = sum(cell.advance for cell in cells(face(weight), text, is_rtl=True))

    set_width = text_width(text, Style(weight, 1000, RTL))

    assert set_width == pytest.approx(whole)


def test_digits_are_as_wide_one_by_one_as_together():
    text = "610433******1234"
    whole = sum(cell.advance for cell in cells(face(Weight.BOLD), text, is_rtl=False))

    assert text_width(text, Style(Weight.BOLD, 1000, LTR)) == pytest.approx(whole)


@pytest.mark.parametrize("text", ["همیاران نیکوکار سرزمین مهربانی " * 6, "ب" * 90, "W" * 90])
def test_lines_fit_their_width_and_lose_nothing(text):
    lines = set_paragraph(text, PERSIAN, 150)

    assert len(lines) >= 3
    assert all(line.width <= 150 for line in lines)
    letters = "".join(shown(line) for line in lines).replace(" ", "")
    assert sorted(letters) == sorted(text.replace(" ", ""))


def test_a_character_without_a_glyph_is_refused_by_name():
    with pytest.raises(UnknownGlyph) as refusal:
        require_printable(["علی", "علی 😀"])

    assert refusal.value.details["character"] == "U+1F600 GRINNING FACE"
    with pytest.raises(UnknownGlyph):
        set_paragraph("中", LATIN)


def test_ordinary_names_need_no_rare_codes():
    names = "ژاله چنگیز مؤمنی ئاسو گل‌اندام پژمان ضیاء‌الحق غفاری (Acme Inc.) – «ثمر»؛ قهوهٔ طلا"

    for weight in Weight:
        (line,) = set_paragraph(names, Style(weight, 10, RTL))
        assert line.rare == frozenset()
