"""Saman (SEP) as its guide shows it: JSON in and out, a form back by POST."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.sales import (
    CARD,
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

_PAGE = "/onlinepg/onlinepg"  # also where a token is asked for, in whatever case
_LINK = "/onlinepg/sendtoken"
_SERVICE = "/verifyTxnRandomSessionkey/ipg/"
_REFUSED_TOKEN = {Why.CREDENTIALS: "12", Why.ADDRESS: "8"}
_REFUSED = {Why.CREDENTIALS: -105, Why.ADDRESS: -106}
_UNLISTED = 99

_HEX = "0123456789abcdef"
_MESSAGES = {
    0: "عملیات با موفقیت انجام شد",
    2: "درخواست تکراری می باشد",
    5: "تراکنش برگشت خورده می باشد",
    -2: "تراکنش یافت نشد",
    -6: "بیش از نیم ساعت از زمان اجرای تراکنش گذشته است",
    -104: "ترمینال ارسالی غیرفعال می باشد",
    -105: "ترمینال ارسالی در سیستم موجود نمی باشد",
    -106: "آدرس آی پی درخواستی غیر مجاز می باشد",
}
_TOKEN_MESSAGES = {
    "5": "پارامترهای ارسالی نامعتبر است",
    "8": "آدرس سرور پذیرنده نامعتبر است",
    "12": "شماره ترمینال ارسال شده یافت نشد",
}
_STATES = {
    "open": ("Failed", "3"),
    "cancelled": ("CanceledByUser", "1"),
    "expired": ("SessionIsNull", "4"),
}

Fields = Mapping[str, Any]


class SepWire:
    """The REST service, the pay page and the form that comes back."""

    slug = "sep"
    terms = Terms(page_seconds=20 * 60, verify_seconds=30 * 60, reverse_seconds=50 * 60)
    names = Names(
        code=("ResultCode", "status", "errorCode"),
        amount=("OrginalAmount", "AffectiveAmount"),
        reference=("RefNum",),
    )
    steps: Mapping[str, str] = {
        "start": "token",
        "confirm": "VerifyTransaction",
        "reverse": "ReverseTransaction",
        "check": "VerifyTransaction",
    }

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account for terminal ``number``."""
        return {"terminal_id": str(21_000_000 + number)}

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret of an account; Saman gives no secret."""
        terminal = settings.get("terminal_id") or settings["terminal"]
        return terminal, terminal, ""

    def operation(self, request: Request) -> str | None:
        """Tell a token request from the pay page, which stands at the same address."""
        if request.path.lower() == _PAGE and request.body.lstrip().startswith(b"{"):
            return "token"
        if request.path.startswith(_SERVICE):
            return request.path.removeprefix(_SERVICE)
        return None

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks."""
        fields = _read(request.body)
        if operation == "token":
            return _token(sales, fields)
        if operation == "VerifyTransaction":
            return _verify(sales, fields)
        if operation == "ReverseTransaction":
            return _reverse(sales, fields)
        return Answer(404, b"")

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call."""
        if operation == "token":
            return _no_token(_REFUSED_TOKEN.get(why, str(_UNLISTED)))
        return _result(_REFUSED.get(why, _UNLISTED))

    def page_token(self, request: Request) -> str | None:
        """The token that a browser posts, or brings in a link."""
        if request.path.lower() == _PAGE:
            return request.form.get("Token", "")
        return request.query.get("token", "") if request.path.lower() == _LINK else None

    def way_back(self, payment: Row) -> Back:
        """The form that the pay page posts back."""
        return Back("POST", payment["return_url"], _return_fields(payment))


def _read(body: bytes) -> Fields:
    try:
        fields = json.loads(body)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _json(content: Fields) -> Answer:
    return Answer(
        200, json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), JSON
    )


def _no_token(code: str) -> Answer:
    message = _TOKEN_MESSAGES.get(code, "خطای ناشناخته")
    return _json({"status": -1, "errorCode": code, "errorDesc": message})


def _token(sales: Sales, fields: Fields) -> Answer:
    terminal, amount = str(fields.get("TerminalId", "")), fields.get("Amount")
    address, order_number = fields.get("RedirectUrl"), fields.get("ResNum")
    if not re.fullmatch(r"[0-9]{1,10}", terminal) or not sales.terminal("sep", terminal, ""):
        return _no_token("12")
    if fields.get("action") != "token" or not isinstance(amount, int) or amount is True:
        return _no_token("5")
    if amount < 1_000 or not isinstance(order_number, str) or not order_number:
        return _no_token("5")
    if not isinstance(address, str) or urlsplit(address).scheme not in {"http", "https"}:
        return _no_token("5")
    order = Order(
        "sep", terminal, order_number, amount, address, mobile=str(fields.get("CellNumber", ""))
    )
    try:
        return _json({"status": 1, "token": sales.start(order, letters(32, _HEX))})
    except DuplicateOrder:
        return _no_token("5")


def _result(code: int, payment: Row | None = None) -> Answer:
    return _json(
        {
            "TransactionDetail": None if payment is None else _detail(payment),
            "ResultCode": code,
            "ResultDescription": _MESSAGES.get(code, "خطای ناشناخته"),
            "Success": code == 0,
        }
    )


def _detail(payment: Row) -> Fields:
    return {
        "RRN": _rrn(payment),
        "RefNum": payment["reference"],
        "MaskedPan": payment["card"],
        "HashedPan": hashlib.sha256(CARD.encode()).hexdigest(),
        "TerminalNumber": int(payment["terminal"]),
        "OrginalAmount": payment["charged"],
        "AffectiveAmount": payment["charged"],
        "StraceDate": f"{local(payment['paid_at']):%Y-%m-%d %H:%M:%S}",
        "StraceNo": trace_number(payment),
    }


def _rrn(payment: Row) -> str:
    """The network's number: another than the RefNum that Saman confirms by."""
    return str(14_226_000_000 + payment["id"])


