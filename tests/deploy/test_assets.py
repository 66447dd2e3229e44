"""The web font is small and writes every letter that the Persian wording uses."""

from fontTools.ttLib import TTFont

from deploy.assets import DIGITS, WEB_FONT, WEB_FONT_BYTES_MAX
from deploy.translations import FOLDER, merged


def letters_of(font):
    return {chr(code) for code in TTFont(font).getBestCmap()}


def test_the_web_font_keeps_its_budget():
    assert WEB_FONT.stat().st_size <= WEB_FONT_BYTES_MAX


def test_the_web_font_writes_all_we_say_in_persian():
    said = {
        letter
        for message in merged(FOLDER.glob("*.po"))
        if message.id
        for text in ([message.string] if isinstance(message.string, str) else message.string)
        for letter in text
    }

    missing = {letter for letter in said - letters_of(WEB_FONT) if not letter.isascii()}
    assert missing == set()


def test_the_web_font_writes_persian_and_latin_digits():
    assert set(DIGITS) <= letters_of(WEB_FONT)
