"""Pasargad as its guide shows the token API: log-in, JSON in and out, back to us by GET."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

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
from payment_gateways.sandbox.sessions import Sessions
from payment_gateways.sandbox.tehran import local
from payment_gateways.sandbox.wire import Back, Names, Why

_BASE = "/dorsa1"
_LOG_IN = "getToken"
_CALL = re.compile(r"/dorsa1/(?:token|api/payment)/(?P<operation>[\w/-]+)")
_PAGE = re.compile(r"/dorsa1/(?P<url_id>[0-9a-f]{55})")
_TOKEN_SECONDS = 600
_WHOLE = re.compile(r"[0-9]{1,20}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_REFUSED = {Why.CREDENTIALS: 13047, Why.ADDRESS: 13422, Why.SESSION_OVER: 401}
_UNLISTED = 19999
_MESSAGES = {
    401: "not authorized",
    13000: "Invalid Input",
    13003: "Invoice is not unique",
    13009: "url token not found",
    13016: "Transaction not found",
    13019: "Invoice is not match with login user",
    13021: "Payment Page already has been cancelled",
    13022: "transaction not payed",
    13025: "transaction not success",
}
# How an inquiry names the state of a payment; the same codes refuse a confirm.
_STATUS = {
    "open": 13022, "cancelled": 13021, "expired": 13025, "paid": 13031, "settled": 13029,
    "reversed": 13033,
}  # fmt: skip
_CAME_BACK = {"cancelled": "cancel", "expired": "expire", "open": "unknown"}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a merchant who is logged in."""

    sales: Sales
    terminal: Row
    fields: Mapping[str, Any]
    host: str


class Refused(Exception):
    """A call is declined with a code of the guide."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class PasargadWire:
    """The log-in, the payment service, the pay page and the query that comes back."""

    slug = "pasargad"
    terms = Terms(page_seconds=15 * 60, verify_seconds=10 * 60, reverse_seconds=10 * 60)
    names = Names(
        code=("resultCode", "status"),
        amount=("amount",),
        order=("invoice",),
        reference=("referenceNumber",),
    )
    steps: Mapping[str, str] = {
        "log_in": _LOG_IN,
        "start": "purchase",
        "confirm": "confirm-transactions",
        "inquire": "payment-inquiry",
        "recover": "payment-inquiry",
        "reverse": "reverse-transactions",
        "check": "payment-inquiry",
    }

    def __init__(self) -> None:
        self._sessions = Sessions(self.slug, _TOKEN_SECONDS)

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account for terminal ``number``; its user is called like it."""
        terminal = str(95_000 + number)
        return {"terminal_id": terminal, "username": terminal, "password": "hushhush<&>"}

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret of an account."""
        terminal = settings.get("terminal_id") or settings["terminal"]
        return settings["username"], terminal, settings["password"]

    def operation(self, request: Request) -> str | None:
        """The last part of the address."""
        found = _CALL.fullmatch(request.path)
        return found["operation"] if found else None

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks."""
        try:
            fields = _read(request.body)
            if operation == _LOG_IN:
                return self._log_in(sales, fields)
            act = _OPERATIONS.get(operation, _unknown)
            return _done(act(self._let_in(sales, fields, request)))
        except Refused as refused:
            return _refusal(refused.code)

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call."""
        if operation == _LOG_IN and why is Why.CREDENTIALS:
            return _refusal(401)
        return _refusal(_REFUSED.get(why, _UNLISTED))

    def page_token(self, request: Request) -> str | None:
        """The urlId in the address."""
        found = _PAGE.fullmatch(request.path)
        return found["url_id"] if found else None

    def way_back(self, payment: Row) -> Back:
        """By GET; the merchant's own query string survives."""
        parts = urlsplit(str(payment["return_url"]))
        query = [
            *parse_qsl(parts.query, keep_blank_values=True),
            ("invoiceId", payment["order_number"]),
            ("status", _CAME_BACK.get(payment["state"], "success")),
        ]
        if payment["charged"] is not None:
            query += [
                ("referenceNumber", payment["reference"]),
                ("trackId", trace_number(payment)),
            ]
        return Back("GET", urlunsplit(parts._replace(query=urlencode(query))))

    def _let_in(self, sales: Sales, fields: Mapping[str, Any], request: Request) -> Call:
        terminal = self._sessions.terminal(sales, request)
        if terminal is None:
            raise Refused(401)
        return Call(sales, terminal, fields, request.headers.get("host", ""))

    def _log_in(self, sales: Sales, fields: Mapping[str, Any]) -> Answer:
        username, password = str(fields.get("username", "")), str(fields.get("password", ""))
        token = self._sessions.log_in(sales, username, password)
        if token is None:
            raise Refused(401)
        content = {
            "resultMsg": "Successful",
            "resultCode": 0,
            "token": token,
            "username": username,
            "firstName": username,
            "lastName": "",
            "userId": username,
            "roles": [{"authority": "merchant"}],
        }
        return Answer(200, _json(content), JSON)


