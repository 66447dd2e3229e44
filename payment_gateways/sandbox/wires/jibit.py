"""Jibit as its official description shows it: tokens, JSON in and out, a form back by POST."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.sales import (
    DuplicateOrder,
    Order,
    Sales,
    Terms,
    TooMuch,
    digits,
    trace_number,
)
from payment_gateways.sandbox.serving import JSON, Answer, Request
from payment_gateways.sandbox.sessions import Sessions
from payment_gateways.sandbox.wire import Back, Names, Why

_SERVICE = "/ppg/v3/"
_TOKEN_SECONDS = 24 * 3600
_PAGE = re.compile(r"/ppg/v3/purchases/(?P<purchase>[^/]+)/payments")
_VERIFY = re.compile(r"/ppg/v3/purchases/(?P<purchase>[^/]+)/verify")
_REFUND_STATUS = re.compile(r"/ppg/v3/purchases/refunds/(?P<purchase>[^/]+)")
_CALLS = {
    ("POST", "/ppg/v3/tokens"): "tokens",
    ("POST", "/ppg/v3/purchases"): "create",
    ("GET", "/ppg/v3/purchases"): "find",
    ("POST", "/ppg/v3/purchases/reverse"): "reverse",
    ("POST", "/ppg/v3/purchases/refund"): "refund",
}
_REFUSED = {
    Why.CREDENTIALS: "client.not_active",
    Why.ADDRESS: "ip.not_trusted",
    Why.SESSION_OVER: "token.verification_failed",
}
_UNLISTED = "moon.is_full"
_STATE = {
    "open": "IN_PROGRESS", "cancelled": "FAILED", "expired": "EXPIRED", "paid": "READY_TO_VERIFY",
    "settled": "SUCCESS", "reversed": "REVERSED",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a merchant who is logged in."""

    sales: Sales
    terminal: Row
    fields: Mapping[str, Any]
    query: Mapping[str, str]
    path: str
    host: str


