"""Form fields that read what people type, each with its refusal beside it."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from wtforms import Field, Form, StringField, ValidationError

from core.digits import normalise
from core.identifiers import parse_mobile, parse_national_id
from core.jalali import parse_jalali
from core.refusals import Refusal
from core.rial import parse_rial
from core.words import Later, _, counted
from donations.pledging import UnusableQuantity, parse_email, read_quantity
from receipts.typesetting.shape import UnknownGlyph, require_printable
from web.refusals import explain

_WHOLE = re.compile(r"[0-9]{1,6}")


class _Words:
    """What WTForms itself has to say, in our words."""

    def gettext(self, text: str) -> str:
        return _(text)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        return counted(singular, plural, count)


class SpokenForm(Form):
    """A form whose every message is in the language of the page."""

    class Meta:
        """Where WTForms looks its texts up."""

        def get_translations(self, _form: Form) -> _Words:
            return _Words()


def at_most(longest: int) -> Callable[[Form, Field], None]:
    """A validator: the text has so many characters at most."""

    def check(_form: Form, field: Field) -> None:
        if len(field.data or "") > longest:
            raise ValidationError(Later("This is too long."))

    return check


def printed(_form: Form, field: Field) -> None:
    """A validator: everything in the text can be printed on a receipt, or is named."""
    try:
        require_printable([normalise(field.data or "")])
    except UnknownGlyph as refusal:
        raise ValidationError(explain(refusal)) from refusal


class ReadField(StringField):
    """A text that is read once into ``value``; empty text is ``None``, unreadable is refused."""

    value: Any = None

    def read(self, text: str) -> Any:
        """What the text means. Raises a Refusal."""
        raise NotImplementedError

    def pre_validate(self, form: Any) -> None:
        """Read the text; the typed text itself stays in ``data``, to be shown again."""
        self.value = None
        if not (self.data or "").strip():
            return
        try:
            self.value = self.read(self.data or "")
        except Refusal as refusal:
            raise ValidationError(explain(refusal)) from refusal


class RialField(ReadField):
    """An amount of money, in rials."""

    value: int | None

    def read(self, text: str) -> int:
        return parse_rial(text)


class QuantityField(ReadField):
    """A quantity of goods, in thousandths of their unit."""

    value: int | None

    def read(self, text: str) -> int:
        return read_quantity(text)


class HoursField(ReadField):
    """A whole number of hours; a fraction is refused, never cut off."""

    value: int | None

    def read(self, text: str) -> int:
        plain = normalise(text)
        if not _WHOLE.fullmatch(plain) or int(plain) == 0:
            raise UnusableQuantity(text=text[:40])
        return int(plain)


class CountField(HoursField):
    """How many of something: whole, from one on."""


class EmailField(ReadField):
    """An e-mail address."""

    value: str | None

    def read(self, text: str) -> str:
        return parse_email(text)


class MobileField(ReadField):
    """A mobile number, as 09xxxxxxxxx."""

    value: str | None

    def read(self, text: str) -> str:
        return parse_mobile(text)


class NationalIdField(ReadField):
    """The national id of a person, or the legal id of an organisation."""

    value: str | None

    def read(self, text: str) -> str:
        return parse_national_id(text)


class DayField(ReadField):
    """A Jalali day."""

    value: date | None

    def read(self, text: str) -> date:
        return parse_jalali(text)
