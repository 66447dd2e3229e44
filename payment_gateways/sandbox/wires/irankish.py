"""IranKish as its guide shows it: a sealed envelope and JSON in, a form back by POST."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.sales import (
    DuplicateOrder,
    Order,
    Sales,
    Terms,
    letters,
    trace_number,
)
from payment_gateways.sandbox.serving import JSON, Answer, Request
from payment_gateways.sandbox.tehran import local
from payment_gateways.sandbox.wire import Back, Names, Why

_PATHS = {
    "/api/v3/tokenization/make": "make",
    "/api/v3/confirmation/purchase": "purchase",
    "/api/v3/confirmation/reversePurchase": "reversePurchase",
    "/api/v3/inquiry/single": "single",
}
_PAY_PAGE = "/iuiv3/IPG/Index"
_REFUSED = {Why.CREDENTIALS: "922", Why.ADDRESS: "914"}
_UNLISTED = "999"

_FIRST_TERMINAL = 2_019_999  # that of the guide's example, with its acceptor and pass phrase
_FIRST_ACCEPTOR = 992_180_000_000_000
_FIRST_PASS_PHRASE = 0x0123456789ABCDEF

# The demo bank's pair of keys: it guards nothing but this sandbox.
PUBLIC_KEY = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArAwqXgaq8Q2OY+u8/5fj
/C/9A1Nq5zTH7y2bORY2lWsp170UawS/mfFdWOsg3ZpLh7wcEPRiyPfTMA+iaxFc
pwHhMLJB4s9V9Vk4b/fVOsVVQqymkUg+QHvj/w9NOrB8ZTS2Qp1njQJ7oevBpATb
y/5aTOTFuYweCrPYlVH2lZyI+lQWKxPpjEY8SRkWJgqW1IvLFpz7qkfHfzV3ucha
8WZul6O/SRjXAYESQUGGtrdXUGiblFRTitKNQPoslVZ4pGpTOwL/ee/+hdj2s1K5
FOIjN4CKpkVzAkNBx/ohfS8bM0Ao3hcvMLpWYsNGwSGPMaUXX4+rIb/XhpwzryNa
swIDAQAB
-----END PUBLIC KEY-----
"""
_PRIVATE_KEY = """\
-----BEGIN PRIVATE KEY-----
MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCsDCpeBqrxDY5j
67z/l+P8L/0DU2rnNMfvLZs5FjaVaynXvRRrBL+Z8V1Y6yDdmkuHvBwQ9GLI99Mw
D6JrEVynAeEwskHiz1X1WThv99U6xVVCrKaRSD5Ae+P/D006sHxlNLZCnWeNAnuh
68GkBNvL/lpM5MW5jB4Ks9iVUfaVnIj6VBYrE+mMRjxJGRYmCpbUi8sWnPuqR8d/
NXe5yFrxZm6Xo79JGNcBgRJBQYa2t1dQaJuUVFOK0o1A+iyVVnikalM7Av957/6F
2PazUrkU4iM3gIqmRXMCQ0HH+iF9LxszQCjeFy8wulZiw0bBIY8xpRdfj6shv9eG
nDOvI1qzAgMBAAECgf85LuhoRhbtv9uTzztlBM8kuw1dPwc7pKkyGUvGImGNPyeA
uh1AnSIEUHy2OZQ+HGjRXzaxgmTMQy/KXdO46tr3LguP7gBs25NTnv6cZWlRYroB
XTQsjtH1I5JBTyWEiSQ/p41YV+Jj3F1xIzKygrUAE9sPCPqu+Pm/2EW4hANNXGzS
947FuSeVPJNTrYZ8wC6R1YdMIZ/M7axeZGCwEDmHDWV04aYVF/XgzMQIDevnooz3
gD1Z0U53mJ0osVJDEj2AoxKU2GmneBioMxJD3hbtH8pmcn27r6JhwTT4xMAPIF3k
5g9QhpirahniE9Dmx74sIYXSi4m8LTQZWSx+A/ECgYEA4kafuHicaRgCoy5I+GZk
bFPW5kc2WkJE0uZsYd5ZkZqKk8yZo2PlwZr7Z7kN979gRk6drGJdFK3zMr+SjA/L
bzZvED0xdFY0DeBbJ/i3fiT2nRh4N45YRQOR1Ira8xBHFLUTatkg7rbi8be7BUX2
GQAJV/UT2MdYeecLSAcL35UCgYEAwqXo2GlBWr4lI+tI2r6bfv7Pn6M92oMQJqOR
UTWh4V9eMfA1O58WIoXpEsJUUfcyVMPhfDQdsy90byRFCLHBee1LjptBMsFHZ9/T
FA+dA3LdwTEbmc75baiYD6HNCsmLAaCwNMYurng5rgoIhw99+gf47jeAfZWkF9vf
pPvsXycCgYEAyJ9roAi4TWnvdLVmF2/ZnD6drGD5bP+SvBd3gzK84Z9PPQpMMpUx
Mf5y550pKD+zYcL0g9JWyy4MEjPPAIZEjl+KC7Dl90szLhZ9XCxmrN6jFdiLRl7c
HpyyoOtYg+grzc1a4QKQ83aOM1j+5gcI01O39RejuDHPXY4f74Xn3h0CgYEApqrR
OZzGrSBrRNpOQ586Hf+pYBOy/suCpNMhttuphQTX7wKzUh3iIiVvcPScpqJ3okUn
aeZmF+vmUtRHmC48cF5TeARQS1lb/wGUB3VnCHDumGGoNIcY5GCb86ajnzz7naUt
u8KGbjXbjb5hluQZBmKVL8SubNoY66UFVouv1bkCgYB+QMKSj84i5d2PsFOVBVwc
8lXas+9+Q5meYGeeIzw4w2DB8GvntqXeYa0WdUImlx5F10tHhfPJO4o6svC8H2tC
QWnGbdYRa5dmQ8cIUP4VApHNH3tipa+t0ngPYRyhV5y5H3ZktlkPDdO6aDWwi2ll
PRSBYjYe5SaJEAsW8sTsPA==
-----END PRIVATE KEY-----
"""

