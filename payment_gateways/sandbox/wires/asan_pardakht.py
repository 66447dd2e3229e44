"""Asan Pardakht as its guide shows it: JSON in, an HTTP status out, a form back by POST."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

_SERVICE = "/v1/"
_PAY_PAGE = "/"  # the root of a host of its own
_UNLISTED = 498

# Each group of calls has a status of its own for who is not known.
_REFUSED = {
    Why.CREDENTIALS: {"Token": 473, "TranResult": 471},
    Why.ADDRESS: {"Token": 474, "TranResult": 471},
}
_IDENTITY = 477
_FAILED = 471
_MOMENT = re.compile(r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]) ([01]\d|2[0-3])[0-5]\d[0-5]\d")
_NO_VALUE = (
    "destinationMobile", "productId", "productNameFa", "productPrice", "operatorId",
    "operatorNameFa", "simTypeId", "simTypeTitleFa", "billId", "payId", "billOrganizationNameFa",
)  # fmt: skip

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a merchant whom we let in."""

    sales: Sales
    terminal: str
    fields: Fields


class AsanPardakhtWire:
    """The REST service, the pay page and the form that comes back."""

    slug = "asan_pardakht"
    terms = Terms(page_seconds=15 * 60, verify_seconds=30 * 60, reverse_seconds=3 * 3600)
    names = Names(amount=("amount",), order=("salesOrderID",), reference=("payGateTranID",))
    steps: Mapping[str, str] = {
        "start": "Token",
        "confirm": "Verify",
        "settle": "Settlement",
        "recover": "TranResult",
        "reverse": "Cancel",
        "check": "TranResult",
    }

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account for terminal ``number``."""
        return {"terminal_id": str(27_000 + number), "username": "ap", "password": "hushhush<&>"}

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret of an account."""
        terminal = settings.get("terminal_id") or settings["terminal"]
        return terminal, terminal, f"{settings['username']}\n{settings['password']}"

    def operation(self, request: Request) -> str | None:
        """The last part of the address, whose case counts."""
        name = request.path.removeprefix(_SERVICE)
        return name if name in _OPERATIONS and request.path != name else None

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks. What the guide reads by GET is not posted, nor the other way."""
        method = "GET" if operation == "TranResult" else "POST"
        if request.method != method:
            return Answer(405)
        user, password = (request.headers.get(name, "") for name in ("usr", "pwd"))
        if not user or not password:
            return Answer(401)
        fields = request.query if method == "GET" else _read(request.body)
        terminal = str(fields.get("merchantConfigurationId", ""))
        if not re.fullmatch(r"[0-9]{1,18}", terminal):
            return Answer(400)
        if not sales.terminal("asan_pardakht", terminal, f"{user}\n{password}"):
            return self.refuse(operation, Why.CREDENTIALS)
        return _OPERATIONS[operation](Call(sales, terminal, fields))

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call."""
        statuses = _REFUSED.get(why)
        return Answer(_UNLISTED if statuses is None else statuses.get(operation, _IDENTITY))

    def page_token(self, request: Request) -> str | None:
        """The RefId that a browser posts."""
        return request.form.get("RefId", "") if request.path == _PAY_PAGE else None

    def way_back(self, payment: Row) -> Back:
        """A form that says little: the merchant is to ask by its own number."""
        fields = {"ReturningParams": letters(64)}
        if payment["charged"] is not None:
            fields |= {"PayGateTranId": payment["reference"], "MerchantShaparakFee": "0"}
        return Back("POST", payment["return_url"], fields)


def _read(body: bytes) -> Fields:
    try:
        fields = json.loads(body)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _json(content: object) -> Answer:
    return Answer(
        200, json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), JSON
    )


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def _token(call: Call) -> Answer:
    fields = call.fields
    order_number, amount = fields.get("localInvoiceId"), fields.get("amountInRials")
    address = fields.get("callbackURL")
    if fields.get("serviceTypeId") != 1:
        return Answer(479)
    if not _is_whole(order_number):
        return Answer(475)
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 1_000:
        return Answer(476)
    if not _MOMENT.fullmatch(str(fields.get("localDate", ""))):
        return Answer(478)
    if not isinstance(address, str) or urlsplit(address).scheme not in {"http", "https"}:
        return Answer(488)
    if not re.fullmatch(r"[0-9]{1,30}", str(fields.get("paymentId", ""))):
        return Answer(480)
    if fields.get("settlementPortions") != [] or len(str(fields.get("additionalData"))) > 100:
        return Answer(400)
    order = Order(
        "asan_pardakht",
        call.terminal,
        str(order_number),
        amount,
        address,
        description=str(fields["additionalData"]),
        payer_id=str(fields["paymentId"]),
    )
    try:
        return _json(call.sales.start(order, letters(40)))
    except DuplicateOrder:
        return Answer(489)


def _result(call: Call) -> Answer:
    number = str(call.fields.get("localInvoiceId", ""))
    payment = call.sales.by_order("asan_pardakht", call.terminal, number)
    if payment is None or payment["charged"] is None:
        return Answer(472)
    paid_at = local(payment["paid_at"])
    return _json(
        {
            "cardNumber": payment["card"],
            "rrn": f"6{trace_number(payment):0>11}",
            "refID": payment["token"],
            "amount": str(payment["charged"]),
            "payGateTranID": payment["reference"],
            "salesOrderID": payment["order_number"],
            "hash": hashlib.sha256(CARD.encode()).hexdigest(),
            "serviceTypeId": 1,
            "serviceStatusCode": "0",
            **dict.fromkeys(_NO_VALUE),
            "payGateTranDate": f"{paid_at:%Y-%m-%dT%H:%M:%S}",
            "payGateTranDateEpoch": payment["paid_at"],
        }
    )


def _sale(call: Call) -> Row | None:
    number = call.fields.get("payGateTranId")
    if not _is_whole(number):
        return None
    return call.sales.by_reference("asan_pardakht", call.terminal, str(number))


def _stands(sale: Row) -> int:
    """The status that says how a sale stands, where a call came too early or too late."""
    if sale["state"] == "reversed":
        if sale["verified_at"]:
            return 478
        return 476 if sale["reversed_at"] == sale["verify_until"] else 474
    if sale["state"] == "settled":
        return 475 if sale["line_id"] else 473
    return 472 if sale["state"] == "verified" else _FAILED


def _done(call: Call, act: Callable[[Row], bool]) -> Answer:
    """Do one step with the sale that a call names; else say how the sale stands."""
    sale = _sale(call)
    if sale is None:
        return Answer(_FAILED)
    return Answer(200 if act(sale) else _stands(_sale(call) or sale))


def _verify(call: Call) -> Answer:
    return _done(call, call.sales.verify)


def _settle(call: Call) -> Answer:
    return _done(call, call.sales.settle)


def _reverse(call: Call) -> Answer:
    return _done(call, lambda sale: call.sales.reverse(sale, before="paid"))


def _cancel(call: Call) -> Answer:
    sale = _sale(call)
    if sale is not None and not call.sales.may_still_reverse(sale):
        return Answer(_FAILED if sale["state"] == "verified" else _stands(sale))
    return _done(call, lambda sale: call.sales.reverse(sale, before="verified"))


_OPERATIONS: Mapping[str, Callable[[Call], Answer]] = {
    "Token": _token,
    "TranResult": _result,
    "Verify": _verify,
    "Settlement": _settle,
    "Reverse": _reverse,
    "Cancel": _cancel,
}
