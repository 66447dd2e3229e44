"""Pasargad (پرداخت الکترونیک پاسارگاد, PEP), the direct gateway of Bank Pasargad: token API.

Source: guide 9.0 (Mordad 1403) and the official repository (2026). One call confirms a payment;
it names our invoice number and the bank's ``urlId``, and the answer carries the amount. Whoever
confirms twice is told so without the numbers, which an inquiry by our invoice then gives.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta

from core.clock import TEHRAN
from core.digits import normalise
from payment_gateways.adapters.pasargad_codes import (
    CHECK,
    CONFIRM,
    INQUIRE,
    LOG_IN,
    REVERSE,
    START,
    STATUS,
    WORDS,
)
from payment_gateways.bearer import AccessToken, Bearer
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
from payment_gateways.rest import (
    GatewayAnswer,
    ReadAnswer,
    call_json,
    code_of,
    fields_of,
    text_of,
    without,
)
from payment_gateways.transport import Transport

_HOST = "https://pep.shaparak.ir"
_PAGE_LIVES = timedelta(minutes=15)  # assumed, the guide names none
_TOKEN_SECONDS = 600  # an access token lives ten minutes
_PAUSE_SECONDS = 120  # between two equal calls, as code 13015 asks
_NOBODYS_INVOICE = "0"  # our own begin at one
_URL_ID = re.compile(r"[0-9A-Za-z_-]{8,80}")
_REFERENCE = re.compile(r"[0-9A-Za-z-]{1,80}")
_ENDED = frozenset({Kind.NOT_PAID, Kind.OPEN, Kind.RETURNED, Kind.CONFIG_ERROR})
_TOKEN_OVER = frozenset({"401", "13366"})
_CLAIMS = {
    "success": Claim.PAID,
    "cancel": Claim.CANCELLED,
    "failed": Claim.FAILED,
    "expire": Claim.FAILED,
}


class Pasargad(OptionalSteps):
    """One terminal at Pasargad."""

    manifest = Manifest(
        slug="pasargad",
        name_fa="پرداخت الکترونیک پاسارگاد",
        name_en="Pasargad PEP",
        settings=(
            SettingField("terminal_id", "شماره پایانه", "terminal number", pattern=r"\d{1,12}"),
            SettingField("username", "نام کاربری", "user name"),
            SettingField("password", "گذرواژه", "password", FieldKind.SECRET),
            SettingField(
                "base_path",
                "مسیر سرویس پذیرنده",
                "path of the merchant's service",
                is_required=False,
                pattern=r"[\w-]{1,40}",
                default="dorsa1",
            ),
        ),
        base_urls=(_HOST,),
        binds_amount=Binds.ANSWER,
        binds_order=Binds.REQUEST,
        needs_settle=False,
        can_inquire=True,
        can_reverse=True,
        recovers_by=Recovery.INQUIRY,
        confirm_window=timedelta(minutes=25),
        reverse_window=timedelta(minutes=10),
        returns_unconfirmed=True,
        amount_rial_min=1_000,
        amount_rial_max=10**15,
        source=(
            "guide 9.0 (Mordad 1403) and the repository of 2026. The guide names 25 and 10 minutes"
            " for the same window, set for each terminal: the longer is taken for confirming, the"
            " shorter for reversing; that a confirmed payment can be reversed at all, the amounts"
            " and the fifteen minutes of the page are assumed"
        ),
    )

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        self.terminal = settings["terminal_id"]
        self._credentials = {"username": settings["username"], "password": settings["password"]}
        self._net = net
        self._host = (base_url or _HOST).rstrip("/")
        self._base = f"{self._host}/{settings.get('base_path') or 'dorsa1'}"
        self._bearer = Bearer(self._log_in)

    def __repr__(self) -> str:
        return f"Pasargad(terminal={self.terminal!r})"

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment (purchase). STARTED carries the urlId and the bank's own address."""
        invoice: dict[str, object] = {
            "invoice": str(intent.order_number),
            "invoiceDate": f"{intent.at.astimezone(TEHRAN):%Y-%m-%d}",
            "amount": intent.amount_rial,
            "callbackApi": intent.return_url,
            "description": intent.description[:255],
            "serviceCode": "8",
            "serviceType": "PURCHASE",
            "terminalNumber": int(self.terminal),
        }
        if intent.mobile:
            invoice["mobileNumber"] = intent.mobile
        if intent.payer_id:
            invoice["paymentCode"] = intent.payer_id
        answer = self._ask("purchase", START, invoice)
        if answer.outcome.kind is not Kind.STARTED:
            return answer.outcome
        url_id, address = (
            text_of(answer.fields.get("urlId")),
            text_of(answer.fields.get("url"), 500),
        )
        if not _URL_ID.fullmatch(url_id):
            return without(answer.outcome, "urlId")
        if not address.startswith(f"{self._host}/"):
            return without(answer.outcome, "url")
        return replace(
            answer.outcome,
            token=url_id,
            redirect=Redirect("GET", address),
            expires_at=intent.at.astimezone(UTC) + _PAGE_LIVES,
        )

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read the query that the pay page adds to our address. It carries no urlId, no amount."""
        fields = small_names(form, query)
        status = normalise(fields.get("status", "")[:20]).lower()
        return Hint(
            claim=_CLAIMS.get(status, Claim.UNCLEAR),
            order_number=whole_number(fields.get("invoiceid")),
            bank_reference=_reference(fields.get("referencenumber")),
            bank_code=status,
        )

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Make the payment final (confirm-transactions); its answer names the amount."""
        answer = self._about("confirm-transactions", CONFIRM, stored)
        if answer.outcome.kind is Kind.ALREADY_CONFIRMED:
            return self._with_its_numbers(answer.outcome, stored)
        if answer.outcome.kind is Kind.NOT_PAID:
            found = self.inquire(stored)  # a confirmation that failed is no payment that failed
            return found if found.kind in _ENDED else replace(found, kind=Kind.UNKNOWN)
        if answer.outcome.kind is not Kind.CONFIRMED:
            return answer.outcome
        return _complete(_numbered(answer))

    def recover(self, stored: StoredPayment) -> Outcome:
        """Find out about a payment whose browser never came back, by our invoice number."""
        return self.inquire(stored)

    def inquire(self, stored: StoredPayment) -> Outcome:
        """Ask in what state the payment is (payment-inquiry); nothing changes by it."""
        invoice = {"invoiceId": str(stored.order_number)}
        answer = self._ask("payment-inquiry", INQUIRE, invoice)
        if answer.outcome.bank_code != "0":
            return answer.outcome
        status = code_of(answer.fields.get("status"))
        if not status:
            return without(answer.outcome, "status")
        reason_fa, reason_en = WORDS.get(status, ("", ""))
        found = replace(
            answer.outcome,
            kind=STATUS.get(status, Kind.UNKNOWN),
            bank_code=status,
            reason_fa=reason_fa,
            reason_en=reason_en,
        )
        return _numbered(ReadAnswer(found, answer.fields))

    def reverse(self, stored: StoredPayment) -> Outcome:
        """Give a payment back whole (reverse-transactions)."""
        return self._about("reverse-transactions", REVERSE, stored).outcome

    def check(self) -> Outcome:
        """Inquire about an invoice that cannot exist: who is let in is told that there is none."""
        return self._ask("payment-inquiry", CHECK, {"invoiceId": _NOBODYS_INVOICE}).outcome

    def _with_its_numbers(self, confirmed: Outcome, stored: StoredPayment) -> Outcome:
        """What an earlier confirm made final, with amount and reference as an inquiry names them.

        Without them, or where the inquiry says something else, it is not known what was paid.
        """
        found = self.inquire(stored)
        if found.kind not in {Kind.ALREADY_CONFIRMED, Kind.AWAITS_CONFIRM}:
            # Given back after it was confirmed: that is the newer truth.
            return found if found.kind is Kind.RETURNED else replace(found, kind=Kind.UNKNOWN)
        if found.token is not None and found.token != stored.token:
            return without(found, "urlId")
        return _complete(
            replace(
                found,
                kind=Kind.ALREADY_CONFIRMED,
                bank_code=confirmed.bank_code,
                reason_fa=confirmed.reason_fa,
                reason_en=confirmed.reason_en,
            )
        )

    def _about(
        self, operation: str, meanings: Mapping[str, Kind], stored: StoredPayment
    ) -> ReadAnswer:
        """Make one of the calls that name a payment by our invoice number and the urlId."""
        named = {"invoice": str(stored.order_number), "urlId": stored.token or ""}
        return self._ask(operation, meanings, named)

    def _ask(
        self, operation: str, meanings: Mapping[str, Kind], content: Mapping[str, object]
    ) -> ReadAnswer:
        def ask(token: AccessToken) -> GatewayAnswer:
            url = f"{self._base}/api/payment/{operation}"
            return call_json(
                self._net, "POST", url, content, operation=operation, headers=token.headers
            )

        answer = self._bearer.call(ask, _refuses_the_token)
        if isinstance(answer, Outcome):
            return ReadAnswer(answer, {})
        code = _code(answer)
        if not code:
            return ReadAnswer(answer.unknown(), {})
        outcome = answer.says(meanings.get(code, Kind.UNKNOWN), code, WORDS)
        if code == "13015":
            outcome = replace(outcome, retry_after_seconds=_PAUSE_SECONDS)
        return ReadAnswer(outcome, fields_of(answer.fields.get("data")))

    def _log_in(self) -> AccessToken | Outcome:
        answer = call_json(
            self._net,
            "POST",
            f"{self._base}/token/getToken",
            self._credentials,
            operation="getToken",
        )
        code = _code(answer)
        text = text_of(answer.fields.get("token"), 4_000)
        if code == "0" and text:
            return AccessToken(text, _TOKEN_SECONDS)
        if not code:
            return answer.unknown()
        return answer.says(LOG_IN.get(code, Kind.UNKNOWN), code, WORDS)


