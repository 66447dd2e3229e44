"""Zarinpal as its documentation shows it: JSON in and out, back to the merchant by GET.

The merchant's panel, another host, is served beside it: GraphQL for refunds. The first access token
that a terminal's panel is shown becomes its token.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.fees import fee_rial
from payment_gateways.sandbox.sales import CARD, Order, Sales, Terms, TooMuch, letters
from payment_gateways.sandbox.serving import JSON, Answer, Request
from payment_gateways.sandbox.tehran import local
from payment_gateways.sandbox.wire import Back, Names, Why

_SERVICE = "/pg/v4/payment/"
_PAY_PAGE = "/pg/StartPay/"
_PANEL = "/api/v4/graphql/"
_ASKED_OF_PANEL = re.compile(r"\b(AddRefund|GetRefunds|Session)\(")
_OF_THE_PANEL = {"AddRefund", "GetRefunds", "Session", "panel"}
_SMALLEST_REFUND = 20_000
_REFUSED_BY_THE_PANEL = {Why.CREDENTIALS: "authentication", Why.ADDRESS: "authorization"}
_PANEL_STATUS = {"authentication": 401, "authorization": 403}
_REFUSED = {Why.CREDENTIALS: -10, Why.ADDRESS: -10}
_UNLISTED = -999

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MESSAGES = {
    -2: "Callback URL is missing",
    -4: "Amount is out of range",
    -9: "The input params invalid, validation error.",
    -10: "Terminal is not valid, please check merchant_id or ip address.",
    -41: "Maximum amount is 100,000,000 tomans",
    -50: "Session is not valid, amounts values is not the same.",
    -51: "Session is not valid, session is not active paid try.",
    -53: "Session is not this merchant_id session",
    -54: "Invalid authority.",
    -61: "Session is not success, or reversed before",
    -63: "Time limit for reverse is over",
}
_STATUS = {
    "open": "IN_BANK", "cancelled": "FAILED", "expired": "FAILED", "paid": "PAID",
    "settled": "VERIFIED", "reversed": "REVERSED",
}  # fmt: skip

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a merchant whom we let in."""

    sales: Sales
    terminal: Row
    fields: Fields


class Refused(Exception):
    """A call is declined with a code of the guide."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class RefusedByPanel(Exception):
    """The panel declines, with the category of its error."""

    def __init__(self, category: str) -> None:
        super().__init__(category)
        self.category = category


class ZarinpalWire:
    """The REST service, the pay page, the query that comes back, and the panel's refunds."""

    slug = "zarinpal"
    terms = Terms(page_seconds=30 * 60, verify_seconds=None, reverse_seconds=30 * 60)
    names = Names(code=("code",), reference=("ref_id", "id"))
    steps: Mapping[str, str] = {
        "start": "request",
        "confirm": "verify",
        "inquire": "inquiry",
        "recover": "inquiry",
        "reverse": "reverse",
        "list_unverified": "unVerified",
        "refund": "AddRefund",
        "refund_status": "GetRefunds",
        "check": "unVerified",
    }

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account for terminal ``number``."""
        return {
            "merchant_id": f"{number:08x}-d9cb-469f-a165-70867728950e",
            "terminal_id": f"{number:08x}",
            "access_token": f"{number:08x}-panel-5f1c2b7e90",
        }

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret of an account."""
        merchant = settings["merchant_id"]
        terminal = settings.get("terminal_id") or settings.get("terminal") or merchant[:8]
        return merchant, terminal, merchant

    def operation(self, request: Request) -> str | None:
        """The last part of the address, or what the panel is asked."""
        path = request.path
        if path == _PANEL:
            asked = _ASKED_OF_PANEL.search(request.body.decode("utf-8", "replace"))
            return asked[1] if asked else "panel"
        if not path.startswith(_SERVICE) or not path.endswith(".json"):
            return None
        return path.removeprefix(_SERVICE).removesuffix(".json")

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks."""
        if operation in _OF_THE_PANEL:
            return _done_by_panel(sales, operation, request)
        act = _OPERATIONS.get(operation)
        if act is None:
            return _refusal(404, -9)
        try:
            fields = _read(request.body)
            return Answer(200, _data(act(Call(sales, _let_in(sales, fields), fields))), JSON)
        except Refused as refused:
            return _refusal(422 if refused.code == -9 else 401, refused.code)

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call."""
        if operation in _OF_THE_PANEL:
            return _panel_refusal(_REFUSED_BY_THE_PANEL.get(why, "unlisted"))
        return _refusal(401, _REFUSED.get(why, _UNLISTED))

    def page_token(self, request: Request) -> str | None:
        """The authority in the address."""
        if not request.path.startswith(_PAY_PAGE):
            return None
        return request.path.removeprefix(_PAY_PAGE).partition("/")[0]

    def way_back(self, payment: Row) -> Back:
        """By GET; the merchant's own query string survives."""
        parts = urlsplit(str(payment["return_url"]))
        status = "OK" if payment["charged"] is not None else "NOK"
        query = [*parse_qsl(parts.query, keep_blank_values=True), ("Authority", payment["token"])]
        address = parts._replace(query=urlencode([*query, ("Status", status)]))
        return Back("GET", urlunsplit(address))


