"""Parsian as its known clients speak it: SOAP in, a result element out, a form back by POST."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.sales import DuplicateOrder, Order, Sales, Terms, digits
from payment_gateways.sandbox.serving import Answer, Request
from payment_gateways.sandbox.wire import Back, Names, Why

_SERVICES = "https://pec.Shaparak.ir/NewIPGServices"
_NAMESPACES = {
    "SalePaymentRequest": f"{_SERVICES}/Sale/SaleService",
    "ConfirmPaymentWithAmount": f"{_SERVICES}/Confirm/ConfirmService",
    "ReversalRequest": f"{_SERVICES}/Reversal/ReversalService",
}
_PATHS = {
    "/NewIPGServices/Sale/SaleService.asmx": "SalePaymentRequest",
    "/NewIPGServices/Confirm/ConfirmService.asmx": "ConfirmPaymentWithAmount",
    "/NewIPGServices/Reverse/ReversalService.asmx": "ReversalRequest",
}
_PAY_PAGES = {"/NewIPG", "/NewIPG/"}
_XML = "text/xml; charset=utf-8"
_REFUSED = {Why.CREDENTIALS: "-101", Why.ADDRESS: "-127"}
_UNLISTED = "-9999"

_FIRST_TERMINAL = 44_000_000
_WHOLE = re.compile(r"[0-9]{1,18}")
_NOT_PAID = {"open": "-1528", "cancelled": "-138", "expired": "-130"}
_FAULT = (
    b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
    b"<faultcode>soap:Client</faultcode><faultstring>not a call of this service</faultstring>"
    b"</soap:Fault></soap:Body></soap:Envelope>"
)

Fields = Mapping[str, str]


class NotSoap(Exception):
    """The body is not a call of this service."""


class Refused(ValueError):
    """A call is declined with one of the bank's codes."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ParsianWire:
    """The three SOAP services, the pay page and the form that comes back."""

    slug = "parsian"
    terms = Terms(page_seconds=15 * 60, verify_seconds=15 * 60, reverse_seconds=15 * 60)
    names = Names(code=("Status",), reference=("RRN",))  # no answer carries amount or order
    steps: Mapping[str, str] = {
        "start": "SalePaymentRequest",
        "confirm": "ConfirmPaymentWithAmount",
        "reverse": "ReversalRequest",
        "check": "ConfirmPaymentWithAmount",
    }

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account for terminal ``number``; its PIN ends with its number."""
        terminal = str(_FIRST_TERMINAL + number)
        return {"terminal_id": terminal, "login_account": f"hushhush<&>{terminal}"}

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret of an account."""
        pin = settings.get("login_account") or self.settings(0)["login_account"]
        terminal = settings.get("terminal_id") or settings.get("terminal") or _terminal_of(pin)
        return _terminal_of(pin), terminal, pin

    def operation(self, request: Request) -> str | None:
        """What the service at this address does."""
        return _PATHS.get(request.path)

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks."""
        try:
            fields = read_call(operation, request)
            terminal = _let_in(sales, fields)
            return _answer(operation, _OPERATIONS[operation](sales, terminal, fields))
        except NotSoap:
            return Answer(500, _FAULT, _XML)
        except Refused as refused:
            return _refusal(operation, refused.code)

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call."""
        return _refusal(operation, _REFUSED.get(why, _UNLISTED))

    def page_token(self, request: Request) -> str | None:
        """The token in the address, or in a form."""
        if request.path not in _PAY_PAGES:
            return None
        fields = {**request.form, **request.query}
        return {name.lower(): value for name, value in fields.items()}.get("token", "")

    def way_back(self, payment: Row) -> Back:
        """The form that the pay page posts back; its amount is grouped by thousands."""
        is_paid = payment["charged"] is not None
        fields = {
            "Token": payment["token"],
            "OrderId": payment["order_number"],
            "TerminalNo": payment["terminal"],
            "RRN": payment["reference"] or "0",
            "status": "0" if is_paid else "-138",
            "HashCardNumber": "",
            "Amount": f"{payment['charged'] or payment['amount']:,}",
            "TspToken": "",
        }
        return Back("POST", payment["return_url"], fields)


