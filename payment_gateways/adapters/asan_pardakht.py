"""Asan Pardakht (آسان پرداخت پرشین): REST and JSON, version 1, whose codes are HTTP statuses.

Source: REST guide 1.6. Everything is found out by our own invoice number (TranResult): the answer
carries amount, number and token, and the browser's visit is a mere call to wake up. A sale is
finished by verify and settlement, which answer 200 and nothing more. User and password travel in
headers, which are never written into a journal.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from urllib.parse import urlencode

from core.clock import TEHRAN
from core.digits import normalise
from payment_gateways.adapters.asan_pardakht_codes import (
    CHECK,
    RESULT,
    RESULT_WORDS,
    REVERSE,
    SETTLE,
    START,
    START_WORDS,
    VERIFY,
    WORDS,
)
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
from payment_gateways.reading import small_names, whole_number
from payment_gateways.rest import GatewayAnswer, Words, call_json, text_of, without
from payment_gateways.transport import Transport

_HOST = "https://ipgrest.asanpardakht.ir"
_PAGE_HOST = "https://asan.shaparak.ir"  # the pay page is its root
_PAGE_LIVES = timedelta(minutes=15)
_SALE = 1  # the service id of a purchase
_NOBODY = "0"  # the payment id of those who have none
_FIRST_INVOICE = 1  # none of ours: they have eighteen digits
_HEADER = r"[!-~]([ -~]*[!-~])?"  # what a header can carry
_ORDER = "invoice"  # our number in the callback address, where the guide wants it


class AsanPardakht(OptionalSteps):
    """One merchant configuration at Asan Pardakht."""

    manifest = Manifest(
        slug="asan_pardakht",
        name_fa="آسان پرداخت",
        name_en="Asan Pardakht",
        settings=(
            SettingField(
                "terminal_id",
                "کد پیکربندی پذیرنده",
                "merchant configuration id",
                pattern=r"\d{1,18}",
            ),
            SettingField("username", "نام کاربری", "user name", pattern=_HEADER),
            SettingField("password", "گذرواژه", "password", FieldKind.SECRET, pattern=_HEADER),
        ),
        base_urls=(_HOST, _PAGE_HOST),
        binds_amount=Binds.ANSWER,
        binds_order=Binds.ANSWER,
        needs_settle=True,
        can_inquire=False,
        can_reverse=True,
        recovers_by=Recovery.INQUIRY,
        confirm_window=timedelta(minutes=30),
        reverse_window=timedelta(hours=3),
        returns_unconfirmed=True,
        amount_rial_min=1_000,
        amount_rial_max=10**15,
        source=(
            "REST guide 1.6: verify within 30 minutes, cancel within 3 hours, settlement by"
            " itself after 12; the life of the page and the amounts are assumed"
        ),
    )

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        self.terminal = settings["terminal_id"]
        self._credentials = {"usr": settings["username"], "pwd": settings["password"]}
        self._net = net
        self._host = (base_url or _HOST).rstrip("/")
        self._page = (base_url or _PAGE_HOST).rstrip("/") + "/"

    def __repr__(self) -> str:
        return f"AsanPardakht(terminal={self.terminal!r})"

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment (Token). STARTED carries the RefId and the form to post."""
        content = {
            "serviceTypeId": _SALE,
            "merchantConfigurationId": int(self.terminal),
            "localInvoiceId": intent.order_number,
            "amountInRials": intent.amount_rial,
            "localDate": f"{intent.at.astimezone(TEHRAN):%Y%m%d %H%M%S}",
            "additionalData": intent.description[:100],
            "callbackURL": _with_order(intent.return_url, intent.order_number),
            "paymentId": intent.payer_id or _NOBODY,
            "settlementPortions": [],
        }
        answer = call_json(
            self._net,
            "POST",
            f"{self._host}/v1/Token",
            content,
            operation="Token",
            headers=self._credentials,
        )
        outcome = _said(answer, START, START_WORDS)
        if outcome.kind is not Kind.STARTED:
            return outcome
        token = text_of(answer.content) if isinstance(answer.content, str) else ""
        if not token:
            return without(outcome, "RefId")
        return replace(
            outcome,
            token=token,
            redirect=self._redirect(token, intent.mobile),
            expires_at=intent.at.astimezone(UTC) + _PAGE_LIVES,
        )

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read our own number out of the address.

        The guide promises no field of the bank's; who brings a transaction id seems to have paid.
        It is not handed over: the bank names the true one.
        """
        fields = small_names(form, query)
        is_paid = bool(whole_number(fields.get("paygatetranid")))
        return Hint(
            claim=Claim.PAID if is_paid else Claim.UNCLEAR,
            order_number=whole_number(fields.get(_ORDER)),
        )

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Look the payment up by our number, then verify it.

        What the outcome carries is what TranResult said; a verify answers with its status alone.
        TranResult forgets within an hour: that it does not know a payment which the bank has named
        before says nothing about it.
        """
        found = self.recover(stored)
        if found.kind is Kind.NOT_FOUND and stored.bank_reference:
            return replace(found, kind=Kind.UNKNOWN)
        if found.kind is not Kind.AWAITS_CONFIRM:
            return found
        outcome = self._act("Verify", VERIFY, found.bank_reference)
        if outcome.kind not in {Kind.CONFIRMED, Kind.ALREADY_CONFIRMED}:
            return outcome
        return replace(
            outcome,
            amount_rial=found.amount_rial,
            order_number=found.order_number,
            token=found.token,
            bank_reference=found.bank_reference,
            trace_number=found.trace_number,
            card_masked=found.card_masked,
        )

    def settle(self, stored: StoredPayment) -> Outcome:
        """Ask for the pay-out of a verified payment; it comes by itself after twelve hours."""
        return self._about(stored, "Settlement", SETTLE)

    def recover(self, stored: StoredPayment) -> Outcome:
        """Ask by our number whether somebody has paid (TranResult); nothing changes by it.

        It says nothing about what became of the payment later, so it is no inquiry.
        """
        answer = self._result_of(stored.order_number)
        outcome = _said(answer, RESULT, RESULT_WORDS)
        if outcome.kind is not Kind.AWAITS_CONFIRM:
            return outcome
        fields = answer.fields
        reference = whole_number(fields.get("payGateTranID"))  # spelt otherwise in a request
        amount_rial = whole_number(fields.get("amount"))
        order_number = whole_number(fields.get("salesOrderID"))
        token = text_of(fields.get("refID"))
        parts = {
            "payGateTranID": reference,
            "amount": amount_rial,
            "salesOrderID": order_number,
            "refID": token,
        }
        missing = [name for name, value in parts.items() if not value]
        if missing:
            return without(outcome, ", ".join(missing))
        return replace(
            outcome,
            amount_rial=amount_rial,
            order_number=order_number,
            token=token,
            bank_reference=str(reference),
            trace_number=normalise(text_of(fields.get("rrn"), 40)) or None,
            card_masked=masked_card(text_of(fields.get("cardNumber"))),
        )

    def reverse(self, stored: StoredPayment) -> Outcome:
        """Give a payment back whole: Reverse before it is verified, Cancel after.

        Which of the two it is the bank knows: it answers a Reverse of what is verified by 472.
        """
        outcome = self._about(stored, "Reverse", REVERSE)
        if outcome.bank_code != "472" or outcome.kind is not Kind.UNKNOWN:
            return outcome
        return self._about(stored, "Cancel", REVERSE)

    def check(self) -> Outcome:
        """Ask for an invoice that is none of ours: who is let in is told that there is none."""
        answer = self._result_of(_FIRST_INVOICE)
        if answer.status == 200 and "payGateTranID" not in answer.fields:
            return answer.unknown()  # a page, and not the bank's answer
        return _said(answer, CHECK, RESULT_WORDS)

    def _about(
        self, stored: StoredPayment, operation: str, meanings: Mapping[str, Kind]
    ) -> Outcome:
        """Make one of the calls that name a sale by the bank's number, asked for if need be."""
        if not whole_number(stored.bank_reference):
            found = self.recover(stored)
            if found.bank_reference is None:
                return found
            stored = replace(stored, bank_reference=found.bank_reference)
        return self._act(operation, meanings, stored.bank_reference)

    def _act(self, operation: str, meanings: Mapping[str, Kind], reference: str | None) -> Outcome:
        content = {
            "merchantConfigurationId": int(self.terminal),
            "payGateTranId": whole_number(reference),
        }
        answer = call_json(
            self._net,
            "POST",
            f"{self._host}/v1/{operation}",
            content,
            operation=operation,
            headers=self._credentials,
        )
        if answer.status == 200 and not answer.is_blank:
            return answer.unknown(unreadable="a page where nothing was to come")
        return _said(answer, meanings, WORDS)

    def _result_of(self, order_number: int) -> GatewayAnswer:
        query = {"merchantConfigurationId": self.terminal, "localInvoiceId": order_number}
        return call_json(
            self._net,
            "GET",
            f"{self._host}/v1/TranResult?{urlencode(query)}",
            operation="TranResult",
            headers=self._credentials,
        )

    def _redirect(self, token: str, mobile: str | None) -> Redirect:
        fields = {"RefId": token}
        if mobile:
            fields["mobileap"] = mobile  # shows the donor's saved cards
        return Redirect("POST", self._page, fields)


def _said(answer: GatewayAnswer, meanings: Mapping[str, Kind], words: Words) -> Outcome:
    """The meaning of an answer's status in one group of calls; silence is unknown."""
    if not answer.status:
        return answer.unknown()
    code = str(answer.status)
    return answer.says(meanings.get(code, Kind.UNKNOWN), code, words)


def _with_order(address: str, order_number: int) -> str:
    """Write our number into the callback address, since no field of the form brings it back."""
    return f"{address}{'&' if '?' in address else '?'}{_ORDER}={order_number}"
