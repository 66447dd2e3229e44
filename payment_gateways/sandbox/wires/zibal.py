"""Zibal as its documentation shows it: JSON in and out, back to the merchant by GET.

The gateway and the platform, which are two hosts, are served side by side. The first access token
that a terminal's platform account shows becomes its token.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.sales import (
    DuplicateRefund,
    Order,
    Sales,
    Terms,
    TooMuch,
    digits,
)
from payment_gateways.sandbox.serving import JSON, Answer, Request
from payment_gateways.sandbox.tehran import local
from payment_gateways.sandbox.wire import Back, Names, Why

_PAY_PAGE = "/start/"
_PATHS = {
    "/v1/request": "request",
    "/v1/verify": "verify",
    "/v1/inquiry": "inquiry",
    "/v1/account/refund": "refund",
    "/v1/account/refund/inquiry": "refund_inquiry",
}
_OF_THE_PLATFORM = {"refund", "refund_inquiry"}
_REFUSED = {Why.CREDENTIALS: 102, Why.ADDRESS: 115}
_REFUSED_BY_THE_PLATFORM = {Why.CREDENTIALS: 3, Why.ADDRESS: 7}
_UNLISTED = 999

_MERCHANT = re.compile(r"[0-9a-f]{24}")
_MESSAGES = {
    3: "API key is invalid",
    102: "merchant not found",
    105: "amount must be more than 1,000",
    106: "callbackUrl is invalid",
    113: "amount is over the limit",
    115: "IP is not registered",
    201: "already confirmed",
    202: "not paid or failed",
    203: "invalid trackId",
}
_STATUS = {"open": -1, "cancelled": 3, "expired": 3, "paid": 2, "settled": 1, "reversed": 15}
_DONE_REFUND = 1

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a merchant whom we let in."""

    sales: Sales
    terminal: Row
    fields: Fields


class Refused(Exception):
    """A call is declined with a result code of the guide."""

    def __init__(self, result: int) -> None:
        super().__init__(result)
        self.result = result


class ZibalWire:
    """The REST service, the pay page, the query that comes back, and the platform's refunds."""

    slug = "zibal"
    terms = Terms(page_seconds=20 * 60, verify_seconds=20 * 60)
    names = Names(
        code=("result", "status"),
        amount=("amount",),
        order=("orderId",),
        reference=("refNumber", "refundId"),
    )
    steps: Mapping[str, str] = {
        "start": "request",
        "confirm": "verify",
        "inquire": "inquiry",
        "recover": "inquiry",
        "refund": "refund",
        "refund_status": "refund_inquiry",
        "check": "inquiry",
    }

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account for terminal ``number``."""
        return {
            "merchant": f"{number:08x}d9cb469fa1657086",
            "access_token": f"{number:08x}-platform-5f1c2b7e90",
            "wallet_id": str(1_000 + number),
        }

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret of an account."""
        merchant = settings["merchant"]
        terminal = settings.get("terminal_id") or settings.get("terminal") or merchant[:8]
        return merchant, terminal, merchant

    def operation(self, request: Request) -> str | None:
        """What the address names."""
        return _PATHS.get(request.path)

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks. The result stands in the answer, whose status is always good."""
        try:
            fields = _read(request.body)
            if operation in _OF_THE_PLATFORM:
                payment = _payment_at_platform(sales, fields, request)
                return _answer(1, **_PLATFORM[operation](sales, payment, fields))
            call = Call(sales, _let_in(sales, fields), fields)
            return _answer(100, **_GATEWAY[operation](call))
        except Refused as refused:
            return _answer(refused.result)

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call."""
        codes = _REFUSED_BY_THE_PLATFORM if operation in _OF_THE_PLATFORM else _REFUSED
        return _answer(codes.get(why, _UNLISTED))

    def page_token(self, request: Request) -> str | None:
        """The track id in the address."""
        if not request.path.startswith(_PAY_PAGE):
            return None
        return request.path.removeprefix(_PAY_PAGE).partition("/")[0]

    def way_back(self, payment: Row) -> Back:
        """By GET; the merchant's own query string survives."""
        parts = urlsplit(str(payment["return_url"]))
        is_paid = payment["charged"] is not None
        query = [
            *parse_qsl(parts.query, keep_blank_values=True),
            ("success", "1" if is_paid else "0"),
            ("trackId", payment["token"]),
            ("orderId", payment["order_number"]),
            ("status", "2" if is_paid else "3"),
        ]
        return Back("GET", urlunsplit(parts._replace(query=urlencode(query))))


def _answer(result: int, **fields: object) -> Answer:
    message = _MESSAGES.get(result, "success" if result in {1, 100} else "unknown")
    content = {"message": message, "result": result, **fields}
    return Answer(
        200, json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), JSON
    )


def _read(body: bytes) -> Fields:
    try:
        fields = json.loads(body)
    except ValueError:
        raise Refused(104) from None
    if not isinstance(fields, dict):
        raise Refused(104)
    return fields