def read_call(operation: str, request: Request) -> Fields:
    """Take the fields out of an envelope. Raises NotSoap for a call of another operation."""
    namespace = _NAMESPACES[operation]
    if request.headers.get("soapaction") != f'"{namespace}/{operation}"':
        raise NotSoap
    try:
        envelope = ET.fromstring(request.body)  # noqa: S314  a sandbox reads what its tests send
        (called,) = envelope[-1]
        (holder,) = called
    except (ET.ParseError, IndexError, ValueError):
        raise NotSoap from None
    if (called.tag, holder.tag) != (f"{{{namespace}}}{operation}", f"{{{namespace}}}requestData"):
        raise NotSoap
    return {child.tag.removeprefix(f"{{{namespace}}}"): child.text or "" for child in holder}


def _answer(operation: str, fields: Fields) -> Answer:
    inside = "".join(
        f"<{name}>{escape(value)}</{name}>" if value else f"<{name}/>"
        for name, value in fields.items()
    )
    envelope = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<{operation}Response xmlns="{_NAMESPACES[operation]}">'
        f"<{operation}Result>{inside}</{operation}Result></{operation}Response>"
        "</soap:Body></soap:Envelope>"
    )
    return Answer(200, envelope.encode(), _XML)


def _refusal(operation: str, code: str) -> Answer:
    if operation == "ConfirmPaymentWithAmount":
        return _answer(operation, {"Status": code, "RRN": "0", "Token": "0"})
    return _answer(operation, {"Token": "0", "Message": "خطا", "Status": code})


def _terminal_of(pin: str) -> str:
    """The number that a PIN of this sandbox ends with. Raises Refused where it has none."""
    found = re.search(r"[0-9]{4,12}$", pin)
    if found is None:
        raise Refused("-101")
    return found[0]


def _let_in(sales: Sales, fields: Fields) -> Row:
    pin = fields.get("LoginAccount", "")
    terminal = sales.terminal("parsian", _terminal_of(pin), pin)
    if terminal is None:
        raise Refused("-101")
    return terminal


def _sale(sales: Sales, terminal: Row, fields: Fields) -> Fields:
    amount, order_number = fields.get("Amount", ""), fields.get("OrderId", "")
    if not _WHOLE.fullmatch(amount) or not _WHOLE.fullmatch(order_number):
        raise Refused("-118")
    if int(amount) < 1_000:
        raise Refused("-132")
    if urlsplit(fields.get("CallBackUrl", "")).scheme not in {"http", "https"}:
        raise Refused("-113")
    if len(fields.get("AdditionalData", "")) > 500:
        raise Refused("-116")
    order = Order(
        "parsian",
        terminal["terminal"],
        order_number,
        int(amount),
        fields["CallBackUrl"],
        description=fields.get("AdditionalData", ""),
        mobile=fields.get("Originator", ""),
    )
    try:
        token = sales.start(order, digits(12))
    except DuplicateOrder:
        raise Refused("-112") from None
    return {"Token": token, "Message": "", "Status": "0"}


def _payment(sales: Sales, terminal: Row, fields: Fields) -> Row:
    payment = sales.by_token(fields.get("Token", ""))
    if payment is None or payment["bank"] != "parsian":
        raise Refused("-131")
    if payment["terminal"] != terminal["terminal"]:
        raise Refused("-131")
    if payment["state"] in _NOT_PAID:
        raise Refused(_NOT_PAID[payment["state"]])
    return payment


def _confirm(sales: Sales, terminal: Row, fields: Fields) -> Fields:
    payment = _payment(sales, terminal, fields)
    if payment["state"] == "reversed":
        raise Refused("-1507" if payment["verified_at"] is None else "-1551")
    named = fields.get("OrderId"), fields.get("Amount")
    if named != (payment["order_number"], str(payment["charged"])):
        raise Refused("-1530")
    return {
        "Status": "0" if sales.verify(payment, settles=True) else "-1533",
        "RRN": payment["reference"],
        "CardNumberMasked": payment["card"],
        "Token": payment["token"],
    }


def _reverse(sales: Sales, terminal: Row, fields: Fields) -> Fields:
    payment = _payment(sales, terminal, fields)
    if payment["state"] == "reversed":
        raise Refused("-1551")
    if payment["state"] != "settled":
        raise Refused("-1550")
    if not sales.may_still_reverse(payment) or not sales.reverse(payment, before="settled"):
        raise Refused("-1549")
    return {"Token": payment["token"], "Message": "", "Status": "0"}


_OPERATIONS: Mapping[str, Callable[[Sales, Row, Fields], Fields]] = {
    "SalePaymentRequest": _sale,
    "ConfirmPaymentWithAmount": _confirm,
    "ReversalRequest": _reverse,
}
