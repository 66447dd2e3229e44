"""Behpardakht Mellat as its guide shows it: SOAP in, one ``<return>`` out, a form back by POST."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.sales import DuplicateOrder, Order, Sales

SERVICE = "/pgwchannel/services/pgw"
PAY_PAGE = "/pgwchannel/startpay.mellat"
UNLISTED = "997"

_MOMENT = re.compile(r"\d{8} ([01]\d|2[0-3])[0-5]\d[0-5]\d")
_WHOLE = re.compile(r"[0-9]{1,19}")
_NOT_PAID = {"open": "42", "cancelled": "17", "expired": "415"}


class NotSoap(Exception):
    """The body is not a call of this service."""


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


def write_answer(operation: str, text: str) -> bytes:
    """Wrap the one text that every answer consists of."""
    return (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<ns1:{operation}Response xmlns:ns1="http://interfaces.core.sw.bps.com/">'
        f"<return>{text}</return></ns1:{operation}Response></soap:Body></soap:Envelope>"
    ).encode()


def perform(sales: Sales, operation: str, fields: Mapping[str, str]) -> str:
    """Do what a call asks and return the result code, with its value where there is one."""
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


def return_fields(payment: Row) -> dict[str, str]:
    """What the pay page posts back to the merchant."""
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
        return f"0,{sales.start(order)}"
    except DuplicateOrder:
        return "41"


def _sale(sales: Sales, terminal: Row, fields: Mapping[str, str]) -> Row | str:
    """Find the sale that a call names; else the code that says why it cannot be."""
    payment = sales.by_order(terminal["terminal"], fields.get("saleOrderId", ""))
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
    payment = sales.by_order(terminal["terminal"], fields.get("saleOrderId", ""))
    if payment is None or payment["state"] in _NOT_PAID:
        return "42" if payment is None else _NOT_PAID[payment["state"]]
    return "48" if payment["state"] == "reversed" else f"0,{payment['reference']}"


_OPERATIONS: Mapping[str, Callable[[Sales, Row, Mapping[str, str]], str]] = {
    "bpPayRequest": _pay,
    "bpVerifyRequest": _verify,
    "bpSettleRequest": _settle,
    "bpInquiryRequest": _inquire,
    "bpReversalRequest": _reverse,
    "bpSaleReferenceIdRequest": _reference,
}
