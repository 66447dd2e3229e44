"""NextPay as its clients know it: forms in, JSON out, back to the merchant by GET."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.sales import Order, Sales, Terms, letters
from payment_gateways.sandbox.serving import JSON, Answer, Request
from payment_gateways.sandbox.wire import Back, Names, Why

_SERVICE = "/nx/gateway/"
_PAY_PAGE = "/nx/gateway/payment/"
_HEX = "0123456789abcdef"
_REFUSED = {Why.CREDENTIALS: -33}
_UNLISTED = -999

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WHOLE = re.compile(r"[0-9]{1,15}")
_SMALLEST = 10_000
_STATUS = {"open": -1, "cancelled": -4, "expired": -2, "paid": 0, "settled": -49, "reversed": -2}
_RIALS = {"IRR": 1, "IRT": 10}

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a merchant whom we let in."""

    sales: Sales
    terminal: Row
    fields: Fields


class Refused(Exception):
    """A call is declined with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class NextPayWire:
    """The two calls, the pay page and the query that comes back."""

    slug = "nextpay"
    terms = Terms(page_seconds=20 * 60, verify_seconds=None)
    names = Names(
        code=("code",), amount=("amount",), order=("order_id",), reference=("Shaparak_Ref_Id",)
    )
    steps: Mapping[str, str] = {"start": "token", "confirm": "verify", "check": "verify"}

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account for terminal ``number``."""
        return {"api_key": f"{number:08x}-29fc-4fdf-8955-830cf5ca67bd"}

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret of an account."""
        key = settings["api_key"]
        return key, settings.get("terminal_id") or settings.get("terminal") or key[:8], key

    def operation(self, request: Request) -> str | None:
        """The last part of the address."""
        name = request.path.removeprefix(_SERVICE)
        return name if request.path.startswith(_SERVICE) and name in _CALLS else None

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks. The code stands in the answer, whose status is always good."""
        fields = request.form
        try:
            return _answer(**_CALLS[operation](Call(sales, _let_in(sales, fields), fields)))
        except Refused as refused:
            return _answer(code=refused.code)

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call."""
        return _answer(code=_REFUSED.get(why, _UNLISTED))

    def page_token(self, request: Request) -> str | None:
        """The payment's id in the address."""
        if not request.path.startswith(_PAY_PAGE):
            return None
        return request.path.removeprefix(_PAY_PAGE)

    def way_back(self, payment: Row) -> Back:
        """By GET, the amount in toman; the merchant's own query string survives."""
        parts = urlsplit(str(payment["return_url"]))
        is_paid = payment["charged"] is not None
        query = [
            *parse_qsl(parts.query, keep_blank_values=True),
            ("trans_id", payment["token"]),
            ("order_id", payment["order_number"]),
            ("amount", str((payment["charged"] or payment["amount"]) // 10)),
            ("np_status", "OK" if is_paid else "Unsuccessful"),
        ]
        return Back("GET", urlunsplit(parts._replace(query=urlencode(query))))


def _answer(**fields: object) -> Answer:
    return Answer(200, json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode(), JSON)


def _let_in(sales: Sales, fields: Fields) -> Row:
    key = fields.get("api_key", "")
    if not _UUID.fullmatch(key):
        raise Refused(-35)
    terminal = sales.terminal("nextpay", key, key, number=key[:8])
    if terminal is None:
        raise Refused(-33)
    return terminal


def _rial(fields: Fields) -> int:
    """The amount of a call in rials; it is in toman where nothing else is said."""
    text, unit = fields.get("amount", ""), fields.get("currency", "IRT")
    if not _WHOLE.fullmatch(text) or unit not in _RIALS:
        raise Refused(-24)
    return int(text) * _RIALS[unit]


def _token(call: Call) -> dict[str, object]:
    amount, address = _rial(call.fields), call.fields.get("callback_uri", "")
    if amount < _SMALLEST:
        raise Refused(-30)
    if urlsplit(address).scheme not in {"http", "https"}:
        raise Refused(-32)
    if not call.fields.get("order_id"):
        raise Refused(-36)
    order = Order(
        "nextpay",
        call.terminal["terminal"],
        call.fields["order_id"],
        amount,
        address,
        description=call.fields.get("payer_desc", ""),
        mobile=call.fields.get("customer_phone", ""),
        is_unique=False,
    )
    name = "-".join(letters(length, _HEX) for length in (8, 4, 4, 4, 12))
    return {"code": -1, "trans_id": call.sales.start(order, name)}


def _verify(call: Call) -> dict[str, object]:
    amount = _rial(call.fields)
    payment = call.sales.by_token(call.fields.get("trans_id", ""))
    if payment is None or payment["bank"] != "nextpay":
        raise Refused(-34)
    if payment["terminal"] != call.terminal["terminal"]:
        raise Refused(-37)
    if payment["state"] not in {"paid", "settled"}:
        raise Refused(_STATUS[payment["state"]])
    if amount != payment["charged"]:
        raise Refused(-24)
    is_first = call.sales.verify(payment, settles=True)
    return {
        "code": 0 if is_first else -49,
        "amount": payment["charged"],
        "order_id": payment["order_number"],
        "card_holder": payment["card"],
        "customer_phone": payment["mobile"],
        "Shaparak_Ref_Id": payment["reference"],
        "custom": None,
    }


_CALLS: Mapping[str, Callable[[Call], dict[str, object]]] = {"token": _token, "verify": _verify}
