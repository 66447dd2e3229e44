"""The adapter: five small JSON calls, each with the terminal and its key.

Source: made up. Every answer has a ``code``; one about a payment carries its amount and order.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta

from payment_gateways.contract import (
    Binds,
    Claim,
    FieldKind,
    Hint,
    Kind,
    Manifest,
    OptionalSteps,
    Outcome,
    PaymentIntent,
    Recovery,
    Redirect,
    SettingField,
    StoredPayment,
)
from payment_gateways.masking import masked_card
from payment_gateways.reading import whole_number
from payment_gateways.rest import call_json, code_of, text_of, without
from payment_gateways.transport import Transport

_HOST = "https://pay.toranj.example"
_WORDS = {
    "0": ("انجام شد", "done"),
    "1": ("پیش‌تر تأیید شده است", "confirmed before"),
    "10": ("هنوز پرداخت نشده است", "not paid yet"),
    "11": ("پرداخت نشد", "not paid"),
    "12": ("پول برگشت خورد", "the money went back"),
    "20": ("چنین پرداختی نیست", "no such payment"),
    "30": ("درخواست پذیرفته نشد", "the request was declined"),
    "40": ("پایانه یا کلید درست نیست", "wrong terminal or key"),
}
_ALWAYS = {"30": Kind.REFUSED, "40": Kind.CONFIG_ERROR}
_START = {**_ALWAYS, "0": Kind.STARTED}
_HELLO = {**_ALWAYS, "0": Kind.DONE}
_LOOK = {
    **_ALWAYS,
    "0": Kind.AWAITS_CONFIRM,
    "1": Kind.ALREADY_CONFIRMED,
    "10": Kind.OPEN,
    "11": Kind.NOT_PAID,
    "12": Kind.RETURNED,
    "20": Kind.NOT_FOUND,
}
_CONFIRM = {**_LOOK, "0": Kind.CONFIRMED}
_PAID = {Kind.CONFIRMED, Kind.ALREADY_CONFIRMED, Kind.AWAITS_CONFIRM}


class Toranj(OptionalSteps):
    """One terminal at Toranj Bank."""

    manifest = Manifest(
        slug="toranj",
        name_fa="بانک ترنج",
        name_en="Toranj Bank",
        settings=(
            SettingField("terminal_id", "شماره پایانه", "terminal number", pattern=r"\d{4,8}"),
            SettingField("key", "کلید پایانه", "terminal key", FieldKind.SECRET),
        ),
        base_urls=(_HOST,),
        binds_amount=Binds.ANSWER,
        binds_order=Binds.ANSWER,
        needs_settle=False,
        can_inquire=True,
        can_reverse=False,
        recovers_by=Recovery.INQUIRY,
        confirm_window=timedelta(minutes=30),
        reverse_window=None,
        returns_unconfirmed=True,
        amount_rial_min=1_000,
        amount_rial_max=500_000_000,
        source="made up for the tests",
        contract_version=2,  # the one it was written for, said as a number
    )

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        self.terminal = settings["terminal_id"]
        self._login = {"terminal": self.terminal, "key": settings["key"]}
        self._net = net
        self._host = base_url or _HOST

    def start(self, intent: PaymentIntent) -> Outcome:
        outcome, fields = self._ask(
            "order",
            _START,
            order=str(intent.order_number),
            rial=intent.amount_rial,
            back=intent.return_url,
            note=intent.description[:100],
        )
        if outcome.kind is not Kind.STARTED:
            return outcome
        ticket = text_of(fields.get("ticket"))
        if not ticket:
            return without(outcome, "ticket")
        return replace(
            outcome,
            token=ticket,
            redirect=Redirect("GET", f"{self._host}/toranj/pay/{ticket}"),
            expires_at=intent.at.astimezone(UTC) + timedelta(minutes=15),
        )

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        fields = {name.lower(): value for name, value in {**form, **query}.items()}
        claims = {"paid": Claim.PAID, "gone": Claim.CANCELLED}
        said = fields.get("said", "").strip().lower()[:10]
        ticket = text_of(fields.get("ticket"))
        return Hint(claims.get(said, Claim.UNCLEAR), token=ticket or None, bank_code=said)

    def confirm(self, stored: StoredPayment) -> Outcome:
        return self._about("confirm", _CONFIRM, stored)

    def inquire(self, stored: StoredPayment) -> Outcome:
        return self._about("look", _LOOK, stored)

    def recover(self, stored: StoredPayment) -> Outcome:
        return self.inquire(stored)

    def check(self) -> Outcome:
        return self._ask("hello", _HELLO)[0]

    def _about(self, operation: str, kinds: Mapping[str, Kind], stored: StoredPayment) -> Outcome:
        outcome, fields = self._ask(operation, kinds, ticket=stored.token or "")
        if outcome.kind not in _PAID:
            return outcome
        number = whole_number(fields.get("number"))
        if not number:
            return without(outcome, "number")
        return replace(
            outcome,
            amount_rial=whole_number(fields.get("rial")),
            order_number=whole_number(fields.get("order")),
            bank_reference=str(number),
            trace_number=str(number),
            card_masked=masked_card(text_of(fields.get("card"))),
        )

    def _ask(
        self, operation: str, kinds: Mapping[str, Kind], **fields: object
    ) -> tuple[Outcome, Mapping[str, object]]:
        url = f"{self._host}/toranj/{operation}"
        answer = call_json(self._net, "POST", url, self._login | fields, operation=operation)
        code = code_of(answer.fields.get("code"))
        if not code:
            return answer.unknown(), {}
        return answer.says(kinds.get(code, Kind.UNKNOWN), code, _WORDS), answer.fields
