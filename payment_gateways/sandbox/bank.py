"""The bank as one function from request to answer: gateways, pay pages, counter and admin."""

import itertools
import re
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from payment_gateways.sandbox import pages
from payment_gateways.sandbox.account import Accounts
from payment_gateways.sandbox.admin import Admin
from payment_gateways.sandbox.books import Books, Row
from payment_gateways.sandbox.breaking import broken
from payment_gateways.sandbox.faults import ByAmount, ByChance, Call, Fault, Faults, Ordered
from payment_gateways.sandbox.sales import OTHER_AMOUNT_MORE, Sales
from payment_gateways.sandbox.serving import HTML, Answer, Request
from payment_gateways.sandbox.wire import Back, Wire, load_wires

# What a browser must tell the merchant is who sent it; no page of ours is kept.
_PAGE_HEADERS = {
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
_RETURNED_TIMES = 6
_CALLS_KEPT = 5_000
_WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z._~-]{3,}")
_WORDS_LOOKED_AT = 60


class Bank:
    """Everything that one process of the sandbox serves."""

    def __init__(
        self,
        path: Path | str,
        *,
        latency_ms: int = 0,
        by_amount: ByAmount | None = None,
        by_chance: ByChance | None = None,
    ) -> None:
        self.wires = load_wires()
        self.books = Books(path)
        self.sales = Sales(self.books, {slug: wire.terms for slug, wire in self.wires.items()})
        self.accounts = Accounts(self.books, self.sales)
        self.faults = Faults()
        self.calls: deque[Call] = deque(maxlen=_CALLS_KEPT)
        self._numbers = itertools.count(1)
        self._by_amount = by_amount
        self._by_chance = by_chance
        self.admin = Admin(
            self.books,
            self.sales,
            self.accounts,
            self.faults,
            self.wires,
            self.calls,
            latency_ms,
        )

    def answer(self, request: Request) -> Answer:
        """Serve one request."""
        path = request.path
        if path.startswith("/card/") and request.method == "POST":
            return self._act(path.removeprefix("/card/"), request.form.get("do", ""))
        if path.startswith("/admin/"):
            return self.admin.answer(request, self.play)
        # The pay page of one gateway is the root of its own host, which a browser posts to.
        is_pay_page = path == "/" and request.method == "POST"
        if path.startswith("/counter") or (path == "/" and not is_pay_page):
            return self.admin.counter(request)
        if path == "/healthz":
            return Answer(200, b"ok")
        for wire in self.wires.values():
            operation = wire.operation(request)
            if operation is not None:
                return self._call(wire, operation, request)
            token = wire.page_token(request)
            if token is not None:
                return self._pay_page(token)
        return _gone()

    def play(self, token: str, act: str) -> Row | None:
        """Do what a payer does on the pay page; ``None`` if the page's time is over."""
        if act == "cancel":
            self.sales.cancel(token)
        elif not self.sales.pay(token, more=OTHER_AMOUNT_MORE if act == "other" else 0):
            return None
        payment = self.sales.by_token(token)
        return payment if payment and payment["state"] in {"paid", "cancelled"} else None

    def _call(self, wire: Wire, operation: str, request: Request) -> Answer:
        if self.admin.latency_ms:
            time.sleep(self.admin.latency_ms / 1000)
        call = Call(next(self._numbers), wire.slug, operation)
        self.calls.append(call)
        done: list[Answer] = []

        def perform() -> Answer:
            done.append(wire.perform(self.sales, operation, request))
            return done[0]

        fault = self.faults.take(operation) or self._unasked(wire, operation, request, perform)
        if fault is None:
            return done[0] if done else perform()
        answer = broken(fault, wire, operation, lambda: done[0] if done else perform())
        call.fault, call.was_spoilt = fault.fault.value, answer not in done
        return answer

    def _unasked(
        self, wire: Wire, operation: str, request: Request, perform: Callable[[], Answer]
    ) -> Ordered | None:
        """The fault that nobody ordered: by chance or by amount, where the bank was started so."""
        if self._by_chance is not None:
            return self._by_chance.take(operation)
        if self._by_amount is None:
            return None
        said = f"{request.path} {request.query} {request.body.decode('utf-8', 'replace')}"
        if operation == wire.steps["start"]:
            said = perform().body.decode("utf-8", "replace")  # only its answer names the payment
        payment = self._payment_in(wire, said)
        if payment is None:
            return None
        steps = [step for step, named in wire.steps.items() if named == operation]
        chosen = (self._by_amount.take(payment["id"], payment["amount"], step) for step in steps)
        return next((fault for fault in chosen if fault is not None), None)

    def _payment_in(self, wire: Wire, text: str) -> Row | None:
        """The payment that a message names by its token or by the merchant's number."""
        words = list(dict.fromkeys(_WORD.findall(text)))[:_WORDS_LOOKED_AT]
        places = ", ".join("?" * len(words))
        return self.books.one(
            "SELECT * FROM payment WHERE bank = ? AND"  # noqa: S608  question marks only
            f" (token IN ({places}) OR order_number IN ({places})) ORDER BY id DESC LIMIT 1",
            wire.slug, *words, *words,
        )  # fmt: skip

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
        back = self.wires[payment["bank"]].way_back(payment)
        self._return_again(payment, back)
        if back.method == "GET":
            return Answer(302, b"", HTML, {**_PAGE_HEADERS, "Location": back.url})
        return _page(pages.back_by_post(back.url, back.fields))

    def _return_again(self, payment: Row, back: Back) -> None:
        """Where it was ordered, come back six times at once, beside the browser."""
        fault = self.faults.take("return")
        if fault is None and self._by_amount is not None:
            fault = self._by_amount.take(payment["id"], payment["amount"], "return")
        if fault is None or fault.fault is not Fault.DOUBLED_RETURN:
            return
        body = None if back.method == "GET" else urlencode(back.fields).encode()
        for _ in range(_RETURNED_TIMES):
            threading.Thread(target=_come_back, args=(back.url, body), daemon=True).start()


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