def _done(data: object) -> Answer:
    content: dict[str, object] = {"resultMsg": "Successful", "resultCode": 0}
    return Answer(200, _json(content if data is None else content | {"data": data}), JSON)


def _refusal(code: int) -> Answer:
    content = {"resultMsg": _MESSAGES.get(code, "Failure"), "resultCode": code}
    return Answer(401 if code == 401 else 200, _json(content), JSON)


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        fields = json.loads(body)
    except ValueError:
        raise Refused(13000) from None
    if not isinstance(fields, dict):
        raise Refused(13000)
    return fields


def _unknown(_call: Call) -> object:
    raise Refused(13000)


def _purchase(call: Call) -> dict[str, object]:
    fields = call.fields
    amount, invoice, address = (fields.get(it) for it in ("amount", "invoice", "callbackApi"))
    if not isinstance(invoice, str) or not _WHOLE.fullmatch(invoice):
        raise Refused(13000)
    if not _DAY.fullmatch(str(fields.get("invoiceDate"))):
        raise Refused(13000)
    if (fields.get("serviceCode"), fields.get("serviceType")) != ("8", "PURCHASE"):
        raise Refused(13000)
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 1_000:
        raise Refused(13055)
    if str(fields.get("terminalNumber")) != call.terminal["terminal"]:
        raise Refused(13047)
    if not isinstance(address, str) or urlsplit(address).scheme not in {"http", "https"}:
        raise Refused(13028)
    order = Order(
        "pasargad",
        call.terminal["terminal"],
        invoice,
        amount,
        address,
        description=str(fields.get("description", "")),
        mobile=str(fields.get("mobileNumber", "")),
        payer_id=str(fields.get("paymentCode", "")),
    )
    try:
        url_id = call.sales.start(order, letters(55, "0123456789abcdef"))
    except DuplicateOrder:
        raise Refused(13003) from None
    return {"urlId": url_id, "url": f"http://{call.host}{_BASE}/{url_id}"}


def _payment(call: Call) -> Row:
    payment = call.sales.by_token(str(call.fields.get("urlId", "")))
    if payment is None or payment["bank"] != "pasargad":
        raise Refused(13009)
    if payment["terminal"] != call.terminal["terminal"]:
        raise Refused(13019)
    if payment["order_number"] != call.fields.get("invoice"):
        raise Refused(13016)
    return payment


def _confirm(call: Call) -> dict[str, object]:
    payment = _payment(call)
    if not call.sales.verify(payment, settles=True):
        now = call.sales.by_token(payment["token"]) or payment
        raise Refused(_STATUS[now["state"]])
    return {
        "invoice": payment["order_number"],
        "referenceNumber": payment["reference"],
        "trackId": trace_number(payment),
        "maskedCardNumber": payment["card"],
        "hashedCardNumber": hashlib.sha256(CARD.encode()).hexdigest(),
        "requestDate": _moment(payment),
        "amount": payment["charged"],
    }


def _reverse(call: Call) -> None:
    payment = _payment(call)
    if payment["state"] not in {"paid", "settled"}:
        raise Refused(_STATUS[payment["state"]])
    if not call.sales.may_still_reverse(payment):
        raise Refused(13076)
    if not call.sales.reverse(payment, before=payment["state"]):
        raise Refused(13046)


def _inquire(call: Call) -> dict[str, object]:
    invoice = str(call.fields.get("invoiceId", ""))
    payment = call.sales.by_order("pasargad", call.terminal["terminal"], invoice)
    if payment is None:
        raise Refused(13016)
    is_paid = payment["charged"] is not None
    return {
        "status": _STATUS[payment["state"]],
        "trackId": trace_number(payment) if is_paid else "",
        "transactionId": str(payment["id"]),
        "amount": payment["charged"] if is_paid else payment["amount"],
        "cardNumber": payment["card"] or "",
        "invoice": payment["order_number"],
        "url": payment["token"],
        "referenceNumber": payment["reference"] or "",
        "requestDate": _moment(payment),
    }


def _moment(payment: Row) -> str:
    return f"{local(payment['started_at']):%Y-%m-%dT%H:%M:%S}.000"


_OPERATIONS: Mapping[str, Callable[[Call], object]] = {
    "purchase": _purchase,
    "confirm-transactions": _confirm,
    "reverse-transactions": _reverse,
    "payment-inquiry": _inquire,
}
