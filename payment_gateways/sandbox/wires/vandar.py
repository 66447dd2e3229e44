"""Vandar as its documentation shows it: JSON both ways, a page that opens once, back by GET."""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.sales import Order, Sales, Terms, letters, trace_number
from payment_gateways.sandbox.serving import JSON, Answer, Request
from payment_gateways.sandbox.tehran import local
from payment_gateways.sandbox.wire import Back, Names, Why

_SERVICE = "/api/v4/"
_OPERATIONS = {"send", "transaction", "verify"}
_PAY_PAGE = "/v4/"
_KEY = re.compile(r"[0-9a-f]{40}")
_UNLISTED = 77

_CODES = {"open": 0, "cancelled": 4, "expired": 4, "paid": 1, "settled": 2, "reversed": 3}
_MESSAGES = {
    0: "transaction not found", 1: "Confirm requierd", 2: "verified", 3: "expired", 4: "failed"
}  # fmt: skip

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a merchant whom we let in."""

    sales: Sales
    terminal: Row
    fields: Fields


class Refused(Exception):
    """A call is declined with a text for each thing that is wrong."""

    def __init__(self, http_status: int, *errors: str) -> None:
        super().__init__(http_status, *errors)
        self.http_status = http_status
        self.errors = errors


class VandarWire:
    """The REST service, the pay page and the query that comes back."""

    slug = "vandar"
    terms = Terms(page_seconds=20 * 60, verify_seconds=20 * 60)
    names = Names(
        code=("status", "code"),
        amount=("amount",),
        order=("factorNumber",),
        reference=("transId",),
    )
    steps: Mapping[str, str] = {
        "start": "send",
        "confirm": "verify",
        "inquire": "transaction",
        "recover": "transaction",
        "check": "transaction",
    }

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: set[str] = set()  # pages that a browser has seen; a restart forgets them

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account for terminal ``number``."""
        return {"api_key": f"{number:08x}d9cb469fa16570867728950e41b2c7f8"}

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret of an account."""
        key = settings["api_key"]
        return key, settings.get("terminal_id") or settings.get("terminal") or key[:8], key

    def operation(self, request: Request) -> str | None:
        """The last part of the address."""
        name = request.path.removeprefix(_SERVICE)
        return name if request.path.startswith(_SERVICE) and name in _OPERATIONS else None

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks."""
        try:
            fields = _read(request.body)
            return _answer(200, _CALLS[operation](Call(sales, _let_in(sales, fields), fields)))
        except Refused as refused:
            return _refusal(refused.http_status, *refused.errors)

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call."""
        if why is Why.CREDENTIALS:
            return _refusal(401, "api_key نامعتبر است")
        if why is Why.ADDRESS:
            return _refusal(422, "IP یا دامنه درخواست‌دهنده ثبت نشده است")
        codes = {"status": _UNLISTED, "code": _UNLISTED, "message": "unknown"}
        return _answer(200, codes)

    def page_token(self, request: Request) -> str | None:
        """The token in the address, the first time that a browser asks for it."""
        if not request.path.startswith(_PAY_PAGE):
            return None
        token = request.path.removeprefix(_PAY_PAGE)
        with self._lock:
            if token in self._opened:
                return ""
            self._opened.add(token)
        return token

    def way_back(self, payment: Row) -> Back:
        """By GET; the merchant's own query string survives."""
        parts = urlsplit(str(payment["return_url"]))
        status = "OK" if payment["charged"] is not None else "FAILED"
        query = [
            *parse_qsl(parts.query, keep_blank_values=True),
            ("token", payment["token"]),
            ("payment_status", status),
        ]
        return Back("GET", urlunsplit(parts._replace(query=urlencode(query))))


def _answer(status: int, content: Mapping[str, object]) -> Answer:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, JSON)


def _refusal(status: int, *errors: str) -> Answer:
    return _answer(status, {"status": 0, "errors": list(errors)})


def _read(body: bytes) -> Fields:
    try:
        fields = json.loads(body)
    except ValueError:
        raise Refused(422, "ورودی نامعتبر است") from None
    if not isinstance(fields, dict):
        raise Refused(422, "ورودی نامعتبر است")
    return fields


def _let_in(sales: Sales, fields: Fields) -> Row:
    key = fields.get("api_key")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise Refused(401, "api_key نامعتبر است")
    terminal = sales.terminal("vandar", key, key, number=key[:8])
    if terminal is None:
        raise Refused(401, "api_key نامعتبر است")
    return terminal


def _send(call: Call) -> dict[str, object]:
    amount, address = call.fields.get("amount"), call.fields.get("callback_url")
    errors = []
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 1_000:
        errors.append("مقدار amount باید دست کم ۱۰۰۰ باشد")
    if not isinstance(address, str) or urlsplit(address).scheme not in {"http", "https"}:
        errors.append("callback_url نامعتبر است")
    if errors or not isinstance(amount, int):
        raise Refused(422, *errors)
    order = Order(
        "vandar",
        call.terminal["terminal"],
        str(call.fields.get("factorNumber", "")),
        amount,
        str(address),
        description=str(call.fields.get("description", "")),
        mobile=str(call.fields.get("mobile_number", "")),
        is_unique=False,
    )
    return {"status": 1, "token": call.sales.start(order, letters(24))}


def _payment(call: Call) -> Row:
    payment = call.sales.by_token(str(call.fields.get("token", "")))
    is_ours = payment is not None and payment["terminal"] == call.terminal["terminal"]
    if payment is None or payment["bank"] != "vandar" or not is_ours:
        raise Refused(404, "تراکنش یافت نشد")
    return payment


def _transaction(call: Call) -> dict[str, object]:
    payment = _payment(call)
    code = _CODES[payment["state"]]
    if payment["charged"] is None:
        return {"status": 0 if code == 0 else 1, "code": code, "message": _MESSAGES[code]}
    return {
        "status": 1,
        "amount": str(payment["charged"]),
        "transId": int(payment["reference"]),
        "refnumber": f"Gmshty{payment['reference']}",
        "trackingCode": trace_number(payment),
        "factorNumber": payment["order_number"] or None,
        "mobile": payment["mobile"] or None,
        "description": payment["description"],
        "cardNumber": payment["card"],
        "CID": None,
        "createdAt": _moment(payment["started_at"]),
        "paymentDate": _moment(payment["paid_at"]),
        "code": code,
        "message": _MESSAGES[code],
    }


def _verify(call: Call) -> dict[str, object]:
    payment = _payment(call)
    if payment["state"] == "reversed":
        return {"status": 3, "message": _MESSAGES[3]}
    if payment["state"] not in {"paid", "settled"}:
        raise Refused(422, "تراکنش قابل تایید نیست")
    if not call.sales.verify(payment, settles=True):
        return {"status": 2, "message": _MESSAGES[2]}
    return {
        "status": 1,
        "amount": f"{payment['charged']}.00",
        "realAmount": payment["charged"],
        "wage": "0",
        "transId": int(payment["reference"]),
        "factorNumber": payment["order_number"],
        "mobile": payment["mobile"] or None,
        "description": payment["description"],
        "cardNumber": payment["card"],
        "paymentDate": _moment(payment["paid_at"]),
        "cid": None,
        "message": "ok",
    }


def _moment(epoch: int) -> str:
    return f"{local(epoch):%Y-%m-%d %H:%M:%S}"


_CALLS: Mapping[str, Callable[[Call], dict[str, object]]] = {
    "send": _send,
    "transaction": _transaction,
    "verify": _verify,
}
