"""IranKish (ایران کیش): REST and JSON, version 3, with an envelope that only the bank can open.

Source: guide "V9". Every request for a token carries a fresh AES key, sealed with the bank's RSA
key beside a digest of terminal, pass phrase and amount. A payment is made final by a call that
needs two numbers of the bank; they are asked of the bank itself, by our token, and never taken
from a browser. Its answer carries the amount.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, timedelta

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from core.digits import normalise
from payment_gateways.adapters.irankish_codes import (
    CHECK,
    CONFIRM,
    DECLINED,
    INQUIRE,
    PAYMENT,
    REVERSE,
    START,
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
from payment_gateways.rest import ReadAnswer, call_json, code_of, fields_of, text_of, without
from payment_gateways.transport import Transport

_HOST = "https://ikc.shaparak.ir"
_MAKE = "/api/v3/tokenization/make"
_CONFIRM = "/api/v3/confirmation/purchase"
_REVERSE = "/api/v3/confirmation/reversePurchase"
_INQUIRE = "/api/v3/inquiry/single"
_PAY_PAGE = "/iuiv3/IPG/Index/"
_PAGE_LIVES = timedelta(minutes=15)  # where the answer does not say how long
_PAGE_LIVES_MAX = timedelta(days=1)
_BY_TOKEN, _BY_ORDER = 2, 3
_TERMINAL = r"\d{8}"
_PASS_PHRASE = r"[0-9A-Fa-f]{16}"  # noqa: S105  how one is written, not one
_RSA_BITS_MIN = 1024
_AMOUNT_RIAL_MAX = 10**12 - 1  # the envelope holds twelve digits
_CANCELLED = ("05", "17")
_TOO_MUCH = ("مبلغ بیش از دوازده رقم است", "an amount of more than twelve digits")


@dataclass(frozen=True, slots=True)
class _Found:
    """A payment as the bank knows it, with the two numbers by which it wants to be called."""

    outcome: Outcome
    retrieval_number: str = ""  # as the bank writes it, zeros in front included
    trace_number: str = ""


class IranKish(OptionalSteps):
    """One terminal at IranKish."""

    manifest = Manifest(
        slug="irankish",
        name_fa="ایران‌کیش",
        name_en="IranKish",
        settings=(
            SettingField("terminal_id", "شماره پایانه", "terminal number", pattern=_TERMINAL),
            SettingField("acceptor_id", "شماره پذیرنده", "acceptor number", pattern=r"\d{15}"),
            SettingField(
                "pass_phrase", "گذرواژه", "pass phrase", FieldKind.SECRET, pattern=_PASS_PHRASE
            ),
            SettingField("public_key", "کلید عمومی بانک", "the bank's public key", FieldKind.PEM),
        ),
        base_urls=(_HOST,),
        binds_amount=Binds.ANSWER,
        binds_order=Binds.REQUEST,
        needs_settle=False,
        can_inquire=True,
        can_reverse=True,
        recovers_by=Recovery.INQUIRY,
        confirm_window=timedelta(minutes=15),
        reverse_window=timedelta(minutes=15),
        returns_unconfirmed=True,
        amount_rial_min=1_000,
        amount_rial_max=_AMOUNT_RIAL_MAX,
        source='guide "V9": the twelve digits of an amount; smallest amount and windows assumed',
    )

    def __init__(
        self,
        settings: Mapping[str, str],
        net: Transport,
        base_url: str | None = None,
        *,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.terminal = _checked("terminal_id", settings["terminal_id"], _TERMINAL)
        self._acceptor = settings["acceptor_id"]
        self._pass_phrase = _checked("pass_phrase", settings["pass_phrase"], _PASS_PHRASE)
        self._public_key = _read_key(settings["public_key"])
        self._net = net
        self._host = (base_url or _HOST).rstrip("/")
        self._random_bytes = random_bytes

    def __repr__(self) -> str:
        return f"IranKish(terminal={self.terminal!r})"

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment. STARTED carries the token and the form to post."""
        if intent.amount_rial > _AMOUNT_RIAL_MAX:
            reason_fa, reason_en = _TOO_MUCH
            return Outcome(Kind.REFUSED, reason_fa=reason_fa, reason_en=reason_en)
        request = {
            "transactionType": "Purchase",
            "terminalId": self.terminal,
            "acceptorId": self._acceptor,
            "amount": intent.amount_rial,
            "revertUri": intent.return_url,
            "requestId": str(intent.order_number),
            "requestTimestamp": int(intent.at.timestamp()),
            "paymentId": intent.payer_id,
            "cmsPreservationId": _international(intent.mobile),
            "billInfo": None,
        }
        answer = self._ask(
            "make",
            _MAKE,
            START,
            request=request,
            authenticationEnvelope=self._envelope(intent.amount_rial),
        )
        if answer.outcome.kind is not Kind.STARTED:
            return answer.outcome
        token = text_of(answer.fields.get("token"))
        if not token:
            return without(answer.outcome, "token")
        return replace(
            answer.outcome,
            token=token,
            redirect=Redirect("POST", self._host + _PAY_PAGE, {"tokenIdentity": token}),
            expires_at=intent.at.astimezone(UTC) + _page_lives(answer.fields),
        )

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read the form that the pay page posts back. Every field of it can be forged."""
        fields = small_names(query, form)
        code = normalise(fields.get("responsecode", "")[:10])
        reference = whole_number(fields.get("retrievalreferencenumber"))
        return Hint(
            claim=_claim(code),
            order_number=whole_number(fields.get("requestid")),
            token=text_of(fields.get("token")) or None,
            bank_reference=str(reference) if reference else None,
            card_masked=masked_card(fields.get("maskedpan", "")[:40]),
            amount_rial=whole_number(fields.get("amount")),
            bank_code=code,
        )

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Ask the bank for the payment of our token and, where it was paid, make it final.

        What the bank shows as confirmed is not confirmed again. A success without the amount, or
        about another number than the one we named, is none.
        """
        found = self._find(stored)
        if found.outcome.kind is not Kind.AWAITS_CONFIRM:
            return found.outcome
        answer = self._about("purchase", _CONFIRM, CONFIRM, stored, found)
        if answer.outcome.kind is not Kind.CONFIRMED:
            return answer.outcome
        amount_rial = whole_number(answer.fields.get("amount"))
        number = whole_number(answer.fields.get("retrievalReferenceNumber"))
        if amount_rial is None:
            return without(answer.outcome, "amount")
        if number is None or str(number) != found.outcome.bank_reference:
            return without(answer.outcome, "retrievalReferenceNumber")
        is_repeated = answer.fields.get("duplicateVerify") is True
        return replace(
            found.outcome,
            kind=Kind.ALREADY_CONFIRMED if is_repeated else Kind.CONFIRMED,
            amount_rial=amount_rial,
            evidence=answer.outcome.evidence,
        )

    def recover(self, stored: StoredPayment) -> Outcome:
        """Find out about a payment whose browser never came back; our token is enough for it."""
        return self.inquire(stored)

    def inquire(self, stored: StoredPayment) -> Outcome:
        """Ask in what state the payment is (inquiry/single); nothing changes by it."""
        return self._find(stored).outcome

    def reverse(self, stored: StoredPayment) -> Outcome:
        """Give a payment back whole (confirmation/reversePurchase), by the bank's own numbers."""
        found = self._find(stored)
        if found.outcome.kind is Kind.RETURNED:
            return replace(found.outcome, kind=Kind.DONE)
        if found.outcome.kind in {Kind.NOT_PAID, Kind.OPEN}:
            return replace(found.outcome, kind=Kind.REFUSED)
        if found.outcome.kind not in {Kind.AWAITS_CONFIRM, Kind.ALREADY_CONFIRMED}:
            return found.outcome
        return self._about("reversePurchase", _REVERSE, REVERSE, stored, found).outcome

    def check(self) -> Outcome:
        """Ask for a payment that cannot exist: who is let in is told that there is none."""
        return self._inquire(StoredPayment(0, 0, None), CHECK).outcome

    def _find(self, stored: StoredPayment) -> _Found:
        """Find a payment by our token, and read what the bank knows of it."""
        answer = self._inquire(stored, INQUIRE)
        if answer.outcome.kind is not Kind.AWAITS_CONFIRM:
            return _Found(answer.outcome)
        result = answer.fields
        is_verified, is_reversed = result.get("isVerified"), result.get("isReversed")
        if not isinstance(is_verified, bool) or not isinstance(is_reversed, bool):
            return _Found(without(answer.outcome, "isVerified, isReversed"))
        retrieval_number = _number(result.get("retrievalReferenceNumber"))
        trace_number = _number(result.get("systemTraceAuditNumber"))
        amount_rial = whole_number(result.get("amount"))
        if not retrieval_number or not trace_number or amount_rial is None:
            return _Found(without(answer.outcome, "numbers or amount"))
        outcome = replace(
            answer.outcome,
            kind=_state(is_verified=is_verified, is_reversed=is_reversed),
            amount_rial=amount_rial,
            order_number=whole_number(result.get("requestId")),
            token=text_of(result.get("tokenIdentity")) or None,
            bank_reference=str(int(retrieval_number)),
            trace_number=trace_number,
            card_masked=masked_card(text_of(result.get("maskedPan"))),
        )
        return _Found(outcome, retrieval_number, trace_number)

    def _inquire(self, stored: StoredPayment, meanings: Mapping[str, Kind]) -> ReadAnswer:
        found_by: dict[str, object] = (
            {"findOption": _BY_TOKEN, "tokenIdentity": stored.token}
            if stored.token
            else {"findOption": _BY_ORDER, "requestId": str(stored.order_number)}
        )
        return self._ask(
            "single",
            _INQUIRE,
            meanings,
            passPhrase=self._pass_phrase,
            terminalId=self.terminal,
            **found_by,
        )

    def _about(
        self,
        operation: str,
        path: str,
        meanings: Mapping[str, Kind],
        stored: StoredPayment,
        found: _Found,
    ) -> ReadAnswer:
        """Make one of the calls that name a payment by our token and the bank's two numbers."""
        return self._ask(
            operation,
            path,
            meanings,
            terminalId=self.terminal,
            retrievalReferenceNumber=found.retrieval_number,
            systemTraceAuditNumber=found.trace_number,
            tokenIdentity=stored.token or found.outcome.token or "",
        )

    def _ask(
        self, operation: str, path: str, meanings: Mapping[str, Kind], **fields: object
    ) -> ReadAnswer:
        """Make one call. A success is one by all that the answer says, outside and inside."""
        answer = call_json(self._net, "POST", self._host + path, fields, operation=operation)
        code = _code(answer.fields.get("responseCode"))
        if not code:
            return ReadAnswer(answer.unknown(), {})
        if code != "00":
            return ReadAnswer(answer.says(meanings.get(code, Kind.UNKNOWN), code, WORDS), {})
        result = fields_of(answer.fields.get("result"))
        if answer.fields.get("status") is not True or not result:
            return ReadAnswer(without(answer.says(Kind.UNKNOWN, code, WORDS), "result"), {})
        if operation == "make":
            return ReadAnswer(answer.says(meanings[code], code, WORDS), result)
        inner = _code(result.get("responseCode"))
        meanings = PAYMENT if operation == "single" and inner != "00" else meanings
        return ReadAnswer(answer.says(meanings.get(inner, Kind.UNKNOWN), inner, WORDS), result)

    def _envelope(self, amount_rial: int) -> dict[str, str]:
        """Seal terminal, pass phrase and amount so that the bank alone can prove them."""
        key, start = self._random_bytes(16), self._random_bytes(16)
        raw = bytes.fromhex(f"{self.terminal}{self._pass_phrase}{amount_rial:012}00")
        digest = hashlib.sha256(_encrypted(raw, key, start)).digest()
        sealed = self._public_key.encrypt(key + digest, PKCS1v15())
        return {"data": sealed.hex(), "iv": start.hex()}