def _data(data: Mapping[str, object]) -> bytes:
    """Write a success: ``errors`` is an empty list then."""
    return _json({"data": data, "errors": []})


def _refusal(status: int, code: int) -> Answer:
    """Write a refusal: ``data`` is an empty list then."""
    message = _MESSAGES.get(code, "Unknown")
    errors = {"code": code, "message": message, "validations": []}
    return Answer(status, _json({"data": [], "errors": errors}), JSON)


def _json(answer: object) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def _read(body: bytes) -> Fields:
    try:
        fields = json.loads(body)
    except ValueError:
        raise Refused(-9) from None
    if not isinstance(fields, dict):
        raise Refused(-9)
    return fields


def _let_in(sales: Sales, fields: Fields) -> Row:
    merchant = fields.get("merchant_id")
    if not isinstance(merchant, str) or not _UUID.fullmatch(merchant):
        raise Refused(-10)
    terminal = sales.terminal("zarinpal", merchant, merchant, number=merchant[:8])
    if terminal is None:
        raise Refused(-10)
    return terminal


def _request(call: Call) -> dict[str, object]:
    amount, address = call.fields.get("amount"), call.fields.get("callback_url")
    metadata = call.fields.get("metadata") or {}
    if (
        not isinstance(amount, int)
        or isinstance(amount, bool)
        or not call.fields.get("description")
    ):
        raise Refused(-9)
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise Refused(-9)
    if not isinstance(address, str) or urlsplit(address).scheme not in {"http", "https"}:
        raise Refused(-2)
    amount *= {"IRR": 1, "IRT": 10}.get(call.fields.get("currency", "IRR"), 0)
    if amount < 1_000:
        raise Refused(-4)
    if amount > 1_000_000_000:
        raise Refused(-41)
    authority = call.sales.start(
        Order(
            "zarinpal",
            call.terminal["terminal"],
            metadata.get("order_id", ""),
            amount,
            address,
            description=str(call.fields["description"]),
            mobile=metadata.get("mobile", ""),
            is_unique=False,
        ),
        "A" + letters(35),
    )
    return {
        "code": 100,
        "message": "Success",
        "authority": authority,
        "fee_type": "Merchant",
        "fee": fee_rial(amount),
    }


def _payment(call: Call) -> Row:
    payment = call.sales.by_token(str(call.fields.get("authority", "")))
    if payment is None or payment["bank"] != "zarinpal":
        raise Refused(-54)
    if payment["terminal"] != call.terminal["terminal"]:
        raise Refused(-53)
    return payment


def _verify(call: Call) -> dict[str, object]:
    payment = _payment(call)
    if payment["state"] not in {"paid", "settled"}:
        raise Refused(-51)
    if call.fields.get("amount") != payment["charged"]:
        raise Refused(-50)
    is_first = call.sales.verify(payment, settles=True)
    return {
        "code": 100 if is_first else 101,
        "message": "Paid" if is_first else "Verified",
        "card_hash": hashlib.sha256(CARD.encode()).hexdigest().upper(),
        "card_pan": payment["card"],
        "ref_id": int(payment["reference"]),
        "fee_type": "Merchant",
        "fee": fee_rial(payment["charged"]),
    }


def _inquire(call: Call) -> dict[str, object]:
    payment = _payment(call)
    return {"status": _STATUS[payment["state"]], "code": 100, "message": "Success"}


def _reverse(call: Call) -> dict[str, object]:
    payment = _payment(call)
    if payment["state"] not in {"paid", "settled"}:
        raise Refused(-61)
    if not call.sales.may_still_reverse(payment):
        raise Refused(-63)
    if not call.sales.reverse(payment, before=payment["state"]):
        raise Refused(-61)
    return {"code": 100, "message": "Reversed"}


def _unverified(call: Call) -> dict[str, object]:
    rows = call.sales.unverified("zarinpal", call.terminal["terminal"])
    listed = [
        {
            "authority": row["token"],
            "amount": row["charged"],
            "callback_url": row["return_url"],
            "referer": "",
            "date": f"{local(row['paid_at']):%Y-%m-%d %H:%M:%S}",
        }
        for row in rows
    ]
    return {"code": 100, "message": "Success", "authorities": listed}


