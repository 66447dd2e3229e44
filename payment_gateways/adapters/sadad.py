"""Sadad (سداد), the direct gateway of Bank Melli: REST and JSON, each call signed with 3DES.

Source: guide 1.10/1.11 and the samples beside it. One call makes a payment final. It needs nothing
but the token that we stored, so it is the inquiry too and may be made without the browser; its
answer carries the amount and the order number, and the core compares both. There is no call that
gives money back: what nobody verifies is returned by the bank.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from urllib.parse import quote

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.padding import PKCS7

from core.clock import TEHRAN
from core.digits import normalise
from payment_gateways.adapters.sadad_codes import CHECK, START, VERIFY, WORDS
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
from payment_gateways.rest import ReadAnswer, call_json, code_of, text_of, without
from payment_gateways.transport import Transport

_HOST = "https://sadad.shaparak.ir"
_REQUEST = "/vpg/api/v0/Request/PaymentRequest"
_REQUEST_BY_IDENTITY = "/vpg/api/v0/PaymentByIdentity/PaymentRequest"
_VERIFY = "/vpg/api/v0/Advice/Verify"
_PAY_PAGE = "/VPG/Purchase"
_PAGE_LIVES = timedelta(minutes=15)
_KEY = r"[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{32}"  # 16 or 24 bytes
_NO_TOKEN = "0"  # noqa: S105  one that the bank never gave out


class Sadad(OptionalSteps):
    """One terminal at Sadad."""

    manifest = Manifest(
        slug="sadad",
        name_fa="سداد (بانک ملی)",
        name_en="Sadad (Bank Melli)",
        settings=(
            SettingField("merchant_id", "شماره پذیرنده", "merchant number", pattern=r"\d{1,19}"),
            SettingField("terminal_id", "شماره پایانه", "terminal number", pattern=r"\d{1,19}"),
            SettingField(
                "key",
                "کلید پایانه (۱۶ یا ۲۴ بایت، به شکل Base64)",
                "terminal key (16 or 24 bytes in Base64)",
                FieldKind.SECRET,
                pattern=_KEY,
            ),
        ),
        base_urls=(_HOST,),
        binds_amount=Binds.ANSWER,
        binds_order=Binds.ANSWER,
        needs_settle=False,
        can_inquire=False,
        can_reverse=False,
        recovers_by=Recovery.CONFIRM,
        confirm_window=timedelta(minutes=15),
        reverse_window=None,
        returns_unconfirmed=True,
        amount_rial_min=1_000,
        amount_rial_max=10**12,
        source="guide 1.10/1.11: window of 15 minutes; amounts assumed, the guide names none",
    )

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        self.terminal = settings["terminal_id"]
        self._merchant = settings["merchant_id"]
        self._key = _read_key(settings["key"])
        self._net = net
        self._host = (base_url or _HOST).rstrip("/")

    def __repr__(self) -> str:
        return f"Sadad(terminal={self.terminal!r})"

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment. STARTED carries the token and the address of the pay page."""
        answer = self._request(intent)
        if answer.outcome.kind is not Kind.STARTED:
            return answer.outcome
        token = text_of(answer.fields.get("Token"))
        if not token:
            return without(answer.outcome, "Token")
        return replace(
            answer.outcome,
            token=token,
            redirect=Redirect("GET", f"{self._host}{_PAY_PAGE}?Token={quote(token, safe='')}"),
            expires_at=intent.at.astimezone(UTC) + _PAGE_LIVES,
        )

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read the form that the pay page posts back. It carries no amount; all can be forged."""
        fields = small_names(query, form)
        code = normalise(fields.get("rescode", "")[:10])
        # -1 is all that a browser brings of a payer who gave up and of a card that was declined.
        claims = {"0": Claim.PAID, "-1": Claim.CANCELLED}
        return Hint(
            claim=claims.get(code, Claim.UNCLEAR),
            order_number=whole_number(fields.get("orderid")),
            token=text_of(fields.get("token")) or None,
            card_masked=masked_card(fields.get("primaryaccno", "")[:40]),
            bank_code=code,
        )

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Verify the payment by our token; a success without amount, order or number is none."""
        answer = self._verify(stored.token or "", VERIFY)
        if answer.outcome.kind not in {Kind.CONFIRMED, Kind.ALREADY_CONFIRMED}:
            return answer.outcome
        amount_rial = whole_number(answer.fields.get("Amount"))
        order_number = whole_number(answer.fields.get("OrderId"))
        reference = whole_number(answer.fields.get("RetrivalRefNo"))
        if amount_rial is None:
            return without(answer.outcome, "Amount")
        if order_number is None:
            return without(answer.outcome, "OrderId")
        if not reference:
            return without(answer.outcome, "RetrivalRefNo")
        trace_number = whole_number(answer.fields.get("SystemTraceNo"))
        return replace(
            answer.outcome,
            amount_rial=amount_rial,
            order_number=order_number,
            bank_reference=str(reference),
            trace_number=str(trace_number or reference),
        )

    def check(self) -> Outcome:
        """Verify a token that cannot exist: who is let in is told so, and nothing moves.

        It proves address and service. The key is proven by the first request of a payment: a
        verification names no terminal whose key the bank could look up for such a token.
        """
        return self._verify(_NO_TOKEN, CHECK).outcome

    def _verify(self, token: str, meanings: Mapping[str, Kind]) -> ReadAnswer:
        return self._ask("Verify", _VERIFY, meanings, Token=token, SignData=self._signed(token))

    def _request(self, intent: PaymentIntent) -> ReadAnswer:
        fields: dict[str, object] = {
            "MerchantId": self._merchant,
            "TerminalId": self.terminal,
            "Amount": intent.amount_rial,
            "OrderId": intent.order_number,
            "LocalDateTime": f"{intent.at.astimezone(TEHRAN):%Y-%m-%dT%H:%M:%S}",
            "ReturnUrl": intent.return_url,
            "SignData": self._signed(f"{self.terminal};{intent.order_number};{intent.amount_rial}"),
        }
        # The bank takes nothing but letters and digits here: a tracking code without its hyphens.
        note = intent.description.replace("-", "")
        if re.fullmatch(r"[0-9A-Za-z]{1,100}", note):
            fields["AdditionalData"] = note
        if intent.mobile:
            fields["UserId"] = intent.mobile  # shows the donor's saved cards
        if intent.payer_id is None:
            return self._ask("PaymentRequest", _REQUEST, START, **fields)
        fields["PaymentIdentity"] = intent.payer_id
        return self._ask("PaymentRequest", _REQUEST_BY_IDENTITY, START, **fields)

    def _ask(
        self, operation: str, path: str, meanings: Mapping[str, Kind], **fields: object
    ) -> ReadAnswer:
        answer = call_json(self._net, "POST", self._host + path, fields, operation=operation)
        code = code_of(answer.fields.get("ResCode"))
        if not code:
            return ReadAnswer(answer.unknown(), {})
        outcome = answer.says(meanings.get(code, Kind.UNKNOWN), code, WORDS)
        return ReadAnswer(outcome, answer.fields)

    def _signed(self, text: str) -> str:
        """Sign a text: it authenticates the text and no more, not the rest of the call."""
        padding = PKCS7(TripleDES.block_size).padder()
        padded = padding.update(text.encode()) + padding.finalize()
        # The bank prescribes this cipher and this mode.
        cipher = Cipher(TripleDES(self._key), modes.ECB()).encryptor()  # noqa: S305
        return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()


def _read_key(text: str) -> bytes:
    """Read the terminal's key. A key of sixteen bytes is written out: its first eight again."""
    if not re.fullmatch(_KEY, text):
        raise ValueError("key: must be 16 or 24 bytes in Base64, as Sadad hands it out")
    key = base64.b64decode(text)
    return key if len(key) == 24 else key + key[:8]