def _let_in(sales: Sales, fields: Fields) -> Row:
    merchant = fields.get("merchant")
    if not isinstance(merchant, str) or not _MERCHANT.fullmatch(merchant):
        raise Refused(102)
    terminal = sales.terminal("zibal", merchant, merchant, number=merchant[:8])
    if terminal is None:
        raise Refused(102)
    return terminal


def _request(call: Call) -> dict[str, object]:
    amount, address = call.fields.get("amount"), call.fields.get("callbackUrl")
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 1_000:
        raise Refused(105)
    if amount > 2_000_000_000:
        raise Refused(113)
    if not isinstance(address, str) or urlsplit(address).scheme not in {"http", "https"}:
        raise Refused(106)
    order = Order(
        "zibal",
        call.terminal["terminal"],
        str(call.fields.get("orderId", "")),
        amount,
        address,
        description=str(call.fields.get("description", "")),
        mobile=str(call.fields.get("mobile", "")),
        is_unique=False,
    )
    return {"trackId": int(call.sales.start(order, digits(12)))}


def _payment(call: Call) -> Row:
    track_id = call.fields.get("trackId")
    payment = call.sales.by_token(str(track_id)) if isinstance(track_id, int) else None
    if payment is None or payment["bank"] != "zibal":
        raise Refused(203)
    if payment["terminal"] != call.terminal["terminal"]:
        raise Refused(203)
    return payment


def _verify(call: Call) -> dict[str, object]:
    payment = _payment(call)
    if payment["state"] == "settled":
        raise Refused(201)
    if payment["state"] != "paid":
        raise Refused(202)
    if not call.sales.verify(payment, settles=True):
        raise Refused(201)
    return {
        "status": 1,
        "paidAt": _moment(payment["paid_at"]),
        "amount": payment["charged"],
        "cardNumber": payment["card"],
        "refNumber": int(payment["reference"]),
        "description": payment["description"],
        "orderId": payment["order_number"],
        "multiplexingInfos": [],
    }


def _inquire(call: Call) -> dict[str, object]:
    payment = _payment(call)
    return {
        "status": _STATUS[payment["state"]],
        "createdAt": _moment(payment["started_at"]),
        "paidAt": _moment(payment["paid_at"]),
        "verifiedAt": _moment(payment["verified_at"]),
        "amount": payment["charged"] or payment["amount"],
        "wage": 0,
        "cardNumber": payment["card"],
        "refNumber": int(payment["reference"]) if payment["reference"] else None,
        "orderId": payment["order_number"],
        "description": payment["description"],
        "multiplexingInfos": [],
    }


def _payment_at_platform(sales: Sales, fields: Fields, request: Request) -> Row:
    """The payment that a call of the platform is about, if its token may ask about it."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if not token:
        raise Refused(2)
    payment = sales.by_token(str(fields.get("trackId") or fields.get("transactionTrackId")))
    if payment is None or payment["bank"] != "zibal":
        raise Refused(14)
    account = f"platform {payment['terminal']}"
    if sales.terminal("zibal", account, token, number=account) is None:
        raise Refused(3)
    return payment


def _refund(sales: Sales, payment: Row, fields: Fields) -> dict[str, object]:
    amount = fields.get("amount")
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise Refused(6)
    if not fields.get("accountId"):
        raise Refused(10)
    if amount < 10_000:
        raise Refused(12)
    if payment["state"] != "settled":
        raise Refused(14)
    try:
        refund = sales.refund(payment, _free_number(sales, payment, fields), amount)
    except (DuplicateRefund, TooMuch):
        raise Refused(6) from None
    split = [{"amount": amount, "wageAmount": 0, "refundId": refund["reference"]}]
    remaining = payment["charged"] - sales.refunded(payment)
    return {"data": {"reversed": False, "remaining": remaining, "split": split}}


def _free_number(sales: Sales, payment: Row, fields: Fields) -> str:
    """A name for a refund in the books. The same order sent again is carried out again."""
    number = str(fields.get("description", "")).partition(" ")[0] or digits(9)
    taken = [row["number"].partition("#")[0] for row in _refunds_of(sales, payment)]
    return f"{number}#{taken.count(number) + 1}" if number in taken else number


def _inquire_refunds(sales: Sales, payment: Row, _fields: Fields) -> dict[str, object]:
    rows = [
        {
            "refundId": row["reference"],
            "amount": row["amount"],
            "status": _DONE_REFUND,
            "description": row["number"].partition("#")[0],
            "createdAt": _moment(row["made_at"]),
        }
        for row in _refunds_of(sales, payment)
    ]
    return {"data": rows}


def _refunds_of(sales: Sales, payment: Row) -> list[Row]:
    rows = sales.refunds_at("zibal", payment["terminal"])
    return [row for row in rows if row["payment_id"] == payment["id"]]


def _moment(epoch: int | None) -> str | None:
    return f"{local(epoch):%Y-%m-%dT%H:%M:%S.%f}" if epoch else None


_GATEWAY: Mapping[str, Callable[[Call], dict[str, object]]] = {
    "request": _request,
    "verify": _verify,
    "inquiry": _inquire,
}
_PLATFORM: Mapping[str, Callable[[Sales, Row, Fields], dict[str, object]]] = {
    "refund": _refund,
    "refund_inquiry": _inquire_refunds,
}
