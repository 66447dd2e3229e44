"""Sepehr (Saderat) as its published clients show it: JSON in and out, a form back by POST."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.sales import (
    Order,
    Sales,
    Terms,
    letters,
    trace_number,
)
from payment_gateways.sandbox.serving import JSON, Answer, Request
from payment_gateways.sandbox.tehran import jalali, local
from payment_gateways.sandbox.wire import Back, Names, Why

_SERVICE = "/Rest/V1/PeymentApi/"
_PAY_PAGE = "/Payment/Pay"
_UNLISTED = -99

_MESSAGES = {
    -1: "تراکنش یافت نشد",
    -2: "تراکنش قبلا برگشت خورده است",
    -3: "خطای عمومی",
    -4: "امکان انجام درخواست برای این تراکنش وجود ندارد",
    -5: "آدرس IP نامعتبر است",
    -6: "عملیات برگشت برای این پایانه فعال نیست",
}

Fields = Mapping[str, Any]


class SepehrWire:
    """The REST service, the pay page and the form that comes back."""

    slug = "sepehr"
    terms = Terms(page_seconds=15 * 60, verify_seconds=30 * 60, reverse_seconds=30 * 60)
    names = Names(code=("Status",), amount=("ReturnId",))
    steps: Mapping[str, str] = {
        "start": "GetToken",
        "confirm": "Advice",
        "reverse": "Rollback",
        "check": "Advice",
    }

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account for terminal ``number``."""
        return {"terminal_id": str(69_000_000 + number)}

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret of an account; Sepehr gives no secret."""
        terminal = settings.get("terminal_id") or settings["terminal"]
        return terminal, terminal, ""

    def operation(self, request: Request) -> str | None:
        """The last part of the address."""
        if not request.path.startswith(_SERVICE):
            return None
        return request.path.removeprefix(_SERVICE)

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks."""
        act = _OPERATIONS.get(operation)
        return Answer(404, b"") if act is None else act(sales, _read(request.body))

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call. A terminal is let in by its server address and by nothing else."""
        is_address = why in {Why.CREDENTIALS, Why.ADDRESS}
        return _refusal(operation, -5 if is_address else _UNLISTED)

    def page_token(self, request: Request) -> str | None:
        """The token that a browser posts."""
        return request.form.get("token", "") if request.path == _PAY_PAGE else None

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


def _refusal(operation: str, code: int) -> Answer:
    if operation == "GetToken":
        return _json({"Status": code, "AccessToken": ""})
    message = _MESSAGES.get(code, "خطای ناشناخته")
    return _json({"Status": "NOk", "ReturnId": str(code), "Message": message})


def _done(status: str, payment: Row, message: str) -> Answer:
    return _json({"Status": status, "ReturnId": str(payment["charged"]), "Message": message})


def _get_token(sales: Sales, fields: Fields) -> Answer:
    terminal, amount = fields.get("TerminalID"), fields.get("Amount")
    address, order_number = fields.get("callbackURL"), fields.get("InvoiceID")
    if not _is_whole(terminal) or sales.terminal("sepehr", str(terminal), "") is None:
        return _refusal("GetToken", -2)
    if not _is_whole(amount) or not int(str(amount)) or not isinstance(address, str):
        return _refusal("GetToken", -3)
    if urlsplit(address).scheme not in {"http", "https"} or not isinstance(order_number, str):
        return _refusal("GetToken", -3)
    order = Order(
        "sepehr",
        str(terminal),
        order_number,
        int(str(amount)),
        address,
        description=str(fields.get("Payload", "")),
        mobile=str(fields.get("CellNumber", "")),
        is_unique=False,
    )
    return _json({"Status": 0, "AccessToken": sales.start(order, letters(40))})


def _is_whole(value: object) -> bool:
    return not isinstance(value, bool) and bool(re.fullmatch(r"[0-9]{1,18}", str(value)))


def _sale(sales: Sales, fields: Fields) -> Row | None:
    terminal, receipt = str(fields.get("Tid", "")), str(fields.get("digitalreceipt", ""))
    return sales.by_reference("sepehr", terminal, receipt)


def _advice(sales: Sales, fields: Fields) -> Answer:
    sale = _sale(sales, fields)
    if sale is None:
        return _refusal("Advice", -1)
    if sale["state"] == "reversed":
        return _refusal("Advice", -2)
    if sales.verify(sale, settles=True):
        return _done("Ok", sale, "تراکنش تایید شد")
    return _done("Duplicate", sale, "تراکنش قبلا تایید شده است")


def _rollback(sales: Sales, fields: Fields) -> Answer:
    sale = _sale(sales, fields)
    if sale is None:
        return _refusal("Rollback", -1)
    if sale["state"] == "reversed":
        return _refusal("Rollback", -2)
    if not sales.may_still_reverse(sale) or not sales.reverse(sale, before=sale["state"]):
        return _refusal("Rollback", -4)
    return _done("Ok", sale, "تراکنش برگشت خورد")


def _return_fields(payment: Row) -> dict[str, str]:
    common = {
        "amount": str(payment["charged"] or payment["amount"]),
        "invoiceid": payment["order_number"],
        "payload": payment["description"],
        "terminalid": payment["terminal"],
    }
    if payment["charged"] is None:
        code, message = ("-2", "زمان مجاز پرداخت به پایان رسیده است")
        if payment["state"] == "cancelled":
            code, message = ("-1", "لغو توسط کاربر")
        nothing = ("tracenumber", "rrn", "datepaid", "digitalreceipt", "issuerbank", "cardnumber")
        return {"respcode": code, "respmsg": message, **common, **dict.fromkeys(nothing, "")}
    paid_at = local(payment["paid_at"])
    return {
        "respcode": "0",
        "respmsg": "تراکنش با موفقیت انجام شد",
        **common,
        "tracenumber": trace_number(payment),
        "rrn": str(71_226_000_000 + payment["id"]),
        "datepaid": f"{jalali(paid_at.date())} {paid_at:%H:%M:%S}",
        "digitalreceipt": payment["reference"],
        "issuerbank": "بانک ملت",
        "cardnumber": payment["card"],
    }


_OPERATIONS: Mapping[str, Callable[[Sales, Fields], Answer]] = {
    "GetToken": _get_token,
    "Advice": _advice,
    "Rollback": _rollback,
}