def _code(answer: GatewayAnswer) -> str:
    """Read the result code; the status of HTTP alone also says that we are not let in.

    A success that comes with a status of failure is none.
    """
    code = code_of(answer.fields.get("resultCode"))
    if answer.status == 401 and code in {"", "0"}:
        return "401"
    return "" if code == "0" and answer.status != 200 else code


def _refuses_the_token(answer: GatewayAnswer) -> bool:
    return _code(answer) in _TOKEN_OVER


def _numbered(answer: ReadAnswer) -> Outcome:
    """Add to an outcome whatever numbers of the payment the answer carries."""
    data = answer.fields
    return replace(
        answer.outcome,
        amount_rial=whole_number(data.get("amount")),
        order_number=whole_number(data.get("invoice")),
        token=text_of(data.get("url")) or None,
        bank_reference=_reference(data.get("referenceNumber")),
        trace_number=_reference(data.get("trackId")),
        card_masked=masked_card(
            text_of(data.get("maskedCardNumber")) or text_of(data.get("cardNumber"))
        ),
    )


def _complete(outcome: Outcome) -> Outcome:
    """A confirmation says how much was paid and under which number; else it is none."""
    if outcome.amount_rial is None:
        return without(outcome, "amount")
    return outcome if outcome.bank_reference else without(outcome, "referenceNumber")


def _reference(value: object) -> str | None:
    text = normalise(text_of(value))
    return text if _REFERENCE.fullmatch(text) and text.strip("0") else None
