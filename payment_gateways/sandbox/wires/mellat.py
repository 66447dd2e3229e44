"""Behpardakht Mellat as its guide shows it: SOAP in, one ``<return>`` out, a form back by POST."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.sales import (
    DuplicateOrder,
    DuplicateRefund,
    Order,
    Sales,
    Terms,
    TooMuch,
    letters,
)
from payment_gateways.sandbox.serving import Answer, Request
from payment_gateways.sandbox.wire import Back, Names, Why

_SERVICE = "/pgwchannel/services/pgw"
_PAY_PAGE = "/pgwchannel/startpay.mellat"
_XML = "text/xml; charset=utf-8"
_REF_ID = "0123456789abcdefABCDEF"
_REFUSED = {Why.CREDENTIALS: "24", Why.ADDRESS: "421"}
_UNLISTED = "997"

_MOMENT = re.compile(r"\d{8} ([01]\d|2[0-3])[0-5]\d[0-5]\d")
_WHOLE = re.compile(r"[0-9]{1,19}")
_NOT_PAID = {"open": "42", "cancelled": "17", "expired": "415"}


class NotSoap(Exception):
    """The body is not a call of this service."""


class MellatWire:
    """The SOAP service, the pay page and the form that comes back."""

    slug = "mellat"
    terms = Terms(page_seconds=15 * 60, verify_seconds=20 * 60, reverse_seconds=3 * 3600)
    names = Names(code=("return",))
    steps: Mapping[str, str] = {
        "start": "bpPayRequest",
        "confirm": "bpVerifyRequest",
        "settle": "bpSettleRequest",
        "inquire": "bpInquiryRequest",
        "recover": "bpSaleReferenceIdRequest",
        "reverse": "bpReversalRequest",
        "refund": "bpRefundRequest",
        "refund_status": "bpRefundInquiryRequest",
        "check": "bpInquiryRequest",
    }

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account for terminal ``number``."""
        return {"terminal_id": str(70_000 + number), "username": "u", "password": "hushhush<&>"}

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret of an account."""
        terminal = settings.get("terminal_id") or settings["terminal"]
        return terminal, terminal, f"{settings['username']}\n{settings['password']}"

    def operation(self, request: Request) -> str | None:
        """The operation in the envelope."""
        if request.path != _SERVICE:
            return None
        try:
            return read_call(request.body)[0]
        except NotSoap:
            return "no call"

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks: one code comes back, with its value where there is one."""
        try:
            _, fields = read_call(request.body)
        except NotSoap:
            return Answer(500, b"<html><body>not a SOAP call</body></html>")
        return _answer(operation, _done(sales, operation, fields))

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call."""
        return _answer(operation, _REFUSED.get(why, _UNLISTED))

    def page_token(self, request: Request) -> str | None:
        """The RefId that a browser posts."""
        if request.path != _PAY_PAGE:
            return None
        return {**request.query, **request.form}.get("RefId", "")

    def way_back(self, payment: Row) -> Back:
        """The form that the pay page posts back."""
        return Back("POST", payment["return_url"], _return_fields(payment))


def read_call(body: bytes) -> tuple[str, Mapping[str, str]]:
    """Take the operation and its fields out of an envelope. Raises NotSoap."""
    try:
        envelope = ET.fromstring(body)  # noqa: S314  a sandbox reads what its own tests send
        operation = envelope[-1][0]
    except (ET.ParseError, IndexError):
        raise NotSoap from None
    if not operation.tag.startswith("{http://interfaces.core.sw.bps.com/}"):
        raise NotSoap
    fields = {child.tag: child.text or "" for child in operation}
    return operation.tag.partition("}")[2], fields


def _answer(operation: str, text: str) -> Answer:
    """Wrap the one text that every answer consists of."""
    envelope = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<ns1:{operation}Response xmlns:ns1="http://interfaces.core.sw.bps.com/">'
        f"<return>{text}</return></ns1:{operation}Response></soap:Body></soap:Envelope>"
    )
    return Answer(200, envelope.encode(), _XML)


def _done(sales: Sales, operation: str, fields: Mapping[str, str]) -> str:
    act = _OPERATIONS.get(operation)
    if act is None:
        return "21"
    credentials = [fields.get(name, "") for name in ("terminalId", "userName", "userPassword")]
    if not all(credentials):
        return "20"
    terminal = sales.terminal("mellat", credentials[0], "\n".join(credentials[1:]))
    if terminal is None:
        return "24"
    return act(sales, terminal, fields)


def _return_fields(payment: Row) -> dict[str, str]:
    if payment["charged"] is None:
        return {
            "RefId": payment["token"],
            "ResCode": _NOT_PAID.get(payment["state"], "17").replace("42", "17"),
            "SaleOrderId": payment["order_number"],
        }
    return {
        "RefId": payment["token"],
        "ResCode": "0",
        "SaleOrderId": payment["order_number"],
        "SaleReferenceId": payment["reference"],
        "CardHolderPan": payment["card"],
        "CreditCardSaleResponseDetail": "",
        "FinalAmount": str(payment["charged"]),
    }


def _pay(sales: Sales, terminal: Row, fields: Mapping[str, str]) -> str:
    if not _WHOLE.fullmatch(fields.get("orderId", "")):
        return "32"
    if not _WHOLE.fullmatch(fields.get("amount", "")) or not int(fields["amount"]):
        return "25"
    if not _MOMENT.fullmatch(f"{fields.get('localDate')} {fields.get('localTime')}"):
        return "35"
    if urlsplit(fields.get("callBackUrl", "")).scheme not in {"http", "https"}:
        return "62"
    if not re.fullmatch(r"[0-9]{1,30}", fields.get("payerId", "")):
        return "417"
    order = Order(
        "mellat",
        terminal["terminal"],
        str(int(fields["orderId"])),
        int(fields["amount"]),
        fields["callBackUrl"],
        description=fields.get("additionalData", ""),
        payer_id=fields["payerId"],
    )
    try:
        return f"0,{sales.start(order, letters(20, _REF_ID))}"
    except DuplicateOrder:
        return "41"


def _sale(sales: Sales, terminal: Row, fields: Mapping[str, str]) -> Row | str:
    """Find the sale that a call names; else the code that says why it cannot be."""
    payment = sales.by_order("mellat", terminal["terminal"], fields.get("saleOrderId", ""))
    if payment is None:
        return "42"
    if payment["state"] in _NOT_PAID:
        return _NOT_PAID[payment["state"]]
    return payment if payment["reference"] == fields.get("saleReferenceId", "") else "42"


def _verify(sales: Sales, terminal: Row, fields: Mapping[str, str]) -> str:
    sale = _sale(sales, terminal, fields)
    if isinstance(sale, str):
        return sale
    if sale["state"] == "reversed":
        return "48"
    return "0" if sales.verify(sale) else "43"


def _settle(sales: Sales, terminal: Row, fields: Mapping[str, str]) -> str:
    sale = _sale(sales, terminal, fields)
    if isinstance(sale, str):
        return sale
    if sales.settle(sale):
        return "0"
    return {"paid": "44", "reversed": "48"}.get(sale["state"], "45")


def _inquire(sales: Sales, terminal: Row, fields: Mapping[str, str]) -> str:
    sale = _sale(sales, terminal, fields)
    if isinstance(sale, str):
        return sale
    return {"paid": "44", "verified": "0", "settled": "45", "reversed": "48"}[sale["state"]]


def _reverse(sales: Sales, terminal: Row, fields: Mapping[str, str]) -> str:
    sale = _sale(sales, terminal, fields)
    if isinstance(sale, str):
        return sale
    if sale["state"] == "verified" and not sales.may_still_reverse(sale):
        return "55"
    if sales.reverse(sale, before="verified"):
        return "0"
    return {"paid": "44", "reversed": "48"}.get(sale["state"], "45")


def _reference(sales: Sales, terminal: Row, fields: Mapping[str, str]) -> str:
    payment = sales.by_order("mellat", terminal["terminal"], fields.get("saleOrderId", ""))
    if payment is None or payment["state"] in _NOT_PAID:
        return "42" if payment is None else _NOT_PAID[payment["state"]]
    return "48" if payment["state"] == "reversed" else f"0,{payment['reference']}"


def _refund(sales: Sales, terminal: Row, fields: Mapping[str, str]) -> str:
    sale = _sale(sales, terminal, fields)
    if isinstance(sale, str):
        return sale
    number, amount = fields.get("orderId", ""), fields.get("refundAmount", "")
    if sale["state"] != "settled":
        return {"reversed": "48"}.get(sale["state"], "46")
    if not _WHOLE.fullmatch(amount) or not int(amount):
        return "25"
    if not _WHOLE.fullmatch(number) or sales.by_order("mellat", terminal["terminal"], number):
        return "41"
    try:
        return f"0,{sales.refund(sale, number, int(amount))['reference']}"
    except DuplicateRefund:
        return "41"
    except TooMuch:
        return "19"


def _refund_inquiry(sales: Sales, terminal: Row, fields: Mapping[str, str]) -> str:
    refund = sales.refund_of("mellat", terminal["terminal"], fields.get("refundOrderId", ""))
    return "49" if refund is None else f"0,{refund['reference']}"


_OPERATIONS: Mapping[str, Callable[[Sales, Row, Mapping[str, str]], str]] = {
    "bpPayRequest": _pay,
    "bpVerifyRequest": _verify,
    "bpSettleRequest": _settle,
    "bpInquiryRequest": _inquire,
    "bpReversalRequest": _reverse,
    "bpSaleReferenceIdRequest": _reference,
    "bpRefundRequest": _refund,
    "bpRefundInquiryRequest": _refund_inquiry,
}