Fields = Mapping[str, Any]


class Refused(Exception):
    """A call is declined with a code of the guide."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class IranKishWire:
    """The REST service, the pay page and the form that comes back."""

    slug = "irankish"
    terms = Terms(page_seconds=15 * 60, verify_seconds=15 * 60, reverse_seconds=15 * 60)
    names = Names(
        code=("responseCode",),
        amount=("amount",),
        order=("requestId",),
        reference=("retrievalReferenceNumber",),
    )
    steps: Mapping[str, str] = {
        "start": "make",
        "confirm": "purchase",
        "inquire": "single",
        "recover": "single",
        "reverse": "reversePurchase",
        "check": "single",
    }

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account for terminal ``number``."""
        terminal = f"{_FIRST_TERMINAL - 1 + number:08}"
        return {
            "terminal_id": terminal,
            "acceptor_id": _acceptor(terminal),
            "pass_phrase": _pass_phrase(terminal),
            "public_key": PUBLIC_KEY,
        }

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret of an account. The pass phrase follows from the terminal."""
        terminal = settings.get("terminal_id") or settings["terminal"]
        return terminal, terminal, settings.get("acceptor_id") or _acceptor(terminal)

    def operation(self, request: Request) -> str | None:
        """The last part of the address."""
        return _PATHS.get(request.path)

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks."""
        try:
            result = _OPERATIONS[operation](sales, _read(request.body))
        except Refused as refused:
            return _refusal(refused.code)
        return _answer(
            {"responseCode": "00", "description": None, "status": True, "result": result}
        )

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call."""
        return _refusal(_REFUSED.get(why, _UNLISTED))

    def page_token(self, request: Request) -> str | None:
        """The token that a browser posts."""
        if request.path.rstrip("/") != _PAY_PAGE:
            return None
        return request.form.get("tokenIdentity", "")

    def way_back(self, payment: Row) -> Back:
        """The form that the pay page posts back."""
        is_paid = payment["charged"] is not None
        fields = {
            "token": payment["token"],
            "acceptorId": _acceptor(payment["terminal"]),
            "merchantId": "",
            "responseCode": "00" if is_paid else "17",
            "paymentId": payment["payer_id"],
            "requestId": payment["order_number"],
            "sha256OfPan": "",
            "sha1OfPan": "",
            "retrievalReferenceNumber": payment["reference"] or "",
            "amount": str(payment["charged"] or payment["amount"]),
            "maskedPan": payment["card"] or "",
            "systemTraceAuditNumber": trace_number(payment) if is_paid else "",
            "ttl": "",
        }
        return Back("POST", payment["return_url"], fields)


def _answer(content: Fields) -> Answer:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(200, body, JSON)


def _refusal(code: str) -> Answer:
    return _answer({"responseCode": code, "description": "خطا", "status": False, "result": None})


def _read(body: bytes) -> Fields:
    try:
        fields = json.loads(body)
    except ValueError:
        raise Refused("901") from None
    if not isinstance(fields, dict):
        raise Refused("901")
    return fields


def _acceptor(terminal: str) -> str:
    return str(_FIRST_ACCEPTOR + int(terminal) - _FIRST_TERMINAL)


def _pass_phrase(terminal: str) -> str:
    """The pass phrase of a terminal: that of the guide's example, moved on by its number."""
    return f"{(_FIRST_PASS_PHRASE + int(terminal) - _FIRST_TERMINAL) % 2**64:016X}"


