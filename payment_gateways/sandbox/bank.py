"""The bank as one function from request to answer: gateways, pay pages, counter and admin."""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlencode

from payment_gateways.sandbox import mellat_wire, pages, zarinpal_wire
from payment_gateways.sandbox.account import Accounts
from payment_gateways.sandbox.admin import Admin
from payment_gateways.sandbox.books import Books, Row
from payment_gateways.sandbox.breaking import broken
from payment_gateways.sandbox.faults import Fault, Faults
from payment_gateways.sandbox.sales import OTHER_AMOUNT_MORE, Sales
from payment_gateways.sandbox.serving import HTML, JSON, Answer, Request

_XML = "text/xml; charset=utf-8"
# What a browser must tell the merchant is who sent it; no page of ours is kept.
_PAGE_HEADERS = {
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
_RETURNED_TIMES = 6


class Bank:
    """Everything that one process of the sandbox serves."""

    def __init__(self, path: Path | str, *, latency_ms: int = 0) -> None:
        self.books = Books(path)
        self.sales = Sales(self.books)
        self.accounts = Accounts(self.books, self.sales)
        self.faults = Faults()
        self.admin = Admin(self.books, self.sales, self.accounts, self.faults, latency_ms)

    def answer(self, request: Request) -> Answer:
        """Serve one request."""
        path = request.path
        if path == mellat_wire.SERVICE:
            return self._mellat(request)
        if path.startswith(zarinpal_wire.SERVICE) and path.endswith(".json"):
            return self._zarinpal(request)
        if path == mellat_wire.PAY_PAGE:
            return self._pay_page({**request.query, **request.form}.get("RefId", ""))
        if path.startswith(zarinpal_wire.PAY_PAGE):
            return self._pay_page(path.removeprefix(zarinpal_wire.PAY_PAGE).partition("/")[0])
        if path.startswith("/card/") and request.method == "POST":
            return self._act(path.removeprefix("/card/"), request.form.get("do", ""))
        if path.startswith("/admin/"):
            return self.admin.answer(request, self.play)
        if path.startswith("/counter") or path == "/":
            return self.admin.counter(request)
        return Answer(200, b"ok") if path == "/healthz" else _gone()

    def play(self, token: str, act: str) -> Row | None:
        """Do what a payer does on the pay page; ``None`` if the page's time is over."""
        if act == "cancel":
            self.sales.cancel(token)
        elif not self.sales.pay(token, more=OTHER_AMOUNT_MORE if act == "other" else 0):
            return None
        payment = self.sales.by_token(token)
        return payment if payment and payment["state"] in {"paid", "cancelled"} else None

    def _mellat(self, request: Request) -> Answer:
        try:
            operation, fields = mellat_wire.read_call(request.body)
        except mellat_wire.NotSoap:
            return Answer(500, b"<html><body>not a SOAP call</body></html>")

        def perform() -> Answer:
            text = mellat_wire.perform(self.sales, operation, fields)
            return Answer(200, mellat_wire.write_answer(operation, text), _XML)

        unlisted = mellat_wire.write_answer(operation, mellat_wire.UNLISTED)
        return self._call(operation, perform, Answer(200, unlisted, _XML))

    def _zarinpal(self, request: Request) -> Answer:
        operation = request.path.removeprefix(zarinpal_wire.SERVICE).removesuffix(".json")

        def perform() -> Answer:
            status, body = zarinpal_wire.perform(self.sales, operation, request.body)
            return Answer(status, body, JSON)

        unlisted = Answer(401, zarinpal_wire.write_error(zarinpal_wire.UNLISTED), JSON)
        return self._call(operation, perform, unlisted)

    def _call(self, operation: str, perform: Callable[[], Answer], unlisted: Answer) -> Answer:
        if self.admin.latency_ms:
            time.sleep(self.admin.latency_ms / 1000)
        fault = self.faults.take(operation)
        return perform() if fault is None else broken(fault, perform, unlisted)

    def _pay_page(self, token: str) -> Answer:
        payment = self.sales.by_token(token)
        if payment is None or payment["state"] != "open":
            return _gone()
        return _page(pages.pay_page(payment))

    def _act(self, token: str, act: str) -> Answer:
        if act not in {"pay", "cancel", "close", "other"}:
            return _gone()
        payment = self.play(token, act)
        if payment is None:
            return _gone()
        if act == "close":
            return _page(pages.closed_page())
        if payment["bank"] == "zarinpal":
            address = zarinpal_wire.return_address(payment)
            self._return_again(address, None)
            return Answer(302, b"", HTML, {**_PAGE_HEADERS, "Location": address})
        fields = mellat_wire.return_fields(payment)
        self._return_again(payment["return_url"], fields)
        return _page(pages.back_by_post(payment["return_url"], fields))

    def _return_again(self, address: str, fields: Mapping[str, str] | None) -> None:
        """Where it was ordered, come back six times at once, beside the browser."""
        fault = self.faults.take("return")
        if fault is None or fault.fault is not Fault.DOUBLED_RETURN:
            return
        body = None if fields is None else urlencode(fields).encode()
        for _ in range(_RETURNED_TIMES):
            threading.Thread(target=_come_back, args=(address, body), daemon=True).start()


def _come_back(address: str, body: bytes | None) -> None:
    try:
        with urllib.request.urlopen(address, body, timeout=30) as answer:  # noqa: S310
            answer.read()
    except (urllib.error.URLError, OSError):
        return  # like a browser that lost its way


def _page(text: str) -> Answer:
    return Answer(200, text.encode(), HTML, _PAGE_HEADERS)


def _gone() -> Answer:
    return Answer(404, pages.gone_page().encode(), HTML, _PAGE_HEADERS)
