"""The wire: what Toranj Bank answers, written from its (made-up) guide and not from the adapter."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.sales import DuplicateOrder, Order, Sales, Terms, letters
from payment_gateways.sandbox.serving import JSON, Answer, Request
from payment_gateways.sandbox.wire import Back, Names, Why

_OPERATIONS = ("order", "confirm", "look", "hello")
_CODES = {"open": 10, "cancelled": 11, "expired": 11, "reversed": 12, "paid": 0, "settled": 1}


class ToranjWire:
    """The service, the pay page and the way back."""

    slug = "toranj"
    terms = Terms(page_seconds=15 * 60, verify_seconds=30 * 60)
    names = Names(code=("code",), amount=("rial",), order=("order",), reference=("number",))
    steps: Mapping[str, str] = {
        "start": "order",
        "confirm": "confirm",
        "inquire": "look",
        "recover": "look",
        "check": "hello",
    }

    def settings(self, number: int) -> Mapping[str, str]:
        return {"terminal_id": str(number).zfill(4), "key": f"orange-{number}"}

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        return settings["terminal_id"], settings["terminal_id"], settings["key"]

    def operation(self, request: Request) -> str | None:
        name = request.path.removeprefix("/toranj/")
        return name if request.path.startswith("/toranj/") and name in _OPERATIONS else None

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        try:
            asked = json.loads(request.body)
            login = str(asked["terminal"])
            terminal = sales.terminal("toranj", login, str(asked["key"]))
            if terminal is None:
                return _says(40)
            if operation == "hello":
                return _says(0)
            if operation == "order":
                return _opened(sales, login, asked)
            return _about(sales, operation, login, str(asked["ticket"]))
        except (ValueError, KeyError, TypeError):
            return _says(30)

    def refuse(self, operation: str, why: Why) -> Answer:
        return _says(99 if why is Why.UNLISTED else 40)

    def page_token(self, request: Request) -> str | None:
        page = "/toranj/pay/"
        return request.path.removeprefix(page) if request.path.startswith(page) else None

    def way_back(self, payment: Row) -> Back:
        said = "paid" if payment["charged"] is not None else "gone"
        query = urlencode({"ticket": payment["token"], "said": said})
        joint = "&" if "?" in payment["return_url"] else "?"
        return Back("GET", f"{payment['return_url']}{joint}{query}")


def _opened(sales: Sales, terminal: str, asked: Mapping[str, Any]) -> Answer:
    order = Order("toranj", terminal, str(asked["order"]), int(asked["rial"]), asked["back"])
    try:
        return _says(0, ticket=sales.start(order, letters(24)))
    except DuplicateOrder:
        return _says(30)


def _about(sales: Sales, operation: str, terminal: str, ticket: str) -> Answer:
    payment = sales.by_token(ticket)
    if payment is None or payment["bank"] != "toranj" or payment["terminal"] != terminal:
        return _says(20)
    code = _CODES[payment["state"]]
    if operation == "confirm" and code == 0 and not sales.verify(payment, settles=True):
        code = 1  # another call was quicker
    if payment["charged"] is None:
        return _says(code)
    return _says(
        code,
        rial=payment["charged"],
        order=int(payment["order_number"]),
        number=int(payment["reference"]),
        card=payment["card"],
    )


def _says(code: int, **fields: object) -> Answer:
    body = json.dumps({"code": code, **fields}, ensure_ascii=False).encode()
    return Answer(200, body, JSON)
