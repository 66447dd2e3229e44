"""The sandbox's switches: a JSON API under ``/admin``, and the bank counter as a page."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from payment_gateways.sandbox import pages, statement
from payment_gateways.sandbox.account import Accounts, UnknownAccount, counter_entry
from payment_gateways.sandbox.books import Books, Row
from payment_gateways.sandbox.faults import Call, Fault, Faults, Ordered
from payment_gateways.sandbox.sales import Sales
from payment_gateways.sandbox.serving import HTML, JSON, Answer, Request
from payment_gateways.sandbox.tehran import epoch_of, jalali, local, read_day
from payment_gateways.sandbox.wire import Wire

_LATIN = {ord(c): str(i % 10) for i, c in enumerate("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSV = "text/csv; charset=utf-8"

Fields = dict[str, Any]
Play = Callable[[str, str], Row | None]


class Admin:
    """Moves the clock, plays bookings, orders faults, hands files out."""

    def __init__(
        self,
        books: Books,
        sales: Sales,
        accounts: Accounts,
        faults: Faults,
        wires: Mapping[str, Wire],
        calls: Collection[Call],
        latency_ms: int,
    ) -> None:
        self._books = books
        self._sales = sales
        self._accounts = accounts
        self._faults = faults
        self._wires = wires
        self._calls = calls
        self.latency_ms = latency_ms

    def answer(self, request: Request, play: Play) -> Answer:
        """Serve the JSON API. A mistake of the caller is 400 or 404, with a word about it."""
        name, _, rest = request.path.removeprefix("/admin/").partition("/")
        try:
            fields = json.loads(request.body) if request.body else {}
            if name == "payments" and rest and request.method == "GET":
                return _json(self._comes_back(rest))
            if name == "payments" and rest:
                return _json(self._play(rest, fields, play))
            if name == "statement":
                return self._statement(rest, request.query)
            if name == "settlement":
                return self._settlement(rest)
            act = getattr(self, f"_{request.method.lower()}_{name}", None)
            if act is None:
                return _json({"error": f"no such thing: {request.method} {request.path}"}, 404)
            return _json(act(fields, request.query))
        except UnknownAccount as unknown:
            return _json({"error": f"no such account: {unknown}"}, 404)
        except (KeyError, TypeError, ValueError, AttributeError) as trouble:
            return _json({"error": f"{type(trouble).__name__}: {trouble}"}, 400)

    def counter(self, request: Request) -> Answer:
        """Serve the counter page and its two forms."""
        if request.method != "POST":
            return self._counter_page(request.query.get("notice", ""))
        fields: Fields = dict(request.form)
        try:
            if request.path == "/counter/clock":
                self._post_clock(fields, {})
                notice = "ساعت بانک جلو رفت."
            else:
                self._post_lines(fields, {})
                notice = "ثبت شد."
        except (KeyError, ValueError, UnknownAccount):
            notice = "انجام نشد: مبلغ یا نوع درست نیست."
        return Answer(303, b"", HTML, {"Location": f"/counter?notice={quote(notice)}"})

    def _counter_page(self, notice: str) -> Answer:
        self._accounts.advance(0)
        account = self._books.one("SELECT * FROM account WHERE number = '90190'")
        text = pages.counter_page(
            account=account,
            now=self._books.now(),
            lines=self._books.all(
                "SELECT * FROM line WHERE account = '90190' ORDER BY id DESC LIMIT 25"
            ),
            payments=self._books.all("SELECT * FROM payment ORDER BY id DESC LIMIT 25"),
            notice=notice,
        )
        return Answer(200, text.encode(), HTML, {"Cache-Control": "no-store"})

    def _get_clock(self, _fields: Fields, _query: Mapping[str, str]) -> Fields:
        moment = local(self._books.now())
        return {
            "now": moment.isoformat(),
            "jalali": jalali(moment.date()),
            "tehran_time": f"{moment:%H:%M:%S}",
            "epoch": self._books.now(),
        }

    def _post_clock(self, fields: Fields, query: Mapping[str, str]) -> Fields:
        """Go forward by days (and on past that morning's pay-out), hours, minutes, seconds."""
        if days := _whole(fields.get("days", 0)):
            self._accounts.advance_days(days)
        seconds = (
            _whole(fields.get("hours", 0)) * 3600
            + _whole(fields.get("minutes", 0)) * 60
            + _whole(fields.get("seconds", 0))
        )
        self._accounts.advance(seconds)
        return self._get_clock(fields, query)

    def _get_payments(self, _fields: Fields, query: Mapping[str, str]) -> list[Fields]:
        self._accounts.advance(0)
        rows = self._books.all(
            "SELECT * FROM payment WHERE (?1 = '' OR terminal = ?1) AND (?2 = '' OR"
            " order_number = ?2) AND (?3 = '' OR token = ?3) ORDER BY id",
            query.get("terminal", ""), query.get("order_number", ""), query.get("token", ""),
        )  # fmt: skip
        return [dict(row) for row in rows]

    def _play(self, token: str, fields: Fields, play: Play) -> Fields:
        """Do what a payer does and say how the browser would come back, without a browser."""
        act = fields.get("do", "pay")
        if act not in {"pay", "cancel", "close", "other"}:
            raise ValueError(act)
        payment = play(token, act)
        if payment is None:
            raise ValueError("the pay page is closed")
        return self._comes_back(token)

    def _comes_back(self, token: str) -> Fields:
        """How the browser of a payment comes back, or would once more."""
        payment = self._sales.by_token(token)
        if payment is None:
            raise ValueError(token)
        back = self._wires[payment["bank"]].way_back(payment)
        return {"payment": dict(payment), "return": asdict(back)}

    def _get_wires(self, _fields: Fields, query: Mapping[str, str]) -> Fields:
        """The gateways spoken here: their operations, and settings of an account at each."""
        number = int(query.get("terminal", "1"))
        return {
            slug: {
                "steps": dict(wire.steps),
                "names": asdict(wire.names),
                "terms": asdict(wire.terms),
                "settings": dict(wire.settings(number)),
            }
            for slug, wire in self._wires.items()
        }

    def _get_refunds(self, _fields: Fields, query: Mapping[str, str]) -> list[Fields]:
        rows = self._books.all(
            "SELECT refund.*, payment.order_number FROM refund JOIN payment ON payment.id ="
            " payment_id WHERE (?1 = '' OR refund.terminal = ?1) ORDER BY refund.id",
            query.get("terminal", ""),
        )
        return [dict(row) for row in rows]

    def _get_terminals(self, _fields: Fields, _query: Mapping[str, str]) -> list[Fields]:
        rows = self._books.all("SELECT bank, terminal, account, fee_mode FROM terminal")
        return [dict(row) for row in rows]

    def _post_terminals(self, fields: Fields, query: Mapping[str, str]) -> list[Fields]:
        """Open a terminal or change its contract: account and ``fee_mode`` net, gross, exempt."""
        bank = fields["bank"]
        settings = {name: str(value) for name, value in fields.items()}
        login, terminal, secret = self._wires[bank].login(settings)
        fee_mode = fields.get("fee_mode", "net")
        if fee_mode not in {"net", "gross", "exempt"}:
            raise ValueError(fee_mode)
        self._sales.open_terminal(
            bank, login, terminal, secret,
            account=fields.get("account", "90190"), fee_mode=fee_mode,
        )  # fmt: skip
        return self._get_terminals(fields, query)

    def _get_lines(self, _fields: Fields, query: Mapping[str, str]) -> list[Fields]:
        return [dict(row) for row in self._lines(query.get("account", "90190"), query)]

    def _post_lines(self, fields: Fields, _query: Mapping[str, str]) -> Fields:
        """Play a booking: ``kind`` is deposit, stranger, desk, fee or debit."""
        amount = _whole(fields["amount_rial"])
        if amount <= 0:
            raise ValueError("amount_rial")
        account = str(fields.get("account", "90190"))
        texts = {name: str(value) for name, value in fields.items()}
        line_id = self._accounts.book(counter_entry(texts["kind"], texts, amount, account))
        row = self._books.one("SELECT * FROM line WHERE id = ?", line_id)
        return dict(row) if row else {}

    def _get_faults(self, _fields: Fields, _query: Mapping[str, str]) -> list[Fields]:
        return [asdict(fault) for fault in self._faults.listed()]

    def _post_faults(self, fields: Fields, query: Mapping[str, str]) -> list[Fields]:
        """Order a fault; ``{"clear": true}`` takes all orders back."""
        if fields.get("clear"):
            self._faults.clear()
        else:
            self._faults.order(
                Ordered(
                    str(fields["operation"]),
                    Fault(fields["fault"]),
                    int(fields.get("times", 1)),
                    float(fields.get("seconds", 1.0)),
                    str(fields.get("body", "")),
                    int(fields.get("status", 200)),
                )
            )
        return self._get_faults(fields, query)

    def _delete_faults(self, fields: Fields, query: Mapping[str, str]) -> list[Fields]:
        self._faults.clear()
        return self._get_faults(fields, query)

    def _get_calls(self, _fields: Fields, query: Mapping[str, str]) -> list[Fields]:
        """The latest calls of merchants, oldest first: the ``newest`` so many, ``after`` a number.

        ``was_spoilt`` says whether a fault changed the answer; some have nothing to change.
        """
        calls = list(self._calls)[-int(query.get("newest", "5000")) :]
        return [asdict(call) for call in calls if call.number > int(query.get("after", "0"))]

    def _post_latency(self, fields: Fields, _query: Mapping[str, str]) -> Fields:
        self.latency_ms = int(fields["ms"])
        return {"ms": self.latency_ms}

    def _lines(self, account: str, query: Mapping[str, str]) -> list[Row]:
        first, last = (
            read_day(query[name]) if query.get(name) else None for name in ("from", "to")
        )
        return list(self._accounts.lines(account, first, last))

    def _statement(self, name: str, query: Mapping[str, str]) -> Answer:
        account, _, kind = name.rpartition(".")
        lines = self._lines(account, query)
        oldest_first = query.get("order") == "oldest"
        if kind == "xlsx":
            return _file(name, _XLSX, statement.as_xlsx(lines, oldest_first=oldest_first))
        if kind == "csv":
            return _file(name, _CSV, statement.as_csv(lines, oldest_first=oldest_first))
        raise ValueError(f"xlsx or csv, not {kind}")

    def _settlement(self, rest: str) -> Answer:
        terminal, _, name = rest.partition("/")
        day: date = read_day(name.removesuffix(".csv"))
        self._accounts.pay_out_what_is_due()
        rows = self._books.all(
            "SELECT * FROM payment WHERE terminal = ? AND state = 'settled'"
            " AND settled_at >= ? AND settled_at < ? ORDER BY settled_at, id",
            terminal, epoch_of(day, 0, 0), epoch_of(day + timedelta(days=1), 0, 0),
        )  # fmt: skip
        return _file(f"settlement-{terminal}-{day}.csv", _CSV, statement.settlement_report(rows))


def _whole(value: object) -> int:
    """Read a whole number, typed in any digits, grouped or not. Raises ValueError."""
    text = re.sub(r"[\s,٬]", "", str(value).translate(_LATIN))
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValueError(f"not a whole number: {value}")
    return int(text)


def _json(content: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content, ensure_ascii=False).encode(), JSON)


def _file(name: str, content_type: str, body: bytes) -> Answer:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Answer(200, body, content_type, headers)