class Refused(Exception):
    """A call is declined with a word of the description."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class JibitWire:
    """The tokens, the purchases, the pay page and the form that comes back."""

    slug = "jibit"
    terms = Terms(page_seconds=15 * 60, verify_seconds=15 * 60, reverse_seconds=30 * 60)
    names = Names(
        code=("status", "state", "code"),
        amount=("amount",),
        order=("clientReferenceNumber",),
        reference=("pspRrn", "transferId"),
    )
    steps: Mapping[str, str] = {
        "log_in": "tokens",
        "start": "create",
        "confirm": "verify",
        "inquire": "find",
        "recover": "find",
        "reverse": "reverse",
        "refund": "refund",
        "refund_status": "refund_status",
        "list_unverified": "find",
        "check": "find",
    }

    def __init__(self) -> None:
        self._sessions = Sessions(self.slug, _TOKEN_SECONDS)

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account for terminal ``number``; its key is called like it."""
        terminal = str(96_000 + number)
        return {"terminal_id": terminal, "api_key": terminal, "secret_key": "hushhush<&>"}

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret of an account."""
        terminal = settings.get("terminal_id") or settings["terminal"]
        return settings["api_key"], terminal, settings["secret_key"]

    def operation(self, request: Request) -> str | None:
        """What is called, by address and method."""
        path = request.path
        if not path.startswith(_SERVICE) or _PAGE.fullmatch(path):
            return None
        if _VERIFY.fullmatch(path):
            return "verify"
        if _REFUND_STATUS.fullmatch(path):
            return "refund_status"
        return _CALLS.get((request.method, path), "no call")

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks."""
        try:
            fields = _read(request.body)
            if operation == "tokens":
                return self._log_in(sales, fields)
            act = _OPERATIONS.get(operation, _unknown)
            return Answer(200, _json(act(self._let_in(sales, fields, request))), JSON)
        except Refused as refused:
            return _refusal(refused.code)

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call."""
        if operation == "tokens" and why in {Why.CREDENTIALS, Why.SESSION_OVER}:
            return _refusal("security.bad_credentials")
        return _refusal(_REFUSED.get(why, _UNLISTED))

    def page_token(self, request: Request) -> str | None:
        """The purchase in the address."""
        found = _PAGE.fullmatch(request.path)
        return found["purchase"] if found else None

    def way_back(self, payment: Row) -> Back:
        """The form that comes back by POST."""
        is_paid = payment["charged"] is not None
        fields = {
            "purchaseId": payment["token"],
            "status": "SUCCESSFUL" if is_paid else "FAILED",
            "amount": str(payment["charged"] if is_paid else payment["amount"]),
            "wage": "0",
            "currency": "IRR",
            "clientReferenceNumber": payment["order_number"],
            "pspName": "behpardakht-ipg",
        }
        if is_paid:
            fields |= {
                "pspRRN": payment["reference"],
                "pspReferenceNumber": f"R{payment['reference']}",
                "pspTraceNumber": trace_number(payment),
                "payerMaskedCardNumber": payment["card"],
            }
        else:
            fields["failReason"] = "CANCELLED_BY_USER"
        return Back("POST", payment["return_url"], fields)

    def _let_in(self, sales: Sales, fields: Mapping[str, Any], request: Request) -> Call:
        if "authorization" not in request.headers:
            raise Refused("security.auth_required")
        terminal = self._sessions.terminal(sales, request)
        if terminal is None:
            raise Refused("token.verification_failed")
        host = request.headers.get("host", "")
        return Call(sales, terminal, fields, request.query, request.path, host)

    def _log_in(self, sales: Sales, fields: Mapping[str, Any]) -> Answer:
        key, secret = str(fields.get("apiKey", "")), str(fields.get("secretKey", ""))
        token = self._sessions.log_in(sales, key, secret)
        if token is None:
            raise Refused("security.bad_credentials")
        return Answer(200, _json({"accessToken": token, "refreshToken": f"{token}r"}), JSON)


def _refusal(code: str) -> Answer:
    errors = [{"code": code, "message": ""}]
    is_access = code.startswith(("security.", "token."))
    status = 401 if is_access else 403 if code == "ip.not_trusted" else 400
    return Answer(status, _json({"errors": errors, "fingerprint": "0"}), JSON)


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        fields = json.loads(body) if body else {}
    except ValueError:
        raise Refused("web.invalid_or_missing_body") from None
    if not isinstance(fields, dict):
        raise Refused("web.invalid_or_missing_body")
    return fields


def _unknown(_call: Call) -> object:
    raise Refused("web.invalid_or_missing_body")


def _create(call: Call) -> dict[str, object]:
    fields = call.fields
    amount, address = fields.get("amount"), fields.get("callbackUrl")
    number = fields.get("clientReferenceNumber")
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise Refused("amount.is_required")
    if fields.get("currency") != "IRR":
        raise Refused("currency.is_required")
    if amount < 5_000:
        raise Refused("amount.not_enough")
    if amount > 2_000_000_000:
        raise Refused("amount_plus_wage.permitted_value_exceeded")
    if not isinstance(number, str) or not 1 <= len(number) <= 50:
        raise Refused("clientReferenceNumber.is_required")
    if not isinstance(address, str) or urlsplit(address).scheme not in {"http", "https"}:
        raise Refused("callbackUrl.is_invalid")
    if len(str(fields.get("description", ""))) > 256:
        raise Refused("description.max_length")
    order = Order(
        "jibit",
        call.terminal["terminal"],
        number,
        amount,
        address,
        description=str(fields.get("description", "")),
        mobile=str(fields.get("payerMobileNumber", "")),
    )
    try:
        purchase = call.sales.start(order, digits(18))
    except DuplicateOrder:
        raise Refused("clientReferenceNumber.duplicated") from None
    return {
        "purchaseId": int(purchase),
        "purchaseIdStr": purchase,
        "clientReferenceNumber": number,
        "pspSwitchingUrl": f"http://{call.host}{_SERVICE}purchases/{purchase}/payments",
        "currency": "IRR",
    }


def _find(call: Call) -> dict[str, object]:
    page, size = int(call.query.get("page", "1")), int(call.query.get("size", "25"))
    if page > 20 or size > 250:
        raise Refused("page_size.max_exceeded")
    rows = _matching(call)
    shown = rows[(page - 1) * size : page * size]
    return {
        "pageNumber": page,
        "size": size,
        "numberOfElements": len(rows),
        "hasNext": len(rows) > page * size,
        "hasPrevious": page > 1,
        "elements": [_purchase(call, row) for row in shown],
    }


def _matching(call: Call) -> list[Row]:
    terminal = call.terminal["terminal"]
    if call.query.get("status") == "READY_TO_VERIFY":
        return list(call.sales.unverified("jibit", terminal))
    number = call.query.get("clientReferenceNumber")
    if number is not None:
        row = call.sales.by_order("jibit", terminal, number)
    else:
        row = call.sales.by_token(call.query.get("purchaseId", ""))
    return [row] if row and (row["bank"], row["terminal"]) == ("jibit", terminal) else []


def _purchase(call: Call, payment: Row) -> dict[str, object]:
    is_paid = payment["charged"] is not None
    amount = payment["charged"] if is_paid else payment["amount"]
    shown: dict[str, object] = {
        "purchaseId": int(payment["token"]),
        "purchaseIdStr": payment["token"],
        "amount": amount,
        "wage": 0,
        "currency": "IRR",
        "callbackUrl": payment["return_url"],
        "state": _state(payment),
        "clientReferenceNumber": payment["order_number"],
        "createdAt": _moment(payment["started_at"]),
        "hasContradiction": False,
    }
    if is_paid:
        shown |= {
            "pspName": "behpardakht-ipg",
            "pspRrn": payment["reference"],
            "pspReferenceNumber": f"R{payment['reference']}",
            "pspTraceNumber": trace_number(payment),
            "pspMaskedCardNumber": payment["card"],
            "refundableAmount": amount - call.sales.refunded(payment),
        }
    return shown


def _state(payment: Row) -> str:
    """Money that nobody verified in time goes back, and the purchase has expired."""
    if payment["state"] == "reversed" and payment["verified_at"] is None:
        return "EXPIRED"
    return _STATE[payment["state"]]


def _payment(call: Call, payment: Row | None) -> Row:
    terminal = call.terminal["terminal"]
    if payment is None or (payment["bank"], payment["terminal"]) != ("jibit", terminal):
        raise Refused("purchase.not_found")
    return payment


def _by_path(call: Call) -> Row:
    found = _VERIFY.fullmatch(call.path) or _REFUND_STATUS.fullmatch(call.path)
    return _payment(call, call.sales.by_token(found["purchase"] if found else ""))


def _by_fields(call: Call) -> Row:
    terminal, number = call.terminal["terminal"], call.fields.get("clientReferenceNumber")
    if not number:
        return _payment(call, call.sales.by_token(str(call.fields.get("purchaseId", ""))))
    return _payment(call, call.sales.by_order("jibit", terminal, str(number)))


def _verify(call: Call) -> dict[str, object]:
    payment = _by_path(call)
    if payment["state"] == "settled":
        return {"status": "ALREADY_VERIFIED"}
    if payment["state"] != "paid":
        return {"status": "NOT_VERIFIABLE"}
    is_first = call.sales.verify(payment, settles=True)
    return {"status": "SUCCESSFUL" if is_first else "ALREADY_VERIFIED"}


def _reverse(call: Call) -> dict[str, object]:
    payment = _by_fields(call)
    if payment["state"] == "reversed":
        return {"status": "ALREADY_REVERSED"}
    if payment["state"] not in {"paid", "settled"}:
        raise Refused("purchase.invalid_state")
    if call.sales.refunded(payment):
        raise Refused("purchase.refunded")
    may_reverse = call.sales.may_still_reverse(payment)
    if not may_reverse or not call.sales.reverse(payment, before=payment["state"]):
        return {"status": "NOT_REVERSIBLE"}
    return {"status": "SUCCESSFUL"}


def _refund(call: Call) -> dict[str, object]:
    payment = _by_fields(call)
    amount = call.fields.get("amount", payment["charged"])
    if payment["state"] != "settled":
        raise Refused("purchase.invalid_state")
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise Refused("web.invalid_or_missing_body")
    try:
        refund = call.sales.refund(payment, digits(15), amount)
    except TooMuch:
        raise Refused("transfers.0.amount.exceeded_maximum_for_normal") from None
    return {
        "refundId": int(payment["token"]),
        "partialRefundIndex": len(_refunds(call, payment)),
        "batchId": f"B{payment['token']}",
        "transferId": refund["reference"],
    }


def _refund_status(call: Call) -> dict[str, object]:
    payment = _by_path(call)
    refunds = _refunds(call, payment)
    if not refunds:
        raise Refused("transfer.not_found")
    return {
        "batchID": f"B{payment['token']}",
        "refundedAmount": call.sales.refunded(payment),
        "transfers": [
            {
                "refundId": int(payment["token"]),
                "partialRefundIndex": index,
                "transferMode": "NORMAL",
                "amount": refund["amount"],
                "currency": "IRR",
                "cancellable": False,
                "state": "IN_PROGRESS" if refund["line_id"] is None else "TRANSFERRED",
                "createdAt": _moment(refund["made_at"]),
                "transferID": refund["reference"],
            }
            for index, refund in enumerate(refunds, start=1)
        ],
    }


def _refunds(call: Call, payment: Row) -> list[Row]:
    """The refunds of a payment, the oldest first."""
    newest_first = call.sales.refunds_at("jibit", payment["terminal"])
    return [row for row in reversed(newest_first) if row["payment_id"] == payment["id"]]


def _moment(epoch: int) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"


_OPERATIONS: Mapping[str, Callable[[Call], object]] = {
    "create": _create,
    "find": _find,
    "verify": _verify,
    "reverse": _reverse,
    "refund": _refund,
    "refund_status": _refund_status,
}
