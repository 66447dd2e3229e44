"""Amounts in words."""

import re

import pytest

from receipts.typesetting.words import BeyondWords, english_words, persian_words

UNITS = "یک دو سه چهار پنج شش هفت هشت نه ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده"
TENS = "بیست سی چهل پنجاه شصت هفتاد هشتاد نود"
HUNDREDS = "یکصد دویست سیصد چهارصد پانصد ششصد هفتصد هشتصد نهصد"
VALUES = {
    word: factor * place
    for words, factor, first in ((UNITS, 1, 1), (TENS, 10, 2), (HUNDREDS, 100, 1))
    for place, word in enumerate(words.split(), start=first)
}
SCALES = {"هزار": 10**3, "میلیون": 10**6}


def read_back(words):
    """The number a reader understands."""
    total = group = 0
    before_milliard, _, after = words.rpartition("میلیارد")
    if before_milliard:
        return read_back(before_milliard) * 10**9 + read_back(after)
    for word in re.findall(r"\S+", words):
        if word in SCALES:
            total, group = total + group * SCALES[word], 0
        elif word != "و":
            group += VALUES[word]
    return total + group


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "صفر"),
        (1, "یک"),
        (21, "بیست و یک"),
        (100, "یکصد"),
        (1000, "یک هزار"),
        (1_100, "یک هزار و یکصد"),
        (2_500_000, "دو میلیون و پانصد هزار"),
        (10**9, "یک میلیارد"),
        (10**9 + 1, "یک میلیارد و یک"),
        (10**12, "یک هزار میلیارد"),
        (1_200_000_000_000, "یک هزار و دویست میلیارد"),
        (10**15, "یک میلیون میلیارد"),
    ],
)
def test_an_amount_is_said_as_on_an_iranian_cheque(number, words):
    assert persian_words(number) == words


@pytest.mark.parametrize("step", [7, 977, 104_729, 15_485_863, 32_416_190_071, 999_999_999_989])
def test_what_is_said_is_the_number(step):
    for factor in range(1, 1000):
        assert read_back(persian_words(step * factor)) == step * factor


@pytest.mark.parametrize("number", [-1, 10**15 + 1, 10**18])
@pytest.mark.parametrize("words", [persian_words, english_words])
def test_what_cannot_be_said_is_refused_and_never_left_empty(number, words):
    with pytest.raises(BeyondWords):
        words(number)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (115, "one hundred fifteen"),
        (2_500_042, "two million five hundred thousand forty-two"),
        (10**15, "one quadrillion"),
    ],
)
def test_an_amount_is_said_in_english(number, words):
    assert english_words(number) == words
