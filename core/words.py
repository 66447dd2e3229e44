"""Words for people: written in English in the code, shown in Persian unless asked otherwise."""

import gettext
import html
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

DEFAULT_LANGUAGE = "fa"
LANGUAGES = (DEFAULT_LANGUAGE, "en")

_FOLDER = Path(__file__).parents[1] / "translations"
_language: ContextVar[str] = ContextVar("language", default=DEFAULT_LANGUAGE)


class CatalogueMissing(RuntimeError):
    """The Persian wording has not been compiled yet."""


def speak(language: str) -> None:
    """Choose the language of everything said from here on, in this request or job only."""
    _language.set(language if language in LANGUAGES else DEFAULT_LANGUAGE)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Say what is inside in another language: a message to a donor, sent by a worker."""
    before = _language.set(language if language in LANGUAGES else DEFAULT_LANGUAGE)
    try:
        yield
    finally:
        _language.reset(before)


def spoken() -> str:
    """The language of the words right now: ``fa`` or ``en``."""
    return _language.get()


def _(text: str) -> str:
    """Say a text that stands in the code in English."""
    return _catalogue(_language.get()).gettext(text)


def counted(singular: str, plural: str, count: int) -> str:
    """Say a text that depends on a number. The number itself is filled in by the caller."""
    return _catalogue(_language.get()).ngettext(singular, plural, count)


class Later(str):
    """Text that is written down now and translated when it is shown."""

    __slots__ = ()

    def __str__(self) -> str:
        return _(str.__str__(self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __html__(self) -> str:
        return html.escape(str(self))


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language != DEFAULT_LANGUAGE:
        return gettext.NullTranslations()
    try:
        return gettext.translation("messages", _FOLDER, [language])
    except FileNotFoundError as missing:
        raise CatalogueMissing(
            "the Persian wording is not compiled: run make setup (or python -m deploy.translations)"
        ) from missing
