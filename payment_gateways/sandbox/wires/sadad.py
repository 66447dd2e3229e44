"""Sadad (Bank Melli) as its guide shows it: signed JSON in, a form back by POST."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.padding import PKCS7

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

_OPERATIONS_OF = {
    "/vpg/api/v0/request/paymentrequest": "PaymentRequest",
    "/vpg/api/v0/paymentbyidentity/paymentrequest": "PaymentRequest",
    "/vpg/api/v0/advice/verify": "Verify",
}
_PAY_PAGES = {"/vpg/purchase", "/purchase"}
_REFUSED = {Why.CREDENTIALS: 1025, Why.ADDRESS: 1003}
_UNLISTED = 1999

_FIRST_TERMINAL = 24_000_615  # that of the guide's example, whose key is the bytes 1 to 24
_MERCHANT = "140336279"
_MOMENT = re.compile(r"\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d")
_DESCRIPTIONS = {
    -1: "پارامترهای ارسالی صحیح نیست و يا تراکنش در سیستم وجود ندارد",
    0: "عملیات با موفقیت انجام شد",
    100: "نتیجه تراکنش قبلا ثبت شده است",
    101: "مهلت ارسال تراکنش به پایان رسیده است",
}

Fields = Mapping[str, Any]


class Refused(Exception):
    """A call is declined with a code of the guide."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class SadadWire:
    """The REST service, the pay page and the form that comes back."""

    slug = "sadad"
    terms = Terms(page_seconds=15 * 60, verify_seconds=15 * 60)
    names = Names(
        code=("ResCode",), amount=("Amount",), order=("OrderId",), reference=("RetrivalRefNo",)
    )
    steps: Mapping[str, str] = {
        "start": "PaymentRequest",
        "confirm": "Verify",
        "check": "Verify",
    }

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account for terminal ``number``."""
        terminal = str(_FIRST_TERMINAL - 1 + number)
        key = base64.b64encode(_key(terminal)).decode()
        return {"merchant_id": _MERCHANT, "terminal_id": terminal, "key": key}

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret of an account. The key follows from the terminal here."""
        terminal = settings.get("terminal_id") or settings["terminal"]
        return terminal, terminal, settings.get("merchant_id", _MERCHANT)

    def operation(self, request: Request) -> str | None:
        """The last part of the address, whose case does not matter."""
        return _OPERATIONS_OF.get(request.path.lower())

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks."""
        try:
            return _answer(_OPERATIONS[operation](sales, _read(request.body)))
        except Refused as refused:
            return _refusal(refused.code)

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call."""
        return _refusal(_REFUSED.get(why, _UNLISTED))

    def page_token(self, request: Request) -> str | None:
        """The token in the address."""
        if request.path.lower() not in _PAY_PAGES:
            return None
        return {name.lower(): value for name, value in request.query.items()}.get("token", "")

    def way_back(self, payment: Row) -> Back:
        """The form that the pay page posts back."""
        is_paid = payment["charged"] is not None
        fields = {
            "OrderId": payment["order_number"],
            "Token": payment["token"],
            "ResCode": "0" if is_paid else "-1",
            "SwitchResCode": "0" if is_paid else "-1",
            "HashedCardNo": "",
            "PrimaryAccNo": payment["card"] or "",
            "CardHolderFullName": "",
        }
        return Back("POST", payment["return_url"], fields)


def _answer(content: Fields) -> Answer:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(200, body, JSON)


def _refusal(code: int) -> Answer:
    return _answer({"ResCode": code, "Token": None, "Description": _DESCRIPTIONS.get(code, "خطا")})


def _read(body: bytes) -> Fields:
    try:
        fields = json.loads(body)
    except ValueError:
        raise Refused(1001) from None
    if not isinstance(fields, dict):
        raise Refused(1001)
    return fields


def _key(terminal: str) -> bytes:
    """The key of a terminal: that of the guide's example, moved on by the terminal's number."""
    ahead = 2 * (int(terminal) - _FIRST_TERMINAL)
    return bytes((place + ahead) % 256 for place in range(1, 25))


def _check_signature(terminal: str, signature: object, text: str) -> None:
    """Open a signature with the terminal's key. Raises Refused where it holds another text."""
    try:
        signed = base64.b64decode(str(signature), validate=True)
        # The guide prescribes this cipher and this mode.
        cipher = Cipher(TripleDES(_key(terminal)), modes.ECB()).decryptor()  # noqa: S305
        padding = PKCS7(TripleDES.block_size).unpadder()
        opened = padding.update(cipher.update(signed) + cipher.finalize()) + padding.finalize()
    except ValueError:
        raise Refused(1025) from None
    if opened != text.encode():
        raise Refused(1025)


def _request(sales: Sales, fields: Fields) -> Fields:
    terminal = str(fields.get("TerminalId", ""))
    amount, order_number = fields.get("Amount"), fields.get("OrderId")
    if not re.fullmatch(r"[0-9]{1,19}", terminal):
        raise Refused(1028)
    _check_signature(terminal, fields.get("SignData"), f"{terminal};{order_number};{amount}")
    if sales.terminal("sadad", terminal, str(fields.get("MerchantId", ""))) is None:
        raise Refused(1027)
    if not isinstance(order_number, int) or isinstance(order_number, bool):
        raise Refused(1026)
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 1_000:
        raise Refused(1101)
    if not _MOMENT.fullmatch(str(fields.get("LocalDateTime", ""))):
        raise Refused(1024)
    if urlsplit(str(fields.get("ReturnUrl", ""))).scheme not in {"http", "https"}:
        raise Refused(1023)
    description = str(fields.get("AdditionalData", ""))
    if not re.fullmatch(r"[0-9a-zA-Z]*", description):
        raise Refused(1036)
    order = Order(
        "sadad",
        terminal,
        str(order_number),
        amount,
        str(fields["ReturnUrl"]),
        description=description,
        mobile=str(fields.get("UserId", "")),
        payer_id=str(fields.get("PaymentIdentity", "")),
    )
    try:
        token = sales.start(order, letters(32))
    except DuplicateOrder:
        raise Refused(1011) from None
    return {"ResCode": 0, "Token": token, "Description": _DESCRIPTIONS[0]}


def _verify(sales: Sales, fields: Fields) -> Fields:
    token = str(fields.get("Token", ""))
    payment = sales.by_token(token)
    if payment is None or payment["bank"] != "sadad":
        raise Refused(1103)  # one that the bank never gave out has a code of its own
    _check_signature(payment["terminal"], fields.get("SignData"), token)
    if payment["state"] == "reversed":
        raise Refused(101)
    if payment["state"] not in {"paid", "settled"}:
        raise Refused(-1)
    code = 0 if sales.verify(payment, settles=True) else 100
    return {
        "ResCode": code,
        "Amount": payment["charged"],
        "Description": _DESCRIPTIONS[code],
        "RetrivalRefNo": payment["reference"],
        "SystemTraceNo": trace_number(payment),
        "OrderId": int(payment["order_number"]),
        "TransactionDate": f"{local(payment['paid_at']):%Y-%m-%dT%H:%M:%S}",
        "CardHolderFullName": "",
    }


_OPERATIONS: Mapping[str, Callable[[Sales, Fields], Fields]] = {
    "PaymentRequest": _request,
    "Verify": _verify,
}
