"""Parsian (تجارت الکترونیک پارسیان), the direct gateway of Parsian Bank: SOAP, three services.

No guide is public; the facts are what all known clients agree on. One call makes a payment final.
It names token, order and amount and the bank compares, so it binds both; it needs nothing that a
browser brings and is the inquiry too. The plain confirmation, which compares nothing, is not used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, timedelta

from core.digits import normalise
from payment_gateways.adapters.parsian_codes import CHECK, CONFIRM, REVERSE, START, WORDS
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
from payment_gateways.rest import ReadAnswer, code_of, text_of, without
from payment_gateways.soap import call_soap, headers_of, qualified_envelope, returned_fields
from payment_gateways.transport import Transport

_HOST = "https://pec.shaparak.ir"
_PAY_PAGE = "/NewIPG/"
_PAGE_LIVES = timedelta(minutes=15)
_CANCELLED = "-138"
_STRANGE_TOKEN = StoredPayment(0, 0, "1")  # the first that the bank ever gave out, so not ours


@dataclass(frozen=True, slots=True)
class _Service:
    """One of the bank's addresses, with the namespace that its calls are written in."""

    path: str
    namespace: str


# The capital S is the bank's, and the reversal's path and namespace are not alike.
_NAMESPACES = "https://pec.Shaparak.ir/NewIPGServices"
_SALE = _Service("/NewIPGServices/Sale/SaleService.asmx", f"{_NAMESPACES}/Sale/SaleService")
_CONFIRM = _Service(
    "/NewIPGServices/Confirm/ConfirmService.asmx", f"{_NAMESPACES}/Confirm/ConfirmService"
)
_REVERSE = _Service(
    "/NewIPGServices/Reverse/ReversalService.asmx", f"{_NAMESPACES}/Reversal/ReversalService"
)


class Parsian(OptionalSteps):
    """One terminal at Parsian."""

    manifest = Manifest(
        slug="parsian",
        name_fa="تجارت الکترونیک پارسیان",
        name_en="Parsian (PEC)",
        settings=(
            SettingField("terminal_id", "شماره پایانه", "terminal number", pattern=r"\d{1,19}"),
            SettingField(
                "login_account",
                "رمز پذیرنده (PIN)",
                "merchant PIN",
                FieldKind.SECRET,
                pattern=r"\S{4,64}",
            ),
        ),
        base_urls=(_HOST,),
        binds_amount=Binds.REQUEST,
        binds_order=Binds.REQUEST,
        needs_settle=False,
        can_inquire=False,
        can_reverse=True,
        recovers_by=Recovery.CONFIRM,
        confirm_window=timedelta(minutes=15),
        reverse_window=timedelta(minutes=15),
        returns_unconfirmed=True,
        amount_rial_min=1_000,
        amount_rial_max=10**12,
        source="no guide is public: both windows and both amounts are assumed",
    )

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        self.terminal = settings["terminal_id"]
        self._login = {"LoginAccount": settings["login_account"]}
        self._net = net
        self._host = (base_url or _HOST).rstrip("/")

    def __repr__(self) -> str:
        return f"Parsian(terminal={self.terminal!r})"

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment (SalePaymentRequest). STARTED carries token and pay page."""
        answer = self._ask(
            _SALE,
            "SalePaymentRequest",
            START,
            Amount=str(intent.amount_rial),
            OrderId=str(intent.order_number),
            CallBackUrl=intent.return_url,
            AdditionalData=intent.description[:500],
            Originator=intent.mobile or "",
        )
        if answer.outcome.kind is not Kind.STARTED:
            return answer.outcome
        token = whole_number(answer.fields.get("Token"))
        if not token:
            return without(answer.outcome, "Token")
        return replace(
            answer.outcome,
            token=str(token),
            redirect=Redirect("GET", f"{self._host}{_PAY_PAGE}?Token={token}"),
            expires_at=intent.at.astimezone(UTC) + _PAGE_LIVES,
        )

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read the form that the pay page posts back. Every field of it can be forged."""
        fields = small_names(query, form)
        code = normalise(fields.get("status", "")[:10])
        token = whole_number(fields.get("token"))
        reference = whole_number(fields.get("rrn"))
        return Hint(
            claim=_claim(code, has_reference=bool(reference)),
            order_number=whole_number(fields.get("orderid")),
            token=str(token) if token else None,
            bank_reference=str(reference) if reference else None,
            card_masked=masked_card(fields.get("cardnumbermasked", "")[:40]),
            amount_rial=whole_number(fields.get("amount")),
            bank_code=code,
        )

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Confirm the payment with our token, order and amount (ConfirmPaymentWithAmount).

        A success needs the bank's number for the money. An earlier one may come without it: the
        number that a browser brought then has to do.
        """
        answer = self._confirm(stored, CONFIRM)
        outcome = answer.outcome
        if outcome.kind not in {Kind.CONFIRMED, Kind.ALREADY_CONFIRMED}:
            return outcome
        number = whole_number(answer.fields.get("RRN"))
        if not number and outcome.kind is Kind.CONFIRMED:
            return without(outcome, "RRN")
        reference = str(number) if number else None
        token = whole_number(answer.fields.get("Token"))
        return replace(
            outcome,
            token=str(token) if token else None,
            bank_reference=reference,
            trace_number=reference,
            card_masked=masked_card(text_of(answer.fields.get("CardNumberMasked"))),
        )

    def reverse(self, stored: StoredPayment) -> Outcome:
        """Give a payment back whole (ReversalRequest); only some contracts have it."""
        return self._ask(_REVERSE, "ReversalRequest", REVERSE, Token=stored.token or "").outcome

    def check(self) -> Outcome:
        """Confirm a token that is not ours: who is let in is told so, and nothing moves."""
        return self._confirm(_STRANGE_TOKEN, CHECK).outcome

    def _confirm(self, stored: StoredPayment, meanings: Mapping[str, Kind]) -> ReadAnswer:
        return self._ask(
            _CONFIRM,
            "ConfirmPaymentWithAmount",
            meanings,
            Token=stored.token or "",
            OrderId=str(stored.order_number),
            Amount=str(stored.amount_rial),
        )

    def _ask(
        self, service: _Service, operation: str, meanings: Mapping[str, Kind], **fields: str
    ) -> ReadAnswer:
        answer = call_soap(
            self._net,
            self._host + service.path,
            qualified_envelope(service.namespace, operation, "requestData", self._login | fields),
            operation=operation,
            headers=headers_of(service.namespace, operation),
            read=returned_fields,
        )
        code = code_of(answer.fields.get("Status"))
        if not code:
            return ReadAnswer(answer.unknown(), {})
        outcome = answer.says(meanings.get(code, Kind.UNKNOWN), code, WORDS)
        return ReadAnswer(outcome, answer.fields)


def _claim(code: str, *, has_reference: bool) -> Claim:
    """Read what a browser claims; who claims to have paid names the bank's number, too."""
    if code == "0":
        return Claim.PAID if has_reference else Claim.UNCLEAR
    if code == _CANCELLED:
        return Claim.CANCELLED
    return Claim.FAILED if CONFIRM.get(code) is Kind.NOT_PAID else Claim.UNCLEAR