def _encrypted(raw: bytes, key: bytes, start: bytes) -> bytes:
    padding = PKCS7(AES.block_size).padder()
    cipher = Cipher(AES(key), CBC(start)).encryptor()
    padded = padding.update(raw) + padding.finalize()
    return cipher.update(padded) + cipher.finalize()


def _checked(name: str, text: str, pattern: str) -> str:
    if not re.fullmatch(pattern, text, re.ASCII):
        raise ValueError(f"{name}: does not look like the one that IranKish hands out")
    return text


def _read_key(text: str) -> RSAPublicKey:
    """Read the bank's public key. Raises ValueError, which says what to do and shows nothing."""
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < _RSA_BITS_MIN:
        raise ValueError(
            "public_key: must be the RSA public key that IranKish hands out, in PEM, from"
            " BEGIN PUBLIC KEY to END PUBLIC KEY"
        )
    return key


def _state(*, is_verified: bool, is_reversed: bool) -> Kind:
    if is_reversed:
        return Kind.RETURNED
    return Kind.ALREADY_CONFIRMED if is_verified else Kind.AWAITS_CONFIRM


def _code(value: object) -> str:
    """Read a result code; codes below ten are written with one digit or two."""
    code = code_of(value)
    return code.zfill(2) if code else ""


def _number(value: object) -> str:
    """Read one of the bank's numbers and keep the zeros in front; empty where it is none."""
    text = normalise(text_of(value))
    return text if whole_number(text) and text.isdigit() else ""


def _international(mobile: str | None) -> str | None:
    return f"98{mobile.lstrip('0')}" if mobile else None


def _page_lives(result: Mapping[str, object]) -> timedelta:
    """Read how long the pay page stays open: a length of time, so no clock has to be right."""
    began, ends = (whole_number(result.get(f"{name}TimeStamp")) for name in ("initiate", "expiry"))
    if began is None or ends is None or not 0 < ends - began <= _PAGE_LIVES_MAX.total_seconds():
        return _PAGE_LIVES
    return timedelta(seconds=ends - began)


def _claim(code: str) -> Claim:
    if code == "00":
        return Claim.PAID
    code = code.zfill(2)
    if code in _CANCELLED:
        return Claim.CANCELLED
    return Claim.FAILED if code in DECLINED else Claim.UNCLEAR
