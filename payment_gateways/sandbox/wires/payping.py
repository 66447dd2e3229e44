"""PayPing as its description shows version 3: toman, JSON in and out, JSON within a form back."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.sales import Order, Sales, Terms, letters
from payment_gateways.sandbox.serving import JSON, Answer, Request
from payment_gateways.sandbox.wire import Back, Names, Why

_PAGE = "/v3/pay/start/"
_REPORT = "/v1/report/"
_CALLS = {"/v3/pay": "pay", "/v3/pay/verify": "verify", "/v3/pay/reverse": "reverse"}
# The number of the account and something that nobody guesses, as our tokens are made up.
_TOKEN = re.compile(r"(?P<terminal>[0-9]{1,12})-[0-9a-z]{16,64}")
_UNLISTED = 9_999
_RIAL_OF_TOMAN = 10
_REPORT_STATE = {"open": 2, "cancelled": 3, "expired": 4, "paid": 5, "settled": 1, "reversed": 4}
_CAME_BACK = {"cancelled": "0", "expired": "-1", "open": "-1"}
_IS_REVERSIBLE = "reversible"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a merchant whom we let in."""

    sales: Sales
    terminal: Row
    fields: Mapping[str, Any]
    path: str
    host: str


class Refused(Exception):
    """A call is declined with a status of HTTP and a code of the description."""

    def __init__(self, status: int, code: int | None = None, message: object = None) -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code
        self.message = message


class PayPingWire:
    """The payments, the reports, the pay page and the form that comes back."""

    slug = "payping"
    terms = Terms(page_seconds=15 * 60, verify_seconds=10 * 60, reverse_seconds=30 * 60)
    names = Names(
        code=("paymentStatus",),  # the other code is the name of the payment
        amount=("amount",),
        order=("clientRefId",),
        reference=("paymentRefId", "invoiceNo"),
    )
    steps: Mapping[str, str] = {
        "start": "pay",
        "confirm": "verify",
        "inquire": "report",
        "recover": "report",
        "reverse": "reverse",
        "check": "report",
    }

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account for terminal ``number``; its token begins with its name."""
        terminal = str(97_000 + number)
        return {"terminal_id": terminal, "token": f"{terminal}-hushhushhushhush"}

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret of an account."""
        token = settings["token"]
        login = token.partition("-")[0]
        return login, settings.get("terminal_id") or settings.get("terminal") or login, token

    def operation(self, request: Request) -> str | None:
        """What is called, by address."""
        if request.path.startswith(_REPORT):
            return "report"
        return _CALLS.get(request.path)

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks."""
        try:
            call = _let_in(sales, request)
            return Answer(200, _json(_OPERATIONS[operation](call)), JSON)
        except Refused as refused:
            return _refusal(refused)

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call."""
        if why in {Why.CREDENTIALS, Why.SESSION_OVER}:
            return _refusal(Refused(401))
        return _refusal(Refused(400, 28 if why is Why.ADDRESS else _UNLISTED))

    def page_token(self, request: Request) -> str | None:
        """The payment's code in the address."""
        if not request.path.startswith(_PAGE):
            return None
        return request.path.removeprefix(_PAGE)

    def way_back(self, payment: Row) -> Back:
        """By POST: how it went, and the payment as JSON in one field."""
        data: dict[str, object] = {
            "clientRefId": payment["order_number"],
            "paymentCode": payment["token"],
            "amount": _toman(payment),
            "gatewayAmount": _toman(payment),
        }
        if payment["charged"] is not None:
            data |= {"paymentRefId": int(payment["reference"]), "cardNumber": payment["card"]}
        fields = {
            "status": _CAME_BACK.get(payment["state"], "1"),
            "errorCode": "",
            "data": _json(data).decode(),
        }
        return Back("POST", payment["return_url"], fields)


def _refusal(refused: Refused) -> Answer:
    told: dict[str, object] = {"errors": []}
    if refused.code is not None:
        told["code"] = refused.code
    if refused.message is not None:
        told["message"] = refused.message
    content = {
        "title": "error",
        "status": refused.status,
        "detail": "",
        "paypingTraceId": "0",
        "metaData": told,
    }
    return Answer(refused.status, _json(content), JSON)


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _let_in(sales: Sales, request: Request) -> Call:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    found = _TOKEN.fullmatch(token)
    if kind != "Bearer" or not found:
        raise Refused(401)
    terminal = sales.terminal("payping", found["terminal"], token)
    if terminal is None:
        raise Refused(401)
    host = request.headers.get("host", "")
    return Call(sales, terminal, _read(request.body), request.path, host)


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        fields = json.loads(body) if body else {}
    except ValueError:
        raise Refused(400, 133) from None
    if not isinstance(fields, dict):
        raise Refused(400, 133)
    return fields