def _open_envelope(fields: object, terminal: str, amount: int) -> None:
    """Open an envelope with the bank's key. Raises Refused where it seals anything else."""
    try:
        envelope = fields if isinstance(fields, dict) else {}
        start = bytes.fromhex(str(envelope.get("iv", "")))
        sealed = bytes.fromhex(str(envelope.get("data", "")))
        opened = _private_key().decrypt(sealed, PKCS1v15())
        key, digest = opened[:16], opened[16:]
        raw = bytes.fromhex(f"{terminal}{_pass_phrase(terminal)}{amount:012}00")
        padding = PKCS7(AES.block_size).padder()
        cipher = Cipher(AES(key), CBC(start)).encryptor()
        padded = padding.update(raw) + padding.finalize()
        proof = hashlib.sha256(cipher.update(padded) + cipher.finalize()).digest()
    except ValueError:
        raise Refused("922") from None
    if digest != proof:
        raise Refused("922")


@cache
def _private_key() -> RSAPrivateKey:
    key = load_pem_private_key(_PRIVATE_KEY.encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the demo key is no RSA key")
    return key


def _terminal(fields: Fields) -> str:
    terminal = str(fields.get("terminalId", ""))
    if not re.fullmatch(r"[0-9]{8}", terminal):
        raise Refused("915")
    return terminal


def _make(sales: Sales, fields: Fields) -> Fields:
    request = fields.get("request")
    if not isinstance(request, dict):
        raise Refused("901")
    terminal, amount = _terminal(request), request.get("amount")
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 1_000:
        raise Refused("64")
    _open_envelope(fields.get("authenticationEnvelope"), terminal, amount)
    if sales.terminal("irankish", terminal, str(request.get("acceptorId", ""))) is None:
        raise Refused("916")
    if request.get("transactionType") != "Purchase":
        raise Refused("917")
    if not re.fullmatch(r"\w{1,20}", str(request.get("requestId") or "")):
        raise Refused("905")
    if not isinstance(request.get("requestTimestamp"), int):
        raise Refused("906")
    if urlsplit(str(request.get("revertUri") or "")).scheme not in {"http", "https"}:
        raise Refused("907")
    order = Order(
        "irankish",
        terminal,
        str(request["requestId"]),
        amount,
        str(request["revertUri"]),
        mobile=str(request.get("cmsPreservationId") or ""),
        payer_id=str(request.get("paymentId") or ""),
    )
    try:
        token = sales.start(order, letters(32))
    except DuplicateOrder:
        raise Refused("905") from None
    payment = _payment(sales, terminal, "token", token)
    return {
        "token": token,
        "initiateTimeStamp": payment["started_at"],
        "expiryTimeStamp": payment["page_until"],
        "transactionType": "Purchase",
        "billInfo": None,
    }


def _payment(sales: Sales, terminal: str, named_by: str, name: str) -> Row:
    payment = (
        sales.by_token(name) if named_by == "token" else sales.by_order("irankish", terminal, name)
    )
    if payment is None or (payment["bank"], payment["terminal"]) != ("irankish", terminal):
        raise Refused("25")
    return payment


def _inquire(sales: Sales, fields: Fields) -> Fields:
    terminal = _terminal(fields)
    if str(fields.get("passPhrase", "")).upper() != _pass_phrase(terminal):
        raise Refused("922")
    match fields.get("findOption"):
        case 2:
            payment = _payment(sales, terminal, "token", str(fields.get("tokenIdentity")))
        case 3:
            payment = _payment(sales, terminal, "order", str(fields.get("requestId")))
        case _:
            raise Refused("901")
    if payment["state"] in {"open", "expired"}:
        raise Refused("25" if payment["state"] == "open" else "921")
    is_paid = payment["charged"] is not None
    moment = local(payment["paid_at"] or payment["started_at"])
    return {
        "tokenIdentity": payment["token"],
        "requestId": payment["order_number"],
        "retrievalReferenceNumber": payment["reference"],
        "systemTraceAuditNumber": trace_number(payment) if is_paid else None,
        "amount": payment["charged"] or payment["amount"],
        "isVerified": payment["verified_at"] is not None,
        "isReversed": payment["state"] == "reversed",
        "isMultiplex": False,
        "maskedPan": payment["card"],
        "sha256OfPan": None,
        "paymentId": payment["payer_id"] or None,
        "transactionDate": int(f"{moment:%Y%m%d}"),
        "transactionTime": int(f"{moment:%H%M%S}"),
        "responseCode": "00" if is_paid else "17",
        "status": is_paid,
    }


def _named(sales: Sales, fields: Fields) -> Row:
    """Find the payment that a call names by token and by both of the bank's numbers."""
    payment = _payment(sales, _terminal(fields), "token", str(fields.get("tokenIdentity")))
    named = fields.get("retrievalReferenceNumber"), fields.get("systemTraceAuditNumber")
    if payment["charged"] is None or named != (payment["reference"], trace_number(payment)):
        raise Refused("25")
    if payment["state"] == "reversed":
        raise Refused("2")
    return payment


def _confirm(sales: Sales, fields: Fields) -> Fields:
    payment = _named(sales, fields)
    return _result(payment, is_repeated=not sales.verify(payment, settles=True))


def _reverse(sales: Sales, fields: Fields) -> Fields:
    payment = _named(sales, fields)
    if not sales.may_still_reverse(payment):
        raise Refused("40")
    if not sales.reverse(payment, before=payment["state"]):
        raise Refused("40")
    return _result(payment, is_repeated=False)


def _result(payment: Row, *, is_repeated: bool) -> Fields:
    moment = local(payment["paid_at"])
    return {
        "responseCode": "00",
        "systemTraceAuditNumber": trace_number(payment),
        "retrievalReferenceNumber": payment["reference"],
        "transactionDate": int(f"{moment:%Y%m%d}"),
        "transactionTime": int(f"{moment:%H%M%S}"),
        "processCode": "000000",
        "paymentId": payment["payer_id"] or None,
        "amount": str(payment["charged"]),
        "billType": None,
        "billId": None,
        "duplicateVerify": is_repeated,
    }


_OPERATIONS: Mapping[str, Callable[[Sales, Fields], Fields]] = {
    "make": _make,
    "purchase": _confirm,
    "reversePurchase": _reverse,
    "single": _inquire,
}
