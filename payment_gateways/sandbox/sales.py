"""One money model behind all gateways: terminals, the life of a payment, refunds.

A gateway's wire module turns these words into its own codes; it decides nothing about money.
"""

import random
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from payment_gateways.sandbox.books import Books, Row

CARD = "610433******2187"
OTHER_AMOUNT_MORE = 1_000

_LETTERS = string.ascii_letters + string.digits
_chance = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Terms:
    """How long what lasts at a gateway."""

    page_seconds: int
    verify_seconds: int | None  # None: unverified money stays where it is
    reverse_seconds: int = 0  # since the verification, or the payment where there was none


class DuplicateOrder(Exception):
    """An order number was used at this terminal before."""


class DuplicateRefund(Exception):
    """A refund number was used at this terminal before."""


class TooMuch(Exception):
    """All refunds of a payment together would exceed it."""


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
    is_unique: bool = True  # whether this gateway refuses a number that it has seen


class Sales:
    """Payments of all terminals."""

    def __init__(self, books: Books, terms: Mapping[str, Terms]) -> None:
        self._books = books
        self._terms = terms

    def now(self) -> int:
        """The bank's clock, for what a gateway lets run out by itself."""
        return self._books.now()

    def terminal(
        self, bank: str, login: str, secret: str, *, number: str | None = None
    ) -> Row | None:
        """Let a merchant in; ``None`` if the secret is another than the terminal's.

        A terminal that was never heard of is opened with the secret it shows first; ``number`` is
        what the statement calls it, where that is not the login.
        """
        books = self._books
        row = books.one("SELECT * FROM terminal WHERE bank = ? AND login = ?", bank, login)
        if row is None:
            self.open_terminal(bank, login, number or login, secret)
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

    def start(self, order: Order, token: str) -> str:
        """Note an order under a token, which is returned. Raises DuplicateOrder."""
        books = self._books
        now = books.now()
        with books.writing():
            if order.is_unique and self.by_order(order.bank, order.terminal, order.order_number):
                raise DuplicateOrder
            books.insert(
                "INSERT INTO payment (bank, terminal, order_number, token, amount, return_url,"
                " description, mobile, payer_id, state, started_at, page_until)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)",
                order.bank, order.terminal, order.order_number, token, order.amount,
                order.return_url, order.description, order.mobile, order.payer_id,
                now, now + self._terms[order.bank].page_seconds,
            )  # fmt: skip
        return token

    def by_token(self, token: str) -> Row | None:
        """Find a payment by the gateway's name for it, in the state it has by now."""
        return self._current(
            self._books.one("SELECT * FROM payment WHERE token = ?", token),
        )

    def by_order(self, bank: str, terminal: str, order_number: str) -> Row | None:
        """Find the latest payment by the merchant's number, in the state it has by now."""
        return self._current(
            self._books.one(
                "SELECT * FROM payment WHERE bank = ? AND terminal = ? AND order_number = ?"
                " ORDER BY id DESC LIMIT 1",
                bank, terminal, order_number,
            )
        )  # fmt: skip

    def by_reference(self, bank: str, terminal: str, reference: str) -> Row | None:
        """Find a payment by the bank's number for the money, in the state it has by now."""
        return self._current(
            self._books.one(
                "SELECT * FROM payment WHERE bank = ? AND terminal = ? AND reference = ?",
                bank, terminal, reference,
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
            window = self._terms[payment["bank"]].verify_seconds
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
        return bool(self._books.now() <= since + self._terms[payment["bank"]].reverse_seconds)

    def refund(self, payment: Row, number: str, amount: int) -> Row:
        """Take an order to send money back; the account is debited in the next night's cycle.

        Raises DuplicateRefund for a number used before, TooMuch beyond what is left.
        """
        books = self._books
        with books.writing():
            if self.refund_of(payment["bank"], payment["terminal"], number) is not None:
                raise DuplicateRefund
            if amount <= 0 or amount > payment["charged"] - self.refunded(payment):
                raise TooMuch
            books.insert(
                "INSERT INTO refund (payment_id, bank, terminal, number, amount, reference,"
                " made_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                payment["id"], payment["bank"], payment["terminal"], number, amount,
                str(900_000_000_000 + _chance.randrange(10**11)), books.now(),
            )  # fmt: skip
        made = self.refund_of(payment["bank"], payment["terminal"], number)
        if made is None:
            raise LookupError(number)
        return made

    def refund_of(self, bank: str, terminal: str, number: str) -> Row | None:
        """Find a refund by the merchant's number for it."""
        return self._books.one(
            "SELECT * FROM refund WHERE bank = ? AND terminal = ? AND number = ?",
            bank, terminal, number,
        )  # fmt: skip

    def refunds_at(self, bank: str, terminal: str) -> Sequence[Row]:
        """Every refund of a terminal, the newest first."""
        return self._books.all(
            "SELECT * FROM refund WHERE bank = ? AND terminal = ? ORDER BY id DESC", bank, terminal
        )

    def refunded(self, payment: Row) -> int:
        """How much of a payment has been sent back."""
        row = self._books.one(
            "SELECT sum(amount) AS rial FROM refund WHERE payment_id = ?", payment["id"]
        )
        return int(row["rial"] or 0) if row else 0

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


def digits(length: int) -> str:
    """A number nobody has guessed, as a name for a payment; it does not begin with zero."""
    return str(10 ** (length - 1) + _chance.randrange(9 * 10 ** (length - 1)))


def letters(length: int, alphabet: str = _LETTERS) -> str:
    """A text nobody has guessed, as a name for a payment."""
    return "".join(_chance.choices(alphabet, k=length))


def trace_number(payment: Row) -> str:
    """The six digits that the card network calls a payment by."""
    return str(100_000 + payment["id"] % 900_000)


def _reference(payment: Row) -> str:
    """A number that no other payment has, and that nobody guesses from an order number."""
    return str(150_000_000_000 + payment["id"] * 9_973 + _chance.randrange(9_973))