def _fee(call: Call) -> dict[str, object]:
    amount = call.fields.get("amount")
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise Refused(-9)
    return {
        "code": 100, "message": "Success", "amount": amount, "fee": fee_rial(amount),
        "fee_type": "Merchant", "suggested_amount": amount,
    }  # fmt: skip


_OPERATIONS: Mapping[str, Callable[[Call], dict[str, object]]] = {
    "request": _request,
    "verify": _verify,
    "inquiry": _inquire,
    "reverse": _reverse,
    "unVerified": _unverified,
    "feeCalculation": _fee,
}


def _done_by_panel(sales: Sales, operation: str, request: Request) -> Answer:
    try:
        variables = _variables(operation, request)
        terminal = _let_into_panel(sales, variables, request)
        data = _PANEL_OPERATIONS[operation](sales, terminal, variables)
        return Answer(200, _json({"data": data}), JSON)
    except Refused:
        return _panel_refusal("validation")
    except RefusedByPanel as refused:
        return _panel_refusal(refused.category)


def _variables(operation: str, request: Request) -> Fields:
    variables = _read(request.body).get("variables")
    if not isinstance(variables, dict) or operation not in _PANEL_OPERATIONS:
        raise RefusedByPanel("validation")
    return variables


def _let_into_panel(sales: Sales, variables: Fields, request: Request) -> str:
    """The terminal whose panel is asked, if the token is that panel's."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    payment = _payment_of_session(sales, variables.get("session_id"))
    terminal = str(payment["terminal"] if payment else variables.get("terminal_id", ""))
    panel = f"panel {terminal}"
    if not token or sales.terminal("zarinpal", panel, token, number=panel) is None:
        raise RefusedByPanel("authentication")
    return terminal


def _panel_refusal(category: str) -> Answer:
    error = {"message": category, "extensions": {"category": category}}
    status = _PANEL_STATUS.get(category, 200)
    return Answer(status, _json({"errors": [error], "data": None}), JSON)


def _sessions(sales: Sales, terminal: str, variables: Fields) -> dict[str, object]:
    reference = str(variables.get("reference_id", ""))
    payment = sales.by_reference("zarinpal", terminal, reference)
    if payment is None:
        return {"Session": []}
    session = {
        "id": _session_id(payment),
        "status": _STATUS[payment["state"]],
        "amount": payment["charged"],
    }
    return {"Session": [session]}


def _add_refund(sales: Sales, _terminal: str, variables: Fields) -> dict[str, object]:
    payment = _payment_of_session(sales, variables.get("session_id"))
    amount = variables.get("amount")
    if payment is None or payment["state"] != "settled":
        raise RefusedByPanel("validation")
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < _SMALLEST_REFUND:
        raise RefusedByPanel("validation")
    number = str(variables.get("description", "")).partition(" ")[0]
    # The same order sent again is carried out again.
    taken = [row["number"].partition("#")[0] for row in _refunds_at(sales, payment["terminal"])]
    name = f"{number}#{taken.count(number) + 1}" if number in taken else number
    try:
        refund = sales.refund(payment, name, amount)
    except TooMuch:
        raise RefusedByPanel("validation") from None
    timeline = {"refund_status": "PENDING"}
    return {"resource": {"id": refund["reference"], "amount": amount, "timeline": timeline}}


def _list_refunds(sales: Sales, terminal: str, variables: Fields) -> dict[str, object]:
    limit, offset = int(variables.get("limit", 25)), int(variables.get("offset", 0))
    listed = [
        {
            "id": row["reference"],
            "amount": row["amount"],
            "status": "DONE",
            "description": row["number"].partition("#")[0],
        }
        for row in _refunds_at(sales, terminal)[offset : offset + limit]
    ]
    return {"refunds": listed}


def _refunds_at(sales: Sales, terminal: str) -> list[Row]:
    return list(sales.refunds_at("zarinpal", terminal))


def _session_id(payment: Row) -> str:
    """The panel's name for a payment: here the authority without its first letter."""
    return str(payment["token"])[1:]


def _payment_of_session(sales: Sales, session_id: object) -> Row | None:
    payment = sales.by_token(f"A{session_id}") if session_id else None
    return payment if payment is not None and payment["bank"] == "zarinpal" else None


_PANEL_OPERATIONS: Mapping[str, Callable[[Sales, str, Fields], dict[str, object]]] = {
    "Session": _sessions,
    "AddRefund": _add_refund,
    "GetRefunds": _list_refunds,
}
