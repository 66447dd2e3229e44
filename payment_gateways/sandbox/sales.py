"""One money model behind both gateways: terminals, and the life of a payment.

A gateway's wire module turns these words into its own codes; it decides nothing about money.
"""

import random
import sqlite3
import string
from collections.abc import Sequence
from dataclasses import dataclass

from payment_gateways.sandbox.books import Books, Row

CARD = "610433******2187"
PAGE_SECONDS = {"mellat": 15 * 60, "zarinpal": 30 * 60}
VERIFY_SECONDS = {"mellat": 20 * 60, "zarinpal": None}  # Zarinpal keeps unverified money
REVERSE_SECONDS = {"mellat": 3 * 3600, "zarinpal": 30 * 60}
OTHER_AMOUNT_MORE = 1_000

_HEX = "0123456789abcdefABCDEF"
_LETTERS = string.ascii_letters + string.digits
_chance = random.SystemRandom()


class DuplicateOrder(Exception):
    """An order number was used at this terminal before."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a merchant asks for."""

    bank: str
    terminal: str
    order_number: str
    amount: int
    return_url: str
    description: str = ""
    mobile: str = ""
    payer_id: str = ""


class Sales:
    """Payments of all terminals."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def terminal(self, bank: str, login: str, secret: str) -> Row | None:
        """Let a merchant in; ``None`` if the secret is another than the terminal's.

        A terminal that was never heard of is opened with the secret it shows first.
        """
        books = self._books
        row = books.one("SELECT * FROM terminal WHERE bank = ? AND login = ?", bank, login)
        if row is None:
            self.open_terminal(bank, login, _number_for(bank, login), secret)
            return self.terminal(bank, login, secret)
        return row if row["secret"] == secret else None

    def open_terminal(
        self,
        bank: str,
        login: str,
        terminal: str,
        secret: str,
        *,
        account: str = "90190",
        fee_mode: str = "net",
    ) -> None:
        """Open a terminal, or change the contract of one."""
        self._books.run(
            "INSERT OR REPLACE INTO terminal VALUES (?, ?, ?, ?, ?, ?)",
            bank, login, terminal, secret, account, fee_mode,
        )  # fmt: skip
        self._books.run("INSERT OR IGNORE INTO account VALUES (?, 0)", account)

    def start(self, order: Order) -> str:
        """Note an order and return its token. Raises DuplicateOrder."""
        now = self._books.now()
        token = _token(order.bank)
        try:
            self._books.insert(
                "INSERT INTO payment (bank, terminal, order_number, token, amount, return_url,"
                " description, mobile, payer_id, state, started_at, page_until)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)",
                order.bank, order.terminal, order.order_number, token, order.amount,
                order.return_url, order.description, order.mobile, order.payer_id,
                now, now + PAGE_SECONDS[order.bank],
            )  # fmt: skip
        except sqlite3.IntegrityError:
            raise DuplicateOrder from None
        return token

    def by_token(self, token: str) -> Row | None:
        """Find a payment by the gateway's name for it, in the state it has by now."""
        return self._current(
            self._books.one("SELECT * FROM payment WHERE token = ?", token),
        )

    def by_order(self, terminal: str, order_number: str) -> Row | None:
        """Find a Mellat sale by the merchant's number, in the state it has by now."""
        return self._current(
            self._books.one(
                "SELECT * FROM payment WHERE bank = 'mellat' AND terminal = ?"
                " AND order_number = ?",
                terminal, order_number,
            )
        )  # fmt: skip

    def unverified(self, bank: str, terminal: str) -> Sequence[Row]:
        """The newest hundred payments that were paid and never verified."""
        return self._books.all(
            "SELECT * FROM payment WHERE bank = ? AND terminal = ? AND state = 'paid'"
            " ORDER BY id DESC LIMIT 100",
            bank, terminal,
        )  # fmt: skip

    def pay(self, token: str, *, more: int = 0) -> bool:
        """Charge the card; whether it was possible. A payment is charged once."""
        books = self._books
        with books.writing():
            payment = self.by_token(token)
            if payment is None or payment["state"] != "open":
                return False
            now = books.now()
            window = VERIFY_SECONDS[payment["bank"]]
            books.run(
                "UPDATE payment SET state = 'paid', charged = amount + ?, card = ?,"
                " reference = ?, paid_at = ?, verify_until = ? WHERE id = ?",
                more, CARD, _reference(payment), now, now + window if window else None,
                payment["id"],
            )  # fmt: skip
        return True

    def cancel(self, token: str) -> None:
        """The payer gives up."""
        self._books.run(
            "UPDATE payment SET state = 'cancelled' WHERE token = ? AND state = 'open'", token
        )

    def verify(self, payment: Row, *, settles: bool = False) -> bool:
        """Make a paid payment final; whether this call did it."""
        now = self._books.now()
        state, settled_at = ("settled", now) if settles else ("verified", None)
        return self._step(payment, "paid", state, verified_at=now, settled_at=settled_at)

    def settle(self, payment: Row) -> bool:
        """Put a verified payment down for the next pay-out; whether this call did it."""
        return self._step(payment, "verified", "settled", settled_at=self._books.now())

    def reverse(self, payment: Row, *, before: str) -> bool:
        """Give the money back; whether this call did it. Too late once it is paid out."""
        return payment["line_id"] is None and self._step(
            payment, before, "reversed", reversed_at=self._books.now()
        )

    def may_still_reverse(self, payment: Row) -> bool:
        """Whether the time for a reversal is not over."""
        since = payment["verified_at"] or payment["paid_at"] or 0
        return bool(self._books.now() <= since + REVERSE_SECONDS[payment["bank"]])

    def let_time_pass(self) -> None:
        """Close pages nobody came back to, and return money that was never verified."""
        now = self._books.now()
        self._books.run(
            "UPDATE payment SET state = 'expired' WHERE state = 'open' AND page_until < ?", now
        )
        self._books.run(
            "UPDATE payment SET state = 'reversed', reversed_at = verify_until"
            " WHERE state = 'paid' AND verify_until < ?",
            now,
        )

    def _current(self, payment: Row | None) -> Row | None:
        if payment is None or payment["state"] not in {"open", "paid"}:
            return payment
        until = payment["page_until" if payment["state"] == "open" else "verify_until"]
        if until is None or until >= self._books.now():
            return payment
        self.let_time_pass()
        return self._books.one("SELECT * FROM payment WHERE id = ?", payment["id"])

    def _step(self, payment: Row, before: str, after: str, **moments: int | None) -> bool:
        moments = {name: moment for name, moment in moments.items() if moment is not None}
        columns = "".join(f", {name} = ?" for name in moments)
        changed = self._books.run(
            f"UPDATE payment SET state = ?{columns} WHERE id = ? AND state = ?",  # noqa: S608
            after, *moments.values(), payment["id"], before,
        )  # fmt: skip
        return changed == 1


def _token(bank: str) -> str:
    if bank == "mellat":
        return "".join(_chance.choices(_HEX, k=20))
    return "A" + "".join(_chance.choices(_LETTERS, k=35))


def _reference(payment: Row) -> str:
    """A number that no other payment has, and that nobody guesses from an order number."""
    return str(150_000_000_000 + payment["id"] * 9_973 + _chance.randrange(9_973))


def _number_for(bank: str, login: str) -> str:
    """Name a terminal that nobody opened: Zarinpal's by the first letters of its merchant id."""
    return login if bank == "mellat" else login[:8]
