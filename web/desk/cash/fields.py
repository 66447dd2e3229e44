"""Amounts and quantities that may be nothing at all, and the form of a count."""

import re
from collections.abc import Mapping, Sequence

from wtforms import Field

from core.digits import normalise
from core.rial import grouped, parse_rial
from core.words import _, spoken
from donations.custody.counting import UnreadableCount
from donations.models.cash_count import Denomination
from web.fields import ReadField, RialField, SpokenForm

_NOUGHT = re.compile(r"0+")
_QUANTITY = re.compile(r"[0-9]{1,6}")


class RialOrNothingField(RialField):
    """An amount of money that may be zero, in rials."""

    def read(self, text: str) -> int:
        return 0 if _NOUGHT.fullmatch(normalise(text)) else parse_rial(text)


class NotesField(ReadField):
    """How many notes or coins there are; empty is none."""

    value: int | None

    def read(self, text: str) -> int:
        plain = normalise(text)
        if not _QUANTITY.fullmatch(plain):
            raise UnreadableCount(text=text[:40])
        return int(plain)


def with_notes(form: type[SpokenForm], notes: Sequence[Denomination]) -> type[SpokenForm]:
    """A form with a field for the quantity of each note and coin beside its own."""
    fields = {f"note{note.id}": NotesField(called(note)) for note in notes}
    return type(form.__name__, (form,), fields)


def note_fields(form: SpokenForm, notes: Sequence[Denomination]) -> list[Field]:
    """The fields of the notes, in their order."""
    return [form[f"note{note.id}"] for note in notes]


def quantities(form: SpokenForm, notes: Sequence[Denomination]) -> Mapping[int, int]:
    """How many of each denomination were typed, by its id."""
    return {note.id: read_number(form[f"note{note.id}"]) for note in notes}


def read_number(field: Field) -> int:
    """What a field of a number has read; nothing typed is zero."""
    return field.value or 0 if isinstance(field, ReadField) else 0


def called(note: Denomination) -> str:
    """A note or coin in words, with what it is worth."""
    amount = f"{note.value_rial:,}" if spoken() == "en" else grouped(note.value_rial)
    return (_("coin of {amount}") if note.is_coin else _("note of {amount}")).format(amount=amount)