def _sale(sales: Sales, fields: Fields) -> Row | int:
    """Find the sale that a call names; else the code that says why it cannot be."""
    terminal = fields.get("TerminalNumber")
    if not isinstance(terminal, int) or isinstance(terminal, bool):
        return -105
    if sales.terminal("sep", str(terminal), "") is None:
        return -105
    payment = sales.by_reference("sep", str(terminal), str(fields.get("RefNum", "")))
    return -2 if payment is None else payment


def _verify(sales: Sales, fields: Fields) -> Answer:
    sale = _sale(sales, fields)
    if isinstance(sale, int):
        return _result(sale)
    if sale["state"] == "reversed":
        return _result(5 if sale["verified_at"] else -6)
    return _result(0 if sales.verify(sale, settles=True) else 2, sale)


def _reverse(sales: Sales, fields: Fields) -> Answer:
    sale = _sale(sales, fields)
    if isinstance(sale, int):
        return _result(sale)
    if sale["state"] == "reversed":
        return _result(2, sale) if sale["verified_at"] else _result(-6)
    if sale["state"] == "paid":  # nobody has verified it
        return _result(-2)
    if not sales.may_still_reverse(sale) or not sales.reverse(sale, before="settled"):
        return _result(-6)
    return _result(0, sale)


def _return_fields(payment: Row) -> dict[str, str]:
    terminal = payment["terminal"]
    is_paid = payment["charged"] is not None
    state, status = ("OK", "2") if is_paid else _STATES.get(payment["state"], ("Failed", "3"))
    amount = str(payment["charged"]) if is_paid else str(payment["amount"])
    return {
        "MID": terminal,
        "TerminalId": terminal,
        "State": state,
        "Status": status,
        "RRN": _rrn(payment) if is_paid else "",
        "RefNum": payment["reference"] or "",
        "ResNum": payment["order_number"],
        "TraceNo": trace_number(payment) if is_paid else "",
        "Amount": amount,
        "Wage": "",
        "AffectiveAmount": amount if is_paid else "",
        "SecurePan": payment["card"] or "",
        "HashedCardNumber": hashlib.sha256(CARD.encode()).hexdigest() if is_paid else "",
        "Token": payment["token"],
    }