def _toman(payment: Row) -> int:
    rial = payment["amount"] if payment["charged"] is None else payment["charged"]
    return int(rial) // _RIAL_OF_TOMAN


def _pay(call: Call) -> dict[str, object]:
    fields = call.fields
    amount, address = fields.get("Amount"), fields.get("ReturnUrl")
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise Refused(400, 9)
    if not 100 <= amount <= 50_000_000:
        raise Refused(400, 27)
    if not isinstance(address, str) or urlsplit(address).scheme not in {"http", "https"}:
        raise Refused(400, 38)
    order = Order(
        "payping",
        call.terminal["terminal"],
        str(fields.get("ClientRefId", "")),
        amount * _RIAL_OF_TOMAN,
        address,
        description=str(fields.get("Description", "")),
        mobile=str(fields.get("PayerIdentity", "")),
        payer_id=_IS_REVERSIBLE if fields.get("isReversible") is True else "",
        is_unique=False,
    )
    code = call.sales.start(order, letters(12))
    return {
        "paymentCode": code,
        "url": f"http://{call.host}{_PAGE}{code}",
        "amount": amount,
        "payerWage": 0,
        "businessWage": 0,
        "gatewayAmount": amount,
    }


def _named(call: Call, code: str) -> Row:
    """Find a payment that a call names by its code and, where it does, by its reference."""
    payment = call.sales.by_token(str(call.fields.get(code, "")))
    if payment is None or payment["bank"] != "payping":
        raise Refused(404, 26)
    if payment["terminal"] != call.terminal["terminal"]:
        raise Refused(404, 26)
    return payment


def _verify(call: Call) -> dict[str, object]:
    payment = _named(call, "PaymentCode")
    if payment["reference"] is None:
        raise Refused(400, 1 if payment["state"] == "cancelled" else 31)
    if str(call.fields.get("PaymentRefId")) != payment["reference"]:
        raise Refused(400, 133)
    if payment["state"] == "reversed":
        raise Refused(400, 39)
    if call.fields.get("Amount") != _toman(payment):
        raise Refused(400, 47)
    if not call.sales.verify(payment, settles=True):
        raise Refused(409, 110, _verified(payment))
    return _verified(payment)


def _verified(payment: Row) -> dict[str, object]:
    return {
        "amount": _toman(payment),
        "cardNumber": payment["card"],
        "cardHashPan": "0" * 64,
        "clientRefId": payment["order_number"],
        "paymentRefId": int(payment["reference"]),
        "code": payment["token"],
        "payedDate": _moment(payment["paid_at"]),
        "payerWage": 0,
        "businessWage": 0,
        "gatewayAmount": _toman(payment),
    }


def _reverse(call: Call) -> dict[str, object]:
    payment = _named(call, "paymentCode")
    is_possible = (
        payment["payer_id"] == _IS_REVERSIBLE
        and payment["state"] == "settled"
        and str(call.fields.get("paymentRefId")) == payment["reference"]
        and call.sales.may_still_reverse(payment)
    )
    if not is_possible or not call.sales.reverse(payment, before="settled"):
        raise Refused(400, 133)
    return {"paymentRefId": int(payment["reference"]), "paymentCode": payment["token"]}


def _report(call: Call) -> dict[str, object]:
    payment = call.sales.by_token(call.path.removeprefix(_REPORT))
    if payment is None or payment["bank"] != "payping":
        raise Refused(404)
    if payment["terminal"] != call.terminal["terminal"]:
        raise Refused(404)
    is_paid = payment["charged"] is not None
    return {
        "code": payment["token"],
        "amount": _toman(payment),
        "reqDate": _moment(payment["started_at"]),
        "payDate": _moment(payment["paid_at"]) if is_paid else None,
        "isPaid": payment["state"] == "settled",
        "paymentStatus": _REPORT_STATE[payment["state"]],
        "description": payment["description"],
        "payerIdentity": payment["mobile"],
        "rrn": payment["card"],
        "clientRefId": payment["order_number"],
        "invoiceNo": payment["reference"],
    }


def _moment(epoch: int) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"


_OPERATIONS: Mapping[str, Callable[[Call], dict[str, object]]] = {
    "pay": _pay,
    "verify": _verify,
    "reverse": _reverse,
    "report": _report,
}
