"""Zarinpal as its documentation shows it: JSON in and out, back to the merchant by GET."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.fees import fee_rial
from payment_gateways.sandbox.sales import CARD, Order, Sales
from payment_gateways.sandbox.tehran import local

SERVICE = "/pg/v4/payment/"
PAY_PAGE = "/pg/StartPay/"
UNLISTED = -999

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


def perform(sales: Sales, operation: str, body: bytes) -> tuple[int, bytes]:
    """Do what a call asks; returns the HTTP status and the answer."""
    act = _OPERATIONS.get(operation)
    if act is None:
        return 404, write_error(-9)
    try:
        fields = _read(body)
        return 200, write_data(act(Call(sales, _let_in(sales, fields), fields)))
    except Refused as refused:
        return 422 if refused.code == -9 else 401, write_error(refused.code)


def write_data(data: Mapping[str, object]) -> bytes:
    """Write a success: ``errors`` is an empty list then."""
    return _json({"data": data, "errors": []})


def write_error(code: int) -> bytes:
    """Write a refusal: ``data`` is an empty list then."""
    message = _MESSAGES.get(code, "Unknown")
    return _json({"data": [], "errors": {"code": code, "message": message, "validations": []}})


def return_address(payment: Row) -> str:
    """Where the payer's browser goes; the merchant's own query string survives."""
    parts = urlsplit(str(payment["return_url"]))
    status = "OK" if payment["charged"] is not None else "NOK"
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("Authority", payment["token"])]
    return urlunsplit(parts._replace(query=urlencode([*query, ("Status", status)])))


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
    terminal = sales.terminal("zarinpal", merchant, merchant)
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
        )
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
