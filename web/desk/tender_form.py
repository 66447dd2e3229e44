"""The part of a desk's form that says in what form the money came: cash, card or cheque."""

import secrets
from collections.abc import Mapping, Sequence

from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField

from core.digits import digits_only, normalise
from core.words import Later, _
from donations.models.contribution import Tender
from web.fields import SpokenForm, at_most

_REFERENCE_MAX = 40
_KEY_MAX = 40

TENDERS: Mapping[str, Later] = {
    Tender.CASH: Later("Cash"),
    Tender.CARD_TERMINAL: Later("Card terminal"),
    Tender.CHEQUE: Later("Cheque"),
}


class TenderForm(SpokenForm):
    """In what form money came; nothing of it counts where there is none."""

    request_key = HiddenField(validators=[at_most(_KEY_MAX)])
    tender = RadioField(Later("Form of payment"), default=Tender.CASH)
    terminal = SelectField(Later("Card terminal"), validate_choice=False)
    trace_number = StringField(Later("Trace number on the card slip"), [at_most(_REFERENCE_MAX)])
    cheque_number = StringField(Later("Cheque number"), [at_most(_REFERENCE_MAX)])
    is_another = BooleanField(Later("It is another gift"))

    def offer(self, terminals: Sequence[str]) -> None:
        """Offer the card terminals of this desk, and a card only where it has one."""
        self.request_key.data = self.request_key.data or secrets.token_urlsafe(16)
        self.tender.choices = {
            tender: label
            for tender, label in TENDERS.items()
            if terminals or tender != Tender.CARD_TERMINAL
        }
        self.terminal.choices = {name: name for name in terminals}

    @property
    def has_money(self) -> bool:
        """Whether any money came."""
        raise NotImplementedError

    @property
    def tender_chosen(self) -> Tender | None:
        """In what form the money came; nothing where there is none."""
        return Tender(self.tender.data) if self.has_money else None

    @property
    def terminal_chosen(self) -> str | None:
        """The card terminal, for a card."""
        return self.terminal.data if self.tender_chosen is Tender.CARD_TERMINAL else None

    @property
    def trace_number_read(self) -> str | None:
        """The trace number in Latin digits, for a card."""
        is_card = self.tender_chosen is Tender.CARD_TERMINAL
        return _reference(self.trace_number) if is_card else None

    @property
    def cheque_number_read(self) -> str | None:
        """The number in Latin digits, for a cheque."""
        is_cheque = self.tender_chosen is Tender.CHEQUE
        return _reference(self.cheque_number) if is_cheque else None

    def money_is_whole(self) -> bool:
        """Whether a cheque has its number, and a card its terminal and trace number."""
        if not self.has_money:
            return True
        if self.tender.data == Tender.CHEQUE:
            return _demand(self.cheque_number, _("Write the number of the cheque."))
        if self.tender.data == Tender.CARD_TERMINAL:
            return _demand(
                self.trace_number, _("Write the trace number that stands on the card slip.")
            ) and (
                self.terminal.data in (self.terminal.choices or ())
                or refuse(self.terminal, _("Choose a terminal."))
            )
        return True


def is_filled(field: StringField) -> bool:
    """Whether more than blanks was typed."""
    return bool(normalise(field.data or ""))


def refuse(field: StringField | SelectField, text: str) -> bool:
    """Say beside a field why the form is not taken."""
    field.errors = (*field.errors, text)
    return False


def _demand(field: StringField, text: str) -> bool:
    return is_filled(field) or refuse(field, text)


def _reference(field: StringField) -> str:
    return digits_only(field.data or "") or normalise(field.data or "")
